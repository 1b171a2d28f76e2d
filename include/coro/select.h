/* SPDX-License-Identifier: MIT */
/*
 * coro/select.h - several calls at once, and the first one decides.
 *
 *     AWAIT(self->which, coro_select(coro_into(&self->line, read_line(stream)),
 *                                    coro_only(coro_sleep(CORO_SECONDS(5)))));
 *     if (self->which == 0)
 *         ...                                    // self->line is there
 *
 * Each call (an arm) runs as a task of its own. As soon as one has ended the
 * others are cancelled; the await ends when all have, so that nobody is left
 * behind, and gives the winner's index. select: the first that ends, well or
 * not, wins. race: the first that ends well does; errors are passed over.
 *
 *     arm 0   ──────────╳ cancelled, clean-up ──┐
 *     arm 1   ─────● ends: wins                 ├──► the await ends: 1
 *     arm 2   ─────● in the same turn           ┘
 *
 * A loser may end well all the same: its value had arrived before the cancel.
 * The forms with `errors` store the result of each arm that ended well, so
 * that nothing is lost: errors[i] is 0 for those, CORO_ECANCELED for a loser that
 * was cancelled in time. Use them where an arm takes something away: an item of a
 * queue, bytes of a stream. The plain forms store the winner's result only; the
 * others' are dropped (RETURNS(type, drop)).
 *
 * An arm that ends at once, each time, wins each time: leave a channel that has come to
 * its end out of the next round.
 *
 * Cancelling the await cancels all arms. If one has won already, or ends well all
 * the same, that is the outcome, and the task's next wait fails; else
 * CORO_ECANCELED. No arms: CORO_EINVAL. Memory short: CORO_ENOMEM, all are
 * cancelled and waited for.
 *
 * Memory: a frame from the pool, a task each. Threads: the loop's.
 */
#ifndef CORO_SELECT_H
#define CORO_SELECT_H

#include <coro/gather.h>

#if CORO_SCOPES && CORO_JOINS

CORO_BEGIN_DECLS

/* The first that ends wins: its index. If it failed, its error is the await's. */
#define coro_select(...) coro_select_array_(NULL, CORO_ITEMS_(__VA_ARGS__))

/* The same, never failing by an arm's error. `errors` holds one for each arm, and outlives the
 * await. */
#define coro_select_errors(errors, ...) coro_select_array_((errors), CORO_ITEMS_(__VA_ARGS__))

/* The first that ends well wins: its index. If none does, the first error is the await's. */
#define coro_race(...) coro_race_array_(NULL, CORO_ITEMS_(__VA_ARGS__))

/* The same, never failing by an arm's error: the index is the number of arms when none won. */
#define coro_race_errors(errors, ...) coro_race_array_((errors), CORO_ITEMS_(__VA_ARGS__))

/* For a number known at run time; errors may be NULL. Takes the calls; copies the array. */
CORO_API CORO_NODISCARD coro_size *coro_select_array(const coro_gather_item *items, size_t count,
                                                     int *errors);
CORO_API CORO_NODISCARD coro_size *coro_race_array(const coro_gather_item *items, size_t count,
                                                   int *errors);

static inline CORO_NODISCARD coro_size *coro_select_array_(int *errors,
                                                           const coro_gather_item *items,
                                                           size_t count)
{
    return coro_select_array(items, count, errors);
}
static inline CORO_NODISCARD coro_size *coro_race_array_(int *errors,
                                                         const coro_gather_item *items,
                                                         size_t count)
{
    return coro_race_array(items, count, errors);
}

CORO_END_DECLS

#endif

#endif
