/* SPDX-License-Identifier: MIT */
/*
 * coro/net.h - TCP: connections to servers, servers for connections.
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
 *     AWAIT(self->stream, coro_open_connection("127.0.0.1", "7000", NULL));
 *
 * A server owns its connections: each runs the handler as a task of its own. All
 * sockets are non-blocking, close-on-exec, without Nagle's delay, and never raise
 * SIGPIPE.
 *
 * Memory: from the loop's pool. Threads: the loop's; names are looked up in a
 * thread of their own.
 */
#ifndef CORO_NET_H
#define CORO_NET_H

#include <coro/address.h>
#include <coro/stream.h>

#if CORO_HOSTED && CORO_SCOPES

CORO_BEGIN_DECLS

/* --- connections -------------------------------------------------------------------------- */

typedef struct coro_connect_options {
    const char *local_host; /* bind to this address first; NULL: any */
    bool nagle;             /* true: leave Nagle's delay on */
} coro_connect_options;

/* What coro_open_connection gives. */
typedef struct CORO_MAY_ALIAS coro_connecting {
    coro_header coro;
    coro_stream *result;
} coro_connecting;

/*
 * Connect to a host, a name or an address, at a service, a name or a number. All
 * addresses of a name are tried, in order, until one answers. The stream is the
 * caller's: coro_stream_close. Errors: CORO_ENAME, CORO_ENAMEAGAIN (no such name, or
 * not now), what the last connect said (CORO_ECONNREFUSED...), CORO_ENOMEM,
 * CORO_EMFILE. Borrows all arguments until the await has ended. options may be
 * NULL. Cancelled: no socket stays.
 */
CORO_API CORO_NODISCARD coro_connecting *
coro_open_connection(const char *host, const char *service, const coro_connect_options *options);

/*
 * A stream of a connected socket, TCP or Unix. Takes fd, on success only, and makes
 * it non-blocking. 0, CORO_EINVAL (a socket of another type), what the system says
 * of a descriptor that is no socket, CORO_ENOMEM...
 */
CORO_API int coro_stream_from_fd(coro_stream **stream, int fd);

/* "127.0.0.1:7000", "[::1]:7000", "unix:/run/x": the other side (coro/address.h). 0, CORO_ERANGE
 * (text is too small), CORO_EBADF (no socket lies beneath), or what getpeername says. */
CORO_API int coro_stream_peer_name(const coro_stream *stream, char *text, size_t size);

/* --- servers ------------------------------------------------------------------------------ */

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
 * anything, is closed; that is reported once (coro_loop_report), unless it is the client
 * who went away: CORO_ECONNRESET, CORO_EPIPE, CORO_EINCOMPLETE, CORO_ETIMEDOUT.
 */
typedef coro_void *(*coro_stream_wrap)(coro_stream **stream, void *context);

typedef struct coro_server_options {
    int backlog;               /* 0: 511 */
    size_t max_connections;    /* 0: no limit; beyond it the backlog fills */
    bool reuse_port;           /* several processes may listen at the port */
    bool no_reuse_address;     /* do not take a port whose last connections are still dying */
    bool nagle;                /* true: leave Nagle's delay on */
    coro_stream_wrap wrap;     /* NULL: the handler gets the connection as it is */
    void *wrap_context;        /* borrowed, as the handler's context is */
} coro_server_options;

/* What coro_start_server gives. */
typedef struct CORO_MAY_ALIAS coro_server_starting {
    coro_header coro;
    coro_server *result;
} coro_server_starting;

/*
 * Listen, and run the handler for each connection, with its stream and `context`.
 * host: a name or address; NULL or "": all addresses of this machine, IPv6 and IPv4.
 * service "0" takes a free port. Borrows the arguments until the await has ended,
 * context until the last handler has. Fails with CORO_EADDRINUSE, CORO_EACCES,
 * CORO_ENAME..., and then nothing listens. The server is the caller's:
 * coro_server_shutdown or coro_server_release.
 *
 * When a handler ends, or is cancelled, its stream is closed; with an error it is
 * aborted, and reported once (coro_loop_report), unless the error is that the client
 * went away (CORO_ECONNRESET, CORO_EPIPE). A connection for which there is no memory
 * is refused. When descriptors run out, the server refuses and pauses, 10 ms
 * at first and 1 s at most, and goes on by itself.
 */
CORO_API CORO_NODISCARD coro_server_starting *
coro_start_server(coro_handler handler, void *context, const char *host, const char *service,
                  const coro_server_options *options);

/* The port of its first socket; 0 when closed. */
CORO_API uint16_t coro_server_port(const coro_server *server);

/* Connections whose handlers have not ended. */
CORO_API size_t coro_server_connections(const coro_server *server);

/* Stop listening. Connections go on. Never suspends; twice is fine. */
CORO_API void coro_server_close(coro_server *server);

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

/* --- bare sockets ------------------------------------------------------------------------- */

/*
 * The same system calls without a stream's comfort: asyncio's loop.sock_recv and
 * its like. One task may receive (or accept), and one send (or connect), at a time:
 * CORO_EBUSY. Cancelled: nothing was received; of a sendall a part may have left.
 */
typedef struct coro_socket coro_socket;

/* Take a socket of any kind, and make it non-blocking. On failure fd stays the caller's. */
CORO_API int coro_socket_from_fd(coro_socket **sock, int fd);
CORO_API int coro_socket_fd(const coro_socket *sock);

/* What has come, at most `size` bytes; 0: the end. */
CORO_API CORO_NODISCARD coro_size *coro_sock_recv(coro_socket *sock, void *buffer, size_t size);
CORO_API CORO_NODISCARD coro_void *coro_sock_sendall(coro_socket *sock, const void *data,
                                                     size_t size);
CORO_API CORO_NODISCARD coro_void *coro_sock_connect(coro_socket *sock,
                                                     const struct sockaddr *address, size_t size);
/* The next connection, as a descriptor that is the caller's. */
CORO_API CORO_NODISCARD coro_int *coro_sock_accept(coro_socket *sock);

/* Close it, and set *sock to NULL; who waits gets CORO_ECLOSED. NULL is fine. Never suspends. */
CORO_API void coro_socket_close(coro_socket **sock);

CORO_END_DECLS

#endif

#endif
