/* SPDX-License-Identifier: MIT */
/*
 * coro/tls.h - TLS over any stream: who the other side is, and nobody else reads along.
 *
 *     AWAIT(self->stream, coro_open_tls_connection("example.org", "443", NULL, NULL));
 *     AWAIT(coro_stream_printf(self->stream, "GET / HTTP/1.0\r\n\r\n"));
 *     ...
 *     AWAIT(coro_stream_close(&self->stream));
 *
 * A TLS stream is a coro_stream whose bytes go over another one, of whatever kind:
 * TCP, Unix, memory, or TLS again. All of coro/stream.h holds for it. The stream
 * beneath belongs to it from the handshake on, and ends with it.
 *
 * Unless told otherwise: a client believes a certificate that the system's
 * authorities vouch for and that names the host it asked for, and no other; TLS 1.2
 * is the oldest version spoken; there is no compression, and no renegotiation.
 *
 * The end. coro_stream_shutdown_write says "no more from me" (close_notify), and
 * reading goes on. Reads give 0 when the other side has said it. A connection that
 * ends without it may have been cut by anybody: what had come is read, and then
 * CORO_ETRUNCATED, not an end. coro_stream_close sends what is unsent, says the end
 * and closes the stream beneath, without waiting for the other side's end (who wants
 * that: coro_stream_close_graceful); that may take the context's shutdown_timeout at
 * most. What has come by then and was not read is thrown away. A record that was
 * changed on its way, or breaks a rule of the protocol, is CORO_EPROTO, and the end of
 * the connection for both directions.
 *
 * Library coro-tls (pkg-config: coro-tls), on OpenSSL 3. Memory: the stream itself is
 * of its loop's pool, some 300 bytes; what OpenSSL needs, about 10 KiB an idle
 * connection, is from malloc. So a write to a TLS stream can fail with CORO_ENOMEM,
 * and then the connection is over. Threads: a context may be used in any, a stream
 * in its loop's.
 */
#ifndef CORO_TLS_H
#define CORO_TLS_H

#include <coro/net.h>
#include <coro/server.h>

#if CORO_HOSTED && CORO_SCOPES

CORO_BEGIN_DECLS

/* --- contexts ------------------------------------------------------------------------------ */

/*
 * Whom to believe, and who we are. Made once, used for any number of connections,
 * in any number of loops; counted: coro_tls_context_release.
 */
typedef struct coro_tls_context coro_tls_context;

typedef enum coro_tls_verify {
    CORO_TLS_VERIFY_DEFAULT,  /* a client: required; a server: none */
    CORO_TLS_VERIFY_NONE,     /* believe anybody; a server does not even ask for a certificate */
    CORO_TLS_VERIFY_OPTIONAL, /* a server: no certificate is fine, a bad one is not */
    CORO_TLS_VERIFY_REQUIRED
} coro_tls_verify;

enum { CORO_TLS_1_2 = 12, CORO_TLS_1_3 = 13 };

/* Zeroed: the defaults. All texts are borrowed during the call only. */
typedef struct coro_tls_context_options {
    /* Who is vouched for: a PEM file, a folder as of `openssl rehash`. Both NULL: the system's. */
    const char *ca_file, *ca_path;
    coro_tls_verify verify;
    bool any_host; /* a client: a believed certificate will do, whatever name is in it */

    /* Who we are: a PEM file with the certificate and those between it and an authority; its key.
     * key_file NULL: in the certificate's file. A server needs them, or a `choose`. */
    const char *certificate_file, *key_file;
    /* Asked when the key is encrypted: write the password, at most `size` bytes, and return its
     * length, or a negative number for "no". NULL: such a key is CORO_EACCES. */
    int (*password)(void *context, char *buffer, size_t size);
    void *password_context;

    /* Protocols above, best first, with commas: "h2,http/1.1". A server takes the first one of
     * its own that the client has too; none in common: its handshakes fail. NULL: no such talk. */
    const char *alpn;

    int min_version, max_version;      /* CORO_TLS_1_2...; 0: from 1.2, up to the newest */
    const char *ciphers, *ciphersuites; /* of 1.2, of 1.3, as OpenSSL writes them; NULL: its own */

    /* A server with several names: the context for what the client asked for ("" if for nothing),
     * NULL for "no such name". Borrowed, and alive as long as this one. Any thread. */
    coro_tls_context *(*choose)(void *context, const char *server_name);
    void *choose_context;

    /* So many tickets for a later resumption in each handshake; 0: one; -1: none. */
    int tickets;

    /* The secrets of each connection, for Wireshark: appended to a file, as SSLKEYLOGFILE does,
     * or given to a function, a line each, without '\n'. Whoever has them reads everything. */
    const char *keylog_file;
    void (*keylog)(void *context, const char *line);
    void *keylog_context;

    /* Do the handshakes' arithmetic in threads of the loop's, as many as there are processors, and
     * other tasks go on meanwhile: a signature with RSA-4096 takes some 5 ms. `choose` and `keylog`
     * are called there. A cancelled handshake, or one that is out of time, ends when its thread has
     * let go of it. Worth it for large keys; for P-256 the way there and back costs as much. */
    bool handshake_in_thread;

    coro_duration handshake_timeout; /* 0: 60 seconds */
    coro_duration shutdown_timeout;  /* of coro_stream_close; 0: 30 seconds */

    char *reason; /* where to put a sentence when it fails; NULL: nowhere */
    size_t reason_size;
} coro_tls_context_options;

/*
 * Make a context; options may be NULL for a client. Never suspends, but reads files:
 * make it before the loop runs. CORO_ENOENT, CORO_EACCES... a file cannot be
 * read; CORO_EACCES: the key's password is wrong or missing; CORO_EINVAL: what is in
 * a file, or an option, is not what it should be (`reason` says what); CORO_ENOMEM.
 */
CORO_API CORO_NODISCARD int coro_tls_client_context(coro_tls_context **context,
                                                    const coro_tls_context_options *options);
CORO_API CORO_NODISCARD int coro_tls_server_context(coro_tls_context **context,
                                                    const coro_tls_context_options *options);

/* One reference more; it returns its argument. One less: the last one, and the last connection,
 * free it. NULL is fine. Any thread. */
CORO_API coro_tls_context *coro_tls_context_retain(coro_tls_context *context);
CORO_API void coro_tls_context_release(coro_tls_context *context);

/* --- connections --------------------------------------------------------------------------- */

typedef struct coro_tls_session coro_tls_session;

/* Zeroed: the defaults. Borrowed until the await has ended. */
typedef struct coro_tls_options {
    /* A client: the name or address that the certificate must be for, and that the server is told.
     * NULL: the connection's host, in coro_open_tls_connection; in coro_start_tls it is needed,
     * unless the context does not verify or has any_host. A dot at its end is left out. */
    const char *server_name;
    coro_tls_session *session;       /* a client: go on with it, if the server likes to */
    coro_connect_options connect;    /* of coro_open_tls_connection */
    char *reason; /* where to put a sentence when the handshake fails; NULL: nowhere */
    size_t reason_size;
} coro_tls_options;

/*
 * From now on speak TLS over *stream: as a server if the context is one. What it has
 * buffered already is the beginning. *stream is the TLS stream when it succeeds.
 *
 * If not, *stream is NULL and the connection is gone. CORO_EVERIFY: the other side is
 * not believed, and has seen nothing but the handshake; CORO_ETIMEDOUT; CORO_EPROTO: no
 * TLS, no version, cipher or protocol in common, or the other side refuses us, our
 * certificate for instance; CORO_ETRUNCATED: it went away without a word; CORO_ENOMEM;
 * or an error of the stream beneath. Cancelled: the connection is gone as well. But
 * *stream is as it was when the handshake cannot begin: CORO_EINVAL: no server_name, or one of
 * more than 255 bytes; CORO_EBUSY: a task reads or writes; CORO_ECLOSED: it is NULL; CORO_ENOMEM.
 */
CORO_API CORO_NODISCARD coro_void *coro_start_tls(coro_stream **stream, coro_tls_context *context,
                                                  const coro_tls_options *options);

/*
 * Connect, and shake hands: coro_open_connection and coro_start_tls in one. context
 * NULL: a client's with the defaults. Borrows all until the await has ended. The
 * stream is the caller's: coro_stream_close.
 */
CORO_API CORO_NODISCARD coro_connecting *
coro_open_tls_connection(const char *host, const char *service, coro_tls_context *context,
                         const coro_tls_options *options);

/*
 * coro_start_server, whose handlers get a TLS stream, after the handshake. A client
 * whose handshake fails is hung up on, without a report. Borrows tls until the last
 * handler has ended; the wrap in options is this function's.
 */
CORO_API CORO_NODISCARD coro_server_starting *
coro_start_tls_server(coro_handler handler, void *context, const char *host, const char *service,
                      coro_tls_context *tls, const coro_server_options *options);

/* --- asking -------------------------------------------------------------------------------- */

/* Of a stream that is not TLS: NULL, false or CORO_EINVAL. Texts live as long as the stream. Those
 * in the caller's memory end with '\0', or it is CORO_ERANGE. None of these suspends. */

CORO_API bool coro_stream_is_tls(const coro_stream *stream);
CORO_API const char *coro_tls_version(const coro_stream *stream); /* "TLSv1.3" */
CORO_API const char *coro_tls_cipher(const coro_stream *stream);  /* "TLS_AES_256_GCM_SHA384" */
CORO_API const char *coro_tls_server_name(const coro_stream *stream); /* asked for; or NULL */
/* The protocol above that both have chosen, or NULL. */
CORO_API const char *coro_tls_alpn(const coro_stream *stream);
/* Was it a session that had been there before? */
CORO_API bool coro_tls_session_reused(const coro_stream *stream);
/* "ok", or what is wrong with the other side's certificate, in a context that does not mind. */
CORO_API const char *coro_tls_verify_text(const coro_stream *stream);
/* Whom the other side's certificate is for, "CN=example.org,O=...". CORO_ENOENT: it has none. */
CORO_API int coro_tls_peer_subject(const coro_stream *stream, char *text, size_t size);
/* Its SHA-256. CORO_ENOENT: it has none. */
CORO_API int coro_tls_peer_fingerprint(const coro_stream *stream, unsigned char digest[32]);

/*
 * A client: what is needed to go on with this session in another connection, or
 * NULL if the server offers none. With TLS 1.3 it offers in its own time, after the
 * handshake: ask after the first read. Yours: coro_tls_session_release, NULL is fine.
 * A session may be used by any thread; with TLS 1.3 best once.
 */
CORO_API coro_tls_session *coro_tls_get_session(const coro_stream *stream);
CORO_API void coro_tls_session_release(coro_tls_session *session);

CORO_END_DECLS

#endif

#endif
