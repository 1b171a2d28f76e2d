/* SPDX-License-Identifier: MIT */
/*
 * loop.c - one turn after another.
 *
 *          ┌────────────────────────────────────────────────────────────┐
 *          ▼                                                            │
 *     take the inbox ─► run the batch ─► run hooks ─► wait ─► timers ───┘
 *                       (exactly those      (corked    (until the
 *                        that were ready)    writes)    next deadline)
 *
 * The batch is what was ready when the turn began: a task that becomes ready
 * meanwhile waits for the next turn, behind a look at the I/O, so that no set of
 * tasks can starve the sockets. While tasks are ready that look is taken every
 * 64th turn or after 1,024 resumes, for it costs a system call.
 *
 * Invariants. L1: a QUEUED task is in `ready` or `batch`, once. L2: `current` is
 * set exactly while a task's body runs. L3: coro_pool_current_ is this loop's
 * exactly while it runs; a loop that preempts another one restores it.
 */
#include "kernel.h"

#if CORO_HOSTED
#include <stdio.h>
#endif

#define TURNS_UNASKED 64
#define RESUMES_UNASKED 1024

/* --- one task ----------------------------------------------------------------------------- */

#if CORO_MINIMAL_
/* The batch is a list of its own: who becomes ready meanwhile is the first of the next one. */
CORO_FAST void run_batch(coro_loop *loop, unsigned attention)
{
    coro_task *task = loop->ready, *next;
    (void)attention;
    coro_ready_clear_(loop);
    for (; task != NULL; task = next) {
        next = task->next;
        loop->current = task;
        loop->pool.budget = (uint_fast8_t)(CORO_BUDGET + 1);
        if (!coro_drive_((coro_driver *)task, coro_outcome(loop, task->driver.error)))
            coro_task_ended(task);
    }
    loop->current = NULL;
}
#else
CORO_FAST coro_header *ended_call(coro_loop *loop, coro_task *task)
{
    coro_call *call = &loop->pool.resumed;
    call->coro.descriptor = &coro_resumed_call;
    coro_wait_finish_here(task, call);
    return &call->coro;
}

/* The handle is its owner's again before the function is called. */
CORO_SLOW void call_back(coro_loop *loop, coro_handle *handle)
{
    loop->current = NULL;
#if CORO_HOSTED
    if (loop->watchers != NULL) {
        coro_callback function = handle->function;
        coro_watch_callback(loop, function, false);
        function(handle->context);
        coro_watch_callback(loop, function, true);
        return;
    }
#endif
    handle->function(handle->context);
}

#if CORO_HOSTED
#define WATCH(event) (watched ? coro_watch_task(loop, task, CORO_WATCH_##event) : (void)0)
#else
#define WATCH(event) (void)watched
#endif

/* `watched` is a constant: there are two of this. */
CORO_FAST void resume_as(coro_loop *loop, coro_task *task, bool watched)
{
    coro_driver *driver = &task->driver;
    coro_header *callee = NULL;
    uint8_t flags = driver->flags;
    driver->flags = flags & (uint8_t)~(CORO_TASK_QUEUED_ | CORO_TASK_CALL_);
    loop->current = task;
    loop->budget = CORO_BUDGET;
    if (flags & CORO_TASK_CALL_) {
        callee = ended_call(loop, task);
    } else if (CORO_USES_(callbacks) && flags & CORO_TASK_DONE_) {
        call_back(loop, (coro_handle *)task);
        return;
    }
    WATCH(RESUMED);
    if (!coro_drive_(driver, callee)) {
        WATCH(ENDED);
        coro_task_ended(task);
        return;
    }
#if CORO_HOSTED /* or its body asks: CORO_CHECK_LOOPLESS_ */
    CORO_CHECK(driver->flags & (CORO_TASK_WAITING_ | CORO_TASK_QUEUED_),
               "a task suspended with nothing to wait for; ASYNC_SUSPEND and YIELD need a "
               "driver or consumer of their own");
#endif
    WATCH(SUSPENDED);
}

CORO_FAST void resume(coro_loop *loop, coro_task *task)
{
    resume_as(loop, task, false);
}

#if CORO_HOSTED
/* Put the batch into another order; where somebody watches, run it. */
CORO_SLOW unsigned run_unusual(coro_loop *loop)
{
    unsigned count = 0;
    if (loop->backend->reorder != NULL)
        loop->batch = loop->backend->reorder(loop, loop->batch);
    while (loop->watchers != NULL && loop->batch != NULL) {
        coro_task *task = loop->batch;
        loop->batch = task->next;
        resume_as(loop, task, true);
        count++;
    }
    return count;
}
#endif

CORO_FAST void run_batch(coro_loop *loop, unsigned attention)
{
    unsigned count = 0;
    loop->batch = loop->ready;
    coro_ready_clear_(loop);
#if CORO_HOSTED
    if (CORO_UNLIKELY(attention & CORO_ATTEND_BATCH_))
        count = run_unusual(loop);
#else
    (void)attention;
#endif
    while (loop->batch != NULL) {
        coro_task *task = loop->batch;
        loop->batch = task->next;
        resume(loop, task);
        count++;
    }
    loop->current = NULL;
#if CORO_HOSTED
    loop->idle_resumes += count;
#else
    (void)count;
#endif
}
#endif

#if !CORO_MINIMAL_
/* Take a task that will be freed, or a handle, from the ready queue. */
void coro_loop_forget(coro_loop *loop, coro_task *task)
{
    coro_task **place = &loop->batch, *next = loop->ready;
    while (*place != NULL && *place != task)
        place = &(*place)->next;
    if (*place == task)
        *place = task->next;
    coro_ready_clear_(loop);
    for (coro_task *each; (each = next) != NULL;) {
        next = each->next;
        if (each != task)
            coro_task_enqueue_(loop, each);
    }
    task->driver.flags &= (uint8_t)~CORO_TASK_QUEUED_;
}
#endif

/* --- the turn ----------------------------------------------------------------------------- */

#if CORO_MINIMAL_
#define STOPPING(loop) false
#else
#define STOPPING(loop) (CORO_USES_(stops) && (loop)->attention & CORO_ATTEND_STOP_)
#endif
#if CORO_HOSTED
#define HAS_HOOKS(loop, attention) ((attention)&CORO_ATTEND_HOOKS_)
#else
#define HAS_HOOKS(loop, attention) (CORO_USES_(hooks) && (loop)->hooks != NULL)
#endif

#if CORO_TIME_BITS == 64
static void callback_expired(coro_loop *loop, coro_handle *handle)
{
    coro_timers_unreserve(loop);
    handle->driver.flags &= (uint8_t)~CORO_HANDLE_TIMED_;
    coro_task_ready_((coro_task *)handle);
}
#endif

#if CORO_MINIMAL_
#define expire_timers(loop, now) coro_timers_wake(loop)
#else
static void expire_timers(coro_loop *loop, coro_time now)
{
    coro_timer *timer;
    int kind;
#if CORO_HOSTED
    uint64_t end = loop->metrics.timers + RESUMES_UNASKED; /* then the system is asked again */
#endif
    while ((kind = coro_timers_expire(loop, now, &timer)) >= 0) {
        if (kind == CORO_TIMER_SLEEP)
            coro_sleep_expired(coro_timer_task(timer));
#if CORO_TIME_BITS == 64
        else if (kind == CORO_TIMER_CALLBACK)
            callback_expired(loop, coro_container_of(timer, coro_handle, timer));
#endif
#if CORO_SCOPES
        else
            coro_scope_expired(coro_container_of(timer, coro_scope, timer));
#endif
#if CORO_HOSTED
        if (++loop->metrics.timers == end)
            break;
#endif
    }
}
#endif

#if CORO_JOINS
/* Nothing is ready, due, or able to come from outside. */
bool coro_loop_is_stuck(const coro_loop *loop)
{
    coro_time deadline;
#if !CORO_HOSTED
    if (loop->flags != NULL)
        return false;
#endif
    return loop->ready == NULL && loop->hooks == NULL && loop->sources == 0 &&
           !coro_timers_next(loop, &deadline);
}
#endif

/* Whoever runs the loop until something is done must not sleep once it is, or never can be. */
static bool may_sleep(const coro_loop *loop)
{
#if CORO_JOINS
    if (!CORO_USES_(runs) || !loop->running)
        return true;
    if (loop->main_task != NULL && loop->main_task->driver.flags & CORO_TASK_DONE_)
        return false;
    if (loop->running == CORO_LOOP_CLOSING_ && loop->tasks == NULL)
        return false;
    return !coro_loop_is_stuck(loop);
#else
    (void)loop;
    return true;
#endif
}

#if CORO_HOSTED
CORO_SLOW void look_outside(coro_loop *loop, bool wait)
{
    coro_time deadline = loop->now;
    loop->metrics.turns += loop->idle_turns;
    loop->metrics.resumes += loop->idle_resumes;
    if (CORO_UNLIKELY(loop->outside != NULL))
        loop->outside(loop); /* may make a task ready */
    loop->idle_turns = loop->idle_resumes = 0;
    if (wait && loop->ready == NULL && !STOPPING(loop)) {
        if (!coro_timers_next(loop, &deadline))
            deadline = CORO_FOREVER;
        deadline = coro_time_after(deadline, loop->timer_slack);
    }
    loop->metrics.waits++;
    if (CORO_UNLIKELY(loop->watchers != NULL))
        coro_watch_wait(loop, false);
    coro_backend_wait(loop, deadline);
    loop->now = coro_backend_now(loop);
    if (CORO_UNLIKELY(loop->watchers != NULL))
        coro_watch_wait(loop, true);
    expire_timers(loop, loop->now);
}
#else
CORO_SLOW void look_outside(coro_loop *loop, bool wait)
{
    CORO_WATCHDOG();
    if (wait && loop->ready == NULL && !STOPPING(loop))
        coro_bare_wait(loop);
    coro_flags_take(loop);
    expire_timers(loop, coro_backend_now(loop));
}
#endif

/*
 * One turn; `attention` is what it begins with. True: the next one may begin at once, for tasks are
 * ready, nothing else wants attention, and the system was asked not long ago.
 */
CORO_FAST bool turn(coro_loop *loop, bool wait, unsigned attention)
{
    run_batch(loop, attention);
#if !CORO_MINIMAL_
    attention = loop->attention;
    if (CORO_UNLIKELY(HAS_HOOKS(loop, attention)))
        coro_loop_run_hooks(loop);
#endif
#if CORO_HOSTED
    if (++loop->idle_turns < TURNS_UNASKED && loop->ready != NULL &&
        loop->idle_resumes < RESUMES_UNASKED) {
        if (CORO_LIKELY(attention == 0))
            return true;
        if (!(attention & CORO_ATTEND_EVENTS_))
            return false;
    }
#endif
    look_outside(loop, wait && may_sleep(loop));
    return false;
}

#if CORO_HOSTED
/* What a loop begins with; posts are taken. */
CORO_FAST unsigned attend(coro_loop *loop)
{
    unsigned attention = loop->attention;
    if (CORO_UNLIKELY(attention & CORO_ATTEND_INBOX_))
        loop->inbox->take(loop->inbox);
    return attention;
}

void coro_loop_turns(coro_loop *loop)
{
    unsigned attention = attend(loop);
    while (turn(loop, true, attention))
        attention = 0;
}
#else
#define attend(loop) 0
#endif

bool coro_loop_run_once(coro_loop *loop, bool wait)
{
    coro_pool *outer = coro_pool_current_;
#if !CORO_MINIMAL_
    CORO_CHECK(!CORO_USES_(closes) || !loop->closed, "a loop was used after it was closed");
#endif
    coro_pool_current_ = &loop->pool;
#if CORO_HOSTED
    if (loop->embedded) {
        loop->embedded = false;
        loop->inbox->awake(loop->inbox);
    }
#endif
    (void)turn(loop, wait, attend(loop));
    coro_pool_current_ = outer;
    return loop->ready != NULL;
}

/* --- asking and telling ------------------------------------------------------------------- */

coro_time coro_loop_time(coro_loop *loop)
{
    (void)loop;
    return coro_backend_now(loop);
}

void coro_loop_report(coro_loop *loop, const coro_report *report)
{
    if (CORO_USES_(reports) && loop->report != NULL && !loop->reporting) {
        loop->reporting = true;
        loop->report(loop->report_context, report);
        loop->reporting = false;
        return;
    }
#if CORO_HOSTED
    fprintf(stderr, "coro: %s: %s\n", report->message, coro_strerror(report->error));
#endif
}

void coro_loop_set_report(coro_loop *loop, coro_report_function report, void *context)
{
    if (report != NULL)
        CORO_USE_(reports);
    loop->report = report;
    loop->report_context = context;
}

#if CORO_HOSTED
void coro_check_thread(const coro_loop *loop)
{
    if (loop->thread != (const void *)&coro_pool_current_ && coro_wrong_thread_ != NULL)
        coro_wrong_thread_(loop);
    CORO_CHECK(loop->thread == (const void *)&coro_pool_current_,
               "a loop was used in another thread than its own; use a coro_remote");
}
#endif
