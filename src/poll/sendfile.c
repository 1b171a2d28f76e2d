/* SPDX-License-Identifier: MIT */
/*
 * sendfile.c - sendfile(2) on a record, without its signal.
 *
 * It has no flag against SIGPIPE, so the signal is blocked in this thread
 * meanwhile, and what it leaves is taken away before it is let in again.
 */
#define _GNU_SOURCE
#include "try.h"

ptrdiff_t coro_fd_sendfile(coro_fd *fd, int file, int64_t offset, size_t count)
{
    static const struct timespec at_once = {0, 0};
    off_t from = (off_t)offset;
    sigset_t pipe, before;
    ssize_t sent;
    if (!coro_fd_may_try(fd, CORO_FD_WRITE))
        return CORO_EAGAIN;
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe, &before);
    do
        sent = coro_sys.sendfile(fd->fd, file, &from, count);
    while (sent < 0 && errno == EINTR);
    if (sent < 0)
        sent = coro_fd_error_();
    if (sent == CORO_EPIPE)
        (void)sigtimedwait(&pipe, NULL, &at_once);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return sent;
}
