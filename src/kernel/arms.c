/* SPDX-License-Identifier: MIT */
/*
 * arms.c - several calls at once, each a task, one await for all.
 *
 *     await ──arms──► [ arm ] [ arm ] [ arm ]     a task each, which runs its
 *       ▲                │       │       │        call and reports here
 *       └────────────────┴───────┴───────┘
 *
 * An arm's end is told to coro_arms, which decides by its policy what it means.
 * Once decided the others are cancelled and waited for (gather's plain form cuts
 * them loose instead: they run on, and report to nobody). The outcome that has
 * been decided is not changed by a later cancel of the await.
 *
 * Invariant: frame->state is NULL, or arms whose frame is alive.
 */
#include "arms.h"

#if CORO_SCOPES && CORO_JOINS

static void arm_ended(coro_arms *state, size_t index, coro_header *call, int error);

/* A call whose end is told to those who started it, who then have the call's frame. */
ASYNC(coro_arm_task, ARGS(coro_arms *, state, size_t, index, coro_header *, call),
      VARS(coro_header *ended; int error;))
{
    ASYNC_BEGIN;
    CORO_CATCH_AT_(CORO_HERE_, self->error, (coro_any *)self->call, self->ended = coro_callee_);
    if (self->error != 0 && self->state != NULL && self->state->error == 0)
        coro_trace_inherit(coro_driver_->loop, &self->coro, self->state->waiter, self->error);
    if (self->state != NULL)
        arm_ended(self->state, self->index, self->ended, self->error);
    else if (self->ended != NULL)
        coro_let_go_(self->ended);
    ASYNC_END;
}

static void arm_discard(coro_header *frame)
{
    coro_discard_(((struct coro_arm_task *)frame)->call);
}

static const coro_descriptor arm_descriptor = {
    coro_arm_task_enter_, CORO_NAMED_("gather") {NULL}, arm_discard,
    sizeof(struct coro_arm_task), coro_arm_task_zero_end_, 0, 0};

int coro_arms_start(coro_arms *state, size_t index)
{
    coro_arm *arm = &state->arms[index];
    coro_header *call = arm->want.call;
    struct coro_arm_task *frame =
        (struct coro_arm_task *)coro_frame_new_slow_(&arm_descriptor);
    arm->want.call = NULL;
    if (frame == NULL) {
        coro_discard_(call);
        return CORO_ENOMEM;
    }
    frame->state = state;
    frame->index = index;
    frame->call = call;
    arm->task = coro_create_task_(NULL, &frame->coro);
    if (arm->task == NULL)
        return CORO_ENOMEM;
#if CORO_HOSTED
    coro_task_set_name(arm->task, call->descriptor->name);
#endif
    arm->frame = frame;
    state->newest = index;
    state->left++;
    return 0;
}

/* --- the end of an arm -------------------------------------------------------------------- */

static void cancel_arms(coro_arms *state)
{
    for (size_t i = 0; i < state->count; i++)
        if (state->arms[i].frame != NULL)
            coro_task_cancel(state->arms[i].task);
}

static void finish(coro_arms *state, int error)
{
    coro_task *waiter = state->waiter;
    state->waiter = NULL;
    if (waiter != NULL)
        coro_wait_done(waiter, error);
}

/* Does this end settle the outcome? */
static bool settles(coro_arms *state, size_t index, int error)
{
    switch (state->policy) {
    case CORO_ARMS_ALL:
    case CORO_ARMS_CANCEL_REST:
        if (error == 0)
            return false;
        if (state->cancelled) { /* what fails in its clean-up is not hidden by that */
            if (error != CORO_ECANCELED && state->error == 0)
                state->error = (int16_t)error;
            return false;
        }
        if (state->errors != NULL)
            return state->policy == CORO_ARMS_CANCEL_REST;
        break;
    case CORO_ARMS_FIRST_END:
        if (state->cancelled && error == CORO_ECANCELED)
            return false; /* that is our own doing */
        state->winner = index;
        break;
    default:
        if (state->error == 0)
            state->error = (int16_t)error;
        if (error != 0)
            return false;
        state->winner = index;
        break;
    }
    state->error = (int16_t)error;
    return true;
}

/* All arms have ended: how the await does. */
static int outcome(const coro_arms *state)
{
    if (!state->cancelled || state->decided)
        return 0;
    if (state->policy <= CORO_ARMS_CANCEL_REST && state->errors == NULL && state->error != 0)
        return state->error;
    return CORO_ECANCELED;
}

static void arm_ended(coro_arms *state, size_t index, coro_header *call, int error)
{
    coro_arm *arm = &state->arms[index];
    arm->frame = NULL;
    arm->ended = call;
    state->left--;
    if (state->errors != NULL)
        state->errors[index] = error;
    if (!state->decided && settles(state, index, error)) {
        state->decided = true;
        if (state->policy != CORO_ARMS_ALL)
            cancel_arms(state);
    }
    if (state->pausing) {
        if (state->decided || index == state->newest)
            finish(state, 0);
    } else if (state->left == 0 || (state->decided && state->policy == CORO_ARMS_ALL)) {
        finish(state, outcome(state));
    }
}

/* --- the wait ----------------------------------------------------------------------------- */

void coro_arms_give_up(coro_arms *state)
{
    for (size_t i = 0; i < state->count; i++)
        if (state->arms[i].want.call != NULL) {
            coro_discard_(state->arms[i].want.call);
            state->arms[i].want.call = NULL;
        }
    state->cancelled = true;
    cancel_arms(state);
}

static int wait_start(coro_task *task, coro_call *call)
{
    coro_arms *state = call->object;
    task->wait.object = state;
    if (state->left == 0)
        return 0;
    state->waiter = task;
    return CORO_PENDING_;
}

static int pause_start(coro_task *task, coro_call *call)
{
    coro_arms *state = call->object;
    state->pausing = true;
    return wait_start(task, call);
}

/* All are cancelled; the await ends when they have ended. */
static bool wait_cancel(coro_task *task)
{
    coro_arms *state = task->wait.object;
    if (!state->decided)
        state->cancelled = true;
    cancel_arms(state);
    return false;
}

static bool pause_cancel(coro_task *task)
{
    ((coro_arms *)task->wait.object)->waiter = NULL;
    return true;
}

/* The task is freed as it stands: its FINALLY will not run. */
static void wait_abandon(coro_task *task)
{
    coro_arms_close(task->wait.object);
}

static const coro_wait_type wait_type = {CORO_VERB_("gather") wait_cancel, wait_abandon, NULL,
                                         true};
static const coro_wait_type pause_type = {CORO_VERB_("gather") pause_cancel, wait_abandon, NULL,
                                          false};

CORO_LEAF(arms_wait, &wait_type, wait_start, 0);
CORO_LEAF(arms_pause, &pause_type, pause_start, 0);

static coro_void *wait_call(const coro_descriptor *descriptor, coro_arms *state)
{
    /* As a group's join: in the record that is free here, so that this cannot fail. */
    coro_call *call = &coro_pool_current_->resumed;
    coro_header_init_(&call->coro, descriptor, CORO_FRAME_CALL_);
    call->object = state;
    return (coro_void *)call;
}

coro_void *coro_arms_wait(coro_arms *state)
{
    state->pausing = false;
    return wait_call(&arms_wait_call_, state);
}

coro_void *coro_arms_pause(coro_arms *state)
{
    return wait_call(&arms_pause_call_, state);
}

#if CORO_HOSTED
coro_task *coro_gather_waiter(const coro_header *root)
{
    const struct coro_arm_task *arm = (const struct coro_arm_task *)root;
    bool is_arm = root->descriptor == &arm_descriptor && arm->state != NULL;
    return is_arm ? arm->state->waiter : NULL;
}

coro_task *coro_gather_next(const coro_task *waiter, size_t *index)
{
    const coro_arms *state = waiter->wait.object;
    if (waiter->wait_type != &wait_type && waiter->wait_type != &pause_type)
        return NULL;
    while (*index < state->count) {
        const coro_arm *arm = &state->arms[(*index)++];
        if (arm->frame != NULL)
            return arm->task;
    }
    return NULL;
}
#endif

/* --- results ------------------------------------------------------------------------------ */

void coro_arms_take_one(coro_arms *state, size_t index)
{
    coro_arm *arm = &state->arms[index];
    if (arm->ended == NULL || arm->want.into == NULL)
        return;
    coro_result_copy_(arm->want.into, arm->want.size, arm->ended);
    arm->ended->flags |= CORO_FRAME_TAKEN_;
}

void coro_arms_take_all(coro_arms *state)
{
    for (size_t i = 0; i < state->count; i++)
        coro_arms_take_one(state, i);
}

void coro_arms_close(coro_arms *state)
{
    for (size_t i = 0; i < state->count; i++) {
        coro_arm *arm = &state->arms[i];
        if (arm->want.call != NULL)
            coro_discard_(arm->want.call);
        if (arm->frame != NULL)
            arm->frame->state = NULL;
        if (arm->ended != NULL)
            coro_let_go_(arm->ended);
        coro_task_release(arm->task);
    }
    if (state->arms != NULL)
        coro_pool_give_(coro_pool_current_, state->arms, state->count * sizeof(coro_arm));
    state->arms = NULL;
    state->count = 0;
}

/* --- making ------------------------------------------------------------------------------- */

void coro_arms_discard(coro_header *frame)
{
    coro_arms_close(&((coro_arms_frame *)frame)->state);
}

coro_header *coro_arms_new(const coro_descriptor *descriptor, coro_arms_policy policy,
                           const coro_gather_item *items, size_t count, int *errors)
{
    coro_pool *pool = coro_pool_current_;
    coro_arms_frame *frame;
    coro_arms state;
    CORO_CHECK(pool != NULL, "gather, select and race need a running loop");
    coro_zero_(&state, sizeof state);
    if (count > 0)
        state.arms = coro_pool_take_(pool, count * sizeof(coro_arm));
    if (count > 0 && state.arms == NULL) {
        for (size_t i = 0; i < count; i++)
            coro_discard_(items[i].call);
        return coro_frame_failed_();
    }
    state.count = state.winner = count;
    state.errors = errors;
    state.policy = (uint8_t)policy;
    for (size_t i = 0; i < count; i++) {
        state.arms[i] = (coro_arm){items[i], NULL, NULL, NULL};
        state.arms[i].want.call = coro_frame_keep(items[i].call);
        if (errors != NULL)
            errors[i] = 0;
    }
    frame = (coro_arms_frame *)coro_frame_new_slow_(descriptor);
    if (frame == NULL) {
        coro_arms_close(&state);
        return coro_frame_failed_();
    }
    frame->state = state;
    return &frame->coro;
}

/* --- the usual coroutine ------------------------------------------------------------------ */

/* Begins as a coro_arms_frame. */
ASYNC(arms_all, RETURNS(size_t), ARGS(coro_arms, state), VARS(size_t i; int error;))
{
    ASYNC_BEGIN;
    if (self->state.count == 0 && self->state.policy >= CORO_ARMS_FIRST_END)
        ASYNC_THROW(CORO_EINVAL); /* the first of nothing never comes */
    while (self->i < self->state.count && self->error == 0)
        self->error = coro_arms_start(&self->state, self->i++);
    if (self->error != 0)
        coro_arms_give_up(&self->state);
    if (self->state.left > 0 || self->state.count == 0)
        AWAIT(coro_arms_wait(&self->state));
    if (self->error != 0)
        ASYNC_THROW(self->error);
    if (self->state.error != 0 && self->state.errors == NULL)
        ASYNC_THROW(self->state.error);
    if (self->state.errors != NULL || self->state.winner == self->state.count)
        coro_arms_take_all(&self->state);
    else
        coro_arms_take_one(&self->state, self->state.winner);
    ASYNC_RETURN(self->state.winner);
  ASYNC_FINALLY:
    coro_arms_close(&self->state);
    if (self->error != 0)
        self->coro.error = (int16_t)self->error;
    ASYNC_END;
}

#define ARMS_DESCRIPTOR(name)                                                                      \
    {                                                                                              \
        arms_all_enter_, CORO_NAMED_(name) {NULL}, coro_arms_discard, sizeof(struct arms_all),    \
            arms_all_zero_end_, arms_all_result_offset_, arms_all_result_size_                     \
    }

coro_header *coro_arms_call(coro_arms_policy policy, const coro_gather_item *items, size_t count,
                            int *errors)
{
    static const coro_descriptor gather = ARMS_DESCRIPTOR("coro_gather");
    static const coro_descriptor select = ARMS_DESCRIPTOR("coro_select");
    static const coro_descriptor race = ARMS_DESCRIPTOR("coro_race");
    const coro_descriptor *descriptor = policy == CORO_ARMS_FIRST_END    ? &select
                                        : policy == CORO_ARMS_FIRST_GOOD ? &race
                                                                         : &gather;
    return coro_arms_new(descriptor, policy, items, count, errors);
}

#endif
