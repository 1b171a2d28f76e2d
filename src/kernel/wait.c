/* SPDX-License-Identifier: MIT */
/*
 * wait.c - the slow ways of a leaf await: cancelled before it began, out of
 * budget, given up. The fast way is coro_leaf in wait.h.
 */
#include "kernel.h"

#if CORO_MINIMAL_
coro_void *coro_call_of_(const coro_descriptor *descriptor, void *object, const void *argument)
{
    return coro_call_here(descriptor, object, argument);
}

/* A call that is done at once; one too many in a resume: after the others had a turn. */
coro_void *coro_call_ended(coro_loop *loop, int error)
{
    if (--loop->pool.budget == 0) {
        coro_task *task = loop->current;
        coro_task_ready_(task);
        task->driver.error = (int16_t)error;
        error = CORO_SUSPENDED_;
    }
    return (coro_void *)coro_outcome(loop, error);
}
_Static_assert(offsetof(coro_task, wait) == sizeof(coro_driver) + sizeof(void *),
               "coro_waited_ looks for the result there");
#else
const coro_descriptor coro_resumed_call = {
    NULL,
    CORO_NAMED_("call")
    {NULL},
    NULL,
    sizeof(coro_call),
    sizeof(coro_call),
    offsetof(coro_call, result),
    sizeof(coro_value)};

/* Too many awaits in one resume completed at once: this one's result waits for a turn. It has
 * arrived, and there is nothing to cancel. */
static const coro_wait_type yield_type = {CORO_VERB_("turn") NULL, NULL, NULL, false};

#if CORO_HOSTED
coro_status coro_leaf_resumed(coro_task *task, coro_call *call)
{
    coro_wait_finish(task, call);
    return CORO_STATUS_(CORO_DONE_);
}

coro_status coro_leaf_yield(coro_task *task, coro_call *call, int error)
{
    coro_status status;
    bool holds = (call->coro.flags & CORO_FRAME_DROP_) != 0;
    if (holds) { /* it has something that its caller must see in this very record */
        call->coro.error = (int16_t)error;
        call->coro.state = CORO_STATE_FINISHED_;
        task->driver.loop->budget = 0;
        return CORO_STATUS_(CORO_DONE_);
    }
    task->wait.a = call->result;
    status = coro_leaf_wait(task, call, &yield_type);
    coro_wait_done(task, error);
    return status;
}

/* --- careful ------------------------------------------------------------------------------ */

#if CORO_SCOPES
/* A wait that begins in a cancelled scope: it fails at once, or passes the cancel on. */
static coro_status cancelled(coro_task *task, coro_call *call, const coro_wait_type *type,
                             int (*start)(coro_task *, coro_call *))
{
    bool starts = type->forwards_cancel;
    int answer = starts ? start(task, call) : 0;
    if (answer > 0) {
        coro_status status = coro_leaf_wait(task, call, type);
        if (answer == CORO_TURN_)
            coro_wait_done(task, CORO_ECANCELED);
        coro_cancel_wait(task);
        return status;
    }
    if (!starts && call->coro.descriptor->discard != NULL)
        call->coro.descriptor->discard(&call->coro); /* what it holds, nobody else will free */
    if (--task->driver.loop->budget < 0) /* who ignores it for ever must not stop the loop */
        return coro_leaf_yield(task, call, CORO_ECANCELED);
    call->coro.error = CORO_ECANCELED;
    call->coro.state = CORO_STATE_FINISHED_;
    return CORO_STATUS_(CORO_DONE_);
}

#endif

/* No loop runs the chain, or some scope around the task is cancelled: does it reach this wait? */
coro_status coro_leaf_careful(coro_task *task, coro_call *call, const coro_wait_type *type,
                              int (*start)(coro_task *, coro_call *))
{
    if (task->driver.loop == NULL)
        coro_leaf_no_loop(call);
#if CORO_SCOPES
    if (coro_cancel_check(task, call->coro.caller, task->scope))
        return cancelled(task, call, type, start);
#endif
    return coro_leaf_started(task, call, type, start(task, call));
}
#else /* code must be small: all ways in one */
coro_status coro_leaf(coro_header *self, coro_driver *driver, const coro_wait_type *type,
                      int (*start)(coro_task *, coro_call *))
{
    coro_call *call = (coro_call *)self;
    coro_task *task = (coro_task *)driver;
    coro_status status;
    bool cancelled;
    int error = CORO_ECANCELED;
    if (CORO_USES_(pool) && self->state == CORO_STATE_WAITING_) {
        coro_wait_finish(task, call);
        return CORO_STATUS_(CORO_DONE_);
    }
    if (CORO_USES_(drivers) && driver->loop == NULL)
        coro_leaf_no_loop(call);
    cancelled = CORO_USES_(cancel) && coro_cancel_check(task, self->caller, task->scope);
    if (!cancelled || type->forwards_cancel)
        error = start(task, call);
    else if (self->descriptor->discard != NULL)
        self->descriptor->discard(self); /* what it holds, nobody else will free */
    if (error <= 0) {
        self->error = (int16_t)(cancelled ? CORO_ECANCELED : error);
        /* What it holds, its caller must see in this very record. */
        if (--driver->loop->budget >= 0 ||
            (CORO_COUNTS_HOLDERS && self->flags & CORO_FRAME_DROP_)) {
            self->state = CORO_STATE_FINISHED_;
            return CORO_STATUS_(CORO_DONE_);
        }
        task->wait.a = call->result;
        type = &yield_type;
        error = CORO_TURN_;
    }
    status = coro_leaf_wait(task, call, type);
    if (error == CORO_TURN_)
        coro_wait_done(task, self->error);
    if (cancelled)
        coro_cancel_wait(task);
    return status;
}

coro_status coro_leaf_body(coro_header *self, coro_driver *driver, coro_header *callee)
{
    const struct coro_leaf *leaf = self->descriptor->leaf;
    (void)callee;
    return coro_leaf(self, driver, leaf->type, leaf->start);
}
#endif

#if CORO_SCOPES
void coro_wait_abandon(coro_task *task)
{
    const coro_wait_type *type = task->wait_type;
    task->driver.flags &= (uint8_t)~CORO_TASK_WAITING_;
    if (type->abandon != NULL)
        type->abandon(task);
    else if (type->cancel != NULL)
        type->cancel(task);
}
#endif
#endif
