/* SPDX-License-Identifier: MIT */
/*
 * callback.c - plain functions among the tasks.
 *
 * A handle begins like a task, as far as the ready queue looks: driver, next. So
 * both stand in one line, and the order between them is the order of asking:
 *
 *     ready ──► task ──► handle ──► task ──► NULL
 *                          └ DONE: a task that has ended is never queued, so that
 *                            the loop knows a handle by this bit (loop.c, resume)
 *
 * Invariants. B1: a handle is in at most one place: the ready queue (QUEUED), the
 * timers (TIMED), or none. B2: it is in none when its function is called.
 */
#include <coro/callback.h>

#include "kernel.h"

#if !CORO_MINIMAL_ /* where nothing but tasks is in that line */

_Static_assert(offsetof(coro_handle, next) == sizeof(coro_driver) &&
                   offsetof(coro_task, next) == sizeof(coro_driver),
               "the ready queue links tasks and handles by the same member");

#define TIMED CORO_HANDLE_TIMED_

static coro_task *as_task(coro_handle *handle)
{
    return (coro_task *)(void *)handle;
}

static void prepare(coro_loop *loop, coro_handle *handle, coro_callback function, void *context)
{
    CORO_CHECK(function != NULL, "a callback needs a function to call");
    CORO_USE_(callbacks);
    handle->driver.loop = loop;
    handle->driver.flags |= CORO_TASK_DONE_;
    handle->function = function;
    handle->context = context;
}

#if CORO_TIME_BITS == 64
static void take_from_timers(coro_handle *handle)
{
    coro_timer_clear(handle->driver.loop, CORO_TIMER_CALLBACK, &handle->timer);
    coro_timers_unreserve(handle->driver.loop);
    handle->driver.flags &= (uint8_t)~TIMED;
}
#endif

void coro_loop_call_soon(coro_loop *loop, coro_handle *handle, coro_callback function,
                         void *context)
{
#if CORO_TIME_BITS == 64
    if (handle->driver.flags & TIMED)
        take_from_timers(handle);
#endif
    prepare(loop, handle, function, context);
    coro_task_ready_(as_task(handle));
}

#if CORO_TIME_BITS == 64
int coro_loop_call_at(coro_loop *loop, coro_handle *handle, coro_time when,
                      coro_callback function, void *context)
{
    coro_check_here(loop);
    if (when == CORO_FOREVER) {
        coro_handle_cancel(handle);
        return 0;
    }
    if (handle->driver.flags & TIMED) {
        coro_timer_clear(loop, CORO_TIMER_CALLBACK, &handle->timer);
    } else {
        int error = coro_timers_reserve(loop);
        if (error != 0)
            return error;
        if (handle->driver.flags & CORO_TASK_QUEUED_)
            coro_loop_forget(loop, as_task(handle));
    }
    prepare(loop, handle, function, context);
    handle->driver.flags |= TIMED;
    coro_timer_set(loop, CORO_TIMER_CALLBACK, &handle->timer, when);
    return 0;
}

int coro_loop_call_later(coro_loop *loop, coro_handle *handle, coro_duration delay,
                         coro_callback function, void *context)
{
    coro_time now;
    if (delay == CORO_DURATION_INVALID)
        return CORO_EINVAL;
    now = coro_backend_now(loop);
    return coro_loop_call_at(loop, handle,
                             delay > CORO_FOREVER - now ? CORO_FOREVER : now + delay, function,
                             context);
}

coro_time coro_handle_when(const coro_handle *handle)
{
    return handle->driver.flags & TIMED ? coro_timer_when(handle->driver.loop, &handle->timer)
                                        : CORO_FOREVER;
}
#endif

bool coro_handle_cancel(coro_handle *handle)
{
    if (!coro_handle_pending(handle))
        return false;
    coro_check_here(handle->driver.loop);
#if CORO_TIME_BITS == 64
    if (handle->driver.flags & TIMED) {
        take_from_timers(handle);
        return true;
    }
#endif
    coro_loop_forget(handle->driver.loop, as_task(handle));
    return true;
}

bool coro_handle_pending(const coro_handle *handle)
{
    return (handle->driver.flags & (CORO_TASK_QUEUED_ | TIMED)) != 0;
}

#endif
