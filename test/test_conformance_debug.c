/* SPDX-License-Identifier: MIT */
/*
 * test_conformance_debug.c: asyncio's cases of looking inside: slow callbacks (11), tasks that a
 * closed loop finds (46), the tree of who waits for whom (149).
 *
 * Expected texts are written with the lines on which the awaits stand: HERE notes them.
 */
#include "loop_fixture.h"

#include <coro/callback.h>
#include <coro/debug.h>
#include <coro/wait.h>

SUITE(conformance_debug);

static int lines[8];

#define HERE(n) (lines[n] = __LINE__)

static char reported[8192];

static void keep_report(void *context, const coro_report *report)
{
    size_t used = strlen(reported);
    (void)context;
    HOLDS(coro_report_format(report, reported + used, sizeof reported - used) <
          sizeof reported - used);
}

static void open_debug(const coro_debug_options *options)
{
    open_loop();
    coro_loop_set_report(&loop, keep_report, NULL);
    EQ(coro_debug_enable(&loop, options), 0);
}

static char wanted[4096];

__attribute__((format(printf, 1, 2))) static const char *text(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(wanted, sizeof wanted, format, arguments);
    va_end(arguments);
    return wanted;
}

#define IS(actual, ...) cr_assert(eq(str, TEXT(actual), TEXT(text(__VA_ARGS__))))

/* --- 11 ----------------------------------------------------------------------------------- */

static void callback(void *context)
{
    (void)context;
    crunch(CORO_MS(7));
}

ASYNC(one_step)
{
    ASYNC_BEGIN;
    crunch(CORO_MS(20));
    ASYNC_END;
}

Test(conformance_debug, c011_slow_callbacks_and_steps_are_reported_with_threshold_0)
{
    static coro_handle handle;
    coro_debug_options options = {.slow_all = true};
    open_debug(&options);
    coro_loop_call_soon(&loop, &handle, callback, NULL);
    EQ(coro_loop_run_until_complete(&loop, one_step()), 0);
    IS(reported,
       "coro: loop: callback 0x%lx kept the loop busy for 0.007 s\n"
       "  to do: await between the parts of long work, or give it to a thread\n"
       "coro: one_step: kept the loop busy for 0.020 s, from %s one_step to its end\n"
       "  to do: await between the parts of long work, or give it to a thread\n",
       (unsigned long)(uintptr_t)callback, __FILE__);
    close_loop();
}

/* --- 46 ----------------------------------------------------------------------------------- */

ASYNC(stays)
{
    ASYNC_BEGIN;
    HERE(0); AWAIT(coro_sleep(CORO_SECONDS(60)));
    ASYNC_END;
}

ASYNC(leaves_one_behind)
{
    ASYNC_BEGIN;
    HERE(1); coro_task_release(coro_create_task(stays()));
    AWAIT(coro_yield());
    AWAIT(coro_yield());
    ASYNC_END;
}

Test(conformance_debug, c046_a_loop_that_is_closed_reports_the_task_that_is_left)
{
    open_debug(NULL);
    EQ(coro_loop_run_until_complete(&loop, leaves_one_behind()), 0);
    IS(reported, "%s", "");
    close_loop();
    IS(reported,
       "coro: stays: had not ended when its loop was closed\n"
       "  made at %s:%d\n"
       "  %s:%d stays\n"
       "  to do: join the task or cancel it before the loop is closed; it is cancelled now\n",
       __FILE__, lines[1], __FILE__, lines[0]);
}

/* --- 149 ---------------------------------------------------------------------------------- */

static char tree[4096];

/* Print the tree once everybody stands. */
ASYNC(looks)
{
    ASYNC_BEGIN;
    AWAIT(coro_sleep(CORO_MS(500)));
    coro_format_tasks(coro_loop_current(), tree, sizeof tree);
    ASYNC_END;
}

ASYNC(waits)
{
    ASYNC_BEGIN;
    HERE(0); AWAIT(coro_sleep(CORO_SECONDS(2)));
    ASYNC_END;
}

static void look_at_(coro_header *call)
{
    coro_task *looker, *main_task;
    open_debug(NULL);
    looker = coro_loop_create_task(&loop, looks());
    main_task = coro_create_task_(&loop, call);
    EQ(coro_loop_run_task(&loop, main_task), 0);
    coro_task_release(looker);
    coro_task_release(main_task);
    close_loop();
    IS(reported, "%s", "");
}

/* The tree, without its first lines: time, and the one who looks. */
static const char *seen(coro_header *call)
{
    const char *found;
    look_at_(call);
    found = strstr(tree, " looks\n");
    HOLDS(found != NULL);
    return found + strlen(" looks\n");
}

#define SEEN(call) seen(&(call)->coro)

ASYNC(in_group, VARS(coro_group group;))
{
    ASYNC_BEGIN;
    CORO_GROUP(self->group) {
        HERE(1); coro_group_create_task(&self->group, waits());
        HERE(2); coro_group_create_task(&self->group, waits());
    HERE(3); }
    ASYNC_END;
}

ASYNC(calls_in_group)
{
    ASYNC_BEGIN;
    HERE(4); AWAIT(in_group());
    ASYNC_END;
}

Test(conformance_debug, c149_the_tree_shows_the_chain_through_a_group)
{
    const char *found = SEEN(calls_in_group());
    const char *block = strstr(found, "in_group\n");
    HOLDS(block != NULL);
    IS(strstr(found, "    " __FILE__ ":"), "    %s:%.*s in_group\n"
       "    %s:%d calls_in_group\n"
       "  - waits: sleep, 1.500 s left, made at %s:%d\n"
       "      %s:%d waits\n"
       "  - waits: sleep, 1.500 s left, made at %s:%d\n"
       "      %s:%d waits\n", __FILE__, (int)strcspn(strstr(found, ".c:") + 3, " "),
       strstr(found, ".c:") + 3, __FILE__, lines[4], __FILE__, lines[1], __FILE__, lines[0],
       __FILE__, lines[2], __FILE__, lines[0]);
    HOLDS(strncmp(found, "- calls_in_group: group of 2 tasks\n", 35) == 0);
}

ASYNC(gathers)
{
    ASYNC_BEGIN;
    HERE(1); AWAIT(coro_gather(coro_only(waits()), coro_only(waits())));
    ASYNC_END;
}

Test(conformance_debug, c149_the_tree_shows_the_chain_through_a_gather)
{
    const char *found = SEEN(gathers());
    const char *children = strstr(found, text("    %s:%d gathers\n", __FILE__, lines[1]));
    HOLDS(strncmp(found, "- gathers: gather of 2 tasks\n", 29) == 0);
    HOLDS(children != NULL);
    HOLDS(strstr(children, text("  - waits: sleep, 1.500 s left\n      %s:%d waits\n", __FILE__,
                                lines[0])) != NULL);
}

ASYNC(shields, VARS(coro_task *task; coro_scope scope;))
{
    ASYNC_BEGIN;
    HERE(1); self->task = coro_create_task(waits());
    CORO_SHIELD(self->scope) {
        HERE(2); AWAIT(coro_shield(self->task));
    }
    coro_task_release(self->task);
    ASYNC_END;
}

Test(conformance_debug, c149_the_tree_shows_the_chain_through_a_shield)
{
    const char *found = SEEN(shields());
    IS(found,
       "- shields: shield of waits\n"
       "    %s:%d shields, in shield\n"
       "  - waits: sleep, 1.500 s left, made at %s:%d\n"
       "      %s:%d waits\n", __FILE__, lines[2], __FILE__, lines[1], __FILE__, lines[0]);
}

ASYNC(limits, VARS(coro_scope scope;))
{
    ASYNC_BEGIN;
    CORO_TIMEOUT(self->scope, CORO_SECONDS(3)) {
        HERE(1); AWAIT(waits());
    }
    ASYNC_END;
}

Test(conformance_debug, c149_the_tree_shows_the_chain_through_a_timeout)
{
    const char *found = SEEN(limits());
    IS(found,
       "- limits: sleep, 1.500 s left\n"
       "    %s:%d waits\n"
       "    %s:%d limits, in timeout (2.500 s left)\n", __FILE__, lines[0], __FILE__, lines[1]);
}

ASYNC(waits_for)
{
    ASYNC_BEGIN;
    HERE(1); AWAIT(coro_wait_for(waits(), CORO_SECONDS(3)));
    ASYNC_END;
}

Test(conformance_debug, c149_the_tree_shows_the_chain_through_wait_for)
{
    const char *found = SEEN(waits_for());
    HOLDS(strncmp(found, "- waits_for: sleep, 1.500 s left\n", 33) == 0);
    HOLDS(strstr(found, " coro_wait_for, in timeout (2.500 s left)\n") != NULL);
    HOLDS(strstr(found, text("    %s:%d waits_for\n", __FILE__, lines[1])) != NULL);
}

ASYNC(waits_for_some, VARS(coro_task *tasks[2]; size_t count;))
{
    ASYNC_BEGIN;
    HERE(1); self->tasks[0] = coro_create_task(waits());
    HERE(2); self->tasks[1] = coro_create_task(waits());
    AWAIT(self->count, coro_wait(self->tasks, 2, CORO_FOREVER, CORO_FIRST_COMPLETED, NULL));
    coro_task_release(self->tasks[0]);
    coro_task_release(self->tasks[1]);
    ASYNC_END;
}

Test(conformance_debug, c149_the_tree_shows_the_chain_through_wait)
{
    const char *found = SEEN(waits_for_some());
    const char *children = strstr(found, " waits_for_some\n");
    HOLDS(strncmp(found, "- waits_for_some: wait of 2 tasks\n", 34) == 0);
    HOLDS(children != NULL);
    IS(children + strlen(" waits_for_some\n"),
       "  - waits: sleep, 1.500 s left, made at %s:%d\n"
       "      %s:%d waits\n"
       "  - waits: sleep, 1.500 s left, made at %s:%d\n"
       "      %s:%d waits\n", __FILE__, lines[1], __FILE__, lines[0], __FILE__, lines[2],
       __FILE__, lines[0]);
}

ASYNC(joins, VARS(coro_task *task;))
{
    ASYNC_BEGIN;
    HERE(1); self->task = coro_create_task(waits());
    coro_task_set_name(self->task, "worker");
    HERE(2); AWAIT(coro_task_join(self->task));
    coro_task_release(self->task);
    ASYNC_END;
}

Test(conformance_debug, c149_the_tree_shows_the_chain_through_a_join)
{
    const char *found = SEEN(joins());
    IS(found,
       "- joins: join of worker\n"
       "    %s:%d joins\n"
       "  - worker: sleep, 1.500 s left, made at %s:%d\n"
       "      %s:%d waits\n", __FILE__, lines[2], __FILE__, lines[1], __FILE__, lines[0]);
}
