/* SPDX-License-Identifier: MIT */
/*
 * staggered.c - a race whose arms (arms.c) start one after another.
 *
 * Between two starts the await pauses, in a timeout of its own: until the newest
 * arm has failed, one has won, or the head start is over. A cancel from outside
 * ends the pause alone; the wait for all, which follows, then meets it, and
 * passes it on to the arms.
 */
#include "arms.h"

#include <coro/staggered.h>

#if CORO_SCOPES && CORO_JOINS

/* Only one result was wanted: who ended well without winning counts as cancelled. */
static void record_losers(const coro_arms *state)
{
    for (size_t i = 0; i < state->count; i++)
        if (i != state->winner && state->arms[i].ended != NULL)
            state->errors[i] = CORO_ECANCELED;
}

/* Begins as a coro_arms_frame. */
ASYNC(staggered, RETURNS(size_t), ARGS(coro_arms, state, coro_duration, delay),
      VARS(coro_scope head_start; size_t next; int error, paused;))
{
    ASYNC_BEGIN;
    if (self->state.count == 0 || self->delay == CORO_DURATION_INVALID)
        ASYNC_THROW(CORO_EINVAL);
    while (self->next < self->state.count && !self->state.decided) {
        self->error = coro_arms_start(&self->state, self->next++);
        if (self->error != 0 || self->next == self->state.count)
            break;
        self->paused = 0;
        ASYNC_TRY;
        CORO_TIMEOUT(self->head_start, self->delay) {
            AWAIT(coro_arms_pause(&self->state));
        }
        ASYNC_CATCH(self->paused);
        ASYNC_END_TRY;
        if (self->paused == CORO_ECANCELED)
            break;
        if (self->paused == CORO_ENOMEM)
            self->error = self->paused;
        if (self->error != 0)
            break;
    }
    if (self->error != 0)
        coro_arms_give_up(&self->state);
    if (self->state.left > 0)
        AWAIT(coro_arms_wait(&self->state));
    if (self->error != 0)
        ASYNC_THROW(self->error);
    if (self->paused == CORO_ECANCELED && !self->state.decided)
        ASYNC_THROW(CORO_ECANCELED);
    if (self->state.errors != NULL)
        record_losers(&self->state);
    else if (self->state.error != 0)
        ASYNC_THROW(self->state.error);
    if (self->state.winner < self->state.count)
        coro_arms_take_one(&self->state, self->state.winner);
    ASYNC_RETURN(self->state.winner);
  ASYNC_FINALLY:
    coro_arms_close(&self->state);
    if (self->error != 0)
        self->coro.error = (int16_t)self->error;
    ASYNC_END;
}

static const coro_descriptor staggered_call = {
    staggered_enter_,       CORO_NAMED_("coro_staggered_race") {NULL},
    coro_arms_discard,      sizeof(struct staggered),           staggered_zero_end_,
    staggered_result_offset_, staggered_result_size_};

coro_size *coro_staggered_race_array(coro_duration delay, const coro_gather_item *items,
                                     size_t count, int *errors)
{
    coro_header *frame = coro_arms_new(&staggered_call, CORO_ARMS_FIRST_GOOD, items, count, errors);
    if (frame->error == 0) {
        ((struct staggered *)frame)->delay = delay;
        for (size_t i = 0; errors != NULL && i < count; i++)
            errors[i] = CORO_EPENDING;
    }
    return (coro_size *)frame;
}

#endif
