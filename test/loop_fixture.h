/* SPDX-License-Identifier: MIT */
/*
 * loop_fixture.h: a loop for the kernel's tests, with nothing real about it.
 *
 *     clock      jumps to the next deadline as soon as nobody is ready
 *     allocator  counts what is alive, checks the sizes it is given back, and can
 *                fail the n-th allocation
 *     reports    are kept: heard.count, heard.list[i]
 *     log        say("a%d ", i) in a coroutine, SAID("a0 a1 ") in the test
 *
 * All of it is static: a test is a process of its own. On a board (test/targets/suite) it begins
 * with fresh memory, and the loop waits by src/poll/bare.c.
 */
#ifndef CORO_TEST_LOOP_FIXTURE_H
#define CORO_TEST_LOOP_FIXTURE_H

#include "helper.h"

#include "kernel/backend.h"
#if CORO_HOSTED
#include "poll/poll.h"
#else
#include <coro/bare.h>
#endif

#include <coro/future.h>
#include <coro/gather.h>
#include <coro/group.h>
#include <coro/loop.h>
#include <coro/queue.h>
#include <coro/scope.h>
#include <coro/semaphore.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The framework compares char *, without const. */
#define TEXT(text) ((char *)(uintptr_t)(text))

#define EQ(actual, expected) cr_assert(eq(long, (long)(actual), (long)(expected)))
#define HOLDS(condition) cr_assert(ne(int, (condition) ? 1 : 0, 0), "%s", #condition)
#define SAID(text) cr_assert(eq(str, said, TEXT(text)), "said \"%s\"", said)

/* So many at once: a board has less memory. */
#define CROWD_OF(count) (CORO_HOSTED ? (count) : (count) / 50)

/* --- log ---------------------------------------------------------------------------------- */

static char said[8192];
static size_t said_size;

__attribute__((format(printf, 1, 2))) static inline void say(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    said_size += (size_t)vsnprintf(said + said_size, sizeof said - said_size, format, arguments);
    va_end(arguments);
    HOLDS(said_size < sizeof said);
}

/* --- clock -------------------------------------------------------------------------------- */

#define CLOCK_START CORO_SECONDS(1000)

static coro_time virtual_now = CLOCK_START;

/* Milliseconds since the test began. */
static inline long now_ms(void)
{
    return (long)((virtual_now - CLOCK_START) / CORO_MS(1));
}

static coro_time sim_began; /* on virtual_now, when the simulation's own clock was 0 */

/* The thread is busy for that long. */
static inline void crunch(coro_duration duration)
{
    virtual_now += duration;
    sim_began += duration;
}

#if CORO_HOSTED
static inline int fixture_open(coro_loop *loop, const coro_loop_options *options)
{
    (void)options;
    loop->backend_data = NULL;
    return 0;
}

static inline void fixture_close(coro_loop *loop)
{
    (void)loop;
}

static inline coro_time fixture_now(coro_loop *loop)
{
    (void)loop;
    return virtual_now;
}

static inline void fixture_wait(coro_loop *loop, coro_time deadline)
{
    (void)loop;
    HOLDS(deadline != CORO_FOREVER);
    if (deadline > virtual_now)
        virtual_now = deadline;
}

static const coro_backend fixture_backend = {
    .name = "fixture",
    .open = fixture_open,
    .close = fixture_close,
    .now = fixture_now,
    .wait = fixture_wait,
};

/*
 * The same tests on the library's own backends: CORO_TEST_BACKEND=epoll or sim.
 * epoll looks at its descriptors, then the fixture's clock jumps; the simulation
 * has a clock of its own, which virtual_now follows.
 */
static inline void on_epoll_wait(coro_loop *loop, coro_time deadline)
{
    coro_epoll_backend.wait(loop, 0);
    if (loop->ready == NULL)
        fixture_wait(loop, deadline);
}

static inline int on_sim_open(coro_loop *loop, const coro_loop_options *options)
{
    sim_began = virtual_now;
    return coro_sim_backend.open(loop, options);
}

static inline coro_time on_sim_now(coro_loop *loop)
{
    return virtual_now = sim_began + coro_sim_backend.now(loop);
}

static inline void on_sim_wait(coro_loop *loop, coro_time deadline)
{
    HOLDS(deadline != CORO_FOREVER);
    coro_sim_backend.wait(loop, deadline - sim_began);
    on_sim_now(loop);
}

static inline const coro_backend *chosen_backend(void)
{
    static coro_backend chosen;
    const char *name = getenv("CORO_TEST_BACKEND");
    chosen = fixture_backend;
    if (name != NULL && strcmp(name, "epoll") == 0) {
        chosen = coro_epoll_backend;
        chosen.now = fixture_now;
        chosen.wait = on_epoll_wait;
    } else if (name != NULL && strcmp(name, "sim") == 0) {
        chosen = coro_sim_backend;
        chosen.open = on_sim_open;
        chosen.now = on_sim_now;
        chosen.wait = on_sim_wait;
    } else {
        HOLDS(name == NULL);
    }
    return &chosen;
}
#else
unsigned long fixture_turns; /* of the loop that was opened last */

coro_time coro_bare_now(void)
{
    return virtual_now;
}

void coro_bare_idle(coro_duration ticks)
{
    HOLDS(ticks < CORO_FOREVER - virtual_now);
    virtual_now += ticks;
}
#endif

/* --- memory ------------------------------------------------------------------------------- */

static struct {
    size_t blocks, bytes;
    size_t calls;     /* allocations so far */
    size_t fail_at;   /* the number of the one that fails; 0: none */
    size_t fail_from; /* the number from which on all fail; 0: none */
    size_t failed;
} memory;

static inline void *fixture_resize(void *context, void *block, size_t old, size_t fresh)
{
    size_t *head = block != NULL ? (size_t *)block - 2 : NULL;
    (void)context;
    if (head != NULL)
        EQ(old, *head); /* who gives a block back knows how large it was */
    else
        EQ(old, 0);
    if (fresh == 0) {
        memory.blocks -= head != NULL;
        memory.bytes -= old;
        free(head);
        return NULL;
    }
    memory.calls++;
    if (memory.calls == memory.fail_at ||
        (memory.fail_from != 0 && memory.calls >= memory.fail_from)) {
        memory.failed++;
        return NULL;
    }
    head = realloc(head, fresh + 2 * sizeof *head);
    HOLDS(head != NULL);
    memory.blocks += block == NULL;
    memory.bytes += fresh - old;
    *head = fresh;
    return head + 2;
}

/* From here on nothing can be had, until memory.fail_from is 0 again. What was left in the pool is
 * taken, and freed with the loop: which close_loop would call a leak. */
static inline void exhaust_memory(void)
{
    memory.fail_from = memory.calls + 1;
    for (size_t size = 16; size <= 1024; size += 16)
        while (coro_pool_take_(coro_pool_current_, size) != NULL)
            ;
}

/* --- reports ------------------------------------------------------------------------------ */

static struct {
    size_t count;
    struct {
        coro_report_kind kind;
        int error;
        char name[32];
    } list[16];
} heard;

/* Where tasks have no names of their own, their functions have. */
static inline const char *name_of(const coro_task *task)
{
#if CORO_HOSTED
    return coro_task_name(task);
#else
    const coro_header *root = task->driver.frame;
    while (root->caller != NULL)
        root = root->caller;
    return root->descriptor->name;
#endif
}

static inline void fixture_report(void *context, const coro_report *report)
{
    (void)context;
    if (heard.count < 16) {
        heard.list[heard.count].kind = report->kind;
        heard.list[heard.count].error = report->error;
        snprintf(heard.list[heard.count].name, sizeof heard.list[0].name, "%s",
                 report->task != NULL ? name_of(report->task) : "");
    }
    heard.count++;
}

/* --- loop --------------------------------------------------------------------------------- */

static coro_loop loop;

static inline int init_loop(coro_loop *fresh)
{
    coro_loop_options options = {
        .allocator = {fixture_resize, NULL},
#if CORO_HOSTED
        .backend = chosen_backend(),
#endif
        .report = fixture_report,
    };
    /* What a backend needs for itself is not the test's to count or to fail. */
    size_t calls = memory.calls, fail_at = memory.fail_at;
    int error;
    memory.fail_at = 0;
    error = coro_loop_init(fresh, &options);
#if !CORO_HOSTED
    fixture_turns = 0;
#endif
    memory.calls = calls;
    memory.fail_at = fail_at;
    return error;
}

static inline void open_loop(void)
{
    EQ(init_loop(&loop), 0);
}

/*
 * A call that is made outside of a loop has its frame from the heap. A board has none: there the
 * pool of the loop that is to run it is current until its task is made.
 */
#if CORO_HOSTED
#define IN_NEW_LOOP_(call) (&(call)->coro)

static inline int run_in_new_loop(coro_header *call)
{
    open_loop();
    return coro_loop_run_until_complete_(&loop, call);
}
#else
static coro_pool *outer_pool;

static inline void enter_pool(coro_loop *of)
{
    outer_pool = coro_pool_current_;
    if (outer_pool == NULL)
        coro_pool_current_ = &of->pool;
}

static inline coro_task *create_and_leave(coro_loop *of, coro_header *call)
{
    coro_task *task = coro_create_task_(of, call);
    coro_pool_current_ = outer_pool;
    return task;
}

static inline int run_and_leave(coro_loop *of, coro_header *call)
{
    coro_task *task;
    int error;
    if (outer_pool != NULL)
        return coro_loop_run_until_complete_(of, call);
    task = create_and_leave(of, call);
    if (task == NULL)
        return CORO_ENOMEM;
    error = coro_loop_run_task(of, task);
    coro_task_release(task);
    return error;
}

static inline void open_and_enter(void)
{
    open_loop();
    enter_pool(&loop);
}

static inline int run_in_new_loop(coro_header *call)
{
    return run_and_leave(&loop, call);
}

#define IN_NEW_LOOP_(call) (open_and_enter(), &(call)->coro)
#undef coro_loop_run_until_complete
#define coro_loop_run_until_complete(loop, call)                                                   \
    (enter_pool(loop), run_and_leave((loop), &(call)->coro))
#undef coro_loop_create_task
#define coro_loop_create_task(loop, call)                                                          \
    (enter_pool(loop), create_and_leave((loop), &(call)->coro))
#endif

/* What is left is cancelled; then nothing may be left. */
static inline void close_loop(void)
{
    coro_loop_close(&loop);
    EQ(loop.task_count, 0);
    EQ(loop.pool.live, 0);
    EQ(memory.blocks, 0);
    EQ(memory.bytes, 0);
}

/* Run in a loop of its own, whatever is reported: the call's error. */
static inline int run_loud_(coro_header *call)
{
    int error;
    error = run_in_new_loop(call);
    close_loop();
    return error;
}

static inline int run_(coro_header *call)
{
    int error = run_loud_(call);
    cr_assert(eq(sz, heard.count, 0), "report of %d from %s", heard.list[0].error,
              heard.list[0].name);
    return error;
}

#define RUN(call) run_(IN_NEW_LOOP_(call))
#define RUN_LOUD(call) run_loud_(IN_NEW_LOOP_(call))

/* Run in a loop of its own, where the n-th allocation fails: the call's error, 0 or CORO_ENOMEM.
 * memory.failed says whether there was an n-th one. */
static inline void begin_failing_(size_t n)
{
    memset(&memory, 0, sizeof memory);
    memory.fail_at = n;
}

static inline int run_failing_(coro_header *call)
{
    int error;
    error = run_in_new_loop(call);
    HOLDS(error == 0 || error == CORO_ENOMEM);
    memory.fail_at = 0;
    close_loop();
    return error;
}

/* The call is made by name_at(), anew each time. */
#define RUN_FAILING(n, call) (begin_failing_(n), run_failing_(IN_NEW_LOOP_(call)))
#define FAIL_EACH_ALLOCATION(call)                                                                 \
    do {                                                                                           \
        size_t n_ = 0;                                                                             \
        do                                                                                         \
            (void)RUN_FAILING(++n_, call);                                                         \
        while (memory.failed > 0);                                                                 \
        HOLDS(n_ > 1);                                                                             \
    } while (0)

/* --- often needed ------------------------------------------------------------------------- */

/* Turns of the loop so far. */
static inline uint64_t turns(void)
{
#if CORO_HOSTED
    coro_loop_metrics metrics;
    coro_loop_metrics_get(&loop, &metrics);
    return metrics.turns;
#else
    return fixture_turns;
#endif
}

/* Sleep until so many milliseconds after the test began. */
static inline CORO_NODISCARD coro_void *until_ms(long ms)
{
    return coro_sleep(CLOCK_START + CORO_MS(ms) - virtual_now);
}

/* Run a call as a task, cancel it at one or two points in time (-1: not), say how it ended. */
CORO_ASYNC(cancel_and_watch, ARGS(coro_any *, call, long, first, long, second),
           VARS(coro_task *task; int error;))
{
    CORO_ASYNC_BEGIN;
    self->task = coro_create_task(self->call);
    HOLDS(self->task != NULL);
    if (self->first >= 0) {
        if (self->first > 0)
            CORO_AWAIT(until_ms(self->first));
        coro_task_cancel(self->task);
    }
    if (self->second >= 0) {
        CORO_AWAIT(until_ms(self->second));
        coro_task_cancel(self->task);
    }
    CORO_AWAIT_CATCH(self->error, coro_task_join(self->task));
    say("=> %d at %ld", self->error, now_ms());
    coro_task_release(self->task);
    CORO_ASYNC_END;
}

#define CANCELLED_(call, first, second)                                                            \
    cancel_and_watch((coro_any *)(void *)(call), (first), (second))
#define RUN_CANCELLED(call, first, second) EQ(RUN(CANCELLED_(call, first, second)), 0)
#define RUN_CANCELLED_LOUD(call, first, second) EQ(RUN_LOUD(CANCELLED_(call, first, second)), 0)

#endif
