/* SPDX-License-Identifier: MIT */
/*
 * test_group.c: CORO_GROUP as a block and as an owner. asyncio's own cases are in
 * test_conformance_group.c.
 */
#include "loop_fixture.h"

SUITE(group);

ASYNC(child, RETURNS(int), ARGS(int, value, long, ms), VARS(int error;))
{
    ASYNC_BEGIN;
    AWAIT_CATCH(self->error, coro_sleep(CORO_MS(self->ms)));
    say("%d:%d@%ld ", self->value, self->error, now_ms());
    if (self->error != 0)
        ASYNC_THROW(self->error);
    if (self->value < 0)
        ASYNC_THROW(self->value);
    ASYNC_RETURN(self->value);
    ASYNC_END;
}

/* --- the end of the block -------------------------------------------------------------------- */

ASYNC(empty, VARS(coro_group group; uint64_t before;))
{
    ASYNC_BEGIN;
    self->before = turns();
    CORO_GROUP(self->group) {
        say("in ");
    }
    EQ(turns() - self->before, 0);
    ASYNC_END;
}

Test(group, an_empty_group_does_not_wait)
{
    EQ(RUN(empty()), 0);
    SAID("in ");
}

enum way { END, BREAK, CONTINUE, RETURN, THROW, WAYS };

ASYNC(leave_by, RETURNS(int), ARGS(int, way), VARS(coro_group group; int i;))
{
    ASYNC_BEGIN;
    for (self->i = 0; self->i < 2; self->i++) {
        CORO_GROUP(self->group) {
            coro_group_create_task(&self->group, child(self->i + 1, 5));
            AWAIT(coro_yield());
            if (self->way == BREAK)
                break;
            if (self->way == CONTINUE)
                continue;
            if (self->way == RETURN)
                ASYNC_RETURN(70);
            if (self->way == THROW)
                ASYNC_THROW(CORO_EIO);
        }
    }
    ASYNC_RETURN(80);
    ASYNC_END;
}

ASYNC(leave_all_ways, VARS(int way, error, value;))
{
    ASYNC_BEGIN;
    for (self->way = END; self->way < WAYS; self->way++) {
        self->value = 0;
        AWAIT_CATCH(self->error, self->value, leave_by(self->way));
        say("%d %d, ", self->error, self->value);
        EQ(loop.task_count, 1);
    }
    ASYNC_END;
}

Test(group, waits_for_its_children_whatever_way_the_block_is_left)
{
    EQ(RUN(leave_all_ways()), 0);
    SAID("1:0@5 2:0@10 0 80, 1:0@15 2:0@20 0 80, 1:0@25 2:0@30 0 80, 1:0@35 0 70, "
         "1:-125@35 -5 0, ");
}

ASYNC(returns_and_a_child_fails, RETURNS(int), VARS(coro_group group;))
{
    ASYNC_BEGIN;
    CORO_GROUP(self->group) {
        coro_group_create_task(&self->group, child(CORO_EIO, 5));
        AWAIT(coro_yield());
        ASYNC_RETURN(7);
    }
    ASYNC_END;
}

ASYNC(call_returns_and_a_child_fails, VARS(int value, error;))
{
    ASYNC_BEGIN;
    AWAIT_CATCH(self->error, self->value, returns_and_a_child_fails());
    say("%d %d", self->error, self->value);
    ASYNC_END;
}

Test(group, a_child_that_fails_after_the_bodys_return_fails_the_block)
{
    EQ(RUN(call_returns_and_a_child_fails()), 0);
    SAID("-5:0@5 -5 0");
}

/* --- children -------------------------------------------------------------------------------- */

ASYNC(looks_at_children, VARS(coro_group group; coro_task *a, *b; int value, error;))
{
    ASYNC_BEGIN;
    CORO_GROUP(self->group) {
        EQ(coro_group_count(&self->group), 0);
        self->a = coro_task_retain(coro_group_create_task(&self->group, child(1, 5)));
        EQ(coro_group_try_create_task(&self->group, &self->b, child(2, 7)), 0);
        EQ(coro_group_try_create_task(&self->group, NULL, child(3, 3)), 0);
        EQ(coro_group_count(&self->group), 3);
        CORO_JOIN(self->value, child, self->b);
        say("joined %d, left %d ", self->value, (int)coro_group_count(&self->group));
    }
    EQ(coro_task_done(self->a), true);
    EQ(*(const int *)coro_task_result(self->a, &child_descriptor), 1);
    coro_task_release(self->a);
    ASYNC_END;
}

Test(group, a_child_may_be_joined_and_held)
{
    EQ(RUN(looks_at_children()), 0);
    SAID("3:0@3 1:0@5 2:0@7 joined 2, left 0 ");
}

ASYNC(cancels_a_child, VARS(coro_group group; coro_task *a;))
{
    ASYNC_BEGIN;
    CORO_GROUP(self->group) {
        self->a = coro_group_create_task(&self->group, child(1, 50));
        coro_group_create_task(&self->group, child(2, 10));
        AWAIT(coro_sleep(CORO_MS(5)));
        coro_task_cancel(self->a);
    }
    say("end");
    ASYNC_END;
}

Test(group, a_child_that_is_cancelled_alone_is_no_failure)
{
    EQ(RUN(cancels_a_child()), 0);
    SAID("1:-125@5 2:0@10 end");
}

ASYNC(joins_a_failing_child, VARS(coro_group group; coro_task *a; int error, outcome;))
{
    ASYNC_BEGIN;
    ASYNC_TRY;
    CORO_GROUP(self->group) {
        self->a = coro_group_create_task(&self->group, child(CORO_EIO, 5));
        AWAIT_CATCH(self->error, coro_task_join(self->a));
        say("join %d ", self->error);
    }
    ASYNC_CATCH(self->outcome);
    say("group %d", self->outcome);
    ASYNC_END_TRY;
    ASYNC_END;
}

Test(group, a_joined_childs_error_fails_the_group_all_the_same)
{
    EQ(RUN(joins_a_failing_child()), 0);
    HOLDS(strstr(said, "group -5") != NULL);
}

/* --- errors ---------------------------------------------------------------------------------- */

#if CORO_HOSTED /* coro_group_errors */
static void show(void *context, unsigned depth, int error, const char *name)
{
    (void)context;
    say("%u/%d/%s ", depth, error, name);
}
#endif

ASYNC(stubborn, ARGS(int, error, long, ms), VARS(coro_scope shield;))
{
    ASYNC_BEGIN;
    CORO_SHIELD(self->shield) {
        AWAIT(coro_sleep(CORO_MS(self->ms)));
    }
    ASYNC_THROW(self->error);
    ASYNC_END;
}

#if CORO_HOSTED /* coro_group_errors */
ASYNC(many_errors, VARS(coro_group group; int error, body;))
{
    ASYNC_BEGIN;
    ASYNC_TRY;
    CORO_GROUP(self->group) {
        coro_group_create_task(&self->group, stubborn(CORO_EIO, 5));
        coro_group_create_task(&self->group, stubborn(CORO_EPIPE, 3));
        coro_group_create_task(&self->group, stubborn(CORO_EPERM, 9));
        ASYNC_TRY;
        AWAIT(coro_sleep(CORO_SECONDS(1)));
        ASYNC_CATCH(self->body);
        ASYNC_THROW(CORO_EBUSY);
        ASYNC_END_TRY;
    }
    ASYNC_CATCH(self->error);
    say("%d, ", self->error);
    EQ(coro_group_errors(&self->group, show, NULL), 4);
    EQ(coro_group_errors(&self->group, NULL, NULL), 4);
    ASYNC_END_TRY;
    ASYNC_END;
}

Test(group, keeps_all_errors_in_the_order_of_their_ends_and_fails_with_the_first)
{
    EQ(RUN(many_errors()), 0);
    SAID("-32, 0/-32/stubborn 0/-5/stubborn 0/-1/stubborn 0/-16/body ");
}
#endif

ASYNC(inner_group, ARGS(int, error), VARS(coro_group group;))
{
    ASYNC_BEGIN;
    CORO_GROUP(self->group) {
        coro_group_create_task(&self->group, stubborn(self->error, 5));
        coro_group_create_task(&self->group, stubborn(CORO_EPERM, 6));
    }
    ASYNC_END;
}

#if CORO_HOSTED /* coro_group_errors */
ASYNC(tree_of_errors, VARS(coro_group group; int error;))
{
    ASYNC_BEGIN;
    ASYNC_TRY;
    CORO_GROUP(self->group) {
        coro_group_create_task(&self->group, inner_group(CORO_EIO));
        coro_group_create_task(&self->group, stubborn(CORO_EBUSY, 20));
        AWAIT(inner_group(CORO_EPIPE));
    }
    ASYNC_CATCH(self->error);
    say("%d, ", self->error);
    EQ(coro_group_errors(&self->group, show, NULL), 7);
    ASYNC_END_TRY;
    ASYNC_END;
}

Test(group, tells_of_nested_groups_as_a_tree)
{
    EQ(RUN(tree_of_errors()), 0);
    SAID("-32, 0/-5/inner_group 1/-5/stubborn 1/-1/stubborn 0/-16/stubborn 0/-32/body "
         "1/-32/stubborn 1/-1/stubborn ");
}

ASYNC(fails_again_and_again, VARS(coro_group group; int i, error;))
{
    ASYNC_BEGIN;
    for (self->i = 0; self->i < 3; self->i++) {
        ASYNC_TRY;
        CORO_GROUP(self->group) {
            coro_group_create_task(&self->group, child(CORO_EIO - self->i, 1));
        }
        ASYNC_CATCH(self->error);
        EQ(coro_group_errors(&self->group, show, NULL), 1);
        ASYNC_END_TRY;
    }
    CORO_GROUP(self->group) {
        coro_group_create_task(&self->group, child(1, 1));
    }
    EQ(coro_group_errors(&self->group, show, NULL), 0);
    ASYNC_END;
}

Test(group, may_be_entered_again_and_forgets_its_errors)
{
    EQ(RUN(fails_again_and_again()), 0);
    SAID("-5:0@1 0/-5/child -6:0@2 0/-6/child -7:0@3 0/-7/child 1:0@4 ");
}
#endif

/* --- memory ---------------------------------------------------------------------------------- */

ASYNC(runs_out, VARS(coro_group group; int error, i; coro_task *task;))
{
    ASYNC_BEGIN;
    ASYNC_TRY;
    CORO_GROUP(self->group) {
        coro_group_create_task(&self->group, child(1, 50));
        AWAIT(coro_yield());
        memory.fail_at = memory.calls + 1;
        do
            self->error = coro_group_try_create_task(&self->group, &self->task, child(2, 50));
        while (self->error == 0);
        EQ(self->error, CORO_ENOMEM);
        EQ(self->task == NULL, true);
        EQ(coro_group_try_create_task(&self->group, NULL, child(3, 50)), CORO_ECANCELED);
        AWAIT(coro_yield());
        say("never ");
    }
    ASYNC_CATCH(self->error);
    said_size = 0;
    say("%d", self->error);
    ASYNC_END_TRY;
    ASYNC_END;
}

Test(group, fails_when_there_is_no_memory_for_a_child)
{
    EQ(RUN(runs_out()), 0);
    SAID("-12");
}

ASYNC(crowd, VARS(coro_group group; int i;))
{
    ASYNC_BEGIN;
    CORO_GROUP(self->group) {
        for (self->i = 0; self->i < CROWD_OF(10000); self->i++)
            coro_group_create_task(&self->group, inner_group(CORO_EIO));
        AWAIT(coro_sleep(CORO_MS(1)));
        EQ(loop.task_count, 3 * CROWD_OF(10000) + 1);
    }
    ASYNC_END;
}

Test(group, ten_thousand_failing_groups_leave_nothing_behind)
{
    EQ(RUN(crowd()), CORO_EIO);
}

/* --- a body that is cancelled by itself ------------------------------------------------------- */

ASYNC(cleaning, ARGS(long, ms, int, error))
{
    ASYNC_BEGIN;
    AWAIT(coro_sleep(CORO_SECONDS(10)));
  ASYNC_FINALLY:
    AWAIT(coro_sleep(CORO_MS(self->ms)));
    say("cleaned@%ld ", now_ms());
    if (self->error != 0)
        self->coro.error = (int16_t)self->error;
    ASYNC_END;
}

/* Nobody cancels the group: its body joins a task that was cancelled. */
ASYNC(joins_a_cancelled_task, ARGS(int, child_error),
      VARS(coro_group group; coro_task *task; int error;))
{
    ASYNC_BEGIN;
    self->task = coro_create_task(child(1, 1000));
    coro_task_cancel(self->task);
    ASYNC_TRY;
    CORO_GROUP(self->group) {
        coro_group_create_task(&self->group, cleaning(5, self->child_error));
        AWAIT(coro_sleep(CORO_MS(1)));
        AWAIT(coro_task_join(self->task));
        say("never ");
    }
    say("never ");
    ASYNC_CATCH(self->error);
    say("%d@%ld ", self->error, now_ms());
    ASYNC_END_TRY;
    AWAIT(coro_yield()); /* who caught it is not cancelled */
  ASYNC_FINALLY:
    coro_task_release(self->task);
    ASYNC_END;
}

Test(group, c096_a_body_that_joins_a_cancelled_task_is_not_left_as_if_all_were_well)
{
    EQ(RUN(joins_a_cancelled_task(0)), 0);
    SAID("1:-125@0 cleaned@6 -125@6 ");
}

Test(group, c096_but_a_childs_error_comes_first)
{
    EQ(RUN(joins_a_cancelled_task(CORO_EIO)), 0);
    SAID("1:-125@0 cleaned@6 -5@6 ");
}

ASYNC(throws_in_group, ARGS(bool, collects), VARS(coro_group group;))
{
    ASYNC_BEGIN;
    if (self->collects) {
        CORO_GROUP_COLLECT(self->group) {
            coro_group_create_task(&self->group, child(1, 10)); /* nobody cancels it there */
            ASYNC_THROW(CORO_ECANCELED);
        }
    } else {
        CORO_GROUP(self->group) {
            ASYNC_THROW(CORO_ECANCELED);
        }
    }
    say("never ");
    ASYNC_END;
}

Test(group, c096_a_cancelled_error_that_the_body_throws_goes_on)
{
    EQ(RUN(throws_in_group(false)), CORO_ECANCELED);
    EQ(RUN(throws_in_group(true)), CORO_ECANCELED);
    SAID("1:0@10 ");
}

ASYNC(takes_its_cancel_back, VARS(coro_group group; int error;))
{
    ASYNC_BEGIN;
    ASYNC_TRY;
    CORO_GROUP(self->group) {
        coro_group_create_task(&self->group, cleaning(5, 0));
        AWAIT(coro_sleep(CORO_SECONDS(1)));
    }
    say("never ");
    ASYNC_CATCH(self->error);
    say("%d@%ld ", self->error, now_ms());
    ASYNC_END_TRY;
    AWAIT(coro_sleep(CORO_MS(1)));
    ASYNC_END;
}

ASYNC(cancels_and_takes_it_back, VARS(coro_task *task;))
{
    ASYNC_BEGIN;
    self->task = coro_create_task(takes_its_cancel_back());
    AWAIT(coro_sleep(CORO_MS(10)));
    coro_task_cancel(self->task);
    AWAIT(coro_sleep(CORO_MS(2)));
    EQ(coro_task_uncancel(self->task), 0); /* the body is over, a child cleans up */
    AWAIT(coro_task_join(self->task));
    coro_task_release(self->task);
    ASYNC_END;
}

Test(group, c099_a_cancel_that_is_taken_back_while_the_block_joins_has_ended_the_body)
{
    EQ(RUN(cancels_and_takes_it_back()), 0);
    SAID("cleaned@15 -125@15 ");
}

ASYNC(inner_joins, VARS(coro_group outer, inner; int error;))
{
    ASYNC_BEGIN;
    ASYNC_TRY;
    CORO_GROUP(self->outer) {
        coro_group_create_task(&self->outer, child(CORO_EIO, 5));
        CORO_GROUP(self->inner) {
            coro_group_create_task(&self->inner, cleaning(7, 0));
        }
        say("never ");
    }
    ASYNC_CATCH(self->error);
    say("%d@%ld ", self->error, now_ms());
    ASYNC_END_TRY;
    ASYNC_END;
}

Test(group, c099_a_child_that_fails_reaches_a_block_inside_that_waits_for_its_own)
{
    EQ(RUN(inner_joins()), 0);
    SAID("-5:0@5 cleaned@12 -5@12 ");
}
