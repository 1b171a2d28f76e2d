/* SPDX-License-Identifier: MIT */
/*
 * test_conformance_cancel.c: asyncio's cases for the cancelling of tasks. Where coro
 * differs on purpose (a cancel is a level; a value comes first; a body always starts) the
 * comment says what asyncio does.
 */
#include "loop_fixture.h"

TestSuite(conformance, .timeout = TEST_TIMEOUT_S);

static int forty_two = 42;
static coro_future f1, f2, f3;

ASYNC(awaits, ARGS(coro_future *, future), RETURNS(int), VARS(int *value;))
{
    ASYNC_BEGIN;
    AWAIT(self->value, coro_future_wait(self->future));
    ASYNC_RETURN(*self->value);
    ASYNC_END;
}

/* --- futures beneath tasks ------------------------------------------------------------------- */

ASYNC(cancel_inner_future, VARS(coro_task *task; int value, error;))
{
    ASYNC_BEGIN;
    self->task = coro_create_task(awaits(&f1));
    AWAIT(coro_yield());
    coro_future_cancel(&f1);
    AWAIT_CATCH(self->error, self->value, awaits(&f1));
    EQ(self->error, CORO_ECANCELED);
    AWAIT_CATCH(self->error, coro_task_join(self->task));
    EQ(self->error, CORO_ECANCELED);
    EQ(coro_task_cancelled(self->task), true);
    EQ(coro_task_cancelling(self->task), 0); /* nobody asked the task */
    coro_task_release(self->task);
    ASYNC_END;
}

Test(conformance, c026_cancel_inner_future)
{
    EQ(RUN(cancel_inner_future()), 0);
}

ASYNC(swallows, RETURNS(int), ARGS(bool, uncancels), VARS(int *value; int error;))
{
    ASYNC_BEGIN;
    AWAIT(coro_future_wait(&f1));
    AWAIT_CATCH(self->error, coro_future_wait(&f2));
    say("swallowed %d ", self->error);
    if (self->uncancels)
        coro_task_uncancel(coro_current_task());
    AWAIT(self->value, coro_future_wait(&f3));
    ASYNC_RETURN(*self->value);
    ASYNC_END;
}

ASYNC(cancel_task_ignoring, ARGS(bool, uncancels), VARS(coro_task *task; int value, error;))
{
    ASYNC_BEGIN;
    self->task = coro_create_task(swallows(self->uncancels));
    AWAIT(coro_yield());
    coro_future_set_result(&f1, NULL);
    AWAIT(coro_yield());
    EQ(coro_task_cancel(self->task), true);
    EQ(coro_future_cancelled(&f2), true);
    AWAIT(coro_yield());
    coro_future_set_result(&f3, &forty_two);
    ASYNC_TRY;
    CORO_JOIN(self->value, swallows, self->task);
    ASYNC_CATCH(self->error);
    ASYNC_END_TRY;
    say("%d %d f3 cancelled %d", self->error, self->value, coro_future_cancelled(&f3));
    coro_task_release(self->task);
    ASYNC_END;
}

/* asyncio: the cancel is an edge, f3 is awaited in peace, and the result is 42. */
Test(conformance, c028_cancel_task_ignoring)
{
    EQ(RUN(cancel_task_ignoring(false)), 0);
    SAID("swallowed -125 -125 0 f3 cancelled 1");
}

/* Who takes the request back gets asyncio's answer. */
Test(conformance, c028_cancel_task_ignoring_and_taking_it_back)
{
    EQ(RUN(cancel_task_ignoring(true)), 0);
    SAID("swallowed -125 0 42 f3 cancelled 0");
}

ASYNC(cancels_itself)
{
    ASYNC_BEGIN;
    EQ(coro_task_cancel(coro_current_task()), true);
    AWAIT(coro_sleep(CORO_SECONDS(100)));
    say("never ");
    ASYNC_END;
}

ASYNC(cancel_current_task, VARS(coro_task *task; int error;))
{
    ASYNC_BEGIN;
    self->task = coro_create_task(cancels_itself());
    EQ(coro_task_cancelled(self->task), false);
    AWAIT_CATCH(self->error, coro_task_join(self->task));
    EQ(self->error, CORO_ECANCELED);
    EQ(coro_task_done(self->task), true);
    EQ(coro_task_cancelled(self->task), true);
    EQ(coro_task_cancel(self->task), false);
    EQ(coro_task_cancelling(self->task), 1);
    EQ(now_ms(), 0);
    coro_task_release(self->task);
    ASYNC_END;
}

Test(conformance, c029_cancel_current_task)
{
    EQ(RUN(cancel_current_task()), 0);
    SAID("");
}

static coro_task *nested_task;

ASYNC(cancels_itself_then_joins)
{
    ASYNC_BEGIN;
    nested_task = coro_create_task(awaits(&f1));
    AWAIT(coro_yield());
    coro_task_cancel(coro_current_task());
    AWAIT(coro_task_join(nested_task));
    say("never ");
    ASYNC_END;
}

ASYNC(cancel_awaited_task, VARS(coro_task *task; int error;))
{
    ASYNC_BEGIN;
    self->task = coro_create_task(cancels_itself_then_joins());
    AWAIT_CATCH(self->error, coro_task_join(self->task));
    EQ(coro_task_cancelled(self->task), true);
    EQ(coro_task_cancelled(nested_task), true);
    EQ(coro_future_cancelled(&f1), true);
    coro_task_release(self->task);
    coro_task_release(nested_task);
    ASYNC_END;
}

Test(conformance, c031_cancel_awaited_task)
{
    EQ(RUN(cancel_awaited_task()), 0);
    SAID("");
}

ASYNC(counts_cancels, VARS(int error;))
{
    ASYNC_BEGIN;
    AWAIT_CATCH(self->error, coro_future_wait(&f1));
    say("%d ", self->error);
    if (self->error != 0)
        ASYNC_THROW(self->error);
    ASYNC_END;
}

ASYNC(cancel_both, ARGS(bool, task_first), VARS(coro_task *task; int error;))
{
    ASYNC_BEGIN;
    coro_future_init(&f1);
    self->task = coro_create_task(counts_cancels());
    AWAIT(coro_yield());
    if (self->task_first)
        EQ(coro_task_cancel(self->task), true);
    EQ(coro_future_cancel(&f1), !self->task_first);
    if (!self->task_first)
        EQ(coro_task_cancel(self->task), true);
    AWAIT_CATCH(self->error, coro_task_join(self->task));
    EQ(coro_future_cancelled(&f1), true);
    EQ(coro_task_cancelled(self->task), true);
    coro_task_release(self->task);
    ASYNC_END;
}

Test(conformance, c032_cancel_both_task_and_inner_future)
{
    EQ(RUN(cancel_both(false)), 0);
    EQ(RUN(cancel_both(true)), 0);
    SAID("-125 -125 ");
}

/* --- uncancel -------------------------------------------------------------------------------- */

ASYNC(cancel_and_uncancel, VARS(coro_task *task; int value;))
{
    ASYNC_BEGIN;
    self->task = coro_create_task(awaits(&f1));
    AWAIT(coro_yield());
    coro_future_set_result(&f1, &forty_two);
    coro_task_cancel(self->task);
    EQ(coro_task_cancelling(self->task), 1);
    EQ(coro_task_uncancel(self->task), 0);
    EQ(coro_task_cancelling(self->task), 0);
    CORO_JOIN(self->value, awaits, self->task);
    EQ(self->value, 42);
    coro_task_release(self->task);
    ASYNC_END;
}

Test(conformance, c034_uncancel_resets_must_cancel)
{
    EQ(RUN(cancel_and_uncancel()), 0);
}

static coro_task *to_be_cancelled;

ASYNC(cancels_at, ARGS(long, ms))
{
    ASYNC_BEGIN;
    AWAIT(coro_sleep(CORO_MS(self->ms)));
    coro_task_cancel(to_be_cancelled);
    ASYNC_END;
}

/* A timeout made by hand, of cancel and uncancel. */
ASYNC(hand_made_timeout, ARGS(long, limit, long, work), VARS(coro_task *timer; int error;))
{
    ASYNC_BEGIN;
    to_be_cancelled = coro_current_task();
    EQ(coro_task_cancelling(to_be_cancelled), 0);
    self->timer = coro_create_task(cancels_at(self->limit));
    AWAIT_CATCH(self->error, coro_sleep(CORO_MS(self->work)));
    if (self->error != 0) {
        EQ(coro_task_cancelling(to_be_cancelled), 1);
        EQ(coro_task_uncancel(to_be_cancelled), 0);
    }
    coro_task_cancel(self->timer);
    coro_task_release(self->timer);
    AWAIT(coro_sleep(CORO_MS(1)));
    say("%d@%ld %u ", self->error, now_ms(), coro_task_cancelling(to_be_cancelled));
    ASYNC_END;
}

Test(conformance, c035_uncancel_structured_blocks)
{
    EQ(RUN(hand_made_timeout(10, 1000)), 0);
    EQ(RUN(hand_made_timeout(1000, 10)), 0);
    SAID("-125@11 0 0@22 0 ");
}

/* --- body first, value first ----------------------------------------------------------------- */

ASYNC(has_clean_up)
{
    ASYNC_BEGIN;
    say("body ");
    AWAIT(coro_sleep(CORO_MS(1)));
    say("never ");
  ASYNC_FINALLY:
    AWAIT(coro_sleep(CORO_MS(2)));
    say("clean-up ");
    ASYNC_END;
}

ASYNC(cancel_before_start, VARS(coro_task *task; int error;))
{
    ASYNC_BEGIN;
    self->task = coro_create_task(has_clean_up());
    EQ(coro_task_cancel(self->task), true);
    AWAIT_CATCH(self->error, coro_task_join(self->task));
    say("%d@%ld", self->error, now_ms());
    EQ(coro_task_cancelled(self->task), true);
    coro_task_release(self->task);
    ASYNC_END;
}

/* asyncio: the body never runs, and what it was given is never cleaned up. */
Test(conformance, c037_cancel_before_start)
{
    EQ(RUN(cancel_before_start()), 0);
    SAID("body clean-up -125@2");
}

ASYNC(never_waits, RETURNS(int))
{
    ASYNC_BEGIN;
    say("ran ");
    ASYNC_RETURN(7);
    ASYNC_END;
}

ASYNC(cancel_who_never_waits, VARS(coro_task *task; int value;))
{
    ASYNC_BEGIN;
    self->task = coro_create_task(never_waits());
    EQ(coro_task_cancel(self->task), true);
    CORO_JOIN(self->value, never_waits, self->task);
    say("%d %d", self->value, coro_task_cancelled(self->task));
    coro_task_release(self->task);
    ASYNC_END;
}

Test(conformance, c037_a_body_without_a_wait_runs_to_its_end)
{
    EQ(RUN(cancel_who_never_waits()), 0);
    SAID("ran 7 0");
}

ASYNC(takes_value_then_waits, VARS(int *value; int error;))
{
    ASYNC_BEGIN;
    AWAIT_CATCH(self->error, self->value, coro_future_wait(&f1));
    say("%d %d ", self->error, self->value != NULL ? *self->value : 0);
    AWAIT(coro_yield());
    say("never ");
    ASYNC_END;
}

ASYNC(set_and_cancel, VARS(coro_task *task; int error;))
{
    ASYNC_BEGIN;
    self->task = coro_create_task(takes_value_then_waits());
    AWAIT(coro_yield());
    coro_future_set_result(&f1, &forty_two);
    EQ(coro_task_cancel(self->task), true);
    AWAIT_CATCH(self->error, coro_task_join(self->task));
    say("%d", self->error);
    coro_task_release(self->task);
    ASYNC_END;
}

/* asyncio: the value is lost. */
Test(conformance, c038_set_result_then_cancel_in_the_same_tick)
{
    EQ(RUN(set_and_cancel()), 0);
    SAID("0 42 -125");
}

ASYNC(cancels_itself_at_the_end, RETURNS(int))
{
    ASYNC_BEGIN;
    AWAIT(coro_yield());
    coro_task_cancel(coro_current_task());
    ASYNC_RETURN(9);
    ASYNC_END;
}

ASYNC(cancel_in_last_step, VARS(coro_task *task; int value;))
{
    ASYNC_BEGIN;
    self->task = coro_create_task(cancels_itself_at_the_end());
    CORO_JOIN(self->value, cancels_itself_at_the_end, self->task);
    EQ(self->value, 9);
    EQ(coro_task_cancelled(self->task), false);
    coro_task_release(self->task);
    ASYNC_END;
}

/* asyncio: the task ends cancelled. */
Test(conformance, c038_a_cancel_in_the_last_step_finds_a_finished_value)
{
    EQ(RUN(cancel_in_last_step()), 0);
}

ASYNC(fail_and_cancel, VARS(coro_task *waiter; int error;))
{
    ASYNC_BEGIN;
    self->waiter = coro_create_task(takes_value_then_waits());
    AWAIT(coro_yield());
    coro_future_set_error(&f1, CORO_EIO);
    coro_task_cancel(self->waiter);
    AWAIT_CATCH(self->error, coro_task_join(self->waiter));
    say("%d", self->error);
    coro_task_release(self->waiter);
    ASYNC_END;
}

Test(conformance, c038_an_error_that_has_arrived_comes_first_too)
{
    EQ(RUN(fail_and_cancel()), 0);
    SAID("-5 0 -125");
}
