/* SPDX-License-Identifier: MIT */
/*
 * coro/callback.h - plain functions that the loop calls, beside tasks.
 *
 *     static void tick(void *context) { ... }
 *
 *     coro_handle handle = CORO_HANDLE_INIT;
 *     coro_loop_call_soon(loop, &handle, tick, &state);                      // next turn
 *     coro_loop_call_later(loop, &handle, CORO_MS(200), tick, &state);       // in 0.2 s
 *     coro_handle_cancel(&handle);                                           // it will not run
 *
 * Callbacks and tasks stand in one ready queue, first come first served: what is
 * called soon runs in the next turn, behind whoever was ready before it. A
 * callback never runs inside the function that asked for it. It runs outside of
 * tasks (coro_current_task() is NULL), cannot await, and should be short.
 *
 * Memory: a handle is the caller's, for one call at a time; the loop lets go of it
 * before the function is called, which may use it again or free it.
 * Threads: the loop's thread only.
 */
#ifndef CORO_CALLBACK_H
#define CORO_CALLBACK_H

#include <coro/loop.h>

#if !CORO_MINIMAL_

CORO_BEGIN_DECLS

typedef void (*coro_callback)(void *context);

typedef struct CORO_MAY_ALIAS coro_handle { /* private; zeroed: not in use */
    coro_driver driver; /* these two as a task has them: see src/kernel/callback.c */
    struct coro_task *next;
    coro_callback function;
    void *context;
    coro_timer timer;
} coro_handle;

enum { CORO_HANDLE_TIMED_ = CORO_TASK_WAITING_ }; /* driver.flags; QUEUED and DONE are a task's */

#define CORO_HANDLE_INIT {.function = NULL}

/*
 * Have function(context) called in the next turn of the loop. Cannot fail; never
 * calls it at once. A handle that waits for its time is moved up; one that is
 * queued keeps its place, and gets the new function. Loop thread; inside callbacks,
 * tasks, or before the loop runs.
 */
CORO_API void coro_loop_call_soon(coro_loop *loop, coro_handle *handle, coro_callback function,
                                  void *context);

#if CORO_TIME_BITS == 64
/*
 * The same after `delay`, at `when` on coro_loop_time's clock; never early. Those
 * whose time has come run in order of their time, equal ones in the order in which
 * they were asked for; a negative delay counts from the past: -2 is before -1.
 * CORO_FOREVER: never. CORO_EINVAL for CORO_DURATION_INVALID; CORO_ENOMEM: the loop has no
 * room for one more timer. Then the handle is as before.
 */
CORO_API int coro_loop_call_later(coro_loop *loop, coro_handle *handle, coro_duration delay,
                                  coro_callback function, void *context);
CORO_API int coro_loop_call_at(coro_loop *loop, coro_handle *handle, coro_time when,
                               coro_callback function, void *context);

/* The time that it waits for; CORO_FOREVER when it waits for none. */
CORO_API coro_time coro_handle_when(const coro_handle *handle);
#endif

/*
 * True: it will not be called, and the handle is free. False: it has been called, is
 * being called, or never was asked for. One whose time has not come is cancelled in
 * O(log n); one that stands in the ready queue costs a walk through that.
 */
CORO_API bool coro_handle_cancel(coro_handle *handle);

/* Is a call outstanding? */
CORO_API bool coro_handle_pending(const coro_handle *handle);

CORO_END_DECLS

#endif

#endif
