/* SPDX-License-Identifier: MIT */
/*
 * test_callback.c: functions that the loop calls: their order among tasks, their timers, their
 * cancel, and what becomes of a handle.
 */
#include "loop_fixture.h"

#include "kernel/kernel.h"

#include <coro/callback.h>

#include <signal.h>

SUITE(callback);

static void says(void *context)
{
    say("%s ", (const char *)context);
}

static void stops(void *context)
{
    (void)context;
    coro_loop_stop(&loop);
}

/* Run until `ms` after the test began. */
static void run_until_ms(long ms)
{
    coro_handle end = CORO_HANDLE_INIT;
    EQ(coro_loop_call_at(&loop, &end, CLOCK_START + CORO_MS(ms), stops, NULL), 0);
    EQ(coro_loop_run_forever(&loop), 0);
    EQ(now_ms(), ms);
}

/* --- soon ----------------------------------------------------------------------------------- */

static coro_handle later[4];

static void says_a(void *context)
{
    says(context);
    coro_loop_call_soon(&loop, &later[0], says, TEXT("A2"));
    say("| ");
}

Test(callback, c001_a_callback_that_a_callback_asks_for_runs_in_the_next_turn)
{
    coro_handle a = CORO_HANDLE_INIT, b = CORO_HANDLE_INIT;
    open_loop();
    coro_loop_call_soon(&loop, &a, says_a, TEXT("A"));
    coro_loop_call_soon(&loop, &b, says, TEXT("B"));
    coro_loop_run_once(&loop, false);
    SAID("A | B ");
    coro_loop_run_once(&loop, false);
    SAID("A | B A2 ");
    close_loop();
}

ASYNC(speaks, ARGS(const char *, what))
{
    ASYNC_BEGIN;
    say("%s ", self->what);
    AWAIT(coro_yield());
    say("%s ", self->what);
    ASYNC_END;
}

Test(callback, tasks_and_callbacks_stand_in_one_line)
{
    coro_handle handle = CORO_HANDLE_INIT;
    open_loop();
    coro_task_release(coro_loop_create_task(&loop, speaks("a")));
    coro_loop_call_soon(&loop, &handle, says, TEXT("callback"));
    coro_task_release(coro_loop_create_task(&loop, speaks("b")));
    run_until_ms(1);
    SAID("a callback b a b ");
    close_loop();
}

static void looks_for_a_task(void *context)
{
    (void)context;
    HOLDS(coro_current_task() == NULL);
    HOLDS(coro_loop_current() == &loop);
    say("none ");
}

Test(callback, c044_there_is_no_current_task_in_a_callback)
{
    coro_handle handle = CORO_HANDLE_INIT;
    open_loop();
    coro_task_release(coro_loop_create_task(&loop, speaks("a")));
    coro_loop_call_soon(&loop, &handle, looks_for_a_task, NULL);
    run_until_ms(1);
    SAID("a none a ");
    close_loop();
}

static int rounds;

static void again(void *context)
{
    coro_handle *self = context;
    HOLDS(!coro_handle_pending(self));
    HOLDS(!coro_handle_cancel(self));
    if (--rounds > 0)
        coro_loop_call_soon(&loop, self, again, self);
    else
        coro_loop_stop(&loop);
}

Test(callback, a_callback_may_use_its_handle_again)
{
    coro_handle handle = CORO_HANDLE_INIT;
    open_loop();
    rounds = 10000;
    coro_loop_call_soon(&loop, &handle, again, &handle);
    EQ(coro_loop_run_forever(&loop), 0);
    EQ(rounds, 0);
    close_loop();
}

static void frees(void *context)
{
    free(context);
    coro_loop_stop(&loop);
}

Test(callback, a_callback_may_free_its_handle)
{
    coro_handle *handle = calloc(1, sizeof *handle);
    HOLDS(handle != NULL);
    open_loop();
    coro_loop_call_soon(&loop, handle, frees, handle);
    EQ(coro_loop_run_forever(&loop), 0);
    close_loop();
}

Test(callback, asked_for_twice_it_keeps_its_place_and_runs_once)
{
    coro_handle a = CORO_HANDLE_INIT, b = CORO_HANDLE_INIT;
    open_loop();
    coro_loop_call_soon(&loop, &a, says, TEXT("old"));
    coro_loop_call_soon(&loop, &b, says, TEXT("b"));
    coro_loop_call_soon(&loop, &a, says, TEXT("new"));
    run_until_ms(1);
    SAID("new b ");
    close_loop();
}

/* --- later ---------------------------------------------------------------------------------- */

Test(callback, c002_delays_in_the_past_run_in_order_of_their_time)
{
    coro_handle a = CORO_HANDLE_INIT, b = CORO_HANDLE_INIT, soon = CORO_HANDLE_INIT;
    open_loop();
    EQ(coro_loop_call_later(&loop, &a, CORO_SECONDS(-1), says, TEXT("a")), 0);
    EQ(coro_loop_call_later(&loop, &b, CORO_SECONDS(-2), says, TEXT("b")), 0);
    coro_loop_call_soon(&loop, &soon, says, TEXT("soon"));
    run_until_ms(0);
    SAID("soon b a ");
    close_loop();
}

Test(callback, timers_run_in_order_of_time_and_equal_ones_of_asking)
{
    static const struct {
        long ms;
        const char *name;
    } asked[] = {{20, "d"}, {10, "a"}, {30, "f"}, {10, "b"}, {20, "e"}, {10, "c"}};
    coro_handle handles[6] = {{.function = NULL}};
    open_loop();
    for (int i = 0; i < 6; i++)
        EQ(coro_loop_call_later(&loop, &handles[i], CORO_MS(asked[i].ms), says,
                                TEXT(asked[i].name)),
           0);
    EQ(coro_handle_when(&handles[2]), CLOCK_START + CORO_MS(30));
    run_until_ms(19);
    SAID("a b c ");
    EQ(coro_handle_when(&handles[1]), CORO_FOREVER);
    run_until_ms(30);
    SAID("a b c d e f ");
    close_loop();
}

Test(callback, asking_again_moves_a_timer)
{
    coro_handle a = CORO_HANDLE_INIT, b = CORO_HANDLE_INIT, c = CORO_HANDLE_INIT;
    open_loop();
    EQ(coro_loop_call_later(&loop, &a, CORO_MS(10), says, TEXT("a")), 0);
    EQ(coro_loop_call_later(&loop, &b, CORO_MS(20), says, TEXT("b")), 0);
    EQ(coro_loop_call_later(&loop, &c, CORO_MS(30), says, TEXT("c")), 0);
    EQ(coro_loop_call_later(&loop, &a, CORO_MS(40), says, TEXT("a")), 0);
    EQ(coro_loop_call_later(&loop, &c, CORO_FOREVER, says, TEXT("never")), 0);
    coro_loop_call_soon(&loop, &b, says, TEXT("b, soon"));
    EQ(coro_loop_call_later(&loop, &later[1], CORO_MS(5), says, TEXT("queued")), 0);
    coro_loop_call_soon(&loop, &later[1], says, TEXT("moved up"));
    EQ(coro_loop_call_later(&loop, &later[1], CORO_MS(15), says, TEXT("and down")), 0);
    HOLDS(!coro_handle_pending(&c));
    run_until_ms(50);
    SAID("b, soon and down a ");
    EQ(loop.timers.count - loop.timers.dead, 0);
    EQ(loop.timers.reserved, 0);
    close_loop();
}

Test(callback, a_number_that_is_no_time_is_an_error)
{
    coro_handle handle = CORO_HANDLE_INIT;
    open_loop();
    EQ(coro_loop_call_later(&loop, &handle, CORO_DURATION_INVALID, says, TEXT("a")), CORO_EINVAL);
    HOLDS(!coro_handle_pending(&handle));
    close_loop();
}

Test(callback, no_room_for_a_timer_is_an_error_and_leaves_the_handle_as_it_was)
{
    coro_handle handle = CORO_HANDLE_INIT;
    open_loop();
    memory.fail_from = memory.calls + 1;
    EQ(coro_loop_call_later(&loop, &handle, CORO_MS(1), says, TEXT("a")), CORO_ENOMEM);
    EQ(coro_loop_call_at(&loop, &handle, CLOCK_START, says, TEXT("a")), CORO_ENOMEM);
    HOLDS(!coro_handle_pending(&handle));
    memory.fail_from = 0;
    EQ(coro_loop_call_later(&loop, &handle, CORO_MS(1), says, TEXT("a")), 0);
    run_until_ms(1);
    SAID("a ");
    close_loop();
}

/* --- cancel --------------------------------------------------------------------------------- */

static void cancels_others(void *context)
{
    (void)context;
    HOLDS(coro_handle_cancel(&later[1])); /* in this turn's batch */
    HOLDS(coro_handle_cancel(&later[2])); /* waits for its time */
    coro_loop_call_soon(&loop, &later[3], says, TEXT("next turn's"));
    HOLDS(coro_handle_cancel(&later[3]));
    HOLDS(!coro_handle_cancel(&later[3]));
}

Test(callback, a_cancelled_callback_does_not_run_wherever_it_stands)
{
    coro_handle last = CORO_HANDLE_INIT;
    open_loop();
    coro_loop_call_soon(&loop, &later[0], cancels_others, NULL);
    coro_loop_call_soon(&loop, &later[1], says, TEXT("this turn's"));
    coro_loop_call_soon(&loop, &last, says, TEXT("last"));
    EQ(coro_loop_call_later(&loop, &later[2], CORO_MS(1), says, TEXT("a timer")), 0);
    run_until_ms(2);
    SAID("last ");
    close_loop();
}

Test(callback, c005_cancelled_timers_do_not_pile_up)
{
    enum { MANY = 1000 };
    static coro_handle handles[MANY], far;
    open_loop();
    EQ(coro_loop_call_later(&loop, &far, CORO_SECONDS(100), says, TEXT("far")), 0);
    for (int i = 0; i < MANY; i++)
        EQ(coro_loop_call_later(&loop, &handles[i], CORO_SECONDS(i + 1), says, TEXT("x")), 0);
    for (int i = MANY - 1; i >= 0; i--) /* none of them is the last or the first */
        HOLDS(coro_handle_cancel(&handles[(i * 7) % MANY]));
    HOLDS(loop.timers.count <= 65);
    EQ(loop.timers.count - loop.timers.dead, 1);
    run_until_ms(100000);
    SAID("far ");
    EQ(loop.timers.count, 0);
    close_loop();
}

Test(callback, a_timeout_that_is_set_and_cancelled_for_ever_needs_no_more_memory)
{
    static coro_handle far, timeout;
    size_t allocations;
    open_loop();
    EQ(coro_loop_call_later(&loop, &far, CORO_SECONDS(100), says, TEXT("far")), 0);
    allocations = memory.calls;
    for (int i = 0; i < 100000; i++) {
        EQ(coro_loop_call_later(&loop, &timeout, CORO_SECONDS(i % 200), says, TEXT("x")), 0);
        HOLDS(coro_handle_cancel(&timeout));
    }
    EQ(memory.calls, allocations);
    close_loop();
}

/* Against a model: which handles are set, for when, in which order. */
Test(callback, random_timers_agree_with_a_model)
{
    enum { N = 300, STEPS = 30000 };
    static coro_handle handles[N];
    static coro_time when[N];
    uint32_t seed = 20261121;
    open_loop();
    printf("seed %u\n", (unsigned)seed);
    for (int step = 0; step < STEPS; step++) {
        int i;
        seed = seed * 1664525u + 1013904223u;
        i = (int)(seed >> 8) % N;
        if (seed >> 31 && step % 1000 < 700) {
            when[i] = CLOCK_START + 1 + (seed >> 4) % 1000;
            EQ(coro_loop_call_at(&loop, &handles[i], when[i], says, TEXT("x")), 0);
        } else {
            EQ(coro_handle_cancel(&handles[i]), when[i] != 0);
            when[i] = 0;
        }
        if (step % 100 == 0) {
            coro_time least = CORO_FOREVER, next = CORO_FOREVER;
            for (int k = 0; k < N; k++) {
                EQ(coro_handle_when(&handles[k]), when[k] == 0 ? CORO_FOREVER : when[k]);
                if (when[k] != 0 && when[k] < least)
                    least = when[k];
            }
            coro_timers_next(&loop, &next);
            EQ(next, least);
        }
    }
    close_loop();
}

Test(callback, c003_soon_comes_before_later_by_nothing_and_the_past_before_now)
{
    coro_handle handles[5] = {CORO_HANDLE_INIT};
    open_loop();
    EQ(coro_loop_call_later(&loop, &handles[0], CORO_MS(5), says, TEXT("later")), 0);
    EQ(coro_loop_call_later(&loop, &handles[1], 0, says, TEXT("now")), 0);
    EQ(coro_loop_call_later(&loop, &handles[2], CORO_FOREVER, says, TEXT("never")), 0);
    EQ(coro_loop_call_later(&loop, &handles[3], -CORO_SECONDS(1), says, TEXT("past")), 0);
    coro_loop_call_soon(&loop, &handles[4], says, TEXT("soon"));
    HOLDS(!coro_handle_pending(&handles[2]));
    run_until_ms(10);
    SAID("soon past now later ");
    close_loop();
}

/* --- the end -------------------------------------------------------------------------------- */

Test(callback, what_was_not_called_when_the_loop_closes_is_not_called_and_its_handle_is_free)
{
    coro_handle soon = CORO_HANDLE_INIT, timer = CORO_HANDLE_INIT;
    open_loop();
    coro_loop_call_soon(&loop, &soon, says, TEXT("soon"));
    EQ(coro_loop_call_later(&loop, &timer, CORO_MS(1), says, TEXT("timer")), 0);
    close_loop();
    SAID("");
    HOLDS(!coro_handle_pending(&soon));
    HOLDS(!coro_handle_cancel(&timer));
}

Test(callback, a_callback_without_a_function_traps, .signal = SIGABRT)
{
    coro_handle handle = CORO_HANDLE_INIT;
    open_loop();
    coro_loop_call_soon(&loop, &handle, NULL, NULL);
}
