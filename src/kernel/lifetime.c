/* SPDX-License-Identifier: MIT */
/*
 * lifetime.c - how a loop begins, and how it ends.
 *
 *     close: cancel the tasks, run them to their end ─► generators left open ─► inbox
 *            ─► closers, last added first ─► callbacks dropped ─► backend, timers, pool
 *
 * Tasks may still use all of the loop while they end; what they stand on goes after
 * them. A task that would never end, because nothing can wake it or because it goes on
 * in spite of its cancel, is reported and freed as it stands.
 */
#include "kernel.h"

#define CLOSE_TURNS 250000u

int coro_loop_init_(coro_loop *loop, const coro_loop_options *options)
{
    coro_zero_(loop, sizeof *loop);
#if !CORO_HOSTED
    loop->ready_end = &loop->ready;
#endif
#if CORO_MINIMAL_
#if !CORO_OUTCOMES_
    loop->pool.outcome.flags = CORO_FRAME_CALL_;
#endif
    if (options == NULL)
        return 0;
#else
    static const coro_loop_options none;
    if (options == NULL)
        options = &none;
    coro_pool_init(&loop->pool, options->allocator, options->arena, options->arena_size);
#endif
    if (CORO_USES_(reports)) {
        loop->report = options->report;
        loop->report_context = options->context;
    }
#if CORO_HOSTED
    loop->backend = options->backend;
    if (loop->backend == NULL && coro_backend_default_ != NULL)
        loop->backend = coro_backend_default_();
    CORO_CHECK(loop->backend != NULL, "a loop needs a backend; name one in its options");
    CORO_CHECK(options->timer_slack >= 0, "a loop's timer_slack is a time, from 0");
    loop->timer_slack = options->timer_slack;
    loop->attention = loop->backend->reorder != NULL ? CORO_ATTEND_BATCH_ : 0;
    loop->thread = &coro_pool_current_;
    int error = loop->backend->open(loop, options);
    if (error != 0)
        return error;
    loop->now = coro_backend_now(loop);
#endif
    return 0;
}

#if CORO_JOINS && CORO_SCOPES
/* Ask all to end, and let them; who does not is freed as it stands. */
static void end_tasks(coro_loop *loop)
{
    uint32_t turns = 0;
    CORO_USE_(rings);
    if (loop->tasks == NULL)
        return;
    for (coro_task *task = loop->tasks;;) {
        coro_task *next = task->sibling;
        bool last = next == loop->tasks;
        coro_task_cancel(task);
        if (last)
            break;
        task = next;
    }
    CORO_USE_(runs);
    loop->running = CORO_LOOP_CLOSING_;
    while (loop->tasks != NULL) {
        coro_report report = {CORO_REPORT_TASK_ERROR, loop, NULL, CORO_EDEADLK,
                              "would not end when its loop was closed"};
        while (loop->tasks != NULL && !coro_loop_is_stuck(loop) && turns++ < CLOSE_TURNS)
            coro_loop_run_once(loop, true);
        report.task = loop->tasks;
        if (report.task != NULL) {
            coro_loop_report(loop, &report);
            coro_task_destroy_tree(loop->tasks); /* and whom that frees may end by itself */
        }
    }
    loop->running = false;
}
#endif

#if !CORO_MINIMAL_
/* Callbacks that were not called: their handles are free again. */
static void drop_callbacks(coro_loop *loop)
{
    for (coro_task *task = loop->ready; task != NULL; task = task->next)
        task->driver.flags = 0;
    coro_ready_clear_(loop);
#if CORO_TIME_BITS == 64
    for (size_t i = 1; i <= loop->timers.count; i++) {
        coro_timer *timer = loop->timers.heap[i].timer;
        if (timer != NULL && timer->kind == CORO_TIMER_CALLBACK)
            coro_container_of(timer, coro_handle, timer)->driver.flags = 0;
    }
#endif
}

void coro_loop_close(coro_loop *loop)
{
    coro_pool *outer = coro_pool_current_;
    if (loop->closed)
        return;
    CORO_CHECK(!loop->running, "a loop was closed while it runs; stop it first");
    coro_check_thread(loop);
    coro_pool_current_ = &loop->pool;
#if CORO_HOSTED
    if (loop->watchers != NULL)
        coro_watch_close(loop, false);
#endif
#if CORO_JOINS && CORO_SCOPES
    end_tasks(loop);
#if CORO_HOSTED
    while (loop->generators != NULL && coro_generators_close(loop))
        end_tasks(loop);
#endif
#endif
#if CORO_HOSTED
    if (loop->inbox != NULL)
        loop->inbox->close(loop->inbox);
#endif
    for (coro_hook *closer; (closer = loop->closers) != NULL;) {
        loop->closers = closer->next;
        closer->run(closer);
    }
    coro_loop_run_hooks(loop);
    drop_callbacks(loop);
#if CORO_HOSTED
    if (loop->context != 0)
        coro_context_drop(&loop->context);
    loop->backend->close(loop);
    if (loop->watchers != NULL)
        coro_watch_close(loop, true);
#endif
    coro_timers_close(loop);
    coro_pool_close(&loop->pool);
    CORO_USE_(closes);
    loop->closed = true;
    coro_pool_current_ = outer;
}
#endif
