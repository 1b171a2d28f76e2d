/* SPDX-License-Identifier: MIT */
/*
 * test_future.c: a result that is still to come: set once, heard by all in order.
 */
#include "loop_fixture.h"

SUITE(future);

static int answer = 42;

ASYNC(waits, ARGS(coro_future *, future, int, number), VARS(void *result; int error;))
{
    ASYNC_BEGIN;
    AWAIT_CATCH(self->error, self->result, coro_future_wait(self->future));
    say("%d:%d,%d ", self->number, self->error,
        self->result != NULL ? *(int *)self->result : 0);
    ASYNC_END;
}

Test(future, is_settled_once)
{
    coro_future future = CORO_FUTURE_INIT, other;
    int error;
    EQ(coro_future_done(&future), false);
    EQ(coro_future_result(&future, &error) == NULL, true);
    EQ(error, CORO_EPENDING);
    EQ(coro_future_error(&future), CORO_EPENDING);
    EQ(coro_future_set_result(&future, &answer), 0);
    EQ(coro_future_error(&future), 0);
    EQ(coro_future_set_result(&future, NULL), CORO_EALREADY);
    EQ(coro_future_set_error(&future, CORO_EIO), CORO_EALREADY);
    EQ(coro_future_cancel(&future), false);
    EQ(coro_future_done(&future), true);
    EQ(coro_future_cancelled(&future), false);
    EQ(*(int *)coro_future_result(&future, &error), 42);
    EQ(error, 0);

    coro_future_init(&other);
    EQ(coro_future_cancel(&other), true);
    EQ(coro_future_cancelled(&other), true);
    EQ(coro_future_cancel(&other), false);
    EQ(coro_future_result(&other, &error) == NULL, true);
    EQ(error, CORO_ECANCELED);

    coro_future_init(&other);
    EQ(coro_future_set_error(&other, CORO_EIO), 0);
    EQ(coro_future_cancelled(&other), false);
    EQ(coro_future_result(&other, &error) == NULL, true);
    EQ(error, CORO_EIO);

    coro_future_init(&other);
    EQ(coro_future_set_error(&other, CORO_ECANCELED), 0);
    EQ(coro_future_cancelled(&other), true);
}

enum how { RESULT, ERROR, CANCEL };

ASYNC(settles, ARGS(int, how), VARS(coro_future future; coro_group group; int i;))
{
    ASYNC_BEGIN;
    CORO_GROUP(self->group) {
        for (self->i = 0; self->i < 3; self->i++)
            coro_group_create_task(&self->group, waits(&self->future, self->i));
        AWAIT(coro_sleep(CORO_MS(1)));
        if (self->how == RESULT)
            coro_future_set_result(&self->future, &answer);
        else if (self->how == ERROR)
            coro_future_set_error(&self->future, CORO_EIO);
        else
            coro_future_cancel(&self->future);
        coro_group_create_task(&self->group, waits(&self->future, 9));
        say("set ");
        AWAIT(waits(&self->future, 8)); /* it is done: at once */
    }
    ASYNC_END;
}

Test(conformance, c023_all_who_wait_are_woken_in_the_order_they_came)
{
    EQ(RUN(settles(RESULT)), 0);
    SAID("set 8:0,42 0:0,42 1:0,42 2:0,42 9:0,42 ");
}

Test(future, an_error_goes_to_all_who_wait)
{
    EQ(RUN(settles(ERROR)), 0);
    SAID("set 8:-5,0 0:-5,0 1:-5,0 2:-5,0 9:-5,0 ");
}

Test(future, a_cancelled_future_cancels_the_awaits_and_not_the_tasks)
{
    EQ(RUN(settles(CANCEL)), 0);
    SAID("set 8:-125,0 0:-125,0 1:-125,0 2:-125,0 9:-125,0 ");
}

ASYNC(cancels_one_of_two, VARS(coro_future future; coro_task *a, *b; int error;))
{
    ASYNC_BEGIN;
    self->a = coro_create_task(waits(&self->future, 1));
    self->b = coro_create_task(waits(&self->future, 2));
    AWAIT(coro_yield());
    EQ(coro_task_cancel(self->a), true);
    EQ(coro_future_cancelled(&self->future), true);
    EQ(coro_future_set_result(&self->future, &answer), CORO_EALREADY);
    AWAIT(coro_task_join(self->a));
    AWAIT(coro_task_join(self->b));
    EQ(coro_task_cancelling(self->a), 1);
    EQ(coro_task_cancelling(self->b), 0);
    coro_task_release(self->a);
    coro_task_release(self->b);
    ASYNC_END;
}

/* As in asyncio: a cancel goes on to the future, and with it to whoever else waits for it. */
Test(future, is_cancelled_with_the_task_that_waits_for_it)
{
    EQ(RUN(cancels_one_of_two()), 0);
    SAID("1:-125,0 2:-125,0 ");
}

ASYNC(cancelled_before_its_wait, VARS(coro_future future; int error;))
{
    ASYNC_BEGIN;
    coro_task_cancel(coro_current_task());
    AWAIT_CATCH(self->error, coro_future_wait(&self->future));
    say("%d %d", self->error, coro_future_cancelled(&self->future));
    ASYNC_END;
}

Test(future, is_cancelled_by_a_wait_of_a_task_that_is_cancelled_already)
{
    EQ(RUN(cancelled_before_its_wait()), 0);
    SAID("-125 1");
}

ASYNC(limits_the_wait, VARS(coro_future future; int error; void *result;))
{
    ASYNC_BEGIN;
    AWAIT_CATCH(self->error, self->result,
                coro_wait_for(coro_future_wait(&self->future), CORO_MS(5)));
    say("%d %d@%ld", self->error, coro_future_cancelled(&self->future), now_ms());
    ASYNC_END;
}

Test(future, is_cancelled_by_a_timeout)
{
    EQ(RUN(limits_the_wait()), 0);
    SAID("-110 1@5");
}

ASYNC(drops_waits, VARS(coro_future future;))
{
    ASYNC_BEGIN;
    coro_discard(coro_future_wait(&self->future));
    AWAIT(coro_yield());
    EQ(coro_future_done(&self->future), false);
    ASYNC_END;
}

Test(future, a_wait_that_is_discarded_leaves_nothing_behind)
{
    EQ(RUN(drops_waits()), 0);
}
