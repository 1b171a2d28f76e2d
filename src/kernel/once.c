/* SPDX-License-Identifier: MIT */
/*
 * once.c - a lock that opens for good.
 *
 *     IDLE ──begin──► runner ──end(0)──► DONE, all go on
 *                       ▲ └──end(error)──► the next in line is the runner, or IDLE
 *                       └──────────────────────┘
 *
 * Invariant: while anybody waits there is a runner. Who waits learns from the wait's
 * result whether it is the next.
 */
#include <coro/once.h>

#include "kernel.h"

static void go_on(coro_task *task, int is_runner)
{
    task->wait.a.number = is_runner;
    coro_wait_done(task, 0);
}

int coro_once_end(coro_once *once, int error)
{
    coro_task *task;
    if (once->runner == NULL || once->runner != coro_current_task())
        return CORO_EPERM;
    once->runner = NULL;
    once->done = error == 0;
    if (once->done) {
        while ((task = coro_waiters_pop(&once->waiters)) != NULL)
            go_on(task, 0);
    } else if ((task = coro_waiters_pop(&once->waiters)) != NULL) {
        once->runner = task;
        go_on(task, 1);
    }
    return 0;
}

static inline int begin_start(coro_task *task, coro_call *call)
{
    coro_once *once = call->object;
    coro_result_of(task, call)->number = 0;
    if (once->done)
        return 0;
    if (once->runner == task)
        return CORO_EDEADLK;
    if (once->runner == NULL) {
        once->runner = task;
        coro_result_of(task, call)->number = 1;
        return 0;
    }
    coro_wait_on(task, once);
    coro_waiters_push(&once->waiters, task);
    return CORO_PENDING_;
}

#if CORO_SCOPES
static bool begin_cancel(coro_task *task)
{
    coro_waiters_remove(&((coro_once *)task->wait.object)->waiters, task);
    return true;
}

static const coro_wait_type begin_type = {CORO_VERB_("once") begin_cancel, NULL, NULL, false};
#define BEGIN_TYPE &begin_type
#else
#define BEGIN_TYPE NULL
#endif

CORO_LEAF_INLINE(coro_once_begin, BEGIN_TYPE, begin_start, sizeof(int));

#if !CORO_MINIMAL_
/* --- a call ------------------------------------------------------------------------------- */

ASYNC(once_run, ARGS(coro_once *, once, coro_header *, call), VARS(int is_runner; bool started;))
{
    ASYNC_BEGIN;
    AWAIT(self->is_runner, coro_once_begin(self->once));
    if (self->is_runner) {
        self->started = true;
        AWAIT((coro_any *)self->call);
    }
  ASYNC_FINALLY:
    if (!self->started)
        coro_discard_(self->call);
    if (self->is_runner)
        coro_once_end(self->once, self->coro.error);
    ASYNC_END;
}

static void discard_call(coro_header *frame)
{
    coro_discard_(((struct once_run *)frame)->call);
}

static const coro_descriptor once_descriptor = {
    once_run_enter_, CORO_NAMED_("coro_once_run") {NULL}, discard_call,
    sizeof(struct once_run), once_run_zero_end_, 0, 0};

coro_void *coro_once_run_(coro_once *once, coro_header *call)
{
    struct once_run *frame;
    call = coro_frame_keep(call);
    if (call->error == CORO_ENOMEM)
        return (coro_void *)call;
    frame = (struct once_run *)coro_frame_new_slow_(&once_descriptor);
    if (frame == NULL) {
        coro_discard_(call);
        return (coro_void *)coro_frame_failed_();
    }
    frame->once = once;
    frame->call = call;
    return (coro_void *)frame;
}
#endif
