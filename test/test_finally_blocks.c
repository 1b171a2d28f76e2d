/* SPDX-License-Identifier: MIT */
/*
 * test_finally_blocks.c: timeouts, groups, tries and cancelled scopes inside ASYNC_FINALLY.
 */
#include "loop_fixture.h"

SUITE(finally_blocks);

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

/* --- blocks inside ------------------------------------------------------------------------- */

ASYNC(timeout_inside, VARS(coro_scope limit; int error;))
{
    ASYNC_BEGIN;
    AWAIT(coro_sleep(CORO_SECONDS(100)));
  ASYNC_FINALLY:
    CORO_TIMEOUT(self->limit, CORO_MS(5)) {
        AWAIT(clean_up("f", 50));
        say("never ");
    }
    say("expired %d ", coro_timeout_expired(&self->limit));
    AWAIT(clean_up("g", 5));
    ASYNC_END;
}

Test(finally_blocks, a_timeout_inside_bounds_it)
{
    RUN_CANCELLED_LOUD(timeout_inside(), 10, -1);
    EQ(heard.count, 1);
    EQ(heard.list[0].error, CORO_ETIMEDOUT);
    SAID("f:-125 expired 1 g:0 => -125 at 20");
}

ASYNC(timeout_inside_well, VARS(coro_scope limit;))
{
    ASYNC_BEGIN;
    AWAIT(coro_yield());
  ASYNC_FINALLY:
    CORO_TIMEOUT(self->limit, CORO_MS(5)) {
        AWAIT(clean_up("f", 50));
    }
    say("on ");
    ASYNC_END;
}

Test(finally_blocks, its_error_is_the_outcome_when_there_is_no_other)
{
    EQ(RUN(timeout_inside_well()), CORO_ETIMEDOUT);
    SAID("f:-125 on ");
}

ASYNC(group_inside, VARS(coro_group group;))
{
    ASYNC_BEGIN;
    AWAIT(coro_sleep(CORO_SECONDS(100)));
  ASYNC_FINALLY:
    CORO_GROUP(self->group) {
        coro_group_create_task(&self->group, clean_up("a", 5));
        coro_group_create_task(&self->group, clean_up("b", 7));
        AWAIT(clean_up("body", 1));
    }
    ASYNC_END;
}

Test(finally_blocks, the_children_of_a_group_inside_are_shielded_too)
{
    RUN_CANCELLED(group_inside(), 10, -1);
    SAID("body:0 a:0 b:0 => -125 at 17");
}

Test(finally_blocks, a_second_cancel_reaches_the_children_of_a_group_inside)
{
    RUN_CANCELLED(group_inside(), 10, 16);
    SAID("body:0 a:0 b:-125 => -125 at 16");
}

ASYNC(try_inside, VARS(int error;))
{
    ASYNC_BEGIN;
    ASYNC_THROW(CORO_EIO);
  ASYNC_FINALLY:
    ASYNC_TRY;
    AWAIT(fail_with(CORO_EPIPE, 1));
    say("never ");
    ASYNC_CATCH(self->error);
    say("caught %d ", self->error);
    ASYNC_END_TRY;
    ASYNC_TRY;
    ASYNC_THROW(CORO_EPERM);
    ASYNC_CATCH(self->error);
    say("caught %d ", self->error);
    ASYNC_END_TRY;
    ASYNC_END;
}

Test(finally_blocks, a_try_inside_catches)
{
    EQ(RUN(try_inside()), CORO_EIO);
    SAID("caught -32 caught -1 ");
}

/* --- a scope of the running task that is left before the next wait ------------------------- */

ASYNC(cancels_a_scope_and_leaves_it, VARS(coro_scope limit;))
{
    ASYNC_BEGIN;
    CORO_TIMEOUT(self->limit, CORO_SECONDS(1)) {
        coro_scope_cancel(&self->limit);
        break;
    }
    ASYNC_END;
}

ASYNC(cancels_inside, VARS(int error;))
{
    ASYNC_BEGIN;
    AWAIT(coro_sleep(CORO_SECONDS(100)));
  ASYNC_FINALLY:
    AWAIT(cancels_a_scope_and_leaves_it());
    AWAIT(clean_up("f", 5));
    ASYNC_END;
}

Test(finally_blocks, stays_a_shield_when_a_scope_inside_was_cancelled_and_left)
{
    RUN_CANCELLED(cancels_inside(), 10, -1);
    SAID("f:0 => -125 at 15");
}

static coro_scope *middle, *outermost;

ASYNC(cancels_two, VARS(int error;))
{
    ASYNC_BEGIN;
    ASYNC_THROW(CORO_EIO);
  ASYNC_FINALLY:
    coro_scope_cancel(middle);
    coro_scope_cancel(outermost);
    AWAIT_CATCH(self->error, coro_yield());
    say("%d ", self->error);
    ASYNC_END;
}

ASYNC(opens_middle, VARS(coro_scope scope; int error;))
{
    ASYNC_BEGIN;
    ASYNC_THROW(CORO_EPIPE);
  ASYNC_FINALLY:
    CORO_TIMEOUT(self->scope, CORO_SECONDS(1)) {
        middle = &self->scope;
        AWAIT_CATCH(self->error, cancels_two());
        say("%d ", self->error);
    }
    AWAIT_CATCH(self->error, coro_yield()); /* the outer cancel came while this FINALLY ran */
    say("%d ", self->error);
    ASYNC_END;
}

ASYNC(opens_outermost, VARS(coro_scope scope; int error;))
{
    ASYNC_BEGIN;
    CORO_TIMEOUT(self->scope, CORO_SECONDS(1)) {
        outermost = &self->scope;
        AWAIT_CATCH(self->error, opens_middle());
        say("%d ", self->error);
    }
    ASYNC_END;
}

Test(finally_blocks, two_cancels_at_once_pierce_as_far_as_the_wider_one)
{
    EQ(RUN(opens_outermost()), 0);
    SAID("-125 -5 -125 -32 ");
}
