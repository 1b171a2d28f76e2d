/* SPDX-License-Identifier: MIT */
/*
 * test_staggered.c: ways to one thing, tried one after another.
 */
#include "loop_fixture.h"

#include <coro/staggered.h>

SUITE(staggered);

static void drop(int value)
{
    say("drop%d ", value);
}

ASYNC(dial, RETURNS(int, drop), ARGS(int, value, long, ms), VARS(bool well;))
{
    ASYNC_BEGIN;
    say("%d@%ld ", self->value, now_ms());
    AWAIT(coro_sleep(CORO_MS(self->ms)));
    if (self->value < 0)
        ASYNC_THROW(self->value);
    self->well = true;
    ASYNC_RETURN(self->value);
  ASYNC_FINALLY:
    if (!self->well && self->value > 0)
        AWAIT(coro_sleep(CORO_MS(3)));
    ASYNC_END;
}

ASYNC(tries, ARGS(coro_duration, delay, int, a, int, b, int, c, long, ms),
      VARS(int value, error; size_t which; int errors[3];))
{
    ASYNC_BEGIN;
    self->which = 99;
    AWAIT_CATCH(self->error, self->which,
                coro_staggered_race_errors(self->delay, self->errors,
                                           coro_into(&self->value, dial(self->a, self->ms)),
                                           coro_into(&self->value, dial(self->b, self->ms)),
                                           coro_into(&self->value, dial(self->c, self->ms))));
    say("=> %d: %zu %d [%d %d %d] at %ld ", self->error, self->which, self->value,
        self->errors[0], self->errors[1], self->errors[2], now_ms());
    EQ(loop.task_count, 1);
    ASYNC_END;
}

/* c136 */
Test(staggered, c136_the_next_starts_when_the_one_before_it_has_failed)
{
    EQ(RUN(tries(CORO_MS(100), CORO_EIO, 2, 3, 10)), 0);
    SAID("-5@0 2@10 => 0: 1 2 [-5 0 -1004] at 20 ");
}

Test(staggered, c136_the_next_starts_after_the_delay)
{
    EQ(RUN(tries(CORO_MS(10), 1, 2, 3, 15)), 0);
    SAID("1@0 2@10 => 0: 0 1 [0 -125 -1004] at 18 ");
}

Test(staggered, c136_nobody_wins_and_all_errors_are_there)
{
    EQ(RUN(tries(CORO_MS(10), CORO_EIO, CORO_EPERM, CORO_EPIPE, 15)), 0);
    SAID("-5@0 -1@10 -32@20 => 0: 3 0 [-5 -1 -32] at 35 ");
}

Test(staggered, c136_of_several_winners_at_one_time_the_first_counts)
{
    EQ(RUN(tries(0, 1, 2, 3, 10)), 0);
    SAID("1@0 2@0 3@0 drop2 drop3 => 0: 0 1 [0 -125 -125] at 10 ");
}

Test(staggered, without_a_delay_waits_for_each_failure)
{
    EQ(RUN(tries(CORO_FOREVER, CORO_EIO, CORO_EPERM, 3, 1000)), 0);
    SAID("-5@0 -1@1000 3@2000 => 0: 2 3 [-5 -1 0] at 3000 ");
}

ASYNC(cancelled, VARS(int value; size_t which;))
{
    ASYNC_BEGIN;
    AWAIT(self->which, coro_staggered_race(CORO_MS(10), coro_into(&self->value, dial(1, 50)),
                                           coro_into(&self->value, dial(2, 50)),
                                           coro_into(&self->value, dial(3, 50))));
    say("won %d ", self->value);
    AWAIT(coro_yield());
    say("never ");
    ASYNC_END;
}

Test(staggered, c136_a_cancel_waits_for_all)
{
    RUN_CANCELLED(cancelled(), 5, -1);
    RUN_CANCELLED(cancelled(), 23, -1);
    RUN_CANCELLED(cancelled(), 0, -1);
    SAID("1@0 => -125 at 8"
         "1@8 2@18 => -125 at 26"
         "1@26 => -125 at 29");
}

/* In the pause, and in the wait for the losers, when one has won. */
Test(staggered, a_cancel_after_the_win_does_not_take_it_away)
{
    RUN_CANCELLED(cancelled(), 51, -1);
    SAID("1@0 2@10 3@20 won 1 => -125 at 51");
}

ASYNC(plain, ARGS(int, a, int, b), VARS(int value, error; size_t which;))
{
    ASYNC_BEGIN;
    AWAIT_CATCH(self->error, self->which,
                coro_staggered_race(CORO_MS(10), coro_into(&self->value, dial(self->a, 5)),
                                    coro_into(&self->value, dial(self->b, 5))));
    say("=> %d %d ", self->error, self->value);
    ASYNC_END;
}

Test(staggered, without_errors_fails_with_the_first)
{
    EQ(RUN(plain(CORO_EIO, CORO_EPERM)), 0);
    EQ(RUN(plain(CORO_EIO, 2)), 0);
    SAID("-5@0 -1@5 => -5 0 -5@10 2@15 => 0 2 ");
}

ASYNC(misuse, VARS(size_t which; int error;))
{
    ASYNC_BEGIN;
    AWAIT_CATCH(self->error, self->which,
                coro_staggered_race_array(CORO_MS(1), NULL, 0, NULL));
    EQ(self->error, CORO_EINVAL);
    AWAIT_CATCH(self->error, self->which,
                coro_staggered_race(CORO_DURATION_INVALID, coro_only(dial(1, 1))));
    EQ(self->error, CORO_EINVAL);
    coro_discard(coro_staggered_race(CORO_MS(1), coro_only(dial(1, 1)), coro_only(dial(2, 1))));
    ASYNC_END;
}

Test(staggered, of_nothing_or_with_no_delay_at_all_is_an_error)
{
    EQ(RUN(misuse()), 0);
    SAID("");
}

Test(staggered, each_allocation_may_fail)
{
    static struct plain frame;
    FAIL_EACH_ALLOCATION(plain_at(&frame, CORO_EIO, 2));
    if (!CORO_POOL_LISTS_) /* each frame is an allocation: one of them was the race's own */
        HOLDS(strstr(said, "=> -12 ") != NULL);
}
