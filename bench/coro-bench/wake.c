/* SPDX-License-Identifier: MIT */
/*
 * wake.c - two threads with a loop each wake each other.
 *
 *     loop A ──flag──► loop B          one operation: there and back;
 *        ◄────flag─────                both loops really sleep in between
 */
#define _POSIX_C_SOURCE 200809L

#include "bench.h"

#include <coro/remote.h>

#include <pthread.h>

typedef struct side {
    coro_remote_flag flag;
    coro_remote *remote; /* how the other one reaches this loop */
    struct side *other;
    uint64_t rounds;
    bool first;
    uint64_t woken;
    double ns;
    pthread_barrier_t *ready; /* both remotes are open */
} side;

ASYNC(play, ARGS(side *, me), VARS(uint64_t start, i;))
{
    ASYNC_BEGIN;
    self->me->remote = coro_remote_open(coro_loop_current());
    bench_check(self->me->remote != NULL, "wake: no memory");
    pthread_barrier_wait(self->me->ready);
    self->start = bench_wall_ns();
    for (self->i = 0; self->i < self->me->rounds; self->i++) {
        if (self->me->first)
            coro_remote_flag_set(self->me->other->remote, &self->me->other->flag);
        AWAIT(coro_remote_flag_wait(&self->me->flag));
        self->me->woken++;
        if (!self->me->first)
            coro_remote_flag_set(self->me->other->remote, &self->me->other->flag);
    }
    self->me->ns = (double)(bench_wall_ns() - self->start);
    ASYNC_END;
}

static void run_side(side *me)
{
    coro_loop loop;
    int error = coro_loop_init(&loop, NULL);
    if (error == 0)
        error = coro_loop_run_until_complete(&loop, play(me));
    bench_check(error == 0, coro_strerror(error));
    coro_loop_close(&loop);
}

static void *run_other(void *me)
{
    run_side(me);
    return NULL;
}

double bench_wake(uint64_t *n)
{
    static side a, b;
    pthread_barrier_t ready;
    pthread_t thread;
    pthread_barrier_init(&ready, NULL, 2);
    a.other = &b;
    b.other = &a;
    a.first = true;
    a.rounds = b.rounds = *n;
    a.ready = b.ready = &ready;
    coro_remote_flag_init(&a.flag);
    coro_remote_flag_init(&b.flag);
    bench_check(pthread_create(&thread, NULL, run_other, &b) == 0, "wake: no thread");
    run_side(&a);
    pthread_join(thread, NULL);
    pthread_barrier_destroy(&ready);
    coro_remote_release(a.remote);
    coro_remote_release(b.remote);
    bench_check(a.woken == *n && b.woken == *n, "wake: rounds");
    return a.ns;
}
