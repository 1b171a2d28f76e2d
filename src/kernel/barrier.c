/* SPDX-License-Identifier: MIT */
/*
 * barrier.c - a line that is let go as a whole.
 *
 * Invariant: `waiting` are in line, fewer than `parties`. Who was let go has its
 * index and is of no round any more; so a new round need not wait until the tasks
 * of the last one have run.
 */
#include <coro/barrier.h>

#include "kernel.h"

static void let_go(coro_barrier *barrier, int error)
{
    size_t index = 0;
    for (coro_task *task; (task = coro_waiters_pop(&barrier->waiters)) != NULL; index++) {
        task->wait.a.size = index;
        coro_wait_done(task, error);
    }
    barrier->waiting = 0;
}

void coro_barrier_reset(coro_barrier *barrier)
{
    barrier->broken = false;
    let_go(barrier, CORO_EBROKEN);
}

void coro_barrier_abort(coro_barrier *barrier)
{
    barrier->broken = true;
    let_go(barrier, CORO_EBROKEN);
}

static inline int wait_start(coro_task *task, coro_call *call)
{
    coro_barrier *barrier = call->object;
    if (barrier->broken)
        return CORO_EBROKEN;
    coro_result_of(task, call)->size = barrier->waiting;
    if (barrier->waiting + 1 >= barrier->parties) {
        let_go(barrier, 0);
        return 0;
    }
    barrier->waiting++;
    coro_wait_on(task, barrier);
    coro_waiters_push(&barrier->waiters, task);
    return CORO_PENDING_;
}

#if CORO_SCOPES
static bool wait_cancel(coro_task *task)
{
    coro_barrier *barrier = task->wait.object;
    coro_waiters_remove(&barrier->waiters, task);
    barrier->waiting--;
    return true;
}

static const coro_wait_type wait_type = {CORO_VERB_("barrier") wait_cancel, NULL, NULL, false};
#define WAIT_TYPE &wait_type
#else
#define WAIT_TYPE NULL
#endif

CORO_LEAF_INLINE(coro_barrier_wait, WAIT_TYPE, wait_start, sizeof(size_t));
