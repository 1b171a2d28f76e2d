/* SPDX-License-Identifier: MIT */
/*
 * ask.c - what a handshake has come to: who, how, and whether it was there before.
 */
#define _GNU_SOURCE
#include "internal.h"

#if CORO_WITH_TLS

#include <string.h>

static const coro_tls *tls_of(const coro_stream *stream)
{
    return coro_stream_is_tls(stream) ? coro_tls_of(stream) : NULL;
}

bool coro_stream_is_tls(const coro_stream *stream)
{
    return stream != NULL && stream->transport == &coro_tls_transport;
}

/* --- how ----------------------------------------------------------------------------------- */

const char *coro_tls_version(const coro_stream *stream)
{
    const coro_tls *tls = tls_of(stream);
    return tls != NULL ? SSL_get_version(tls->ssl) : NULL;
}

const char *coro_tls_cipher(const coro_stream *stream)
{
    const coro_tls *tls = tls_of(stream);
    return tls != NULL ? SSL_get_cipher_name(tls->ssl) : NULL;
}

const char *coro_tls_server_name(const coro_stream *stream)
{
    const coro_tls *tls = tls_of(stream);
    return tls != NULL ? SSL_get_servername(tls->ssl, TLSEXT_NAMETYPE_host_name) : NULL;
}

/* OpenSSL's has no end: ours is the same name among those of the context. */
const char *coro_tls_alpn(const coro_stream *stream)
{
    const coro_tls *tls = tls_of(stream);
    const coro_tls_context *context = tls != NULL ? coro_tls_context_of(tls->ssl) : NULL;
    const unsigned char *chosen = NULL;
    unsigned size = 0;
    if (context == NULL || context->alpn == NULL)
        return NULL;
    SSL_get0_alpn_selected(tls->ssl, &chosen, &size);
    for (const char *own = context->alpn; own < context->alpn + context->alpn_size;
         own += strlen(own) + 1)
        if (size == strlen(own) && memcmp(chosen, own, size) == 0)
            return own;
    return NULL;
}

/* --- who ----------------------------------------------------------------------------------- */

const char *coro_tls_verify_text(const coro_stream *stream)
{
    const coro_tls *tls = tls_of(stream);
    return tls != NULL ? X509_verify_cert_error_string(SSL_get_verify_result(tls->ssl)) : NULL;
}

static int certificate_of(const coro_stream *stream, X509 **certificate)
{
    const coro_tls *tls = tls_of(stream);
    *certificate = tls != NULL ? SSL_get0_peer_certificate(tls->ssl) : NULL;
    return tls == NULL ? CORO_EINVAL : *certificate == NULL ? CORO_ENOENT : 0;
}

int coro_tls_peer_subject(const coro_stream *stream, char *text, size_t size)
{
    X509 *certificate;
    BIO *out;
    const char *data;
    long length;
    int error = certificate_of(stream, &certificate);
    if (error != 0)
        return error;
    ERR_clear_error();
    out = BIO_new(BIO_s_mem());
    if (out == NULL ||
        X509_NAME_print_ex(out, X509_get_subject_name(certificate), 0, XN_FLAG_RFC2253) < 0) {
        error = CORO_ENOMEM;
    } else {
        length = BIO_get_mem_data(out, &data);
        error = (size_t)length < size ? 0 : CORO_ERANGE;
        if (error == 0) {
            memcpy(text, data, (size_t)length);
            text[length] = '\0';
        }
    }
    BIO_free(out);
    return error;
}

int coro_tls_peer_fingerprint(const coro_stream *stream, unsigned char digest[32])
{
    X509 *certificate;
    int error = certificate_of(stream, &certificate);
    if (error == 0 && X509_digest(certificate, EVP_sha256(), digest, NULL) != 1)
        error = CORO_ENOMEM;
    return error;
}

/* --- sessions ------------------------------------------------------------------------------ */

bool coro_tls_session_reused(const coro_stream *stream)
{
    const coro_tls *tls = tls_of(stream);
    return tls != NULL && SSL_session_reused(tls->ssl);
}

coro_tls_session *coro_tls_get_session(const coro_stream *stream)
{
    const coro_tls *tls = tls_of(stream);
    SSL_SESSION *session = tls != NULL ? SSL_get1_session(tls->ssl) : NULL;
    if (session != NULL && !SSL_SESSION_is_resumable(session)) {
        SSL_SESSION_free(session);
        session = NULL;
    }
    return (coro_tls_session *)(void *)session;
}

void coro_tls_session_release(coro_tls_session *session)
{
    SSL_SESSION_free((SSL_SESSION *)(void *)session);
}

#endif
