/* SPDX-License-Identifier: MIT */
/*
 * semaphore.c - permits, handed over.
 *
 * Invariant: while anybody waits, value is 0. A release with waiters gives its
 * permit to the first; value does not change, and nobody can come in between.
 */
#include <coro/semaphore.h>

#include "kernel.h"

static inline bool take(coro_semaphore *semaphore)
{
    if (semaphore->value == 0)
        return false;
    semaphore->value--;
    return true;
}

bool coro_semaphore_try_acquire(coro_semaphore *semaphore)
{
    return take(semaphore);
}

void coro_semaphore_release(coro_semaphore *semaphore)
{
    coro_task *task = coro_waiters_pop(&semaphore->waiters);
    if (task != NULL)
        coro_wait_done(task, 0);
    else
        semaphore->value++;
}

int coro_bounded_semaphore_release(coro_bounded_semaphore *semaphore)
{
    if (semaphore->semaphore.value >= semaphore->bound)
        return CORO_EINVAL;
    coro_semaphore_release(&semaphore->semaphore);
    return 0;
}

static inline int acquire_start(coro_task *task, coro_call *call)
{
    coro_semaphore *semaphore = call->object;
    if (take(semaphore))
        return 0;
    coro_wait_on(task, semaphore);
    coro_waiters_push(&semaphore->waiters, task);
    return CORO_PENDING_;
}

#if CORO_SCOPES
static bool acquire_cancel(coro_task *task)
{
    coro_waiters_remove(&((coro_semaphore *)task->wait.object)->waiters, task);
    return true;
}

static const coro_wait_type acquire_type = {CORO_VERB_("semaphore") acquire_cancel, NULL, NULL,
                                            false};
#define ACQUIRE_TYPE &acquire_type
#else
#define ACQUIRE_TYPE NULL
#endif

CORO_LEAF_INLINE(coro_semaphore_acquire, ACQUIRE_TYPE, acquire_start, 0);
