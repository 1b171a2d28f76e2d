/* SPDX-License-Identifier: MIT */
/*
 * coro/net.h - connections over TCP and Unix sockets, and bare sockets.
 *
 *     AWAIT(self->stream, coro_open_connection("127.0.0.1", "7000", NULL));
 *     AWAIT(coro_stream_write(self->stream, "hello\n", 6));
 *     AWAIT(self->n, coro_stream_read_line(self->stream, self->line, sizeof self->line));
 *     AWAIT(coro_stream_close(&self->stream));
 *
 * Who answers them is in coro/server.h, which comes with this page. All sockets are
 * non-blocking, close-on-exec, without Nagle's delay, and never raise SIGPIPE.
 *
 * Memory: from the loop's pool. Threads: the loop's; names are looked up in a
 * thread of their own.
 */
#ifndef CORO_NET_H
#define CORO_NET_H

#include <coro/server.h>
#include <coro/sock.h>

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
 * The same to a Unix socket: a path, or "@name" (see coro_start_unix_server). A server whose
 * backlog is full is asked again until there is room. CORO_EINVAL: no path, or a too long
 * one; CORO_ENOENT, CORO_ECONNREFUSED (nobody listens there), CORO_EACCES...
 */
CORO_API CORO_NODISCARD coro_connecting *coro_open_unix_connection(const char *path);

/*
 * A stream of a connected socket, TCP or Unix. Takes fd, on success only, and makes
 * it non-blocking. 0, CORO_EINVAL (a socket of another type), what the system says
 * of a descriptor that is no socket, CORO_ENOMEM...
 */
CORO_API int coro_stream_from_fd(coro_stream **stream, int fd);

/* "127.0.0.1:7000", "[::1]:7000", "unix:/run/x": the other side (coro/address.h). 0, CORO_ERANGE
 * (text is too small), CORO_EBADF (no socket lies beneath), or what getpeername says. */
CORO_API int coro_stream_peer_name(const coro_stream *stream, char *text, size_t size);

CORO_END_DECLS

#endif

#endif
