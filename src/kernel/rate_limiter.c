/* SPDX-License-Identifier: MIT */
/*
 * rate_limiter.c - a token bucket without a counter: one point in time.
 *
 *     now                        full_at            now + capacity
 *      ├─────── tokens missing ──────┤─── tokens there ───┤
 *
 * Taking n tokens moves full_at by n * token; it may not come behind now +
 * capacity (the generic cell rate algorithm, ATM Forum 1996). So nothing has to
 * be done while time passes, and nothing is divided.
 *
 * The line is a semaphore with one permit: its holder sleeps until its tokens
 * are there, all others wait for the permit. A cancelled holder hands it on.
 */
#include <coro/rate_limiter.h>

#include "kernel.h"

#if !CORO_MINIMAL_

void coro_rate_limiter_init(coro_rate_limiter *limiter, unsigned count, coro_duration period,
                            unsigned burst)
{
    CORO_CHECK(count > 0 && period > 0 && burst > 0,
               "coro_rate_limiter_init needs a positive count, period and burst");
    coro_zero_(limiter, sizeof *limiter);
    coro_semaphore_init(&limiter->turn, 1);
#if CORO_TIME_BITS == 64
    limiter->token = period / (coro_duration)count;
#else
    limiter->token = (coro_duration)((uint32_t)period / (uint32_t)count);
#endif
    if (limiter->token == 0)
        limiter->token = 1; /* the clock is no finer */
    CORO_CHECK((CORO_FOREVER / 2) / limiter->token > 0 &&
                   burst <= (unsigned long long)(CORO_FOREVER / 2 / limiter->token),
               "the bucket of a coro_rate_limiter takes too long to fill; a smaller burst");
    limiter->capacity = (coro_duration)(limiter->token * (coro_duration)burst);
}

/* How long until so many tokens are there; 0: they are, and are taken. */
static coro_duration take(coro_rate_limiter *limiter, coro_duration wanted, coro_time now)
{
    coro_duration missing = 0;
    if (limiter->used && coro_time_reached(limiter->full_at, now))
        missing = (coro_duration)(coro_time)(limiter->full_at - now);
    if (missing > limiter->capacity)
        missing = 0; /* an old point in time, seen across a wrap of the clock */
    if (wanted > limiter->capacity - missing)
        return (coro_duration)(wanted - (limiter->capacity - missing));
    limiter->full_at = (coro_time)(now + (coro_time)missing + (coro_time)wanted);
    limiter->used = true;
    return 0;
}

/* What so many tokens are in time; more than the bucket: -1. */
static coro_duration worth(const coro_rate_limiter *limiter, unsigned tokens)
{
    if (tokens > (unsigned long long)(CORO_FOREVER / limiter->token))
        return -1;
    coro_duration wanted = (coro_duration)(limiter->token * (coro_duration)tokens);
    return wanted <= limiter->capacity ? wanted : -1;
}

bool coro_rate_limiter_try_acquire(coro_rate_limiter *limiter, unsigned tokens)
{
    coro_loop *loop = coro_loop_current();
    coro_duration wanted = worth(limiter, tokens);
    CORO_CHECK(loop != NULL, "coro_rate_limiter_try_acquire needs a running loop");
    return wanted >= 0 && !coro_semaphore_locked(&limiter->turn) &&
           take(limiter, wanted, coro_loop_time(loop)) == 0;
}

ASYNC(acquire, ARGS(coro_rate_limiter *, limiter, unsigned, tokens),
      VARS(coro_duration wait; bool first;))
{
    ASYNC_BEGIN;
    if (worth(self->limiter, self->tokens) < 0)
        ASYNC_THROW(CORO_EINVAL);
    AWAIT(coro_semaphore_acquire(&self->limiter->turn));
    self->first = true;
    while ((self->wait = take(self->limiter, worth(self->limiter, self->tokens),
                              coro_loop_time(coro_driver_->loop))) > 0)
        AWAIT(coro_sleep(self->wait));
  ASYNC_FINALLY:
    if (self->first)
        coro_semaphore_release(&self->limiter->turn);
    ASYNC_END;
}

coro_void *coro_rate_limiter_acquire(coro_rate_limiter *limiter, unsigned tokens)
{
    return (coro_void *)(void *)acquire(limiter, tokens);
}

#endif
