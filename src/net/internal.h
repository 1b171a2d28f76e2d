/* SPDX-License-Identifier: MIT */
/*
 * internal.h - what the net's files tell each other, and nobody else.
 */
#ifndef CORO_NET_INTERNAL_H
#define CORO_NET_INTERNAL_H

#include "kernel/kernel.h"
#include "poll/poll.h"
#include "poll/sys.h"
#include "thread/thread.h"

#include <coro/net.h>

#include <errno.h>
#include <netdb.h>

/* --- tcp.c: a stream over a socket -------------------------------------------------------- */

typedef struct coro_tcp {
    coro_stream stream; /* first */
    coro_fd fd;
    coro_task *connecting; /* before it is a stream */
} coro_tcp;

static inline coro_tcp *coro_tcp_of(coro_stream *stream)
{
    return (coro_tcp *)(void *)stream;
}

/* Takes fd, non-blocking already, when it succeeds. NULL with *error. */
coro_tcp *coro_tcp_new(int fd, int *error);
/* From now on it is its stream's. */
void coro_tcp_connected(coro_tcp *tcp);
/* The stream never was; its socket is closed. */
void coro_tcp_free(coro_tcp *tcp);
/* Send without Nagle's delay. On Linux an accepted socket inherits it from its listener. */
void coro_set_no_delay(int fd);

/* As recv, with CORO_E…; asks the system only when that is worth while. */
static inline ptrdiff_t coro_fd_recv(coro_fd *fd, void *buffer, size_t size)
{
    ptrdiff_t count;
    if (!coro_fd_may_try(fd, CORO_FD_READ))
        return CORO_EAGAIN;
    do
        count = coro_sys.recv(fd->fd, buffer, size, 0);
    while (CORO_UNLIKELY(count < 0 && errno == EINTR));
    if (CORO_LIKELY(count >= 0)) {
        if ((size_t)count < size)
            coro_fd_drained(fd, CORO_FD_READ);
        return count;
    }
    return errno == EWOULDBLOCK ? CORO_EAGAIN : -errno;
}

/* The same for send. */
static inline ptrdiff_t coro_fd_send(coro_fd *fd, const void *data, size_t size)
{
    ptrdiff_t count;
    do
        count = coro_sys.send(fd->fd, data, size, MSG_NOSIGNAL);
    while (CORO_UNLIKELY(count < 0 && errno == EINTR));
    if (CORO_LIKELY(count > 0))
        return count;
    return count == 0 || errno == EWOULDBLOCK ? CORO_EAGAIN : -errno;
}

/* --- names.c ------------------------------------------------------------------------------ */

/* What is asked of the system; tests put functions of their own here, and a file. The functions
 * may be called in other threads. */
typedef struct coro_names_table {
    int (*getaddrinfo)(const char *host, const char *service, const struct addrinfo *hints,
                       struct addrinfo **found);
    void (*freeaddrinfo)(struct addrinfo *found);
    int (*getnameinfo)(const struct sockaddr *address, socklen_t size, char *host,
                       socklen_t host_size, char *service, socklen_t service_size, int flags);
    const char *hosts;
} coro_names_table;
extern coro_names_table coro_names;

/* --- listen.c: sockets to accept from ----------------------------------------------------- */

typedef struct coro_listening {
    int fds[8];
    size_t count;
    uint16_t port; /* of the first */
} coro_listening;

/* A socket for each address; *listening owns them. 0 or an error, and then there are none. */
int coro_listen(coro_listening *listening, const struct addrinfo *found,
                const coro_server_options *options);

#endif
