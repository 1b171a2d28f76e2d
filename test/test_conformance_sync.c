/* SPDX-License-Identifier: MIT */
/*
 * test_conformance_sync.c: cases of asyncio's own suite for locks, events, conditions,
 * semaphores and barriers. Where its release wakes somebody who must then compete, ours hands
 * over: the outcome that is tested is ours.
 */
#include "loop_fixture.h"

#include <coro/barrier.h>
#include <coro/condition.h>
#include <coro/event.h>

SUITE(conformance);

static coro_lock lock;
static coro_condition condition = CORO_CONDITION_INIT(&lock);
static coro_task *tasks[6];

#define START(i, call) (tasks[i] = coro_create_task(call))

ASYNC(join_all, VARS(int i, error;))
{
    ASYNC_BEGIN;
    for (self->i = 0; self->i < 6; self->i++) {
        if (tasks[self->i] == NULL)
            continue;
        AWAIT_CATCH(self->error, coro_task_join(tasks[self->i]));
        coro_task_release(tasks[self->i]);
        tasks[self->i] = NULL;
    }
    ASYNC_END;
}

/* --- locks ------------------------------------------------------------------------------------ */

ASYNC(user, ARGS(char, name), VARS(int error; bool owns;))
{
    ASYNC_BEGIN;
    AWAIT(coro_lock_acquire(&lock));
    self->owns = true;
    say("%c ", self->name);
    AWAIT_CATCH(self->error, coro_sleep(CORO_MS(1)));
    if (self->error != 0)
        ASYNC_THROW(self->error);
  ASYNC_FINALLY:
    if (self->owns)
        EQ(coro_lock_release(&lock), 0);
    else
        say("%c! ", self->name);
    ASYNC_END;
}

ASYNC(cancel_race, ARGS(bool, a_turn_later))
{
    ASYNC_BEGIN;
    AWAIT(coro_lock_acquire(&lock));
    START(0, user('b'));
    START(1, user('c'));
    AWAIT(coro_yield());
    EQ(coro_lock_release(&lock), 0);
    if (self->a_turn_later)
        AWAIT(coro_yield()); /* b has run, and is inside */
    coro_task_cancel(tasks[0]);
    EQ(coro_lock_owner(&lock) == tasks[0], true);
    AWAIT(coro_yield());
    EQ(coro_task_cancelled(tasks[0]), true);
    EQ(coro_lock_owner(&lock) == tasks[1], true);
    AWAIT(join_all());
    EQ(coro_lock_locked(&lock), false);
    ASYNC_END;
}

Test(conformance, c103_release_and_cancel_in_one_turn_the_next_gets_the_lock_exactly_once)
{
    EQ(RUN(cancel_race(false)), 0);
    SAID("b c ");
}

Test(conformance, c104_cancelling_who_was_just_given_the_lock_gives_it_to_exactly_one_other)
{
    EQ(RUN(cancel_race(true)), 0);
    SAID("b c ");
}

ASYNC(cancel_release_race)
{
    ASYNC_BEGIN;
    AWAIT(coro_lock_acquire(&lock));
    START(0, user('b'));
    START(1, user('c'));
    START(2, user('d'));
    AWAIT(coro_yield());
    coro_task_cancel(tasks[0]);
    EQ(coro_lock_release(&lock), 0);
    coro_task_cancel(tasks[2]);
    EQ(coro_lock_owner(&lock) == tasks[1], true);
    AWAIT(join_all());
    EQ(coro_lock_locked(&lock), false);
    ASYNC_END;
}

Test(conformance, c104_a_cancel_before_the_release_is_passed_over)
{
    EQ(RUN(cancel_release_race()), 0);
    SAID("b! c d! ");
}

/* --- events ----------------------------------------------------------------------------------- */

static coro_event event;

ASYNC(waits_for_event)
{
    ASYNC_BEGIN;
    AWAIT(coro_event_wait(&event));
    say("woken ");
    ASYNC_END;
}

ASYNC(clear_with_waiters)
{
    ASYNC_BEGIN;
    START(0, waits_for_event());
    START(1, waits_for_event());
    AWAIT(coro_yield());
    coro_event_set(&event);
    coro_event_clear(&event);
    coro_event_set(&event);
    coro_event_clear(&event);
    START(2, waits_for_event()); /* it came too late */
    AWAIT(coro_yield());
    AWAIT(coro_yield());
    EQ(coro_task_done(tasks[0]) && coro_task_done(tasks[1]), true);
    EQ(coro_task_done(tasks[2]), false);
    coro_task_cancel(tasks[2]);
    AWAIT(join_all());
    ASYNC_END;
}

Test(conformance, c106_set_and_clear_in_one_turn_resumes_who_waited)
{
    EQ(RUN(clear_with_waiters()), 0);
    SAID("woken woken ");
}

/* --- conditions ------------------------------------------------------------------------------- */

ASYNC(waiter, ARGS(char, name), VARS(int error;))
{
    ASYNC_BEGIN;
    AWAIT(coro_lock_acquire(&lock));
    AWAIT_CATCH(self->error, coro_condition_wait(&condition));
    EQ(coro_lock_owner(&lock) == coro_current_task(), true); /* whatever happened */
    say("%c%d ", self->name, self->error);
    if (self->error != 0)
        ASYNC_THROW(self->error);
  ASYNC_FINALLY:
    coro_lock_release(&lock);
    ASYNC_END;
}

/* notified, then cancelled while it wants the lock back; several times. */
ASYNC(wait_cancel, ARGS(bool, notify, int, times), VARS(int i;))
{
    ASYNC_BEGIN;
    START(0, waiter('a'));
    AWAIT(coro_yield());
    AWAIT(coro_lock_acquire(&lock));
    if (self->notify)
        EQ(coro_condition_notify(&condition, 1), 0);
    for (self->i = 0; self->i < self->times; self->i++) {
        coro_task_cancel(tasks[0]);
        AWAIT(coro_sleep(CORO_MS(1)));
        EQ(coro_task_done(tasks[0]), false); /* contested: it waits for the lock */
    }
    EQ(coro_lock_owner(&lock) == coro_current_task(), true);
    coro_lock_release(&lock);
    AWAIT(coro_yield());
    EQ(coro_task_cancelled(tasks[0]), true);
    AWAIT(join_all());
    EQ(coro_lock_locked(&lock), false);
    ASYNC_END;
}

Test(conformance, c107_a_wait_cancelled_while_the_lock_is_contested_has_it_at_its_end)
{
    EQ(RUN(wait_cancel(false, 1)), 0);
    SAID("a-125 ");
}

Test(conformance, c107_a_wait_cancelled_after_its_notify_is_cancelled_with_the_lock)
{
    EQ(RUN(wait_cancel(true, 1)), 0);
    SAID("a-125 ");
}

Test(conformance, c107_repeated_cancels_while_it_acquires_again_are_one)
{
    EQ(RUN(wait_cancel(true, 3)), 0);
    SAID("a-125 ");
}

ASYNC(wait_cancel_free)
{
    ASYNC_BEGIN;
    START(0, waiter('a'));
    AWAIT(coro_yield());
    coro_task_cancel(tasks[0]);
    EQ(coro_lock_owner(&lock) == tasks[0], true); /* nobody had it */
    AWAIT(join_all());
    EQ(coro_lock_locked(&lock), false);
    ASYNC_END;
}

Test(conformance, c107_a_wait_cancelled_while_the_lock_is_free_ends_at_once)
{
    EQ(RUN(wait_cancel_free()), 0);
    SAID("a-125 ");
}

/* asyncio's gh-112202: the notify of one that ends by a cancel is another's. */
ASYNC(passes_on)
{
    ASYNC_BEGIN;
    START(0, waiter('a'));
    START(1, waiter('b'));
    AWAIT(coro_yield());
    AWAIT(coro_lock_acquire(&lock));
    coro_condition_notify(&condition, 1);
    coro_task_cancel(tasks[0]);
    coro_lock_release(&lock);
    AWAIT(join_all());
    ASYNC_END;
}

Test(conformance, c107_a_notified_waiter_that_is_cancelled_passes_its_notify_on)
{
    EQ(RUN(passes_on()), 0);
    SAID("a-125 b0 ");
}

ASYNC(timeout_in_block, VARS(coro_guard guard; int error;))
{
    ASYNC_BEGIN;
    CORO_LOCKED(self->guard, &lock) {
        AWAIT_CATCH(self->error, coro_wait_for(coro_condition_wait(&condition), CORO_MS(500)));
        EQ(self->error, CORO_ETIMEDOUT);
        EQ(now_ms(), 500);
        EQ(coro_lock_owner(&lock) == coro_current_task(), true);
    }
    EQ(coro_lock_locked(&lock), false);
    ASYNC_END;
}

Test(conformance, c109_a_wait_that_times_out_in_its_block_still_holds_the_lock)
{
    EQ(RUN(timeout_in_block()), 0);
}

/* --- semaphores ------------------------------------------------------------------------------- */

static coro_semaphore semaphore;

ASYNC(twice, ARGS(const char *, tag), VARS(int i;))
{
    ASYNC_BEGIN;
    for (self->i = 1; self->i <= 2; self->i++) {
        AWAIT(coro_semaphore_acquire(&semaphore));
        say("%s_%d ", self->tag, self->i);
        AWAIT(coro_sleep(CORO_MS(10)));
        coro_semaphore_release(&semaphore);
    }
    ASYNC_END;
}

ASYNC(acquire_fifo_order_1)
{
    ASYNC_BEGIN;
    START(0, twice("c1"));
    START(1, twice("c2"));
    START(2, twice("c3"));
    AWAIT(join_all());
    ASYNC_END;
}

Test(conformance, c110_permits_go_round_among_those_who_come_again)
{
    coro_semaphore_init(&semaphore, 1);
    EQ(RUN(acquire_fifo_order_1()), 0);
    SAID("c1_1 c2_1 c3_1 c1_2 c2_2 c3_2 ");
}

ASYNC(appends, ARGS(int, first, int, second))
{
    ASYNC_BEGIN;
    AWAIT(coro_semaphore_acquire(&semaphore));
    say("%d ", self->first);
    if (self->second != 0) {
        coro_semaphore_release(&semaphore);
        AWAIT(coro_semaphore_acquire(&semaphore));
        say("%d ", self->second);
    }
    ASYNC_END;
}

ASYNC(acquire_fifo_order_2, ARGS(int, at_once), VARS(int i;))
{
    ASYNC_BEGIN;
    START(0, appends(1, 0));
    START(1, appends(2, 4));
    START(2, appends(3, 0));
    AWAIT(coro_yield());
    for (self->i = 0; self->i < self->at_once; self->i++)
        coro_semaphore_release(&semaphore);
    for (self->i = self->at_once; self->i < 2; self->i++) {
        AWAIT(coro_sleep(CORO_MS(1)));
        coro_semaphore_release(&semaphore);
    }
    AWAIT(join_all());
    ASYNC_END;
}

Test(conformance, c110_who_releases_and_comes_again_is_behind_who_waits)
{
    coro_semaphore_init(&semaphore, 1);
    EQ(RUN(acquire_fifo_order_2(1)), 0);
    SAID("1 2 3 4 ");
}

/* Here asyncio says 1 2 3 4. By hand-over 3 has had its permit since the second release; there is
 * one left and nobody in line, so that 4 need not wait for 3 to run. */
Test(conformance, c110_who_has_its_permit_already_is_not_in_line_any_more)
{
    coro_semaphore_init(&semaphore, 1);
    EQ(RUN(acquire_fifo_order_2(2)), 0);
    SAID("1 2 4 3 ");
}

ASYNC(locked_for_newcomers)
{
    ASYNC_BEGIN;
    START(0, appends(1, 0));
    START(1, appends(2, 0));
    START(2, appends(3, 0));
    AWAIT(coro_yield());
    coro_semaphore_release(&semaphore);
    EQ(coro_semaphore_locked(&semaphore), true);
    EQ(coro_semaphore_try_acquire(&semaphore), false);
    coro_task_cancel(tasks[1]); /* the head of the line */
    coro_semaphore_release(&semaphore);
    AWAIT(join_all());
    EQ(coro_semaphore_locked(&semaphore), true); /* 1 and 3 have kept theirs */
    coro_semaphore_release(&semaphore);
    EQ(coro_semaphore_locked(&semaphore), false);
    ASYNC_END;
}

Test(conformance, c110_a_release_with_waiters_leaves_it_locked_and_passes_over_the_cancelled)
{
    coro_semaphore_init(&semaphore, 0);
    EQ(RUN(locked_for_newcomers()), 0);
    SAID("1 3 ");
}

/* --- barriers --------------------------------------------------------------------------------- */

static coro_barrier barrier;

ASYNC(party, ARGS(int, name), VARS(size_t index; int error;))
{
    ASYNC_BEGIN;
    AWAIT_CATCH(self->error, self->index, coro_barrier_wait(&barrier));
    if (self->error != 0)
        say("%d! ", self->name);
    else
        say("%d:%d ", self->name, (int)self->index);
    ASYNC_END;
}

ASYNC(filling_tasks_cancel_one)
{
    ASYNC_BEGIN;
    coro_barrier_init(&barrier, 3);
    START(0, party(0));
    START(1, party(1));
    AWAIT(coro_yield());
    EQ(coro_barrier_n_waiting(&barrier), 2);
    coro_task_cancel(tasks[0]);
    EQ(coro_barrier_n_waiting(&barrier), 1);
    START(2, party(2));
    START(3, party(3));
    AWAIT(join_all());
    EQ(coro_barrier_n_waiting(&barrier), 0);
    EQ(coro_barrier_broken(&barrier), false);
    ASYNC_END;
}

Test(conformance, c112_cancelling_one_who_waits_leaves_the_others_waiting_until_three_have_come)
{
    EQ(RUN(filling_tasks_cancel_one()), 0);
    SAID("0! 3:2 1:0 2:1 ");
}

ASYNC(reset_and_abort, ARGS(bool, abort))
{
    ASYNC_BEGIN;
    coro_barrier_init(&barrier, 3);
    START(0, party(0));
    START(1, party(1));
    AWAIT(coro_yield());
    if (self->abort)
        coro_barrier_abort(&barrier);
    else
        coro_barrier_reset(&barrier);
    EQ(coro_barrier_n_waiting(&barrier), 0);
    EQ(coro_barrier_broken(&barrier), self->abort);
    AWAIT(join_all());
    START(0, party(2));
    AWAIT(coro_yield());
    EQ(coro_task_done(tasks[0]), self->abort);
    coro_barrier_reset(&barrier);
    EQ(coro_barrier_broken(&barrier), false);
    AWAIT(join_all());
    START(0, party(3));
    START(1, party(4));
    START(2, party(5));
    AWAIT(join_all());
    ASYNC_END;
}

Test(conformance, c112_a_reset_breaks_who_waits_and_the_barrier_is_usable)
{
    EQ(RUN(reset_and_abort(false)), 0);
    SAID("0! 1! 2! 5:2 3:0 4:1 ");
}

Test(conformance, c112_an_abort_breaks_it_until_a_reset)
{
    EQ(RUN(reset_and_abort(true)), 0);
    SAID("0! 1! 2! 5:2 3:0 4:1 ");
}
