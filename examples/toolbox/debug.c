/* SPDX-License-Identifier: MIT */
/*
 * debug.c: debug mode names the task that keeps the loop busy, and the call that nobody awaited.
 *
 * For any program of yours CORO_DEBUG=1 in the environment does the same; here the limit is 1 ms,
 * and a virtual clock (coro/test.h) makes the computation last exactly 5.
 */
#include <coro/coro.h>
#include <coro/test.h>
#include <stdio.h>

ASYNC(polite)
{
    ASYNC_BEGIN;
    AWAIT(coro_sleep(CORO_MS(5))); /* waits: others may run */
    puts("polite has ended");
    ASYNC_END;
}

ASYNC(greedy)
{
    ASYNC_BEGIN;
    AWAIT(coro_yield());
    coro_test_advance(coro_loop_current(), CORO_MS(5)); /* computes: nobody else can run */
    puts("greedy has ended");
    ASYNC_END;
}

ASYNC(main_async, VARS(coro_group group; struct polite *forgotten;))
{
    ASYNC_BEGIN;
    CORO_GROUP(self->group) {
        coro_group_create_task(&self->group, polite());
        coro_group_create_task(&self->group, greedy());
    }
    self->forgotten = polite(); /* made, and never awaited */
    ASYNC_END;
}

static void report(void *context, const coro_report *report)
{
    (void)context;
    if (report->kind == CORO_REPORT_SLOW)
        printf("slow: %s\n", coro_task_name(report->task));
    else if (report->kind == CORO_REPORT_NEVER_AWAITED)
        puts("a call was never awaited");
    else
        coro_report_print(report, stdout);
}

int main(void)
{
    static coro_loop loop;
    coro_debug_options options = {.slow = CORO_MS(1)};
    int error = coro_test_loop_init(&loop, 0);
    if (error == 0) {
        coro_loop_set_report(&loop, report, NULL);
        error = coro_debug_enable(&loop, &options);
        if (error == 0)
            error = coro_loop_run_until_complete(&loop, main_async());
        coro_loop_close(&loop);
    }
    return error != 0;
}
