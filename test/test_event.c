/* SPDX-License-Identifier: MIT */
/*
 * test_event.c: who waits when it is set goes on, in order; who comes later does not wait.
 */
#include "sync_fixture.h"

SUITE(event);

static coro_event event;

ASYNC(waiter, ARGS(char, name), VARS(int error;))
{
    ASYNC_BEGIN;
    AWAIT_CATCH(self->error, coro_event_wait(&event));
    if (self->error != 0)
        say("%c!%d ", self->name, self->error);
    else
        say("%c ", self->name);
    if (self->error != 0)
        ASYNC_THROW(self->error);
    ASYNC_END;
}

Test(event, is_clear_when_it_is_new)
{
    coro_event fresh = CORO_EVENT_INIT;
    EQ(coro_event_is_set(&fresh), false);
    coro_event_set(&fresh);
    coro_event_set(&fresh);
    EQ(coro_event_is_set(&fresh), true);
    coro_event_clear(&fresh);
    EQ(coro_event_is_set(&fresh), false);
    coro_event_set(&fresh);
    coro_event_init(&fresh);
    EQ(coro_event_is_set(&fresh), false);
}

static coro_task *tasks[3];

ASYNC(sets, ARGS(bool, clears, int, cancel), VARS(int i, error; uint64_t turn;))
{
    ASYNC_BEGIN;
    for (self->i = 0; self->i < 3; self->i++)
        tasks[self->i] = coro_create_task(waiter((char)('a' + self->i)));
    AWAIT(coro_yield());
    cr_assert(eq(str, TEXT(tasks[0]->wait_type->verb), TEXT("event")));
    EQ(tasks[0]->wait.object == &event, true);
    if (self->cancel >= 0)
        coro_task_cancel(tasks[self->cancel]);
    coro_event_set(&event);
    if (self->clears)
        coro_event_clear(&event);
    for (self->i = 0; self->i < 3; self->i++) {
        AWAIT_CATCH(self->error, coro_task_join(tasks[self->i]));
        EQ(self->error, self->i == self->cancel ? CORO_ECANCELED : 0);
        coro_task_release(tasks[self->i]);
    }
    self->turn = turns();
    if (!self->clears)
        AWAIT(waiter('d'));
    EQ(turns(), self->turn); /* it does not suspend */
    ASYNC_END;
}

Test(event, lets_all_go_in_the_order_they_came_and_stays_set)
{
    EQ(RUN(sets(false, -1)), 0);
    SAID("a b c d ");
}

Test(event, cleared_in_the_same_turn_it_has_let_them_go_all_the_same)
{
    EQ(RUN(sets(true, -1)), 0);
    SAID("a b c ");
}

Test(event, who_is_cancelled_before_is_passed_over)
{
    EQ(RUN(sets(true, 1)), 0);
    SAID("b!-125 a c ");
}

ASYNC(set_then_cancel, VARS(coro_task *task;))
{
    ASYNC_BEGIN;
    self->task = coro_create_task(waiter('a'));
    AWAIT(coro_yield());
    coro_event_set(&event);
    coro_task_cancel(self->task);
    AWAIT(coro_task_join(self->task)); /* it has come: a later cancel does not undo it */
    coro_task_release(self->task);
    ASYNC_END;
}

Test(event, a_cancel_that_comes_after_the_set_is_too_late)
{
    EQ(RUN(set_then_cancel()), 0);
    SAID("a ");
}

ASYNC(cancelled_before, VARS(int error;))
{
    ASYNC_BEGIN;
    coro_event_set(&event);
    coro_task_cancel(coro_current_task());
    AWAIT_CATCH(self->error, waiter('a'));
    EQ(self->error, CORO_ECANCELED);
    ASYNC_END;
}

Test(event, in_a_cancelled_task_a_wait_fails_though_it_is_set)
{
    EQ(RUN(cancelled_before()), 0);
    SAID("a!-125 ");
}

Test(event, a_wait_that_times_out_leaves_no_trace)
{
    EQ(RUN(coro_wait_for(coro_event_wait(&event), CORO_MS(3))), CORO_ETIMEDOUT);
    EQ(event.waiters.first == NULL, true);
}

Test(event, waiting_for_what_nobody_sets_is_a_deadlock)
{
    EQ(RUN_LOUD(coro_event_wait(&event)), CORO_EDEADLK);
    EQ(event.waiters.first == NULL, true);
}

/* --- at random -------------------------------------------------------------------------------- */

static int let_go, gone_on;

static int count_waiters(void)
{
    int count = 0;
    for (const coro_task *task = event.waiters.first; task != NULL; count++)
        task = task->next != event.waiters.first ? task->next : NULL;
    return count;
}

ASYNC(random_waiter, VARS(coro_scope limit; bool waits;))
{
    ASYNC_BEGIN;
    if (dice(3) == 0) {
        let_go += count_waiters();
        coro_event_set(&event);
        CHAOS_HOLDS(event.waiters.first == NULL);
        if (dice(2))
            coro_event_clear(&event);
        AWAIT(moment());
        coro_event_clear(&event);
        ASYNC_RETURN();
    }
    CORO_TIMEOUT(self->limit, CORO_MS(5)) {
        self->waits = !coro_event_is_set(&event);
        AWAIT(coro_event_wait(&event));
        gone_on += self->waits;
    }
    ASYNC_END;
}

static coro_any *make_random_waiter(void)
{
    return (coro_any *)(void *)random_waiter();
}

Test(event, forgets_nobody_whoever_is_cancelled)
{
    make_worker = make_random_waiter;
    CHAOS({
        CHAOS_EQ(event.waiters.first == NULL, true);
        CHAOS_EQ(gone_on, let_go);
        coro_event_clear(&event);
    });
    HOLDS(gone_on > 500);
}
