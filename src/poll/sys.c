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
#include <sys/wait.h>

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

/* The child runs on our stack while we stand still, and must not return into what we will use: so
 * its code is called from here. In the parent: its number. */
#if defined(__GNUC__)
__attribute__((noinline))
#endif
pid_t coro_sys_vfork_(void (*child)(void *argument), void *argument)
{
    pid_t pid = vfork();
    if (pid == 0) {
        child(argument);
        _exit(127);
    }
    return pid;
}

int coro_sys_waitid_(int kind, pid_t id, siginfo_t *info, int options)
{
    return waitid((idtype_t)kind, (id_t)id, info, options);
}

/* Linux 5.3 and 5.1; glibc has functions for them since 2.36. */
int coro_sys_pidfd_open_(pid_t pid)
{
#ifdef SYS_pidfd_open
    return (int)syscall(SYS_pidfd_open, pid, 0);
#else
    (void)pid;
    errno = ENOSYS;
    return -1;
#endif
}

int coro_sys_pidfd_send_signal_(int pidfd, int signo)
{
#ifdef SYS_pidfd_send_signal
    return (int)syscall(SYS_pidfd_send_signal, pidfd, signo, NULL, 0);
#else
    (void)pidfd, (void)signo;
    errno = ENOSYS;
    return -1;
#endif
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
