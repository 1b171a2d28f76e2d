/* SPDX-License-Identifier: MIT */
/*
 * lock.c - one owner, and a line of those who want to be next.
 *
 *     owner ──release──► first ──► second ──► ...
 *
 * Invariant: while anybody waits there is an owner. A release makes the first in
 * line the owner at once; it is never free in between, so nobody can barge in.
 */
#include "lock.h"

void coro_lock_hand_over(coro_lock *lock)
{
    coro_task *task = coro_waiters_pop(&lock->waiters);
    lock->owner = task;
    if (task != NULL)
        coro_wait_done(task, task->wait.a.number);
}

bool coro_lock_enter(coro_lock *lock, coro_task *task)
{
    if (lock->owner == NULL) {
        lock->owner = task;
        return true;
    }
    coro_waiters_push(&lock->waiters, task);
    return false;
}

bool coro_lock_try_acquire(coro_lock *lock)
{
    coro_task *task = coro_current_task();
    CORO_CHECK(task != NULL, "coro_lock_try_acquire is for tasks, because a lock has an owner");
    if (lock->owner != NULL)
        return false;
    lock->owner = task;
    return true;
}

int coro_lock_release(coro_lock *lock)
{
    if (lock->owner == NULL || lock->owner != coro_current_task())
        return CORO_EPERM;
    coro_lock_hand_over(lock);
    return 0;
}

static inline int acquire_start(coro_task *task, coro_call *call)
{
    coro_lock *lock = call->object;
    if (lock->owner == task)
        return CORO_EDEADLK;
    if (coro_lock_enter(lock, task))
        return 0;
    coro_wait_on(task, lock);
    task->wait.a.number = 0;
    return CORO_PENDING_;
}

#if CORO_SCOPES
static bool acquire_cancel(coro_task *task)
{
    coro_waiters_remove(&((coro_lock *)task->wait.object)->waiters, task);
    return true;
}

const coro_wait_type coro_lock_wait_type = {CORO_VERB_("lock") acquire_cancel, NULL, NULL, false};
#define ACQUIRE_TYPE &coro_lock_wait_type
#else
#define ACQUIRE_TYPE NULL
#endif

CORO_LEAF_INLINE(coro_lock_acquire, ACQUIRE_TYPE, acquire_start, 0);
