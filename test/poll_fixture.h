/* SPDX-License-Identifier: MIT */
/*
 * poll_fixture.h: descriptors under watch, and system calls that are counted or fail.
 *
 *     watch  a coro_fd with a flag that its ready() sets
 *     calls  how often the loop made each of the system calls that matter
 *     fault  the next calls of one kind fail with this errno
 */
#ifndef CORO_TEST_POLL_FIXTURE_H
#define CORO_TEST_POLL_FIXTURE_H

#include "helper.h"

#include "poll/poll.h"
#include "poll/sys.h"

#include <coro/flag.h>
#include <coro/future.h>
#include <coro/gather.h>
#include <coro/remote.h>
#include <coro/run.h>
#include <coro/scope.h>
#include <coro/test.h>

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EQ(actual, expected) cr_assert(eq(long, (long)(actual), (long)(expected)))
#define HOLDS(condition) cr_assert(ne(int, (condition) ? 1 : 0, 0), "%s", #condition)

/* --- system calls ------------------------------------------------------------------------- */

static struct {
    unsigned ctl, wait, events, write, close, settime;
} calls;

typedef struct fault {
    unsigned after, times; /* let so many pass, then fail so many */
    int error;
} fault;

static struct {
    fault create, ctl, wait, wait_ns, timerfd, settime, eventfd;
} faults;

/* True: fail, errno is set. */
static inline bool strikes(fault *each)
{
    if (each->times == 0)
        return false;
    if (each->after > 0) {
        each->after--;
        return false;
    }
    each->times--;
    errno = each->error;
    return true;
}

static coro_sys_table real;

static inline int faulty_create(int flags)
{
    return strikes(&faults.create) ? -1 : real.epoll_create1(flags);
}

static inline int faulty_ctl(int epoll, int op, int fd, struct epoll_event *event)
{
    calls.ctl++;
    return strikes(&faults.ctl) ? -1 : real.epoll_ctl(epoll, op, fd, event);
}

static inline int faulty_wait(int epoll, struct epoll_event *events, int count, int timeout_ms)
{
    int result = strikes(&faults.wait) ? -1 : real.epoll_wait(epoll, events, count, timeout_ms);
    calls.wait++;
    calls.events += result > 0 ? (unsigned)result : 0;
    return result;
}

static inline int faulty_wait_ns(int epoll, struct epoll_event *events, int count,
                                 long long timeout_ns)
{
    int result =
        strikes(&faults.wait_ns) ? -1 : real.epoll_wait_ns(epoll, events, count, timeout_ns);
    calls.wait++;
    calls.events += result > 0 ? (unsigned)result : 0;
    return result;
}

static inline int faulty_timerfd(int clock, int flags)
{
    return strikes(&faults.timerfd) ? -1 : real.timerfd_create(clock, flags);
}

static inline int faulty_settime(int fd, int flags, const struct itimerspec *fresh,
                                 struct itimerspec *old)
{
    calls.settime++;
    return strikes(&faults.settime) ? -1 : real.timerfd_settime(fd, flags, fresh, old);
}

static inline int faulty_eventfd(unsigned initial, int flags)
{
    return strikes(&faults.eventfd) ? -1 : real.eventfd(initial, flags);
}

static inline ssize_t counted_write(int fd, const void *data, size_t size)
{
    calls.write++;
    return real.write(fd, data, size);
}

static inline int counted_close(int fd)
{
    calls.close++;
    return real.close(fd);
}

static inline void watch_calls(void)
{
    real = coro_sys;
    coro_sys.epoll_create1 = faulty_create;
    coro_sys.epoll_ctl = faulty_ctl;
    coro_sys.epoll_wait = faulty_wait;
    coro_sys.epoll_wait_ns = faulty_wait_ns;
    coro_sys.timerfd_create = faulty_timerfd;
    coro_sys.timerfd_settime = faulty_settime;
    coro_sys.eventfd = faulty_eventfd;
    coro_sys.write = counted_write;
    coro_sys.close = counted_close;
}

/* --- descriptors -------------------------------------------------------------------------- */

static inline unsigned open_descriptors(void)
{
    DIR *folder = opendir("/proc/self/fd");
    unsigned count = 0;
    HOLDS(folder != NULL);
    while (readdir(folder) != NULL)
        count++;
    closedir(folder);
    return count;
}

static inline bool is_open(int fd)
{
    return fcntl(fd, F_GETFD) >= 0;
}

static inline void make_pair(int fds[2])
{
    EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
}

typedef struct watch {
    coro_fd fd; /* first */
    coro_flag flag;
    unsigned told, directions;
} watch;

static inline void watch_ready(coro_fd *fd, unsigned directions)
{
    watch *self = (watch *)fd;
    self->told++;
    self->directions |= directions;
    coro_flag_set(&self->flag);
}

static inline int watch_open(watch *self, int fd)
{
    *self = (watch){.flag = CORO_FLAG_INIT};
    return coro_fd_open(coro_loop_current(), &self->fd, fd, watch_ready);
}

/* Wait until ready() is called. */
CORO_ASYNC(until_ready, ARGS(watch *, on, unsigned, direction), VARS(int error;))
{
    CORO_ASYNC_BEGIN;
    self->error = coro_fd_want(&self->on->fd, self->direction);
    if (self->error != 0)
        CORO_ASYNC_THROW(self->error);
    CORO_AWAIT(coro_flag_wait(&self->on->flag));
  CORO_ASYNC_FINALLY:
    coro_fd_unwant(&self->on->fd, self->direction);
    CORO_ASYNC_END;
}

/* Read as a stream does: try, mark what is drained, wait. */
CORO_ASYNC(read_some, RETURNS(long), ARGS(watch *, on, char *, buffer, size_t, size), VARS(long n;))
{
    CORO_ASYNC_BEGIN;
    for (;;) {
        if (coro_fd_may_try(&self->on->fd, CORO_FD_READ)) {
            self->n = read(self->on->fd.fd, self->buffer, self->size);
            if (self->n < (long)self->size && (self->n >= 0 || errno == EAGAIN))
                coro_fd_drained(&self->on->fd, CORO_FD_READ);
            if (self->n >= 0 || errno != EAGAIN)
                break;
        }
        CORO_AWAIT(until_ready(self->on, CORO_FD_READ));
    }
    CORO_ASYNC_RETURN(self->n >= 0 ? self->n : -errno);
    CORO_ASYNC_END;
}

/* Run with the loop of epoll, whatever CORO_POLL says: the call's error. No descriptor may stay. */
static inline int run_(coro_header *call)
{
    coro_test_allocator memory = {0};
    coro_loop_options options = {.backend = &coro_epoll_backend,
                                 .allocator = coro_test_allocator_of(&memory)};
    unsigned before = open_descriptors();
    int error = coro_run_(call, &options);
    EQ(memory.live, 0);
    EQ(open_descriptors(), before);
    return error;
}

#define RUN(call) run_(&(call)->coro)

#endif
