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

#define TURNS_UNASKED 64
#define RESUMES_UNASKED 1024
#define CLOSE_TURNS 1000000u

#if !CORO_HOSTED
const coro_backend *(*coro_backend_default_)(void);
#endif

/* --- one task ----------------------------------------------------------------------------- */

CORO_FAST void resume(coro_loop *loop, coro_task *task)
{
    coro_driver *driver = &task->driver;
    coro_header *callee = NULL;
    uint8_t flags = driver->flags;
    driver->flags = flags & (uint8_t)~(CORO_TASK_QUEUED_ | CORO_TASK_CALL_);
    loop->current = task;
    loop->budget = CORO_BUDGET;
    if (flags & CORO_TASK_CALL_) {
        coro_call *call = &loop->pool.resumed;
        call->coro.descriptor = &coro_resumed_call;
        coro_wait_finish(task, call);
        callee = &call->coro;
    }
    if (!coro_drive_(driver, callee))
        coro_task_ended(task);
    else
        CORO_CHECK(driver->flags & (CORO_TASK_WAITING_ | CORO_TASK_QUEUED_),
                   "a task suspended with nothing to wait for; ASYNC_SUSPEND and YIELD need a "
                   "driver or consumer of their own");
}

/* Take a task that will be freed from the ready queue. */
void coro_loop_forget(coro_loop *loop, coro_task *task)
{
    coro_task **place = &loop->ready;
    loop->ready_last = NULL;
    while (*place != NULL) {
        if (*place == task)
            *place = task->next;
        else
            loop->ready_last = *place, place = &(*place)->next;
    }
    task->driver.flags &= (uint8_t)~CORO_TASK_QUEUED_;
}

CORO_FAST void run_batch(coro_loop *loop)
{
    unsigned count = 0;
    loop->batch = loop->ready;
    loop->ready = loop->ready_last = NULL;
    if (loop->backend->reorder != NULL)
        loop->batch = loop->backend->reorder(loop, loop->batch);
    while (loop->batch != NULL) {
        coro_task *task = loop->batch;
        loop->batch = task->next;
        resume(loop, task);
        count++;
    }
    loop->current = NULL;
    loop->idle_resumes += count;
}

/* --- the turn ----------------------------------------------------------------------------- */

static void run_hooks(coro_loop *loop)
{
    while (loop->hooks != NULL) { /* one by one: a hook may remove others */
        coro_hook *hook = loop->hooks;
        loop->hooks = hook->next;
        hook->queued = false;
        hook->run(hook);
    }
}

static void expire_timers(coro_loop *loop)
{
    coro_timer *timer;
    int kind;
    while ((kind = coro_timers_expire(loop, loop->now, &timer)) >= 0) {
#if CORO_HOSTED
        loop->metrics.timers++;
#endif
        if (kind == CORO_TIMER_SLEEP)
            coro_sleep_expired(coro_container_of(timer, coro_task, wait.timer));
#if CORO_SCOPES
        else
            coro_scope_expired(coro_container_of(timer, coro_scope, timer));
#endif
    }
}

#if CORO_JOINS
/* Nothing is ready, due, or able to come from outside. */
static bool is_stuck(const coro_loop *loop)
{
    coro_time deadline;
    return loop->ready == NULL && loop->hooks == NULL && loop->sources == 0 &&
           !coro_timers_next(loop, &deadline);
}
#endif

/* Whoever runs the loop until something is done must not sleep once it is, or never can be. */
static bool may_sleep(const coro_loop *loop)
{
#if CORO_JOINS
    if (!loop->running)
        return true;
    if (loop->main_task != NULL ? loop->main_task->driver.flags & CORO_TASK_DONE_
                                : loop->tasks == NULL)
        return false;
    return !is_stuck(loop);
#else
    (void)loop;
    return true;
#endif
}

/* Wrapping ticks have no such point: idle wakes at least every half range. */
static coro_time never(const coro_loop *loop)
{
#if CORO_TIME_BITS == 64
    (void)loop;
    return CORO_FOREVER;
#else
    return (coro_time)(loop->now + (coro_time)CORO_FOREVER);
#endif
}

CORO_SLOW void look_outside(coro_loop *loop, bool wait)
{
    coro_time deadline = loop->now;
#if CORO_HOSTED
    loop->metrics.turns += loop->idle_turns;
    loop->metrics.resumes += loop->idle_resumes;
#endif
    loop->idle_turns = loop->idle_resumes = 0;
    if (wait && loop->ready == NULL && !loop->stopping && !coro_timers_next(loop, &deadline))
        deadline = never(loop);
#if CORO_HOSTED
    loop->metrics.waits++;
#endif
    loop->backend->wait(loop, deadline);
    loop->now = loop->backend->now(loop);
    expire_timers(loop);
}

/* coro_pool_current_ is this loop's. */
CORO_FAST void turn(coro_loop *loop, bool wait)
{
    if (loop->inbox != NULL)
        loop->inbox->take(loop->inbox);
    run_batch(loop);
    if (loop->hooks != NULL)
        run_hooks(loop);
    if (++loop->idle_turns >= TURNS_UNASKED || loop->ready == NULL ||
        loop->idle_resumes >= RESUMES_UNASKED)
        look_outside(loop, wait && may_sleep(loop));
}

bool coro_loop_run_once(coro_loop *loop, bool wait)
{
    coro_pool *outer = coro_pool_current_;
    CORO_CHECK(!loop->closed, "a loop was used after it was closed");
    coro_pool_current_ = &loop->pool;
    turn(loop, wait);
    coro_pool_current_ = outer;
    return loop->ready != NULL;
}

void coro_loop_add_hook(coro_loop *loop, coro_hook *hook)
{
    if (hook->queued)
        return;
    hook->queued = true;
    hook->next = loop->hooks;
    loop->hooks = hook;
}

void coro_loop_remove_hook(coro_loop *loop, coro_hook *hook)
{
    coro_hook **place = &loop->hooks;
    if (!hook->queued)
        return;
    while (*place != NULL && *place != hook)
        place = &(*place)->next;
    if (*place != NULL)
        *place = hook->next;
    hook->queued = false;
}

void coro_loop_add_closer(coro_loop *loop, coro_hook *hook)
{
    hook->next = loop->closers;
    loop->closers = hook;
}

/* --- running ------------------------------------------------------------------------------ */

#if CORO_JOINS
static int run_until(coro_loop *loop, coro_task *task)
{
    coro_pool *outer = coro_pool_current_;
    int error = 0;
    if (loop->running)
        return CORO_EBUSY;
    CORO_CHECK(!loop->closed, "a loop was used after it was closed");
    coro_pool_current_ = &loop->pool;
    loop->running = true;
    loop->main_task = task;
#if CORO_TRACE_DEPTH
    loop->trace.kept = false;
#endif
    while (error == 0 && !(task->driver.flags & CORO_TASK_DONE_)) {
        if (is_stuck(loop)) {
            coro_report report = {CORO_REPORT_DEADLOCK, loop, task, CORO_EDEADLK,
                                  "nothing can wake the tasks that are left"};
            coro_loop_report(loop, &report);
            error = CORO_EDEADLK;
            break;
        }
#if CORO_HOSTED
        turn(loop, true);
#else
        coro_loop_run_once(loop, true); /* code must be small */
#endif
        if (loop->stopping && !(task->driver.flags & CORO_TASK_DONE_))
            error = CORO_ESTOPPED;
        loop->stopping = false;
    }
    loop->running = false;
    loop->main_task = NULL;
    coro_pool_current_ = outer;
    return error;
}

int coro_loop_run_task(coro_loop *loop, coro_task *task)
{
    int error;
    if (coro_pool_current_ != NULL)
        return CORO_EBUSY;
    coro_check_thread(loop);
    error = run_until(loop, task);
    if (error != 0)
        return error;
    task->driver.flags |= CORO_TASK_TAKEN_;
    return task->driver.frame->error;
}

int coro_loop_run_until_complete_(coro_loop *loop, coro_header *call)
{
    coro_task *task;
    int error;
    if (coro_pool_current_ != NULL) {
        coro_discard_(call);
        return CORO_EBUSY;
    }
    task = coro_create_task_(loop, call);
    if (task == NULL)
        return CORO_ENOMEM;
    error = coro_loop_run_task(loop, task);
    coro_pool_current_ = &loop->pool;
    coro_task_release(task);
    coro_pool_current_ = NULL;
    return error;
}
#endif

void coro_loop_stop(coro_loop *loop)
{
    loop->stopping = true;
}

/* --- life --------------------------------------------------------------------------------- */

int coro_loop_init(coro_loop *loop, const coro_loop_options *options)
{
    static const coro_loop_options none;
    coro_allocator allocator = {coro_heap_resize, NULL};
    if (options == NULL)
        options = &none;
    if (options->allocator.resize != NULL)
        allocator = options->allocator;
    coro_zero_(loop, sizeof *loop);
    coro_pool_init(&loop->pool, allocator, options->arena, options->arena_size);
    loop->backend = options->backend;
    if (loop->backend == NULL && coro_backend_default_ != NULL)
        loop->backend = coro_backend_default_();
    CORO_CHECK(loop->backend != NULL, "a loop needs a backend; name one in its options");
    loop->report = options->report;
    loop->report_context = options->context;
    loop->thread = &coro_pool_current_;
    int error = loop->backend->open(loop, options);
    if (error != 0)
        return error;
    loop->now = loop->backend->now(loop);
    return 0;
}

#if CORO_JOINS && CORO_SCOPES
/* Ask all to end, and let them; who does not is freed as it stands. */
static void end_tasks(coro_loop *loop)
{
    uint32_t turns = 0;
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
    loop->running = true;
    while (loop->tasks != NULL) {
        coro_report report = {CORO_REPORT_TASK_ERROR, loop, NULL, CORO_EDEADLK,
                              "would not end when its loop was closed"};
        while (loop->tasks != NULL && !is_stuck(loop) && turns++ < CLOSE_TURNS)
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

void coro_loop_close(coro_loop *loop)
{
    coro_pool *outer = coro_pool_current_;
    if (loop->closed)
        return;
    CORO_CHECK(!loop->running, "a loop was closed while it runs; stop it first");
    coro_check_thread(loop);
    coro_pool_current_ = &loop->pool;
#if CORO_JOINS && CORO_SCOPES
    end_tasks(loop);
#endif
    if (loop->inbox != NULL)
        loop->inbox->close(loop->inbox);
    for (coro_hook *closer; (closer = loop->closers) != NULL;) {
        loop->closers = closer->next;
        closer->run(closer);
    }
    run_hooks(loop);
    loop->backend->close(loop);
    coro_timers_close(loop);
    coro_pool_close(&loop->pool);
    loop->closed = true;
    coro_pool_current_ = outer;
}

coro_time coro_loop_time(coro_loop *loop)
{
    return loop->backend->now(loop);
}

#if CORO_HOSTED
void coro_loop_metrics_get(const coro_loop *loop, coro_loop_metrics *metrics)
{
    *metrics = loop->metrics;
    metrics->turns += loop->idle_turns;
    metrics->resumes += loop->idle_resumes;
    metrics->tasks = loop->task_count;
    metrics->frames = loop->pool.live;
}
#endif

void coro_loop_report(coro_loop *loop, const coro_report *report)
{
    if (loop->report != NULL)
        loop->report(loop->report_context, report);
#if CORO_HOSTED
    else
        coro_report_print(report);
#endif
}

void coro_check_thread(const coro_loop *loop)
{
    CORO_CHECK(loop->thread == (const void *)&coro_pool_current_,
               "a loop was used in another thread than its own; use a coro_remote");
}
