/* SPDX-License-Identifier: MIT */
/*
 * test_conformance_timeout.c: asyncio's cases for timeout() and timeout_at().
 */
#include "loop_fixture.h"

TestSuite(conformance, .timeout = TEST_TIMEOUT_S);

/* Sleep, and say if it was cut short. */
ASYNC(watched_sleep, ARGS(const char *, name, long, ms), VARS(int error;))
{
    ASYNC_BEGIN;
    AWAIT_CATCH(self->error, coro_sleep(CORO_MS(self->ms)));
    say("%s:%d@%ld ", self->name, self->error, now_ms());
    if (self->error != 0)
        ASYNC_THROW(self->error);
    ASYNC_END;
}

/* --- simple ---------------------------------------------------------------------------------- */

ASYNC(timeout_for, ARGS(coro_duration, limit, long, ms), VARS(coro_scope scope; int error;))
{
    ASYNC_BEGIN;
    ASYNC_TRY;
    CORO_TIMEOUT(self->scope, self->limit) {
        if (self->ms >= 0)
            AWAIT(coro_sleep(CORO_MS(self->ms)));
    }
    ASYNC_CATCH(self->error);
    ASYNC_END_TRY;
    say("%d,%d@%ld ", self->error, coro_timeout_expired(&self->scope), now_ms());
    ASYNC_END;
}

Test(conformance, c069_timeout_basic_zero_past_none_and_not_reached)
{
    EQ(RUN(timeout_for(CORO_MS(10), 1000)), 0);
    EQ(RUN(timeout_for(CORO_MS(10), 5)), 0);
    EQ(RUN(timeout_for(CORO_FOREVER, 5)), 0);
    EQ(RUN(timeout_for(0, 1000)), 0);
    EQ(RUN(timeout_for(0, 0)), 0);
    EQ(RUN(timeout_for(-CORO_SECONDS(11), 0)), 0);
    EQ(RUN(timeout_for(0, -1)), 0); /* no wait inside: no error */
    SAID("-110,1@10 0,0@15 0,0@20 -110,1@20 -110,1@20 -110,1@20 0,1@20 ");
}

/* --- nested ---------------------------------------------------------------------------------- */

ASYNC(nested, ARGS(long, outer_ms, long, inner_ms, long, crunch_ms),
      VARS(coro_scope outer, inner; int inner_error, outer_error; coro_time now;))
{
    ASYNC_BEGIN;
    self->now = coro_loop_time(&loop);
    ASYNC_TRY;
    CORO_TIMEOUT_AT(self->outer, self->now + CORO_MS(self->outer_ms)) {
        ASYNC_TRY;
        CORO_TIMEOUT_AT(self->inner, self->now + CORO_MS(self->inner_ms)) {
            crunch(CORO_MS(self->crunch_ms));
            AWAIT(coro_sleep(CORO_SECONDS(10)));
        }
        ASYNC_CATCH(self->inner_error);
        if (self->inner_error == CORO_ECANCELED)
            ASYNC_THROW(self->inner_error);
        ASYNC_END_TRY;
        AWAIT(coro_yield()); /* reached only when the inner one spoke */
        say("inner ");
    }
    ASYNC_CATCH(self->outer_error);
    ASYNC_END_TRY;
    say("%d,%d %d,%d ", self->inner_error, coro_timeout_expired(&self->inner),
        self->outer_error, coro_timeout_expired(&self->outer));
    AWAIT(coro_sleep(CORO_MS(1))); /* nothing is left behind */
    ASYNC_END;
}

Test(conformance, c070_of_nested_timeouts_with_one_deadline_the_outer_speaks)
{
    EQ(RUN(nested(10, 10, 0)), 0);
    SAID("-125,1 -110,1 ");
}

Test(conformance, c070_the_inner_speaks_alone_when_it_is_earlier)
{
    EQ(RUN(nested(1000, 10, 0)), 0);
    SAID("inner -110,1 0,0 ");
}

Test(conformance, c070_the_outer_speaks_alone_when_it_is_earlier)
{
    EQ(RUN(nested(10, 1000, 0)), 0);
    SAID("-125,0 -110,1 ");
}

/* asyncio: each level reports its own. */
Test(conformance, c071_both_deadlines_pass_while_the_thread_is_busy)
{
    EQ(RUN(nested(100, 10, 500)), 0);
    SAID("-125,1 -110,1 ");
}

Test(conformance, c071_both_pass_the_outer_one_first)
{
    EQ(RUN(nested(2, 100, 500)), 0);
    SAID("-125,1 -110,1 ");
}

ASYNC(nested_in_finally, VARS(coro_scope outer;))
{
    ASYNC_BEGIN;
    AWAIT(coro_sleep(CORO_SECONDS(1)));
  ASYNC_FINALLY:
    AWAIT(timeout_for(CORO_MS(10), 1000));
    ASYNC_END;
}

ASYNC(limits_nested_in_finally, VARS(coro_scope scope; int error;))
{
    ASYNC_BEGIN;
    CORO_TIMEOUT(self->scope, CORO_MS(10)) {
        AWAIT(nested_in_finally());
    }
    ASYNC_END;
}

Test(conformance, c072_a_timeout_in_the_clean_up_of_a_timeout)
{
    EQ(RUN(limits_nested_in_finally()), CORO_ETIMEDOUT);
    SAID("-110,1@20 ");
}

/* --- together with cancels ------------------------------------------------------------------- */

static coro_scope *scope_inside;

ASYNC(limited_sleep, ARGS(coro_duration, limit), VARS(coro_scope scope; int error;))
{
    ASYNC_BEGIN;
    scope_inside = &self->scope;
    CORO_TIMEOUT(self->scope, self->limit) {
        AWAIT(coro_sleep(CORO_SECONDS(50)));
        say("never ");
    }
  ASYNC_FINALLY:
    say("expired %d ", coro_timeout_expired(&self->scope));
    ASYNC_END;
}

Test(conformance, c073_a_foreign_cancel_is_no_timeout)
{
    RUN_CANCELLED(limited_sleep(CORO_SECONDS(10)), 10, -1);
    SAID("expired 0 => -125 at 10");
}

ASYNC(cancels_itself_in_a_timeout, VARS(coro_scope scope;))
{
    ASYNC_BEGIN;
    CORO_TIMEOUT(self->scope, CORO_SECONDS(10)) {
        coro_task_cancel(coro_current_task());
        AWAIT(coro_sleep(CORO_SECONDS(10)));
        say("never ");
    }
  ASYNC_FINALLY:
    say("expired %d ", coro_timeout_expired(&self->scope));
    ASYNC_END;
}

Test(conformance, c073_a_cancel_of_its_own_is_no_timeout)
{
    EQ(RUN(cancels_itself_in_a_timeout()), CORO_ECANCELED);
    SAID("expired 0 ");
}

ASYNC(cancel_in_same_tick, ARGS(bool, timer_first), VARS(coro_task *task; int error;))
{
    ASYNC_BEGIN;
    if (self->timer_first) {
        self->task = coro_create_task(limited_sleep(CORO_MS(10)));
        AWAIT(coro_sleep(CORO_MS(10))); /* both are due: it has expired, but does not know yet */
    } else {
        self->task = coro_create_task(limited_sleep(CORO_MS(10)));
        AWAIT(coro_yield());
        crunch(CORO_MS(20)); /* cancelled before the expired timeout is looked at */
    }
    coro_task_cancel(self->task);
    AWAIT_CATCH(self->error, coro_task_join(self->task));
    say("%d x%u ", self->error, coro_task_cancelling(self->task));
    coro_task_release(self->task);
    ASYNC_END;
}

Test(conformance, c074_a_timeout_and_a_cancel_in_the_same_tick)
{
    EQ(RUN(cancel_in_same_tick(true)), 0);
    EQ(RUN(cancel_in_same_tick(false)), 0);
#if CORO_HOSTED
    SAID("expired 1 -125 x1 expired 0 -125 x1 ");
#else /* where the clock is looked at in each turn */
    SAID("expired 1 -125 x1 expired 1 -125 x1 ");
#endif
}

ASYNC(timeout_after_cancel, ARGS(bool, again), VARS(int error; coro_scope scope;))
{
    ASYNC_BEGIN;
    coro_task_cancel(coro_current_task());
    AWAIT_CATCH(self->error, coro_sleep(CORO_SECONDS(1)));
    coro_task_uncancel(coro_current_task());
    ASYNC_TRY;
    CORO_TIMEOUT(self->scope, self->again ? CORO_SECONDS(1) : 0) {
        if (self->again)
            coro_task_cancel(coro_current_task());
        AWAIT(coro_sleep(CORO_SECONDS(2)));
    }
    ASYNC_CATCH(self->error);
    say("%d ", self->error);
    ASYNC_END_TRY;
    ASYNC_END;
}

Test(conformance, c075_a_timeout_after_a_cancel_that_was_taken_back)
{
    EQ(RUN(timeout_after_cancel(false)), 0);
    EQ(RUN(timeout_after_cancel(true)), 0);
    SAID("-110 -125 ");
}

/* --- other errors ---------------------------------------------------------------------------- */

ASYNC(crashes_in_clean_up, VARS(int error;))
{
    ASYNC_BEGIN;
    ASYNC_TRY;
    AWAIT(coro_sleep(CORO_SECONDS(1)));
    ASYNC_CATCH(self->error);
    say("%d ", self->error);
    ASYNC_THROW(CORO_EIO);
    ASYNC_END_TRY;
    ASYNC_END;
}

ASYNC(limits_a_crash, VARS(coro_scope scope;))
{
    ASYNC_BEGIN;
    CORO_TIMEOUT(self->scope, CORO_MS(10)) {
        AWAIT(crashes_in_clean_up());
    }
  ASYNC_FINALLY:
    say("expired %d ", coro_timeout_expired(&self->scope));
    ASYNC_END;
}

Test(conformance, c076_another_error_in_the_clean_up_is_the_outcome)
{
    EQ(RUN(limits_a_crash()), CORO_EIO);
    SAID("-125 expired 1 ");
}

ASYNC(swallows, VARS(coro_scope scope; int error;))
{
    ASYNC_BEGIN;
    CORO_TIMEOUT(self->scope, CORO_MS(10)) {
        AWAIT_CATCH(self->error, coro_sleep(CORO_SECONDS(1)));
    }
    say("%d expired %d", self->error, coro_timeout_expired(&self->scope));
    ASYNC_END;
}

Test(conformance, c076_a_body_that_swallows_the_cancel_ends_well)
{
    EQ(RUN(swallows()), 0);
    SAID("-125 expired 1");
}

/* --- reschedule ------------------------------------------------------------------------------ */

ASYNC(reschedule, VARS(coro_task *task; coro_time first, second; int error;))
{
    ASYNC_BEGIN;
    self->first = coro_loop_time(&loop) + CORO_SECONDS(10);
    self->second = self->first + CORO_SECONDS(20);
    self->task = coro_create_task(limited_sleep(CORO_SECONDS(10)));
    AWAIT(coro_yield());
    EQ(coro_timeout_when(scope_inside), self->first);
    EQ(coro_timeout_reschedule_at(scope_inside, self->second), 0);
    EQ(coro_timeout_when(scope_inside), self->second);
    AWAIT(coro_sleep(CORO_SECONDS(15)));
    EQ(coro_task_done(self->task), false);
    EQ(coro_timeout_reschedule(scope_inside, CORO_FOREVER), 0);
    EQ(coro_timeout_when(scope_inside) == CORO_FOREVER, true);
    AWAIT(coro_sleep(CORO_SECONDS(20)));
    EQ(coro_task_done(self->task), false);
    coro_task_cancel(self->task);
    AWAIT_CATCH(self->error, coro_task_join(self->task));
    say("%d ", self->error);
    coro_task_release(self->task);
    ASYNC_END;
}

Test(conformance, c077_reschedule)
{
    EQ(RUN(reschedule()), 0);
    SAID("expired 0 -125 ");
}

ASYNC(reschedule_wrongly, VARS(coro_scope scope, shield; int error;))
{
    ASYNC_BEGIN;
    EQ(coro_timeout_reschedule(&self->scope, CORO_MS(1)), CORO_EINVAL); /* not entered */
    EQ(coro_timeout_reschedule_at(&self->scope, 1), CORO_EINVAL);
    EQ(coro_timeout_when(&self->scope) == CORO_FOREVER, true);
    CORO_SHIELD(self->shield) {
        EQ(coro_timeout_reschedule(&self->shield, CORO_MS(1)), CORO_EINVAL); /* no timeout */
        ASYNC_TRY;
        CORO_TIMEOUT(self->scope, CORO_SECONDS(1)) {
            EQ(coro_timeout_reschedule(&self->scope, CORO_MS(5)), 0);
            AWAIT_CATCH(self->error, coro_sleep(CORO_MS(10)));
            EQ(coro_timeout_reschedule(&self->scope, CORO_MS(50)), CORO_EALREADY);
            EQ(coro_timeout_reschedule_at(&self->scope, CORO_FOREVER), CORO_EALREADY);
            ASYNC_THROW(self->error);
        }
        ASYNC_CATCH(self->error);
        say("%d@%ld ", self->error, now_ms());
        ASYNC_END_TRY;
    }
    EQ(coro_timeout_reschedule(&self->scope, CORO_MS(1)), CORO_EFINISHED);
    EQ(coro_timeout_reschedule_at(&self->scope, CORO_FOREVER), CORO_EFINISHED);
    CORO_TIMEOUT(self->scope, CORO_FOREVER) { /* once more */
        EQ(coro_timeout_expired(&self->scope), false);
        EQ(coro_timeout_reschedule(&self->scope, 0), 0);
        AWAIT_CATCH(self->error, coro_sleep(CORO_MS(10)));
        say("%d@%ld ", self->error, now_ms());
    }
    ASYNC_END;
}

Test(conformance, c077_a_reschedule_at_the_wrong_time_names_the_state)
{
    EQ(RUN(reschedule_wrongly()), 0);
    SAID("-110@5 -125@5 ");
}

#if CORO_HOSTED /* coro_group_errors */
/* --- with a group ---------------------------------------------------------------------------- */

ASYNC(timeout_group, ARGS(bool, crash), VARS(coro_scope scope; coro_group group; int error;))
{
    ASYNC_BEGIN;
    ASYNC_TRY;
    CORO_TIMEOUT(self->scope, CORO_MS(10)) {
        CORO_GROUP(self->group) {
            if (self->crash)
                coro_group_create_task(&self->group, crashes_in_clean_up());
            coro_group_create_task(&self->group, watched_sleep("child", 1000));
            AWAIT(watched_sleep("body", 1000));
        }
    }
    ASYNC_CATCH(self->error);
    ASYNC_END_TRY;
    say("%d expired %d errors %d ", self->error, coro_timeout_expired(&self->scope),
        (int)coro_group_errors(&self->group, NULL, NULL));
    ASYNC_END;
}

Test(conformance, c079_a_childs_error_in_its_clean_up_is_not_hidden_by_the_timeout)
{
    EQ(RUN(timeout_group(true)), 0);
    HOLDS(strstr(said, "-5 expired 1 errors 1 ") != NULL);
}

Test(conformance, c079_a_timeout_around_a_group_cancels_body_and_children)
{
    EQ(RUN(timeout_group(false)), 0);
    HOLDS(strstr(said, "body:-125@10 ") != NULL && strstr(said, "child:-125@10 ") != NULL);
    HOLDS(strstr(said, "-110 expired 1 errors 0 ") != NULL);
}
#endif

ASYNC(group_of_limits, VARS(coro_group group;))
{
    ASYNC_BEGIN;
    CORO_GROUP(self->group) {
        coro_group_create_task(&self->group, limited_sleep(CORO_MS(10)));
        coro_group_create_task(&self->group, watched_sleep("sibling", 1000));
    }
    ASYNC_END;
}

Test(conformance, c079_a_timeout_inside_a_child_is_the_childs_error)
{
    EQ(RUN(group_of_limits()), CORO_ETIMEDOUT);
    SAID("expired 1 sibling:-125@10 ");
}

/* --- deadlines that are past ------------------------------------------------------------------ */

/* The first wait fails, though it could complete at once. */
ASYNC(past, ARGS(coro_duration, offset), VARS(coro_scope scope; coro_semaphore permits; int error;))
{
    ASYNC_BEGIN;
    coro_semaphore_init(&self->permits, 1);
    ASYNC_TRY;
    CORO_TIMEOUT_AT(self->scope, coro_loop_time(&loop) + self->offset) {
        AWAIT(coro_semaphore_acquire(&self->permits));
        say("never ");
    }
    ASYNC_CATCH(self->error);
    ASYNC_END_TRY;
    ASYNC_TRY;
    CORO_TIMEOUT(self->scope, CORO_SECONDS(10)) {
        EQ(coro_timeout_reschedule_at(&self->scope, coro_loop_time(&loop) + self->offset), 0);
        EQ(coro_timeout_reschedule(&self->scope, CORO_SECONDS(1)), CORO_EALREADY);
        AWAIT(coro_semaphore_acquire(&self->permits));
        say("never ");
    }
    ASYNC_CATCH(self->error);
    ASYNC_END_TRY;
    say("%d %d@%ld ", self->error, (int)self->permits.value, now_ms());
    ASYNC_END;
}

Test(conformance, c069_a_deadline_that_is_past_fails_the_first_wait)
{
    EQ(RUN(past(-CORO_SECONDS(1))), 0);
    EQ(RUN(past(0)), 0);
    SAID("-110 1@0 -110 1@0 ");
}

ASYNC(three, VARS(coro_scope a, b, c; int error;))
{
    ASYNC_BEGIN;
    ASYNC_TRY;
    CORO_TIMEOUT(self->a, CORO_MS(5)) {
        CORO_TIMEOUT(self->b, CORO_MS(5)) {
            CORO_TIMEOUT(self->c, CORO_MS(5)) {
                AWAIT(coro_sleep(CORO_SECONDS(1)));
            }
            say("never ");
        }
        say("never ");
    }
    ASYNC_CATCH(self->error);
    ASYNC_END_TRY;
    say("%d %d%d%d ", self->error, coro_timeout_expired(&self->a),
        coro_timeout_expired(&self->b), coro_timeout_expired(&self->c));
    ASYNC_END;
}

Test(conformance, c070_of_three_that_expire_together_the_outermost_speaks)
{
    EQ(RUN(three()), 0);
    SAID("-110 111 ");
}
