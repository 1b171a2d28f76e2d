/* SPDX-License-Identifier: MIT */
/*
 * readiness_fixture.h: descriptors of another library, and a system that counts, or fails.
 *
 *     two_ends(ends)      a connection in this machine; put(fd), take(fd) a byte
 *     fill(fd)            it is not writable any more; empty(other) makes it so
 *     count_watches()     added, removed
 *     poll_errors[0]      the next poll(2) fails with it, after fail_polls()
 */
#ifndef CORO_TEST_READINESS_FIXTURE_H
#define CORO_TEST_READINESS_FIXTURE_H

#include "net_fixture.h"

#include <coro/readiness.h>

static coro_sys_table real;
static int added, removed;

static inline int counted_epoll_ctl(int epoll, int op, int fd, struct epoll_event *event)
{
    int result = real.epoll_ctl(epoll, op, fd, event);
    added += result == 0 && op == EPOLL_CTL_ADD;
    removed += result == 0 && op == EPOLL_CTL_DEL;
    return result;
}

/* Two ends of a connection in this machine, as another library might have them: they block. */
static inline void two_ends(int ends[2])
{
    EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
}

static inline void close_ends(const int ends[2])
{
    for (int i = 0; i < 2; i++)
        if (ends[i] > 0)
            close(ends[i]);
}

static inline void put(int fd)
{
    EQ(write(fd, "x", 1), 1);
}

static inline void take(int fd)
{
    char byte;
    EQ(recv(fd, &byte, 1, MSG_DONTWAIT), 1);
}

/* Say "3" or the error. */
CORO_ASYNC(waits, ARGS(int, fd, unsigned, events), VARS(int ready, error;))
{
    CORO_ASYNC_BEGIN;
    CORO_AWAIT_CATCH(self->error, self->ready, coro_wait_fd(self->fd, self->events));
    if (self->error == 0)
        say("%d ", self->ready);
    else
        say("%s ", coro_error_name(self->error));
    CORO_ASYNC_END;
}

CORO_ASYNC(turns_over, ARGS(int, count), VARS(int i;))
{
    CORO_ASYNC_BEGIN;
    for (; self->i < self->count; self->i++)
        CORO_AWAIT(coro_sleep(CORO_MS(1)));
    CORO_ASYNC_END;
}

/* Fill a socket, so that it is not writable. */
static inline void fill(int fd)
{
    static char data[65536];
    while (send(fd, data, sizeof data, MSG_DONTWAIT) > 0)
        ;
}

static inline void empty(int fd)
{
    static char data[65536];
    while (recv(fd, data, sizeof data, MSG_DONTWAIT) > 0)
        ;
}

static int poll_errors[4];

static inline int failing_poll(struct pollfd *fds, nfds_t count, int timeout_ms)
{
    for (int i = 0; i < 4; i++)
        if (poll_errors[i] != 0) {
            errno = poll_errors[i];
            poll_errors[i] = 0;
            return -1;
        }
    return real.poll(fds, count, timeout_ms);
}

static inline void nothing(void *context)
{
    (void)context;
}

static inline void count_watches(void)
{
    real = coro_sys;
    coro_sys.epoll_ctl = counted_epoll_ctl;
}

static inline void fail_polls(void)
{
    real = coro_sys;
    coro_sys.poll = failing_poll;
}

#endif
