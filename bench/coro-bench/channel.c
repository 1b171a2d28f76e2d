/* SPDX-License-Identifier: MIT */
/*
 * channel.c - tasks that talk to each other.
 *
 *     chan1, chan64   producer ──[ 1 or 64 ]──► consumer         n messages
 *     pingpong        ping ──[ 1 ]──► pong ──[ 1 ]──► ping       n round trips
 *     mutex           1000 tasks, one lock, a turn of the loop inside
 */
#include "bench.h"

#include <coro/group.h>
#include <coro/queue.h>
#include <coro/semaphore.h>

#define CAPACITY_MAX 64

/* --- one way ------------------------------------------------------------------------------- */

ASYNC(produce, ARGS(coro_queue *, queue, uint64_t, n), VARS(uint64_t i;))
{
    ASYNC_BEGIN;
    for (self->i = 0; self->i < self->n; self->i++)
        AWAIT(coro_queue_put(self->queue, &self->i));
    ASYNC_END;
}

ASYNC(consume, ARGS(coro_queue *, queue, uint64_t, n, uint64_t *, sum),
      VARS(uint64_t i, value;))
{
    ASYNC_BEGIN;
    for (self->i = 0; self->i < self->n; self->i++) {
        AWAIT(coro_queue_get(self->queue, &self->value));
        *self->sum += self->value;
    }
    ASYNC_END;
}

ASYNC(one_way, ARGS(uint64_t, n, size_t, capacity, double *, ns),
      VARS(coro_group group; coro_queue queue; uint64_t start, sum;),
      SCRATCH(uint64_t buffer[CAPACITY_MAX];))
{
    ASYNC_BEGIN;
    coro_queue_init(&self->queue, self->buffer, sizeof self->buffer[0], self->capacity);
    self->start = bench_wall_ns();
    CORO_GROUP(self->group) {
        coro_group_create_task(&self->group, produce(&self->queue, self->n));
        coro_group_create_task(&self->group, consume(&self->queue, self->n, &self->sum));
    }
    *self->ns = (double)(bench_wall_ns() - self->start);
    bench_check(self->sum == self->n * (self->n - 1) / 2, "chan: sum");
    ASYNC_END;
}

double bench_chan1(uint64_t *n)
{
    double ns = 0;
    bench_run(one_way(*n, 1, &ns));
    return ns;
}

double bench_chan64(uint64_t *n)
{
    double ns = 0;
    bench_run(one_way(*n, CAPACITY_MAX, &ns));
    return ns;
}

/* --- there and back ------------------------------------------------------------------------ */

ASYNC(ping, ARGS(coro_queue *, there, coro_queue *, back, uint64_t, n, uint64_t *, value),
      VARS(uint64_t i;))
{
    ASYNC_BEGIN;
    for (self->i = 0; self->i < self->n; self->i++) {
        AWAIT(coro_queue_put(self->there, self->value));
        AWAIT(coro_queue_get(self->back, self->value));
    }
    ASYNC_END;
}

ASYNC(pong, ARGS(coro_queue *, there, coro_queue *, back, uint64_t, n),
      VARS(uint64_t i, value;))
{
    ASYNC_BEGIN;
    for (self->i = 0; self->i < self->n; self->i++) {
        AWAIT(coro_queue_get(self->there, &self->value));
        self->value++;
        AWAIT(coro_queue_put(self->back, &self->value));
    }
    ASYNC_END;
}

ASYNC(there_and_back, ARGS(uint64_t, n, double *, ns),
      VARS(coro_group group; coro_queue there, back; uint64_t there_buffer, back_buffer;
           uint64_t start, value;))
{
    ASYNC_BEGIN;
    coro_queue_init(&self->there, &self->there_buffer, sizeof self->there_buffer, 1);
    coro_queue_init(&self->back, &self->back_buffer, sizeof self->back_buffer, 1);
    self->start = bench_wall_ns();
    CORO_GROUP(self->group) {
        coro_group_create_task(&self->group,
                               ping(&self->there, &self->back, self->n, &self->value));
        coro_group_create_task(&self->group, pong(&self->there, &self->back, self->n));
    }
    *self->ns = (double)(bench_wall_ns() - self->start);
    bench_check(self->value == self->n, "pingpong: value");
    ASYNC_END;
}

double bench_pingpong(uint64_t *n)
{
    double ns = 0;
    bench_run(there_and_back(*n, &ns));
    return ns;
}

/* --- one at a time ------------------------------------------------------------------------- */

ASYNC(contend, ARGS(coro_semaphore *, lock, uint64_t, rounds, uint64_t *, counter),
      VARS(uint64_t i, seen;))
{
    ASYNC_BEGIN;
    for (self->i = 0; self->i < self->rounds; self->i++) {
        AWAIT(coro_semaphore_acquire(self->lock));
        self->seen = *self->counter;
        AWAIT(coro_yield());
        *self->counter = self->seen + 1;
        coro_semaphore_release(self->lock);
    }
    ASYNC_END;
}

ASYNC(contest, ARGS(uint64_t, n, double *, ns),
      VARS(coro_group group; coro_semaphore lock; uint64_t start, counter;))
{
    ASYNC_BEGIN;
    coro_semaphore_init(&self->lock, 1);
    self->start = bench_wall_ns();
    CORO_GROUP(self->group) {
        for (int i = 0; i < BENCH_TASKS; i++)
            coro_group_create_task(&self->group,
                                   contend(&self->lock, self->n / BENCH_TASKS, &self->counter));
    }
    *self->ns = (double)(bench_wall_ns() - self->start);
    bench_check(self->counter == self->n, "mutex: counter");
    ASYNC_END;
}

double bench_mutex(uint64_t *n)
{
    double ns = 0;
    *n = (*n + BENCH_TASKS - 1) / BENCH_TASKS * BENCH_TASKS;
    bench_run(contest(*n, &ns));
    return ns;
}
