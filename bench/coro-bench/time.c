/* SPDX-License-Identifier: MIT */
/*
 * time.c - tasks that wait for the clock.
 *
 *     sleep    n tasks at once that sleep 3 s each (BENCH_SLEEP_MS), wall - 3 s
 *     timers   n tasks that sleep 2 to 3 s, 9 of 10 cancelled before that, CPU time
 */
#include "bench.h"

#include <coro/group.h>
#include <coro/task.h>

#include <stdlib.h>

/* --- sleep --------------------------------------------------------------------------------- */

static coro_duration sleep_time(void)
{
    const char *ms = getenv("BENCH_SLEEP_MS");
    return CORO_MS(ms != NULL ? atoi(ms) : 3000);
}

ASYNC(sleeper, ARGS(coro_duration, delay, uint64_t *, count))
{
    ASYNC_BEGIN;
    AWAIT(coro_sleep(self->delay));
    ++*self->count;
    ASYNC_END;
}

ASYNC(sleepers, ARGS(uint64_t, n, double *, ns),
      VARS(coro_group group; coro_duration delay; uint64_t start, count;))
{
    ASYNC_BEGIN;
    self->delay = sleep_time();
    self->start = bench_wall_ns();
    CORO_GROUP(self->group) {
        for (uint64_t i = 0; i < self->n; i++)
            coro_group_create_task(&self->group, sleeper(self->delay, &self->count));
    }
    *self->ns = (double)(bench_wall_ns() - self->start) - (double)self->delay;
    bench_check(self->count == self->n, "sleep: count");
    ASYNC_END;
}

double bench_sleep(uint64_t *n)
{
    double ns = 0;
    bench_run(sleepers(*n, &ns));
    return ns;
}

/* --- timers -------------------------------------------------------------------------------- */

/* George Marsaglia, "Xorshift RNGs", Journal of Statistical Software 8 (14), 2003. */
static uint32_t xorshift(uint32_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state;
}

ASYNC(timers, ARGS(uint64_t, n, coro_task **, tasks, double *, ns),
      VARS(uint64_t start, i, fired; uint32_t seed; coro_group group;))
{
    ASYNC_BEGIN;
    self->seed = 2463534242u;
    self->start = bench_cpu_ns();
    CORO_GROUP(self->group) {
        for (uint64_t i = 0; i < self->n; i++)
            self->tasks[i] = coro_group_create_task(
                &self->group,
                sleeper(CORO_US(2000000 + xorshift(&self->seed) % 1000000), &self->fired));
        AWAIT(coro_yield()); /* now all of them sleep */
        for (uint64_t i = 0; i < self->n; i++)
            if (i % 10 != 0)
                coro_task_cancel(self->tasks[i]);
    }
    *self->ns = (double)(bench_cpu_ns() - self->start);
    bench_check(self->fired == (self->n + 9) / 10, "timers: fired");
    ASYNC_END;
}

double bench_timers(uint64_t *n)
{
    double ns = 0;
    coro_task **tasks = malloc(*n * sizeof *tasks);
    bench_check(tasks != NULL, "timers: no memory");
    bench_run(timers(*n, tasks, &ns));
    free(tasks);
    return ns;
}
