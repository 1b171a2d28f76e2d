/* SPDX-License-Identifier: MIT */
/*
 * start.c - coro_group_start: make a child, and wait until it says that it is ready.
 *
 *     starter ──in child.joiners──► child ──coro_group_started(value)──► starter goes on
 *                                     └──(ends before that)──► its error is the starter's
 *
 * The starter stands in the line of those who join the child, with a type of wait
 * by which the child finds it. CORO_TASK_STARTING_ on a child: its starter waits.
 */
#include "kernel.h"

#if CORO_SCOPES && CORO_JOINS

static int start_start(coro_task *starter, coro_call *call)
{
    coro_task *child;
    int error = coro_group_try_create_task_(call->object, &child, call->a.pointer, NULL);
    if (error != 0)
        return error;
    child->driver.more |= CORO_TASK_STARTING_;
    starter->wait.object = child;
    starter->wait.a.pointer = NULL;
    coro_joiners_push(child, starter);
    return CORO_PENDING_;
}

/* The child is cancelled; its end, or its word, ends the wait. */
static bool start_cancel(coro_task *starter)
{
    coro_task_cancel(starter->wait.object);
    return false;
}

/* Nobody waits any more: from now on it is a child like others. */
static void start_abandon(coro_task *starter)
{
    coro_task *child = starter->wait.object;
    child->driver.more &= (uint8_t)~CORO_TASK_STARTING_;
    coro_waiters_remove(&child->joiners, starter);
}

/* Ended well, and without its word: wait.object is the child still. */
static void start_finish(coro_task *starter, coro_call *call)
{
    if (call->coro.error == 0 && starter->wait.object != NULL)
        call->coro.error = CORO_EFINISHED;
}

static const coro_wait_type start_type = {CORO_VERB_("group start") start_cancel, start_abandon,
                                          start_finish, true};

static void start_discard(coro_header *call)
{
    coro_discard_(((coro_call *)call)->a.pointer);
}

CORO_LEAF_HOLDING(coro_group_start, &start_type, start_start, start_discard, sizeof(void *));

coro_pointer *coro_group_start_(coro_group *group, coro_header *inner)
{
    coro_call *call;
    inner = coro_frame_keep(inner); /* it may lie in the very record that is wanted now */
    if (inner->error == CORO_ENOMEM)
        return (coro_pointer *)inner;
    call = coro_call_new_(&coro_group_start_call_);
    if (call->coro.error != 0) {
        coro_discard_(inner);
        return (coro_pointer *)call;
    }
    call->object = group;
    call->a.pointer = inner;
    return (coro_pointer *)call;
}

bool coro_group_started(void *value)
{
    coro_task *child = coro_current_task();
    coro_task *starter;
    CORO_CHECK(child != NULL, "coro_group_started outside of a task; the child itself calls it");
    if (!(child->driver.more & CORO_TASK_STARTING_))
        return false;
    child->driver.more &= (uint8_t)~CORO_TASK_STARTING_;
    starter = child->joiners.first;
    while (starter->wait_type != &start_type) /* it is in that line */
        starter = starter->next;
    coro_waiters_remove(&child->joiners, starter);
    starter->wait.object = NULL;
    starter->wait.a.pointer = value;
    coro_wait_done(starter, 0);
    return true;
}

#endif
