/* SPDX-License-Identifier: MIT */
/*
 * internal.h - what TLS's files tell each other; nobody else includes <openssl/...>.
 *
 *     task ─ read, write ─► coro_tls.stream ─ SSL_read, SSL_write ─► records ─► coro_tls.inner
 *                                (a coro_stream)        bio.c                 (a coro_stream)
 *
 * Of coro it calls what CORO_API exports, so that it links with a shared libcoro as
 * well. Whoever takes coro's sources as they are, without OpenSSL, compiles these
 * files to nothing: CORO_WITH_TLS is not defined then.
 */
#ifndef CORO_TLS_INTERNAL_H
#define CORO_TLS_INTERNAL_H

#ifndef _GNU_SOURCE
#error "define _GNU_SOURCE before the first #include: secure_getenv, O_CLOEXEC"
#endif

#if CORO_WITH_TLS

#include "stream/internal.h"

#include <coro/flag.h>
#include <coro/tls.h>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdatomic.h>

/* --- context.c ----------------------------------------------------------------------------- */

struct coro_tls_context {
    SSL_CTX *ssl; /* its app_data is this */
    atomic_uint references;
    bool is_server, any_host;
    unsigned threads; /* each loop's for handshakes; 0: in the loop itself */
    int verify_mode;
    char *alpn;       /* names, each with a '\0' behind it */
    size_t alpn_size; /* of all */
    int (*password)(void *context, char *buffer, size_t size);
    void *password_context;
    bool was_asked; /* for the password */
    coro_tls_context *(*choose)(void *context, const char *server_name);
    void *choose_context;
    void (*keylog)(void *context, const char *line);
    void *keylog_context;
    int keylog_fd; /* -1: none */
    coro_duration handshake_timeout, shutdown_timeout;
};

static inline coro_tls_context *coro_tls_context_of(const SSL *ssl)
{
    return SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
}

/* --- credentials.c: files into a context that is being made -------------------------------- */

/* 0, or an error and its sentence in options->reason. */
int coro_tls_load_trust(coro_tls_context *context, const coro_tls_context_options *options);
int coro_tls_load_identity(coro_tls_context *context, const coro_tls_context_options *options);

/* --- transport.c: a stream over a stream ---------------------------------------------------- */

/* What a thread that shakes hands has in place of the stream beneath. */
typedef struct coro_tls_desk {
    size_t head, tail;             /* of `in`: what has come, and is not yet read */
    int behind;                    /* what a read gives then: CORO_EAGAIN, 0: the end, an error */
    char *out;                     /* what is to leave; of malloc: any thread may */
    size_t out_size, out_capacity;
    char in[4096];
} coro_tls_desk;

typedef struct coro_tls {
    coro_stream stream; /* first */
    coro_stream_taker taker;
    coro_stream *inner; /* beneath: ours; NULL: somebody else has closed it */
    SSL *ssl;
    coro_tls_context *context;
    coro_buffer out;           /* records that are sealed, and have not left */
    coro_flag wake;            /* for the handshake: inner is ready */
    coro_tls_desk *desk;       /* of a handshake in threads, or what that has left unread */
    int16_t error;             /* this one has ended it: coro_tls_fail */
    int16_t send_error;        /* nothing can be sent any more; what has come may still be read */
    int16_t inner_error;       /* what the stream beneath said last; 0: nothing, or the end */
    uint8_t idle_messages;     /* of the protocol's own, since bytes came */
    bool is_shaking;
    bool is_away; /* a thread has `ssl`, `desk` and all that OpenSSL's calls touch: T3 */
    bool is_corked;  /* records are kept together: more will follow at once */
    bool is_crossed; /* the next write has to wait for something to read */
} coro_tls;

static inline coro_tls *coro_tls_of(const coro_stream *stream)
{
    return (coro_tls *)(uintptr_t)stream;
}

/* An error that ends it, in both directions: the one that stays, which is the first. */
static inline int coro_tls_fail(coro_tls *tls, int error)
{
    if (tls->error == 0)
        tls->error = (int16_t)error;
    return tls->error;
}

extern const coro_transport coro_tls_transport;

/* A stream that is to shake hands over `inner`, which stays the caller's until it is ready. NULL
 * with *error. */
coro_tls *coro_tls_new(coro_stream *inner, coro_tls_context *context, int *error);
/* Without a word, and without the stream beneath. */
void coro_tls_free(coro_tls *tls);

/* --- bio.c: records to and from the stream beneath ------------------------------------------ */

/* How OpenSSL reads and writes them. NULL: no memory. */
BIO *coro_tls_bio_new(coro_tls *tls);
/* Send what is sealed: 0, CORO_EAGAIN (and inner_ready goes on with it), or an error. */
int coro_tls_flush(coro_tls *tls);
/* Send this, if nothing is before it; keep the rest. 0 or an error. */
int coro_tls_put(coro_tls *tls, const char *data, size_t size);
/* So much may be kept. */
#define CORO_TLS_UNSENT_MAX ((size_t)256 * 1024)

/* --- handshake.c ---------------------------------------------------------------------------- */

/* As far as it goes with what has come: 0, CORO_EAGAIN, or an error, with its sentence. In the
 * loop, or in the thread that has `tls`. */
int coro_tls_shake(coro_tls *tls, const coro_tls_options *options);

/* OpenSSL tells of a message of the protocol's own: after the handshake they are counted. */
void coro_tls_noted(const SSL *ssl, int where, int result);

/* --- offload.c: the handshake in threads ---------------------------------------------------- */

/* The outcome is coro_tls_shake's; what has come has been read until that would block. Fails with
 * CORO_ENOMEM, or when cancelled, and then no thread has it any more. */
CORO_NODISCARD coro_int *coro_tls_shake_in_thread(coro_tls *tls, const coro_tls_options *options);

/* In place of the stream beneath, while it is there. */
ptrdiff_t coro_tls_desk_read(coro_tls *tls, char *buffer, size_t size);
int coro_tls_desk_write(coro_tls_desk *desk, const char *data, size_t size);
void coro_tls_desk_free(coro_tls *tls);

/* --- error.c ------------------------------------------------------------------------------- */

/* A sentence into somebody's memory, if there is any. */
void coro_tls_say(char *text, size_t size, const char *format, ...) CORO_PRINTF(3, 4);
/* What OpenSSL says was wrong. */
const char *coro_tls_openssl_text(void);
/* What a call of OpenSSL's has come to, that gave `result`: CORO_EAGAIN, 0 for the end, or an
 * error, which is final. */
int coro_tls_outcome(coro_tls *tls, int result);

#endif

#endif
