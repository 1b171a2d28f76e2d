/* SPDX-License-Identifier: MIT */
/*
 * coro/lock.h - one at a time.
 *
 *     coro_lock lock = CORO_LOCK_INIT;
 *     CORO_LOCKED(self->guard, &lock) {             // a coro_guard in VARS, see with.h
 *         AWAIT(change_things());
 *     }                                             // released, however it was left
 *
 * or by hand, where every way out comes by FINALLY:
 *
 *     AWAIT(coro_lock_acquire(&lock));
 *     ...
 *   ASYNC_FINALLY:
 *     coro_lock_release(&lock);                     // not ours, for we were cancelled: no harm
 *
 * asyncio's Lock, and fair: first come, first served. A release hands the lock to
 * the task that waits longest, which owns it from that moment on, even when it is
 * cancelled before it runs. It has an owner, so that nobody else can release it,
 * and it is not recursive. Between awaits nothing else runs: a lock is only
 * needed where what must not be disturbed has an await in its middle.
 *
 * Memory: the caller's, 16 bytes. Threads: the loop's.
 */
#ifndef CORO_LOCK_H
#define CORO_LOCK_H

#include <coro/with.h>

CORO_BEGIN_DECLS

typedef struct coro_lock { /* private */
    coro_waiters waiters;
    coro_task *owner;
} coro_lock;

#define CORO_LOCK_INIT {{NULL}, NULL}

static inline void coro_lock_init(coro_lock *lock)
{
    lock->waiters.first = NULL;
    lock->owner = NULL;
}

/* Own it; suspends while another task does, in turn. CORO_EDEADLK: the task owns it already.
 * Cancelled: it does not own it. */
CORO_API extern const coro_descriptor coro_lock_acquire_call_;
static inline CORO_NODISCARD coro_void *coro_lock_acquire(coro_lock *lock)
{
    return coro_call_of_(&coro_lock_acquire_call_, lock, NULL);
}

/* Own it if nobody does. For tasks: a lock has an owner. */
CORO_API bool coro_lock_try_acquire(coro_lock *lock);

/*
 * Let go of it. 0, or CORO_EPERM and nothing is changed: the current task does not
 * own it, or none runs, as in a callback. That is an error and no trap, because a FINALLY comes
 * by here as well when the acquire was cancelled. Never suspends.
 */
CORO_API int coro_lock_release(coro_lock *lock);

static inline bool coro_lock_locked(const coro_lock *lock)
{
    return lock->owner != NULL;
}

/* The task that owns it, borrowed, or NULL. */
static inline coro_task *coro_lock_owner(const coro_lock *lock)
{
    return lock->owner;
}

#if CORO_SCOPES
/* Acquire, run the block, release; see CORO_WITH. `guard` is a coro_guard in VARS, named as it
 * stands; `lock` is a pointer: CORO_LOCKED(self->guard, &lock) { ... } */
#define CORO_LOCKED(guard, lock)                                                                   \
    CORO_WITH(guard, coro_lock_acquire(lock), (void)coro_lock_release(lock))
#endif

CORO_END_DECLS

#endif
