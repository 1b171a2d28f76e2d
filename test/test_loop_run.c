/* SPDX-License-Identifier: MIT */
/*
 * test_loop_run.c: how a run of a loop begins and ends: forever, stopped, failed, nested, inside
 * of another loop; who hears its reports.
 */
#include "loop_fixture.h"

#include <coro/callback.h>

SUITE(loop_run);

static void says(void *context)
{
    say("%s ", (const char *)context);
}

static void stops(void *context)
{
    (void)context;
    say("stop ");
    coro_loop_stop(&loop);
}

/* --- stop ------------------------------------------------------------------------------------ */

Test(loop_run, forever_is_until_it_is_stopped)
{
    coro_handle handles[3] = {CORO_HANDLE_INIT};
    open_loop();
    EQ(coro_loop_call_later(&loop, &handles[0], CORO_MS(10), says, TEXT("a")), 0);
    EQ(coro_loop_call_later(&loop, &handles[1], CORO_MS(20), stops, NULL), 0);
    EQ(coro_loop_call_later(&loop, &handles[2], CORO_MS(30), says, TEXT("b")), 0);
    EQ(coro_loop_run_forever(&loop), 0);
    SAID("a stop ");
    EQ(now_ms(), 20);
    EQ(coro_loop_run_forever(&loop), CORO_EDEADLK); /* b, and then there is nobody to stop it */
    SAID("a stop b ");
    EQ(heard.count, 1);
    EQ(heard.list[0].kind, CORO_REPORT_DEADLOCK);
    close_loop();
}

Test(loop_run, a_stop_finishes_the_turn)
{
    coro_handle first = CORO_HANDLE_INIT, second = CORO_HANDLE_INIT;
    open_loop();
    coro_loop_call_soon(&loop, &first, stops, NULL);
    coro_loop_call_soon(&loop, &second, says, TEXT("same turn"));
    EQ(coro_loop_run_forever(&loop), 0);
    SAID("stop same turn ");
    close_loop();
}

static coro_handle next;

static void asks_for_more(void *context)
{
    (void)context;
    say("first ");
    coro_loop_call_soon(&loop, &next, says, TEXT("second"));
}

Test(loop_run, a_stop_before_the_run_lets_one_turn_through)
{
    coro_handle handle = CORO_HANDLE_INIT, far = CORO_HANDLE_INIT;
    open_loop();
    coro_loop_call_soon(&loop, &handle, asks_for_more, NULL);
    EQ(coro_loop_call_later(&loop, &far, CORO_SECONDS(9), says, TEXT("far")), 0);
    coro_loop_stop(&loop);
    EQ(coro_loop_run_forever(&loop), 0);
    SAID("first ");
    EQ(now_ms(), 0);
    coro_loop_stop(&loop);
    EQ(coro_loop_run_forever(&loop), 0);
    SAID("first second ");
    close_loop();
}

ASYNC(naps_and_stops, VARS(int naps;))
{
    ASYNC_BEGIN;
    for (self->naps = 0; self->naps < 10; self->naps++) {
        AWAIT(coro_sleep(CORO_MS(100)));
        if (self->naps + 1 == 2)
            coro_loop_stop(&loop);
        say("%d ", self->naps + 1);
    }
    ASYNC_END;
}

Test(loop_run, c007_a_run_that_is_stopped_says_so_and_its_task_can_go_on)
{
    coro_task *task;
    open_loop();
    task = coro_loop_create_task(&loop, naps_and_stops());
    EQ(coro_loop_run_task(&loop, task), CORO_ESTOPPED);
    SAID("1 2 ");
    EQ(now_ms(), 200);
    HOLDS(!coro_task_done(task));
    coro_task_cancel(task);
    EQ(coro_loop_run_task(&loop, task), CORO_ECANCELED);
    coro_task_release(task);
    close_loop();
}

/* --- fail ------------------------------------------------------------------------------------ */

ASYNC(is_too_bad_to_go_on)
{
    ASYNC_BEGIN;
    AWAIT(coro_sleep(CORO_SECONDS(9)));
  ASYNC_FINALLY:
    coro_loop_fail(&loop, CORO_EIO);
    ASYNC_END;
}

Test(loop_run, c040_a_failure_in_the_clean_up_of_a_cancelled_task_ends_the_run)
{
    coro_task *task;
    open_loop();
    task = coro_loop_create_task(&loop, is_too_bad_to_go_on());
    coro_loop_run_once(&loop, false);
    coro_task_cancel(task);
    EQ(coro_loop_run_task(&loop, task), CORO_EIO);
    HOLDS(coro_task_done(task));
    EQ(coro_task_error(task), CORO_ECANCELED);
    coro_task_release(task);
    close_loop();
}

static void fails(void *context)
{
    (void)context;
    coro_loop_fail(&loop, CORO_EIO);
}

Test(loop_run, a_callback_can_fail_the_run)
{
    coro_handle handle = CORO_HANDLE_INIT;
    open_loop();
    coro_loop_call_soon(&loop, &handle, fails, NULL);
    EQ(coro_loop_run_forever(&loop), CORO_EIO);
    coro_loop_stop(&loop);
    EQ(coro_loop_run_forever(&loop), 0); /* and it is over */
    close_loop();
}

/* --- nested ---------------------------------------------------------------------------------- */

ASYNC(nothing)
{
    ASYNC_BEGIN;
    ASYNC_END;
}

ASYNC(runs_a_loop_inside, VARS(coro_task *task;))
{
    static coro_loop other;
    ASYNC_BEGIN;
    EQ(coro_loop_run_forever(&loop), CORO_EBUSY);
    EQ(coro_loop_run_until_complete(&loop, nothing()), CORO_EBUSY);
    EQ(init_loop(&other), 0);
    EQ(coro_loop_run_forever(&other), CORO_EBUSY);
    EQ(coro_loop_run_until_complete(&other, nothing()), CORO_EBUSY);
    coro_loop_close(&other);
    AWAIT(coro_sleep(CORO_MS(1)));
    say("unharmed");
    ASYNC_END;
}

Test(loop_run, c008_a_loop_within_a_loop_is_refused_and_the_outer_one_is_unharmed)
{
    EQ(RUN(runs_a_loop_inside()), 0);
    SAID("unharmed");
}

/* --- reports --------------------------------------------------------------------------------- */

static void reports_while_reporting(void *context, const coro_report *report)
{
    coro_report another = *report;
    (void)context;
    say("%d ", report->error);
    another.error = CORO_EPIPE;
    coro_loop_report(report->loop, &another); /* to stderr: not here again */
}

Test(loop_run, c010_a_report_function_that_fails_itself_does_not_end_the_loop)
{
    coro_report report = {CORO_REPORT_CALLBACK, &loop, NULL, CORO_EIO, "a callback failed"};
    open_loop();
    coro_loop_set_report(&loop, reports_while_reporting, NULL);
    coro_loop_report(&loop, &report);
    EQ(coro_loop_run_until_complete(&loop, nothing()), 0);
    coro_loop_report(&loop, &report);
    cr_assert(eq(int, strncmp(said, "-5 -5 ", 6), 0));
    close_loop();
}

#if CORO_HOSTED /* metrics, timer_slack */
/* --- timers that share a wake ---------------------------------------------------------------- */

static long waits(void)
{
    coro_loop_metrics metrics;
    coro_loop_metrics_get(&loop, &metrics);
    return (long)metrics.waits;
}

Test(loop_run, timers_within_the_slack_share_one_wake_and_none_is_early)
{
    static coro_handle handles[100], end;
    coro_loop_options options = {.allocator = {fixture_resize, NULL},
                                 .backend = chosen_backend(),
                                 .report = fixture_report,
                                 .timer_slack = CORO_MS(1)};
    long before;
    EQ(coro_loop_init(&loop, &options), 0);
    for (int i = 0; i < 100; i++)
        EQ(coro_loop_call_later(&loop, &handles[i], CORO_US(10 * (i + 1)), says, TEXT("x")), 0);
    EQ(coro_loop_call_later(&loop, &end, CORO_MS(5), stops, NULL), 0);
    before = waits();
    EQ(coro_loop_run_forever(&loop), 0);
    EQ(said_size, 200 + 5);
    HOLDS(waits() - before <= 4);
    EQ(now_ms(), 6);
    coro_loop_close(&loop);
}
#endif
