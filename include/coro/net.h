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

/* What became of one address. */
typedef struct coro_connect_attempt {
    char address[72]; /* "[::1]:80" */
    int error; /* 0: this one; CORO_ECANCELED: another was faster; CORO_EPENDING: not tried */
} coro_connect_attempt;

#define CORO_CONNECT_REPORT_MAX 16

/* All of them, in the order in which they were to be tried. */
typedef struct coro_connect_report {
    size_t count; /* there may be more than are told */
    coro_connect_attempt attempts[CORO_CONNECT_REPORT_MAX];
} coro_connect_report;

typedef struct coro_connect_options {
    int family;             /* AF_INET or AF_INET6; 0: both */
    const char *local_host; /* bind to this address first, or one of this name; NULL: any */
    uint16_t local_port;    /* and to this port; 0: any */
    bool nagle;             /* true: leave Nagle's delay on */
    bool keep_alive;        /* ask the other side from time to time whether it is still there */
    coro_duration delay;    /* an address's head start before the next is tried as well. 0: 250 ms;
                               less: for ever, the next is tried when it has failed */
    coro_connect_report *report; /* told what became of each, however the await ends; or NULL */
} coro_connect_options;

/* What coro_open_connection gives. */
typedef struct CORO_MAY_ALIAS coro_connecting {
    coro_header coro;
    coro_stream *result;
} coro_connecting;

/*
 * Connect to a host, a name or an address, at a service, a name or a number. The
 * addresses of a name race (Happy Eyeballs, RFC 8305): IPv6 and IPv4 in turn, each with
 * a head start before the next, which comes at once when one fails; the first that
 * answers wins, and the sockets of all others are closed before the await is over.
 * 64 addresses take part at most.
 *
 * The stream is the caller's: coro_stream_close. Errors: CORO_ENAME, CORO_ENAMEAGAIN (no
 * such name, or not now); if no address answers what the last one said
 * (CORO_ECONNREFUSED...), leaving out those which this machine could not even try,
 * unless it is all of them (CORO_EADDRNOTAVAIL, no route); CORO_ENOMEM, CORO_EMFILE.
 * options->report has the error of each. Borrows all arguments until the await has
 * ended. options may be NULL. Cancelled: no socket stays.
 */
CORO_API CORO_NODISCARD coro_connecting *
coro_open_connection(const char *host, const char *service, const coro_connect_options *options);

/*
 * Connect a stream socket of your own, of any family, bound or with options set, to
 * an address. Takes fd, on success only; else, and when cancelled, it stays the caller's,
 * non-blocking, and is best closed. The errors are connect(2)'s, and those of
 * coro_stream_from_fd, which makes a stream of a socket that is connected already.
 */
CORO_API CORO_NODISCARD coro_connecting *
coro_open_connection_fd(int fd, const struct sockaddr *address, size_t size);

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

/*
 * Send `count` bytes (SIZE_MAX: all) of a file from `offset` on, behind what was
 * written: how many; fewer where the file ends. By sendfile(2) where stream and file
 * can, else by reading and writing; reading a file may block for as long as its disk
 * takes. Suspends while the stream is full; meanwhile a write to it gives CORO_EBUSY.
 * Borrows the file, whose position is afterwards, also after an error or a cancel,
 * behind the last byte that has left; nothing left, it is where it was. CORO_EPIPE,
 * CORO_ECONNRESET..: the connection's; CORO_EINVAL: offset < 0; or what the file says.
 */
CORO_API CORO_NODISCARD coro_size *coro_stream_sendfile(coro_stream *stream, int file,
                                                        int64_t offset, size_t count);

CORO_END_DECLS

#endif

#endif
