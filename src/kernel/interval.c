/* SPDX-License-Identifier: MIT */
/*
 * interval.c - ticks that do not drift: a sleep until a point that is counted
 * from the first tick, and what to do about those that were missed.
 *
 * Invariant: `next` moves when a tick is handed out, and not before; so a
 * cancelled wait has taken nothing.
 */
#include <coro/interval.h>

#include "kernel.h"

#if !CORO_MINIMAL_

/* How much later b is than a; negative when it is earlier. */
static coro_duration from_to(coro_time a, coro_time b)
{
#if CORO_TIME_BITS == 64
    return b - a;
#else
    return (coro_duration)(coro_time)(b - a);
#endif
}

/* The tick is handed out now. The number of periods that it stands for. */
static size_t advance(coro_interval *interval, coro_time now)
{
    coro_duration late = from_to(interval->next, now);
    size_t skipped = 0;
    if (late < interval->period || interval->missed == CORO_MISSED_BURST) {
        interval->next = coro_time_after(interval->next, interval->period);
    } else if (interval->missed == CORO_MISSED_DELAY) {
        interval->next = coro_time_after(now, interval->period);
    } else {
        coro_duration into = late % interval->period;
        skipped = (size_t)(late / interval->period);
        interval->next = coro_time_after(now, interval->period - into);
    }
    return 1 + skipped;
}

ASYNC(tick, RETURNS(size_t), ARGS(coro_interval *, interval))
{
    ASYNC_BEGIN;
    if (self->interval->period <= 0)
        ASYNC_THROW(CORO_EINVAL);
    if (!self->interval->started)
        coro_interval_start_at(self->interval, coro_loop_time(coro_driver_->loop));
    do /* once, but where a delay beyond half the range of the clock is cut */
        AWAIT(coro_sleep(from_to(coro_loop_time(coro_driver_->loop), self->interval->next)));
    while (!coro_time_reached(coro_loop_time(coro_driver_->loop), self->interval->next));
    ASYNC_RETURN(advance(self->interval, coro_loop_time(coro_driver_->loop)));
    ASYNC_END;
}

/* The result lies behind the header, as in every coro_size. */
_Static_assert(offsetof(struct tick, result) == offsetof(coro_size, result), "a coro_size");

coro_size *coro_interval_tick(coro_interval *interval)
{
    return (coro_size *)(void *)tick(interval);
}

void coro_interval_reset(coro_interval *interval)
{
    coro_loop *loop = coro_loop_current();
    CORO_CHECK(loop != NULL, "coro_interval_reset needs a running loop");
    coro_interval_start_at(interval, coro_time_after(coro_loop_time(loop), interval->period));
}

#endif
