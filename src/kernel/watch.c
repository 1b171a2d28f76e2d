/* SPDX-License-Identifier: MIT */
/*
 * watch.c - who is told what a loop does.
 *
 *     loop->watchers ──► debug mode ──► trace ──► NULL
 *
 * Nobody watching costs nothing: a bit of the loop's `attention`, at which it looks once a
 * turn anyway, sends the batch through a second copy of
 * the resume that tells; a new task is told where the count of tasks reaches its
 * maximum, which a watched loop keeps at 0 so that every task does.
 */
#include "kernel.h"

#if CORO_HOSTED

void coro_loop_watch(coro_loop *loop, coro_watcher *watcher)
{
    watcher->next = loop->watchers;
    loop->watchers = watcher;
    loop->attention |= CORO_ATTEND_BATCH_;
    loop->place = NULL;
    if (loop->watched_max < loop->metrics.tasks_max)
        loop->watched_max = loop->metrics.tasks_max;
    loop->metrics.tasks_max = 0;
}

void coro_loop_unwatch(coro_loop *loop, coro_watcher *watcher)
{
    coro_watcher **place = &loop->watchers;
    while (*place != NULL && *place != watcher)
        place = &(*place)->next;
    if (*place == NULL)
        return;
    *place = watcher->next;
    if (loop->watchers == NULL) {
        if (loop->backend->reorder == NULL)
            loop->attention &= (uint8_t)~CORO_ATTEND_BATCH_;
        loop->metrics.tasks_max = loop->watched_max;
    }
}

#define TELL(loop, hook, ...)                                                                      \
    for (coro_watcher *each = (loop)->watchers, *next; each != NULL; each = next) {                \
        next = each->next;                                                                         \
        if (each->hooks->hook != NULL)                                                             \
            each->hooks->hook(each, __VA_ARGS__);                                                  \
    }

void coro_watch_made(coro_loop *loop, coro_task *task)
{
    const char *place = loop->place;
    loop->place = NULL; /* it is this task's, and of none that the library makes */
    if (loop->watched_max < loop->task_count)
        loop->watched_max = loop->task_count;
    TELL(loop, task_made, loop, task, place)
}

void coro_watch_task(coro_loop *loop, coro_task *task, coro_watch_event event)
{
    switch (event) {
    case CORO_WATCH_RESUMED:
        TELL(loop, task_resumed, loop, task)
        break;
    case CORO_WATCH_SUSPENDED:
        TELL(loop, task_suspended, loop, task)
        break;
    case CORO_WATCH_ENDED:
        TELL(loop, task_ended, loop, task)
        break;
    }
}

void coro_watch_callback(coro_loop *loop, coro_callback function, bool ended)
{
    if (ended)
        TELL(loop, callback_ended, loop, function)
    else
        TELL(loop, callback_began, loop, function)
}

void coro_watch_wait(coro_loop *loop, bool ended)
{
    if (ended)
        TELL(loop, wait_ended, loop)
    else
        TELL(loop, wait_began, loop)
}

void coro_watch_close(coro_loop *loop, bool ended)
{
    if (ended)
        TELL(loop, loop_closed, loop)
    else
        TELL(loop, loop_closing, loop)
}

void coro_loop_metrics_get(const coro_loop *loop, coro_loop_metrics *metrics)
{
    *metrics = loop->metrics;
    metrics->turns += loop->idle_turns;
    metrics->resumes += loop->idle_resumes;
    metrics->tasks = loop->task_count;
    metrics->frames = loop->pool.live;
    if (metrics->tasks_max < loop->watched_max)
        metrics->tasks_max = loop->watched_max;
}

#endif
