/* SPDX-License-Identifier: MIT */
/*
 * test_watch.c: who watches a loop hears of its tasks, callbacks and waits.
 */
#include "loop_fixture.h"

#include <coro/watch.h>

SUITE(watch);

ASYNC(made_by_it)
{
    ASYNC_BEGIN;
    ASYNC_END;
}

static void on_made(coro_watcher *watcher, coro_loop *of, coro_task *task, const char *place)
{
    (void)watcher, (void)of;
    say("made %s %d ", coro_task_name(task), place != NULL);
}

static void on_resumed(coro_watcher *watcher, coro_loop *of, coro_task *task)
{
    (void)watcher, (void)of;
    say("> %s ", coro_task_name(task));
}

static void on_suspended(coro_watcher *watcher, coro_loop *of, coro_task *task)
{
    (void)watcher, (void)of, (void)task;
    say("< ");
}

static void on_ended(coro_watcher *watcher, coro_loop *of, coro_task *task)
{
    (void)watcher, (void)of;
    say("ended %d ", task->driver.frame->error);
}

static void on_wait(coro_watcher *watcher, coro_loop *of)
{
    (void)of;
    ++*(int *)watcher->context;
}

static const coro_loop_hooks hooks = {
    .task_made = on_made,
    .task_resumed = on_resumed,
    .task_suspended = on_suspended,
    .task_ended = on_ended,
    .wait_began = on_wait,
    .wait_ended = on_wait,
};

ASYNC(spawns, VARS(coro_task *task;))
{
    ASYNC_BEGIN;
    self->task = coro_create_task(made_by_it());
    AWAIT(coro_task_join(self->task));
    coro_task_release(self->task);
    ASYNC_END;
}

Test(watch, hooks_hear_of_tasks_and_waits_until_they_are_taken_away)
{
    int waits = 0;
    coro_watcher watcher = {.hooks = &hooks, .context = &waits};
    coro_watcher other = {.hooks = &hooks, .context = &waits};
    coro_loop_metrics metrics;
    open_loop();
    coro_loop_watch(&loop, &watcher);
    EQ(coro_loop_run_until_complete(&loop, spawns()), 0);
    SAID("made spawns 0 > spawns made made_by_it 1 < > made_by_it ended 0 > spawns ended 0 ");
    HOLDS(waits > 0 && waits % 2 == 0);
    coro_loop_metrics_get(&loop, &metrics);
    EQ(metrics.tasks_max, 2);
    coro_loop_unwatch(&loop, &other); /* was never there */
    coro_loop_unwatch(&loop, &watcher);
    said_size = 0;
    EQ(coro_loop_run_until_complete(&loop, spawns()), 0);
    EQ(said_size, 0);
    coro_loop_metrics_get(&loop, &metrics);
    EQ(metrics.tasks_max, 2);
    close_loop();
}

Test(watch, two_watchers_both_hear)
{
    int first = 0, second = 0;
    static const coro_loop_hooks waits = {.wait_began = on_wait};
    coro_watcher watchers[2] = {{.hooks = &waits, .context = &first},
                                {.hooks = &waits, .context = &second}};
    open_loop();
    coro_loop_watch(&loop, &watchers[0]);
    coro_loop_watch(&loop, &watchers[1]);
    EQ(coro_loop_run_until_complete(&loop, spawns()), 0);
    HOLDS(first > 0);
    EQ(first, second);
    close_loop();
}

/* --- callbacks and the end ---------------------------------------------------------------- */

static void called(void *context)
{
    say("%s ", (const char *)context);
}

static void on_callback(coro_watcher *watcher, coro_loop *of, coro_callback function)
{
    (void)watcher, (void)of;
    say("%s ", function == called ? "called" : "?");
}

static void on_closing(coro_watcher *watcher, coro_loop *of)
{
    (void)watcher;
    say("closing %zu ", of->task_count);
}

static void on_closed(coro_watcher *watcher, coro_loop *of)
{
    say("closed %zu ", of->task_count);
    coro_loop_unwatch(of, watcher);
}

Test(watch, hooks_hear_of_callbacks_and_of_both_ends_of_a_close)
{
    static const coro_loop_hooks all = {
        .callback_began = on_callback,
        .callback_ended = on_callback,
        .loop_closing = on_closing,
        .loop_closed = on_closed,
    };
    static coro_handle handle;
    coro_watcher watcher = {.hooks = &all};
    open_loop();
    coro_loop_watch(&loop, &watcher);
    coro_loop_call_soon(&loop, &handle, called, TEXT("now"));
    coro_loop_run_once(&loop, false);
    coro_task_release(coro_loop_create_task(&loop, made_by_it()));
    close_loop();
    SAID("called now called closing 1 closed 0 ");
    HOLDS(loop.watchers == NULL);
}
