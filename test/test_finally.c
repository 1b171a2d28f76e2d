/* SPDX-License-Identifier: MIT */
/*
 * test_finally.c: ASYNC_FINALLY. Every way out comes by there; what was pending at its
 * entry does not disturb it, what comes later does; an outcome is never overwritten.
 * Blocks inside of it are in test_finally_blocks.c.
 */
#include "loop_fixture.h"

SUITE(finally);

ASYNC(fail_with, ARGS(int, error, long, ms))
{
    ASYNC_BEGIN;
    AWAIT(coro_sleep(CORO_MS(self->ms)));
    ASYNC_THROW(self->error);
    ASYNC_END;
}

ASYNC(clean_up, ARGS(const char *, name, long, ms), VARS(int error;))
{
    ASYNC_BEGIN;
    AWAIT_CATCH(self->error, coro_sleep(CORO_MS(self->ms)));
    say("%s:%d ", self->name, self->error);
    if (self->error != 0)
        ASYNC_THROW(self->error);
    ASYNC_END;
}

/* --- every way out ------------------------------------------------------------------------ */

enum way { END, RETURN, THROW, CALLEE };

ASYNC(leave_by, RETURNS(int), ARGS(int, way))
{
    ASYNC_BEGIN;
    AWAIT(coro_yield());
    if (self->way == RETURN)
        ASYNC_RETURN(7);
    if (self->way == THROW)
        ASYNC_THROW(CORO_EIO);
    if (self->way == CALLEE)
        AWAIT(fail_with(CORO_EPIPE, 1));
    self->result = 8; /* beneath the sugar: the end with a result */
    self->coro.flags |= CORO_FRAME_RETURN_;
  ASYNC_FINALLY:
    AWAIT(clean_up("f", 5));
    ASYNC_END;
}

ASYNC(leave_all_ways, VARS(int way, error, value;))
{
    ASYNC_BEGIN;
    for (self->way = END; self->way <= CALLEE; self->way++) {
        self->value = 0;
        AWAIT_CATCH(self->error, self->value, leave_by(self->way));
        say("%d %d, ", self->error, self->value);
    }
    ASYNC_END;
}

Test(finally, runs_on_end_return_throw_and_a_callees_error)
{
    EQ(RUN(leave_all_ways()), 0);
    SAID("f:0 0 8, f:0 0 7, f:0 -5 0, f:0 -32 0, ");
}

ASYNC(waits, ARGS(const char *, name, long, ms))
{
    ASYNC_BEGIN;
    AWAIT(coro_sleep(CORO_SECONDS(100)));
    say("never ");
  ASYNC_FINALLY:
    AWAIT(clean_up(self->name, self->ms));
    ASYNC_END;
}

Test(finally, runs_undisturbed_by_the_cancel_that_led_there)
{
    RUN_CANCELLED(waits("f", 5), 10, -1);
    SAID("f:0 => -125 at 15");
}

ASYNC(unstarted, VARS(int error;))
{
    ASYNC_BEGIN;
    say("in ");
    AWAIT(coro_yield());
    say("never ");
  ASYNC_FINALLY:
    AWAIT(clean_up("f", 5));
    ASYNC_END;
}

Test(finally, runs_in_a_task_that_was_cancelled_before_its_start)
{
    RUN_CANCELLED(unstarted(), 0, -1);
    SAID("in f:0 => -125 at 5");
}

/* --- three frames deep -------------------------------------------------------------------- */

ASYNC(deep, ARGS(int, depth))
{
    ASYNC_BEGIN;
    if (self->depth > 0)
        AWAIT(deep(self->depth - 1));
    else
        AWAIT(coro_sleep(CORO_SECONDS(100)));
    say("never ");
  ASYNC_FINALLY:
    say("%d>", self->depth);
    AWAIT(clean_up("f", 5));
    ASYNC_END;
}

Test(finally, a_cancel_unwinds_three_frames_and_each_cleans_up)
{
    RUN_CANCELLED(deep(2), 10, -1);
    SAID("0>f:0 1>f:0 2>f:0 => -125 at 25");
}

ASYNC(calls_in_finally, ARGS(int, depth))
{
    ASYNC_BEGIN;
    if (self->depth == 2)
        AWAIT(coro_sleep(CORO_SECONDS(100)));
  ASYNC_FINALLY:
    if (self->depth > 0)
        AWAIT(calls_in_finally(self->depth - 1));
    else
        AWAIT(clean_up("f", 5));
    say("%d ", self->depth);
    ASYNC_END;
}

Test(finally, what_it_calls_is_shielded_however_deep)
{
    RUN_CANCELLED(calls_in_finally(2), 10, -1);
    SAID("f:0 0 1 2 => -125 at 15");
}

/* --- what comes later pierces ------------------------------------------------------------- */

Test(finally, a_second_cancel_pierces)
{
    RUN_CANCELLED(waits("f", 50), 10, 20);
    SAID("f:-125 => -125 at 20");
}

Test(finally, a_second_cancel_pierces_calls_three_frames_deep)
{
    RUN_CANCELLED(calls_in_finally(2), 10, 12);
    SAID("f:-125 0 1 2 => -125 at 12");
}

ASYNC(ends_well, RETURNS(int))
{
    ASYNC_BEGIN;
    ASYNC_RETURN(7);
  ASYNC_FINALLY:
    AWAIT(clean_up("f", 50));
    ASYNC_END;
}

ASYNC(call_ends_well, VARS(int value, error;))
{
    ASYNC_BEGIN;
    AWAIT_CATCH(self->error, self->value, ends_well());
    say("%d %d ", self->error, self->value);
    ASYNC_END;
}

/* A result that is on its way out is an outcome, too. */
Test(finally, a_cancel_in_it_pierces_and_the_result_stays)
{
    RUN_CANCELLED(call_ends_well(), 10, -1);
    SAID("f:-125 0 7 => 0 at 10");
}

ASYNC(limited, ARGS(long, inner, long, outer), VARS(coro_scope a, b; int error;))
{
    ASYNC_BEGIN;
    ASYNC_TRY;
    CORO_TIMEOUT(self->a, CORO_MS(self->outer)) {
        CORO_TIMEOUT(self->b, CORO_MS(self->inner)) {
            AWAIT(waits("f", 50));
        }
    }
    ASYNC_CATCH(self->error);
    say("%d %d %d at %ld ", self->error, coro_timeout_expired(&self->b),
        coro_timeout_expired(&self->a), now_ms());
    ASYNC_END_TRY;
    ASYNC_END;
}

Test(finally, a_timeout_lets_it_finish)
{
    EQ(RUN(limited(10, 1000)), 0);
    SAID("f:0 -110 1 0 at 60 ");
}

Test(finally, an_outer_deadline_pierces)
{
    EQ(RUN(limited(10, 30)), 0);
    SAID("f:-125 -110 1 1 at 30 ");
}

Test(finally, a_deadline_after_the_cancel_of_the_task_pierces)
{
    RUN_CANCELLED(limited(20, 1000), 10, -1);
    SAID("f:-125 -125 1 0 at 20 => 0 at 20");
}

ASYNC(cancels_itself_inside, VARS(int error;))
{
    ASYNC_BEGIN;
    AWAIT(coro_sleep(CORO_SECONDS(100)));
  ASYNC_FINALLY:
    AWAIT(clean_up("a", 5));
    coro_task_cancel(coro_current_task());
    AWAIT_CATCH(self->error, clean_up("b", 5));
    say("%d ", self->error);
    ASYNC_END;
}

Test(finally, a_cancel_of_its_own_pierces)
{
    RUN_CANCELLED(cancels_itself_inside(), 10, -1);
    SAID("a:0 b:-125 -125 => -125 at 15");
}

/* --- afterwards the level is back ---------------------------------------------------------- */

ASYNC(swallows, VARS(int error;))
{
    ASYNC_BEGIN;
    AWAIT_CATCH(self->error, waits("f", 5));
    say("%d ", self->error);
    AWAIT_CATCH(self->error, coro_sleep(CORO_MS(1)));
    say("%d ", self->error);
    AWAIT_CATCH(self->error, coro_yield());
    say("%d ", self->error);
    ASYNC_END;
}

Test(finally, the_level_is_back_when_it_has_ended)
{
    RUN_CANCELLED(swallows(), 10, -1);
    SAID("f:0 -125 -125 -125 => 0 at 15");
}

ASYNC(swallow_in_finally, VARS(int error;))
{
    ASYNC_BEGIN;
    AWAIT(coro_sleep(CORO_SECONDS(100)));
  ASYNC_FINALLY:
    AWAIT_CATCH(self->error, waits("inner", 5)); /* lasts; the second cancel comes here */
    say("%d ", self->error);
    AWAIT(clean_up("after", 5)); /* pierced for good: this FINALLY was entered before */
    ASYNC_END;
}

Test(finally, an_inner_one_shields_from_what_pierced_the_outer)
{
    RUN_CANCELLED(swallow_in_finally(), 10, 20);
    SAID("inner:0 -125 after:-125 => -125 at 25");
}

/* --- errors inside ------------------------------------------------------------------------- */

ASYNC(fails_inside, ARGS(int, error))
{
    ASYNC_BEGIN;
    if (self->error != 0)
        ASYNC_THROW(self->error);
  ASYNC_FINALLY:
    AWAIT(fail_with(CORO_EPIPE, 1));
    say("next ");
    AWAIT(fail_with(CORO_EPERM, 1));
    say("last ");
    ASYNC_END;
}

Test(finally, a_failing_await_goes_on_with_the_next_statement)
{
    EQ(RUN_LOUD(fails_inside(CORO_EIO)), CORO_EIO);
    SAID("next last ");
    EQ(heard.count, 2);
    EQ(heard.list[0].kind, CORO_REPORT_CLEANUP_ERROR);
    EQ(heard.list[0].error, CORO_EPIPE);
    EQ(heard.list[1].error, CORO_EPERM);
}

Test(finally, the_first_error_inside_is_the_outcome_and_the_others_are_told)
{
    EQ(RUN_LOUD(fails_inside(0)), CORO_EPIPE);
    SAID("next last ");
    EQ(heard.count, 1);
    EQ(heard.list[0].error, CORO_EPERM);
}

ASYNC(keeps_lvalue, VARS(int value;))
{
    ASYNC_BEGIN;
    self->value = 3;
    AWAIT(coro_yield());
  ASYNC_FINALLY:
    AWAIT(self->value, leave_by(THROW));
    say("%d ", self->value);
    ASYNC_END;
}

Test(finally, a_failed_await_inside_leaves_the_lvalue_alone)
{
    EQ(RUN(keeps_lvalue()), CORO_EIO);
    SAID("f:0 3 ");
}

/* --- a cancel that was pending, but has not been delivered --------------------------------- */

ASYNC(throws_while_cancelled, ARGS(int, way), VARS(int value;), RETURNS(int))
{
    ASYNC_BEGIN;
    coro_task_cancel(coro_current_task());
    if (self->way == THROW)
        ASYNC_THROW(CORO_EIO);
    ASYNC_RETURN(7);
  ASYNC_FINALLY:
    AWAIT(clean_up("f", 5));
    ASYNC_END;
}

ASYNC(call_throws_while_cancelled, VARS(int value, error;))
{
    ASYNC_BEGIN;
    AWAIT_CATCH(self->error, self->value, throws_while_cancelled(THROW));
    say("%d ", self->error);
    AWAIT_CATCH(self->error, self->value, throws_while_cancelled(RETURN));
    say("%d %d ", self->error, self->value);
    AWAIT_CATCH(self->error, coro_yield());
    say("%d ", self->error);
    ASYNC_END;
}

Test(finally, shields_whatever_way_it_was_entered)
{
    EQ(RUN(call_throws_while_cancelled()), 0);
    SAID("f:0 -5 f:0 0 7 -125 ");
}

ASYNC(seven, RETURNS(int))
{
    ASYNC_BEGIN;
    ASYNC_RETURN(7);
    ASYNC_END;
}

ASYNC(catches_at_once, VARS(int error, value;))
{
    ASYNC_BEGIN;
    ASYNC_THROW(CORO_EIO);
  ASYNC_FINALLY:
    self->error = 1;
    AWAIT_CATCH(self->error, self->value, seven()); /* with an error on its way already */
    say("%d %d", self->error, self->value);
    ASYNC_END;
}

Test(finally, an_await_that_would_catch_takes_its_result_though_an_error_is_pending)
{
    EQ(RUN(catches_at_once()), CORO_EIO);
    SAID("0 7");
}
