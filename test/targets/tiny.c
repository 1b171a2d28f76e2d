/* SPDX-License-Identifier: MIT */
/*
 * tiny.c - a whole program on a target without an operating system, heap or C library.
 *
 * scripts/size.py links it with the kernel for small machines: nothing else may be
 * needed, and nothing may be missing. Two tasks blink, in memory of this file; with
 * scopes and joins a third one waits for one of them, with a timeout.
 *
 * The clock stands still while tasks run and jumps when all of them sleep.
 */
#include "kernel/backend.h"

#include <coro/scope.h>

static coro_time ticks;
static volatile unsigned char lamps, finished;

static int open_clock(coro_loop *loop, const coro_loop_options *options)
{
    (void)loop, (void)options;
    return 0;
}

static void close_clock(coro_loop *loop)
{
    (void)loop;
}

static coro_time read_clock(coro_loop *loop)
{
    (void)loop;
    return ticks;
}

static void idle(coro_loop *loop, coro_time deadline)
{
    (void)loop;
    while (!coro_time_reached(ticks, deadline))
        ticks++;
}

static const coro_backend clock_backend = {
    .name = "tiny", .open = open_clock, .close = close_clock, .now = read_clock, .wait = idle};

ASYNC(blink, ARGS(unsigned char, lamp, coro_duration, delay), VARS(unsigned char i;))
{
    ASYNC_BEGIN;
    for (self->i = 0; self->i < 10; self->i++) {
        lamps ^= self->lamp;
        AWAIT(coro_sleep(self->delay));
    }
    finished++;
    ASYNC_END;
}

static coro_loop loop;
static coro_task fast, slow;
static struct blink fast_frame, slow_frame;

#if CORO_SCOPES && CORO_JOINS
ASYNC(watch, VARS(coro_scope scope;))
{
    ASYNC_BEGIN;
    CORO_TIMEOUT(self->scope, CORO_MS(100)) {
        AWAIT(coro_task_join(&slow));
    }
  ASYNC_FINALLY:
    finished += (unsigned char)coro_task_cancel(&slow);
    ASYNC_END;
}

static coro_task watcher;
static struct watch watcher_frame;
#endif

int main(void)
{
    static const coro_loop_options options = {.backend = &clock_backend};
    if (coro_loop_init(&loop, &options) != 0)
        return 1;
    (void)coro_task_start_at(&loop, &fast, blink_at(&fast_frame, 1, CORO_MS(5)));
    (void)coro_task_start_at(&loop, &slow, blink_at(&slow_frame, 2, CORO_MS(20)));
#if CORO_SCOPES && CORO_JOINS
    (void)coro_task_start_at(&loop, &watcher, watch_at(&watcher_frame));
#endif
    while (finished < 2)
        (void)coro_loop_run_once(&loop, true);
    return 0;
}

/* The names are for scripts/size.py, which reads their sizes out of the object. */
char size_of_header[sizeof(coro_header)];
char size_of_task[sizeof(coro_task) + sizeof(coro_header)];
