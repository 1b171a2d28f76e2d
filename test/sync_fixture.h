/* SPDX-License-Identifier: MIT */
/*
 * sync_fixture.h: tasks that are made and cancelled at random, for the primitives by which
 * tasks meet.
 *
 *     make_worker = ...;                 // each is a task that ends by itself
 *     CHAOS(check_the_end());            // for each seed: a run, then this
 *
 * A failure names its seed; CORO_TEST_SEED=n in the environment begins with that one.
 */
#ifndef CORO_TEST_SYNC_FIXTURE_H
#define CORO_TEST_SYNC_FIXTURE_H

#include "loop_fixture.h"

#include "kernel/wait.h"

#include <coro/barrier.h>
#include <coro/condition.h>
#include <coro/event.h>
#include <coro/limiter.h>
#include <coro/lock.h>
#include <coro/once.h>
#include <coro/rwlock.h>

static unsigned seed;
static uint64_t random_state;

static inline unsigned dice(unsigned sides)
{
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(random_state >> 33) % sides;
}

#define CHAOS_EQ(actual, expected)                                                                 \
    cr_assert(eq(long, (long)(actual), (long)(expected)), "CORO_TEST_SEED=%u: %s", seed, #actual)
#define CHAOS_HOLDS(condition)                                                                     \
    cr_assert(ne(int, (condition) ? 1 : 0, 0), "CORO_TEST_SEED=%u: %s", seed, #condition)

enum { WORKERS = 12, ROUNDS = 800, SEEDS = 12 };

static coro_any *(*make_worker)(void);
static int cancels, workers_cancelled, workers_well; /* of all runs */

/* A moment, or none, or a turn. */
static inline CORO_NODISCARD coro_void *moment(void)
{
    return coro_sleep(CORO_MS(dice(4) == 0 ? 1 + dice(3) : 0));
}

/* Make a worker, or cancel one. */
static inline void disturb(coro_task **worker)
{
    if (*worker != NULL && coro_task_done(*worker)) {
        workers_cancelled += coro_task_cancelled(*worker);
        workers_well += coro_task_error(*worker) == 0;
        coro_task_release(*worker);
        *worker = NULL;
    }
    if (*worker == NULL)
        *worker = coro_create_task_(NULL, &make_worker()->coro);
    else if (dice(3) == 0)
        cancels += coro_task_cancel(*worker);
}

CORO_ASYNC(chaos, VARS(coro_task *workers[WORKERS]; int i, round, error;))
{
    CORO_ASYNC_BEGIN;
    for (self->round = 0; self->round < ROUNDS; self->round++) {
        disturb(&self->workers[dice(WORKERS)]);
        if (dice(8) == 0)
            CORO_AWAIT(moment());
    }
    for (self->i = 0; self->i < WORKERS; self->i++) {
        if (self->workers[self->i] == NULL)
            continue;
        CORO_AWAIT_CATCH(self->error, coro_task_join(self->workers[self->i]));
        coro_task_release(self->workers[self->i]);
    }
    CORO_ASYNC_END;
}

/* A run for each seed; `end` after each. */
#define CHAOS(end)                                                                                 \
    do {                                                                                           \
        const char *first_ = getenv("CORO_TEST_SEED");                                             \
        seed = first_ != NULL ? (unsigned)strtoul(first_, NULL, 10) : 1;                           \
        for (unsigned last_ = seed + SEEDS; seed < last_; seed++) {                                \
            random_state = seed;                                                                   \
            CHAOS_EQ(RUN(chaos()), 0);                                                             \
            end;                                                                                   \
        }                                                                                          \
        HOLDS(cancels > 50 && workers_cancelled > 50 && workers_well > 50);                        \
    } while (0)

#endif
