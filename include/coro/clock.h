/* SPDX-License-Identifier: MIT */
/*
 * coro/clock.h - time, as the loop sees it.
 *
 * A monotonic clock: nanoseconds in 64 bits on hosts, wrapping ticks on small
 * targets. A wait never ends early. Delays saturate: CORO_FOREVER never comes.
 * Whoever sets the time of day moves no deadline; on Linux the clock stands while
 * the machine is suspended (CLOCK_MONOTONIC), and a deadline moves by as much.
 */
#ifndef CORO_CLOCK_H
#define CORO_CLOCK_H

#include <coro/config.h>

#if CORO_TIME_BITS == 64
typedef int64_t coro_time;     /* a point in time */
typedef int64_t coro_duration; /* a span */
#define CORO_TICK_HZ_ 1000000000LL
#define CORO_FOREVER INT64_MAX
#define CORO_DURATION_INVALID INT64_MIN /* what coro_seconds(NaN) gives: CORO_EINVAL */
#elif CORO_TIME_BITS == 32
typedef uint32_t coro_time;
typedef int32_t coro_duration;
#define CORO_TICK_HZ_ CORO_TICKS_PER_SECOND
#define CORO_FOREVER INT32_MAX
#define CORO_DURATION_INVALID INT32_MIN
#else
typedef uint16_t coro_time;
typedef int16_t coro_duration;
#define CORO_TICK_HZ_ CORO_TICKS_PER_SECOND
#define CORO_FOREVER INT16_MAX
#define CORO_DURATION_INVALID INT16_MIN
#endif

/*
 * Constant expressions for constant arguments; CORO_SECONDS(0.25) is fine. Where ticks and the
 * unit divide each other nothing overflows on the way, and a variable is not divided.
 */
#define CORO_SECONDS(n) ((coro_duration)((n) * CORO_TICK_HZ_))
#if CORO_TIME_BITS == 64
#define CORO_MS(n) ((coro_duration)((n) * 1000000LL))
#define CORO_US(n) ((coro_duration)((n) * 1000LL))
#else
#if CORO_TICKS_PER_SECOND % 1000 == 0
#define CORO_MS(n) ((coro_duration)((n) * (CORO_TICKS_PER_SECOND / 1000)))
#else
#define CORO_MS(n) ((coro_duration)((n) * (CORO_TICK_HZ_ + 0L) / 1000))
#endif
#if CORO_TICKS_PER_SECOND % 1000000 == 0
#define CORO_US(n) ((coro_duration)((n) * (CORO_TICKS_PER_SECOND / 1000000)))
#elif 1000000 % CORO_TICKS_PER_SECOND == 0
#define CORO_US(n) ((coro_duration)((n) / (1000000 / CORO_TICKS_PER_SECOND)))
#else
#define CORO_US(n) ((coro_duration)((n) * (CORO_TICK_HZ_ + 0L) / 1000000))
#endif
#endif

#if CORO_TIME_BITS == 64
/* A run-time number of seconds: too long becomes CORO_FOREVER, NaN becomes
 * CORO_DURATION_INVALID, which every wait answers with CORO_EINVAL. */
static inline coro_duration coro_seconds(double seconds)
{
    if (seconds != seconds)
        return CORO_DURATION_INVALID;
    if (seconds >= 9.2e9)
        return CORO_FOREVER;
    return seconds <= -9.2e9 ? -CORO_FOREVER : (coro_duration)(seconds * 1e9);
}
#endif

/* Is point a at or after point b? Wraps as the clock does. */
static inline bool coro_time_reached(coro_time a, coro_time b)
{
#if CORO_TIME_BITS == 64
    return a >= b;
#else
    return (coro_duration)(coro_time)(a - b) >= 0;
#endif
}

#endif
