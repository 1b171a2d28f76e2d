/* SPDX-License-Identifier: MIT */
/*
 * wait_tasks.c - coro_wait: look on until enough of some tasks have ended.
 *
 * Stand-ins (stand_in.h) join the tasks; each that is told of an end asks whether
 * that is enough. The limit is a CORO_TIMEOUT around the wait, whose error is
 * taken: who has ended is counted afterwards in any case.
 */
#include "stand_in.h"

#include <coro/wait.h>

#if CORO_SCOPES && CORO_JOINS

typedef struct wait_state {
    coro_task *stand_ins;
    size_t count, ended;
    coro_task *waiter;
    int16_t error; /* found wrong when it was made */
    uint8_t mode;
    bool enough;
} wait_state;

static bool is_enough(const wait_state *state, int error)
{
    if (state->ended == state->count)
        return true;
    return state->mode == CORO_FIRST_COMPLETED ||
           (state->mode == CORO_FIRST_ERROR && error != 0 && error != CORO_ECANCELED);
}

static bool member_ended(coro_task *stand_in)
{
    wait_state *state = stand_in->wait.object;
    coro_task *waiter = state->waiter;
    state->ended++;
    if (!state->enough)
        state->enough = is_enough(state, coro_stand_in_error(stand_in));
    if (state->enough && waiter != NULL) {
        state->waiter = NULL;
        coro_wait_done(waiter, 0);
    }
    return false;
}

static const coro_wait_type member_type = {CORO_VERB_("wait") member_ended, NULL, NULL, false};

static void join(wait_state *state)
{
    state->ended = coro_stand_ins_join(state->stand_ins, state->count, &member_type, state);
    for (size_t i = 0; i < state->count && !state->enough; i++)
        if (coro_stand_in_has_ended(&state->stand_ins[i]))
            state->enough = is_enough(state, coro_stand_in_error(&state->stand_ins[i]));
}

/* Who awaits need not be who made the call. */
static bool waits_for_itself(const wait_state *state, const coro_task *waiter)
{
    for (size_t i = 0; i < state->count; i++)
        if (state->stand_ins[i].sibling == waiter)
            return true;
    return false;
}

/* How many have ended by now, and which. */
static size_t count_ended(const wait_state *state, bool *done)
{
    size_t count = 0;
    for (size_t i = 0; i < state->count; i++) {
        bool ended = coro_stand_in_has_ended(&state->stand_ins[i]);
        count += ended;
        if (done != NULL)
            done[i] = ended;
    }
    return count;
}

static void leave(wait_state *state)
{
    coro_stand_ins_free(state->stand_ins, state->count);
    state->stand_ins = NULL;
}

/* --- the wait ----------------------------------------------------------------------------- */

static int wait_start(coro_task *task, coro_call *call)
{
    wait_state *state = call->object;
    coro_wait_on(task, state);
    if (state->enough)
        return 0;
    state->waiter = task;
    return CORO_PENDING_;
}

static bool wait_cancel(coro_task *task)
{
    ((wait_state *)task->wait.object)->waiter = NULL;
    return true;
}

static void wait_abandon(coro_task *task)
{
    leave(task->wait.object);
}

static const coro_wait_type wait_type = {CORO_VERB_("wait") wait_cancel, wait_abandon, NULL, false};

CORO_LEAF(wait_leaf, &wait_type, wait_start, 0);

#if CORO_HOSTED
coro_task *coro_wait_waiter(const coro_task *stand_in)
{
    const wait_state *state = stand_in->wait.object;
    return stand_in->wait_type == &member_type ? state->waiter : NULL;
}

coro_task *coro_wait_next(const coro_task *waiter, size_t *index)
{
    const wait_state *state = waiter->wait.object;
    if (waiter->wait_type != &wait_type)
        return NULL;
    while (*index < state->count) {
        const coro_task *each = &state->stand_ins[(*index)++];
        if (!coro_stand_in_has_ended(each))
            return each->sibling;
    }
    return NULL;
}
#endif

static coro_void *wait_for_enough(wait_state *state)
{
    /* As a group's join: in the record that is free here, so that this cannot fail. */
    coro_call *call = &coro_pool_current_->resumed;
    coro_header_init_(&call->coro, &wait_leaf_call_, CORO_FRAME_CALL_);
    call->object = state;
    return (coro_void *)call;
}

ASYNC(wait_tasks, RETURNS(size_t), ARGS(wait_state, state, coro_duration, timeout, bool *, done),
      VARS(coro_scope limit; int error;))
{
    ASYNC_BEGIN;
    if (self->state.error != 0)
        ASYNC_THROW(self->state.error);
    if (waits_for_itself(&self->state, (coro_task *)coro_driver_))
        ASYNC_THROW(CORO_ELOOP);
    join(&self->state);
    ASYNC_TRY;
    CORO_TIMEOUT(self->limit, self->timeout) {
        AWAIT(wait_for_enough(&self->state));
    }
    ASYNC_CATCH(self->error);
    if (self->error != CORO_ETIMEDOUT)
        ASYNC_THROW(self->error);
    ASYNC_END_TRY;
    /* One more turn, as in asyncio: who was about to end when it was enough counts as well. */
    if (self->state.ended < self->state.count && self->timeout > 0)
        AWAIT_CATCH(self->error, coro_yield());
    ASYNC_RETURN(count_ended(&self->state, self->done));
  ASYNC_FINALLY:
    leave(&self->state);
    ASYNC_END;
}

static void wait_discard(coro_header *frame)
{
    leave(&((struct wait_tasks *)frame)->state);
}

static const coro_descriptor wait_descriptor = {
    wait_tasks_enter_,        CORO_NAMED_("coro_wait") {NULL},
    wait_discard,             sizeof(struct wait_tasks), wait_tasks_zero_end_,
    wait_tasks_result_offset_, wait_tasks_result_size_};

coro_size *coro_wait(coro_task *const *tasks, size_t count, coro_duration timeout,
                     coro_wait_mode mode, bool *done)
{
    struct wait_tasks *frame;
    CORO_CHECK(coro_pool_current_ != NULL, "coro_wait needs a running loop");
    frame = (struct wait_tasks *)coro_frame_new_slow_(&wait_descriptor);
    if (frame == NULL)
        return (coro_size *)coro_frame_failed_();
    frame->timeout = timeout;
    frame->done = done;
    frame->state.count = count;
    frame->state.mode = (uint8_t)mode;
    if (count == 0 || (unsigned)mode > CORO_FIRST_ERROR || timeout == CORO_DURATION_INVALID)
        frame->state.error = CORO_EINVAL;
    else
        frame->state.error = (int16_t)coro_stand_ins_check(tasks, count, NULL);
    if (frame->state.error == 0)
        frame->state.stand_ins = coro_stand_ins_new(tasks, count);
    if (frame->state.error == 0 && frame->state.stand_ins == NULL)
        frame->state.error = CORO_ENOMEM;
    return (coro_size *)frame;
}

#endif
