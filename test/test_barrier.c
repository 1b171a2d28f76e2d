/* SPDX-License-Identifier: MIT */
/*
 * test_barrier.c: all wait for each other, then go on with indices of their own.
 */
#include "sync_fixture.h"

#include <signal.h>

SUITE(barrier);

static coro_barrier barrier;
static coro_task *tasks[6];

ASYNC(party, ARGS(char, name), VARS(size_t index; int error;))
{
    ASYNC_BEGIN;
    self->index = 99;
    AWAIT_CATCH(self->error, self->index, coro_barrier_wait(&barrier));
    if (self->error != 0)
        say("%c!%d ", self->name, self->error);
    else
        say("%c%d ", self->name, (int)self->index);
    ASYNC_END;
}

static void start(int from, int count)
{
    for (int i = from; i < from + count; i++)
        tasks[i] = coro_create_task(party((char)('a' + i)));
}

ASYNC(joins, VARS(int i;))
{
    ASYNC_BEGIN;
    for (self->i = 0; self->i < 6; self->i++) {
        if (tasks[self->i] == NULL)
            continue;
        AWAIT(coro_task_join(tasks[self->i]));
        coro_task_release(tasks[self->i]);
        tasks[self->i] = NULL;
    }
    ASYNC_END;
}

ASYNC(fills, ARGS(int, count))
{
    ASYNC_BEGIN;
    start(0, self->count - 1);
    AWAIT(coro_yield());
    EQ(coro_barrier_n_waiting(&barrier), self->count - 1);
    if (self->count > 1) {
        cr_assert(eq(str, TEXT(tasks[0]->wait_type->verb), TEXT("barrier")));
        EQ(tasks[0]->wait.object == &barrier, true);
    }
    AWAIT(party('z')); /* the last one: does not suspend */
    EQ(coro_barrier_n_waiting(&barrier), 0);
    AWAIT(joins());
    ASYNC_END;
}

Test(barrier, lets_all_go_when_the_last_has_come_and_then_again)
{
    coro_barrier fresh = CORO_BARRIER_INIT(4);
    EQ(coro_barrier_parties(&fresh), 4);
    EQ(coro_barrier_n_waiting(&fresh), 0);
    EQ(coro_barrier_broken(&fresh), false);
    barrier = fresh;
    EQ(RUN(fills(4)), 0);
    EQ(RUN(fills(4)), 0);
    SAID("z3 a0 b1 c2 z3 a0 b1 c2 ");
}

Test(barrier, of_one_never_waits)
{
    coro_barrier_init(&barrier, 1);
    EQ(RUN(fills(1)), 0);
    EQ(RUN(fills(1)), 0);
    SAID("z0 z0 ");
}

Test(barrier, of_none_traps, .signal = SIGABRT)
{
    coro_barrier_init(&barrier, 0);
}

/* Two rounds at once: who comes when the first has been let go belongs to the second. */
ASYNC(two_rounds)
{
    ASYNC_BEGIN;
    start(0, 6);
    AWAIT(coro_yield());
    EQ(coro_barrier_n_waiting(&barrier), 0);
    AWAIT(joins());
    ASYNC_END;
}

Test(barrier, is_ready_for_the_next_round_before_the_last_one_has_run)
{
    coro_barrier_init(&barrier, 3);
    EQ(RUN(two_rounds()), 0);
    SAID("c2 f2 a0 b1 d0 e1 ");
}

/* --- cancel ----------------------------------------------------------------------------------- */

ASYNC(cancels_one, ARGS(bool, after))
{
    ASYNC_BEGIN;
    start(0, 2);
    AWAIT(coro_yield());
    if (!self->after) {
        coro_task_cancel(tasks[0]);
        EQ(coro_barrier_n_waiting(&barrier), 1);
        start(2, 1);
        AWAIT(coro_yield());
        EQ(coro_barrier_n_waiting(&barrier), 2);
    }
    AWAIT(party('z'));
    if (self->after)
        coro_task_cancel(tasks[0]);
    AWAIT(joins());
    ASYNC_END;
}

Test(barrier, who_is_cancelled_has_not_come)
{
    coro_barrier_init(&barrier, 3);
    EQ(RUN(cancels_one(false)), 0);
    SAID("a!-125 z2 b0 c1 ");
}

Test(barrier, who_was_let_go_has_passed_though_cancelled_later)
{
    coro_barrier_init(&barrier, 3);
    EQ(RUN(cancels_one(true)), 0);
    SAID("z2 a0 b1 ");
}

ASYNC(cancelled_before, VARS(int error; size_t index;))
{
    ASYNC_BEGIN;
    coro_task_cancel(coro_current_task());
    AWAIT_CATCH(self->error, self->index, coro_barrier_wait(&barrier));
    EQ(self->error, CORO_ECANCELED);
    ASYNC_END;
}

Test(barrier, a_cancelled_task_does_not_come)
{
    coro_barrier_init(&barrier, 1);
    EQ(RUN(cancelled_before()), 0);
    EQ(coro_barrier_n_waiting(&barrier), 0);
}

Test(barrier, a_wait_for_the_others_times_out_and_leaves_no_trace)
{
    coro_barrier_init(&barrier, 2);
    EQ(RUN(coro_wait_for(coro_barrier_wait(&barrier), CORO_MS(3))), CORO_ETIMEDOUT);
    EQ(coro_barrier_n_waiting(&barrier), 0);
    EQ(RUN_LOUD(coro_barrier_wait(&barrier)), CORO_EDEADLK);
    EQ(coro_barrier_n_waiting(&barrier), 0);
}

/* --- broken ----------------------------------------------------------------------------------- */

ASYNC(breaks, ARGS(bool, abort))
{
    ASYNC_BEGIN;
    start(0, 2);
    AWAIT(coro_yield());
    if (self->abort)
        coro_barrier_abort(&barrier);
    else
        coro_barrier_reset(&barrier);
    EQ(coro_barrier_broken(&barrier), self->abort);
    EQ(coro_barrier_n_waiting(&barrier), 0);
    coro_task_cancel(tasks[1]); /* too late: it has its answer */
    AWAIT(joins());
    say("| ");
    start(0, 3);
    AWAIT(joins());
    if (self->abort) {
        coro_barrier_reset(&barrier);
        EQ(coro_barrier_broken(&barrier), false);
        say("| ");
        start(0, 3);
        AWAIT(joins());
    }
    ASYNC_END;
}

Test(barrier, a_reset_fails_who_waits_and_begins_anew)
{
    coro_barrier_init(&barrier, 3);
    EQ(RUN(breaks(false)), 0);
    SAID("a!-1013 b!-1013 | c2 a0 b1 ");
}

Test(barrier, an_abort_fails_all_until_a_reset)
{
    coro_barrier_init(&barrier, 3);
    EQ(RUN(breaks(true)), 0);
    SAID("a!-1013 b!-1013 | a!-1013 b!-1013 c!-1013 | c2 a0 b1 ");
    EQ(CORO_EBROKEN, -1013);
}

/* --- at random -------------------------------------------------------------------------------- */

static size_t seen[3], passed; /* how many had each index */

ASYNC(random_party, VARS(coro_scope limit; size_t index; int error;))
{
    ASYNC_BEGIN;
    CORO_TIMEOUT(self->limit, CORO_MS(9)) {
        if (dice(20) == 0)
            coro_barrier_reset(&barrier);
        AWAIT_CATCH(self->error, self->index, coro_barrier_wait(&barrier));
        if (self->error == 0) {
            CHAOS_HOLDS(self->index < 3);
            seen[self->index]++;
            passed++;
        } else if (self->error != CORO_EBROKEN) {
            ASYNC_THROW(self->error);
        }
        AWAIT(moment());
    }
    ASYNC_END;
}

static coro_any *make_random_party(void)
{
    return (coro_any *)(void *)random_party();
}

Test(barrier, lets_whole_rounds_go_whoever_is_cancelled)
{
    coro_barrier_init(&barrier, 3);
    make_worker = make_random_party;
    CHAOS({
        CHAOS_EQ(coro_barrier_n_waiting(&barrier), 0);
        CHAOS_EQ(barrier.waiters.first == NULL, true);
        CHAOS_HOLDS(seen[0] == seen[1] && seen[1] == seen[2]);
    });
    HOLDS(passed > 500);
}

ASYNC(breaks_too_late, VARS(size_t index;))
{
    ASYNC_BEGIN;
    start(0, 1);
    AWAIT(coro_yield());
    AWAIT(self->index, coro_barrier_wait(&barrier));
    coro_barrier_reset(&barrier); /* a was let go before */
    coro_barrier_abort(&barrier);
    coro_task_cancel(tasks[0]);
    AWAIT(joins());
    ASYNC_END;
}

Test(barrier, c112_who_was_let_go_has_passed_though_it_is_broken_at_once)
{
    coro_barrier_init(&barrier, 2);
    EQ(RUN(breaks_too_late()), 0);
    SAID("a0 ");
}
