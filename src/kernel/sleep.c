/* SPDX-License-Identifier: MIT */
/*
 * sleep.c - wait for time to pass, or for the others to have a turn.
 *
 * The timer lies in the task itself, so a sleep needs no memory. Its deadline is
 * counted from the clock as it is now, not as it was when the turn began: a task
 * that computed for a while must not wake early.
 */
#include "kernel.h"

static int sleep_start(coro_task *task, coro_call *call)
{
    coro_time deadline;
#if CORO_TIME_BITS == 64
    coro_duration delay = call->delay;
#else
    coro_duration delay = (coro_duration)call->a.size;
    _Static_assert(sizeof delay <= sizeof call->a.size, "CORO_TIME_BITS is too much for a call");
#endif
    if (delay == CORO_DURATION_INVALID)
        return CORO_EINVAL;
    if (delay <= 0)
        return coro_wait_turn(task);
#if CORO_TIME_BITS == 64 /* elsewhere the timer has the place of both */
    coro_wait_on(task, NULL);
    task->wait.a.pointer = NULL;
    task->wait.timer.index = 0;
#endif
    if (delay == CORO_FOREVER)
        return CORO_PENDING_;
    deadline = coro_time_after(coro_backend_now(task->driver.loop), delay);
    coro_timer_set(task->driver.loop, CORO_TIMER_SLEEP, coro_timer_of(task), deadline);
    return CORO_PENDING_;
}

void coro_sleep_expired(coro_task *task)
{
    coro_wait_done(task, 0);
}

#if CORO_SCOPES
static bool sleep_cancel(coro_task *task)
{
    coro_timer_clear(task->driver.loop, CORO_TIMER_SLEEP, &task->wait.timer);
    return true;
}

static const coro_wait_type sleep_type = {CORO_VERB_("sleep") sleep_cancel, NULL, NULL, false};
#define SLEEP_TYPE &sleep_type
#else
#define SLEEP_TYPE NULL
#endif

CORO_LEAF(coro_sleep, SLEEP_TYPE, sleep_start, 0);

/* asyncio's sleep(0), without a look at the clock. */
#if CORO_MINIMAL_
coro_void *coro_yield(void)
{
    coro_loop *loop = coro_loop_current();
    coro_wait_done(loop->current, 0);
    return (coro_void *)coro_outcome(loop, CORO_SUSPENDED_);
}
#else
static inline int yield_start(coro_task *task, coro_call *call)
{
    (void)call;
    return coro_wait_turn(task);
}

CORO_LEAF_INLINE(coro_yield, SLEEP_TYPE, yield_start, 0);
#endif

coro_void *coro_sleep(coro_duration delay)
{
#if CORO_TIME_BITS == 64
    coro_call *call = coro_call_new_(&coro_sleep_call_);
    if (call->coro.error == 0)
        call->delay = delay;
    return (coro_void *)call;
#else
    return coro_call_here(&coro_sleep_call_, NULL, (const void *)(intptr_t)delay);
#endif
}
