/* SPDX-License-Identifier: MIT */
/*
 * sys.h - every system call that the floors above the kernel make.
 *
 *     n = coro_sys.recv(fd, buffer, size, 0);            // errno as ever
 *
 * One table, so that a test can put a function of its own in a place of it: one
 * that fails the n-th call with each errno, or moves one byte at a time. The
 * library that the tests link is the one that is shipped: a call through the
 * table costs less than 1 ns, a system call 170. CORO_SYS_TABLE=0 makes the table
 * constant and the calls direct, for those who want no writable pointers.
 *
 * Threads: replace entries while no loop runs.
 */
#ifndef CORO_POLL_SYS_H
#define CORO_POLL_SYS_H

#ifndef _GNU_SOURCE
#error "define _GNU_SOURCE before the first #include: accept4, epoll_pwait2, pipe2"
#endif

#include <dirent.h>
#include <fcntl.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#ifndef CORO_SYS_TABLE
#define CORO_SYS_TABLE 1
#endif

/* result, name, parameters */
#define CORO_SYS_CALLS(X)                                                                          \
    X(int, epoll_create1, (int flags))                                                             \
    X(int, epoll_ctl, (int epoll, int op, int fd, struct epoll_event *event))                      \
    X(int, epoll_wait, (int epoll, struct epoll_event *events, int count, int timeout_ms))         \
    X(int, eventfd, (unsigned initial, int flags))                                                 \
    X(int, timerfd_create, (int clock, int flags))                                                 \
    X(int, timerfd_settime,                                                                        \
      (int fd, int flags, const struct itimerspec *fresh, struct itimerspec *old))                 \
    X(int, clock_gettime, (clockid_t clock, struct timespec *time))                                \
    X(ssize_t, read, (int fd, void *buffer, size_t size))                                          \
    X(ssize_t, write, (int fd, const void *data, size_t size))                                     \
    X(ssize_t, readv, (int fd, const struct iovec *parts, int count))                              \
    X(ssize_t, writev, (int fd, const struct iovec *parts, int count))                             \
    X(ssize_t, recv, (int fd, void *buffer, size_t size, int flags))                               \
    X(ssize_t, recvmsg, (int fd, struct msghdr *message, int flags))                               \
    X(int, recvmmsg, (int fd, struct mmsghdr *messages, unsigned count, int flags,                 \
                      struct timespec *timeout))                                                   \
    X(ssize_t, send, (int fd, const void *data, size_t size, int flags))                           \
    X(ssize_t, sendmsg, (int fd, const struct msghdr *message, int flags))                         \
    X(int, sendmmsg, (int fd, struct mmsghdr *messages, unsigned count, int flags))                \
    X(int, socket, (int domain, int type, int protocol))                                           \
    X(int, socketpair, (int domain, int type, int protocol, int fds[2]))                           \
    X(int, shutdown, (int fd, int how))                                                            \
    X(int, listen, (int fd, int backlog))                                                          \
    X(int, getsockopt, (int fd, int level, int name, void *value, socklen_t *size))                \
    X(int, setsockopt, (int fd, int level, int name, const void *value, socklen_t size))           \
    X(ssize_t, pread, (int fd, void *buffer, size_t size, off_t offset))                           \
    X(ssize_t, sendfile, (int out, int in, off_t *offset, size_t count))                           \
    X(int, close, (int fd))                                                                        \
    X(int, open, (const char *path, int flags, ...))                                               \
    X(unsigned, if_nametoindex, (const char *name))                                                \
    X(char *, if_indextoname, (unsigned index, char *name))                                        \
    X(int, lstat, (const char *path, struct stat *status))                                         \
    X(ssize_t, readlink, (const char *path, char *text, size_t size))                              \
    X(int, unlink, (const char *path))                                                             \
    X(ssize_t, pwrite, (int fd, const void *data, size_t size, off_t offset))                      \
    X(off_t, lseek, (int fd, off_t offset, int whence))                                            \
    X(int, ftruncate, (int fd, off_t size))                                                        \
    X(int, fsync, (int fd))                                                                        \
    X(int, fdatasync, (int fd))                                                                    \
    X(int, stat, (const char *path, struct stat *status))                                          \
    X(int, rename, (const char *from, const char *to))                                             \
    X(int, mkdir, (const char *path, mode_t mode))                                                 \
    X(int, rmdir, (const char *path))                                                              \
    X(DIR *, opendir, (const char *path))                                                          \
    X(struct dirent *, readdir, (DIR *folder))                                                     \
    X(int, closedir, (DIR *folder))                                                                \
    X(int, inotify_init1, (int flags))                                                             \
    X(int, inotify_add_watch, (int fd, const char *path, uint32_t mask))                           \
    X(int, chmod, (const char *path, mode_t mode))                                                 \
    X(int, pipe2, (int fds[2], int flags))                                                         \
    X(int, dup3, (int fd, int place, int flags))                                                   \
    X(int, sigaction, (int signo, const struct sigaction *fresh, struct sigaction *old))           \
    X(int, madvise, (void *block, size_t size, int advice))                                        \
    X(int, fcntl, (int fd, int command, ...))                                                      \
    X(int, fstat, (int fd, struct stat *about))                                                    \
    X(int, poll, (struct pollfd *fds, nfds_t count, int timeout_ms))                               \
    X(int, prctl, (int option, ...))                                                               \
    X(int, kill, (pid_t pid, int signo))                                                           \
    X(int, tcgetattr, (int fd, struct termios *mode))                                              \
    X(int, tcsetattr, (int fd, int when, const struct termios *mode))

/* Those whose addresses cannot be taken as they are: glibc's transparent unions, and what older
 * C libraries do not have. Functions of sys.c stand for them. */
#define CORO_SYS_WRAPPED(X)                                                                        \
    X(int, bind, (int fd, const struct sockaddr *address, socklen_t size))                         \
    X(int, connect, (int fd, const struct sockaddr *address, socklen_t size))                      \
    X(int, accept4, (int fd, struct sockaddr *address, socklen_t *size, int flags))                \
    X(int, getsockname, (int fd, struct sockaddr *address, socklen_t *size))                       \
    X(int, getpeername, (int fd, struct sockaddr *address, socklen_t *size))                       \
    X(int, ioctl, (int fd, unsigned long request, void *argument))                                 \
    X(pid_t, vfork, (void (*child)(void *argument), void *argument))                               \
    X(int, waitid, (int kind, pid_t id, siginfo_t *info, int options))                             \
    X(int, pidfd_open, (pid_t pid))                                                                \
    X(int, pidfd_send_signal, (int pidfd, int signo))                                              \
    X(int, epoll_wait_ns,                                                                          \
      (int epoll, struct epoll_event *events, int count, long long timeout_ns))

typedef struct coro_sys_table {
#define CORO_SYS_MEMBER_(result, name, parameters) result(*name) parameters;
    CORO_SYS_CALLS(CORO_SYS_MEMBER_)
    CORO_SYS_WRAPPED(CORO_SYS_MEMBER_)
#undef CORO_SYS_MEMBER_
} coro_sys_table;

#define CORO_SYS_DECLARE_(result, name, parameters) result coro_sys_##name##_ parameters;
CORO_SYS_WRAPPED(CORO_SYS_DECLARE_)
#undef CORO_SYS_DECLARE_

#define CORO_SYS_ADDRESS_(result, name, parameters) name,
#define CORO_SYS_OWN_ADDRESS_(result, name, parameters) coro_sys_##name##_,
#define CORO_SYS_INIT_ {CORO_SYS_CALLS(CORO_SYS_ADDRESS_) CORO_SYS_WRAPPED(CORO_SYS_OWN_ADDRESS_)}

#if CORO_SYS_TABLE
extern coro_sys_table coro_sys;
#else
static const coro_sys_table coro_sys = CORO_SYS_INIT_;
#endif

#endif
