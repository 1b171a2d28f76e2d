/* SPDX-License-Identifier: MIT */
/*
 * gather.c - several calls at once, each a task, one await for all.
 *
 *     gather ──items──► [ child ] [ child ] [ child ]     a task each, which runs
 *        ▲                 │         │         │          its call and reports here
 *        └─────────────────┴─────────┴─────────┘
 *
 * The await ends with the last child, or with the first error; then the children
 * that are left are cut loose: they run on, and report to nobody.
 *
 * Invariant: child->gather is NULL, or a gather whose frame is alive.
 */
#include "kernel.h"

#include <coro/gather.h>

#if CORO_SCOPES && CORO_JOINS

struct child;

typedef struct item {
    coro_gather_item want;
    coro_task *task;     /* a reference */
    struct child *child; /* its root frame, while it runs */
    coro_header *ended;  /* the call's frame, when it has ended well */
} item;

typedef struct gather_state {
    item *items;
    size_t count, left;
    int *errors;
    coro_task *waiter; /* who awaits the last child */
    int16_t error;     /* the first */
    bool cancelled;    /* the await was: it lasts until all have ended */
} gather_state;

static void child_ended(gather_state *gather, size_t index, coro_header *call, int error);

/* A call whose end is told to its gather, which then has the call's frame. */
ASYNC(child, ARGS(gather_state *, gather, size_t, index, coro_header *, call),
      VARS(coro_header *ended; int error;))
{
    ASYNC_BEGIN;
    CORO_START_(CORO_HERE_, (coro_any *)self->call)
    self->ended = coro_callee_;
    self->error = coro_callee_->error;
    if (self->error != 0) {
        self->error = coro_failed_(coro_driver_, &self->coro, &coro_callee_);
        self->ended = self->error == 0 ? coro_callee_ : NULL;
    }
    if (self->gather != NULL)
        child_ended(self->gather, self->index, self->ended, self->error);
    else if (self->ended != NULL)
        coro_let_go_(self->ended);
    ASYNC_END;
}

static void child_discard(coro_header *frame)
{
    coro_discard_(((struct child *)frame)->call);
}

static const coro_descriptor child_in_gather = {
    child_enter_, CORO_NAMED_("gather"), NULL, child_discard,
    sizeof(struct child), child_zero_end_, 0, 0};

static void finish(gather_state *gather, int error)
{
    coro_task *waiter = gather->waiter;
    gather->waiter = NULL;
    if (waiter != NULL)
        coro_wait_done(waiter, error);
}

static void child_ended(gather_state *gather, size_t index, coro_header *call, int error)
{
    item *each = &gather->items[index];
    each->child = NULL;
    each->ended = call;
    gather->left--;
    if (gather->errors != NULL)
        gather->errors[index] = error;
    else if (error != 0 && gather->error == 0)
        gather->error = (int16_t)error;
    if (gather->left == 0 && gather->cancelled)
        finish(gather, CORO_ECANCELED);
    else if (gather->left == 0 || (gather->error != 0 && !gather->cancelled))
        finish(gather, gather->error);
}

/* --- the wait ----------------------------------------------------------------------------- */

static void cancel_all(gather_state *gather)
{
    gather->cancelled = true;
    for (size_t i = 0; i < gather->count; i++)
        if (gather->items[i].child != NULL)
            coro_task_cancel(gather->items[i].task);
}

static int wait_start(coro_task *task, coro_call *call)
{
    gather_state *gather = call->object;
    task->wait.object = gather;
    if (gather->left == 0 || gather->error != 0)
        return gather->error;
    gather->waiter = task;
    return CORO_PENDING_;
}

/* All are cancelled; the await ends when they have ended. */
static bool wait_cancel(coro_task *task)
{
    cancel_all(task->wait.object);
    return false;
}

static void cut_loose(gather_state *gather);

/* The task is freed as it stands: its FINALLY will not run. */
static void wait_abandon(coro_task *task)
{
    cut_loose(task->wait.object);
}

static const coro_wait_type wait_type = {"gather", wait_cancel, wait_abandon, NULL, true};

CORO_LEAF(gather_wait, &wait_type, wait_start, 0);

static coro_void *gather_wait(gather_state *gather)
{
    /* As a group's join: in the record that is free here, so that this cannot fail. */
    coro_call *call = &coro_pool_current_->resumed;
    coro_header_init_(&call->coro, &gather_wait_call_, CORO_FRAME_CALL_);
    call->object = gather;
    return (coro_void *)call;
}

/* --- the coroutine ------------------------------------------------------------------------ */

/* Make a child's task of an item's call. 0 or CORO_ENOMEM: the call is freed. */
static int start_child(gather_state *gather, size_t index)
{
    item *each = &gather->items[index];
    coro_header *call = each->want.call;
    struct child *frame = (struct child *)coro_frame_new_slow_(&child_in_gather);
    each->want.call = NULL;
    if (frame == NULL) {
        coro_discard_(call);
        return CORO_ENOMEM;
    }
    frame->gather = gather;
    frame->index = index;
    frame->call = call;
    each->task = coro_create_task_(NULL, &frame->coro);
    if (each->task == NULL)
        return CORO_ENOMEM;
#if CORO_HOSTED
    coro_task_set_name(each->task, call->descriptor->name);
#endif
    each->child = frame;
    gather->left++;
    return 0;
}

static void discard_calls(gather_state *gather)
{
    for (size_t i = 0; i < gather->count; i++)
        if (gather->items[i].want.call != NULL)
            coro_discard_(gather->items[i].want.call);
}

static void free_items(gather_state *gather)
{
    if (gather->items != NULL)
        coro_pool_give_(coro_pool_current_, gather->items, gather->count * sizeof(item));
    gather->items = NULL;
}

/* All have ended: the results go where they are wanted. */
static void take_results(gather_state *gather)
{
    for (size_t i = 0; i < gather->count; i++) {
        item *each = &gather->items[i];
        if (each->ended == NULL || each->want.into == NULL)
            continue;
        coro_result_copy_(each->want.into, each->want.size, each->ended);
        each->ended->flags |= CORO_FRAME_TAKEN_;
    }
}

/* Who still runs does so alone; results that nobody took are dropped. */
static void cut_loose(gather_state *gather)
{
    for (size_t i = 0; i < gather->count; i++) {
        item *each = &gather->items[i];
        if (each->child != NULL)
            each->child->gather = NULL;
        if (each->ended != NULL)
            coro_let_go_(each->ended);
        coro_task_release(each->task);
    }
    free_items(gather);
}

ASYNC(gather_all, ARGS(item *, items, size_t, count, int *, errors),
      VARS(gather_state state; size_t i; int error;))
{
    ASYNC_BEGIN;
    self->state.items = self->items;
    self->state.count = self->count;
    self->state.errors = self->errors;
    while (self->i < self->count && self->error == 0)
        self->error = start_child(&self->state, self->i++);
    if (self->error != 0) {
        discard_calls(&self->state);
        cancel_all(&self->state);
    }
    AWAIT(gather_wait(&self->state));
    if (self->error != 0)
        ASYNC_THROW(self->error);
    take_results(&self->state);
  ASYNC_FINALLY:
    cut_loose(&self->state);
    if (self->error != 0)
        self->coro.error = (int16_t)self->error;
    ASYNC_END;
}

static void gather_discard(coro_header *frame)
{
    struct gather_all *gather = (struct gather_all *)frame;
    gather_state state = {gather->items, gather->count, 0, NULL, NULL, 0, false};
    discard_calls(&state);
    free_items(&state);
}

static const coro_descriptor gather_descriptor = {
    gather_all_enter_, CORO_NAMED_("coro_gather"), NULL, gather_discard,
    sizeof(struct gather_all), gather_all_zero_end_, 0, 0};


static coro_void *no_memory(const coro_gather_item *items, size_t count)
{
    for (size_t i = 0; i < count; i++)
        coro_discard_(items[i].call);
    return (coro_void *)coro_frame_failed_();
}

coro_void *coro_gather_array(const coro_gather_item *items, size_t count, int *errors)
{
    coro_pool *pool = coro_pool_current_;
    struct gather_all *frame;
    item *copy = NULL;
    CORO_CHECK(pool != NULL, "coro_gather needs a running loop");
    if (count > 0) {
        copy = coro_pool_take_(pool, count * sizeof *copy);
        if (copy == NULL)
            return no_memory(items, count);
    }
    for (size_t i = 0; i < count; i++) {
        copy[i] = (item){items[i], NULL, NULL, NULL};
        copy[i].want.call = coro_frame_keep(items[i].call);
        if (errors != NULL)
            errors[i] = 0;
    }
    frame = (struct gather_all *)coro_frame_new_slow_(&gather_descriptor);
    if (frame == NULL) {
        gather_state state = {copy, count, 0, NULL, NULL, 0, false};
        discard_calls(&state);
        free_items(&state);
        return (coro_void *)coro_frame_failed_();
    }
    frame->items = copy;
    frame->count = count;
    frame->errors = errors;
    return (coro_void *)frame;
}

#endif
