/* SPDX-License-Identifier: MIT */
/*
 * coro/server.h - servers: a socket that listens, a task for each connection.
 *
 *     ASYNC(handle, ARGS(coro_stream *, stream, void *, context), VARS(size_t n;),
 *           SCRATCH(char data[1024];))
 *     {
 *         ASYNC_BEGIN;
 *         for (;;) {
 *             AWAIT(self->n, coro_stream_read(self->stream, self->data, sizeof self->data));
 *             if (self->n == 0)
 *                 break;
 *             AWAIT(coro_stream_write(self->stream, self->data, self->n));
 *         }
 *         ASYNC_END;                                  // the server closes the stream
 *     }
 *
 *     AWAIT(self->server, coro_start_server(CORO_HANDLER(handle), NULL, NULL, "7000", NULL));
 *     AWAIT(coro_server_serve_forever(self->server));
 *
 * A server owns its connections: when a handler ends, or is cancelled, its stream is
 * closed; with an error it is aborted, and reported once (coro_loop_report), unless
 * the error is that the client went away (CORO_ECONNRESET, CORO_EPIPE). A connection for
 * which there is no memory is refused. When descriptors run out the server says so
 * (coro_loop_report, once), refuses and pauses, 10 ms at first and 1 s at most, and goes on by
 * itself.
 *
 *     close ─► its sockets are gone; connections go on
 *     close_clients ─► their streams end: handlers that read see the end, and go home
 *     abort_clients ─► their handlers are cancelled, their streams aborted
 *     shutdown(grace) ─► close, wait, abort what is left, free
 *
 * Memory: from the loop's pool. Threads: the loop's, but coro_serve_threads is several loops.
 */
#ifndef CORO_SERVER_H
#define CORO_SERVER_H

#include <coro/address.h>
#include <coro/stream.h>

#if CORO_HOSTED && CORO_SCOPES

CORO_BEGIN_DECLS

typedef struct coro_server coro_server;

/* A coroutine with ARGS(coro_stream *, stream, void *, context); the compiler checks it. */
typedef struct coro_handler {
    const coro_descriptor *descriptor;
    size_t stream_offset, context_offset;
} coro_handler;

#define CORO_HANDLER(name)                                                                         \
    ((void)sizeof(name((coro_stream *)0, (void *)0)),                                              \
     coro_handler_of_(&name##_descriptor, offsetof(struct name, stream),                           \
                      offsetof(struct name, context)))

static inline coro_handler coro_handler_of_(const coro_descriptor *descriptor,
                                            size_t stream_offset, size_t context_offset)
{
    coro_handler handler;
    handler.descriptor = descriptor;
    handler.stream_offset = stream_offset;
    handler.context_offset = context_offset;
    return handler;
}

/*
 * Makes another stream of a connection's before its handler runs: TLS of TCP. Awaited in the
 * connection's task, so that a slow client holds up nobody else. It takes the stream
 * in *stream, and leaves the one for the handler there. When it fails what is left there, if
 * anything, is closed; that is reported once (coro_loop_report), unless the client went
 * away, or is none to talk to: CORO_ECONNRESET, CORO_EPIPE, CORO_EINCOMPLETE,
 * CORO_ETIMEDOUT, CORO_ETRUNCATED, CORO_EPROTO, CORO_EVERIFY.
 */
typedef coro_void *(*coro_stream_wrap)(coro_stream **stream, void *context);

typedef struct coro_server_options {
    int backlog;               /* 0: 511 */
    size_t max_connections;    /* 0: no limit; beyond it the backlog fills */
    int family;                /* AF_INET or AF_INET6: these addresses alone; 0: both */
    const char *const *hosts;  /* several, then NULL; the argument `host` is NULL then */
    bool reuse_port;           /* several processes may listen at the port */
    bool no_reuse_address;     /* do not take a port whose last connections are still dying */
    bool keep_alive;           /* ask a silent client from time to time whether it is there */
    bool nagle;                /* true: leave Nagle's delay on */
    bool start_later;          /* only bind: coro_server_start_serving listens */
    unsigned mode;             /* of the file of a Unix socket, as 0660; 0: as the umask says */
    bool keep_file;            /* leave that file where it is when the server is closed */
    coro_stream_wrap wrap;     /* NULL: the handler gets the connection as it is */
    void *wrap_context;        /* borrowed, as the handler's context is */
} coro_server_options;

/* --- the start ---------------------------------------------------------------------------- */

/* What the functions that start a server give. */
typedef struct CORO_MAY_ALIAS coro_server_starting {
    coro_header coro;
    coro_server *result;
} coro_server_starting;

/*
 * Listen, and run the handler for each connection, with its stream and `context`.
 * host: a name or address; NULL or "": all addresses of this machine, IPv6 and IPv4,
 * each with a socket of its own. service "0" takes a free port, the same everywhere.
 * Each distinct address of all hosts is bound once; one that this machine does not have is left
 * out, unless there are no others.
 *
 * Fails with CORO_EADDRINUSE, CORO_EACCES, CORO_ENAME..., CORO_EINVAL (host and
 * options.hosts, a list without a host, another family), and then nothing listens. Borrows the
 * arguments until the await has ended, context until the last handler has. The server is
 * the caller's: coro_server_shutdown or coro_server_release.
 */
CORO_API CORO_NODISCARD coro_server_starting *
coro_start_server(coro_handler handler, void *context, const char *host, const char *service,
                  const coro_server_options *options);

/*
 * The same at a Unix socket: a path, or "@name" for a name that is on no disk (Linux's
 * abstract names; a file whose name begins so is "./@name"). A socket file that is there
 * is removed first; any other file is not: CORO_EADDRINUSE. CORO_EINVAL: no path, or one of
 * more than 107 bytes; CORO_ENOENT, CORO_EACCES... of the folder.
 *
 * When the server is closed its file is removed, if it is still its own: one that
 * somebody else has put there since stays.
 */
CORO_API CORO_NODISCARD coro_server_starting *
coro_start_unix_server(coro_handler handler, void *context, const char *path,
                       const coro_server_options *options);

/*
 * The same with a socket that is bound, or listens already: socket activation. Takes fd,
 * when it succeeds, and makes it non-blocking. CORO_EINVAL: it is no stream socket; what the
 * system says. The file of a Unix socket is removed at the close as above: who was given the
 * socket by somebody who keeps it wants `keep_file`.
 */
CORO_API CORO_NODISCARD coro_server_starting *
coro_start_server_fd(coro_handler handler, void *context, int fd,
                     const coro_server_options *options);

/* Begin to listen, after start_later. 0; twice is fine; CORO_ECLOSED; what listen says
 * (CORO_EADDRINUSE...): it may be tried again. Never suspends. */
CORO_API CORO_NODISCARD int coro_server_start_serving(coro_server *server);

/*
 * Serve until the server is closed and its last handler has ended. Cancelled: closes it, and
 * waits for the handlers that are left; a second cancel does not. CORO_EBUSY: another task
 * does this already; CORO_ECLOSED; as coro_server_start_serving. Borrows the server.
 */
CORO_API CORO_NODISCARD coro_void *coro_server_serve_forever(coro_server *server);

/* --- asking ------------------------------------------------------------------------------- */

CORO_API bool coro_server_is_serving(const coro_server *server);

/* The port of its first socket; 0 when closed, or when it has none. */
CORO_API uint16_t coro_server_port(const coro_server *server);

/* How many sockets it has; 0 when closed. The descriptor of one, counted from 0, borrowed; -1:
 * there are not so many. */
CORO_API size_t coro_server_sockets(const coro_server *server);
CORO_API int coro_server_socket(const coro_server *server, size_t number);

/* Where that one listens. 0, CORO_EBADF (there are not so many), or what getsockname says. */
CORO_API int coro_server_address(const coro_server *server, size_t number, coro_address *address);

/* Connections whose handlers have not ended. */
CORO_API size_t coro_server_connections(const coro_server *server);

/* --- the end ------------------------------------------------------------------------------ */

/* Stop listening. Connections go on. Never suspends; twice is fine. */
CORO_API void coro_server_close(coro_server *server);

/*
 * End all connections as coro_stream_hang_up does: handlers that read see the end, those that
 * write get CORO_EPIPE, what is unsent leaves. One that is still being wrapped is cancelled.
 * Never suspends.
 */
CORO_API void coro_server_close_clients(coro_server *server);

/* Cancel all handlers; their streams are aborted when they have ended. Never suspends. */
CORO_API void coro_server_abort_clients(coro_server *server);

/* Wait until the server is closed and its last handler has ended. Borrows the server. */
CORO_API CORO_NODISCARD coro_void *coro_server_wait_closed(coro_server *server);

/*
 * Stop listening; let the handlers go on for `grace`; cancel those that still run;
 * wait for their end, and free the server: takes it. NULL is fine. Cancelled: the
 * grace ends at once, and the server is freed when its last handler has ended.
 */
CORO_API CORO_NODISCARD coro_void *coro_server_shutdown(coro_server *server, coro_duration grace);

/* Let go of it: stops listening, connections go on, the last one frees it. NULL is fine. */
CORO_API void coro_server_release(coro_server *server);

CORO_END_DECLS

#endif

#endif
