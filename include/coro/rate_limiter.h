/* SPDX-License-Identifier: MIT */
/*
 * coro/rate_limiter.h - so many a second, and not more: a token bucket.
 *
 *     coro_rate_limiter requests;
 *     coro_rate_limiter_init(&requests, 10, CORO_SECONDS(1), 20);  // 10 a second,
 *     AWAIT(coro_rate_limiter_acquire(&requests, 1));              // 20 at once
 *
 * The bucket holds `burst` tokens and begins full; one comes back every
 * period / count. Who finds too few waits until they have come, first come first
 * served: one who wants many is not overtaken by those who want few. Who is
 * cancelled while it waits has taken none, and the next in line takes its place.
 *
 * Memory: the caller's; an acquire takes a small frame of the pool.
 * Threads: the loop's.
 */
#ifndef CORO_RATE_LIMITER_H
#define CORO_RATE_LIMITER_H

#include <coro/semaphore.h>

#if !CORO_MINIMAL_ /* its calls are frames from a pool */

CORO_BEGIN_DECLS

typedef struct coro_rate_limiter { /* private */
    coro_semaphore turn;     /* its holder is the head of the line */
    coro_duration token;     /* the time in which one comes back */
    coro_duration capacity;  /* of the bucket: burst * token */
    coro_time full_at;       /* when the bucket will be full, if nobody takes any more */
    bool used;               /* full_at is known */
} coro_rate_limiter;

/*
 * `count` tokens in each period, `burst` at most at once. All are positive (traps),
 * and burst * period / count fits into a coro_duration (traps).
 */
CORO_API void coro_rate_limiter_init(coro_rate_limiter *limiter, unsigned count,
                                     coro_duration period, unsigned burst);

/*
 * Take so many tokens; suspends while there are too few, or somebody was first.
 * CORO_EINVAL: more than the bucket holds, which would never come; CORO_ENOMEM.
 * Cancelled: none was taken.
 */
CORO_API CORO_NODISCARD coro_void *coro_rate_limiter_acquire(coro_rate_limiter *limiter,
                                                             unsigned tokens);

/* Take them if they are there and nobody waits. Needs a running loop. Never suspends. */
CORO_API bool coro_rate_limiter_try_acquire(coro_rate_limiter *limiter, unsigned tokens);

CORO_END_DECLS

#endif

#endif
