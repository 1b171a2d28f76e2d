/* SPDX-License-Identifier: MIT */
/*
 * coro/condition.h - wait, under a lock, until another task says that something changed.
 *
 *     coro_lock lock = CORO_LOCK_INIT;
 *     coro_condition changed = CORO_CONDITION_INIT(&lock);
 *
 *     CORO_LOCKED(self->guard, &lock) {             // who waits
 *         while (level < 5)
 *             AWAIT(coro_condition_wait(&changed));
 *     }
 *     CORO_LOCKED(self->guard, &lock) {             // who changes it
 *         level++;
 *         coro_condition_notify(&changed, 1);
 *     }
 *
 * asyncio's Condition. A wait lets go of the lock, and owns it again when it has
 * ended: however it ended, by a notify, a cancel or a timeout. So a cancelled wait
 * lasts until the lock can be had; then it fails. A notify is for one who goes
 * on: if it is cancelled while it waits for the lock, the next one is notified.
 *
 * Several conditions may share a lock. Without an await in what the lock
 * protects, a coro_event or a coro_queue is simpler.
 *
 * Memory: the caller's, 16 bytes. Threads: the loop's.
 */
#ifndef CORO_CONDITION_H
#define CORO_CONDITION_H

#include <coro/lock.h>

CORO_BEGIN_DECLS

typedef struct coro_condition { /* private */
    coro_waiters waiters;
    coro_lock *lock;
} coro_condition;

#define CORO_CONDITION_INIT(lock) {{NULL}, (lock)}

/* Borrows the lock, which must outlive it. */
static inline void coro_condition_init(coro_condition *condition, coro_lock *lock)
{
    condition->waiters.first = NULL;
    condition->lock = lock;
}

/*
 * Let go of the lock, wait for a notify, own the lock again. CORO_EPERM: the task
 * does not own the lock. Cancelled: it owns the lock all the same.
 */
CORO_API extern const coro_descriptor coro_condition_wait_call_;
static inline CORO_NODISCARD coro_void *coro_condition_wait(coro_condition *condition)
{
    return coro_call_of_(&coro_condition_wait_call_, condition, NULL);
}

#if !CORO_MINIMAL_
/*
 * The same again and again, until predicate(context) is true; does not suspend if
 * it is. The predicate is called with the lock owned. CORO_ENOMEM: no room for a frame;
 * the loop of the example above needs none.
 */
typedef bool (*coro_predicate)(void *context);
CORO_API CORO_NODISCARD coro_void *coro_condition_wait_for(coro_condition *condition,
                                                           coro_predicate predicate, void *context);
#endif

/* Let the `count` who wait longest go on, or all, once they have the lock. 0, or CORO_EPERM: the
 * current task does not own the lock, and nobody was notified. Never suspends. */
CORO_API int coro_condition_notify(coro_condition *condition, size_t count);
static inline int coro_condition_notify_all(coro_condition *condition)
{
    return coro_condition_notify(condition, SIZE_MAX);
}

CORO_END_DECLS

#endif
