/* SPDX-License-Identifier: MIT */
/*
 * test_conformance_loop.c: asyncio's cases for the loop, its timers and its tasks as coro
 * answers them. Times are those of a virtual clock.
 */
#include "loop_fixture.h"

TestSuite(conformance, .timeout = TEST_TIMEOUT_S);

/* --- order ----------------------------------------------------------------------------------- */

ASYNC(queued, ARGS(const char *, name))
{
    ASYNC_BEGIN;
    say("%s ", self->name);
    if (strcmp(self->name, "A") == 0)
        coro_task_release(coro_create_task(queued("A2")));
    ASYNC_END;
}

Test(conformance, c001_what_is_queued_in_a_turn_runs_in_the_next)
{
    open_loop();
    coro_task_release(coro_loop_create_task(&loop, queued("A")));
    coro_task_release(coro_loop_create_task(&loop, queued("B")));
    coro_loop_run_once(&loop, false);
    SAID("A B ");
    coro_loop_run_once(&loop, false);
    SAID("A B A2 ");
    close_loop();
}

ASYNC(timer, ARGS(int, number, coro_time, when))
{
    ASYNC_BEGIN;
    AWAIT(coro_sleep(self->when - coro_loop_time(&loop)));
    say("%d ", self->number);
    ASYNC_END;
}

ASYNC(ten_timers, VARS(int i; coro_group group; coro_time when;))
{
    ASYNC_BEGIN;
    self->when = coro_loop_time(&loop) + CORO_MS(10);
    CORO_GROUP(self->group) {
        for (self->i = 0; self->i < 10; self->i++) {
            coro_group_create_task(&self->group, timer(self->i, self->when));
            if (self->i % 3 == 0) /* made at different times, due at the same */
                AWAIT(coro_sleep(CORO_MS(1)));
        }
    }
    ASYNC_END;
}

Test(conformance, c013_equal_deadlines_fire_in_order)
{
    EQ(RUN(ten_timers()), 0);
    SAID("0 1 2 3 4 5 6 7 8 9 ");
    EQ(now_ms(), 10);
}

ASYNC(timeout_or_sleep, ARGS(int, number, coro_time, when), VARS(coro_scope limit; int error;))
{
    ASYNC_BEGIN;
    if (self->number % 2) {
        ASYNC_TRY;
        CORO_TIMEOUT_AT(self->limit, self->when) {
            AWAIT(coro_sleep(CORO_SECONDS(1)));
        }
        ASYNC_CATCH(self->error);
        if (self->error != CORO_ETIMEDOUT)
            ASYNC_THROW(self->error);
        say("t");
        ASYNC_END_TRY;
    } else {
        AWAIT(coro_sleep(self->when - coro_loop_time(&loop)));
    }
    say("%d ", self->number);
    ASYNC_END;
}

ASYNC(mixed_timers, VARS(int i; coro_task *tasks[8]; coro_time when;))
{
    ASYNC_BEGIN;
    self->when = coro_loop_time(&loop) + CORO_MS(10);
    for (self->i = 0; self->i < 8; self->i++)
        self->tasks[self->i] = coro_create_task(timeout_or_sleep(self->i, self->when));
    AWAIT(coro_sleep(CORO_MS(5)));
    coro_task_cancel(self->tasks[2]); /* one that goes does not stir the others */
    coro_task_cancel(self->tasks[5]);
    AWAIT(coro_sleep(CORO_MS(6)));
    for (self->i = 0; self->i < 8; self->i++)
        coro_task_release(self->tasks[self->i]);
    ASYNC_END;
}

Test(conformance, c013_sleeps_and_timeouts_are_one_line)
{
    EQ(RUN(mixed_timers()), 0);
    SAID("0 t1 t3 4 6 t7 ");
}

ASYNC(logs_thrice, ARGS(char, name), VARS(int i;))
{
    ASYNC_BEGIN;
    for (self->i = 0; self->i < 3; self->i++) {
        say("%c%d ", self->name, self->i);
        AWAIT(coro_sleep(0));
    }
    ASYNC_END;
}

ASYNC(round_robin, VARS(coro_group group;))
{
    ASYNC_BEGIN;
    CORO_GROUP(self->group) {
        coro_group_create_task(&self->group, logs_thrice('a'));
        coro_group_create_task(&self->group, logs_thrice('b'));
        coro_group_create_task(&self->group, logs_thrice('c'));
    }
    ASYNC_END;
}

Test(conformance, c025_round_robin)
{
    EQ(RUN(round_robin()), 0);
    SAID("a0 b0 c0 a1 b1 c1 a2 b2 c2 ");
}

/* --- sleep ----------------------------------------------------------------------------------- */

static int beside;

ASYNC(counts_turns)
{
    ASYNC_BEGIN;
    for (;;) {
        beside++;
        AWAIT(coro_yield());
    }
    ASYNC_END;
}

ASYNC(sleeps_for, ARGS(coro_duration, delay), VARS(int before, error;))
{
    ASYNC_BEGIN;
    self->before = beside;
    AWAIT_CATCH(self->error, coro_sleep(self->delay));
    say("%d after %d, ", self->error, beside - self->before);
    ASYNC_END;
}

ASYNC(sleep_cases, VARS(coro_task *other; double zero;))
{
    ASYNC_BEGIN;
    self->other = coro_create_task(counts_turns());
    AWAIT(coro_yield());
    AWAIT(sleeps_for(0));
    AWAIT(sleeps_for(-1));
    AWAIT(sleeps_for(CORO_SECONDS(-10)));
    AWAIT(sleeps_for(coro_seconds(self->zero / self->zero)));
    AWAIT(sleeps_for(CORO_DURATION_INVALID));
    coro_task_cancel(self->other);
    coro_task_release(self->other);
    AWAIT(coro_sleep(CORO_MS(100)));
    say("%ld", now_ms());
    ASYNC_END;
}

Test(conformance, c043_sleep_zero_and_less_yield_once_and_nan_is_an_error)
{
    EQ(RUN(sleep_cases()), 0);
    SAID("0 after 1, 0 after 1, 0 after 1, -22 after 0, -22 after 0, 100");
}

ASYNC(nan_limits, VARS(coro_scope limit; double zero; int error;))
{
    ASYNC_BEGIN;
    ASYNC_TRY;
    CORO_TIMEOUT(self->limit, coro_seconds(self->zero / self->zero)) {
        say("never ");
    }
    ASYNC_CATCH(self->error);
    say("%d ", self->error);
    ASYNC_END_TRY;
    AWAIT_CATCH(self->error,
                coro_wait_for(counts_turns(), coro_seconds(self->zero / self->zero)));
    say("%d ", self->error);
    EQ(beside, 0);
    CORO_TIMEOUT(self->limit, CORO_SECONDS(1)) {
        EQ(coro_timeout_reschedule(&self->limit, CORO_DURATION_INVALID), CORO_EINVAL);
    }
    ASYNC_END;
}

Test(conformance, c043_nan_is_an_error_of_every_wait)
{
    EQ(RUN(nan_limits()), 0);
    SAID("-22 -22 ");
}

/* --- the current task ------------------------------------------------------------------------ */

static int checks;

static void check_current(coro_task *expected)
{
    EQ(coro_current_task() == expected, true);
    checks++;
}

static void hook_runs(coro_hook *hook)
{
    (void)hook;
    check_current(NULL);
}

static coro_hook hook = {.run = hook_runs};
static coro_future shared;

ASYNC(nested_check, ARGS(coro_task **, me))
{
    ASYNC_BEGIN;
    check_current(*self->me);
    AWAIT(coro_sleep(CORO_MS(1)));
    check_current(*self->me);
    ASYNC_END;
}

ASYNC(interleaves, ARGS(coro_task **, me), VARS(coro_scope limit; int error;))
{
    ASYNC_BEGIN;
    check_current(*self->me);
    coro_loop_add_hook(&loop, &hook);
    AWAIT(coro_yield());
    check_current(*self->me);
    AWAIT(coro_future_wait(&shared));
    check_current(*self->me);
    AWAIT(nested_check(self->me));
    AWAIT_CATCH(self->error, coro_wait_for(nested_check(self->me), 0));
    AWAIT_CATCH(self->error, coro_wait_for(nested_check(self->me), CORO_US(1)));
    check_current(*self->me);
    ASYNC_END;
}

ASYNC(runs_two, VARS(coro_task *a, *b, *me;))
{
    ASYNC_BEGIN;
    self->me = coro_current_task();
    HOLDS(self->me != NULL);
    self->a = coro_create_task(interleaves(&self->a));
    check_current(self->me);
    self->b = coro_create_task(interleaves(&self->b));
    AWAIT(coro_yield());
    check_current(self->me);
    coro_future_set_result(&shared, NULL);
    check_current(self->me);
    AWAIT(coro_gather(coro_only(coro_task_join(self->a)), coro_only(coro_task_join(self->b))));
    check_current(self->me);
    coro_task_release(self->a);
    coro_task_release(self->b);
    ASYNC_END;
}

Test(conformance, c044_current_task_with_interleaving_tasks)
{
    EQ(coro_current_task() == NULL, true);
    EQ(RUN(runs_two()), 0);
    EQ(coro_current_task() == NULL, true);
    HOLDS(checks >= 16);
}

/* --- run and stop ---------------------------------------------------------------------------- */

ASYNC(stops_at, VARS(int count;))
{
    ASYNC_BEGIN;
    for (self->count = 0; self->count < 10; self->count++) {
        AWAIT(coro_sleep(CORO_MS(100)));
        say("%d ", self->count);
        if (self->count == 2)
            coro_loop_stop(&loop);
    }
  ASYNC_FINALLY:
    say("end ");
    ASYNC_END;
}

Test(conformance, c007_stop_while_run_until_complete)
{
    coro_task *task;
    open_loop();
    task = coro_loop_create_task(&loop, stops_at());
    EQ(coro_loop_run_task(&loop, task), CORO_ESTOPPED);
    EQ(now_ms(), 300);
    EQ(coro_task_done(task), false);
    SAID("0 1 2 ");
    EQ(coro_task_cancel(task), true);
    EQ(coro_loop_run_task(&loop, task), CORO_ECANCELED);
    SAID("0 1 2 end ");
    coro_task_release(task);
    close_loop();
}

static coro_loop another;

ASYNC(runs_a_loop_inside, VARS(int error;))
{
    ASYNC_BEGIN;
    EQ(coro_loop_run_until_complete(&loop, queued("x")), CORO_EBUSY);
    EQ(coro_loop_run_until_complete(&another, queued("x")), CORO_EBUSY);
    AWAIT(coro_sleep(CORO_MS(1)));
    say("unharmed ");
    ASYNC_END;
}

Test(conformance, c008_running_a_loop_within_a_loop)
{
    open_loop();
    EQ(init_loop(&another), 0);
    EQ(coro_loop_run_until_complete(&loop, runs_a_loop_inside()), 0);
    SAID("unharmed ");
    EQ(coro_loop_run_until_complete(&another, queued("other")), 0);
    coro_loop_close(&another);
    close_loop();
}

/* --- awaiting what cannot be awaited ---------------------------------------------------------- */

static coro_future of_another_loop;
static coro_task *task_of_another_loop;

ASYNC(touches)
{
    ASYNC_BEGIN;
    AWAIT(coro_future_wait(&of_another_loop)); /* from now on it belongs to this loop */
    ASYNC_END;
}

ASYNC(awaits_wrongly, VARS(int error; coro_task *other;))
{
    ASYNC_BEGIN;
    AWAIT_CATCH(self->error, coro_future_wait(&of_another_loop));
    say("%d ", self->error);
    AWAIT_CATCH(self->error, coro_task_join(task_of_another_loop));
    say("%d ", self->error);
    AWAIT_CATCH(self->error, coro_shield(task_of_another_loop));
    say("%d ", self->error);
    AWAIT_CATCH(self->error, coro_task_join(coro_current_task()));
    say("%d ", self->error);
    AWAIT_CATCH(self->error, coro_wait_for(coro_task_join(coro_current_task()), CORO_MS(5)));
    say("%d ", self->error);
    self->other = coro_create_task(touches());
    AWAIT_CATCH(self->error, coro_task_join(self->other));
    say("%d ", self->error);
    coro_task_release(self->other);
    AWAIT(coro_sleep(CORO_MS(1)));
    say("alive");
    ASYNC_END;
}

Test(conformance, c041_awaiting_oneself_or_something_of_another_loop_is_an_error)
{
    EQ(init_loop(&another), 0);
    task_of_another_loop = coro_loop_create_task(&another, touches());
    coro_loop_run_once(&another, false);
    open_loop();
    EQ(coro_loop_run_until_complete(&loop, awaits_wrongly()), 0);
    SAID("-1010 -1010 -1010 -40 -40 -1010 alive");
    EQ(coro_task_done(task_of_another_loop), false);
    coro_task_release(task_of_another_loop);
    coro_loop_close(&another);
    close_loop();
}
