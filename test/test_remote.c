/* SPDX-License-Identifier: MIT */
/* Reaching a loop from outside: coro/remote.h, under epoll. A million of it: plain/inbox.c. */
#define _GNU_SOURCE
#include "poll_fixture.h"

#include <pthread.h>

SUITE(remote);

static void no_report(void *context, const coro_report *report)
{
    (void)context, (void)report;
}

static coro_remote *remote;
static coro_remote_flag flag;

static void *set_flag(void *unused)
{
    struct timespec pause = {0, 50000000}; /* the loop sleeps by then */
    nanosleep(&pause, NULL);
    coro_remote_flag_set(remote, &flag);
    coro_remote_release(remote);
    return unused;
}

ASYNC(wait_for_thread, VARS(pthread_t thread;))
{
    ASYNC_BEGIN;
    remote = coro_remote_open(coro_loop_current());
    HOLDS(remote != NULL);
    coro_remote_flag_init(&flag);
    EQ(pthread_create(&self->thread, NULL, set_flag, NULL), 0);
    AWAIT(coro_remote_flag_wait(&flag));
    EQ(pthread_join(self->thread, NULL), 0);
    EQ(calls.write, 1);
    ASYNC_END;
}

Test(remote, a_sleeping_loop_is_woken_by_one_system_call)
{
    watch_calls();
    EQ(RUN(wait_for_thread()), 0);
}

static unsigned messages_run;

static void count_message(coro_message *message)
{
    (void)message;
    messages_run++;
}

ASYNC(post_to_itself, VARS(coro_message message[3]; int i;))
{
    ASYNC_BEGIN;
    remote = coro_remote_open(coro_loop_current());
    for (self->i = 0; self->i < 3; self->i++) {
        self->message[self->i].run = count_message;
        EQ(coro_remote_post(remote, &self->message[self->i]), 0);
    }
    EQ(messages_run, 0);
    AWAIT(coro_yield());
    EQ(messages_run, 3);
    EQ(calls.write, 0); /* it was awake */
    coro_remote_release(remote);
    ASYNC_END;
}

Test(remote, a_running_loop_is_woken_by_none)
{
    watch_calls();
    EQ(RUN(post_to_itself()), 0);
}

ASYNC(keep_remote)
{
    ASYNC_BEGIN;
    remote = coro_remote_open(coro_loop_current());
    ASYNC_END;
}

Test(remote, a_remote_outlives_its_loop_and_says_so)
{
    coro_message message = {NULL, count_message};
    coro_loop_options options = {.backend = &coro_epoll_backend};
    EQ(coro_run_with(keep_remote(), &options), 0);
    EQ(coro_remote_post(remote, &message), CORO_ECLOSED);
    coro_remote_flag_init(&flag);
    EQ(coro_remote_flag_set(remote, &flag), CORO_ECLOSED);
    EQ(coro_remote_flag_set(remote, &flag), CORO_ECLOSED);
    coro_remote_release(remote);
    coro_remote_release(NULL);
    EQ(messages_run, 0);
}

static coro_message last_message = {NULL, count_message};

ASYNC(post_and_end)
{
    ASYNC_BEGIN;
    remote = coro_remote_open(coro_loop_current());
    EQ(coro_remote_post(remote, &last_message), 0);
    coro_remote_release(remote);
    ASYNC_END;
}

Test(remote, what_was_accepted_runs_although_the_loop_closes)
{
    EQ(RUN(post_and_end()), 0);
    EQ(messages_run, 1);
}

#define FLOOD 5000
static coro_message flood[FLOOD];
static unsigned turns_of_flood;

ASYNC(count_turns)
{
    ASYNC_BEGIN;
    while (messages_run < FLOOD) {
        turns_of_flood++;
        AWAIT(coro_yield());
    }
    ASYNC_END;
}

ASYNC(f059, VARS(coro_task *counter; int i;))
{
    ASYNC_BEGIN;
    remote = coro_remote_open(coro_loop_current());
    for (self->i = 0; self->i < FLOOD; self->i++) {
        flood[self->i].run = count_message;
        EQ(coro_remote_post(remote, &flood[self->i]), 0);
    }
    coro_remote_release(remote);
    AWAIT(count_turns());
    EQ(messages_run, FLOOD);
    HOLDS(turns_of_flood >= 4); /* others had their turns in between */
    ASYNC_END;
}

Test(remote, f059_a_flood_of_messages_leaves_turns_to_others)
{
    EQ(RUN(f059()), 0);
}

ASYNC(wait_alone, VARS(coro_flag never;))
{
    ASYNC_BEGIN;
    remote = coro_remote_open(coro_loop_current());
    coro_remote_release(remote);
    AWAIT(coro_flag_wait(&self->never));
    ASYNC_END;
}

Test(remote, a_released_remote_does_not_hide_a_deadlock)
{
    coro_loop_options options = {.backend = &coro_epoll_backend, .report = no_report};
    EQ(coro_run_with(wait_alone(), &options), CORO_EDEADLK);
}

static void *release_later(void *unused)
{
    struct timespec pause = {0, 3000000};
    nanosleep(&pause, NULL);
    coro_remote_release(remote);
    return unused;
}

ASYNC(wait_for_a_thread_that_gives_up, VARS(coro_flag never; pthread_t thread;))
{
    ASYNC_BEGIN;
    remote = coro_remote_open(coro_loop_current());
    EQ(pthread_create(&self->thread, NULL, release_later, NULL), 0);
    pthread_detach(self->thread);
    AWAIT(coro_flag_wait(&self->never));
    ASYNC_END;
}

Test(remote, a_thread_that_gives_up_wakes_a_loop_that_is_stuck_now)
{
    coro_loop_options options = {.backend = &coro_epoll_backend, .report = no_report};
    EQ(coro_run_with(wait_for_a_thread_that_gives_up(), &options), CORO_EDEADLK);
}
