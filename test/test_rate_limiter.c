/* SPDX-License-Identifier: MIT */
/*
 * test_rate_limiter.c: so many a second, first come first served, nothing lost by a cancel.
 */
#include "loop_fixture.h"

#include <coro/rate_limiter.h>

#include <signal.h>

SUITE(rate_limiter);

static coro_rate_limiter limiter;

ASYNC(takes, ARGS(const char *, name, unsigned, tokens, int, rounds), VARS(int error;))
{
    ASYNC_BEGIN;
    while (self->rounds-- > 0) {
        AWAIT_CATCH(self->error, coro_rate_limiter_acquire(&limiter, self->tokens));
        if (self->error != 0) {
            say("%s!%d@%ld ", self->name, self->error, now_ms());
            ASYNC_THROW(self->error);
        }
        say("%s@%ld ", self->name, now_ms());
    }
    ASYNC_END;
}

Test(rate_limiter, a_burst_goes_at_once_and_then_one_in_each_period)
{
    coro_rate_limiter_init(&limiter, 10, CORO_SECONDS(1), 3);
    EQ(RUN(takes("a", 1, 6)), 0);
    SAID("a@0 a@0 a@0 a@100 a@200 a@300 ");
}

ASYNC(pauses)
{
    ASYNC_BEGIN;
    AWAIT(takes("a", 1, 3));
    AWAIT(until_ms(150)); /* one and a half have come back */
    AWAIT(takes("b", 1, 2));
    AWAIT(until_ms(5000)); /* full: 3, not 48 */
    AWAIT(takes("c", 1, 4));
    ASYNC_END;
}

Test(rate_limiter, fills_while_nobody_takes_up_to_its_burst)
{
    coro_rate_limiter_init(&limiter, 10, CORO_SECONDS(1), 3);
    EQ(RUN(pauses()), 0);
    SAID("a@0 a@0 a@0 b@150 b@200 c@5000 c@5000 c@5000 c@5100 ");
}

ASYNC(in_line, VARS(coro_group group;))
{
    ASYNC_BEGIN;
    CORO_GROUP(self->group) {
        coro_group_create_task(&self->group, takes("a", 2, 2));
        coro_group_create_task(&self->group, takes("b", 4, 1));
        coro_group_create_task(&self->group, takes("c", 1, 2));
        AWAIT(until_ms(350));
        EQ(coro_rate_limiter_try_acquire(&limiter, 1), false); /* three are there, for b */
    }
    EQ(coro_rate_limiter_try_acquire(&limiter, 1), false);
    crunch(CORO_MS(100));
    EQ(coro_rate_limiter_try_acquire(&limiter, 5), false);
    EQ(coro_rate_limiter_try_acquire(&limiter, 1), true);
    EQ(coro_rate_limiter_try_acquire(&limiter, 1), false);
    EQ(coro_rate_limiter_try_acquire(&limiter, 0), true);
    ASYNC_END;
}

Test(rate_limiter, who_wants_many_is_not_overtaken)
{
    coro_rate_limiter_init(&limiter, 10, CORO_SECONDS(1), 4);
    EQ(RUN(in_line()), 0);
    SAID("a@0 a@0 b@400 c@500 c@600 ");
}

static coro_task *tasks[3];

ASYNC(cancels, ARGS(int, which), VARS(int i;))
{
    ASYNC_BEGIN;
    AWAIT(takes("x", 2, 1));
    tasks[0] = coro_create_task(takes("a", 2, 1));
    tasks[1] = coro_create_task(takes("b", 1, 1));
    tasks[2] = coro_create_task(takes("c", 1, 1));
    AWAIT(until_ms(50));
    coro_task_cancel(tasks[self->which]);
    AWAIT(until_ms(1000));
    for (self->i = 0; self->i < 3; self->i++)
        coro_task_release(tasks[self->i]);
    EQ(coro_rate_limiter_try_acquire(&limiter, 2), true);
    ASYNC_END;
}

Test(rate_limiter, a_cancelled_head_hands_on_its_turn_and_has_taken_nothing)
{
    coro_rate_limiter_init(&limiter, 10, CORO_SECONDS(1), 2);
    EQ(RUN(cancels(0)), 0);
    SAID("x@0 a!-125@50 b@100 c@200 ");
}

Test(rate_limiter, a_cancel_in_the_middle_of_the_line_leaves_the_order)
{
    coro_rate_limiter_init(&limiter, 10, CORO_SECONDS(1), 2);
    EQ(RUN(cancels(1)), 0);
    SAID("x@0 b!-125@50 a@200 c@300 ");
}

ASYNC(cancelled_in_time)
{
    ASYNC_BEGIN;
    AWAIT(takes("x", 1, 1));
    tasks[0] = coro_create_task(takes("a", 1, 1));
    AWAIT(until_ms(100)); /* began before its wait, so that this runs first */
    EQ(coro_task_cancel(tasks[0]), true);
    AWAIT(coro_task_join(tasks[0]));
    coro_task_release(tasks[0]);
    EQ(coro_rate_limiter_try_acquire(&limiter, 1), false);
    ASYNC_END;
}

Test(rate_limiter, tokens_that_have_come_beat_a_later_cancel)
{
    coro_rate_limiter_init(&limiter, 10, CORO_SECONDS(1), 1);
    EQ(RUN(cancelled_in_time()), 0);
    SAID("x@0 a@100 ");
}

ASYNC(times_out, VARS(int error;))
{
    ASYNC_BEGIN;
    AWAIT(takes("x", 2, 1));
    AWAIT_CATCH(self->error, coro_wait_for(coro_rate_limiter_acquire(&limiter, 2), CORO_MS(150)));
    say("%d@%ld ", self->error, now_ms());
    AWAIT(takes("y", 1, 1));
    ASYNC_END;
}

Test(rate_limiter, a_timeout_ends_the_wait_and_keeps_the_tokens)
{
    coro_rate_limiter_init(&limiter, 10, CORO_SECONDS(1), 2);
    EQ(RUN(times_out()), 0);
    SAID("x@0 -110@150 y@150 ");
}

Test(rate_limiter, more_than_the_bucket_holds_would_never_come)
{
    coro_rate_limiter_init(&limiter, 10, CORO_SECONDS(1), 3);
    EQ(RUN(takes("a", 4, 1)), CORO_EINVAL);
    EQ(RUN(takes("b", ~0u, 1)), CORO_EINVAL);
    EQ(RUN(takes("c", 3, 1)), 0);
    SAID("a!-22@0 b!-22@0 c@0 ");
}

ASYNC(takes_without_memory, VARS(int error;))
{
    ASYNC_BEGIN;
    exhaust_memory();
    AWAIT_CATCH(self->error, coro_rate_limiter_acquire(&limiter, 1));
    EQ(self->error, CORO_ENOMEM);
    EQ(coro_rate_limiter_try_acquire(&limiter, 2), true); /* nothing was taken */
    memory.fail_from = 0;
    ASYNC_END;
}

Test(rate_limiter, without_memory_nothing_is_taken)
{
    coro_rate_limiter_init(&limiter, 10, CORO_SECONDS(1), 2);
    open_loop();
    EQ(coro_loop_run_until_complete(&loop, takes_without_memory()), 0);
    coro_loop_close(&loop);
    EQ(memory.blocks, 0);
}

Test(rate_limiter, a_rate_beyond_the_clock_is_the_clocks)
{
    coro_rate_limiter_init(&limiter, 4000000000u, 1, 5);
    EQ(limiter.token, 1);
    EQ(RUN(takes("a", 1, 2)), 0);
}

#define TRAPS(name, count, period, burst)                                                          \
    Test(rate_limiter, name, .signal = SIGABRT)                                                    \
    {                                                                                              \
        coro_rate_limiter_init(&limiter, (count), (period), (burst));                              \
    }

TRAPS(no_tokens_at_all_traps, 0, CORO_SECONDS(1), 1)
TRAPS(no_time_at_all_traps, 1, 0, 1)
TRAPS(no_burst_at_all_traps, 1, CORO_SECONDS(1), 0)
TRAPS(a_bucket_that_takes_for_ever_to_fill_traps, 1, CORO_SECONDS(3600), 4000000000u)

Test(rate_limiter, try_acquire_outside_of_a_loop_traps, .signal = SIGABRT)
{
    coro_rate_limiter_init(&limiter, 1, CORO_SECONDS(1), 1);
    (void)coro_rate_limiter_try_acquire(&limiter, 1);
}
