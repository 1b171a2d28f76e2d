/* SPDX-License-Identifier: MIT */
/*
 * task.c - tasks made, joined and freed.
 *
 *     spawn    batches of 1000 tasks that return their number at once
 *     skynet   a tree of tasks, 10 children a node, down to n leaves; a leaf, which has
 *              nothing to wait for, is started eagerly
 *     skynetlazy   the same, where each task starts by the loop: all are alive at once
 *
 * All take each task's typed result by CORO_JOIN, and sum.
 */
#include "bench.h"

#include <coro/task.h>

ASYNC(number, RETURNS(uint64_t), ARGS(uint64_t, value))
{
    ASYNC_BEGIN;
    ASYNC_RETURN(self->value);
    ASYNC_END;
}

ASYNC(spawn_batch, ARGS(uint64_t, first, uint64_t *, sum),
      VARS(uint64_t value; int i; coro_task *tasks[BENCH_TASKS];))
{
    ASYNC_BEGIN;
    for (self->i = 0; self->i < BENCH_TASKS; self->i++)
        self->tasks[self->i] = coro_create_task(number(self->first + (uint64_t)self->i));
    for (self->i = 0; self->i < BENCH_TASKS; self->i++) {
        CORO_JOIN(self->value, number, self->tasks[self->i]);
        *self->sum += self->value;
    }
  ASYNC_FINALLY:
    for (self->i = 0; self->i < BENCH_TASKS; self->i++)
        coro_task_release(self->tasks[self->i]);
    ASYNC_END;
}

ASYNC(spawn, ARGS(uint64_t, n, double *, ns), VARS(uint64_t start, i, sum;))
{
    ASYNC_BEGIN;
    self->start = bench_wall_ns();
    for (self->i = 0; self->i < self->n; self->i += BENCH_TASKS)
        AWAIT(spawn_batch(self->i, &self->sum));
    *self->ns = (double)(bench_wall_ns() - self->start);
    bench_check(self->sum == self->n * (self->n - 1) / 2, "spawn: sum");
    ASYNC_END;
}

double bench_spawn(uint64_t *n)
{
    double ns = 0;
    *n = (*n + BENCH_TASKS - 1) / BENCH_TASKS * BENCH_TASKS;
    bench_run(spawn(*n, &ns));
    return ns;
}

#define BRANCHES 10

/* The sum of the ordinals of `leaves` leaves from `first` on; the leaves are tasks as well. */
ASYNC(node, RETURNS(uint64_t), ARGS(uint64_t, first, uint64_t, leaves, bool, eager),
      VARS(uint64_t sum, value, step; int i; coro_task *children[BRANCHES];))
{
    ASYNC_BEGIN;
    self->step = self->leaves / BRANCHES;
    for (int i = 0; i < BRANCHES; i++) {
        uint64_t first = self->first + (uint64_t)i * self->step;
        if (self->step > 1)
            self->children[i] = coro_create_task(node(first, self->step, self->eager));
        else if (self->eager)
            self->children[i] = coro_create_task_eager(number(first));
        else
            self->children[i] = coro_create_task(number(first));
    }
    for (self->i = 0; self->i < BRANCHES; self->i++) {
        if (self->step == 1)
            CORO_JOIN(self->value, number, self->children[self->i]);
        else
            CORO_JOIN(self->value, node, self->children[self->i]);
        self->sum += self->value;
    }
    ASYNC_RETURN(self->sum);
  ASYNC_FINALLY:
    for (int i = 0; i < BRANCHES; i++)
        coro_task_release(self->children[i]);
    ASYNC_END;
}

ASYNC(skynet, ARGS(uint64_t, n, bool, eager, double *, ns), VARS(uint64_t start, sum;))
{
    ASYNC_BEGIN;
    self->start = bench_wall_ns();
    AWAIT(self->sum, node(0, self->n, self->eager));
    *self->ns = (double)(bench_wall_ns() - self->start);
    bench_check(self->sum == self->n * (self->n - 1) / 2, "skynet: sum");
    ASYNC_END;
}

static double run_skynet(uint64_t *n, bool eager)
{
    double ns = 0;
    uint64_t leaves = BRANCHES;
    while (leaves * BRANCHES <= *n)
        leaves *= BRANCHES;
    *n = leaves;
    bench_run(skynet(leaves, eager, &ns));
    return ns;
}

double bench_skynet(uint64_t *n)
{
    return run_skynet(n, true);
}

double bench_skynetlazy(uint64_t *n)
{
    return run_skynet(n, false);
}
