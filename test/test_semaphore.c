/* SPDX-License-Identifier: MIT */
/*
 * test_semaphore.c: permits are handed over, first come first served; bounded ones are counted.
 */
#include "sync_fixture.h"

SUITE(semaphore);

static coro_semaphore semaphore;

ASYNC(user, ARGS(const char *, name, int, rounds), VARS(int error;))
{
    ASYNC_BEGIN;
    while (self->rounds-- > 0) {
        AWAIT_CATCH(self->error, coro_semaphore_acquire(&semaphore));
        if (self->error != 0) {
            say("%s!%d ", self->name, self->error);
            break;
        }
        say("%s ", self->name);
        AWAIT_CATCH(self->error, coro_sleep(CORO_MS(1)));
        coro_semaphore_release(&semaphore);
    }
    ASYNC_END;
}

ASYNC(three_users, VARS(coro_group group;))
{
    ASYNC_BEGIN;
    CORO_GROUP(self->group) {
        coro_group_create_task(&self->group, user("a", 3));
        coro_group_create_task(&self->group, user("b", 3));
        coro_group_create_task(&self->group, user("c", 3));
    }
    ASYNC_END;
}

Test(conformance, c110_permits_go_round_in_the_order_of_the_acquires)
{
    coro_semaphore_init(&semaphore, 1);
    EQ(RUN(three_users()), 0);
    SAID("a b c a b c a b c ");
    EQ(semaphore.value, 1);
    said_size = 0;
    coro_semaphore_init(&semaphore, 2);
    EQ(RUN(three_users()), 0);
    SAID("a b c a b c a b c ");
    EQ(semaphore.value, 2);
}

static coro_task *tasks[3];

ASYNC(hands_over, ARGS(int, cancel, bool, after))
{
    ASYNC_BEGIN;
    AWAIT(coro_semaphore_acquire(&semaphore));
    tasks[0] = coro_create_task(user("a", 1));
    tasks[1] = coro_create_task(user("b", 1));
    tasks[2] = coro_create_task(user("c", 1));
    AWAIT(coro_yield());
    EQ(coro_semaphore_locked(&semaphore), true);
    if (!self->after)
        coro_task_cancel(tasks[self->cancel]);
    coro_semaphore_release(&semaphore);
    if (self->after)
        coro_task_cancel(tasks[self->cancel]);
    EQ(coro_semaphore_try_acquire(&semaphore), false); /* it has an owner already */
    EQ(coro_semaphore_locked(&semaphore), true);
    AWAIT(coro_sleep(CORO_MS(10)));
    for (int i = 0; i < 3; i++)
        coro_task_release(tasks[i]);
    EQ(coro_semaphore_locked(&semaphore), false);
    EQ(coro_semaphore_try_acquire(&semaphore), true);
    EQ(coro_semaphore_try_acquire(&semaphore), false);
    coro_semaphore_release(&semaphore);
    ASYNC_END;
}

Test(conformance, c110_a_cancelled_head_does_not_block_those_behind_it)
{
    coro_semaphore_init(&semaphore, 1);
    EQ(RUN(hands_over(0, false)), 0);
    SAID("a!-125 b c ");
}

/* It owns the permit although it is cancelled later; it fails at its next wait, and gives back. */
Test(conformance, c104_a_permit_that_was_handed_over_is_kept_and_passed_on)
{
    coro_semaphore_init(&semaphore, 1);
    EQ(RUN(hands_over(0, true)), 0);
    SAID("a b c ");
}

Test(semaphore, a_cancel_in_the_middle_of_the_line_leaves_the_order)
{
    coro_semaphore_init(&semaphore, 1);
    EQ(RUN(hands_over(1, true)), 0);
    SAID("a b!-125 c ");
}

ASYNC(releases_first)
{
    ASYNC_BEGIN;
    coro_semaphore_release(&semaphore);
    coro_semaphore_release(&semaphore);
    AWAIT(coro_semaphore_acquire(&semaphore));
    AWAIT(coro_semaphore_acquire(&semaphore));
    EQ(coro_semaphore_locked(&semaphore), true);
    ASYNC_END;
}

Test(semaphore, a_release_may_come_first)
{
    coro_semaphore fresh = CORO_SEMAPHORE_INIT(3);
    EQ(fresh.value, 3);
    coro_semaphore_init(&semaphore, 0);
    EQ(RUN(releases_first()), 0);
}

ASYNC(waits_for_ever)
{
    ASYNC_BEGIN;
    AWAIT(coro_semaphore_acquire(&semaphore));
    ASYNC_END;
}

Test(semaphore, waiting_for_a_permit_that_nobody_has_is_a_deadlock)
{
    coro_semaphore_init(&semaphore, 0);
    EQ(RUN_LOUD(waits_for_ever()), CORO_EDEADLK);
    EQ(semaphore.waiters.first == NULL, true);
    EQ(semaphore.value, 0);
}

/* --- bounded ---------------------------------------------------------------------------------- */

static coro_bounded_semaphore bounded;

Test(semaphore, a_bounded_one_refuses_the_release_that_is_one_too_many)
{
    coro_bounded_semaphore fresh = CORO_BOUNDED_SEMAPHORE_INIT(2);
    EQ(coro_bounded_semaphore_release(&fresh), CORO_EINVAL);
    EQ(fresh.semaphore.value, 2);
    EQ(coro_bounded_semaphore_try_acquire(&fresh), true);
    EQ(coro_bounded_semaphore_try_acquire(&fresh), true);
    EQ(coro_bounded_semaphore_try_acquire(&fresh), false);
    EQ(coro_bounded_semaphore_locked(&fresh), true);
    EQ(coro_bounded_semaphore_release(&fresh), 0);
    EQ(coro_bounded_semaphore_locked(&fresh), false);
    EQ(coro_bounded_semaphore_release(&fresh), 0);
    EQ(coro_bounded_semaphore_release(&fresh), CORO_EINVAL);
    coro_bounded_semaphore_init(&fresh, 0);
    EQ(coro_bounded_semaphore_release(&fresh), CORO_EINVAL);
    EQ(coro_bounded_semaphore_try_acquire(&fresh), false);
}

ASYNC(bounded_user, ARGS(char, name), VARS(int error;))
{
    ASYNC_BEGIN;
    AWAIT_CATCH(self->error, coro_bounded_semaphore_acquire(&bounded));
    if (self->error != 0) {
        say("%c!%d ", self->name, self->error);
        ASYNC_RETURN();
    }
    say("%c ", self->name);
    AWAIT(coro_sleep(CORO_MS(1)));
    EQ(coro_bounded_semaphore_release(&bounded), 0);
    ASYNC_END;
}

ASYNC(bounded_users, VARS(int i;))
{
    ASYNC_BEGIN;
    AWAIT(coro_bounded_semaphore_acquire(&bounded));
    for (self->i = 0; self->i < 3; self->i++)
        tasks[self->i] = coro_create_task(bounded_user((char)('a' + self->i)));
    AWAIT(coro_yield());
    cr_assert(eq(str, TEXT(tasks[0]->wait_type->verb), TEXT("semaphore")));
    EQ(tasks[0]->wait.object == &bounded, true);
    coro_task_cancel(tasks[0]);
    EQ(coro_bounded_semaphore_release(&bounded), 0); /* b has it now */
    EQ(coro_bounded_semaphore_try_acquire(&bounded), false);
    for (self->i = 0; self->i < 3; self->i++) {
        AWAIT(coro_task_join(tasks[self->i]));
        coro_task_release(tasks[self->i]);
    }
    EQ(coro_bounded_semaphore_release(&bounded), CORO_EINVAL);
    ASYNC_END;
}

Test(semaphore, a_bounded_one_hands_over_like_any_other)
{
    coro_bounded_semaphore_init(&bounded, 1);
    EQ(RUN(bounded_users()), 0);
    SAID("a!-125 b c ");
}

/* --- at random -------------------------------------------------------------------------------- */

static int holders, most, acquires;

ASYNC(random_user, VARS(coro_scope limit; int error;))
{
    ASYNC_BEGIN;
    CORO_TIMEOUT(self->limit, dice(2) ? CORO_MS(1 + dice(4)) : CORO_FOREVER) {
        AWAIT(coro_bounded_semaphore_acquire(&bounded));
        holders++;
        acquires++;
        most = holders > most ? holders : most;
        CHAOS_HOLDS(holders <= 3);
        AWAIT_CATCH(self->error, moment());
        holders--;
        CHAOS_EQ(coro_bounded_semaphore_release(&bounded), 0);
        AWAIT(coro_yield());
    }
    ASYNC_END;
}

static coro_any *make_random_user(void)
{
    return (coro_any *)(void *)random_user();
}

Test(semaphore, loses_no_permit_whoever_is_cancelled)
{
    coro_bounded_semaphore_init(&bounded, 3);
    make_worker = make_random_user;
    CHAOS({
        CHAOS_EQ(bounded.semaphore.value, 3);
        CHAOS_EQ(bounded.semaphore.waiters.first == NULL, true);
        CHAOS_EQ(holders, 0);
    });
    HOLDS(acquires > 500);
    EQ(most, 3);
}
