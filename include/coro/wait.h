/* SPDX-License-Identifier: MIT */
/*
 * coro/wait.h - wait for several tasks that go on by themselves.
 *
 *     coro_task *tasks[3];
 *     bool done[3];
 *     ...
 *     AWAIT(self->count, coro_wait(self->tasks, 3, CORO_SECONDS(1), CORO_FIRST_COMPLETED,
 *                                  self->done));
 *
 * asyncio's wait: it looks on. It never cancels a task, never fails by a task's
 * error, and its timeout is no error: the result is how many have ended. Ask each
 * task (coro_task_done, coro_task_error, CORO_JOIN), or the array. If the waiting
 * task is cancelled, the others run on.
 *
 * Memory: a frame from the pool, and a stand-in for each task, which stands in
 * the line of those who join it. Threads: the loop's.
 */
#ifndef CORO_WAIT_H
#define CORO_WAIT_H

#include <coro/scope.h>

#if CORO_SCOPES && CORO_JOINS

CORO_BEGIN_DECLS

typedef enum coro_wait_mode {
    CORO_ALL_COMPLETED,
    CORO_FIRST_COMPLETED,
    CORO_FIRST_ERROR /* or all; a task that was cancelled is no error */
} coro_wait_mode;

/*
 * Wait until as many of the tasks have ended as the mode says, for `timeout` at
 * most (CORO_FOREVER; zero or less only looks). Gives how many have ended: all
 * that have when the await returns, not only the one that it waited for.
 * done: NULL, or room for `count`, which must outlive the await; done[i] says so of
 * tasks[i]. The tasks are borrowed, the array is copied; a task that is there
 * twice counts twice.
 * CORO_EINVAL: no tasks, no such mode, CORO_DURATION_INVALID; CORO_ENOMEM: memory is
 * short, or a task is NULL; CORO_ELOOP: the waiting task itself;
 * CORO_EWRONGLOOP: a task of another loop. Nothing has happened to any task then.
 */
CORO_API CORO_NODISCARD coro_size *coro_wait(coro_task *const *tasks, size_t count,
                                             coro_duration timeout, coro_wait_mode mode,
                                             bool *done);

CORO_END_DECLS

#endif

#endif
