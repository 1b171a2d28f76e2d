/* SPDX-License-Identifier: MIT */
/*
 * sys.c - the table of system calls, and the few that need a hand.
 */
#define _GNU_SOURCE
#include "sys.h"

#include <errno.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>

int coro_sys_bind_(int fd, const struct sockaddr *address, socklen_t size)
{
    return bind(fd, address, size);
}

int coro_sys_connect_(int fd, const struct sockaddr *address, socklen_t size)
{
    return connect(fd, address, size);
}

int coro_sys_accept4_(int fd, struct sockaddr *address, socklen_t *size, int flags)
{
    return accept4(fd, address, size, flags);
}

int coro_sys_getsockname_(int fd, struct sockaddr *address, socklen_t *size)
{
    return getsockname(fd, address, size);
}

int coro_sys_getpeername_(int fd, struct sockaddr *address, socklen_t *size)
{
    return getpeername(fd, address, size);
}

/* Declared with an int or a long, and with an ellipsis. */
int coro_sys_ioctl_(int fd, unsigned long request, void *argument)
{
    return ioctl(fd, request, argument);
}

/* epoll_pwait2 of Linux 5.11; C libraries of those days have no function for it. The kernel's
 * time is 64 bits wide everywhere. */
int coro_sys_epoll_wait_ns_(int epoll, struct epoll_event *events, int count, long long timeout_ns)
{
#ifdef SYS_epoll_pwait2
    struct {
        int64_t seconds, nanoseconds;
    } timeout = {timeout_ns / 1000000000, timeout_ns % 1000000000};
    return (int)syscall(SYS_epoll_pwait2, epoll, events, count, &timeout, NULL, (size_t)0);
#else
    (void)epoll, (void)events, (void)count, (void)timeout_ns;
    errno = ENOSYS;
    return -1;
#endif
}

#if CORO_SYS_TABLE
coro_sys_table coro_sys = CORO_SYS_INIT_;
#endif
