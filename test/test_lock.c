/* SPDX-License-Identifier: MIT */
/*
 * test_lock.c: one owner at a time, handed over, first come first served.
 */
#include "sync_fixture.h"

#include "kernel/lock.h"

#include <signal.h>

SUITE(lock);

static coro_lock lock;
static coro_task *tasks[4];

static void release_tasks(void)
{
    for (int i = 0; i < 4; i++) {
        coro_task_release(tasks[i]);
        tasks[i] = NULL;
    }
}

ASYNC(user, ARGS(char, name, int, rounds), VARS(int error;))
{
    ASYNC_BEGIN;
    while (self->rounds-- > 0) {
        AWAIT_CATCH(self->error, coro_lock_acquire(&lock));
        if (self->error != 0) {
            say("%c!%d ", self->name, self->error);
            break;
        }
        EQ(coro_lock_owner(&lock) == coro_current_task(), true);
        say("%c ", self->name);
        AWAIT_CATCH(self->error, coro_sleep(CORO_MS(1)));
        EQ(coro_lock_release(&lock), 0);
    }
    ASYNC_END;
}

ASYNC(three_users, VARS(coro_group group;))
{
    ASYNC_BEGIN;
    CORO_GROUP(self->group) {
        coro_group_create_task(&self->group, user('a', 3));
        coro_group_create_task(&self->group, user('b', 3));
        coro_group_create_task(&self->group, user('c', 3));
    }
    ASYNC_END;
}

Test(lock, goes_round_in_the_order_of_the_acquires)
{
    EQ(RUN(three_users()), 0);
    SAID("a b c a b c a b c ");
    EQ(coro_lock_locked(&lock), false);
}

Test(lock, is_free_when_it_is_new)
{
    coro_lock fresh = CORO_LOCK_INIT;
    EQ(coro_lock_locked(&fresh), false);
    fresh.owner = (coro_task *)(void *)&fresh;
    coro_lock_init(&fresh);
    EQ(coro_lock_locked(&fresh), false);
    EQ(coro_lock_owner(&fresh) == NULL, true);
}

/* --- hand-over -------------------------------------------------------------------------------- */

ASYNC(hands_over, ARGS(int, cancel, bool, after))
{
    ASYNC_BEGIN;
    AWAIT(coro_lock_acquire(&lock));
    tasks[0] = coro_create_task(user('a', 1));
    tasks[1] = coro_create_task(user('b', 1));
    tasks[2] = coro_create_task(user('c', 1));
    AWAIT(coro_yield());
    if (!self->after)
        coro_task_cancel(tasks[self->cancel]);
    EQ(coro_lock_release(&lock), 0);
    EQ(coro_lock_owner(&lock) == tasks[!self->after && self->cancel == 0], true);
    if (self->after)
        coro_task_cancel(tasks[self->cancel]);
    EQ(coro_lock_try_acquire(&lock), false); /* it has an owner already */
    EQ(coro_lock_release(&lock), CORO_EPERM);
    AWAIT(coro_sleep(CORO_MS(10)));
    release_tasks();
    EQ(coro_lock_locked(&lock), false);
    ASYNC_END;
}

Test(lock, a_cancelled_head_of_the_line_is_passed_over)
{
    EQ(RUN(hands_over(0, false)), 0);
    SAID("a!-125 b c ");
}

Test(lock, who_was_handed_the_lock_owns_it_though_cancelled_later)
{
    EQ(RUN(hands_over(0, true)), 0);
    SAID("a b c ");
}

Test(lock, a_cancel_in_the_middle_of_the_line_leaves_the_order)
{
    EQ(RUN(hands_over(2, true)), 0);
    SAID("a c!-125 b ");
}

/* --- owners ----------------------------------------------------------------------------------- */

ASYNC(not_the_owner)
{
    ASYNC_BEGIN;
    EQ(coro_lock_release(&lock), CORO_EPERM);
    EQ(coro_lock_try_acquire(&lock), false);
    ASYNC_END;
}

ASYNC(owns, VARS(int error;))
{
    ASYNC_BEGIN;
    EQ(coro_lock_release(&lock), CORO_EPERM); /* nobody's */
    EQ(coro_lock_try_acquire(&lock), true);
    EQ(coro_lock_try_acquire(&lock), false);
    AWAIT_CATCH(self->error, coro_lock_acquire(&lock));
    EQ(self->error, CORO_EDEADLK);
    EQ(coro_lock_owner(&lock) == coro_current_task(), true);
    tasks[0] = coro_create_task(not_the_owner());
    AWAIT(coro_task_join(tasks[0]));
    release_tasks();
    EQ(coro_lock_locked(&lock), true);
    EQ(coro_lock_release(&lock), 0);
    EQ(coro_lock_release(&lock), CORO_EPERM);
    ASYNC_END;
}

Test(lock, only_its_owner_releases_it_and_a_second_acquire_is_a_deadlock)
{
    EQ(RUN(owns()), 0);
}

Test(lock, nobody_releases_it_where_no_task_runs)
{
    EQ(coro_lock_release(&lock), CORO_EPERM);
}

Test(lock, try_acquire_where_no_task_runs_traps, .signal = SIGABRT)
{
    coro_lock_try_acquire(&lock);
}

/* The idiom of the header: FINALLY releases, whatever happened. */
ASYNC(by_hand)
{
    ASYNC_BEGIN;
    AWAIT(coro_lock_acquire(&lock));
    say("in ");
    AWAIT(coro_sleep(CORO_MS(5)));
  ASYNC_FINALLY:
    say("%d ", coro_lock_release(&lock));
    ASYNC_END;
}

ASYNC(two_by_hand, VARS(int error;))
{
    ASYNC_BEGIN;
    tasks[0] = coro_create_task(by_hand());
    tasks[1] = coro_create_task(by_hand());
    AWAIT(coro_sleep(CORO_MS(1)));
    coro_task_cancel(tasks[1]);
    AWAIT_CATCH(self->error, coro_task_join(tasks[1]));
    EQ(self->error, CORO_ECANCELED);
    EQ(coro_lock_owner(&lock) == tasks[0], true);
    AWAIT(coro_task_join(tasks[0]));
    release_tasks();
    ASYNC_END;
}

Test(lock, finally_may_release_what_a_cancelled_acquire_did_not_get)
{
    EQ(RUN(two_by_hand()), 0);
    SAID("in -1 0 ");
    EQ(coro_lock_locked(&lock), false);
}

/* --- a task that is cancelled already --------------------------------------------------------- */

ASYNC(cancelled_before, VARS(int error;))
{
    ASYNC_BEGIN;
    coro_task_cancel(coro_current_task());
    AWAIT_CATCH(self->error, coro_lock_acquire(&lock));
    EQ(self->error, CORO_ECANCELED);
    EQ(coro_lock_locked(&lock), false);
    EQ(coro_lock_try_acquire(&lock), true); /* no await, so no cancel */
    EQ(coro_lock_release(&lock), 0);
    ASYNC_END;
}

Test(lock, an_acquire_in_a_cancelled_task_fails_even_if_the_lock_is_free)
{
    EQ(RUN(cancelled_before()), 0);
}

ASYNC(limited, VARS(int error;))
{
    ASYNC_BEGIN;
    AWAIT_CATCH(self->error, coro_wait_for(coro_lock_acquire(&lock), CORO_MS(3)));
    say("%d@%ld ", self->error, now_ms());
    EQ(coro_lock_release(&lock), CORO_EPERM);
    ASYNC_END;
}

ASYNC(holds_too_long)
{
    ASYNC_BEGIN;
    AWAIT(coro_lock_acquire(&lock));
    tasks[0] = coro_create_task(limited());
    AWAIT(coro_task_join(tasks[0]));
    EQ(coro_lock_release(&lock), 0);
    EQ(coro_lock_locked(&lock), false);
    release_tasks();
    ASYNC_END;
}

Test(lock, a_wait_for_it_times_out_and_leaves_no_trace)
{
    EQ(RUN(holds_too_long()), 0);
    SAID("-110@3 ");
}

/* --- blocks and reports ----------------------------------------------------------------------- */

ASYNC(block_user, ARGS(char, name), VARS(coro_guard guard;))
{
    ASYNC_BEGIN;
    CORO_LOCKED(self->guard, &lock) {
        say("%c ", self->name);
        AWAIT(coro_sleep(CORO_MS(1)));
        if (self->name == 'b')
            ASYNC_THROW(CORO_EIO);
    }
    ASYNC_END;
}

ASYNC(block_users, VARS(int i, error;))
{
    ASYNC_BEGIN;
    for (self->i = 0; self->i < 3; self->i++)
        tasks[self->i] = coro_create_task(block_user((char)('a' + self->i)));
    AWAIT(coro_yield());
    EQ(coro_lock_waited_for(tasks[0]) == NULL, true); /* it sleeps */
    EQ(coro_lock_waited_for(tasks[1]) == &lock, true);
    EQ(coro_lock_owner(coro_lock_waited_for(tasks[1])) == tasks[0], true);
    cr_assert(eq(str, TEXT(tasks[1]->wait_type->verb), TEXT("lock")));
    for (self->i = 0; self->i < 3; self->i++) {
        AWAIT_CATCH(self->error, coro_task_join(tasks[self->i]));
        EQ(self->error, self->i == 1 ? CORO_EIO : 0);
    }
    release_tasks();
    ASYNC_END;
}

Test(lock, a_block_holds_it_and_reports_can_tell_whom_a_waiter_waits_for)
{
    EQ(RUN(block_users()), 0);
    SAID("a b c ");
    EQ(coro_lock_locked(&lock), false);
}

ASYNC(waits_for_ever)
{
    ASYNC_BEGIN;
    AWAIT(coro_lock_acquire(&lock));
    tasks[0] = coro_create_task(user('a', 1));
    AWAIT(coro_task_join(tasks[0]));
  ASYNC_FINALLY:
    release_tasks();
    ASYNC_END;
}

Test(lock, waiting_for_who_waits_for_the_lock_is_a_deadlock)
{
    EQ(RUN_LOUD(waits_for_ever()), CORO_EDEADLK);
    SAID("a!-125 ");
    EQ(lock.waiters.first == NULL, true);
}

/* --- at random -------------------------------------------------------------------------------- */

static int holders, entries, last_ticket, tickets;

ASYNC(random_user, VARS(coro_guard guard; coro_scope limit; int error, ticket;))
{
    ASYNC_BEGIN;
    CORO_TIMEOUT(self->limit, dice(2) ? CORO_MS(1 + dice(4)) : CORO_FOREVER) {
        self->ticket = ++tickets;
        CORO_LOCKED(self->guard, &lock) {
            CHAOS_EQ(++holders, 1);
            CHAOS_HOLDS(self->ticket > last_ticket); /* first come, first served */
            last_ticket = self->ticket;
            entries++;
            AWAIT_CATCH(self->error, moment());
            holders--;
            if (self->error == 0 && dice(8) == 0)
                ASYNC_RETURN();
            AWAIT(coro_yield());
        }
    }
    ASYNC_END;
}

static coro_any *make_random_user(void)
{
    return (coro_any *)(void *)random_user();
}

Test(lock, is_never_lost_and_never_had_twice_whoever_is_cancelled)
{
    make_worker = make_random_user;
    CHAOS({
        CHAOS_EQ(coro_lock_locked(&lock), false);
        CHAOS_EQ(lock.waiters.first == NULL, true);
        CHAOS_EQ(holders, 0);
    });
    HOLDS(entries > 500);
}
