/* SPDX-License-Identifier: MIT */
/*
 * coro/watch.h - to be told what a loop does: for debuggers, traces, metrics.
 *
 *     static void ended(coro_watcher *watcher, coro_loop *loop, coro_task *task) { ... }
 *
 *     static const coro_loop_hooks hooks = {.task_ended = ended};
 *     coro_watcher watcher = {.hooks = &hooks};
 *     coro_loop_watch(loop, &watcher);
 *
 * trio's Instrument. A loop that nobody watches pays nothing: it then runs its
 * batches by another function.
 *
 * A hook is called on the loop's thread, in the middle of things: it may look and
 * note, but must not make, cancel or release tasks, nor begin or end watching.
 *
 * Memory: the watcher is the caller's, until coro_loop_unwatch or loop_closed.
 * Threads: the loop's.
 */
#ifndef CORO_WATCH_H
#define CORO_WATCH_H

#include <coro/callback.h>

#if CORO_HOSTED

CORO_BEGIN_DECLS

typedef struct coro_watcher coro_watcher;

/* Each may be NULL. */
typedef struct coro_loop_hooks {
    /* `place` is "file:line" of coro_create_task and its like; NULL: the library made it. */
    void (*task_made)(coro_watcher *watcher, coro_loop *loop, coro_task *task, const char *place);
    void (*task_resumed)(coro_watcher *watcher, coro_loop *loop, coro_task *task);
    void (*task_suspended)(coro_watcher *watcher, coro_loop *loop, coro_task *task);
    void (*task_ended)(coro_watcher *watcher, coro_loop *loop, coro_task *task);
    void (*callback_began)(coro_watcher *watcher, coro_loop *loop, coro_callback function);
    void (*callback_ended)(coro_watcher *watcher, coro_loop *loop, coro_callback function);
    /* Around the backend's wait for I/O, timers and other threads. */
    void (*wait_began)(coro_watcher *watcher, coro_loop *loop);
    void (*wait_ended)(coro_watcher *watcher, coro_loop *loop);
    /* coro_loop_close: before its tasks are cancelled; and when they have ended, with the pool
     * still there. After the second one the watcher is its owner's again. */
    void (*loop_closing)(coro_watcher *watcher, coro_loop *loop);
    void (*loop_closed)(coro_watcher *watcher, coro_loop *loop);
} coro_loop_hooks;

struct coro_watcher {
    const coro_loop_hooks *hooks;
    void *context; /* yours */
    coro_watcher *next; /* private */
};

/* From the next turn on. Several may watch; the last one to come is told first. */
CORO_API void coro_loop_watch(coro_loop *loop, coro_watcher *watcher);
/* It is told nothing more. One that does not watch: nothing happens. */
CORO_API void coro_loop_unwatch(coro_loop *loop, coro_watcher *watcher);

CORO_END_DECLS

#endif

#endif
