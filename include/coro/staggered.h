/* SPDX-License-Identifier: MIT */
/*
 * coro/staggered.h - several ways to one thing, tried one after another, each
 * with a head start before the next: what Happy Eyeballs does with addresses.
 *
 *     AWAIT(self->which, coro_staggered_race(CORO_MS(250),
 *                                            coro_into(&self->stream, dial(first)),
 *                                            coro_into(&self->stream, dial(second))));
 *
 *     first   ──┬──250 ms──┬──────────────╳ cancelled
 *     second    │          └────● ends well: wins
 *     third     (never started)
 *
 * The next one starts when the one before it has failed, or the delay has passed.
 * The first that ends well wins: the others are cancelled, and the await ends when
 * all have ended. A call that is not started yet is its own starter; the calls
 * that were never started are freed.
 *
 * Only the winner's result is stored, so that all may share one place; what
 * another one has brought at the same moment is dropped (RETURNS(type, drop)).
 *
 * Cancelling the await cancels all, and it ends when they have, with
 * CORO_ECANCELED, unless one has won. CORO_EINVAL: no calls, or a delay that is
 * CORO_DURATION_INVALID. CORO_ENOMEM: memory is short; all are cancelled.
 *
 * Memory: a frame from the pool, and for each that is started a task.
 * Threads: the loop's.
 */
#ifndef CORO_STAGGERED_H
#define CORO_STAGGERED_H

#include <coro/gather.h>

#if CORO_SCOPES && CORO_JOINS

CORO_BEGIN_DECLS

/* The winner's index. If all fail, the first error is the await's. A delay of CORO_FOREVER tries
 * strictly one after another; zero or less: all at once. */
#define coro_staggered_race(delay, ...)                                                            \
    coro_staggered_race_array_((delay), NULL, CORO_ITEMS_(__VA_ARGS__))

/*
 * The same, never failing by a call's error: the index is the number of calls when
 * none won. errors[i]: 0 for the winner, a call's error, CORO_ECANCELED for a loser
 * that was still at it, CORO_EPENDING for one that was never started. `errors`
 * holds one for each call, and outlives the await.
 */
#define coro_staggered_race_errors(delay, errors, ...)                                             \
    coro_staggered_race_array_((delay), (errors), CORO_ITEMS_(__VA_ARGS__))

/* For a number known at run time; errors may be NULL. Takes the calls; copies the array. */
CORO_API CORO_NODISCARD coro_size *coro_staggered_race_array(coro_duration delay,
                                                             const coro_gather_item *items,
                                                             size_t count, int *errors);
static inline CORO_NODISCARD coro_size *
coro_staggered_race_array_(coro_duration delay, int *errors, const coro_gather_item *items,
                           size_t count)
{
    return coro_staggered_race_array(delay, items, count, errors);
}

CORO_END_DECLS

#endif

#endif
