/* SPDX-License-Identifier: MIT */
/*
 * run.c - turns, until: a task has ended, somebody stops the loop, or it is stuck.
 *
 *     run_until ─► turns (loop.c) ─► over? ─► its error
 *         ▲                      ├─► stopped? ─► CORO_ESTOPPED, or coro_loop_fail's error
 *         │                      └─► nothing can wake anybody? ─► CORO_EDEADLK
 *         └──────────────────────────── no
 *
 * A run leaves what it did not finish as it stands: the next run goes on with it.
 */
#include "kernel.h"

#if CORO_JOINS
static int deadlock(coro_loop *loop, const coro_task *task)
{
    coro_report report = {CORO_REPORT_DEADLOCK, loop, task, CORO_EDEADLK,
                          "nothing can wake the tasks that are left"};
    coro_loop_report(loop, &report);
    return CORO_EDEADLK;
}

static bool is_over(const coro_task *task)
{
    return task != NULL && task->driver.flags & CORO_TASK_DONE_;
}

static bool is_stopping(const coro_loop *loop)
{
    return loop->attention & CORO_ATTEND_STOP_;
}

/* The turn in which it was stopped is over: what the run answers. */
static int stop(coro_loop *loop, const coro_task *task)
{
    int error = loop->failure;
    loop->attention &= (uint8_t)~CORO_ATTEND_STOP_;
    loop->failure = 0;
    if (error == 0 && task != NULL && !is_over(task))
        error = CORO_ESTOPPED;
    return error;
}

/* Until it is stopped, or the task has ended, if there is one. */
static int run_until(coro_loop *loop, coro_task *task)
{
    coro_pool *outer = coro_pool_current_;
    int error = 0;
    coro_pool_current_ = &loop->pool;
    CORO_USE_(runs);
    loop->running = CORO_LOOP_RUNNING_;
    loop->main_task = task;
#if CORO_TRACE_DEPTH
    loop->trace.kept = false;
#endif
    while (!is_over(task)) {
        if (CORO_UNLIKELY(loop->ready == NULL) && coro_loop_is_stuck(loop) && !is_stopping(loop)) {
            error = deadlock(loop, task);
            break;
        }
#if CORO_HOSTED
        coro_loop_turns(loop);
#else
        coro_loop_run_once(loop, true);
#endif
        if (CORO_UNLIKELY(is_stopping(loop))) {
            error = stop(loop, task);
            break;
        }
    }
    loop->running = false;
    loop->main_task = NULL;
#if CORO_HOSTED
    loop->attention &= (uint8_t)~CORO_ATTEND_OVER_;
#endif
    coro_pool_current_ = outer;
    return error;
}

/* Why the loop cannot run now. */
static int may_run(const coro_loop *loop)
{
    if (coro_pool_current_ != NULL || loop->running)
        return CORO_EBUSY;
    CORO_CHECK(!loop->closed, "a loop was used after it was closed");
    coro_check_thread(loop);
    return 0;
}

int coro_loop_run_forever(coro_loop *loop)
{
    int error = may_run(loop);
    return error != 0 ? error : run_until(loop, NULL);
}

int coro_loop_run_task(coro_loop *loop, coro_task *task)
{
    int error = may_run(loop);
    if (error != 0)
        return error;
    error = run_until(loop, task);
    if (error != 0)
        return error;
    task->driver.flags |= CORO_TASK_TAKEN_;
    return task->driver.frame->error;
}

int coro_loop_run_until_complete_(coro_loop *loop, coro_header *call)
{
    coro_task *task;
    int error = may_run(loop);
    if (error != 0) {
        coro_discard_(call);
        return error;
    }
    task = coro_create_task_(loop, call);
    if (task == NULL)
        return CORO_ENOMEM;
    error = coro_loop_run_task(loop, task);
    coro_pool_current_ = &loop->pool;
    coro_task_release(task);
    coro_pool_current_ = NULL;
    return error;
}
#endif

#if !CORO_MINIMAL_
void coro_loop_stop(coro_loop *loop)
{
    coro_check_here(loop);
    CORO_USE_(stops);
    loop->attention |= CORO_ATTEND_STOP_;
}

void coro_loop_fail(coro_loop *loop, int error)
{
    CORO_CHECK(error < 0, "coro_loop_fail needs an error; coro_loop_stop stops a loop without");
    coro_check_here(loop);
    CORO_USE_(stops);
    loop->attention |= CORO_ATTEND_STOP_;
    loop->failure = error;
}
#endif
