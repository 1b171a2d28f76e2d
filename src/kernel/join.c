/* SPDX-License-Identifier: MIT */
/*
 * join.c - who holds a task, and who waits for its end.
 *
 *     task ──joiners──► waiter ─► waiter        any number; each gets the error
 *      └ references: holders, and each waiter until it has taken the result
 *
 * A cancel of the waiter goes on to the task; coro_shield's does not.
 */
#include "kernel.h"

#if CORO_JOINS
void coro_task_release(coro_task *task)
{
    if (task == NULL)
        return;
    coro_check_here(task->driver.loop);
    CORO_CHECK(task->driver.references > 0, "a task was released more often than retained");
    if (--task->driver.references == 0 && task->driver.flags & CORO_TASK_DONE_)
        coro_task_destroy(task);
}

coro_task *coro_task_retain(coro_task *task)
{
    if (task != NULL) {
        task->driver.references++;
        CORO_CHECK(task->driver.references != 0, "too many references to a task");
    }
    return task;
}

bool coro_task_done(const coro_task *task)
{
    return (task->driver.flags & CORO_TASK_DONE_) != 0;
}

int coro_task_error(coro_task *task)
{
    if (!coro_task_done(task))
        return CORO_EPENDING;
    task->driver.flags |= CORO_TASK_TAKEN_;
    return task->driver.frame->error;
}

const void *coro_task_result(coro_task *task, const coro_descriptor *descriptor)
{
    coro_header *root = task->driver.frame;
    if (!coro_task_done(task) || root->error != 0)
        return NULL;
    CORO_CHECK(root->descriptor == descriptor, "the task runs another coroutine");
    root->flags |= CORO_FRAME_TAKEN_;
    return (char *)root + descriptor->result_offset;
}

/* The record holds the task until its result has been taken. */
static inline void join_finish(coro_task *waiter, coro_call *call)
{
    coro_task *task = waiter->wait.object;
    if (!CORO_COUNTS_HOLDERS || task == NULL)
        return;
    task->driver.flags |= CORO_TASK_TAKEN_;
    call->object = task;
    call->coro.flags |= CORO_FRAME_DROP_;
}

/* The task has ended already. What is taken at once, in line, needs no hold on it: is it? */
CORO_FAST bool join_in_line(const coro_task *waiter, const coro_call *call, coro_task *task)
{
    bool in_line = CORO_HOSTED && call->coro.flags & CORO_FRAME_CALL_ &&
                   waiter->driver.loop->budget > 0;
    if (in_line)
        task->driver.flags |= CORO_TASK_TAKEN_;
    return in_line;
}

static inline int join_start(coro_task *waiter, coro_call *call)
{
    coro_task *task = call->object;
    bool done;
    CORO_USE_(joins); /* and of what a record holds */
    if (task == NULL)
        return CORO_ENOMEM;
    if (task == waiter)
        return CORO_ELOOP;
    if (task->driver.loop != waiter->driver.loop)
        return CORO_EWRONGLOOP;
    done = coro_task_done(task);
    if (CORO_HOSTED && done && coro_cancel_pending_(&waiter->driver, call->coro.caller))
        return CORO_ECANCELED; /* the answer; the task's error is left for others to take */
    if (done && join_in_line(waiter, call, task))
        return task->driver.frame->error;
    if (CORO_HOSTED && task->driver.references >= CORO_HOLDERS_MAX)
        return CORO_ENOMEM;
    if (CORO_COUNTS_HOLDERS)
        coro_task_retain(task);
    waiter->wait.object = task;
    if (!done) {
        coro_waiters_push(&task->joiners, waiter);
        return CORO_PENDING_;
    }
    if (CORO_HOSTED && call->coro.flags & CORO_FRAME_CALL_) { /* the budget is used up */
        call->coro.error = task->driver.frame->error;
        return CORO_TURN_;
    }
    join_finish(waiter, call);
    return task->driver.frame->error;
}

#if CORO_SCOPES
/* A cancel goes on to the task that is waited for; its end ends the wait. */
static bool join_cancel(coro_task *waiter)
{
    coro_task *task = waiter->wait.object;
    coro_loop *loop = waiter->driver.loop;
    if (loop->cancel_next == NULL)
        loop->cancel_next = waiter;
    else
        coro_task_cancel_too(task);
    return false;
}

/* A cancel ends the wait; the task lives on. */
static bool shield_cancel(coro_task *waiter)
{
    coro_task *task = waiter->wait.object;
    coro_waiters_remove(&task->joiners, waiter);
    waiter->wait.object = NULL;
    if (CORO_COUNTS_HOLDERS)
        coro_task_release(task);
    return true;
}

static void join_abandon(coro_task *waiter)
{
    shield_cancel(waiter);
}

static const coro_wait_type join_type = {CORO_VERB_("join") join_cancel, join_abandon, join_finish,
                                         true};
static const coro_wait_type shield_type = {CORO_VERB_("shield") shield_cancel, NULL, join_finish,
                                           false};
#define JOIN_TYPE &join_type
#else
#define JOIN_TYPE NULL
#endif

#if CORO_HOSTED
CORO_SLOW coro_status join_any(coro_header *self, coro_driver *driver)
{
    return coro_leaf(self, driver, JOIN_TYPE, join_start);
}

/* A task that has ended well, joined in line: then nothing calls a function, and no register
 * needs saving. */
static coro_status join_enter(coro_header *self, coro_driver *driver, coro_header *callee)
{
    coro_call *call = (coro_call *)self;
    coro_task *task = call->object;
    (void)callee;
    if (CORO_LIKELY(self->state != CORO_STATE_WAITING_ && self->flags & CORO_FRAME_CALL_ &&
                    !(driver->flags & CORO_DRIVER_CAREFUL_) && task != NULL &&
                    task->driver.flags & CORO_TASK_DONE_ && task->driver.loop == driver->loop &&
                    task->driver.frame->error == 0 && driver->loop->budget > 0)) {
        task->driver.flags |= CORO_TASK_TAKEN_;
        driver->loop->budget--;
        self->state = CORO_STATE_FINISHED_;
        return CORO_STATUS_(CORO_DONE_);
    }
    return join_any(self, driver);
}

const coro_descriptor coro_task_join_call_ = {CORO_LEAF_FIELDS_("coro_task_join", join_enter, 0)};
#else
CORO_LEAF_INLINE(coro_task_join, JOIN_TYPE, join_start, 0);
#endif

#if CORO_SCOPES
CORO_LEAF(coro_shield, &shield_type, join_start, 0);

coro_void *coro_shield(coro_task *task)
{
    return coro_call_of_(&coro_shield_call_, task, NULL);
}
#endif

#if CORO_SCOPES && CORO_HOSTED
coro_task *coro_wait_target(const coro_task *waiter)
{
    bool is_one = waiter->wait_type == &join_type || waiter->wait_type == &shield_type;
    return is_one ? waiter->wait.object : NULL;
}
#endif

bool coro_is_join(const coro_header *call)
{
    return call->descriptor == &coro_task_join_call_;
}

#if CORO_SCOPES
bool coro_is_shield(const coro_header *call)
{
    return call->descriptor == &coro_shield_call_;
}
#endif

bool coro_task_join_is_done(const coro_header *call)
{
    const coro_call *join = (const coro_call *)call;
    const coro_task *task = join->object;
    return task == NULL || coro_task_done(task);
}
#endif
