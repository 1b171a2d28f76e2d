/* SPDX-License-Identifier: MIT */
/*
 * try.h - the first half of "try first, then be told": reads and writes on a record.
 *
 *     n = coro_fd_recv(fd, buffer, size); // bytes, 0 at the end, CORO_EAGAIN, another CORO_E…
 *     if (n == CORO_EAGAIN)
 *         error = coro_fd_want(fd, CORO_FD_READ);
 *
 * For sockets recv and send, for all other descriptors read and write. They ask the
 * system only when that is worth while, and go on after EINTR. Those for sockets raise
 * no SIGPIPE, and block under no circumstances: somebody's stdin may be a socket whose
 * open file others share, and have set to block. Inline: they are what a message costs.
 *
 * A short recv says that no more is there. A short read does not: a terminal gives
 * a line at a time, however many there are. Who knows better calls coro_fd_drained.
 * Short writes are not noted either: who writes much sees EAGAIN soon enough.
 *
 * Threads: the loop's.
 */
#ifndef CORO_POLL_TRY_H
#define CORO_POLL_TRY_H

#include "poll.h"
#include "sys.h"

#include <errno.h>

static inline ptrdiff_t coro_fd_error_(void)
{
    return errno == EWOULDBLOCK ? CORO_EAGAIN : -errno;
}

/* What a call that writes has answered; 0 would be for ever. */
static inline ptrdiff_t coro_fd_written_(ssize_t count)
{
    return CORO_LIKELY(count > 0) ? count : count == 0 ? CORO_EAGAIN : coro_fd_error_();
}

static inline ptrdiff_t coro_fd_recv(coro_fd *fd, void *buffer, size_t size)
{
    ssize_t count;
    if (!coro_fd_may_try(fd, CORO_FD_READ))
        return CORO_EAGAIN;
    do
        count = coro_sys.recv(fd->fd, buffer, size, MSG_DONTWAIT);
    while (CORO_UNLIKELY(count < 0 && errno == EINTR));
    if (CORO_UNLIKELY(count < 0))
        return coro_fd_error_();
    if ((size_t)count < size)
        coro_fd_drained(fd, CORO_FD_READ);
    fd->loop->received += (size_t)count;
    return count;
}

/* The same of a Unix socket: a message with descriptors, which nobody takes here, ends a recv. */
static inline ptrdiff_t coro_fd_recv_local(coro_fd *fd, void *buffer, size_t size)
{
    struct iovec part = {buffer, size};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    ssize_t count;
    if (!coro_fd_may_try(fd, CORO_FD_READ))
        return CORO_EAGAIN;
    do
        count = coro_sys.recvmsg(fd->fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    while (CORO_UNLIKELY(count < 0 && errno == EINTR));
    if (CORO_UNLIKELY(count < 0))
        return coro_fd_error_();
    if ((size_t)count < size && !(message.msg_flags & MSG_CTRUNC))
        coro_fd_drained(fd, CORO_FD_READ);
    fd->loop->received += (size_t)count;
    return count;
}

static inline ptrdiff_t coro_fd_read(coro_fd *fd, void *buffer, size_t size)
{
    ssize_t count;
    if (!coro_fd_may_try(fd, CORO_FD_READ))
        return CORO_EAGAIN;
    do
        count = coro_sys.read(fd->fd, buffer, size);
    while (CORO_UNLIKELY(count < 0 && errno == EINTR));
    return CORO_LIKELY(count >= 0) ? count : coro_fd_error_();
}

/* size > 0. */
static inline ptrdiff_t coro_fd_send(coro_fd *fd, const void *data, size_t size)
{
    ssize_t count;
    if (!coro_fd_may_try(fd, CORO_FD_WRITE))
        return CORO_EAGAIN;
    do
        count = coro_sys.send(fd->fd, data, size, MSG_NOSIGNAL | MSG_DONTWAIT);
    while (CORO_UNLIKELY(count < 0 && errno == EINTR));
    return coro_fd_written_(count);
}

/* size > 0. */
static inline ptrdiff_t coro_fd_write(coro_fd *fd, const void *data, size_t size)
{
    ssize_t count;
    if (!coro_fd_may_try(fd, CORO_FD_WRITE))
        return CORO_EAGAIN;
    do
        count = coro_sys.write(fd->fd, data, size);
    while (CORO_UNLIKELY(count < 0 && errno == EINTR));
    return coro_fd_written_(count);
}

/* The same two for several parts, of which at least one has bytes. */
static inline ptrdiff_t coro_fd_send_parts(coro_fd *fd, const struct iovec *parts, size_t count)
{
    struct msghdr message = {.msg_iov = (struct iovec *)(uintptr_t)parts, .msg_iovlen = count};
    ssize_t sent;
    if (!coro_fd_may_try(fd, CORO_FD_WRITE))
        return CORO_EAGAIN;
    do
        sent = coro_sys.sendmsg(fd->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    while (CORO_UNLIKELY(sent < 0 && errno == EINTR));
    return coro_fd_written_(sent);
}

static inline ptrdiff_t coro_fd_write_parts(coro_fd *fd, const struct iovec *parts, size_t count)
{
    ssize_t written;
    if (!coro_fd_may_try(fd, CORO_FD_WRITE))
        return CORO_EAGAIN;
    do
        written = coro_sys.writev(fd->fd, parts, (int)count);
    while (CORO_UNLIKELY(written < 0 && errno == EINTR));
    return coro_fd_written_(written);
}

/* No more will be sent by a socket. The system calls one that was reset "not connected". */
static inline int coro_fd_shutdown_write(const coro_fd *fd)
{
    if (coro_sys.shutdown(fd->fd, SHUT_WR) == 0)
        return 0;
    return errno == ENOTCONN ? CORO_EPIPE : -errno;
}

/* Bytes of a file from `offset` on, 0 at its end, CORO_EAGAIN, or an error of either side; not
 * every file can. In a file of its own: it makes three system calls. */
ptrdiff_t coro_fd_sendfile(coro_fd *fd, int file, int64_t offset, size_t count);

#endif
