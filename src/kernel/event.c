/* SPDX-License-Identifier: MIT */
/*
 * event.c - a bit, and all who wait for it.
 *
 * Invariant: nobody waits while it is set.
 */
#include <coro/event.h>

#include "kernel.h"

void coro_event_set(coro_event *event)
{
    event->set = true;
    for (coro_task *task; (task = coro_waiters_pop(&event->waiters)) != NULL;)
        coro_wait_done(task, 0);
}

static inline int wait_start(coro_task *task, coro_call *call)
{
    coro_event *event = call->object;
    if (event->set)
        return 0;
    coro_wait_on(task, event);
    coro_waiters_push(&event->waiters, task);
    return CORO_PENDING_;
}

#if CORO_SCOPES
static bool wait_cancel(coro_task *task)
{
    coro_waiters_remove(&((coro_event *)task->wait.object)->waiters, task);
    return true;
}

static const coro_wait_type wait_type = {CORO_VERB_("event") wait_cancel, NULL, NULL, false};
#define WAIT_TYPE &wait_type
#else
#define WAIT_TYPE NULL
#endif

CORO_LEAF_INLINE(coro_event_wait, WAIT_TYPE, wait_start, 0);
