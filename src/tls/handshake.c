/* SPDX-License-Identifier: MIT */
/*
 * handshake.c - from a stream to a TLS stream: coro_start_tls.
 *
 *     expect ─► SSL_do_handshake ─► EAGAIN ─► wait for inner ─► again
 *     whom?          │                            └─ handshake_timeout ─► aborted
 *                    ├─ done ─► believed? ─► the caller's variable is the new stream
 *                    └─ failed ─► the alert is sent, a sentence is kept, inner is closed
 *
 * OpenSSL compares the certificate with the name as a part of believing it, before
 * anything of ours is sent. A session that is resumed shows no certificate: the one
 * that it was made with is compared then, for who asks for a session of another host
 * by mistake would believe anybody with its ticket.
 */
#define _GNU_SOURCE
#include "internal.h"

#if CORO_WITH_TLS

#include <coro/scope.h>
#include <openssl/x509v3.h>
#include <string.h>

#define HOST_MAX TLSEXT_MAXLEN_host_name
#define HOST_FLAGS (X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT)

void coro_tls_noted(const SSL *ssl, int where, int result)
{
    coro_tls *tls = SSL_get_app_data(ssl);
    (void)result;
    if (where & SSL_CB_LOOP && tls != NULL && !tls->is_shaking && tls->idle_messages < UINT8_MAX)
        tls->idle_messages++;
}

/* --- whom ---------------------------------------------------------------------------------- */

static bool is_named(const coro_tls *tls)
{
    return tls->context->verify_mode != SSL_VERIFY_NONE && !tls->context->any_host;
}

/* "example.org." is example.org with the root of all names, which certificates leave out. False: no
 * name is so long. */
static bool copy_host(char host[HOST_MAX + 1], const char *name)
{
    size_t size = strlen(name);
    if (size > 1 && name[size - 1] == '.')
        size--;
    if (size > HOST_MAX)
        return false;
    memcpy(host, name, size);
    host[size] = '\0';
    return true;
}

static bool is_address(const char *name)
{
    ASN1_OCTET_STRING *address = a2i_IPADDRESS(name);
    ASN1_OCTET_STRING_free(address);
    return address != NULL;
}

/* What the client asks for, and what the certificate is to say. */
static int expect(coro_tls *tls, const coro_tls_options *options)
{
    X509_VERIFY_PARAM *param = SSL_get0_param(tls->ssl);
    const char *name = options->server_name != NULL ? options->server_name : "";
    char host[HOST_MAX + 1];
    bool is_name, is_done = true;
    if (*name == '\0' && is_named(tls)) {
        coro_tls_say(options->reason, options->reason_size,
                     "whom is the certificate to be for? server_name is missing");
        return CORO_EINVAL;
    }
    if (!copy_host(host, name)) {
        coro_tls_say(options->reason, options->reason_size, "no name of a server: \"%s\"", name);
        return CORO_EINVAL;
    }
    is_name = *host != '\0' && !is_address(host);
    X509_VERIFY_PARAM_set_hostflags(param, HOST_FLAGS);
    if (is_name)
        is_done = SSL_set_tlsext_host_name(tls->ssl, host) == 1;
    if (is_done && is_named(tls))
        is_done = (is_name ? X509_VERIFY_PARAM_set1_host(param, host, 0)
                           : X509_VERIFY_PARAM_set1_ip_asc(param, host)) == 1;
    if (!is_done)
        return CORO_ENOMEM;
    if (options->session != NULL) /* fails only if its method is not its context's: it is new */
        (void)SSL_set_session(tls->ssl, (SSL_SESSION *)(void *)options->session);
    return 0;
}

static int begin(coro_tls *tls, const coro_tls_options *options)
{
    ERR_clear_error();
    if (tls->context->is_server) {
        SSL_set_accept_state(tls->ssl);
        return 0;
    }
    SSL_set_connect_state(tls->ssl);
    return expect(tls, options);
}

/* --- afterwards ---------------------------------------------------------------------------- */

/* The certificate of a session is for whom we asked for this time, too. */
static bool is_session_of(const coro_tls *tls, const char *name)
{
    X509 *certificate = SSL_get0_peer_certificate(tls->ssl);
    char host[HOST_MAX + 1];
    int answer;
    if (SSL_get_verify_result(tls->ssl) != X509_V_OK || certificate == NULL)
        return false;
    if (!is_named(tls))
        return true;
    if (!copy_host(host, name))
        return false;
    answer = X509_check_ip_asc(certificate, host, HOST_FLAGS);
    return (answer == -2 ? X509_check_host(certificate, host, 0, HOST_FLAGS, NULL) : answer) == 1;
}

static int check(const coro_tls *tls, const coro_tls_options *options)
{
    if (tls->context->is_server || tls->context->verify_mode == SSL_VERIFY_NONE ||
        !SSL_session_reused(tls->ssl) || is_session_of(tls, options->server_name))
        return 0;
    coro_tls_say(options->reason, options->reason_size,
                 "the session is of another server than %s, or was not verified",
                 options->server_name != NULL ? options->server_name : "this one");
    return CORO_EVERIFY;
}

static void explain(const coro_tls *tls, int error, const coro_tls_options *options)
{
    long verified = SSL_get_verify_result(tls->ssl);
    if (error == CORO_EVERIFY && verified != X509_V_OK)
        coro_tls_say(options->reason, options->reason_size, "certificate not believed: %s%s%s",
                     X509_verify_cert_error_string(verified),
                     options->server_name != NULL ? ", for " : "",
                     options->server_name != NULL ? options->server_name : "");
    else if (ERR_peek_last_error() != 0)
        coro_tls_say(options->reason, options->reason_size, "%s", coro_tls_openssl_text());
    else
        coro_tls_say(options->reason, options->reason_size, "%s", coro_strerror(error));
}

/* --- the handshake ------------------------------------------------------------------------- */

int coro_tls_shake(coro_tls *tls, const coro_tls_options *options)
{
    int result, error;
    if (tls->error != 0)
        return tls->error;
    ERR_clear_error();
    result = SSL_do_handshake(tls->ssl);
    if (result == 1)
        return check(tls, options);
    error = coro_tls_outcome(tls, result);
    if (error == CORO_EAGAIN)
        return error;
    if (error == 0)
        error = CORO_ETRUNCATED; /* an end, in good order, but too early */
    explain(tls, error, options);
    return error;
}

/* An error that the other side may learn about, by the alert that is on its way. */
static bool is_polite(int error)
{
    return error == CORO_EVERIFY || error == CORO_EPROTO;
}

static const coro_tls_options none;

ASYNC(start_tls, ARGS(coro_stream **, place, coro_tls_context *, context,
                      const coro_tls_options *, options),
      VARS(coro_tls *tls; coro_stream *inner; coro_scope limit; int error;))
{
    ASYNC_BEGIN;
    if (self->options == NULL)
        self->options = &none;
    self->tls = coro_tls_new(*self->place, self->context, &self->error);
    if (self->error == 0)
        self->error = begin(self->tls, self->options);
    if (self->error != 0)
        ASYNC_THROW(self->error);
    self->inner = *self->place;
    *self->place = NULL;
    CORO_TIMEOUT(self->limit, self->context->handshake_timeout) {
        for (;;) {
            if (self->context->threads > 0)
                AWAIT(self->error, coro_tls_shake_in_thread(self->tls, self->options));
            else
                self->error = coro_tls_shake(self->tls, self->options);
            if (self->error == CORO_EAGAIN)
                self->error = coro_stream_want(self->tls->inner, CORO_STREAM_READ);
            else if (self->error == 0)
                break;
            if (self->error != 0)
                ASYNC_THROW(self->error);
            AWAIT(coro_flag_wait(&self->tls->wake));
        }
    }
    self->tls->is_shaking = false;
    *self->place = &self->tls->stream;
    self->tls = NULL;
    self->inner = NULL;
  ASYNC_FINALLY:
    if (self->tls != NULL && self->inner != NULL)
        self->inner = self->tls->inner; /* NULL if it is gone */
    if (self->tls != NULL)
        coro_tls_free(self->tls);
    if (is_polite(self->error))
        AWAIT(coro_stream_close(&self->inner));
    coro_stream_abort(&self->inner);
    ASYNC_END;
}

coro_void *coro_start_tls(coro_stream **stream, coro_tls_context *context,
                          const coro_tls_options *options)
{
    return (coro_void *)(void *)start_tls(stream, context, options);
}

#endif
