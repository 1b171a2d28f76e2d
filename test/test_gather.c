/* SPDX-License-Identifier: MIT */
/*
 * test_gather.c: several calls, one await. asyncio's own cases are in
 * test_conformance_gather.c.
 */
#include "loop_fixture.h"

SUITE(gather);

ASYNC(value_after, RETURNS(long), ARGS(long, value, long, ms))
{
    ASYNC_BEGIN;
    AWAIT(coro_sleep(CORO_MS(self->ms)));
    say("%ld ", self->value);
    if (self->value < 0)
        ASYNC_THROW((int)self->value);
    ASYNC_RETURN(self->value);
    ASYNC_END;
}

typedef struct pair {
    double a, b;
} pair;

ASYNC(pair_after, RETURNS(pair), ARGS(double, a, double, b), VARS(pair p;))
{
    ASYNC_BEGIN;
    AWAIT(coro_yield());
    self->p.a = self->a;
    self->p.b = self->b;
    ASYNC_RETURN(self->p);
    ASYNC_END;
}

static int item = 5;

ASYNC(mixed, VARS(long a; pair b; void *c; coro_future future; coro_queue queue; int buffer;))
{
    ASYNC_BEGIN;
    coro_future_set_result(&self->future, &item);
    coro_queue_init(&self->queue, &self->buffer, sizeof self->buffer, 1);
    AWAIT(coro_gather(coro_into(&self->a, value_after(1, 1)),
                      coro_into(&self->b, pair_after(1.5, 2.5)),
                      coro_into(&self->c, coro_future_wait(&self->future)),
                      coro_only(coro_sleep(CORO_MS(3))),
                      coro_only(coro_queue_put(&self->queue, &item)),
                      coro_only(value_after(2, 2))));
    say("%ld %.1f %.1f %d %d at %ld", self->a, self->b.a, self->b.b, *(int *)self->c,
        self->buffer, now_ms());
    ASYNC_END;
}

Test(gather, takes_results_of_any_type_from_calls_of_any_kind)
{
    EQ(RUN(mixed()), 0);
    SAID("1 2 1 1.5 2.5 5 5 at 3");
}

ASYNC(two_of_an_array, ARGS(unsigned, options), VARS(long a, b; int error;),
      SCRATCH(coro_gather_item items[2];))
{
    ASYNC_BEGIN;
    self->items[0] = coro_into(&self->a, value_after(1, 1));
    self->items[1] = coro_into(&self->b, value_after(2, 2));
    if (self->options == 0)
        AWAIT_CATCH(self->error, coro_gather_array(self->items, 2, NULL));
    else
        AWAIT_CATCH(self->error, coro_gather_array_with(self->options, self->items, 2, NULL));
    HOLDS(self->error == 0 || self->error == CORO_ENOMEM);
    EQ(self->a + self->b, self->error == 0 ? 3 : 0);
    if (self->error != 0)
        ASYNC_THROW(self->error);
    ASYNC_END;
}

Test(gather, each_allocation_of_an_array_may_fail)
{
    int failures = 0;
    for (unsigned options = 0; options <= CORO_GATHER_CANCEL_REST; options++) {
        for (size_t n = 1;; n++) {
            static struct two_of_an_array frame;
            failures += RUN_FAILING(n, two_of_an_array_at(&frame, options)) == CORO_ENOMEM;
            if (memory.failed == 0)
                break;
        }
    }
    HOLDS(failures > 0);
}

ASYNC(nested, VARS(long a, b, c, d;))
{
    ASYNC_BEGIN;
    AWAIT(coro_gather(coro_only(coro_gather(coro_into(&self->a, value_after(1, 4)),
                                            coro_into(&self->b, value_after(2, 3)))),
                      coro_only(coro_gather(coro_into(&self->c, value_after(3, 2)),
                                            coro_into(&self->d, value_after(4, 1))))));
    say("= %ld %ld %ld %ld", self->a, self->b, self->c, self->d);
    ASYNC_END;
}

Test(gather, nests)
{
    EQ(RUN(nested()), 0);
    SAID("4 3 2 1 = 1 2 3 4");
}

ASYNC(with_limits, VARS(long a, b; int errors[2];))
{
    ASYNC_BEGIN;
    self->a = self->b = -1;
    AWAIT(coro_gather_errors(self->errors,
                             coro_into(&self->a, coro_wait_for(value_after(1, 10), CORO_MS(5))),
                             coro_into(&self->b, coro_wait_for(value_after(2, 10), CORO_MS(50)))));
    say("%d %ld, %d %ld", self->errors[0], self->a, self->errors[1], self->b);
    ASYNC_END;
}

Test(gather, passes_on_what_wait_for_passes_on)
{
    EQ(RUN(with_limits()), 0);
    SAID("2 -110 -1, 0 2");
}

ASYNC(array, VARS(coro_gather_item items[100]; long values[100]; int errors[100]; int i;))
{
    ASYNC_BEGIN;
    for (self->i = 0; self->i < 100; self->i++)
        self->items[self->i] = coro_into(&self->values[self->i],
                                         value_after(self->i % 10 == 3 ? CORO_EIO : self->i,
                                                     100 - self->i));
    AWAIT(coro_gather_array(self->items, 100, self->errors));
    for (self->i = 0; self->i < 100; self->i++) {
        EQ(self->errors[self->i], self->i % 10 == 3 ? CORO_EIO : 0);
        EQ(self->values[self->i], self->i % 10 == 3 ? 0 : self->i);
    }
    ASYNC_END;
}

Test(gather, takes_any_number)
{
    EQ(RUN(array()), 0);
}

/* --- results that nobody takes --------------------------------------------------------------- */

static void drop(int value)
{
    say("drop%d ", value);
}

ASYNC(opens, RETURNS(int, drop), ARGS(int, value, long, ms))
{
    ASYNC_BEGIN;
    AWAIT(coro_sleep(CORO_MS(self->ms)));
    if (self->value < 0)
        ASYNC_THROW(self->value);
    ASYNC_RETURN(self->value);
    ASYNC_END;
}

ASYNC(one_fails, VARS(int a, b, c, error;))
{
    ASYNC_BEGIN;
    self->a = self->b = self->c = 77;
    AWAIT_CATCH(self->error, coro_gather(coro_into(&self->a, opens(1, 1)),
                                         coro_into(&self->b, opens(CORO_EIO, 2)),
                                         coro_into(&self->c, opens(3, 3))));
    say("%d: %d %d %d ", self->error, self->a, self->b, self->c);
    AWAIT(coro_sleep(CORO_MS(5)));
    say("%d ", self->c);
    ASYNC_END;
}

Test(gather, that_fails_stores_nothing_and_drops_the_results_it_has)
{
    EQ(RUN(one_fails()), 0);
    SAID("drop1 -5: 77 77 77 drop3 77 ");
}

ASYNC(cancelled_after_one, VARS(int a, b, error; coro_scope limit;))
{
    ASYNC_BEGIN;
    self->a = self->b = 77;
    AWAIT_CATCH(self->error,
                coro_wait_for(coro_gather(coro_into(&self->a, opens(1, 1)),
                                          coro_into(&self->b, opens(2, 20))),
                              CORO_MS(5)));
    say("%d: %d %d ", self->error, self->a, self->b);
    ASYNC_END;
}

Test(gather, that_is_cancelled_drops_the_results_it_has)
{
    EQ(RUN(cancelled_after_one()), 0);
    SAID("drop1 -110: 77 77 ");
}

ASYNC(not_all_are_taken, VARS(int a, error; int errors[3];))
{
    ASYNC_BEGIN;
    AWAIT(coro_gather(coro_into(&self->a, opens(1, 1)), coro_only(opens(2, 2))));
    say("%d ", self->a);
    AWAIT(coro_gather_errors(self->errors, coro_into(&self->a, opens(3, 1)),
                             coro_only(opens(CORO_EIO, 2)), coro_only(opens(4, 3))));
    say("%d ", self->a);
    ASYNC_END;
}

Test(gather, drops_what_nobody_wants)
{
    EQ(RUN(not_all_are_taken()), 0);
    SAID("drop2 1 drop4 3 ");
}

/* --- cancel ---------------------------------------------------------------------------------- */

ASYNC(cleans_up, ARGS(int, number, long, ms))
{
    ASYNC_BEGIN;
    AWAIT(coro_sleep(CORO_SECONDS(1)));
  ASYNC_FINALLY:
    AWAIT(coro_sleep(CORO_MS(self->ms)));
    say("%d@%ld ", self->number, now_ms());
    ASYNC_END;
}

ASYNC(gathers_three)
{
    ASYNC_BEGIN;
    AWAIT(coro_gather(coro_only(cleans_up(1, 5)), coro_only(cleans_up(2, 9)),
                      coro_only(cleans_up(3, 0))));
    ASYNC_END;
}

Test(gather, a_cancel_reaches_all_and_the_await_ends_when_they_have_ended)
{
    RUN_CANCELLED(gathers_three(), 10, -1);
    SAID("3@10 1@15 2@19 => -125 at 19");
}

ASYNC(gathers_in_finally, VARS(long a, b;))
{
    ASYNC_BEGIN;
    AWAIT(coro_sleep(CORO_SECONDS(1)));
  ASYNC_FINALLY:
    AWAIT(coro_gather(coro_into(&self->a, value_after(1, 1)),
                      coro_into(&self->b, value_after(2, 2))));
    say("%ld %ld ", self->a, self->b);
    ASYNC_END;
}

Test(gather, works_in_a_finally)
{
    RUN_CANCELLED(gathers_in_finally(), 10, -1);
    SAID("1 2 1 2 => -125 at 12");
}

ASYNC(swallows, RETURNS(long), ARGS(long, value), VARS(int error;))
{
    ASYNC_BEGIN;
    AWAIT_CATCH(self->error, coro_sleep(CORO_SECONDS(1)));
    ASYNC_RETURN(self->value);
    ASYNC_END;
}

ASYNC(gathers_swallowers, VARS(long a, b; int error;))
{
    ASYNC_BEGIN;
    AWAIT_CATCH(self->error, coro_gather(coro_into(&self->a, swallows(1)),
                                         coro_into(&self->b, swallows(2))));
    say("%d ", self->error);
    ASYNC_END;
}

/* asyncio: a gather that was cancelled ends cancelled, whatever its children make of it. */
Test(gather, a_cancel_is_not_swallowed_by_the_children)
{
    RUN_CANCELLED(gathers_swallowers(), 10, -1);
    SAID("-125 => 0 at 10");
}

ASYNC(fails_when_cancelled, ARGS(int, error), VARS(int caught;))
{
    ASYNC_BEGIN;
    AWAIT_CATCH(self->caught, coro_sleep(CORO_SECONDS(1)));
    ASYNC_THROW(self->error);
    ASYNC_END;
}

ASYNC(gathers_failing, ARGS(unsigned, options))
{
    ASYNC_BEGIN;
    AWAIT(coro_gather_with(self->options, NULL, coro_only(cleans_up(1, 5)),
                           coro_only(fails_when_cancelled(CORO_EIO)),
                           coro_only(fails_when_cancelled(CORO_EPIPE))));
    ASYNC_END;
}

/* As asyncio's; but it ends when all have. */
Test(gather, c054_an_error_in_the_clean_up_of_a_cancelled_child_is_the_outcome)
{
    RUN_CANCELLED(gathers_failing(0), 10, -1);
    RUN_CANCELLED(gathers_failing(CORO_GATHER_CANCEL_REST), 30, -1);
    SAID("1@15 => -5 at 151@35 => -5 at 35");
}

ASYNC(gathers_failing_errors, VARS(int errors[2], error;))
{
    ASYNC_BEGIN;
    AWAIT_CATCH(self->error,
                coro_gather_errors(self->errors, coro_only(cleans_up(1, 5)),
                                   coro_only(fails_when_cancelled(CORO_EIO))));
    say("%d: %d %d ", self->error, self->errors[0], self->errors[1]);
    ASYNC_END;
}

Test(gather, c054_with_errors_a_cancel_is_a_cancel_and_they_are_stored)
{
    RUN_CANCELLED(gathers_failing_errors(), 10, -1);
    SAID("1@15 -125: -125 -5 => 0 at 15");
}

ASYNC(fails_after, ARGS(long, ms))
{
    ASYNC_BEGIN;
    AWAIT(coro_sleep(CORO_MS(self->ms)));
    ASYNC_THROW(self->ms == 10 ? CORO_EIO : CORO_EPIPE);
    ASYNC_END;
}

ASYNC(gathers_inside)
{
    ASYNC_BEGIN;
    AWAIT(coro_gather(coro_only(fails_after(10)), coro_only(coro_sleep(CORO_MS(30)))));
    ASYNC_END;
}

ASYNC(gathers_a_gather, VARS(int error;))
{
    ASYNC_BEGIN;
    AWAIT_CATCH(self->error,
                coro_gather(coro_only(gathers_inside()), coro_only(fails_after(20))));
    say("%d@%ld ", self->error, now_ms());
    AWAIT(coro_sleep(CORO_MS(50))); /* what runs on is not heard */
    ASYNC_END;
}

Test(gather, c057_an_error_goes_through_a_gather_inside_and_the_rest_runs_on_unheard)
{
    EQ(RUN(gathers_a_gather()), 0);
    SAID("-5@10 ");
}
