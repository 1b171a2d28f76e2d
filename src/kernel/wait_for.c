/* SPDX-License-Identifier: MIT */
/*
 * wait_for.c - a call with a time limit: one coroutine around it.
 *
 * The limit is a CORO_TIMEOUT scope in the same task; there is no helper task
 * whose end could race with the call's. The call's own frame, with its result,
 * is passed on to the awaiter (CORO_FORWARDED_), so that any type goes through.
 */
#include "kernel.h"

#if CORO_SCOPES

/* `inner` is the first member behind the header: this is a coro_forward. */
ASYNC(wait_for, ARGS(coro_header *, inner, coro_duration, delay),
      VARS(coro_scope limit; bool started;))
{
    ASYNC_BEGIN;
    CORO_TIMEOUT(self->limit, self->delay) {
        self->started = true;
        CORO_AWAIT_AT_(CORO_HERE_, (coro_any *)self->inner, self->inner = coro_callee_);
    }
  ASYNC_FINALLY:
    if (!self->started) /* the block could not be entered */
        coro_discard_(self->inner);
    else if (self->coro.error == 0)
        self->coro.error = CORO_FORWARDED_;
    ASYNC_END;
}

/* Zero or less: what is done already gives its value; nothing new is started. */
ASYNC(wait_not, ARGS(coro_header *, inner))
{
    ASYNC_BEGIN;
    CORO_AWAIT_AT_(CORO_HERE_, (coro_any *)self->inner, self->inner = coro_callee_);
    self->coro.error = CORO_FORWARDED_;
    ASYNC_END;
}

ASYNC(time_out, ARGS(coro_header *, inner))
{
    ASYNC_BEGIN;
    coro_discard_(self->inner);
    self->inner = NULL;
    ASYNC_THROW(CORO_ETIMEDOUT);
    ASYNC_END;
}

static void discard_inner(coro_header *frame)
{
    coro_discard_(((coro_forward *)frame)->inner);
}

#define WRAPPER(name)                                                                              \
    static const coro_descriptor name##_wrapper = {                                                \
        name##_enter_, CORO_NAMED_("coro_wait_for") {NULL}, discard_inner, sizeof(struct name),   \
        name##_zero_end_, 0, 0}
WRAPPER(wait_for);
WRAPPER(wait_not);
WRAPPER(time_out);

static bool is_done(const coro_header *call)
{
    const coro_call *wait = (const coro_call *)call;
#if CORO_JOINS
    if (coro_is_join(call) || coro_is_shield(call))
        return coro_task_join_is_done(call);
#endif
    return coro_is_future_wait(call) && ((const coro_future *)wait->object)->done;
}

static bool is_running(const coro_header *call)
{
#if CORO_JOINS
    if (coro_is_join(call))
        return true;
#endif
    return coro_is_future_wait(call);
}

coro_void *coro_wait_for_(coro_header *call, coro_duration delay)
{
    coro_header *frame, *inner = coro_frame_keep(call);
    const coro_descriptor *descriptor = &wait_for_wrapper;
    CORO_USE_(forwards);
    if (inner->error == CORO_ENOMEM)
        return (coro_void *)inner;
    if (delay <= 0 && delay != CORO_DURATION_INVALID)
        descriptor = is_done(inner)      ? &wait_not_wrapper
                     : is_running(inner) ? &wait_for_wrapper
                                         : &time_out_wrapper;
    frame = coro_frame_new_slow_(descriptor);
    if (frame == NULL) {
        coro_discard_(inner);
        return (coro_void *)coro_frame_failed_();
    }
    ((coro_forward *)frame)->inner = inner;
    if (descriptor == &wait_for_wrapper)
        ((struct wait_for *)frame)->delay = delay;
    return (coro_void *)frame;
}

#endif
