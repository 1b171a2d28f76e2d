/* SPDX-License-Identifier: MIT */
/*
 * test_interval.c: ticks a period apart, whatever happens between them.
 */
#include "loop_fixture.h"

#include <coro/interval.h>

#include <signal.h>

SUITE(interval);

static coro_interval interval;

/* Ticks with so much work after each of the first ones. */
ASYNC(ticks, ARGS(int, count, const long *, work), VARS(int i; size_t n;))
{
    ASYNC_BEGIN;
    for (self->i = 0; self->i < self->count; self->i++) {
        AWAIT(self->n, coro_interval_tick(&interval));
        say("%zu@%ld ", self->n, now_ms());
        if (self->work != NULL)
            crunch(CORO_MS(self->work[self->i]));
    }
    ASYNC_END;
}

Test(interval, the_first_tick_is_at_once_and_the_others_a_period_apart)
{
    coro_interval_init(&interval, CORO_MS(10), CORO_MISSED_BURST);
    EQ(RUN(ticks(4, NULL)), 0);
    SAID("1@0 1@10 1@20 1@30 ");
}

static const long work[] = {3, 9, 0, 5, 0};

Test(interval, work_between_ticks_does_not_make_them_drift)
{
    interval = (coro_interval)CORO_INTERVAL_INIT(CORO_MS(10), CORO_MISSED_DELAY);
    EQ(RUN(ticks(5, work)), 0);
    SAID("1@0 1@10 1@20 1@30 1@40 ");
}

static const long busy[] = {25, 0, 0, 0, 0, 0};

Test(interval, burst_gives_missed_ticks_at_once)
{
    coro_interval_init(&interval, CORO_MS(10), CORO_MISSED_BURST);
    EQ(RUN(ticks(6, busy)), 0);
    SAID("1@0 1@25 1@25 1@30 1@40 1@50 ");
}

Test(interval, skip_leaves_missed_ticks_out_and_counts_them)
{
    coro_interval_init(&interval, CORO_MS(10), CORO_MISSED_SKIP);
    EQ(RUN(ticks(5, busy)), 0);
    SAID("1@0 2@25 1@30 1@40 1@50 ");
}

Test(interval, delay_shifts_all_that_follow)
{
    coro_interval_init(&interval, CORO_MS(10), CORO_MISSED_DELAY);
    EQ(RUN(ticks(5, busy)), 0);
    SAID("1@0 1@25 1@35 1@45 1@55 ");
}

static const long periods[] = {20, 0, 0};

Test(interval, a_tick_that_is_exactly_a_period_late_was_missed)
{
    coro_interval_init(&interval, CORO_MS(10), CORO_MISSED_SKIP);
    EQ(RUN(ticks(3, periods)), 0);
    SAID("1@0 2@20 1@30 ");
}

ASYNC(late_wake, VARS(size_t n;))
{
    ASYNC_BEGIN;
    AWAIT(coro_sleep(CORO_MS(5)));
    crunch(CORO_MS(38)); /* while the ticker waits: 10, 20, 30 and 40 are past */
    ASYNC_END;
}

ASYNC(ticks_beside, VARS(coro_group group;))
{
    ASYNC_BEGIN;
    CORO_GROUP(self->group) {
        coro_group_create_task(&self->group, ticks(4, NULL));
        coro_group_create_task(&self->group, late_wake());
    }
    ASYNC_END;
}

Test(interval, what_others_delayed_is_missed_as_well)
{
    coro_interval_init(&interval, CORO_MS(10), CORO_MISSED_SKIP);
    EQ(RUN(ticks_beside()), 0);
    SAID("1@0 4@43 1@50 1@60 ");
}

static int others_turns;

ASYNC(a_second_counter)
{
    ASYNC_BEGIN;
    for (;;) {
        AWAIT(coro_yield());
        others_turns++;
    }
    ASYNC_END;
}

ASYNC(bursts, VARS(coro_task *other; int i; size_t n;))
{
    ASYNC_BEGIN;
    self->other = coro_create_task(a_second_counter());
    AWAIT(self->n, coro_interval_tick(&interval));
    crunch(CORO_MS(100));
    for (self->i = 0; self->i < 10; self->i++)
        AWAIT(self->n, coro_interval_tick(&interval));
    HOLDS(others_turns >= 10);
    EQ(now_ms(), 100);
    coro_task_cancel(self->other);
    coro_task_release(self->other);
    ASYNC_END;
}

Test(interval, others_have_turns_between_ticks_that_are_late)
{
    coro_interval_init(&interval, CORO_MS(10), CORO_MISSED_BURST);
    EQ(RUN(bursts()), 0);
}

ASYNC(resets, VARS(size_t n;))
{
    ASYNC_BEGIN;
    coro_interval_init(&interval, CORO_MS(10), CORO_MISSED_BURST);
    coro_interval_reset(&interval);
    AWAIT(self->n, coro_interval_tick(&interval));
    say("%ld ", now_ms());
    crunch(CORO_MS(4));
    coro_interval_reset(&interval);
    AWAIT(self->n, coro_interval_tick(&interval));
    say("%ld ", now_ms());
    coro_interval_start_at(&interval, coro_loop_time(coro_loop_current()) + CORO_MS(3));
    AWAIT(ticks(2, NULL));
    ASYNC_END;
}

Test(interval, may_be_set_anew)
{
    EQ(RUN(resets()), 0);
    SAID("10 24 1@27 1@37 ");
}

ASYNC(times_out, VARS(int error; size_t n;))
{
    ASYNC_BEGIN;
    AWAIT(self->n, coro_interval_tick(&interval));
    AWAIT_CATCH(self->error, self->n, coro_wait_for(coro_interval_tick(&interval), CORO_MS(4)));
    say("%d@%ld ", self->error, now_ms());
    AWAIT(ticks(2, NULL));
    ASYNC_END;
}

Test(interval, a_cancelled_tick_is_still_to_come)
{
    coro_interval_init(&interval, CORO_MS(10), CORO_MISSED_SKIP);
    EQ(RUN(times_out()), 0);
    SAID("-110@4 1@10 1@20 ");
    said_size = 0;
    coro_interval_init(&interval, CORO_MS(10), CORO_MISSED_SKIP);
    RUN_CANCELLED(ticks(9, NULL), 36, -1); /* the clock went on from 20 */
    SAID("1@20 1@30 => -125 at 36");
}

Test(interval, needs_a_positive_period)
{
    coro_interval_init(&interval, 0, CORO_MISSED_BURST);
    EQ(RUN(ticks(1, NULL)), CORO_EINVAL);
    coro_interval_init(&interval, -1, CORO_MISSED_SKIP);
    EQ(RUN(ticks(1, NULL)), CORO_EINVAL);
}

Test(interval, a_reset_outside_of_a_loop_traps, .signal = SIGABRT)
{
    coro_interval_init(&interval, CORO_MS(1), CORO_MISSED_BURST);
    coro_interval_reset(&interval);
}

ASYNC(needs_memory, ARGS(size_t, fail), VARS(int error; size_t n; char large[2000];))
{
    ASYNC_BEGIN;
    coro_interval_init(&interval, CORO_MS(10), CORO_MISSED_BURST);
    AWAIT(self->n, coro_interval_tick(&interval));
    while (loop.pool.chunk_end - loop.pool.chunk >= 16) /* all but what must be asked for */
        loop.pool.chunk += 16;
    for (int i = 0; i <= CORO_POOL_CLASSES; i++)
        loop.pool.free[i] = NULL;
    memory.fail_from = memory.calls + 1;
    AWAIT_CATCH(self->error, self->n, coro_interval_tick(&interval));
    EQ(self->error, CORO_ENOMEM);
    memory.fail_from = 0;
    AWAIT(ticks(1, NULL));
    ASYNC_END;
}

Test(interval, no_memory_for_a_tick_is_an_error_and_the_tick_is_still_to_come)
{
    EQ(RUN(needs_memory(0)), 0);
    SAID("1@10 ");
}
