/* SPDX-License-Identifier: MIT */
/*
 * test_conformance_gather.c: asyncio's cases for gather and shield.
 */
#include "loop_fixture.h"

TestSuite(conformance, .timeout = TEST_TIMEOUT_S);

static coro_future f[6];

ASYNC(value_of, RETURNS(int), ARGS(coro_future *, future), VARS(int *value;))
{
    ASYNC_BEGIN;
    AWAIT(self->value, coro_future_wait(self->future));
    ASYNC_RETURN(*self->value);
    ASYNC_END;
}

static int numbers[] = {0, 1, 2, 3, 4, 5};

static void set(int which, int number)
{
    EQ(coro_future_set_result(&f[which], &numbers[number]), 0);
}

/* --- results --------------------------------------------------------------------------------- */

ASYNC(gathers_three, ARGS(bool, with_errors), VARS(int a, b, c; int errors[3];))
{
    ASYNC_BEGIN;
    if (self->with_errors)
        AWAIT(coro_gather_errors(self->errors, coro_into(&self->a, value_of(&f[0])),
                                 coro_into(&self->b, value_of(&f[1])),
                                 coro_into(&self->c, value_of(&f[2]))));
    else
        AWAIT(coro_gather(coro_into(&self->a, value_of(&f[0])),
                          coro_into(&self->b, value_of(&f[1])),
                          coro_into(&self->c, value_of(&f[2]))));
    say("%d %d %d, %d %d %d ", self->a, self->b, self->c, self->errors[0], self->errors[1],
        self->errors[2]);
    ASYNC_END;
}

ASYNC(success, ARGS(bool, with_errors), VARS(coro_task *task; int i;))
{
    ASYNC_BEGIN;
    for (self->i = 0; self->i < 6; self->i++)
        coro_future_init(&f[self->i]);
    self->task = coro_create_task(gathers_three(self->with_errors));
    AWAIT(coro_sleep(CORO_MS(1)));
    set(1, 1);
    set(0, 2);
    AWAIT(coro_sleep(CORO_MS(1)));
    EQ(coro_task_done(self->task), false);
    set(2, 3);
    AWAIT(coro_task_join(self->task));
    coro_task_release(self->task);
    ASYNC_END;
}

Test(conformance, c049_results_in_argument_order_although_completion_differs)
{
    EQ(RUN(success(false)), 0);
    EQ(RUN(success(true)), 0);
    SAID("2 1 3, 0 0 0 2 1 3, 0 0 0 ");
}

/* --- errors ---------------------------------------------------------------------------------- */

ASYNC(gathers_five, VARS(int v[5]; int error;))
{
    ASYNC_BEGIN;
    AWAIT_CATCH(self->error, coro_gather(coro_into(&self->v[0], value_of(&f[0])),
                                         coro_into(&self->v[1], value_of(&f[1])),
                                         coro_into(&self->v[2], value_of(&f[2])),
                                         coro_into(&self->v[3], value_of(&f[3])),
                                         coro_into(&self->v[4], value_of(&f[4]))));
    say("%d@%ld ", self->error, now_ms());
    AWAIT(coro_sleep(CORO_MS(10)));
    for (int i = 0; i < 5; i++)
        say("%d", self->v[i]);
    ASYNC_END;
}

ASYNC(one_fails, ARGS(int, error), VARS(coro_task *task;))
{
    ASYNC_BEGIN;
    self->task = coro_create_task(gathers_five());
    AWAIT(coro_sleep(CORO_MS(1)));
    set(0, 1);
    coro_future_set_error(&f[1], self->error);
    AWAIT(coro_sleep(CORO_MS(1)));
    set(2, 3); /* all of this changes nothing */
    coro_future_cancel(&f[3]);
    coro_future_set_error(&f[4], CORO_EPERM);
    AWAIT(coro_task_join(self->task));
    EQ(coro_task_error(self->task), 0);
    coro_task_release(self->task);
    ASYNC_END;
}

Test(conformance, c050_the_first_error_ends_it_at_once_and_the_rest_is_not_heard)
{
    EQ(RUN(one_fails(CORO_EIO)), 0);
    SAID("-5@1 00000");
}

/* The await sees the cancel of a child; who awaits is not cancelled by it. */
Test(conformance, c053_a_child_that_somebody_else_cancelled)
{
    EQ(RUN(one_fails(CORO_ECANCELED)), 0);
    SAID("-125@1 00000");
}

ASYNC(gathers_six, VARS(int v[6]; int errors[6]; int error;))
{
    ASYNC_BEGIN;
    AWAIT_CATCH(self->error,
                coro_gather_errors(self->errors, coro_into(&self->v[0], value_of(&f[0])),
                                   coro_into(&self->v[1], value_of(&f[1])),
                                   coro_into(&self->v[2], value_of(&f[2])),
                                   coro_into(&self->v[3], value_of(&f[3])),
                                   coro_into(&self->v[4], value_of(&f[4])),
                                   coro_into(&self->v[5], value_of(&f[5]))));
    say("%d: ", self->error);
    for (int i = 0; i < 6; i++)
        say("%d/%d ", self->v[i], self->errors[i]);
    ASYNC_END;
}

ASYNC(return_exceptions, VARS(coro_task *task;))
{
    ASYNC_BEGIN;
    self->task = coro_create_task(gathers_six());
    AWAIT(coro_sleep(CORO_MS(1)));
    set(0, 1);
    coro_future_set_error(&f[1], CORO_EIO);
    coro_future_cancel(&f[2]);
    AWAIT(coro_sleep(CORO_MS(1)));
    EQ(coro_task_done(self->task), false);
    set(3, 3);
    coro_future_cancel(&f[4]);
    coro_future_set_error(&f[5], CORO_EPIPE);
    AWAIT(coro_task_join(self->task));
    coro_task_release(self->task);
    ASYNC_END;
}

Test(conformance, c052_errors_as_results_wait_for_all)
{
    EQ(RUN(return_exceptions()), 0);
    SAID("0: 1/0 0/-5 0/-125 3/0 0/-125 0/-32 ");
}

/* --- cancel ---------------------------------------------------------------------------------- */

ASYNC(gathers_two, VARS(int a, b, error;))
{
    ASYNC_BEGIN;
    AWAIT_CATCH(self->error, coro_gather(coro_into(&self->a, value_of(&f[0])),
                                         coro_into(&self->b, value_of(&f[1]))));
    say("%d %d %d ", self->error, self->a, self->b);
    AWAIT(coro_yield());
    say("never ");
    ASYNC_END;
}

ASYNC(cancel_when_all_are_done, VARS(coro_task *task;))
{
    ASYNC_BEGIN;
    self->task = coro_create_task(gathers_two());
    AWAIT(coro_sleep(CORO_MS(1)));
    set(0, 1);
    set(1, 2);
    AWAIT(coro_yield()); /* the children end now; who gathers has not run since */
    coro_task_cancel(self->task);
    AWAIT(coro_sleep(CORO_MS(1)));
    EQ(coro_task_cancelled(self->task), true);
    coro_task_release(self->task);
    ASYNC_END;
}

/* The results are kept, as in asyncio; the task's next wait is cancelled. */
Test(conformance, c055_a_cancel_when_all_children_are_done_keeps_the_results)
{
    EQ(RUN(cancel_when_all_are_done()), 0);
    SAID("0 1 2 ");
}

ASYNC(gathers_in_a_loop, VARS(int errors[2]; int rounds;))
{
    ASYNC_BEGIN;
    for (;;) {
        AWAIT(coro_gather_errors(self->errors, coro_only(coro_sleep(CORO_MS(10))),
                                 coro_only(coro_sleep(CORO_MS(10)))));
        say("round ");
    }
    ASYNC_END;
}

Test(conformance, c056_a_cancel_gets_through_errors_as_results)
{
    RUN_CANCELLED(gathers_in_a_loop(), 15, -1);
    SAID("round => -125 at 15");
}

ASYNC(gathers_nothing, VARS(uint64_t before; int errors[1];))
{
    ASYNC_BEGIN;
    self->before = turns();
    AWAIT(coro_gather());
    AWAIT(coro_gather_array(NULL, 0, NULL));
    AWAIT(coro_gather_array(NULL, 0, self->errors));
    EQ(turns() - self->before, 0);
    say("done");
    ASYNC_END;
}

Test(conformance, c058_a_gather_of_nothing_is_done_at_once)
{
    EQ(RUN(gathers_nothing()), 0);
    SAID("done");
}

/* --- shield ---------------------------------------------------------------------------------- */

ASYNC(outer, ARGS(coro_task **, inner), VARS(int value, error;))
{
    ASYNC_BEGIN;
    ASYNC_TRY;
    CORO_SHIELD_JOIN(self->value, value_of, *self->inner);
    say("value %d ", self->value);
    ASYNC_CATCH(self->error);
    say("outer %d ", self->error);
    ASYNC_THROW(self->error);
    ASYNC_END_TRY;
    ASYNC_END;
}

enum which { NOBODY, INNER, OUTER, DONE };

ASYNC(shields, ARGS(int, which), VARS(coro_task *inner, *outer; int error;))
{
    ASYNC_BEGIN;
    coro_future_init(&f[0]);
    self->inner = coro_create_task(value_of(&f[0]));
    if (self->which == DONE) {
        set(0, 1);
        AWAIT(coro_yield());
    }
    self->outer = coro_create_task(outer(&self->inner));
    AWAIT(coro_sleep(CORO_MS(1)));
    if (self->which == INNER)
        coro_task_cancel(self->inner);
    if (self->which == OUTER)
        coro_task_cancel(self->outer);
    AWAIT(coro_sleep(CORO_MS(1)));
    if (self->which == NOBODY || self->which == OUTER)
        set(0, 1);
    AWAIT_CATCH(self->error, coro_task_join(self->outer));
    AWAIT_CATCH(self->error, coro_task_join(self->inner));
    say("inner %d, ", self->error);
    coro_task_release(self->inner);
    coro_task_release(self->outer);
    ASYNC_END;
}

Test(conformance, c067_shield)
{
    EQ(RUN(shields(NOBODY)), 0);
    EQ(RUN(shields(INNER)), 0);
    EQ(RUN(shields(OUTER)), 0);
    EQ(RUN(shields(DONE)), 0);
    SAID("value 1 inner 0, outer -125 inner -125, outer -125 inner 0, value 1 inner 0, ");
}

ASYNC(gathers_shields, ARGS(coro_task **, a, coro_task **, b))
{
    ASYNC_BEGIN;
    AWAIT(coro_gather(coro_only(coro_shield(*self->a)), coro_only(coro_shield(*self->b))));
    ASYNC_END;
}

ASYNC(gather_shield, VARS(coro_task *a, *b, *both; int value, error;))
{
    ASYNC_BEGIN;
    self->a = coro_create_task(value_of(&f[0]));
    self->b = coro_create_task(value_of(&f[1]));
    self->both = coro_create_task(gathers_shields(&self->a, &self->b));
    AWAIT(coro_sleep(CORO_MS(1)));
    coro_task_cancel(self->both);
    AWAIT_CATCH(self->error, coro_task_join(self->both));
    say("%d ", self->error);
    set(0, 1);
    set(1, 2);
    CORO_JOIN(self->value, value_of, self->a);
    say("%d ", self->value);
    CORO_JOIN(self->value, value_of, self->b);
    say("%d", self->value);
    coro_task_release(self->a);
    coro_task_release(self->b);
    coro_task_release(self->both);
    ASYNC_END;
}

Test(conformance, c068_a_cancelled_gather_of_shields_leaves_their_tasks_alive)
{
    EQ(RUN(gather_shield()), 0);
    SAID("-125 1 2");
}

ASYNC(two_in_order, VARS(int a, b;))
{
    ASYNC_BEGIN;
    AWAIT(coro_gather(coro_into(&self->a, value_of(&f[0])),
                      coro_into(&self->b, value_of(&f[1]))));
    say("[%d,%d] ", self->a, self->b);
    ASYNC_END;
}

ASYNC(shields_inner, ARGS(coro_task **, inner))
{
    ASYNC_BEGIN;
    AWAIT(coro_shield(*self->inner));
    ASYNC_END;
}

ASYNC(shield_gather, VARS(coro_task *inner, *outer; int error;))
{
    ASYNC_BEGIN;
    self->inner = coro_create_task(two_in_order());
    self->outer = coro_create_task(shields_inner(&self->inner));
    AWAIT(coro_sleep(CORO_MS(1)));
    coro_task_cancel(self->outer);
    AWAIT_CATCH(self->error, coro_task_join(self->outer));
    say("%d ", self->error);
    set(0, 1);
    set(1, 2);
    AWAIT(coro_task_join(self->inner));
    coro_task_release(self->inner);
    coro_task_release(self->outer);
    ASYNC_END;
}

Test(conformance, c068_a_shielded_gather_completes_after_the_cancel)
{
    EQ(RUN(shield_gather()), 0);
    SAID("-125 [1,2] ");
}
