/* SPDX-License-Identifier: MIT */
/*
 * test_cancel.c: whom a cancel reaches, in the corners that test/plain/model has found: chains
 * of joins that go through groups, shields around clean-ups, and tasks that cancel themselves.
 */
#include "loop_fixture.h"

SUITE(cancel);

ASYNC(nap, ARGS(const char *, name, long, ms))
{
    ASYNC_BEGIN;
    AWAIT(coro_sleep(CORO_MS(self->ms)));
  ASYNC_FINALLY:
    say("%s %d at %ld, ", self->name, self->coro.error, now_ms());
    ASYNC_END;
}

/* --- chains of joins ------------------------------------------------------------------------ */

/* Ends its first wait by a cancel, and cleans up for 100 ms, unless it is cancelled again. */
ASYNC(stubborn)
{
    ASYNC_BEGIN;
    AWAIT(coro_sleep(CORO_MS(1000)));
  ASYNC_FINALLY:
    AWAIT(nap("clean-up", 100));
    ASYNC_END;
}

ASYNC(join_it, ARGS(coro_task *, task), VARS(int error;))
{
    ASYNC_BEGIN;
    AWAIT_CATCH(self->error, coro_task_join(self->task));
    ASYNC_END;
}

ASYNC(with_a_child_that_joins, ARGS(coro_task *, task), VARS(coro_group group;))
{
    ASYNC_BEGIN;
    CORO_GROUP(self->group)
        coro_group_create_task(&self->group, join_it(self->task));
    ASYNC_END;
}

ASYNC(cancel_twice, VARS(coro_task *last, *first; int error;))
{
    ASYNC_BEGIN;
    self->last = coro_create_task(stubborn());
    self->first = coro_create_task(with_a_child_that_joins(self->last));
    AWAIT(coro_sleep(CORO_MS(10)));
    coro_task_cancel(self->first); /* goes on to the last one, through the child's join */
    AWAIT(coro_sleep(CORO_MS(10)));
    HOLDS(!coro_task_done(self->last));
    coro_task_cancel(self->last);
    AWAIT_CATCH(self->error, coro_task_join(self->last));
    EQ(now_ms(), 20);
    EQ(coro_task_cancelling(self->last), 2);
    AWAIT_CATCH(self->error, coro_task_join(self->first));
    coro_task_release(self->last);
    coro_task_release(self->first);
    ASYNC_END;
}

Test(cancel, that_came_by_a_child_s_join_does_not_hide_the_next_one)
{
    EQ(RUN(cancel_twice()), 0);
    SAID("clean-up -125 at 20, ");
}

/* A ring: the children wait for the task that waits for them. */
ASYNC(joined_by_its_children, VARS(coro_group group; int i, error;))
{
    ASYNC_BEGIN;
    ASYNC_TRY;
        CORO_GROUP(self->group) {
            for (self->i = 0; self->i < 5; self->i++)
                coro_group_create_task(&self->group, join_it(coro_current_task()));
            AWAIT(coro_sleep(CORO_MS(1000)));
            say("end ");
        }
    ASYNC_CATCH(self->error);
        say("%d ", self->error);
    ASYNC_END_TRY;
    ASYNC_END;
}

ASYNC(cancel_a_ring, VARS(coro_task *task;))
{
    ASYNC_BEGIN;
    self->task = coro_create_task(joined_by_its_children());
    AWAIT(coro_sleep(CORO_MS(10)));
    HOLDS(coro_task_cancel(self->task));
    EQ(coro_task_cancelling(self->task), 1);
    coro_task_release(self->task);
    ASYNC_END;
}

Test(cancel, of_a_ring_of_joins_goes_round_once)
{
    EQ(RUN_LOUD(cancel_a_ring()), 0);
    EQ(heard.count, 1); /* nothing can end it: the loop's close says so, and frees it */
    EQ(heard.list[0].error, CORO_EDEADLK);
}

/* --- shields around clean-ups --------------------------------------------------------------- */

/* In the shield a limit has passed, and its clean-up is undisturbed by it. */
ASYNC(limited)
{
    ASYNC_BEGIN;
    AWAIT(coro_sleep(CORO_MS(1000)));
  ASYNC_FINALLY:
    AWAIT(nap("clean-up", 50));
    AWAIT(nap("more", 50));
    ASYNC_END;
}

ASYNC(in_a_shield, VARS(coro_scope shield, limit; int error;))
{
    ASYNC_BEGIN;
    CORO_SHIELD(self->shield) {
        ASYNC_TRY;
            CORO_TIMEOUT(self->limit, CORO_MS(5))
                AWAIT(limited());
        ASYNC_CATCH(self->error);
            say("%d at %ld, ", self->error, now_ms());
        ASYNC_END_TRY;
    }
    AWAIT_CATCH(self->error, coro_yield());
    say("behind %d ", self->error);
    ASYNC_END;
}

ASYNC(cancel_it, VARS(coro_task *task; int error;))
{
    ASYNC_BEGIN;
    self->task = coro_create_task(in_a_shield());
    AWAIT(coro_sleep(CORO_MS(20)));
    coro_task_cancel(self->task);
    AWAIT_CATCH(self->error, coro_task_join(self->task));
    coro_task_release(self->task);
    ASYNC_END;
}

Test(cancel, from_behind_a_shield_leaves_the_peace_of_a_finally_inside)
{
    EQ(RUN(cancel_it()), 0);
    SAID("clean-up 0 at 55, more 0 at 105, -110 at 105, behind -125 ");
}

/* --- tasks that cancel themselves ----------------------------------------------------------- */

/* Its FINALLY was entered after a first cancel; the second one is the task's own. */
ASYNC(own_cancel_with_children, VARS(coro_group group;))
{
    ASYNC_BEGIN;
    coro_task_cancel(coro_current_task());
  ASYNC_FINALLY:
    CORO_GROUP(self->group) {
        coro_group_create_task(&self->group, nap("child", 500));
        AWAIT(coro_sleep(CORO_MS(10)));
        coro_task_cancel(coro_current_task());
    }
    say("left at %ld ", now_ms());
    ASYNC_END;
}

ASYNC(own_cancel_then_block, VARS(coro_group group;))
{
    ASYNC_BEGIN;
    coro_task_cancel(coro_current_task());
  ASYNC_FINALLY:
    coro_task_cancel(coro_current_task());
    CORO_GROUP(self->group)
        say("body ");
    say("behind ");
    ASYNC_END;
}

ASYNC(run_both, VARS(coro_task *task; int error;))
{
    ASYNC_BEGIN;
    self->task = coro_create_task(own_cancel_with_children());
    AWAIT_CATCH(self->error, coro_task_join(self->task));
    say("%d, ", self->error);
    coro_task_release(self->task);
    self->task = coro_create_task(own_cancel_then_block());
    AWAIT_CATCH(self->error, coro_task_join(self->task));
    say("%d", self->error);
    coro_task_release(self->task);
    ASYNC_END;
}

Test(cancel, of_itself_in_a_finally_reaches_children_and_blocks)
{
    EQ(RUN(run_both()), 0);
    SAID("child -125 at 10, left at 10 -125, body behind -125");
}

/* --- waits that need not wait ----------------------------------------------------------------- */

static int dropped;

static void drop(int result)
{
    (void)result;
    dropped++;
}

ASYNC(gives, RETURNS(int, drop))
{
    ASYNC_BEGIN;
    ASYNC_RETURN(1);
    ASYNC_END;
}

/* More often than one resume may go on at once. */
ASYNC(joins_what_has_ended, VARS(coro_task *task; int i, error;))
{
    ASYNC_BEGIN;
    self->task = coro_create_task(gives());
    AWAIT(coro_sleep(CORO_MS(1)));
    coro_task_cancel(coro_current_task());
    for (self->i = 0; self->i < 3 * CORO_BUDGET; self->i++) {
        AWAIT_CATCH(self->error, coro_task_join(self->task));
        EQ(self->error, CORO_ECANCELED);
    }
    EQ(coro_task_uncancel(coro_current_task()), 0);
    coro_task_release(self->task);
    EQ(dropped, 1);
    ASYNC_END;
}

Test(cancel, a_cancelled_task_that_joins_an_ended_one_again_and_again_does_not_keep_it)
{
    EQ(RUN(joins_what_has_ended()), 0);
}

ASYNC(fails)
{
    ASYNC_BEGIN;
    AWAIT(coro_yield());
    ASYNC_THROW(CORO_EIO);
    ASYNC_END;
}

ASYNC(joins_what_has_failed, VARS(coro_task *task; int error;))
{
    ASYNC_BEGIN;
    self->task = coro_create_task(fails());
    AWAIT(coro_sleep(CORO_MS(1)));
    coro_task_cancel(coro_current_task());
    AWAIT_CATCH(self->error, coro_task_join(self->task));
    EQ(self->error, CORO_ECANCELED);
    EQ(coro_task_uncancel(coro_current_task()), 0);
    coro_task_release(self->task);
    ASYNC_END;
}

Test(cancel, a_cancelled_join_of_a_task_that_has_failed_does_not_take_its_error)
{
    EQ(RUN_LOUD(joins_what_has_failed()), 0);
    EQ(heard.count, CORO_HOSTED ? 1 : 0); /* boards: 40 bytes more than it is worth there */
}
