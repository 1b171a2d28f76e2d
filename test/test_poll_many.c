/* SPDX-License-Identifier: MIT */
/* The epoll backend when many descriptors are ready at once. */
#define _GNU_SOURCE
#include "poll_fixture.h"

#include "poll/try.h"

SUITE(poll_many);

#define MANY 20

typedef struct crowd {
    int fds[MANY][2];
    watch in[MANY];
} crowd;

static void gather_crowd(crowd *all)
{
    for (int i = 0; i < MANY; i++) {
        make_pair(all->fds[i]);
        EQ(watch_open(&all->in[i], all->fds[i][0]), 0);
        EQ(coro_fd_want(&all->in[i].fd, CORO_FD_READ), 0);
    }
}

static void disperse(crowd *all)
{
    for (int i = 0; i < MANY; i++) {
        coro_fd_close(&all->in[i].fd);
        close(all->fds[i][1]);
    }
}

static int told(const crowd *all)
{
    int count = 0;
    for (int i = 0; i < MANY; i++)
        count += (int)all->in[i].told;
    return count;
}

ASYNC(hears_a_crowd, VARS(crowd all; watch late; int fds[2], reused; unsigned before;))
{
    ASYNC_BEGIN;
    gather_crowd(&self->all);
    for (int i = 0; i < MANY; i++)
        EQ(write(self->all.fds[i][1], "x", 1), 1);
    while (told(&self->all) == 0)
        AWAIT(coro_yield());
    self->before = calls.wait;
    EQ(told(&self->all), 8);
    /* The last one is closed, and its number is another's, before its event is looked at. */
    self->reused = self->all.fds[MANY - 1][0];
    coro_fd_close(&self->all.in[MANY - 1].fd);
    make_pair(self->fds);
    EQ(self->fds[0], self->reused);
    EQ(watch_open(&self->late, self->fds[0]), 0);
    EQ(coro_fd_want(&self->late.fd, CORO_FD_READ), 0);
    AWAIT(coro_yield());
    EQ(told(&self->all), 16);
    AWAIT(coro_yield());
    EQ(told(&self->all), MANY - 1);
    EQ(self->late.told, 0);
    EQ(calls.wait, self->before);
    coro_fd_close(&self->late.fd);
    close(self->fds[1]);
    disperse(&self->all);
    ASYNC_END;
}

Test(poll_many, events_are_delivered_a_few_a_turn_and_all_before_the_next_look)
{
    watch_calls();
    EQ(RUN(hears_a_crowd()), 0);
}

static char bulk[40000];

static void reads_bulk(coro_fd *fd, unsigned directions)
{
    EQ(coro_fd_recv(fd, bulk, sizeof bulk), sizeof bulk);
    watch_ready(fd, directions);
}

ASYNC(hears_much, VARS(crowd all; int heard;))
{
    ASYNC_BEGIN;
    gather_crowd(&self->all);
    for (int i = 0; i < 5; i++) {
        self->all.in[i].fd.ready = reads_bulk;
        EQ(write(self->all.fds[i][1], bulk, sizeof bulk), sizeof bulk);
    }
    while (told(&self->all) == 0)
        AWAIT(coro_yield());
    for (self->heard = 2; self->heard <= 4; self->heard += 2) {
        EQ(told(&self->all), self->heard);
        AWAIT(coro_yield());
    }
    EQ(told(&self->all), 5);
    disperse(&self->all);
    ASYNC_END;
}

Test(poll_many, fewer_events_are_delivered_a_turn_when_they_bring_much)
{
    EQ(RUN(hears_much()), 0);
}
