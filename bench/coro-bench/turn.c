/* SPDX-License-Identifier: MIT */
/*
 * turn.c - tasks that do nothing but give way: the cost of a turn of the loop.
 *
 *     yield       one task, n turns with one resume each
 *     yield1000   1000 tasks, n / 1000 turns with 1000 resumes each
 *
 * BENCH_IDLE=1 adds what a real program has beside its ready tasks: a timer that
 * is far away. (An idle socket costs nothing until the loop asks the system.)
 */
#include "bench.h"

#include <coro/group.h>
#include <coro/task.h>

#include <stdlib.h>

ASYNC(yield_times, ARGS(uint64_t, n, uint64_t *, done), VARS(uint64_t i;))
{
    ASYNC_BEGIN;
    for (self->i = 0; self->i < self->n; self->i++) {
        AWAIT(coro_yield());
        ++*self->done;
    }
    ASYNC_END;
}

ASYNC(sleep_long, ARGS(coro_duration, delay))
{
    ASYNC_BEGIN;
    AWAIT(coro_sleep(self->delay));
    ASYNC_END;
}

ASYNC(yield_one, ARGS(uint64_t, n, double *, ns),
      VARS(uint64_t start, done; coro_task *idle;))
{
    ASYNC_BEGIN;
    if (getenv("BENCH_IDLE") != NULL)
        self->idle = coro_create_task(sleep_long(CORO_SECONDS(3600)));
    AWAIT(coro_yield());
    self->start = bench_wall_ns();
    AWAIT(yield_times(self->n, &self->done));
    *self->ns = (double)(bench_wall_ns() - self->start);
    bench_check(self->done == self->n, "yield: turns");
    if (self->idle != NULL)
        coro_task_cancel(self->idle);
  ASYNC_FINALLY:
    coro_task_release(self->idle);
    ASYNC_END;
}

double bench_yield(uint64_t *n)
{
    double ns = 0;
    bench_run(yield_one(*n, &ns));
    return ns;
}

ASYNC(yield_many, ARGS(uint64_t, n, double *, ns),
      VARS(uint64_t start, done; coro_group group;))
{
    ASYNC_BEGIN;
    self->start = bench_wall_ns();
    CORO_GROUP(self->group) {
        for (int i = 0; i < BENCH_TASKS; i++)
            coro_group_create_task(&self->group, yield_times(self->n / BENCH_TASKS, &self->done));
    }
    *self->ns = (double)(bench_wall_ns() - self->start);
    bench_check(self->done == self->n, "yield1000: turns");
    ASYNC_END;
}

double bench_yield1000(uint64_t *n)
{
    double ns = 0;
    *n = (*n + BENCH_TASKS - 1) / BENCH_TASKS * BENCH_TASKS;
    bench_run(yield_many(*n, &ns));
    return ns;
}
