/* SPDX-License-Identifier: MIT */
/*
 * scope.c - the blocks CORO_TIMEOUT and CORO_SHIELD, and what every block shares.
 *
 *     enter ──► the block ──(end, break, error, return)──► exit
 *       └──(no room for its timer, no such time)────────────┘
 *
 * Whatever a block is left by comes to its exit. There a timeout that has expired
 * turns CORO_ECANCELED into CORO_ETIMEDOUT, but only when nothing around it is
 * cancelled: then the outer scope speaks.
 *
 * Invariant: task->scope is the innermost open block; frame->depth counts those
 * that the frame has open, which is how an await finds out that a goto left one.
 */
#include "kernel.h"

#if CORO_SCOPES

static coro_task *task_of(coro_driver *driver, const coro_header *frame)
{
    if (CORO_USES_(drivers) && driver->loop == NULL)
        coro_trap(coro_file_of(frame), (int)coro_frame_line(frame),
                  CORO_TEXT_("a block (timeout, shield, group) needs a loop, not coro_resume"));
    return (coro_task *)driver;
}

void coro_scope_enter(coro_driver *driver, coro_header *frame, coro_scope *scope, unsigned flags)
{
    coro_task *task = task_of(driver, frame);
    CORO_CHECK(!scope->open,
               "a block was entered twice; each open block needs a scope of its own in VARS");
    scope->parent = task->scope;
    scope->frame = frame;
    scope->task = task;
#if CORO_TIME_BITS == 64
    scope->timer.index = 0;
    scope->deadline = CORO_FOREVER;
#endif
    scope->open = true;
    scope->flags = (uint8_t)flags;
    task->scope = scope;
    frame->depth++;
    CORO_CHECK(frame->depth != 0, "more than 255 blocks are open in one coroutine");
}

/* --- deadlines ---------------------------------------------------------------------------- */

static void no_deadline(coro_scope *scope)
{
    coro_timer_clear(scope->task->driver.loop, CORO_TIMER_SCOPE, &scope->timer);
#if CORO_TIME_BITS == 64
    scope->deadline = CORO_FOREVER;
#endif
}

/* While nobody waits inside, the next wait fails. */
void coro_scope_expired(coro_scope *scope)
{
    scope->flags |= CORO_SCOPE_EXPIRED_;
    coro_scope_cancel_too(scope);
}

/* It has none now; and one that is past already needs no timer. */
static void set_deadline(coro_scope *scope, coro_time now, coro_time when)
{
#if CORO_TIME_BITS == 64
    scope->deadline = when;
    if (when == CORO_FOREVER)
        return;
#endif
    if (coro_time_reached(now, when))
        coro_scope_expired(scope);
    else
        coro_timer_set(scope->task->driver.loop, CORO_TIMER_SCOPE, &scope->timer, when);
}

static void set_delay(coro_scope *scope, coro_duration delay)
{
    coro_time now = coro_loop_time(scope->task->driver.loop);
    if (delay != CORO_FOREVER)
        set_deadline(scope, now, coro_time_after(now, delay));
}

static int enter_timed(coro_driver *driver, coro_header *frame, coro_scope *scope)
{
    int error;
    CORO_USE_(deadlines);
    CORO_USE_(cancel);
    coro_scope_enter(driver, frame, scope, 0);
    error = coro_timers_reserve(driver->loop);
    if (error == 0)
        scope->flags |= CORO_SCOPE_TIMED_;
    return error;
}

int coro_move_on_enter_(coro_driver *driver, coro_header *frame, coro_scope *scope,
                        coro_duration delay)
{
    int error = coro_timeout_enter_(driver, frame, scope, delay);
    scope->flags |= CORO_SCOPE_QUIET_;
    return error;
}

int coro_move_on_at_enter_(coro_driver *driver, coro_header *frame, coro_scope *scope,
                           coro_time when)
{
    int error = coro_timeout_at_enter_(driver, frame, scope, when);
    scope->flags |= CORO_SCOPE_QUIET_;
    return error;
}

int coro_timeout_enter_(coro_driver *driver, coro_header *frame, coro_scope *scope,
                        coro_duration delay)
{
    int error = enter_timed(driver, frame, scope);
    if (delay == CORO_DURATION_INVALID) {
        error = CORO_EINVAL;
        coro_trace_add(driver, frame, NULL, error, coro_frame_line(frame));
    }
    if (error != 0)
        return error;
    set_delay(scope, delay);
    return 0;
}

int coro_timeout_at_enter_(coro_driver *driver, coro_header *frame, coro_scope *scope,
                           coro_time when)
{
    int error = enter_timed(driver, frame, scope);
    if (error == 0)
        set_deadline(scope, coro_loop_time(driver->loop), when);
    return error;
}

void coro_shield_enter_(coro_driver *driver, coro_header *frame, coro_scope *scope)
{
    CORO_USE_(shields);
    coro_scope_enter(driver, frame, scope, CORO_SCOPE_SHIELD_);
}

static int may_reschedule(const coro_scope *scope)
{
    if (!scope->open)
        return scope->task == NULL ? CORO_EINVAL : CORO_EFINISHED;
    if (scope->flags & CORO_SCOPE_EXPIRED_)
        return CORO_EALREADY;
    return scope->flags & CORO_SCOPE_TIMED_ ? 0 : CORO_EINVAL;
}

int coro_timeout_reschedule_at(coro_scope *scope, coro_time when)
{
    int error = may_reschedule(scope);
    if (error != 0)
        return error;
    no_deadline(scope);
    set_deadline(scope, coro_loop_time(scope->task->driver.loop), when);
    return 0;
}

int coro_timeout_reschedule(coro_scope *scope, coro_duration delay)
{
    int error = delay == CORO_DURATION_INVALID ? CORO_EINVAL : may_reschedule(scope);
    if (error != 0)
        return error;
    no_deadline(scope);
    set_delay(scope, delay);
    return 0;
}

coro_time coro_timeout_when(const coro_scope *scope)
{
#if CORO_TIME_BITS == 64
    return scope->task == NULL ? CORO_FOREVER : scope->deadline;
#else
    return scope->timer.deadline;
#endif
}

/* --- leaving ------------------------------------------------------------------------------ */

/* Close the block. What it is left by, and what goes on outwards: 0, an error, CORO_RETURNING_. */
int coro_scope_exit_(coro_driver *driver, coro_header *frame, coro_scope *scope, int outcome)
{
    coro_task *task = (coro_task *)driver;
    CORO_CHECK(task->scope == scope, "blocks were left in the wrong order; was one left by goto?");
    task->scope = scope->parent;
    frame->depth--;
    scope->open = false;
    coro_timer_clear(driver->loop, CORO_TIMER_SCOPE, &scope->timer);
    if (scope->flags & CORO_SCOPE_TIMED_)
        coro_timers_unreserve(driver->loop);
    if (scope->flags & CORO_SCOPE_CANCELED_) {
        coro_cancel_left(task, frame);
        coro_cancel_settle(task);
        bool own = CORO_USES_(groups) && scope->flags & CORO_SCOPE_OWN_;
        if (outcome == CORO_ECANCELED && !own && !coro_cancel_check(task, frame, task->scope)) {
            bool fails = (scope->flags & (CORO_SCOPE_EXPIRED_ | CORO_SCOPE_QUIET_)) ==
                         CORO_SCOPE_EXPIRED_;
            outcome = fails ? CORO_ETIMEDOUT : 0;
            if (outcome != 0)
                coro_trace_add(driver, frame, NULL, outcome, coro_frame_line(frame));
        }
    }
    return outcome;
}

#endif
