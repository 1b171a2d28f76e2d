/* SPDX-License-Identifier: MIT */
/*
 * coro/limiter.h - at most so many at once, and it is known who.
 *
 *     void *borrowers[16];
 *     coro_limiter workers = CORO_LIMITER_INIT(borrowers);
 *     AWAIT(coro_limiter_acquire(&workers, NULL));
 *     ...
 *   ASYNC_FINALLY:
 *     coro_limiter_release(&workers, NULL);         // not ours, for we were cancelled: no harm
 *
 * trio's CapacityLimiter: a semaphore whose tokens are lent to borrowers. A
 * borrower is the current task (NULL), or any pointer that stands for who uses
 * the token: a job, a connection. Each has one token at most, and only a borrower
 * gives one back. The total can be changed while it is in use. First come, first
 * served; a token that comes back is handed over.
 *
 * Memory: limiter and array are the caller's; asking is linear in the array.
 * Threads: the loop's.
 */
#ifndef CORO_LIMITER_H
#define CORO_LIMITER_H

#include <coro/task.h>

CORO_BEGIN_DECLS

typedef struct coro_limiter { /* private */
    coro_waiters waiters;
    void **borrowers;
    size_t capacity; /* of that array */
    size_t total, borrowed;
} coro_limiter;

/* As many tokens as the array has places. */
#define CORO_LIMITER_INIT(array)                                                                   \
    {{NULL}, (array), sizeof(array) / sizeof(array)[0], sizeof(array) / sizeof(array)[0], 0}

/* `capacity` is the array's, and the total to begin with. */
static inline void coro_limiter_init(coro_limiter *limiter, void **borrowers, size_t capacity)
{
    limiter->waiters.first = NULL;
    limiter->borrowers = borrowers;
    limiter->capacity = limiter->total = capacity;
    limiter->borrowed = 0;
}

/* Borrow a token; suspends while none is left, in turn. CORO_EALREADY: this borrower has one, or
 * waits for one. Cancelled: it has none. */
CORO_API extern const coro_descriptor coro_limiter_acquire_call_;
static inline CORO_NODISCARD coro_void *coro_limiter_acquire(coro_limiter *limiter,
                                                             const void *borrower)
{
    return coro_call_of_(&coro_limiter_acquire_call_, limiter, borrower);
}

/* The same without waiting: 0, CORO_EALREADY, or CORO_EAGAIN when none is left. */
CORO_API int coro_limiter_acquire_nowait(coro_limiter *limiter, const void *borrower);

/* Give a token back. 0, or CORO_EPERM and nothing is changed: this borrower has none. Never
 * suspends. */
CORO_API int coro_limiter_release(coro_limiter *limiter, const void *borrower);

/*
 * Another total, 0 for none at all. More: who waits longest gets them. Less than are
 * borrowed: nobody is disturbed, and none is lent until enough have come back.
 * CORO_EINVAL: more than the array has places.
 */
CORO_API int coro_limiter_set_total(coro_limiter *limiter, size_t total);

/* Does it have a token? */
CORO_API bool coro_limiter_has(const coro_limiter *limiter, const void *borrower);

static inline size_t coro_limiter_total(const coro_limiter *limiter)
{
    return limiter->total;
}
static inline size_t coro_limiter_borrowed(const coro_limiter *limiter)
{
    return limiter->borrowed;
}
static inline size_t coro_limiter_available(const coro_limiter *limiter)
{
    return limiter->total > limiter->borrowed ? limiter->total - limiter->borrowed : 0;
}

CORO_END_DECLS

#endif
