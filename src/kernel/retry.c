/* SPDX-License-Identifier: MIT */
/*
 * retry.c - which error is worth another attempt, and how long to wait before it.
 *
 *     delay ─── * growth, up to cap ──► the next delay
 *       └─ minus up to jitter percent ──► this wait
 *
 * Percentages are taken of the hundreds and of the rest apart, so that nothing
 * overflows, and small targets need no wider division than their clock.
 */
#include <coro/retry.h>

#include "kernel.h"

#if !CORO_MINIMAL_

#if CORO_TIME_BITS == 64
typedef uint64_t span; /* holds any coro_duration */
#define CAP_USUAL CORO_SECONDS(30)
#else
typedef uint32_t span;
#define CAP_USUAL                                                                                  \
    (CORO_FOREVER / CORO_TICKS_PER_SECOND >= 30 ? (coro_duration)(30L * CORO_TICKS_PER_SECOND)     \
                                                : CORO_FOREVER)
#endif

void coro_retry_init(coro_retry *retry, const coro_retry_options *options)
{
    coro_zero_(retry, sizeof *retry);
    if (options != NULL)
        retry->options = *options;
    options = &retry->options;
    CORO_CHECK(options->base >= 0 && options->cap >= 0, "a coro_retry waits for positive times");
    CORO_CHECK(options->growth == 0 || options->growth >= 100,
               "the growth of a coro_retry is in percent; 100 keeps the wait as it is");
    CORO_CHECK(options->jitter <= 100, "the jitter of a coro_retry is in percent, 100 at most");
    if (options->base == 0)
        retry->options.base = CORO_MS(100);
    if (options->cap == 0)
        retry->options.cap = CAP_USUAL;
    if (options->growth == 0)
        retry->options.growth = 200;
    retry->random = options->seed;
    retry->delay = options->base < options->cap ? options->base : options->cap;
}

static span percent(span of, unsigned percents)
{
    return of / 100 * percents + of % 100 * percents / 100;
}

/* SplitMix32: a Weyl sequence through the finaliser of MurmurHash3 (Appleby 2011). */
static uint32_t draw(uint32_t *state)
{
    uint32_t z = *state += 0x9e3779b9u;
    z = (z ^ z >> 16) * 0x85ebca6bu;
    z = (z ^ z >> 13) * 0xc2b2ae35u;
    return z ^ z >> 16;
}

/* A number up to `most`, every one equally often, near enough for a wait. */
static span draw_up_to(uint32_t *state, span most)
{
    span random = draw(state);
#if CORO_TIME_BITS == 64
    random = random << 32 | draw(state);
#endif
    return most + 1 == 0 ? random : random % (most + 1);
}

/* This wait; and the next one grows. */
static coro_duration step(coro_retry *retry)
{
    const coro_retry_options *options = &retry->options;
    span wait = (span)retry->delay, cap = (span)options->cap;
    if (wait > 0 && options->growth > 0 && wait > cap / options->growth * 100)
        retry->delay = options->cap; /* before it can overflow */
    else
        retry->delay = (coro_duration)percent(wait, options->growth);
    if ((span)retry->delay > cap)
        retry->delay = options->cap;
    return (coro_duration)(wait - draw_up_to(&retry->random, percent(wait, options->jitter)));
}

static bool is_worth_it(const coro_retry *retry, int error)
{
    const coro_retry_options *options = &retry->options;
    if (error == CORO_ECANCELED || (options->attempts > 0 && retry->attempts >= options->attempts))
        return false;
    return options->retries == NULL || options->retries(options->context, error);
}

ASYNC(next, RETURNS(int), ARGS(coro_retry *, retry, int, error))
{
    ASYNC_BEGIN;
    CORO_CHECK(self->error <= 0, "coro_retry_next needs 0 or a negative CORO_E… number");
    if (self->error == 0) {
        coro_retry_options options = self->retry->options;
        coro_retry_init(self->retry, &options);
        ASYNC_RETURN(0);
    }
    self->retry->attempts++;
    if (!is_worth_it(self->retry, self->error))
        ASYNC_THROW(self->error);
    AWAIT(coro_sleep(step(self->retry)));
    ASYNC_RETURN(1);
    ASYNC_END;
}

/* The result lies behind the header, as in every coro_int. */
_Static_assert(offsetof(struct next, result) == offsetof(coro_int, result), "a coro_int");

coro_int *coro_retry_next(coro_retry *retry, int error)
{
    return (coro_int *)(void *)next(retry, error);
}

bool coro_retry_transient(void *context, int error)
{
    static const int16_t transient[] = {
        CORO_EINTR,        CORO_EAGAIN,      CORO_ENOMEM,     CORO_EBUSY,
        CORO_EMFILE,       CORO_EPIPE,       CORO_EADDRINUSE, CORO_ECONNABORTED,
        CORO_ECONNRESET,   CORO_ENOBUFS,     CORO_ETIMEDOUT,  CORO_ECONNREFUSED,
        CORO_EHOSTUNREACH, CORO_EINCOMPLETE, CORO_ENAMEAGAIN, CORO_EFULL,
    };
    (void)context;
    for (unsigned i = 0; i < sizeof transient / sizeof *transient; i++)
        if (transient[i] == error)
            return true;
    return false;
}

#endif
