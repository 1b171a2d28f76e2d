/* SPDX-License-Identifier: MIT */
/*
 * reason.c - why a task was cancelled, for whoever asks.
 *
 *     loop->reasons ──► {task, text} ──► {task, text} ──► NULL
 *
 * Few tasks are ever cancelled with a reason, so a task has no room for one: a bit
 * (REASON) says that it has a note in the loop's list. The note is the first reason;
 * it goes when the task is freed, or when all its cancels were taken back.
 */
#include "kernel.h"

#if CORO_HOSTED && CORO_SCOPES

struct coro_reason {
    coro_reason *next;
    const coro_task *task;
    const char *text;
};

static coro_reason **place_of(const coro_task *task)
{
    coro_reason **place = &task->driver.loop->reasons;
    while ((*place)->task != task)
        place = &(*place)->next;
    return place;
}

/* Only what the pool can give: a cancel must not fail for want of a note. */
static void note(coro_task *task, const char *text)
{
    coro_loop *loop = task->driver.loop;
    coro_reason *fresh = coro_pool_take_(&loop->pool, sizeof *fresh);
    if (fresh == NULL)
        return;
    fresh->next = loop->reasons;
    fresh->task = task;
    fresh->text = text;
    loop->reasons = fresh;
    task->driver.more |= CORO_TASK_REASON_;
}

bool coro_task_cancel_because(coro_task *task, const char *reason)
{
    CORO_CHECK(reason != NULL, "a reason is a text; coro_task_cancel needs none");
    coro_check_here(task->driver.loop);
    if (coro_task_done(task))
        return false;
    if (!(task->driver.more & CORO_TASK_REASON_))
        note(task, reason);
    return coro_task_cancel(task);
}

const char *coro_task_cancel_reason(const coro_task *task)
{
    return task->driver.more & CORO_TASK_REASON_ ? (*place_of(task))->text : NULL;
}

void coro_reason_forget(coro_task *task)
{
    coro_reason **place = place_of(task), *old = *place;
    *place = old->next;
    task->driver.more &= (uint8_t)~CORO_TASK_REASON_;
    coro_pool_give_(&task->driver.loop->pool, old, sizeof *old);
}

#endif
