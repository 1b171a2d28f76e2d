/* SPDX-License-Identifier: MIT */
/*
 * test_condition.c: a wait ends with the lock owned, whatever ends it, and no notify is lost.
 */
#include "sync_fixture.h"

#include "kernel/lock.h"

SUITE(condition);

static coro_lock lock;
static coro_condition condition = CORO_CONDITION_INIT(&lock);
static coro_task *tasks[4];

static void release_tasks(void)
{
    for (int i = 0; i < 4; i++) {
        coro_task_release(tasks[i]);
        tasks[i] = NULL;
    }
}

ASYNC(waiter, ARGS(char, name), VARS(int error;))
{
    ASYNC_BEGIN;
    AWAIT(coro_lock_acquire(&lock));
    AWAIT_CATCH(self->error, coro_condition_wait(&condition));
    EQ(coro_lock_owner(&lock) == coro_current_task(), true);
    if (self->error != 0)
        say("%c!%d ", self->name, self->error);
    else
        say("%c ", self->name);
    if (self->error != 0)
        ASYNC_THROW(self->error);
  ASYNC_FINALLY:
    EQ(coro_lock_release(&lock), 0);
    ASYNC_END;
}

ASYNC(starts_three, VARS(int i;))
{
    ASYNC_BEGIN;
    for (self->i = 0; self->i < 3; self->i++)
        tasks[self->i] = coro_create_task(waiter((char)('a' + self->i)));
    AWAIT(coro_yield());
    EQ(coro_lock_locked(&lock), false); /* all three have let go of it */
    AWAIT(coro_lock_acquire(&lock));
    ASYNC_END;
}

ASYNC(joins_three, VARS(int i, error;))
{
    ASYNC_BEGIN;
    for (self->i = 0; self->i < 3; self->i++)
        AWAIT_CATCH(self->error, coro_task_join(tasks[self->i]));
    release_tasks();
    EQ(coro_lock_locked(&lock), false);
    EQ(lock.waiters.first == NULL && condition.waiters.first == NULL, true);
    ASYNC_END;
}

ASYNC(notifies, ARGS(size_t, count))
{
    ASYNC_BEGIN;
    AWAIT(starts_three());
    cr_assert(eq(str, TEXT(tasks[0]->wait_type->verb), TEXT("condition")));
    EQ(tasks[0]->wait.object == &condition, true);
    EQ(coro_lock_waited_for(tasks[0]) == NULL, true);
    EQ(coro_condition_notify(&condition, self->count), 0);
    say("notified ");
    AWAIT(coro_yield());
    EQ(coro_lock_owner(&lock) == coro_current_task(), true); /* they wait for it now */
    if (self->count > 0) {
        EQ(coro_lock_waited_for(tasks[0]) == &lock, true);
        cr_assert(eq(str, TEXT(tasks[0]->wait_type->verb), TEXT("condition's lock")));
    }
    coro_lock_release(&lock);
    AWAIT(coro_yield());
    AWAIT(coro_sleep(CORO_MS(1)));
    AWAIT(coro_lock_acquire(&lock));
    say("again ");
    EQ(coro_condition_notify_all(&condition), 0);
    EQ(coro_condition_notify_all(&condition), 0); /* nobody left: nothing */
    coro_lock_release(&lock);
    AWAIT(joins_three());
    ASYNC_END;
}

Test(condition, notify_lets_the_first_go_on_once_they_have_the_lock)
{
    EQ(RUN(notifies(1)), 0);
    SAID("notified a again b c ");
}

Test(condition, notify_lets_as_many_go_on_as_it_says)
{
    EQ(RUN(notifies(2)), 0);
    EQ(RUN(notifies(0)), 0);
    EQ(RUN(notifies(9)), 0);
    SAID("notified a b again c notified again a b c notified a b c again ");
}

ASYNC(without_the_lock, VARS(int error;))
{
    ASYNC_BEGIN;
    AWAIT_CATCH(self->error, coro_condition_wait(&condition));
    EQ(self->error, CORO_EPERM);
    EQ(coro_condition_notify(&condition, 1), CORO_EPERM);
    EQ(coro_condition_notify_all(&condition), CORO_EPERM);
    ASYNC_END;
}

ASYNC(under_anothers_lock)
{
    ASYNC_BEGIN;
    AWAIT(coro_lock_acquire(&lock));
    tasks[0] = coro_create_task(without_the_lock());
    AWAIT(coro_task_join(tasks[0]));
    release_tasks();
    coro_lock_release(&lock);
    ASYNC_END;
}

Test(condition, wants_its_lock_owned_by_who_calls)
{
    coro_condition fresh;
    coro_condition_init(&fresh, &lock);
    EQ(coro_condition_notify(&fresh, 1), CORO_EPERM);
    EQ(RUN(without_the_lock()), 0);
    EQ(RUN(under_anothers_lock()), 0);
}

/* --- cancel ----------------------------------------------------------------------------------- */

ASYNC(cancels_one, ARGS(bool, before_notify, bool, after_notify, bool, after_release))
{
    ASYNC_BEGIN;
    AWAIT(starts_three());
    if (self->before_notify)
        coro_task_cancel(tasks[0]);
    EQ(coro_condition_notify(&condition, 1), 0);
    if (self->after_notify)
        coro_task_cancel(tasks[0]);
    AWAIT(coro_yield());
    EQ(coro_task_done(tasks[0]), false); /* it must have the lock first */
    coro_lock_release(&lock);
    if (self->after_release)
        coro_task_cancel(tasks[0]);
    AWAIT(coro_sleep(CORO_MS(1)));
    say("then ");
    AWAIT(coro_lock_acquire(&lock));
    coro_condition_notify_all(&condition);
    coro_lock_release(&lock);
    AWAIT(joins_three());
    ASYNC_END;
}

Test(condition, a_cancelled_wait_lasts_until_it_has_the_lock_and_takes_no_notify)
{
    EQ(RUN(cancels_one(true, false, false)), 0);
    SAID("a!-125 b then c ");
}

Test(condition, who_is_notified_and_cancelled_passes_the_notify_on)
{
    EQ(RUN(cancels_one(false, true, false)), 0);
    SAID("a!-125 b then c ");
}

Test(condition, a_second_cancel_changes_nothing)
{
    EQ(RUN(cancels_one(true, true, false)), 0);
    SAID("a!-125 b then c ");
}

/* The wait had ended: it keeps its notify, and fails at its next await. */
Test(condition, a_cancel_that_comes_after_the_lock_was_handed_over_is_too_late)
{
    EQ(RUN(cancels_one(false, false, true)), 0);
    SAID("a then b c ");
}

ASYNC(passes_on_twice)
{
    ASYNC_BEGIN;
    AWAIT(starts_three());
    coro_condition_notify(&condition, 1);
    coro_task_cancel(tasks[0]);
    coro_task_cancel(tasks[1]);
    coro_lock_release(&lock);
    AWAIT(joins_three());
    ASYNC_END;
}

Test(condition, a_notify_is_passed_on_until_somebody_takes_it)
{
    EQ(RUN(passes_on_twice()), 0);
    SAID("a!-125 b!-125 c ");
}

ASYNC(cancelled_before, VARS(int error;))
{
    ASYNC_BEGIN;
    AWAIT(coro_lock_acquire(&lock));
    coro_task_cancel(coro_current_task());
    AWAIT_CATCH(self->error, coro_condition_wait(&condition));
    EQ(self->error, CORO_ECANCELED);
    EQ(coro_lock_release(&lock), 0);
    ASYNC_END;
}

Test(condition, in_a_cancelled_task_a_wait_fails_with_the_lock_owned)
{
    EQ(RUN(cancelled_before()), 0);
}

Test(condition, a_wait_alone_is_a_deadlock_that_ends_with_the_lock_owned)
{
    EQ(RUN_LOUD(waiter('a')), CORO_EDEADLK);
    SAID("a!-125 ");
    EQ(coro_lock_locked(&lock), false);
}

/* --- predicates ------------------------------------------------------------------------------- */

static int level, asked;

static bool is_at(void *context)
{
    asked++;
    return level >= *(int *)context;
}

ASYNC(waits_for_level, ARGS(int, wanted), VARS(coro_guard guard;))
{
    ASYNC_BEGIN;
    CORO_LOCKED(self->guard, &lock) {
        AWAIT(coro_condition_wait_for(&condition, is_at, &self->wanted));
        EQ(coro_lock_owner(&lock) == coro_current_task(), true);
        say("%d@%d ", self->wanted, level);
    }
    ASYNC_END;
}

ASYNC(raises_level, VARS(coro_guard guard; int i;))
{
    ASYNC_BEGIN;
    tasks[0] = coro_create_task(waits_for_level(3));
    tasks[1] = coro_create_task(waits_for_level(1));
    tasks[2] = coro_create_task(waits_for_level(0)); /* does not wait */
    for (self->i = 0; self->i < 3; self->i++) {
        AWAIT(coro_sleep(CORO_MS(1)));
        CORO_LOCKED(self->guard, &lock) {
            level++;
            coro_condition_notify_all(&condition);
        }
    }
    AWAIT(joins_three());
    ASYNC_END;
}

Test(condition, wait_for_waits_until_its_predicate_is_true)
{
    EQ(RUN(raises_level()), 0);
    SAID("0@0 1@1 3@3 ");
    EQ(asked, 7);
}

Test(condition, wait_for_is_an_error_without_the_lock_or_without_memory)
{
    int far = 9;
    EQ(RUN(coro_condition_wait_for(&condition, is_at, &far)), CORO_EPERM);
    open_loop();
    memory.fail_from = memory.calls + 1;
    EQ(coro_loop_run_until_complete(&loop, waits_for_level(9)), CORO_ENOMEM);
    memory.fail_from = 0;
    close_loop();
    EQ(coro_lock_locked(&lock), false);
}

/* --- at random -------------------------------------------------------------------------------- */

static int available, taken, made, inside;

/* Items without a queue: whoever makes one notifies one; each is taken by exactly one. */
ASYNC(random_worker, VARS(coro_guard guard; coro_scope limit; int error, makes;))
{
    ASYNC_BEGIN;
    self->makes = dice(2) == 0;
    CORO_TIMEOUT(self->limit, self->makes ? CORO_FOREVER : CORO_MS(1 + dice(9))) {
        CORO_LOCKED(self->guard, &lock) {
            CHAOS_EQ(++inside, 1);
            if (self->makes) {
                available++, made++;
                coro_condition_notify(&condition, 1);
            }
            while (!self->makes && available == 0) {
                inside--;
                AWAIT_CATCH(self->error, coro_condition_wait(&condition));
                CHAOS_EQ(++inside, 1);
                if (self->error != 0) {
                    inside--;
                    ASYNC_THROW(self->error);
                }
            }
            if (!self->makes)
                available--, taken++;
            AWAIT_CATCH(self->error, moment());
            inside--;
        }
    }
    ASYNC_END;
}

static coro_any *make_random_worker(void)
{
    return (coro_any *)(void *)random_worker();
}

Test(condition, loses_no_lock_whoever_is_cancelled)
{
    make_worker = make_random_worker;
    CHAOS({
        CHAOS_EQ(coro_lock_locked(&lock), false);
        CHAOS_EQ(lock.waiters.first == NULL && condition.waiters.first == NULL, true);
        CHAOS_EQ(made, taken + available);
        CHAOS_EQ(inside, 0);
    });
    HOLDS(taken > 300);
}

/* Each notify ends exactly one wait well, as long as somebody who waits is not cancelled. */
static int notified, waited, in_line;

ASYNC(random_waiter, VARS(coro_guard guard; int error;))
{
    ASYNC_BEGIN;
    CORO_LOCKED(self->guard, &lock) {
        in_line++;
        AWAIT_CATCH(self->error, coro_condition_wait(&condition));
        waited += self->error == 0;
        in_line--;
    }
    ASYNC_END;
}

ASYNC(random_notifier, VARS(coro_task *waiters[10]; coro_guard guard; int i, k, error;))
{
    ASYNC_BEGIN;
    for (self->i = 0; self->i < 10; self->i++)
        self->waiters[self->i] = coro_create_task(random_waiter());
    AWAIT(coro_yield());
    EQ(in_line, 10);
    CORO_LOCKED(self->guard, &lock) {
        self->k = (int)dice(6);
        notified += self->k;
        coro_condition_notify(&condition, (size_t)self->k);
        for (self->i = 0; self->i < 4; self->i++) /* at most 4, in whichever line they are */
            coro_task_cancel(self->waiters[dice(10)]);
        if (dice(2))
            AWAIT(coro_yield());
    }
    AWAIT(coro_sleep(CORO_MS(1)));
    CHAOS_EQ(waited, notified);
    CORO_LOCKED(self->guard, &lock)
        coro_condition_notify_all(&condition);
    for (self->i = 0; self->i < 10; self->i++) {
        AWAIT_CATCH(self->error, coro_task_join(self->waiters[self->i]));
        coro_task_release(self->waiters[self->i]);
    }
    waited = notified = 0;
    ASYNC_END;
}

Test(condition, loses_no_notify_whoever_is_cancelled)
{
    for (seed = 1; seed < 500; seed++) {
        random_state = seed;
        CHAOS_EQ(RUN(random_notifier()), 0);
        CHAOS_EQ(coro_lock_locked(&lock), false);
    }
}
