/* SPDX-License-Identifier: MIT */
/*
 * test_generator.c: CORO_FOR_AWAIT by every way out of it, in FINALLY, under cancels, nested.
 * Its parts by hand, and what only a bug does, are in test_generator_use.c.
 */
#include "generator_fixture.h"

SUITE(generator);

/* --- CORO_FOR_AWAIT: the ways out ------------------------------------------------------------ */

ASYNC(consumes, ARGS(int, how, long, ms, int, error, int, cleanup_error), RETURNS(int),
      VARS(coro_generator slot; int item;))
{
    ASYNC_BEGIN;
    CORO_FOR_AWAIT(self->item, self->slot,
                   counts(4, self->ms, self->error, self->cleanup_error)) {
        if (self->how == CONTINUE && self->item < 2)
            continue;
        say("%d ", self->item);
        if (self->item == 2 && self->how == BREAK)
            break;
        if (self->item == 2 && self->how == RETURN)
            ASYNC_RETURN(42);
        if (self->item == 2 && self->how == FAIL)
            AWAIT(fails(CORO_EIO));
        if (self->item == 2 && self->how == THROW)
            ASYNC_THROW(CORO_EPIPE);
    }
    say("after ");
    ASYNC_RETURN(1);
  ASYNC_FINALLY:
    say("finally %d ", self->slot.frame == NULL);
    ASYNC_END;
}

static void consumed(int how, long ms, int expected, const char *text)
{
    said_size = 0;
    EQ(RUN(consumes(how, ms, 0, 0)), expected);
    SAID(text);
}

Test(generator, gives_its_items_one_by_one_whether_it_waits_or_not)
{
    consumed(END, 0, 0, "[0 1 2 3 ]@0 after finally 1 ");
    consumed(END, 5, 0, "[0 1 2 3 ]@25 after finally 1 ");
}

Test(generator, is_closed_however_the_loop_is_left)
{
    consumed(BREAK, 0, 0, "[0 1 2 ]@0 after finally 1 ");
    consumed(CONTINUE, 0, 0, "[2 3 ]@0 after finally 1 ");
    consumed(RETURN, 0, 0, "[0 1 2 ]@0 finally 1 ");
    consumed(FAIL, 0, CORO_EIO, "[0 1 2 ]@0 finally 1 ");
    consumed(THROW, 0, CORO_EPIPE, "[0 1 2 ]@0 finally 1 ");
}

Test(generator, may_await_while_it_is_closed)
{
    consumed(BREAK, 1, 0, "[0 1 2 ]@4 after finally 1 ");
    consumed(RETURN, 1, 0, "[0 1 2 ]@8 finally 1 ");
    consumed(THROW, 1, CORO_EPIPE, "[0 1 2 ]@12 finally 1 ");
}

ASYNC(takes_the_result, VARS(int result;))
{
    ASYNC_BEGIN;
    AWAIT(self->result, consumes(RETURN, 1, 0, 0));
    say("%d", self->result);
    ASYNC_END;
}

Test(generator, a_result_on_its_way_out_survives_the_close)
{
    EQ(RUN(takes_the_result()), 0);
    SAID("[0 1 2 ]@4 finally 1 42");
}

Test(generator, its_error_arrives_at_the_consumer)
{
    EQ(RUN(consumes(END, 0, CORO_EIO, 0)), CORO_EIO);
    EQ(RUN(consumes(END, 1, CORO_EPIPE, 0)), CORO_EPIPE);
    SAID("[0 1 2 3 ]@0 finally 1 [0 1 2 3 ]@5 finally 1 ");
}

Test(generator, an_error_of_its_close_is_the_consumers_if_nothing_is_on_its_way_already)
{
    EQ(RUN(consumes(BREAK, 0, 0, 1)), CORO_EINVAL);
    EQ(RUN_LOUD(consumes(THROW, 0, 0, 1)), CORO_EPIPE);
    EQ(heard.count, 1);
    EQ(heard.list[0].kind, CORO_REPORT_CLEANUP_ERROR);
    EQ(heard.list[0].error, CORO_EINVAL);
    EQ(RUN_LOUD(consumes(RETURN, 0, 0, 1)), 0);
    EQ(heard.count, 2);
}

ASYNC(catches, VARS(coro_generator slot; int item, error;))
{
    ASYNC_BEGIN;
    ASYNC_TRY;
    CORO_FOR_AWAIT(self->item, self->slot, counts(5, 1, 0, 0)) {
        ASYNC_TRY;
        if (self->item == 1)
            ASYNC_THROW(CORO_EIO);
        if (self->item == 2)
            AWAIT(fails(CORO_EPIPE));
        ASYNC_CATCH(self->error);
        say("in%d ", self->error);
        if (self->error == CORO_EPIPE)
            ASYNC_THROW(CORO_EPERM);
        ASYNC_END_TRY;
    }
    say("never ");
    ASYNC_CATCH(self->error);
    say("out%d ", self->error);
    ASYNC_END_TRY;
    ASYNC_END;
}

Test(generator, try_nests_inside_and_outside_of_the_loop)
{
    EQ(RUN(catches()), 0);
    SAID("[in-5 in-32 ]@4 out-1 ");
}

ASYNC(nests, RETURNS(int), VARS(coro_generator a, b; int x, y;))
{
    ASYNC_BEGIN;
    CORO_FOR_AWAIT(self->x, self->a, counts(3, 0, 0, 0)) {
        CORO_FOR_AWAIT(self->y, self->b, counts(3, 1, 0, 0)) {
            say("%d%d ", self->x, self->y);
            if (self->y == 1)
                break;
            if (self->x == 1)
                ASYNC_RETURN(7);
        }
    }
  ASYNC_FINALLY:
    ASYNC_END;
}

Test(generator, loops_nest)
{
    EQ(RUN(nests()), 0);
    SAID("[[00 01 ]@3 [10 ]@5 ]@5 ");
}

/* --- in FINALLY, with a cancel ---------------------------------------------------------------- */

ASYNC(cleans_up_by_generator, ARGS(int, error), VARS(coro_generator slot; int item;))
{
    ASYNC_BEGIN;
    AWAIT(coro_sleep(CORO_MS(10)));
    if (self->error != 0)
        ASYNC_THROW(self->error);
  ASYNC_FINALLY:
    CORO_FOR_AWAIT(self->item, self->slot, counts(9, 1, 0, 0)) {
        say("%d ", self->item);
        if (self->item == 2)
            break;
    }
    say("cleaned ");
    ASYNC_END;
}

Test(generator, works_inside_finally_and_leaves_the_pending_error_alone)
{
    EQ(RUN(cleans_up_by_generator(CORO_EIO)), CORO_EIO);
    SAID("[0 1 2 ]@14 cleaned ");
}

Test(generator, works_inside_finally_of_a_cancelled_task)
{
    RUN_CANCELLED(cleans_up_by_generator(0), 5, -1);
    SAID("[0 1 2 ]@9 cleaned => -125 at 9");
}

ASYNC(fails_in_finally, VARS(coro_generator slot; int item;))
{
    ASYNC_BEGIN;
    ASYNC_THROW(CORO_EIO);
  ASYNC_FINALLY:
    CORO_FOR_AWAIT(self->item, self->slot, counts(9, 1, 0, 0)) {
        AWAIT(fails(CORO_EPIPE));
        say("never ");
    }
    say("cleaned ");
    ASYNC_END;
}

Test(generator, an_error_of_the_body_in_finally_is_reported)
{
    EQ(RUN_LOUD(fails_in_finally()), CORO_EIO);
    EQ(heard.count, 1);
    EQ(heard.list[0].error, CORO_EPIPE);
    SAID("[]@2 cleaned ");
}

ASYNC(sleeps_in_body, VARS(coro_generator slot; int item;))
{
    ASYNC_BEGIN;
    CORO_FOR_AWAIT(self->item, self->slot, counts(9, 4, 0, 0)) {
        say("%d ", self->item);
        AWAIT(coro_sleep(CORO_MS(4)));
    }
    ASYNC_END;
}

Test(generator, is_closed_when_the_consumer_is_cancelled_in_its_body)
{
    RUN_CANCELLED(sleeps_in_body(), 6, -1);
    SAID("[0 ]@10 => -125 at 10");
}

Test(generator, is_unwound_when_the_consumer_is_cancelled_while_the_generator_waits)
{
    RUN_CANCELLED(sleeps_in_body(), 10, -1);
    SAID("[0 ]@14 => -125 at 14");
}

Test(generator, a_second_cancel_pierces_its_finally)
{
    RUN_CANCELLED(sleeps_in_body(), 6, 8);
    SAID("[0 ]@8 => -125 at 8");
}

ASYNC(in_a_timeout, VARS(coro_generator slot; coro_scope limit; int item, error;))
{
    ASYNC_BEGIN;
    ASYNC_TRY;
    CORO_TIMEOUT(self->limit, CORO_MS(10)) {
        CORO_FOR_AWAIT(self->item, self->slot, counts(9, 4, 0, 0)) {
            say("%d ", self->item);
        }
    }
    ASYNC_CATCH(self->error);
    say("%d@%ld", self->error, now_ms());
    ASYNC_END_TRY;
    ASYNC_END;
}

Test(generator, a_timeout_around_the_loop_reaches_into_the_generator)
{
    EQ(RUN(in_a_timeout()), 0);
    SAID("[0 1 ]@14 -110@14");
}

/* --- generators over generators --------------------------------------------------------------- */

ASYNC(doubles, YIELDS(long), ARGS(int, end, long, ms), VARS(coro_generator slot; int item;))
{
    ASYNC_BEGIN;
    say("{");
    CORO_FOR_AWAIT(self->item, self->slot, counts(self->end, self->ms, 0, 0)) {
        YIELD(2l * self->item);
        YIELD(2l * self->item + 1);
    }
  ASYNC_FINALLY:
    say("} ");
    ASYNC_END;
}

ASYNC(consumes_doubles, ARGS(int, end, long, ms, long, until),
      VARS(coro_generator slot; long item;))
{
    ASYNC_BEGIN;
    CORO_FOR_AWAIT(self->item, self->slot, doubles(self->end, self->ms)) {
        say("%ld ", self->item);
        if (self->item == self->until)
            break;
    }
    ASYNC_END;
}

Test(generator, may_consume_another_one_and_yield_inside_of_its_loop)
{
    EQ(RUN(consumes_doubles(2, 0, -1)), 0);
    EQ(RUN(consumes_doubles(2, 1, -1)), 0);
    SAID("{[0 1 2 3 ]@0 } {[0 1 2 3 ]@3 } ");
}

Test(generator, closes_what_it_consumes_when_it_is_closed)
{
    EQ(RUN(consumes_doubles(5, 0, 1)), 0);
    EQ(RUN(consumes_doubles(5, 1, 2)), 0);
    SAID("{[0 1 ]@0 } {[0 1 2 ]@3 } ");
}

ASYNC(recurses, YIELDS(int), ARGS(int, depth, long, ms), VARS(coro_generator slot; int item;))
{
    ASYNC_BEGIN;
    if (self->depth == 0) {
        AWAIT(coro_sleep(CORO_MS(self->ms)));
        YIELD(1);
        AWAIT(coro_sleep(CORO_MS(self->ms)));
        YIELD(2);
    } else {
        CORO_FOR_AWAIT(self->item, self->slot, recurses(self->depth - 1, self->ms)) {
            YIELD(self->item + 1);
        }
    }
    ASYNC_END;
}

ASYNC(goes_deep, ARGS(int, depth, bool, leaves), VARS(coro_generator slot; int item;))
{
    ASYNC_BEGIN;
    CORO_FOR_AWAIT(self->item, self->slot, recurses(self->depth, 1)) {
        say("%d ", self->item);
        if (self->leaves)
            break;
    }
    ASYNC_END;
}

Test(generator, a_thousand_of_them_deep_use_a_flat_stack)
{
    EQ(RUN(goes_deep(1000, false)), 0);
    EQ(RUN(goes_deep(1000, true)), 0);
    SAID("1001 1002 1001 ");
}

/* Who resumes whom: a body that is entered says so. */
static int entries;

ASYNC(leaf, VARS(int i;))
{
    ASYNC_BEGIN;
    for (self->i = 0; self->i < 10; self->i++)
        AWAIT(coro_yield());
    ASYNC_END;
}

ASYNC(over_the_leaf, YIELDS(int))
{
    entries++; /* before the switch: at each entry */
    ASYNC_BEGIN;
    AWAIT(leaf());
    YIELD(1);
    ASYNC_END;
}

ASYNC(over_the_generator, VARS(coro_generator slot; int item;))
{
    entries += 100;
    ASYNC_BEGIN;
    CORO_FOR_AWAIT(self->item, self->slot, over_the_leaf()) {
        say("%d ", entries);
    }
    ASYNC_END;
}

Test(generator, a_wait_in_it_is_resumed_straight_and_nobody_above_is_polled)
{
    EQ(RUN(over_the_generator()), 0);
    SAID("202 "); /* each was entered, left once, and told of the end of its callee */
    EQ(entries, 203); /* the second round ended at once */
}
