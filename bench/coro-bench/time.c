/* SPDX-License-Identifier: MIT */
/*
 * time.c - tasks and callbacks that wait for the clock.
 *
 *     sleep    n tasks at once that sleep 3 s each (BENCH_SLEEP_MS), wall - 3 s
 *     timers   n callbacks due in 2 to 3 s, 9 of 10 cancelled before that, CPU time
 */
#include "bench.h"

#include <coro/callback.h>
#include <coro/future.h>
#include <coro/group.h>
#include <coro/run.h>
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
static uint32_t xorshift(uint32_t state)
{
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return state;
}

typedef struct timers {
    uint64_t n, fired;
    coro_future all;
    coro_handle *handles;
} timers;

static void timer_fires(void *context)
{
    timers *self = context;
    if (++self->fired == (self->n + 9) / 10)
        coro_future_set_result(&self->all, NULL);
}

ASYNC(sets_timers, ARGS(timers *, timers, double *, ns), VARS(uint64_t start;))
{
    ASYNC_BEGIN;
    self->start = bench_cpu_ns();
    for (uint64_t i = 0, seed = 2463534242u; i < self->timers->n; i++) {
        seed = xorshift((uint32_t)seed);
        bench_check(coro_loop_call_later(coro_loop_current(), &self->timers->handles[i],
                                         CORO_US(2000000 + seed % 1000000), timer_fires,
                                         self->timers) == 0,
                    "timers: no memory");
    }
    for (uint64_t i = 0; i < self->timers->n; i++)
        if (i % 10 != 0)
            coro_handle_cancel(&self->timers->handles[i]);
    AWAIT(coro_future_wait(&self->timers->all));
    *self->ns = (double)(bench_cpu_ns() - self->start);
    ASYNC_END;
}

double bench_timers(uint64_t *n)
{
    double ns = 0;
    timers timers = {.n = *n, .all = CORO_FUTURE_INIT};
    timers.handles = calloc(*n, sizeof *timers.handles);
    bench_check(timers.handles != NULL, "timers: no memory");
    coro_loop_options options = {.timer_slack = CORO_MS(1)}; /* what all of the peers have */
    bench_check(coro_run_with(sets_timers(&timers, &ns), &options) == 0, "timers: run");
    bench_check(timers.fired == (*n + 9) / 10, "timers: fired");
    free(timers.handles);
    return ns;
}
