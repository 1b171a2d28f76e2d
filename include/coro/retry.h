/* SPDX-License-Identifier: MIT */
/*
 * coro/retry.h - once more, after a while, and then after a longer one.
 *
 *     coro_retry_init(&self->retry, &(coro_retry_options){.attempts = 5});
 *     do {
 *         AWAIT_CATCH(self->error, self->n, fetch(self->host));
 *         AWAIT(self->again, coro_retry_next(&self->retry, self->error));
 *     } while (self->again);
 *     ... it has gone well, for else the second await had failed ...
 *
 * The call is made anew each time, in sight. Between the attempts it waits for
 *
 *     base, base * growth, base * growth^2 ... cap      less up to `jitter` percent
 *
 * which is drawn from a generator with a seed of yours: the same seed, the same
 * waits. 100 percent is "full jitter", 50 "equal jitter" (M. Brooker, Exponential
 * Backoff And Jitter, 2015).
 *
 * All of it is awaits: a CORO_TIMEOUT around the loop bounds attempts and waits
 * together, and a cancel ends it at once; CORO_ECANCELED is never tried again.
 *
 * Memory: the caller's; a next that waits takes a small frame of the pool.
 * Threads: the loop's.
 */
#ifndef CORO_RETRY_H
#define CORO_RETRY_H

#include <coro/task.h>

#if !CORO_MINIMAL_ /* its calls are frames from a pool */

CORO_BEGIN_DECLS

typedef struct coro_retry_options {
    unsigned attempts;  /* at most, the first one counts; 0: no end */
    coro_duration base; /* the first wait; 0: 100 ms */
    coro_duration cap;  /* no wait is longer; 0: 30 s, or the longest that the clock has */
    unsigned growth;    /* of the wait from one to the next, in percent; 0: 200, doubling */
    unsigned jitter;    /* up to so many percent less than that, 100 at most; 0: none */
    uint32_t seed;      /* of the jitter */
    bool (*retries)(void *context, int error); /* NULL: all errors; not asked of CORO_ECANCELED */
    void *context;
} coro_retry_options;

typedef struct coro_retry {
    coro_retry_options options;
    unsigned attempts;   /* that were made so far */
    coro_duration delay; /* the next wait, before jitter */
    uint32_t random;
} coro_retry;

/* options NULL: without end, doubling from 100 ms to 30 s, no jitter. Copies them. Traps where
 * base or cap is negative, growth is below 100, jitter above. */
CORO_API void coro_retry_init(coro_retry *retry, const coro_retry_options *options);

/*
 * An attempt has ended with this error. 0: the result is 0, it has gone well, the
 * retry begins anew. An error that is worth another attempt: waits, and the
 * result is 1. Else fails with that same error, at once. Cancelled while it
 * waits: CORO_ECANCELED.
 */
CORO_API CORO_NODISCARD coro_int *coro_retry_next(coro_retry *retry, int error);

/* For `retries`: errors that time may heal (refused, reset, unreachable, timed out, short of
 * something); not those that say the call itself is wrong. */
CORO_API bool coro_retry_transient(void *context, int error);

CORO_END_DECLS

#endif

#endif
