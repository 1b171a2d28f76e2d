/* SPDX-License-Identifier: MIT */
/*
 * inbox.c - four threads wake one loop a million times; each wake is counted once.
 *
 * Under TSan this is the proof of src/thread/inbox.c: the loop runs, sleeps and
 * at last closes while the threads go on. What a post accepted has run, in the
 * order of its thread; what was refused has not.
 *
 * The first argument is the number of wakes; 1,000,000 without one, 20,000 where
 * CORO_TEST_SLOW is set (valgrind runs one thread at a time).
 */
#include "require.h"

#include <coro/remote.h>
#include <coro/run.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#define THREADS 4

typedef struct wake {
    coro_message message;
    struct producer *producer;
    unsigned number;
} wake;

typedef struct producer {
    pthread_t thread;
    coro_remote *remote;
    wake *wakes;
    unsigned count, accepted;
    unsigned ran;  /* in the loop */
    unsigned late; /* refused: the loop was closed */
} producer;

static producer producers[THREADS];
static unsigned wanted;       /* wakes after which the loop closes */
static unsigned total;        /* that have run */
static coro_flag enough;
static coro_remote_flag ping; /* set by all, waited for by a task */
static unsigned pings;

static void run_wake(coro_message *message)
{
    wake *self = (wake *)message;
    REQUIRE(self->number == self->producer->ran); /* in order, none twice, none left out */
    self->producer->ran++;
    if (++total == wanted)
        coro_flag_set(&enough);
}

static void *produce(void *argument)
{
    producer *self = argument;
    for (unsigned i = 0; i < self->count; i++) {
        wake *each = &self->wakes[i];
        *each = (wake){{NULL, run_wake}, self, i};
        if (coro_remote_post(self->remote, &each->message) == 0)
            self->accepted++;
        else
            self->late++;
        if (i % 64 == 0)
            coro_remote_flag_set(self->remote, &ping);
        if (i % 4096 == 0) { /* let the loop fall asleep now and then */
            struct timespec pause = {0, 50000};
            nanosleep(&pause, NULL);
        }
        REQUIRE(self->accepted == i + 1 || self->late > 0);
    }
    coro_remote_release(self->remote);
    return NULL;
}

ASYNC(listen_to_pings)
{
    ASYNC_BEGIN;
    for (;;) {
        AWAIT(coro_remote_flag_wait(&ping));
        pings++;
    }
    ASYNC_END;
}

ASYNC(main_async, ARGS(unsigned, count), VARS(coro_task *listener; unsigned i;))
{
    ASYNC_BEGIN;
    coro_remote_flag_init(&ping);
    self->listener = coro_create_task(listen_to_pings());
    for (self->i = 0; self->i < THREADS; self->i++) {
        producer *each = &producers[self->i];
        *each = (producer){.count = self->count / THREADS};
        each->wakes = malloc(each->count * sizeof *each->wakes);
        each->remote = coro_remote_open(coro_loop_current());
        REQUIRE(each->wakes != NULL && each->remote != NULL);
        REQUIRE(pthread_create(&each->thread, NULL, produce, each) == 0);
    }
    AWAIT(coro_flag_wait(&enough)); /* then the loop closes under their hands */
    coro_task_release(self->listener);
    ASYNC_END;
}

static void run(unsigned count, unsigned until, bool print)
{
    unsigned ran = 0, accepted = 0, late = 0;
    wanted = until;
    total = pings = 0;
    enough = (coro_flag)CORO_FLAG_INIT;
    REQUIRE(coro_run(main_async(count)) == 0);
    for (unsigned i = 0; i < THREADS; i++) {
        REQUIRE(pthread_join(producers[i].thread, NULL) == 0);
        ran += producers[i].ran;
        accepted += producers[i].accepted;
        late += producers[i].late;
        REQUIRE(producers[i].ran == producers[i].accepted);
        free(producers[i].wakes);
    }
    if (print)
        printf("%u wakes: %u ran, %u came too late, %u pings\n", count, ran, late, pings);
    REQUIRE(ran == accepted && ran + late == count / THREADS * THREADS && ran >= until);
    REQUIRE(pings > 0 || !print); /* who closes at once may not have been pinged yet */
}

int main(int argc, char **argv)
{
    unsigned usual = getenv("CORO_TEST_SLOW") != NULL ? 20000 : 1000000;
    unsigned count = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : usual;
    run(count, count / THREADS * THREADS, true); /* to the last one */
    run(count / 10, count / 20, true);           /* closing in the middle */
    for (unsigned i = 0; i < 200; i++)           /* closing at once */
        run(400, 1 + i, false);
    return 0;
}
