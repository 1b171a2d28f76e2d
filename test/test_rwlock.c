/* SPDX-License-Identifier: MIT */
/*
 * test_rwlock.c: many readers or one writer, first come first served.
 */
#include "sync_fixture.h"

#include <signal.h>

SUITE(rwlock);

static coro_rwlock lock;
static coro_task *tasks[6];

/* A name in upper case writes. */
ASYNC(user, ARGS(char, name), VARS(coro_guard guard; int error;))
{
    ASYNC_BEGIN;
    ASYNC_TRY;
        if (self->name < 'a') {
            CORO_WRITING(self->guard, &lock) {
                EQ(coro_rwlock_writer(&lock) == coro_current_task(), true);
                say("%c@%ld ", self->name, now_ms());
                AWAIT(coro_sleep(CORO_MS(1)));
            }
        } else {
            CORO_READING(self->guard, &lock) {
                HOLDS(coro_rwlock_readers(&lock) > 0 && coro_rwlock_writer(&lock) == NULL);
                say("%c@%ld ", self->name, now_ms());
                AWAIT(coro_sleep(CORO_MS(1)));
            }
        }
    ASYNC_CATCH(self->error);
        say("%c!%d ", self->name, self->error);
    ASYNC_END_TRY;
    ASYNC_END;
}

/* One character a task, in the order of their acquires; cancel one when all wait, or hold it. */
ASYNC(users, ARGS(const char *, names, int, cancel), VARS(int i;))
{
    ASYNC_BEGIN;
    for (self->i = 0; self->names[self->i] != '\0'; self->i++)
        tasks[self->i] = coro_create_task(user(self->names[self->i]));
    AWAIT(coro_yield());
    if (self->cancel >= 0)
        coro_task_cancel(tasks[self->cancel]);
    for (self->i = 0; self->names[self->i] != '\0'; self->i++) {
        AWAIT(coro_task_join(tasks[self->i]));
        coro_task_release(tasks[self->i]);
    }
    EQ(coro_rwlock_readers(&lock), 0);
    EQ(coro_rwlock_writer(&lock) == NULL && lock.waiters.first == NULL, true);
    ASYNC_END;
}

Test(rwlock, readers_are_many_writers_are_alone)
{
    coro_rwlock_init(&lock);
    EQ(RUN(users("abcD", -1)), 0);
    SAID("a@0 b@0 c@0 D@1 ");
}

Test(rwlock, who_comes_behind_a_waiting_writer_waits_so_that_nobody_starves)
{
    EQ(RUN(users("abCdEf", -1)), 0);
    SAID("a@0 b@0 C@1 d@2 E@3 f@4 ");
}

Test(rwlock, a_writer_lets_all_readers_in_up_to_the_next_writer)
{
    EQ(RUN(users("AbcdEF", -1)), 0);
    SAID("A@0 b@1 c@1 d@1 E@2 F@3 ");
}

/* --- cancel ----------------------------------------------------------------------------------- */

Test(rwlock, readers_behind_a_cancelled_writer_go_in_at_once)
{
    EQ(RUN(users("aBcd", 1)), 0);
    SAID("a@0 c@0 d@0 B!-125 ");
}

Test(rwlock, a_cancelled_reader_in_line_leaves_the_others_their_order)
{
    EQ(RUN(users("AbcD", 1)), 0);
    SAID("A@0 b!-125 c@1 D@2 ");
}

Test(rwlock, a_cancelled_holder_hands_over)
{
    EQ(RUN(users("Abc", 0)), 0);
    SAID("A@0 A!-125 b@0 c@0 ");
    said_size = 0;
    EQ(RUN(users("aBc", 0)), 0);
    SAID("a@1 a!-125 B@1 c@2 ");
}

ASYNC(hands_over, VARS(coro_guard guard;))
{
    ASYNC_BEGIN;
    AWAIT(coro_rwlock_acquire_write(&lock));
    tasks[0] = coro_create_task(user('A'));
    tasks[1] = coro_create_task(user('b'));
    AWAIT(coro_yield());
    cr_assert(eq(str, TEXT(tasks[0]->wait_type->verb), TEXT("rwlock write")));
    cr_assert(eq(str, TEXT(tasks[1]->wait_type->verb), TEXT("rwlock read")));
    EQ(tasks[1]->wait.object == &lock, true);
    EQ(coro_rwlock_release(&lock), 0);
    EQ(coro_rwlock_writer(&lock) == tasks[0], true);
    coro_task_cancel(tasks[0]); /* too late: it is the writer, and fails at its next await */
    EQ(coro_rwlock_try_acquire_read(&lock), false);
    AWAIT(coro_task_join(tasks[0]));
    AWAIT(coro_task_join(tasks[1]));
    coro_task_release(tasks[0]);
    coro_task_release(tasks[1]);
    ASYNC_END;
}

Test(rwlock, who_was_handed_it_has_it_though_cancelled_later)
{
    EQ(RUN(hands_over()), 0);
    SAID("A@0 A!-125 b@0 ");
}

ASYNC(cancelled_before, VARS(int error;))
{
    ASYNC_BEGIN;
    coro_task_cancel(coro_current_task());
    AWAIT_CATCH(self->error, coro_rwlock_acquire_read(&lock));
    EQ(self->error, CORO_ECANCELED);
    AWAIT_CATCH(self->error, coro_rwlock_acquire_write(&lock));
    EQ(self->error, CORO_ECANCELED);
    EQ(coro_rwlock_release(&lock), CORO_EPERM);
    ASYNC_END;
}

Test(rwlock, a_cancelled_task_gets_neither)
{
    EQ(RUN(cancelled_before()), 0);
}

/* --- owners ----------------------------------------------------------------------------------- */

ASYNC(not_the_writer)
{
    ASYNC_BEGIN;
    EQ(coro_rwlock_release(&lock), CORO_EPERM);
    ASYNC_END;
}

ASYNC(tries, VARS(int error;))
{
    ASYNC_BEGIN;
    EQ(coro_rwlock_release(&lock), CORO_EPERM);
    EQ(coro_rwlock_try_acquire_read(&lock), true);
    EQ(coro_rwlock_try_acquire_read(&lock), true);
    EQ(coro_rwlock_try_acquire_write(&lock), false);
    EQ(coro_rwlock_readers(&lock), 2);
    EQ(coro_rwlock_release(&lock), 0);
    tasks[0] = coro_create_task(user('A'));
    AWAIT(coro_yield());
    EQ(coro_rwlock_try_acquire_read(&lock), false); /* a writer waits */
    EQ(coro_rwlock_release(&lock), 0);
    AWAIT(coro_task_join(tasks[0]));
    coro_task_release(tasks[0]);
    EQ(coro_rwlock_try_acquire_write(&lock), true);
    EQ(coro_rwlock_try_acquire_write(&lock), false);
    AWAIT_CATCH(self->error, coro_rwlock_acquire_read(&lock));
    EQ(self->error, CORO_EDEADLK);
    AWAIT_CATCH(self->error, coro_rwlock_acquire_write(&lock));
    EQ(self->error, CORO_EDEADLK);
    tasks[0] = coro_create_task(not_the_writer());
    AWAIT(coro_task_join(tasks[0]));
    coro_task_release(tasks[0]);
    EQ(coro_rwlock_writer(&lock) == coro_current_task(), true);
    EQ(coro_rwlock_release(&lock), 0);
    ASYNC_END;
}

Test(rwlock, tells_by_an_error_what_would_wait_for_ever_and_who_may_not_release)
{
    coro_rwlock fresh = CORO_RWLOCK_INIT;
    EQ(coro_rwlock_release(&fresh), CORO_EPERM);
    EQ(RUN(tries()), 0);
}

Test(rwlock, try_acquire_where_no_task_runs_traps, .signal = SIGABRT)
{
    coro_rwlock_try_acquire_write(&lock);
}

/* --- at random -------------------------------------------------------------------------------- */

static int readers, writers, reads, writes, tickets, last_writer;

ASYNC(random_user, VARS(coro_guard guard; coro_scope limit; int error, ticket;))
{
    ASYNC_BEGIN;
    CORO_TIMEOUT(self->limit, dice(2) ? CORO_MS(1 + dice(4)) : CORO_FOREVER) {
        self->ticket = ++tickets;
        if (dice(3) == 0) {
            CORO_WRITING(self->guard, &lock) {
                CHAOS_EQ(++writers, 1);
                CHAOS_EQ(readers, 0);
                CHAOS_HOLDS(self->ticket > last_writer);
                last_writer = self->ticket;
                writes++;
                AWAIT_CATCH(self->error, moment());
                writers--;
            }
        } else {
            CORO_READING(self->guard, &lock) {
                readers++;
                CHAOS_EQ(writers, 0);
                CHAOS_HOLDS(self->ticket > last_writer);
                reads++;
                AWAIT_CATCH(self->error, moment());
                readers--;
            }
        }
        AWAIT(coro_yield());
    }
    ASYNC_END;
}

static coro_any *make_random_user(void)
{
    return (coro_any *)(void *)random_user();
}

Test(rwlock, is_never_lost_and_never_had_twice_whoever_is_cancelled)
{
    make_worker = make_random_user;
    CHAOS({
        CHAOS_EQ(coro_rwlock_readers(&lock), 0);
        CHAOS_EQ(coro_rwlock_writer(&lock) == NULL, true);
        CHAOS_EQ(lock.waiters.first == NULL, true);
        CHAOS_EQ(readers + writers, 0);
    });
    HOLDS(reads > 500 && writes > 200);
}
