/* SPDX-License-Identifier: MIT */
/*
 * test_scope.c: CORO_TIMEOUT and CORO_SHIELD as blocks: every way in, every way out, and
 * the level between them. asyncio's own cases are in test_conformance_timeout.c.
 */
#include "loop_fixture.h"

SUITE(scope);

ASYNC(nap, RETURNS(int), ARGS(long, ms))
{
    ASYNC_BEGIN;
    AWAIT(coro_sleep(CORO_MS(self->ms)));
    ASYNC_RETURN((int)self->ms);
    ASYNC_END;
}

/* --- every way out -------------------------------------------------------------------------- */

enum way { END, BREAK, CONTINUE, RETURN, THROW, EXPIRE, WAYS };

ASYNC(leave_by, RETURNS(int), ARGS(int, way), VARS(coro_scope limit; int i;))
{
    ASYNC_BEGIN;
    for (self->i = 0; self->i < 2; self->i++) {
        CORO_TIMEOUT(self->limit, CORO_MS(10)) {
            AWAIT(nap(1));
            if (self->way == BREAK)
                break;
            if (self->way == CONTINUE)
                continue;
            if (self->way == RETURN)
                ASYNC_RETURN(7);
            if (self->way == THROW)
                ASYNC_THROW(CORO_EIO);
            if (self->way == EXPIRE)
                AWAIT(nap(100));
            say("end ");
        }
        say("%d ", self->i);
    }
    EQ(loop.timers.count, 0);
    ASYNC_RETURN(8);
    ASYNC_END;
}

ASYNC(leave_all_ways, VARS(int way, error, value;))
{
    ASYNC_BEGIN;
    for (self->way = END; self->way < WAYS; self->way++) {
        self->value = 0;
        AWAIT_CATCH(self->error, self->value, leave_by(self->way));
        say("%d %d, ", self->error, self->value);
        EQ(loop.timers.count, 0);
    }
    AWAIT(coro_sleep(CORO_MS(100))); /* nothing is cancelled any more */
    ASYNC_END;
}

Test(scope, is_left_properly_whatever_way_the_block_is)
{
    EQ(RUN(leave_all_ways()), 0);
    SAID("end 0 end 1 0 8, 0 1 0 8, 0 1 0 8, 0 7, -5 0, -110 0, ");
}

ASYNC(nested, VARS(coro_scope a, b, c; int error;))
{
    ASYNC_BEGIN;
    ASYNC_TRY;
    CORO_TIMEOUT(self->a, CORO_MS(30)) {
        CORO_SHIELD(self->b) {
            ASYNC_TRY;
            CORO_TIMEOUT(self->c, CORO_MS(10)) {
                AWAIT(nap(100));
            }
            ASYNC_CATCH(self->error);
            say("inner %d@%ld ", self->error, now_ms());
            ASYNC_END_TRY;
            AWAIT(nap(50)); /* past the outer deadline, but shielded */
            say("shielded @%ld ", now_ms());
        }
        AWAIT(nap(1));
        say("never ");
    }
    ASYNC_CATCH(self->error);
    say("outer %d@%ld ", self->error, now_ms());
    ASYNC_END_TRY;
    ASYNC_END;
}

Test(scope, blocks_and_tries_nest)
{
    EQ(RUN(nested()), 0);
    SAID("inner -110@10 shielded @60 outer -110@60 ");
}

ASYNC(returns_through, RETURNS(int), VARS(coro_scope a, b, c;))
{
    ASYNC_BEGIN;
    CORO_TIMEOUT(self->a, CORO_MS(30)) {
        CORO_SHIELD(self->b) {
            CORO_TIMEOUT(self->c, CORO_MS(10)) {
                AWAIT(nap(1));
                ASYNC_RETURN(5);
            }
        }
    }
  ASYNC_FINALLY:
    AWAIT(coro_yield());
    say("finally ");
    EQ(loop.timers.count, 0);
    ASYNC_END;
}

ASYNC(call_returns_through, VARS(int value;))
{
    ASYNC_BEGIN;
    AWAIT(self->value, returns_through());
    say("%d", self->value);
    ASYNC_END;
}

Test(scope, a_return_leaves_three_blocks_and_comes_by_finally)
{
    EQ(RUN(call_returns_through()), 0);
    SAID("finally 5");
}

/* --- the level ------------------------------------------------------------------------------ */

ASYNC(ignores, VARS(coro_scope limit; int error, i;))
{
    ASYNC_BEGIN;
    CORO_TIMEOUT(self->limit, CORO_MS(10)) {
        for (self->i = 0; self->i < 3; self->i++) {
            AWAIT_CATCH(self->error, nap(20));
            say("%d@%ld ", self->error, now_ms());
        }
    }
    say("expired %d ", coro_timeout_expired(&self->limit));
    AWAIT(nap(20)); /* outside it is over */
    say("@%ld", now_ms());
    ASYNC_END;
}

Test(scope, an_expired_timeout_fails_every_wait_until_it_is_left)
{
    EQ(RUN(ignores()), 0);
    SAID("-125@10 -125@10 -125@10 expired 1 @30");
}

ASYNC(waits_of_all_kinds, VARS(coro_scope limit; int error; coro_semaphore semaphore;
                               coro_queue queue; int buffer, item; coro_future future;
                               coro_task *task; int value;))
{
    ASYNC_BEGIN;
    coro_semaphore_init(&self->semaphore, 1);
    coro_queue_init(&self->queue, &self->buffer, sizeof self->buffer, 1);
    coro_future_set_result(&self->future, NULL);
    CORO_TIMEOUT(self->limit, 0) {
        AWAIT_CATCH(self->error, coro_yield());
        say("%d ", self->error);
        AWAIT_CATCH(self->error, coro_semaphore_acquire(&self->semaphore));
        say("%d ", self->error);
        AWAIT_CATCH(self->error, coro_queue_put(&self->queue, &self->item));
        say("%d ", self->error);
        AWAIT_CATCH(self->error, coro_queue_get(&self->queue, &self->item));
        say("%d ", self->error);
        AWAIT_CATCH(self->error, coro_future_wait(&self->future));
        say("%d ", self->error);
        AWAIT_CATCH(self->error, coro_gather(coro_into(&self->value, nap(1))));
        say("%d ", self->error);
        AWAIT_CATCH(self->error, nap(1)); /* a coroutine starts; its wait fails */
        say("%d ", self->error);
    }
    EQ(coro_semaphore_locked(&self->semaphore), false); /* nothing was taken, nothing put */
    EQ(coro_queue_empty(&self->queue), true);
    ASYNC_END;
}

Test(scope, a_cancel_is_delivered_even_where_a_wait_could_complete_at_once)
{
    EQ(RUN(waits_of_all_kinds()), 0);
    SAID("-125 -125 -125 -125 -125 -125 -125 ");
}

/* --- coro_scope_cancel ---------------------------------------------------------------------- */

ASYNC(cancels_scope, ARGS(coro_scope *, scope, long, ms))
{
    ASYNC_BEGIN;
    AWAIT(coro_sleep(CORO_MS(self->ms)));
    say("%d ", coro_scope_cancel(self->scope));
    ASYNC_END;
}

ASYNC(is_ended_from_outside, VARS(coro_scope limit; coro_task *task; int error;))
{
    ASYNC_BEGIN;
    EQ(coro_scope_cancel(&self->limit), false); /* nobody is inside */
    self->task = coro_create_task(cancels_scope(&self->limit, 5));
    CORO_TIMEOUT(self->limit, CORO_FOREVER) {
        AWAIT(nap(100));
        say("never ");
    }
    say("left at %ld, expired %d, ", now_ms(), coro_timeout_expired(&self->limit));
    EQ(coro_scope_cancel(&self->limit), false);
    AWAIT(nap(1));
    coro_task_release(self->task);
    ASYNC_END;
}

Test(scope, a_block_that_was_cancelled_is_left_without_an_error)
{
    EQ(RUN(is_ended_from_outside()), 0);
    SAID("1 left at 5, expired 0, ");
}

ASYNC(cancels_its_own, VARS(coro_scope limit; int error;))
{
    ASYNC_BEGIN;
    CORO_TIMEOUT(self->limit, CORO_SECONDS(1)) {
        EQ(coro_scope_cancel(&self->limit), true);
        EQ(coro_scope_cancel(&self->limit), false);
        EQ(coro_cancel_pending(), true);
        AWAIT(nap(1));
        say("never ");
    }
    EQ(coro_cancel_pending(), false);
    say("out ");
    ASYNC_END;
}

Test(scope, a_task_may_cancel_a_block_that_it_is_in)
{
    EQ(RUN(cancels_its_own()), 0);
    SAID("out ");
}

/* --- shield --------------------------------------------------------------------------------- */

ASYNC(shielded, VARS(coro_scope shield; int error;))
{
    ASYNC_BEGIN;
    CORO_SHIELD(self->shield) {
        AWAIT(nap(50));
        say("kept@%ld pending %d ", now_ms(), coro_cancel_pending());
    }
    say("pending %d ", coro_cancel_pending());
    AWAIT(nap(1));
    say("never ");
    ASYNC_END;
}

Test(scope, a_shield_holds_off_any_number_of_cancels_until_it_is_left)
{
    RUN_CANCELLED(shielded(), 10, 20);
    SAID("kept@50 pending 0 pending 1 => -125 at 50");
}

Test(scope, a_shield_holds_off_a_cancel_that_came_before_it)
{
    RUN_CANCELLED(shielded(), 0, -1);
    SAID("kept@50 pending 0 pending 1 => -125 at 50");
}

ASYNC(shielded_with_limit, VARS(coro_scope shield, limit; int error;))
{
    ASYNC_BEGIN;
    CORO_SHIELD(self->shield) {
        CORO_TIMEOUT(self->limit, CORO_MS(20)) {
            AWAIT(nap(500));
        }
    }
    ASYNC_END;
}

Test(scope, a_timeout_inside_a_shield_bounds_it)
{
    RUN_CANCELLED(shielded_with_limit(), 10, -1);
    SAID("=> -110 at 20");
}

ASYNC(group_in_shield, VARS(coro_scope shield; coro_group group;))
{
    ASYNC_BEGIN;
    CORO_SHIELD(self->shield) {
        CORO_GROUP(self->group) {
            coro_group_create_task(&self->group, nap(30));
            coro_group_create_task(&self->group, shielded());
        }
        say("all@%ld ", now_ms());
    }
    ASYNC_END;
}

Test(scope, the_children_of_a_group_in_a_shield_are_shielded)
{
    RUN_CANCELLED(group_in_shield(), 10, -1);
    SAID("kept@50 pending 0 pending 0 never all@51 => 0 at 51");
}

/* --- uncancel ------------------------------------------------------------------------------- */

ASYNC(takes_it_back, VARS(int error;))
{
    ASYNC_BEGIN;
    AWAIT_CATCH(self->error, nap(100));
    say("%d x%u ", self->error, coro_task_cancelling(coro_current_task()));
    say("%u ", coro_task_uncancel(coro_current_task()));
    AWAIT(nap(5));
    say("%u@%ld ", coro_task_uncancel(coro_current_task()), now_ms());
    ASYNC_END;
}

Test(scope, an_uncancelled_task_waits_again)
{
    RUN_CANCELLED(takes_it_back(), 10, -1);
    SAID("-125 x1 0 0@15 => 0 at 15");
}

ASYNC(cancelled_twice, VARS(int error; coro_task *task;))
{
    ASYNC_BEGIN;
    self->task = coro_current_task();
    coro_task_cancel(self->task);
    coro_task_cancel(self->task);
    AWAIT_CATCH(self->error, nap(1));
    say("%d %u ", self->error, coro_task_uncancel(self->task));
    AWAIT_CATCH(self->error, nap(1));
    say("%d %u ", self->error, coro_task_uncancel(self->task));
    AWAIT_CATCH(self->error, nap(1));
    say("%d ", self->error);
    ASYNC_END;
}

Test(scope, each_cancel_counts)
{
    EQ(RUN(cancelled_twice()), 0);
    SAID("-125 1 -125 0 0 ");
}

/* --- memory --------------------------------------------------------------------------------- */

ASYNC(enters_many, ARGS(int, depth), VARS(coro_scope limit;))
{
    ASYNC_BEGIN;
    CORO_TIMEOUT(self->limit, CORO_SECONDS(1)) {
        if (self->depth > 0)
            AWAIT(enters_many(self->depth - 1));
        else
            memory.fail_at = 0;
    }
    ASYNC_END;
}

ASYNC(enters_without_memory, VARS(int error;))
{
    ASYNC_BEGIN;
    memory.fail_at = 0;
    AWAIT(enters_many(200));
    AWAIT_CATCH(self->error, enters_many(200)); /* all rooms are there by now */
    EQ(self->error, 0);
    ASYNC_END;
}

Test(scope, a_timer_that_finds_no_room_fails_the_block)
{
    int failures = 0;
    EQ(RUN(enters_without_memory()), 0);
    for (size_t n = 1; n <= 16; n++) {
        int error;
        memory.calls = 0;
        memory.fail_at = n;
        error = RUN(enters_many(200));
        HOLDS(error == 0 || error == CORO_ENOMEM);
        failures += error != 0;
    }
    HOLDS(failures >= 3);
}

ASYNC(expires_behind_a_shield, VARS(coro_scope limit, shield;))
{
    ASYNC_BEGIN;
    CORO_TIMEOUT(self->limit, CORO_MS(5)) {
        CORO_SHIELD(self->shield) {
            AWAIT(coro_sleep(CORO_MS(20)));
        }
        if (CORO_CANCEL_PENDING())
            say("pending ");
    }
    say("%d@%ld ", coro_timeout_expired(&self->limit), now_ms());
    AWAIT(coro_yield()); /* nothing of it is left */
    ASYNC_END;
}

Test(scope, a_timeout_that_expired_behind_a_shield_is_no_error_where_nobody_waits_after_it)
{
    EQ(RUN(expires_behind_a_shield()), 0);
    SAID("pending 1@20 ");
}
