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
 * All of it is static: a test is a process of its own.
 */
#ifndef CORO_TEST_LOOP_FIXTURE_H
#define CORO_TEST_LOOP_FIXTURE_H

#include "helper.h"

#include "kernel/backend.h"
#include "poll/poll.h"

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

static inline void fixture_report(void *context, const coro_report *report)
{
    (void)context;
    if (heard.count < 16) {
        heard.list[heard.count].kind = report->kind;
        heard.list[heard.count].error = report->error;
        snprintf(heard.list[heard.count].name, sizeof heard.list[0].name, "%s",
                 report->task != NULL ? coro_task_name(report->task) : "");
    }
    heard.count++;
}

/* --- loop --------------------------------------------------------------------------------- */

static coro_loop loop;

static inline int init_loop(coro_loop *fresh)
{
    coro_loop_options options = {
        .allocator = {fixture_resize, NULL},
        .backend = chosen_backend(),
        .report = fixture_report,
    };
    /* What a backend needs for itself is not the test's to count or to fail. */
    size_t calls = memory.calls, fail_at = memory.fail_at;
    int error;
    memory.fail_at = 0;
    error = coro_loop_init(fresh, &options);
    memory.calls = calls;
    memory.fail_at = fail_at;
    return error;
}

static inline void open_loop(void)
{
    EQ(init_loop(&loop), 0);
}

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
    open_loop();
    error = coro_loop_run_until_complete_(&loop, call);
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

#define RUN(call) run_(&(call)->coro)
#define RUN_LOUD(call) run_loud_(&(call)->coro)

/* Run in a loop of its own, where the n-th allocation fails: the call's error, 0 or CORO_ENOMEM.
 * memory.failed says whether there was an n-th one. */
static inline int run_failing_(size_t n, coro_header *call)
{
    int error;
    memset(&memory, 0, sizeof memory);
    memory.fail_at = n;
    open_loop();
    error = coro_loop_run_until_complete_(&loop, call);
    HOLDS(error == 0 || error == CORO_ENOMEM);
    memory.fail_at = 0;
    close_loop();
    return error;
}

/* The call is made by name_at(), anew each time. */
#define RUN_FAILING(n, call) run_failing_((n), &(call)->coro)
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
    coro_loop_metrics metrics;
    coro_loop_metrics_get(&loop, &metrics);
    return metrics.turns;
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
