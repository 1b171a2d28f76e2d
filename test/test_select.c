/* SPDX-License-Identifier: MIT */
/*
 * test_select.c: several calls at once, and the first one decides.
 */
#include "loop_fixture.h"

#include <coro/select.h>

SUITE(select);

static int dropped;

static void drop(int value)
{
    dropped++;
    say("drop%d ", value);
}

/* Its value after so many milliseconds; negative: an error. */
ASYNC(value_after, RETURNS(int, drop), ARGS(int, value, long, ms))
{
    ASYNC_BEGIN;
    AWAIT(coro_sleep(CORO_MS(self->ms)));
    if (self->value < 0)
        ASYNC_THROW(self->value);
    ASYNC_RETURN(self->value);
    ASYNC_END;
}

/* As above; cancelled, it cleans up for a while. */
ASYNC(tidy, RETURNS(int, drop), ARGS(int, value, long, ms, long, clean_up_ms))
{
    ASYNC_BEGIN;
    AWAIT(coro_sleep(CORO_MS(self->ms)));
    ASYNC_RETURN(self->value);
  ASYNC_FINALLY:
    AWAIT(coro_sleep(CORO_MS(self->clean_up_ms)));
    ASYNC_END;
}

/* --- select ----------------------------------------------------------------------------------- */

ASYNC(selects, ARGS(int, first, long, first_ms, int, second, long, second_ms),
      VARS(int a, b; int error; size_t which;))
{
    ASYNC_BEGIN;
    self->a = self->b = 77;
    self->which = 99;
    AWAIT_CATCH(self->error, self->which,
                coro_select(coro_into(&self->a, value_after(self->first, self->first_ms)),
                            coro_into(&self->b, tidy(self->second, self->second_ms, 5))));
    say("%d: %zu %d %d at %ld, ", self->error, self->which, self->a, self->b, now_ms());
    EQ(loop.task_count, 1); /* nobody is left behind */
    ASYNC_END;
}

Test(select, gives_the_first_that_ends_and_waits_for_the_clean_up_of_the_others)
{
    EQ(RUN(selects(1, 10, 2, 20)), 0);
    EQ(RUN(selects(1, 20, 2, 5)), 0);
    SAID("0: 0 1 77 at 15, 0: 1 77 2 at 25, ");
}

Test(select, fails_when_the_first_that_ends_has_failed)
{
    EQ(RUN(selects(CORO_EIO, 10, 2, 20)), 0);
    SAID("-5: 99 77 77 at 15, ");
}

/* Both are woken in one turn, so that both have their value when the first one wins. */
Test(select, drops_what_a_loser_has_brought_all_the_same)
{
    EQ(RUN(selects(1, 10, 2, 5)), 0);
    SAID("drop2 0: 0 1 77 at 10, ");
}

ASYNC(selects_errors, ARGS(int, first, long, first_ms, int, second, long, second_ms),
      VARS(int a, b; int error; size_t which; int errors[2];))
{
    ASYNC_BEGIN;
    self->a = self->b = 77;
    AWAIT_CATCH(self->error, self->which,
                coro_select_errors(self->errors,
                                   coro_into(&self->a, value_after(self->first, self->first_ms)),
                                   coro_into(&self->b,
                                             value_after(self->second, self->second_ms))));
    say("%d: %zu %d/%d %d/%d, ", self->error, self->which, self->a, self->errors[0], self->b,
        self->errors[1]);
    ASYNC_END;
}

Test(select, with_errors_stores_all_that_ended_well_and_says_which)
{
    EQ(RUN(selects_errors(1, 10, 2, 20)), 0);
    EQ(RUN(selects_errors(1, 10, 2, 10)), 0); /* in the same turn */
    EQ(RUN(selects_errors(1, 20, CORO_EPIPE, 10)), 0);
    EQ(RUN(selects_errors(CORO_EIO, 10, 2, 10)), 0);
    SAID("0: 0 1/0 77/-125, 0: 0 1/0 2/0, 0: 1 77/-125 77/-32, 0: 0 77/-5 2/0, ");
}

/* --- nothing is lost -------------------------------------------------------------------------- */

ASYNC(gets_from_two, VARS(coro_queue q[2]; int places[2], got[2]; int errors[2]; int i, sum;
                          size_t which; coro_task *putter;))
{
    ASYNC_BEGIN;
    for (self->i = 0; self->i < 2; self->i++)
        coro_queue_init(&self->q[self->i], &self->places[self->i], sizeof(int), 1);
    for (self->i = 1; self->i <= 100; self->i++) {
        EQ(coro_queue_put_nowait(&self->q[self->i % 2], &self->i), 0);
        if (self->i % 3 == 0)
            EQ(coro_queue_put_nowait(&self->q[1 - self->i % 2], &self->i), 0);
        do {
            AWAIT(self->which, coro_select_errors(
                      self->errors, coro_only(coro_queue_get(&self->q[0], &self->got[0])),
                      coro_only(coro_queue_get(&self->q[1], &self->got[1]))));
            for (int i = 0; i < 2; i++)
                self->sum += self->errors[i] == 0 ? self->got[i] : 0;
        } while (!coro_queue_empty(&self->q[0]) || !coro_queue_empty(&self->q[1]));
    }
    EQ(self->sum, 100 * 101 / 2 + 3 * (33 * 34 / 2));
    ASYNC_END;
}

Test(select, of_two_queues_loses_no_item)
{
    EQ(RUN(gets_from_two()), 0);
}

ASYNC(putter, ARGS(coro_queue *, a, coro_queue *, b), VARS(int item;))
{
    ASYNC_BEGIN;
    AWAIT(coro_sleep(CORO_MS(1)));
    self->item = 5;
    EQ(coro_queue_put_nowait(self->a, &self->item), 0);
    EQ(coro_queue_put_nowait(self->b, &self->item), 0);
    ASYNC_END;
}

ASYNC(both_arrive, VARS(coro_queue a, b; int places[2], got[2]; int errors[2]; size_t which;
                        coro_task *task;))
{
    ASYNC_BEGIN;
    coro_queue_init(&self->a, &self->places[0], sizeof(int), 1);
    coro_queue_init(&self->b, &self->places[1], sizeof(int), 1);
    self->task = coro_create_task(putter(&self->a, &self->b));
    AWAIT(self->which,
          coro_select_errors(self->errors, coro_only(coro_queue_get(&self->b, &self->got[1])),
                             coro_only(coro_queue_get(&self->a, &self->got[0]))));
    say("%d %d, %d %d", self->errors[0], self->errors[1], self->got[0], self->got[1]);
    coro_task_release(self->task);
    ASYNC_END;
}

Test(select, takes_both_items_that_were_handed_over_in_one_turn)
{
    EQ(RUN(both_arrive()), 0);
    SAID("0 0, 5 5");
}

/* --- race ------------------------------------------------------------------------------------- */

ASYNC(races, ARGS(int, first, int, second, int, third),
      VARS(int v[3]; int error; size_t which; int errors[3];))
{
    ASYNC_BEGIN;
    self->which = 99;
    AWAIT_CATCH(self->error, self->which,
                coro_race(coro_into(&self->v[0], value_after(self->first, 30)),
                          coro_into(&self->v[1], value_after(self->second, 10)),
                          coro_into(&self->v[2], value_after(self->third, 20))));
    say("%d: %zu %d%d%d, ", self->error, self->which, self->v[0], self->v[1], self->v[2]);
    AWAIT(self->which,
          coro_race_errors(self->errors,
                           coro_into(&self->v[0], value_after(self->first, 30)),
                           coro_into(&self->v[1], value_after(self->second, 10)),
                           coro_into(&self->v[2], value_after(self->third, 20))));
    say("%zu %d %d %d ", self->which, self->errors[0], self->errors[1], self->errors[2]);
    ASYNC_END;
}

Test(select, a_race_is_won_by_the_first_that_ends_well)
{
    EQ(RUN(races(1, CORO_EIO, 3)), 0);
    SAID("0: 2 003, 2 -125 -5 0 ");
}

Test(select, a_race_that_nobody_wins_fails_with_the_first_error)
{
    EQ(RUN(races(CORO_EPIPE, CORO_EIO, CORO_EPERM)), 0);
    SAID("-5: 99 000, 3 -32 -5 -1 ");
}

/* --- none, one, many -------------------------------------------------------------------------- */

ASYNC(counts, VARS(size_t which; int error; int a; coro_gather_item items[100]; int i;))
{
    ASYNC_BEGIN;
    AWAIT_CATCH(self->error, self->which, coro_select());
    EQ(self->error, CORO_EINVAL);
    AWAIT_CATCH(self->error, self->which, coro_race());
    EQ(self->error, CORO_EINVAL);
    AWAIT(coro_gather());
    AWAIT(self->which, coro_select(coro_into(&self->a, value_after(4, 0))));
    EQ(self->which, 0);
    EQ(self->a, 4);
    for (self->i = 0; self->i < 100; self->i++)
        self->items[self->i] = coro_into(&self->a, value_after(self->i, 1 + (self->i + 50) % 100));
    AWAIT(self->which, coro_race_array(self->items, 100, NULL));
    EQ(self->which, 50);
    EQ(self->a, 50);
    for (self->i = 0; self->i < 100; self->i++)
        self->items[self->i] = coro_only(coro_sleep(CORO_MS(100 - self->i)));
    AWAIT(self->which, coro_select_array(self->items, 100, NULL));
    EQ(self->which, 99);
    coro_discard(coro_select(coro_only(value_after(1, 1)), coro_only(coro_yield())));
    ASYNC_END;
}

Test(select, takes_any_number_but_none)
{
    EQ(RUN(counts()), 0);
}

/* --- cancel ----------------------------------------------------------------------------------- */

ASYNC(selects_long, ARGS(long, clean_up_ms), VARS(int a, b; size_t which;))
{
    ASYNC_BEGIN;
    AWAIT(self->which, coro_select(coro_into(&self->a, tidy(1, 100, self->clean_up_ms)),
                                   coro_into(&self->b, tidy(2, 120, 5))));
    say("won %zu at %ld ", self->which, now_ms());
    AWAIT(coro_yield());
    say("never ");
    ASYNC_END;
}

Test(select, a_cancel_reaches_all_and_the_await_ends_when_they_have_ended)
{
    RUN_CANCELLED(selects_long(30), 10, -1);
    SAID("=> -125 at 40");
}

/* The first is at its own clean-up when the cancel comes; its value counts. */
Test(select, a_cancel_after_the_first_end_does_not_take_the_value_away)
{
    RUN_CANCELLED(selects_long(0), 102, -1);
    SAID("won 0 at 102 => -125 at 102");
}

ASYNC(wakes_and_cancels, VARS(coro_task *task; int error;))
{
    ASYNC_BEGIN;
    self->task = coro_create_task(selects_long(0));
    AWAIT(coro_sleep(CORO_MS(100))); /* the arm's sleep is over too, and it has not run yet */
    coro_task_cancel(self->task);
    AWAIT_CATCH(self->error, coro_task_join(self->task));
    say("%d", self->error);
    coro_task_release(self->task);
    ASYNC_END;
}

Test(select, a_value_that_had_arrived_beats_the_cancel)
{
    EQ(RUN(wakes_and_cancels()), 0);
    SAID("won 0 at 100 -125");
}

ASYNC(limited, VARS(int a; size_t which;))
{
    ASYNC_BEGIN;
    AWAIT(self->which, coro_wait_for(coro_select(coro_into(&self->a, value_after(1, 100)),
                                                 coro_only(coro_sleep(CORO_FOREVER))),
                                     CORO_MS(10)));
    ASYNC_END;
}

Test(select, may_have_a_limit)
{
    EQ(RUN(limited()), CORO_ETIMEDOUT);
}

/* --- memory ----------------------------------------------------------------------------------- */

ASYNC(short_of_memory, VARS(int a, b, error; size_t which; int errors[2];))
{
    ASYNC_BEGIN;
    AWAIT_CATCH(self->error, self->which,
                coro_select_errors(self->errors, coro_into(&self->a, value_after(1, 10)),
                                   coro_into(&self->b, tidy(2, 20, 5))));
    HOLDS(self->error == 0 || self->error == CORO_ENOMEM);
    if (self->error != 0)
        memory.fail_at = 0;
    EQ(loop.task_count, 1);
    ASYNC_END;
}

Test(select, each_allocation_may_fail)
{
    static struct short_of_memory frame;
    FAIL_EACH_ALLOCATION(short_of_memory_at(&frame));
}

/* --- gather's option -------------------------------------------------------------------------- */

ASYNC(gathers, ARGS(int, value, bool, with_errors),
      VARS(int a, b, c, error; int errors[3];))
{
    ASYNC_BEGIN;
    self->a = self->b = self->c = 77;
    AWAIT_CATCH(self->error,
                coro_gather_with(CORO_GATHER_CANCEL_REST, self->with_errors ? self->errors : NULL,
                                 coro_into(&self->a, value_after(1, 5)),
                                 coro_into(&self->b, value_after(self->value, 10)),
                                 coro_into(&self->c, tidy(3, 20, 7))));
    say("%d: %d/%d %d/%d %d/%d at %ld, ", self->error, self->a, self->errors[0], self->b,
        self->errors[1], self->c, self->errors[2], now_ms());
    EQ(loop.task_count, 1);
    ASYNC_END;
}

Test(select, gather_may_cancel_the_rest_at_the_first_error_and_wait_for_it)
{
    EQ(RUN(gathers(CORO_EIO, false)), 0);
    SAID("drop1 -5: 77/0 77/0 77/0 at 17, ");
}

Test(select, gather_may_cancel_the_rest_and_tell_each_error)
{
    EQ(RUN(gathers(CORO_EIO, true)), 0);
    EQ(RUN(gathers(2, true)), 0);
    SAID("0: 1/0 77/-5 77/-125 at 17, 0: 1/0 2/0 3/0 at 44, ");
}
