/* SPDX-License-Identifier: MIT */
/*
 * condition.c - a line of its own, from which tasks move to the lock's line.
 *
 *     wait ──► condition.waiters ──notify──► lock.waiters ──hand-over──► ready
 *                     └────────cancel────────────┘
 *
 * A wait is one leaf await with two lines to stand in. Whoever leaves the first
 * one goes to the second with how it will end in wait.a.number (see lock.h), and
 * the end comes with the lock: a cancel can change the ending there, but not leave
 * the line. Nobody wakes up only to queue for the lock again.
 */
#include <coro/condition.h>

#include "lock.h"

#if CORO_SCOPES
static const coro_wait_type lock_type;
#endif

/* Off to the lock's line. True: the lock was free, and the task owns it. */
static bool leave(coro_condition *condition, coro_task *task, int error)
{
    task->wait.a.number = error;
#if CORO_SCOPES
    task->wait_type = &lock_type;
#endif
    return coro_lock_enter(condition->lock, task);
}

/* Somebody owns the lock. */
static bool notify_one(coro_condition *condition)
{
    coro_task *task = coro_waiters_pop(&condition->waiters);
    if (task == NULL)
        return false;
    leave(condition, task, 0);
    return true;
}

int coro_condition_notify(coro_condition *condition, size_t count)
{
    const coro_task *owner = condition->lock->owner;
    if (owner == NULL || owner != coro_current_task())
        return CORO_EPERM;
    while (count-- > 0 && notify_one(condition)) {
    }
    return 0;
}

static inline int wait_start(coro_task *task, coro_call *call)
{
    coro_condition *condition = call->object;
    if (condition->lock->owner != task)
        return CORO_EPERM;
    coro_wait_on(task, condition);
    coro_waiters_push(&condition->waiters, task);
    coro_lock_hand_over(condition->lock);
    return CORO_PENDING_;
}

#if CORO_SCOPES
static bool wait_cancel(coro_task *task)
{
    coro_condition *condition = task->wait.object;
    coro_waiters_remove(&condition->waiters, task);
    return leave(condition, task, CORO_ECANCELED);
}

static void wait_abandon(coro_task *task)
{
    coro_waiters_remove(&((coro_condition *)task->wait.object)->waiters, task);
}

/* It waits on, for the lock; but if it was notified, another one is now. */
static bool lock_cancel(coro_task *task)
{
    bool notified = task->wait.a.number == 0;
    task->wait.a.number = CORO_ECANCELED;
    if (notified)
        notify_one(task->wait.object);
    return false;
}

static void lock_abandon(coro_task *task)
{
    coro_waiters_remove(&((coro_condition *)task->wait.object)->lock->waiters, task);
}

static const coro_wait_type wait_type = {CORO_VERB_("condition") wait_cancel, wait_abandon, NULL,
                                         false};
static const coro_wait_type lock_type = {CORO_VERB_("condition's lock") lock_cancel, lock_abandon,
                                         NULL, false};
#define WAIT_TYPE &wait_type

const coro_lock *coro_lock_waited_for(const coro_task *task)
{
    if (!(task->driver.flags & CORO_TASK_WAITING_))
        return NULL;
    if (task->wait_type == &lock_type)
        return ((const coro_condition *)task->wait.object)->lock;
    return task->wait_type == &coro_lock_wait_type ? task->wait.object : NULL;
}
#else
#define WAIT_TYPE NULL
#endif

CORO_LEAF_INLINE(coro_condition_wait, WAIT_TYPE, wait_start, 0);

#if !CORO_MINIMAL_
ASYNC(condition_wait_for,
      ARGS(coro_condition *, condition, coro_predicate, predicate, void *, context))
{
    ASYNC_BEGIN;
    while (!self->predicate(self->context))
        AWAIT(coro_condition_wait(self->condition));
    ASYNC_END;
}

coro_void *coro_condition_wait_for(coro_condition *condition, coro_predicate predicate,
                                   void *context)
{
    return (coro_void *)condition_wait_for(condition, predicate, context);
}
#endif
