/* SPDX-License-Identifier: MIT */
/*
 * as_completed.c - one task after another, in the order of their ends.
 *
 * A stand-in (stand_in.h) that is told of its member's end goes to the end of the
 * list `first`: from then on its `next` is free for that. A step takes the first
 * one, or waits for it in a frame that lies in the iterator itself.
 *
 * Invariants. A1: who waits does so only while the list is empty. A2: the frame is one
 * task's from its await to its end, which is later than the end of the wait.
 */
#include "stand_in.h"

#include <coro/as_completed.h>

#if CORO_SCOPES && CORO_JOINS

static void append(coro_as_completed *iterator, coro_task *stand_in)
{
    stand_in->next = NULL;
    if (iterator->first != NULL)
        iterator->last->next = stand_in;
    else
        iterator->first = stand_in;
    iterator->last = stand_in;
}

static bool member_ended(coro_task *stand_in)
{
    coro_as_completed *iterator = stand_in->wait.object;
    coro_task *waiter = iterator->waiter;
    append(iterator, stand_in);
    if (waiter != NULL) {
        iterator->waiter = NULL;
        coro_wait_done(waiter, 0);
    }
    return false;
}

static const coro_wait_type member_type = {CORO_VERB_("as completed") member_ended, NULL, NULL,
                                           false};

/* Does a task await the next one still, though its wait may have ended? */
static bool is_awaited(const coro_as_completed *iterator)
{
    coro_state state = iterator->frame.coro.state;
    return state != CORO_STATE_START_ && state != CORO_STATE_FINISHED_;
}

int coro_as_completed_init(coro_as_completed *iterator, coro_task *const *tasks, size_t count,
                           coro_duration timeout)
{
    coro_loop *loop = coro_loop_current();
    int error;
    CORO_CHECK(loop != NULL, "coro_as_completed_init needs a running loop");
    if (iterator->stand_ins != NULL || is_awaited(iterator))
        return CORO_EBUSY;
    if (timeout == CORO_DURATION_INVALID)
        return CORO_EINVAL;
    error = coro_stand_ins_check(tasks, count, loop->current);
    if (error != 0)
        return error;
    coro_zero_(iterator, sizeof *iterator);
    iterator->timed = timeout != CORO_FOREVER;
    if (iterator->timed)
        iterator->deadline = coro_time_after(coro_loop_time(loop), timeout);
    if (count == 0)
        return 0;
    iterator->stand_ins = coro_stand_ins_new(tasks, count);
    if (iterator->stand_ins == NULL)
        return CORO_ENOMEM;
    iterator->count = iterator->left = count;
    coro_stand_ins_join(iterator->stand_ins, count, &member_type, iterator);
    for (size_t i = 0; i < count; i++)
        if (coro_task_done(tasks[i]))
            append(iterator, &iterator->stand_ins[i]);
    return 0;
}

void coro_as_completed_close(coro_as_completed *iterator)
{
    CORO_CHECK(iterator->waiter == NULL,
               "coro_as_completed_close while a task awaits the next one; cancel that task first");
    coro_stand_ins_free(iterator->stand_ins, iterator->count);
    iterator->stand_ins = iterator->first = NULL;
    iterator->count = iterator->left = 0;
}

/* --- the next one ------------------------------------------------------------------------- */

static int next_start(coro_task *task, coro_call *call)
{
    coro_as_completed *iterator = call->object;
    coro_wait_on(task, iterator);
    if (iterator->first != NULL)
        return 0;
    iterator->waiter = task;
    return CORO_PENDING_;
}

static bool next_cancel(coro_task *task)
{
    ((coro_as_completed *)task->wait.object)->waiter = NULL;
    return true;
}

static void next_abandon(coro_task *task)
{
    next_cancel(task);
    coro_as_completed_close(task->wait.object);
}

static const coro_wait_type next_type = {CORO_VERB_("as completed") next_cancel, next_abandon, NULL,
                                         false};

CORO_LEAF(next_leaf, &next_type, next_start, 0);

static coro_void *wait_for_one(coro_as_completed *iterator)
{
    /* As a group's join: in the record that is free here, so that this cannot fail. */
    coro_call *call = &coro_pool_current_->resumed;
    coro_header_init_(&call->coro, &next_leaf_call_, CORO_FRAME_CALL_);
    call->object = iterator;
    return (coro_void *)call;
}

/* What has ended is given, however late it is. */
static coro_duration time_left(const coro_as_completed *iterator)
{
    if (!iterator->timed || iterator->first != NULL)
        return CORO_FOREVER;
    return (coro_duration)(iterator->deadline - coro_loop_time(coro_loop_current()));
}

static coro_task *take(coro_as_completed *iterator)
{
    coro_task *stand_in = iterator->first;
    if (stand_in == NULL) /* it was closed since */
        return NULL;
    iterator->first = stand_in->next;
    iterator->left--;
    return stand_in->sibling;
}

ASYNC(next_ended, RETURNS(void *), ARGS(coro_as_completed *, iterator), VARS(coro_scope limit;))
{
    ASYNC_BEGIN;
    if (self->iterator->left == 0) {
        coro_as_completed_close(self->iterator);
        ASYNC_RETURN(NULL);
    }
    CORO_TIMEOUT(self->limit, time_left(self->iterator)) {
        AWAIT(wait_for_one(self->iterator));
    }
    ASYNC_RETURN(take(self->iterator));
    ASYNC_END;
}

coro_pointer *coro_as_completed_next(coro_as_completed *iterator)
{
    _Static_assert(sizeof(struct next_ended) <= sizeof iterator->frame,
                   "coro_as_completed.frame is too small");
    CORO_CHECK(!is_awaited(iterator),
               "two tasks await coro_as_completed_next of one iterator; one at a time may");
    return (coro_pointer *)next_ended_at((struct next_ended *)(void *)&iterator->frame, iterator);
}

#endif
