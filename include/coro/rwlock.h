/* SPDX-License-Identifier: MIT */
/*
 * coro/rwlock.h - many readers, or one writer.
 *
 *     coro_rwlock table_lock = CORO_RWLOCK_INIT;
 *     CORO_READING(self->guard, &table_lock) {      // a coro_guard in VARS, see with.h
 *         AWAIT(send_all(&table));
 *     }
 *     CORO_WRITING(self->guard, &table_lock) {
 *         AWAIT(replace(&table));
 *     }
 *
 * First come, first served: who wants to read waits behind a writer that waits,
 * so that neither kind starves. A release hands over, as a lock's: to the first
 * writer in line, or to all readers in front of the next writer.
 *
 * A writer is known, readers are only counted: who is not a reader must not
 * release. The blocks above see to that. Nor may a reader acquire a second time:
 * both would wait for ever if a writer stands between.
 *
 * Memory: the caller's, 24 bytes. Threads: the loop's.
 */
#ifndef CORO_RWLOCK_H
#define CORO_RWLOCK_H

#include <coro/with.h>

CORO_BEGIN_DECLS

typedef struct coro_rwlock { /* private */
    coro_waiters waiters;
    coro_task *writer;
    size_t readers;
} coro_rwlock;

#define CORO_RWLOCK_INIT {{NULL}, NULL, 0}

static inline void coro_rwlock_init(coro_rwlock *lock)
{
    lock->waiters.first = NULL;
    lock->writer = NULL;
    lock->readers = 0;
}

/* Become a reader, or the writer; suspends, in turn, while that cannot be. CORO_EDEADLK: the task
 * is the writer. Cancelled: it is neither. */
CORO_API extern const coro_descriptor coro_rwlock_acquire_read_call_,
    coro_rwlock_acquire_write_call_;
static inline CORO_NODISCARD coro_void *coro_rwlock_acquire_read(coro_rwlock *lock)
{
    return coro_call_of_(&coro_rwlock_acquire_read_call_, lock, NULL);
}
static inline CORO_NODISCARD coro_void *coro_rwlock_acquire_write(coro_rwlock *lock)
{
    return coro_call_of_(&coro_rwlock_acquire_write_call_, lock, NULL);
}

/* The same if it can be at once and nobody waits. For tasks. */
CORO_API bool coro_rwlock_try_acquire_read(coro_rwlock *lock);
CORO_API bool coro_rwlock_try_acquire_write(coro_rwlock *lock);

/* Be neither any more. 0, or CORO_EPERM and nothing is changed: another task is the writer, or
 * there is nobody at all. Never suspends. */
CORO_API int coro_rwlock_release(coro_rwlock *lock);

/* How many read; the task that writes, borrowed, or NULL. */
static inline size_t coro_rwlock_readers(const coro_rwlock *lock)
{
    return lock->readers;
}
static inline coro_task *coro_rwlock_writer(const coro_rwlock *lock)
{
    return lock->writer;
}

#if CORO_SCOPES
/* Acquire, run the block, release; see CORO_WITH. */
#define CORO_READING(guard, lock)                                                                  \
    CORO_WITH(guard, coro_rwlock_acquire_read(lock), (void)coro_rwlock_release(lock))
#define CORO_WRITING(guard, lock)                                                                  \
    CORO_WITH(guard, coro_rwlock_acquire_write(lock), (void)coro_rwlock_release(lock))
#endif

CORO_END_DECLS

#endif
