/* SPDX-License-Identifier: MIT */
/*
 * eager.c - a task whose first step runs while it is being made.
 *
 *     maker ── create_task_eager ──► task's body ──► its first wait, or its end
 *       ▲                                                   │
 *       └── goes on: the task waits, or is done already ◄───┘
 *
 * It is what the loop does when it resumes a task (loop.c), in the middle of another
 * one: `current` is the new task's meanwhile, what the maker had of its turn's budget is
 * shared. Each is a descent of its own on the C stack, so that only so many are begun one
 * inside the other; the next one starts by the loop.
 */
#include "kernel.h"

#if CORO_HOSTED && CORO_JOINS

#define EAGER_MAX 16

static bool run_first_step(coro_loop *loop, coro_task *task)
{
    bool watched = loop->watchers != NULL;
    if (watched)
        coro_watch_task(loop, task, CORO_WATCH_RESUMED);
    if (!coro_drive_(&task->driver, NULL)) {
        if (watched)
            coro_watch_task(loop, task, CORO_WATCH_ENDED);
        coro_task_ended(task);
        return true;
    }
    CORO_CHECK(task->driver.flags & (CORO_TASK_WAITING_ | CORO_TASK_QUEUED_),
               "a task suspended with nothing to wait for; ASYNC_SUSPEND and YIELD need a "
               "driver or consumer of their own");
    if (watched)
        coro_watch_task(loop, task, CORO_WATCH_SUSPENDED);
    return false;
}

bool coro_task_run_now(coro_task *task)
{
    coro_loop *loop = task->driver.loop;
    coro_task *maker = loop->current;
    coro_header *unmask_until = loop->unmask_until;
    bool ended;
    if (coro_pool_current_ != &loop->pool || loop->eager >= EAGER_MAX) {
        coro_task_ready_(task);
        return false;
    }
    loop->eager++;
    loop->current = task;
    ended = run_first_step(loop, task);
    loop->current = maker;
    loop->unmask_until = unmask_until;
    loop->eager--;
    return ended;
}

coro_task *coro_create_task_eager_(coro_loop *loop, coro_header *call, const char *place)
{
    coro_task *task;
    if (loop == NULL)
        loop = coro_loop_current();
    CORO_CHECK(loop != NULL,
               "coro_create_task_eager needs a running loop; see coro_loop_create_task_eager");
    loop->place = place;
    if (coro_task_make_idle(loop, &task, call) != 0)
        return NULL;
    task->driver.references = 1;
    coro_loop_keep(loop, task);
    (void)coro_task_run_now(task);
    return task;
}

#endif
