/* SPDX-License-Identifier: MIT */
/*
 * os_fixture.h: real pipes and children in a loop whose memory, descriptors, reports
 * and children are counted, as net_fixture.h does; and system calls that fail.
 *
 *     RUN_OS(call)                   no report may come, nothing may be left, no zombie either
 *     break_system();                from here on: the fault.at-th call of fault.name fails
 *     EACH_CALL_FAILS(name, call)    the call is run until the fault no longer fires
 */
#ifndef CORO_TEST_OS_FIXTURE_H
#define CORO_TEST_OS_FIXTURE_H

#include "net_fixture.h"

#include <sys/wait.h>

#include <coro/pipe.h>
#include <coro/process.h>

static inline void no_children(void)
{
    int status;
    EQ(waitpid(-1, &status, WNOHANG), -1);
    EQ(errno, ECHILD);
}

static inline int run_os_(coro_header *call)
{
    int error = run_net_(call);
    no_children();
    return error;
}

#define RUN_OS(call) run_os_(&(call)->coro)

/* --- faults ------------------------------------------------------------------------------- */

static coro_sys_table real;

static struct {
    const char *name;
    int at;    /* counts down: at 1 the call fails */
    int error; /* errno */
    int hits;
    bool goes_on; /* the later ones fail, too */
} fault;

static inline bool fails_now(const char *name)
{
    if (fault.name == NULL || strcmp(name, fault.name) != 0 || fault.at == 0)
        return false;
    if (fault.at > 1) {
        fault.at--;
        return false;
    }
    if (!fault.goes_on)
        fault.at = 0;
    fault.hits++;
    errno = fault.error;
    return true;
}

#define FAULTY(X)                                                                                  \
    X(int, epoll_ctl, (int p, int op, int fd, struct epoll_event *event), (p, op, fd, event))      \
    X(ssize_t, read, (int fd, void *buffer, size_t size), (fd, buffer, size))                      \
    X(ssize_t, write, (int fd, const void *data, size_t size), (fd, data, size))                   \
    X(ssize_t, writev, (int fd, const struct iovec *parts, int count), (fd, parts, count))         \
    X(ssize_t, recv, (int fd, void *buffer, size_t size, int flags), (fd, buffer, size, flags))    \
    X(ssize_t, sendmsg, (int fd, const struct msghdr *m, int flags), (fd, m, flags))               \
    X(int, pipe2, (int fds[2], int flags), (fds, flags))                                           \
    X(int, fstat, (int fd, struct stat *about), (fd, about))                                       \
    X(int, poll, (struct pollfd *fds, nfds_t count, int ms), (fds, count, ms))                     \
    X(int, shutdown, (int fd, int how), (fd, how))                                                 \
    X(int, ioctl, (int fd, unsigned long request, void *argument), (fd, request, argument))        \
    X(pid_t, vfork, (void (*child)(void *), void *argument), (child, argument))                    \
    X(int, waitid, (int kind, pid_t id, siginfo_t *info, int options), (kind, id, info, options))  \
    X(int, pidfd_open, (pid_t pid), (pid))                                                         \
    X(int, pidfd_send_signal, (int pidfd, int signo), (pidfd, signo))                              \
    X(int, kill, (pid_t pid, int signo), (pid, signo))                                             \
    X(int, sigaction, (int signo, const struct sigaction *fresh, struct sigaction *old),           \
      (signo, fresh, old))

#define FAULTY_FUNCTION(result, name, parameters, arguments)                                       \
    static inline result faulty_##name parameters                                                  \
    {                                                                                              \
        return fails_now(#name) ? (result)-1 : real.name arguments;                                \
    }
FAULTY(FAULTY_FUNCTION)

static inline int faulty_fcntl(int fd, int command, ...)
{
    va_list arguments;
    long argument;
    va_start(arguments, command);
    argument = va_arg(arguments, long);
    va_end(arguments);
    return fails_now("fcntl") ? -1 : real.fcntl(fd, command, argument);
}

static inline int faulty_open(const char *path, int flags, ...)
{
    return fails_now("open") ? -1 : real.open(path, flags);
}

#define FAULTY_ENTRY(result, name, parameters, arguments) coro_sys.name = faulty_##name;

static inline void break_system(void)
{
    real = coro_sys;
    FAULTY(FAULTY_ENTRY)
    coro_sys.fcntl = faulty_fcntl;
    coro_sys.open = faulty_open;
}

/* The next call of that name fails once. */
static inline void fail_next(const char *name, int error)
{
    fault.name = name;
    fault.at = 1;
    fault.error = error;
    fault.hits = 0;
    fault.goes_on = false;
}

/* Whatever fails: an error or none, in time, and nothing is left behind. The call is made anew
 * each time, and says by its error whether it came to its end. */
#define EACH_CALL_FAILS(call_name, number, call)                                                   \
    do {                                                                                           \
        int at_ = 0, result_;                                                                      \
        do {                                                                                       \
            memset(&memory, 0, sizeof memory);                                                     \
            fail_next(call_name, number);                                                          \
            fault.at = ++at_;                                                                      \
            result_ = RUN_NET_LOUD(call);                                                          \
            no_children();                                                                         \
            cr_assert(ne(int, result_, CORO_ETIMEDOUT), "%s %d of errno %d", call_name, at_,       \
                      number);                                                                     \
        } while (fault.hits > 0 && at_ < 20);                                                      \
        EQ(fault.hits > 0 ? 0 : result_, 0);                                                       \
        fault.name = NULL;                                                                         \
    } while (0)

#endif
