/* SPDX-License-Identifier: MIT */
/*
 * coro/interval.h - ticks, a period apart, that do not drift.
 *
 *     coro_interval beat = CORO_INTERVAL_INIT(CORO_MS(100), CORO_MISSED_SKIP);
 *     for (;;) {
 *         AWAIT(self->n, coro_interval_tick(&self->beat));   // at 0, 100, 200 ms...
 *         ...
 *     }
 *
 * A tick is due at a point in time that is counted from the first one, however
 * long the work between two ticks takes: sleeping for the period would drift.
 * When a tick comes late by a period or more, the missed ones
 *
 *     due          0    10   20   30   40   50        (busy from 0 to 25)
 *     burst        0 ............25 25 30   40 50     all of them, at once
 *     skip         0 ............25    30   40 50     are left out; n counts them
 *     delay        0 ............25      35   45      shift all that follow
 *
 * as Tokio's MissedTickBehavior has it. A tick is never early.
 *
 * Memory: the caller's; a tick takes a small frame of the pool. Threads: the loop's.
 */
#ifndef CORO_INTERVAL_H
#define CORO_INTERVAL_H

#include <coro/task.h>

#if !CORO_MINIMAL_ /* its calls are frames from a pool */

CORO_BEGIN_DECLS

typedef enum coro_missed {
    CORO_MISSED_BURST,
    CORO_MISSED_SKIP,
    CORO_MISSED_DELAY
} coro_missed;

typedef struct coro_interval { /* private */
    coro_duration period;
    coro_time next; /* when the next tick is due */
    uint8_t missed;
    bool started; /* next is known */
} coro_interval;

/* The first tick is due at once, when it is awaited. The period must be positive. */
#define CORO_INTERVAL_INIT(period, missed) {(period), 0, (missed), false}

static inline void coro_interval_init(coro_interval *interval, coro_duration period,
                                      coro_missed missed)
{
    interval->period = period;
    interval->next = 0;
    interval->missed = (uint8_t)missed;
    interval->started = false;
}

/*
 * Wait for the next tick: how many periods it stands for, 1 or, where ticks are
 * skipped, 1 + those that were missed. Suspends; one that is due already lets the
 * others have a turn. Cancelled: the tick is still to come. CORO_EINVAL: the
 * period is not positive; CORO_ENOMEM. One task at a time: each tick is one task's.
 */
CORO_API CORO_NODISCARD coro_size *coro_interval_tick(coro_interval *interval);

/* The next tick is due at `when` (coro_loop_time), and the later ones a period apart from it. */
static inline void coro_interval_start_at(coro_interval *interval, coro_time when)
{
    interval->next = when;
    interval->started = true;
}

/* The next tick is due a period from now. Needs a running loop. */
CORO_API void coro_interval_reset(coro_interval *interval);

CORO_END_DECLS

#endif

#endif
