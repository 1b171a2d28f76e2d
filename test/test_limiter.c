/* SPDX-License-Identifier: MIT */
/*
 * test_limiter.c: tokens, and who has them.
 */
#include "sync_fixture.h"

#include <signal.h>

SUITE(limiter);

static void *borrowers[4];
static coro_limiter limiter = CORO_LIMITER_INIT(borrowers);
static coro_task *tasks[4];
static const char job_a[] = "a", job_b[] = "b", job_c[] = "c";

static void release_tasks(void)
{
    for (int i = 0; i < 4; i++) {
        coro_task_release(tasks[i]);
        tasks[i] = NULL;
    }
}

ASYNC(borrower, ARGS(char, name, const char *, job), VARS(int error;))
{
    ASYNC_BEGIN;
    AWAIT_CATCH(self->error, coro_limiter_acquire(&limiter, self->job));
    if (self->error != 0) {
        say("%c!%d ", self->name, self->error);
        ASYNC_RETURN();
    }
    say("%c ", self->name);
    EQ(coro_limiter_has(&limiter, self->job), true);
    AWAIT_CATCH(self->error, coro_sleep(CORO_MS(1)));
    EQ(coro_limiter_release(&limiter, self->job), 0);
    EQ(coro_limiter_has(&limiter, self->job), false);
    ASYNC_END;
}

Test(limiter, has_as_many_tokens_as_its_array_has_places)
{
    coro_limiter fresh;
    EQ(coro_limiter_total(&limiter), 4);
    EQ(coro_limiter_available(&limiter), 4);
    EQ(coro_limiter_borrowed(&limiter), 0);
    coro_limiter_init(&fresh, borrowers, 2);
    EQ(coro_limiter_total(&fresh), 2);
    EQ(coro_limiter_acquire_nowait(&fresh, job_a), 0);
    EQ(coro_limiter_acquire_nowait(&fresh, job_b), 0);
    EQ(coro_limiter_acquire_nowait(&fresh, job_c), CORO_EAGAIN);
    EQ(coro_limiter_borrowed(&fresh), 2);
    EQ(coro_limiter_available(&fresh), 0);
    EQ(coro_limiter_release(&fresh, job_c), CORO_EPERM);
    EQ(coro_limiter_release(&fresh, job_a), 0);
    EQ(coro_limiter_has(&fresh, job_a), false);
    EQ(coro_limiter_has(&fresh, job_b), true);
    EQ(coro_limiter_release(&fresh, job_a), CORO_EPERM);
    EQ(coro_limiter_available(&fresh), 1);
}

/* --- waiting ---------------------------------------------------------------------------------- */

ASYNC(borrows, ARGS(int, cancel, bool, after), VARS(int i;))
{
    ASYNC_BEGIN;
    EQ(coro_limiter_set_total(&limiter, 1), 0);
    AWAIT(coro_limiter_acquire(&limiter, NULL));
    for (self->i = 0; self->i < 3; self->i++)
        tasks[self->i] = coro_create_task(borrower((char)('a' + self->i), NULL));
    AWAIT(coro_yield());
    cr_assert(eq(str, TEXT(tasks[0]->wait_type->verb), TEXT("limiter")));
    EQ(tasks[0]->wait.object == &limiter, true);
    if (self->cancel >= 0 && !self->after)
        coro_task_cancel(tasks[self->cancel]);
    EQ(coro_limiter_release(&limiter, NULL), 0);
    EQ(coro_limiter_borrowed(&limiter), 1); /* handed over */
    EQ(coro_limiter_acquire_nowait(&limiter, NULL), CORO_EAGAIN);
    if (self->cancel >= 0 && self->after)
        coro_task_cancel(tasks[self->cancel]);
    for (self->i = 0; self->i < 3; self->i++)
        AWAIT(coro_task_join(tasks[self->i]));
    release_tasks();
    EQ(coro_limiter_borrowed(&limiter), 0);
    ASYNC_END;
}

Test(limiter, hands_tokens_over_first_come_first_served)
{
    EQ(RUN(borrows(-1, false)), 0);
    SAID("a b c ");
}

Test(limiter, passes_over_who_is_cancelled)
{
    EQ(RUN(borrows(0, false)), 0);
    SAID("a!-125 b c ");
}

Test(limiter, who_was_handed_a_token_has_it_though_cancelled_later)
{
    EQ(RUN(borrows(0, true)), 0);
    SAID("a b c ");
}

ASYNC(cancelled_before, VARS(int error;))
{
    ASYNC_BEGIN;
    coro_task_cancel(coro_current_task());
    AWAIT_CATCH(self->error, coro_limiter_acquire(&limiter, NULL));
    EQ(self->error, CORO_ECANCELED);
    EQ(coro_limiter_release(&limiter, NULL), CORO_EPERM);
    ASYNC_END;
}

Test(limiter, a_cancelled_task_borrows_nothing)
{
    EQ(RUN(cancelled_before()), 0);
    EQ(coro_limiter_borrowed(&limiter), 0);
}

/* --- borrowers -------------------------------------------------------------------------------- */

ASYNC(borrows_twice, VARS(int error;))
{
    ASYNC_BEGIN;
    coro_limiter_set_total(&limiter, 2);
    AWAIT(coro_limiter_acquire(&limiter, NULL));
    AWAIT_CATCH(self->error, coro_limiter_acquire(&limiter, NULL));
    EQ(self->error, CORO_EALREADY);
    AWAIT_CATCH(self->error, coro_limiter_acquire(&limiter, coro_current_task()));
    EQ(self->error, CORO_EALREADY);
    EQ(coro_limiter_acquire_nowait(&limiter, NULL), CORO_EALREADY);
    AWAIT(coro_limiter_acquire(&limiter, job_a)); /* on behalf of another one */
    tasks[0] = coro_create_task(borrower('a', job_b));
    tasks[1] = coro_create_task(borrower('b', job_b)); /* waits for the same borrower */
    tasks[2] = coro_create_task(borrower('c', job_a)); /* has one */
    AWAIT(coro_yield());
    EQ(coro_limiter_acquire_nowait(&limiter, job_b), CORO_EALREADY);
    SAID("b!-114 c!-114 ");
    EQ(coro_limiter_release(&limiter, job_a), 0);
    EQ(coro_limiter_has(&limiter, job_b), true);
    AWAIT(coro_task_join(tasks[0]));
    release_tasks();
    EQ(coro_limiter_release(&limiter, NULL), 0);
    ASYNC_END;
}

Test(limiter, each_borrower_has_one_token_at_most)
{
    EQ(RUN(borrows_twice()), 0);
    SAID("b!-114 c!-114 a ");
    EQ(coro_limiter_borrowed(&limiter), 0);
}

Test(limiter, no_borrower_where_no_task_runs_traps, .signal = SIGABRT)
{
    coro_limiter_acquire_nowait(&limiter, NULL);
}

/* --- total ------------------------------------------------------------------------------------ */

ASYNC(changes_total, VARS(int i;))
{
    ASYNC_BEGIN;
    EQ(coro_limiter_set_total(&limiter, 5), CORO_EINVAL);
    EQ(coro_limiter_total(&limiter), 4);
    EQ(coro_limiter_set_total(&limiter, 0), 0);
    for (self->i = 0; self->i < 4; self->i++)
        tasks[self->i] = coro_create_task(borrower((char)('a' + self->i), NULL));
    AWAIT(coro_sleep(CORO_MS(1)));
    SAID("");
    EQ(coro_limiter_set_total(&limiter, 3), 0);
    EQ(coro_limiter_borrowed(&limiter), 3);
    EQ(coro_limiter_set_total(&limiter, 1), 0); /* nobody is disturbed */
    EQ(coro_limiter_borrowed(&limiter), 3);
    EQ(coro_limiter_available(&limiter), 0);
    AWAIT(coro_yield());
    say("| ");
    for (self->i = 0; self->i < 4; self->i++)
        AWAIT(coro_task_join(tasks[self->i]));
    release_tasks();
    EQ(coro_limiter_available(&limiter), 1);
    ASYNC_END;
}

Test(limiter, its_total_can_change_while_it_is_in_use)
{
    EQ(RUN(changes_total()), 0);
    SAID("a b c | d ");
}

/* --- at random -------------------------------------------------------------------------------- */

static size_t most;
static int borrowings;

ASYNC(random_borrower, VARS(coro_scope limit; int error;))
{
    ASYNC_BEGIN;
    if (dice(6) == 0)
        coro_limiter_set_total(&limiter, 1 + dice(4));
    CORO_TIMEOUT(self->limit, dice(2) ? CORO_MS(1 + dice(4)) : CORO_FOREVER) {
        CHAOS_EQ(coro_limiter_has(&limiter, NULL), false);
        AWAIT(coro_limiter_acquire(&limiter, NULL));
        CHAOS_EQ(coro_limiter_has(&limiter, NULL), true);
        CHAOS_HOLDS(limiter.borrowed <= 4);
        CHAOS_HOLDS(limiter.waiters.first == NULL || coro_limiter_available(&limiter) == 0);
        most = limiter.borrowed > most ? limiter.borrowed : most;
        borrowings++;
        AWAIT_CATCH(self->error, moment());
        CHAOS_EQ(coro_limiter_release(&limiter, NULL), 0);
        AWAIT(coro_yield());
    }
    ASYNC_END;
}

static coro_any *make_random_borrower(void)
{
    return (coro_any *)(void *)random_borrower();
}

Test(limiter, loses_no_token_whoever_is_cancelled)
{
    make_worker = make_random_borrower;
    CHAOS({
        CHAOS_EQ(coro_limiter_borrowed(&limiter), 0);
        CHAOS_EQ(limiter.waiters.first == NULL, true);
    });
    HOLDS(borrowings > 500);
    EQ(most, 4);
}
