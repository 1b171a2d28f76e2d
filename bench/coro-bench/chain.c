/* SPDX-License-Identifier: MIT */
/*
 * chain.c - frames that await each other, with a loop and without.
 *
 *     switch     driver ⇄ one frame                        n times
 *     deep       driver ⇄ leaf of a standing chain of 10   n times
 *     nest       10 frames made, awaited, freed; the leaf suspends once
 *
 * yielddeep and yieldnest are the same in a task: the leaf yields to the loop.
 * Each level adds 1, so that the chain's result is its length.
 */
#include "bench.h"

#include <coro/task.h>

#define LEVELS 10

/* Hide from the compiler what a pointer points to, as a frame from elsewhere would. */
#define OPAQUE(pointer) __asm__ volatile("" : "+r"(pointer) : : "memory")

/* --- without a loop ------------------------------------------------------------------------ */

ASYNC(count_to, YIELDS(uint64_t), ARGS(uint64_t, n), VARS(uint64_t i;))
{
    ASYNC_BEGIN;
    for (self->i = 0; self->i < self->n; self->i++)
        YIELD(self->i);
    ASYNC_END;
}

double bench_switch(uint64_t *n)
{
    coro_driver driver;
    uint64_t resumes = 0, start, end;
    struct count_to *call = count_to(*n);
    OPAQUE(call);
    coro_driver_init(&driver, &call->coro);
    start = bench_wall_ns();
    while (coro_resume(&driver))
        resumes++;
    end = bench_wall_ns();
    bench_check(resumes == *n, "switch: resumes");
    coro_driver_close(&driver);
    return (double)(end - start);
}

ASYNC(chain, RETURNS(uint64_t), ARGS(int, depth, uint64_t, n), VARS(uint64_t below;))
{
    ASYNC_BEGIN;
    if (self->depth == 1) {
        while (self->n-- > 0)
            ASYNC_SUSPEND;
        ASYNC_RETURN(1);
    }
    AWAIT(self->below, chain(self->depth - 1, self->n));
    ASYNC_RETURN(self->below + 1);
    ASYNC_END;
}

/* The chain's result; adds what it took to *resumes. */
static uint64_t drive(struct chain *call, uint64_t *resumes)
{
    coro_driver driver;
    uint64_t result;
    OPAQUE(call);
    coro_driver_init(&driver, &call->coro);
    while (coro_resume(&driver))
        ++*resumes;
    result = call->result;
    coro_driver_close(&driver);
    return result;
}

double bench_deep(uint64_t *n)
{
    uint64_t resumes = 0, start = bench_wall_ns();
    uint64_t result = drive(chain(LEVELS, *n), &resumes);
    uint64_t end = bench_wall_ns();
    bench_check(resumes == *n && result == LEVELS, "deep: sum");
    return (double)(end - start);
}

/* Frames come from the pool of the loop around, as they do in any program that has one. */
ASYNC(nest, ARGS(uint64_t, n, double *, ns))
{
    uint64_t resumes, sum, start;
    ASYNC_BEGIN;
    resumes = sum = 0;
    start = bench_wall_ns();
    for (uint64_t i = 0; i < self->n; i++)
        sum += drive(chain(LEVELS, 1), &resumes);
    *self->ns = (double)(bench_wall_ns() - start);
    bench_check(resumes == self->n && sum == LEVELS * self->n, "nest: sum");
    ASYNC_END;
}

double bench_nest(uint64_t *n)
{
    double ns = 0;
    bench_run(nest(*n, &ns));
    return ns;
}

/* --- in a task ----------------------------------------------------------------------------- */

ASYNC(task_chain, RETURNS(uint64_t), ARGS(int, depth, uint64_t, n), VARS(uint64_t below;))
{
    ASYNC_BEGIN;
    if (self->depth == 1) {
        while (self->n-- > 0)
            AWAIT(coro_yield());
        ASYNC_RETURN(1);
    }
    AWAIT(self->below, task_chain(self->depth - 1, self->n));
    ASYNC_RETURN(self->below + 1);
    ASYNC_END;
}

/* `rounds` chains, one after the other, each of which yields `yields` times. */
ASYNC(chains, ARGS(uint64_t, rounds, uint64_t, yields, double *, ns),
      VARS(uint64_t start, i, sum, result;))
{
    ASYNC_BEGIN;
    self->start = bench_wall_ns();
    for (self->i = 0; self->i < self->rounds; self->i++) {
        AWAIT(self->result, task_chain(LEVELS, self->yields));
        self->sum += self->result;
    }
    *self->ns = (double)(bench_wall_ns() - self->start);
    bench_check(self->sum == LEVELS * self->rounds, "yieldnest, yielddeep: sum");
    ASYNC_END;
}

double bench_yieldnest(uint64_t *n)
{
    double ns = 0;
    bench_run(chains(*n, 1, &ns));
    return ns;
}

double bench_yielddeep(uint64_t *n)
{
    double ns = 0;
    bench_run(chains(1, *n, &ns));
    return ns;
}
