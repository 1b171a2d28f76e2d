/* SPDX-License-Identifier: MIT */
/*
 * test_conformance_wait_for.c: asyncio's cases for wait_for: which comes first, the value,
 * the limit or a cancel, and what is left of the others.
 */
#include "loop_fixture.h"

TestSuite(conformance, .timeout = TEST_TIMEOUT_S);

static int forty_two = 42;
static coro_future future;

ASYNC(sleeps, RETURNS(int), ARGS(long, ms))
{
    ASYNC_BEGIN;
    say("start ");
    AWAIT(coro_sleep(CORO_MS(self->ms)));
    ASYNC_RETURN((int)self->ms);
  ASYNC_FINALLY:
    AWAIT(coro_sleep(CORO_MS(3)));
    say("clean@%ld ", now_ms());
    ASYNC_END;
}

/* --- the rule -------------------------------------------------------------------------------- */

ASYNC(waits_for, ARGS(long, ms, coro_duration, limit), VARS(int value, error;))
{
    ASYNC_BEGIN;
    AWAIT_CATCH(self->error, self->value, coro_wait_for(sleeps(self->ms), self->limit));
    say("%d %d@%ld, ", self->error, self->value, now_ms());
    ASYNC_END;
}

Test(conformance, c078_wait_for_gives_the_value_or_times_out_after_the_clean_up)
{
    EQ(RUN(waits_for(10, CORO_MS(50))), 0);
    EQ(RUN(waits_for(100, CORO_MS(50))), 0);
    EQ(RUN(waits_for(10, CORO_FOREVER)), 0);
    SAID("start clean@13 0 10@13, start clean@66 -110 0@66, start clean@79 0 10@79, ");
}

/* --- zero or less ---------------------------------------------------------------------------- */

ASYNC(zero_on_future, ARGS(coro_duration, limit), VARS(int error; int *value;))
{
    ASYNC_BEGIN;
    coro_future_init(&future);
    AWAIT_CATCH(self->error, self->value,
                coro_wait_for(coro_future_wait(&future), self->limit));
    say("%d cancelled %d, ", self->error, coro_future_cancelled(&future));
    coro_future_init(&future);
    coro_future_set_result(&future, &forty_two);
    AWAIT_CATCH(self->error, self->value,
                coro_wait_for(coro_future_wait(&future), self->limit));
    say("%d %d, ", self->error, *self->value);
    coro_future_init(&future);
    coro_future_set_error(&future, CORO_EIO);
    AWAIT_CATCH(self->error, self->value,
                coro_wait_for(coro_future_wait(&future), self->limit));
    say("%d, ", self->error);
    ASYNC_END;
}

Test(conformance, c080_wait_for_zero_on_a_future)
{
    EQ(RUN(zero_on_future(0)), 0);
    EQ(RUN(zero_on_future(-CORO_SECONDS(1))), 0);
    SAID("-110 cancelled 1, 0 42, -5, -110 cancelled 1, 0 42, -5, ");
}

ASYNC(zero_on_task, VARS(coro_task *task; int error, value;))
{
    ASYNC_BEGIN;
    self->task = coro_create_task(sleeps(100));
    AWAIT(coro_yield());
    AWAIT_CATCH(self->error, coro_wait_for(coro_task_join(self->task), 0));
    say("%d done %d@%ld, ", self->error, coro_task_cancelled(self->task), now_ms());
    coro_task_release(self->task);
    self->task = coro_create_task(sleeps(1));
    AWAIT(coro_task_join(self->task));
    AWAIT_CATCH(self->error, coro_wait_for(coro_task_join(self->task), 0));
    say("%d ", self->error);
    AWAIT_CATCH(self->error, coro_wait_for(coro_shield(self->task), 0));
    say("%d ", self->error);
    coro_task_release(self->task);
    ASYNC_END;
}

Test(conformance, c080_wait_for_zero_on_a_task_ends_when_the_task_has_ended)
{
    EQ(RUN(zero_on_task()), 0);
    SAID("start clean@3 -110 done 1@3, start clean@7 0 0 ");
}

Test(conformance, c080_wait_for_zero_never_starts_a_coroutine)
{
    EQ(RUN(waits_for(0, 0)), 0);
    EQ(RUN(waits_for(0, -1)), 0);
    SAID("-110 0@0, -110 0@0, ");
}

ASYNC(zero_on_library_calls, VARS(int error, item; coro_queue queue; int buffer;))
{
    ASYNC_BEGIN;
    self->item = 1;
    coro_queue_init(&self->queue, &self->buffer, sizeof self->buffer, 1);
    AWAIT_CATCH(self->error, coro_wait_for(coro_queue_put(&self->queue, &self->item), 0));
    say("%d %d ", self->error, (int)coro_queue_size(&self->queue));
    AWAIT_CATCH(self->error, coro_wait_for(coro_sleep(0), 0));
    say("%d ", self->error);
    AWAIT_CATCH(self->error, coro_wait_for(coro_wait_for(sleeps(1), CORO_MS(5)), 0));
    say("%d ", self->error);
    ASYNC_END;
}

Test(conformance, c080_nor_a_call_of_the_library)
{
    EQ(RUN(zero_on_library_calls()), 0);
    SAID("-110 0 -110 -110 ");
}

/* --- the value arrives in time ---------------------------------------------------------------- */

ASYNC(sets_late, ARGS(long, ms, long, busy))
{
    ASYNC_BEGIN;
    AWAIT(coro_sleep(CORO_MS(self->ms)));
    crunch(CORO_MS(self->busy));
    say("set %d ", coro_future_set_result(&future, &forty_two));
    ASYNC_END;
}

ASYNC(race, ARGS(long, ms, long, busy), VARS(int error; int *value; coro_task *setter;))
{
    ASYNC_BEGIN;
    coro_future_init(&future);
    self->setter = coro_create_task(sets_late(self->ms, self->busy));
    AWAIT(coro_yield());
    AWAIT_CATCH(self->error, self->value,
                coro_wait_for(coro_future_wait(&future), CORO_MS(20)));
    say("%d %d@%ld, ", self->error, self->value != NULL ? *self->value : 0, now_ms());
    AWAIT(coro_task_join(self->setter));
    coro_task_release(self->setter);
    ASYNC_END;
}

/* The value came while the thread was busy past the deadline: it came first. */
Test(conformance, c082_wait_for_race_condition)
{
    EQ(RUN(race(10, 0)), 0);
    EQ(RUN(race(10, 50)), 0);
    EQ(RUN(race(30, 0)), 0);
    SAID("set 0 0 42@10, set 0 0 42@70, -110 0@90, set -114 ");
}

ASYNC(yields_then_returns, RETURNS(int))
{
    ASYNC_BEGIN;
    AWAIT(coro_sleep(CORO_MS(20)));
    ASYNC_RETURN(5);
    ASYNC_END;
}

ASYNC(same_deadline, VARS(int value, error;))
{
    ASYNC_BEGIN;
    AWAIT_CATCH(self->error, self->value,
                coro_wait_for(yields_then_returns(), CORO_MS(20)));
    say("%d %d ", self->error, self->value);
    ASYNC_END;
}

/* The limit was there first, and equal deadlines are served in order. */
Test(conformance, c082_a_call_that_ends_exactly_at_the_limit_is_too_late)
{
    EQ(RUN(same_deadline()), 0);
    SAID("-110 0 ");
}

/* --- the cancel is swallowed inside ----------------------------------------------------------- */

ASYNC(suppresses, RETURNS(int), ARGS(int, value), VARS(int error;))
{
    ASYNC_BEGIN;
    AWAIT_CATCH(self->error, coro_sleep(CORO_SECONDS(10)));
    say("%d ", self->error);
    ASYNC_RETURN(self->value);
    ASYNC_END;
}

ASYNC(limits_suppresses, VARS(int value, error;))
{
    ASYNC_BEGIN;
    AWAIT_CATCH(self->error, self->value, coro_wait_for(suppresses(42), CORO_MS(10)));
    say("%d %d ", self->error, self->value);
    AWAIT(coro_sleep(CORO_MS(1)));
    ASYNC_END;
}

Test(conformance, c083_a_call_that_returns_all_the_same_wins)
{
    EQ(RUN(limits_suppresses()), 0);
    SAID("-125 0 42 ");
}

ASYNC(limits_long, VARS(int value, error;))
{
    ASYNC_BEGIN;
    AWAIT_CATCH(self->error, self->value, coro_wait_for(suppresses(1), CORO_SECONDS(1)));
    say("%d %d ", self->error, self->value);
    AWAIT(coro_yield());
    say("never ");
    ASYNC_END;
}

Test(conformance, c083_so_does_one_that_was_cancelled_from_outside)
{
    RUN_CANCELLED(limits_long(), 10, -1);
    SAID("-125 0 1 => -125 at 10");
}

/* --- the waiter is cancelled ------------------------------------------------------------------ */

ASYNC(cancelled_waiter, VARS(int value;))
{
    ASYNC_BEGIN;
    AWAIT(self->value, coro_wait_for(sleeps(1000), CORO_SECONDS(100)));
    say("never ");
    ASYNC_END;
}

Test(conformance, c084_a_cancelled_waiter_waits_for_the_inner_clean_up)
{
    RUN_CANCELLED(cancelled_waiter(), 10, -1);
    SAID("start clean@13 => -125 at 13");
}

ASYNC(waiter, VARS(int *value;))
{
    ASYNC_BEGIN;
    AWAIT(self->value, coro_wait_for(coro_future_wait(&future), CORO_SECONDS(100)));
    say("value %d ", *self->value);
    AWAIT(coro_yield());
    say("never ");
    ASYNC_END;
}

ASYNC(issue86296, VARS(coro_task *task; int error;))
{
    ASYNC_BEGIN;
    self->task = coro_create_task(waiter());
    AWAIT(coro_yield());
    EQ(coro_task_done(self->task), false);
    coro_future_set_result(&future, &forty_two);
    EQ(coro_task_cancel(self->task), true);
    AWAIT_CATCH(self->error, coro_task_join(self->task));
    say("%d", self->error);
    coro_task_release(self->task);
    ASYNC_END;
}

/* asyncio: the waiter is cancelled, and the value is lost. */
Test(conformance, c085_issue86296_the_value_is_delivered_and_the_next_wait_fails)
{
    EQ(RUN(issue86296()), 0);
    SAID("value 42 -125");
}

ASYNC(limits_shield, VARS(coro_task *task; int value, error;))
{
    ASYNC_BEGIN;
    self->task = coro_create_task(sleeps(20));
    AWAIT_CATCH(self->error, coro_wait_for(coro_shield(self->task), CORO_MS(10)));
    say("%d@%ld ", self->error, now_ms());
    EQ(coro_task_done(self->task), false);
    CORO_JOIN(self->value, sleeps, self->task);
    say("%d@%ld", self->value, now_ms());
    coro_task_release(self->task);
    ASYNC_END;
}

Test(conformance, c086_a_shielded_task_outlives_the_limit)
{
    EQ(RUN(limits_shield()), 0);
    SAID("start -110@10 clean@23 20@23");
}

/* --- errors ---------------------------------------------------------------------------------- */

ASYNC(fails_in_clean_up, VARS(int error;))
{
    ASYNC_BEGIN;
    AWAIT_CATCH(self->error, coro_sleep(CORO_SECONDS(1)));
    ASYNC_THROW(CORO_EIO);
    ASYNC_END;
}

ASYNC(limits_failure, VARS(int error;))
{
    ASYNC_BEGIN;
    AWAIT_CATCH(self->error, coro_wait_for(fails_in_clean_up(), CORO_MS(10)));
    say("%d", self->error);
    ASYNC_END;
}

Test(conformance, c084_another_error_in_the_clean_up_is_the_outcome)
{
    EQ(RUN(limits_failure()), 0);
    SAID("-5");
}

ASYNC(nests, VARS(int value, error;))
{
    ASYNC_BEGIN;
    AWAIT_CATCH(self->error, self->value,
                coro_wait_for(coro_wait_for(coro_wait_for(sleeps(5), CORO_MS(50)), CORO_MS(40)),
                              CORO_MS(30)));
    say("%d %d, ", self->error, self->value);
    AWAIT_CATCH(self->error, self->value,
                coro_wait_for(coro_wait_for(sleeps(500), CORO_MS(10)), CORO_MS(50)));
    say("%d@%ld, ", self->error, now_ms());
    AWAIT_CATCH(self->error, self->value,
                coro_wait_for(coro_wait_for(sleeps(500), CORO_MS(50)), CORO_MS(10)));
    say("%d@%ld", self->error, now_ms());
    ASYNC_END;
}

Test(conformance, c081_wait_for_nests_and_keeps_the_type)
{
    EQ(RUN(nests()), 0);
    SAID("start clean@8 0 5, start clean@21 -110@21, start clean@34 -110@34");
}
