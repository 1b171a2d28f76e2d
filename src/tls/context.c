/* SPDX-License-Identifier: MIT */
/*
 * context.c - whom to believe and who we are: made once, then only read.
 *
 *     options ─► SSL_CTX: versions, ciphers, tickets
 *                   │  credentials.c: whom to believe, who we are
 *                   └─ callbacks, each with its context: choose by name, ALPN, key log
 *
 * A context that is in use does not change, so any thread may use it; OpenSSL
 * locks its own part, and the references are atomic. A connection holds one.
 */
#define _GNU_SOURCE
#include "internal.h"

#if CORO_WITH_TLS

#include <errno.h>
#include <fcntl.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* --- the protocol above -------------------------------------------------------------------- */

/* "h2,http/1.1" becomes names with '\0' behind each, and, for OpenSSL, with a length before. */
static int set_alpn(coro_tls_context *context, const coro_tls_context_options *options)
{
    size_t size = strlen(options->alpn) + 1, begin = 0;
    unsigned char *wire = malloc(size);
    context->alpn = strdup(options->alpn);
    context->alpn_size = size;
    if (wire == NULL || context->alpn == NULL) {
        free(wire);
        return CORO_ENOMEM;
    }
    for (size_t i = 0; i < size; i++) {
        if (options->alpn[i] != ',' && options->alpn[i] != '\0') {
            wire[i + 1] = (unsigned char)options->alpn[i];
            continue;
        }
        if (i == begin || i - begin > 255) {
            coro_tls_say(options->reason, options->reason_size,
                         "a protocol's name in \"%s\" has no characters, or more than 255",
                         options->alpn);
            free(wire);
            return CORO_EINVAL;
        }
        context->alpn[i] = '\0';
        wire[begin] = (unsigned char)(i - begin);
        begin = i + 1;
    }
    size = SSL_CTX_set_alpn_protos(context->ssl, wire, (unsigned)size) != 0; /* 0 is success */
    free(wire);
    return size != 0 ? CORO_ENOMEM : 0;
}

/* A server: the first of our names that the client has. */
static int choose_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_size,
                       const unsigned char *in, unsigned in_size, void *argument)
{
    const coro_tls_context *context = argument;
    (void)ssl;
    for (const char *own = context->alpn; own < context->alpn + context->alpn_size;
         own += strlen(own) + 1)
        for (unsigned i = 0; i < in_size; i += in[i] + 1u)
            if (in[i] == strlen(own) && memcmp(in + i + 1, own, in[i]) == 0) {
                *out = in + i + 1;
                *out_size = in[i];
                return SSL_TLSEXT_ERR_OK;
            }
    return SSL_TLSEXT_ERR_ALERT_FATAL;
}

/* --- the name that a client asks for -------------------------------------------------------- */

static int choose_context(SSL *ssl, int *alert, void *argument)
{
    const coro_tls_context *context = argument;
    const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    coro_tls_context *chosen =
        context->choose(context->choose_context, name != NULL ? name : "");
    if (chosen == NULL || !chosen->is_server || SSL_set_SSL_CTX(ssl, chosen->ssl) == NULL) {
        *alert = SSL_AD_UNRECOGNIZED_NAME;
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    }
    SSL_set_verify(ssl, chosen->verify_mode, NULL); /* OpenSSL changes certificates alone */
    return SSL_TLSEXT_ERR_OK;
}

/* --- secrets -------------------------------------------------------------------------------- */

static void log_key(const SSL *ssl, const char *line)
{
    const coro_tls_context *context = coro_tls_context_of(ssl);
    if (context->keylog != NULL)
        context->keylog(context->keylog_context, line);
    if (context->keylog_fd >= 0)
        (void)dprintf(context->keylog_fd, "%s\n", line); /* in one piece: O_APPEND */
}

static int set_keylog(coro_tls_context *context, const coro_tls_context_options *options)
{
    const char *file = options->keylog_file;
    context->keylog = options->keylog;
    context->keylog_context = options->keylog_context;
    if (file == NULL && options->keylog == NULL)
        file = secure_getenv("SSLKEYLOGFILE");
    if (file != NULL && *file != '\0') {
        context->keylog_fd = open(file, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
        if (context->keylog_fd < 0) {
            int error = -errno;
            coro_tls_say(options->reason, options->reason_size, "key log file %s: %s", file,
                         strerror(errno));
            return error;
        }
    }
    if (context->keylog != NULL || context->keylog_fd >= 0)
        SSL_CTX_set_keylog_callback(context->ssl, log_key);
    return 0;
}

/* --- making one ----------------------------------------------------------------------------- */

static int version_of(int version)
{
    return version == 0               ? 0
           : version == CORO_TLS_1_2 ? TLS1_2_VERSION
           : version == CORO_TLS_1_3 ? TLS1_3_VERSION
                                      : -1;
}

static int set_protocol(coro_tls_context *context, const coro_tls_context_options *options)
{
    SSL_CTX *ssl = context->ssl;
    int least = version_of(options->min_version), most = version_of(options->max_version);
    if (least < 0 || most < 0 || (most != 0 && least > most)) {
        coro_tls_say(options->reason, options->reason_size,
                     "versions are CORO_TLS_1_2 and CORO_TLS_1_3, and min is not above max");
        return CORO_EINVAL;
    }
    SSL_CTX_set_min_proto_version(ssl, least != 0 ? least : TLS1_2_VERSION);
    SSL_CTX_set_max_proto_version(ssl, most);
    if ((options->ciphers != NULL && SSL_CTX_set_cipher_list(ssl, options->ciphers) != 1) ||
        (options->ciphersuites != NULL &&
         SSL_CTX_set_ciphersuites(ssl, options->ciphersuites) != 1)) {
        coro_tls_say(options->reason, options->reason_size, "no such cipher: %s",
                     coro_tls_openssl_text());
        return CORO_EINVAL;
    }
    SSL_CTX_set_options(ssl, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_mode(ssl, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                              SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_read_ahead(ssl, 1);
    SSL_CTX_set_info_callback(ssl, coro_tls_noted);
    return 0;
}

/* Tickets hold the whole session: nothing of it is kept here. One of another context's is none. */
static int set_sessions(coro_tls_context *context, const coro_tls_context_options *options)
{
    unsigned char own[16];
    SSL_CTX_set_session_cache_mode(context->ssl, SSL_SESS_CACHE_OFF);
    if (!context->is_server)
        return 0;
    if (options->tickets < 0)
        SSL_CTX_set_options(context->ssl, SSL_OP_NO_TICKET);
    SSL_CTX_set_num_tickets(context->ssl, options->tickets < 0    ? 0
                                          : options->tickets == 0 ? 1
                                                                  : (size_t)options->tickets);
    if (RAND_bytes(own, sizeof own) != 1 ||
        SSL_CTX_set_session_id_context(context->ssl, own, sizeof own) != 1)
        return CORO_ENOMEM;
    return 0;
}

static int mode_of(const coro_tls_context *context, coro_tls_verify verify)
{
    switch (verify) {
    case CORO_TLS_VERIFY_NONE:
        return SSL_VERIFY_NONE;
    case CORO_TLS_VERIFY_OPTIONAL:
        return SSL_VERIFY_PEER;
    case CORO_TLS_VERIFY_REQUIRED:
        return SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
    default:
        return context->is_server ? SSL_VERIFY_NONE : SSL_VERIFY_PEER;
    }
}

/* More threads than these would only take turns. */
static unsigned processors(void)
{
    long count = sysconf(_SC_NPROCESSORS_ONLN);
    return count > 0 ? (unsigned)count : 1;
}

static int set_up(coro_tls_context *context, const coro_tls_context_options *options)
{
    int error = set_protocol(context, options);
    SSL_CTX_set_app_data(context->ssl, context);
    context->any_host = options->any_host;
    context->threads = options->handshake_in_thread ? processors() : 0;
    context->handshake_timeout =
        options->handshake_timeout > 0 ? options->handshake_timeout : CORO_SECONDS(60);
    context->shutdown_timeout =
        options->shutdown_timeout > 0 ? options->shutdown_timeout : CORO_SECONDS(30);
    context->verify_mode = mode_of(context, options->verify);
    SSL_CTX_set_verify(context->ssl, context->verify_mode, NULL);
    if (error == 0)
        error = set_sessions(context, options);
    if (error == 0)
        error = coro_tls_load_trust(context, options);
    if (error == 0)
        error = coro_tls_load_identity(context, options);
    if (error == 0 && options->alpn != NULL)
        error = set_alpn(context, options);
    if (error == 0)
        error = set_keylog(context, options);
    if (error != 0 || !context->is_server)
        return error;
    if (context->alpn != NULL)
        SSL_CTX_set_alpn_select_cb(context->ssl, choose_alpn, context);
    context->choose = options->choose;
    context->choose_context = options->choose_context;
    if (context->choose != NULL) {
        SSL_CTX_set_tlsext_servername_callback(context->ssl, choose_context);
        SSL_CTX_set_tlsext_servername_arg(context->ssl, context);
    }
    return 0;
}

static int make(coro_tls_context **place, const coro_tls_context_options *options, bool is_server)
{
    static const coro_tls_context_options none;
    coro_tls_context *context = calloc(1, sizeof *context);
    int error;
    *place = NULL;
    if (context == NULL)
        return CORO_ENOMEM;
    ERR_clear_error();
    atomic_init(&context->references, 1);
    context->is_server = is_server;
    context->keylog_fd = -1;
    context->ssl = SSL_CTX_new(is_server ? TLS_server_method() : TLS_client_method());
    error = context->ssl != NULL ? set_up(context, options != NULL ? options : &none) : CORO_ENOMEM;
    ERR_clear_error();
    if (error != 0)
        coro_tls_context_release(context);
    else
        *place = context;
    return error;
}

int coro_tls_client_context(coro_tls_context **context, const coro_tls_context_options *options)
{
    return make(context, options, false);
}

int coro_tls_server_context(coro_tls_context **context, const coro_tls_context_options *options)
{
    return make(context, options, true);
}

coro_tls_context *coro_tls_context_retain(coro_tls_context *context)
{
    atomic_fetch_add_explicit(&context->references, 1, memory_order_relaxed);
    return context;
}

void coro_tls_context_release(coro_tls_context *context)
{
    if (context == NULL ||
        atomic_fetch_sub_explicit(&context->references, 1, memory_order_acq_rel) > 1)
        return;
    SSL_CTX_free(context->ssl);
    if (context->keylog_fd >= 0)
        close(context->keylog_fd);
    free(context->alpn);
    free(context);
}

#endif
