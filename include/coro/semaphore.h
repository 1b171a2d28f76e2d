/* SPDX-License-Identifier: MIT */
/*
 * coro/semaphore.h - at most so many at once.
 *
 *     coro_semaphore connections = CORO_SEMAPHORE_INIT(8);
 *     AWAIT(coro_semaphore_acquire(&connections));
 *     ...
 *     coro_semaphore_release(&connections);
 *
 * A release hands its permit to the task that waits longest: it has it from that
 * moment on, even when it is cancelled before it runs. A permit has no owner, and
 * a release may come first: that makes it a signal as well. Where there are only
 * ever so many permits, a bounded semaphore finds the release that is one too many.
 *
 * Memory: the caller's. Threads: the loop's.
 */
#ifndef CORO_SEMAPHORE_H
#define CORO_SEMAPHORE_H

#include <coro/task.h>

CORO_BEGIN_DECLS

typedef struct coro_semaphore {
    size_t value;
    coro_waiters waiters;
} coro_semaphore;

#define CORO_SEMAPHORE_INIT(value) {(value), {NULL}}

static inline void coro_semaphore_init(coro_semaphore *semaphore, size_t value)
{
    semaphore->value = value;
    semaphore->waiters.first = NULL;
}

/* Take a permit; suspends while there is none, in turn. Cancelled: none was taken. */
CORO_API extern const coro_descriptor coro_semaphore_acquire_call_;
static inline CORO_NODISCARD coro_void *coro_semaphore_acquire(coro_semaphore *semaphore)
{
    return coro_call_of_(&coro_semaphore_acquire_call_, semaphore, NULL);
}

/* Take one if there is one and nobody waits. */
CORO_API bool coro_semaphore_try_acquire(coro_semaphore *semaphore);

/* Give one back, or a new one. Never suspends. */
CORO_API void coro_semaphore_release(coro_semaphore *semaphore);

/* Would an acquire wait? */
static inline bool coro_semaphore_locked(const coro_semaphore *semaphore)
{
    return semaphore->value == 0 || semaphore->waiters.first != NULL;
}

/* --- bounded ------------------------------------------------------------------------------ */

/* The same, but it never has more permits than in the beginning. */
typedef struct coro_bounded_semaphore {
    coro_semaphore semaphore;
    size_t bound;
} coro_bounded_semaphore;

#define CORO_BOUNDED_SEMAPHORE_INIT(value) {CORO_SEMAPHORE_INIT(value), (value)}

static inline void coro_bounded_semaphore_init(coro_bounded_semaphore *semaphore, size_t value)
{
    coro_semaphore_init(&semaphore->semaphore, value);
    semaphore->bound = value;
}

static inline CORO_NODISCARD coro_void *
coro_bounded_semaphore_acquire(coro_bounded_semaphore *semaphore)
{
    return coro_semaphore_acquire(&semaphore->semaphore);
}

static inline bool coro_bounded_semaphore_try_acquire(coro_bounded_semaphore *semaphore)
{
    return coro_semaphore_try_acquire(&semaphore->semaphore);
}

/* Give one back. 0, or CORO_EINVAL and nothing is changed: all permits are there. Never
 * suspends. */
CORO_API int coro_bounded_semaphore_release(coro_bounded_semaphore *semaphore);

static inline bool coro_bounded_semaphore_locked(const coro_bounded_semaphore *semaphore)
{
    return coro_semaphore_locked(&semaphore->semaphore);
}

CORO_END_DECLS

#endif
