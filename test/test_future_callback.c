/* SPDX-License-Identifier: MIT */
/*
 * test_future_callback.c: what is called when a future is done, and futures that follow others.
 */
#include "loop_fixture.h"

#include <signal.h>

SUITE(future_callback);

static coro_future future, other;
static coro_future_callback nodes[8];
static int answer = 42;

static void name(coro_future *done, void *context)
{
    HOLDS(coro_future_done(done) && coro_current_task() == NULL);
    say("%s ", (const char *)context);
}

static void *text(const char *name)
{
    return (void *)(uintptr_t)name;
}

static char one[] = "one", two[] = "two", three[] = "three";

/* --- c014, c019, c020, c023 ----------------------------------------------------------------- */

ASYNC(of_a_done_one)
{
    ASYNC_BEGIN;
    coro_future_init(&future);
    coro_future_set_result(&future, &answer);
    EQ(coro_future_add_done_callback(&future, &nodes[0], name, text("callback")), 0);
    say("after ");
    AWAIT(coro_yield());
    ASYNC_END;
}

Test(conformance, c014_a_callback_of_a_done_future_is_not_called_inline)
{
    EQ(RUN(of_a_done_one()), 0);
    SAID("after callback ");
}

ASYNC(removes_the_first)
{
    ASYNC_BEGIN;
    coro_future_init(&future);
    coro_future_add_done_callback(&future, &nodes[0], name, one);
    coro_future_add_done_callback(&future, &nodes[1], name, two);
    coro_future_add_done_callback(&future, &nodes[2], name, three);
    EQ(coro_future_remove_done_callback(&future, name, one), 1);
    EQ(coro_future_remove_done_callback(&future, name, one), 0);
    coro_future_set_result(&future, &answer);
    say("set ");
    AWAIT(coro_yield());
    ASYNC_END;
}

Test(conformance, c019_removed_callbacks_are_not_called_and_the_others_in_order)
{
    EQ(RUN(removes_the_first()), 0);
    SAID("set two three ");
}

static void removes_others(coro_future *done, void *context)
{
    (void)context;
    EQ(coro_future_remove_done_callback(done, name, one), 0);
    say("removes ");
}

static void name_2(coro_future *done, void *context)
{
    name(done, context);
}

ASYNC(removes_equal_ones, ARGS(bool, late), VARS(int i;))
{
    ASYNC_BEGIN;
    coro_future_init(&future);
    if (self->late)
        coro_future_add_done_callback(&future, &nodes[0], removes_others, NULL);
    for (self->i = 1; self->i < 7; self->i++)
        coro_future_add_done_callback(&future, &nodes[self->i], self->i == 3 ? name_2 : name,
                                      self->i % 2 ? one : two);
    if (!self->late)
        EQ(coro_future_remove_done_callback(&future, name, one), 2);
    coro_future_cancel(&future);
    AWAIT(coro_yield());
    ASYNC_END;
}

Test(conformance, c019_all_equal_callbacks_are_removed)
{
    EQ(RUN(removes_equal_ones(false)), 0);
    SAID("two one two two ");
}

Test(conformance, c020_a_callback_may_remove_others_which_are_on_their_way)
{
    EQ(RUN(removes_equal_ones(true)), 0);
    SAID("removes one two one two one two ");
}

ASYNC(waits, ARGS(int, number), VARS(void *result; int error;))
{
    ASYNC_BEGIN;
    AWAIT_CATCH(self->error, self->result, coro_future_wait(&future));
    say("task%d ", self->number);
    ASYNC_END;
}

static void plain(void *context)
{
    say("%s ", (const char *)context);
}

ASYNC(order_of_all, ARGS(bool, callbacks), VARS(coro_group group; coro_handle handle; int i;))
{
    ASYNC_BEGIN;
    coro_future_init(&future);
    CORO_GROUP(self->group) {
        for (self->i = 0; self->i < 3; self->i++) {
            if (self->callbacks)
                coro_future_add_done_callback(&future, &nodes[self->i], name, one);
            coro_group_create_task(&self->group, waits(self->i));
            AWAIT(coro_yield());
        }
        if (self->callbacks)
            coro_future_add_done_callback(&future, &nodes[3], name, two);
        coro_future_set_result(&future, &answer);
        coro_loop_call_soon(coro_loop_current(), &self->handle, plain, text("callback"));
        say("set ");
    }
    ASYNC_END;
}

Test(conformance, c023_woken_tasks_come_before_what_is_called_soon_after)
{
    EQ(RUN(order_of_all(false)), 0);
    SAID("set task0 task1 task2 callback ");
}

Test(future_callback, tasks_and_callbacks_come_in_the_order_in_which_they_began)
{
    EQ(RUN(order_of_all(true)), 0);
    SAID("set one task0 one task1 one task2 two callback ");
}

/* --- more of it ------------------------------------------------------------------------------ */

static void adds_again(coro_future *done, void *context)
{
    int *left = context;
    say("%d ", *left);
    if (--*left > 0)
        EQ(coro_future_add_done_callback(done, &nodes[0], adds_again, left), 0);
}

ASYNC(uses_its_node_again, VARS(int left;))
{
    ASYNC_BEGIN;
    self->left = 3;
    coro_future_init(&future);
    coro_future_add_done_callback(&future, &nodes[0], adds_again, &self->left);
    coro_future_set_error(&future, CORO_EIO);
    AWAIT(coro_yield());
    say("turn ");
    AWAIT(coro_yield());
    AWAIT(coro_yield());
    EQ(self->left, 0);
    EQ(coro_future_error(&future), CORO_EIO);
    ASYNC_END;
}

Test(future_callback, its_memory_is_the_callers_again_when_it_is_called)
{
    EQ(RUN(uses_its_node_again()), 0);
    SAID("3 turn 2 1 ");
}

ASYNC(takes_back)
{
    ASYNC_BEGIN;
    coro_future_init(&future);
    EQ(coro_future_callback_cancel(&nodes[0]), false);
    coro_future_add_done_callback(&future, &nodes[0], name, one);
    coro_future_add_done_callback(&future, &nodes[1], name, two);
    coro_future_add_done_callback(&future, &nodes[2], name, three);
    EQ(coro_future_callback_cancel(&nodes[1]), true);
    EQ(coro_future_callback_cancel(&nodes[1]), false);
    coro_future_set_result(&future, NULL);
    EQ(coro_future_callback_cancel(&nodes[2]), true); /* on its way already */
    EQ(coro_future_callback_cancel(&nodes[2]), false);
    AWAIT(coro_yield());
    EQ(coro_future_callback_cancel(&nodes[0]), false);
    ASYNC_END;
}

Test(future_callback, may_be_taken_back_at_any_time_before_it_is_called)
{
    EQ(RUN(takes_back()), 0);
    SAID("one ");
}

static coro_loop second;

ASYNC(adds_to_another_loops)
{
    ASYNC_BEGIN;
    EQ(coro_future_add_done_callback(&future, &nodes[0], name, one), CORO_EWRONGLOOP);
    EQ(coro_future_chain(&future, &other, &(coro_future_link)CORO_FUTURE_LINK_INIT),
       CORO_EWRONGLOOP);
    coro_future_init(&other); /* now it is of this loop */
    EQ(coro_future_chain(&future, &other, &(coro_future_link)CORO_FUTURE_LINK_INIT),
       CORO_EWRONGLOOP);
    EQ(coro_future_cancel(&other), true); /* nothing was tied to it */
    EQ(coro_future_done(&future), false);
    ASYNC_END;
}

Test(future_callback, belongs_to_the_loop_of_its_future)
{
    coro_future_init(&future);
    future.loop = &second;
    EQ(RUN(adds_to_another_loops()), 0);
}

Test(future_callback, in_use_already_traps, .signal = SIGABRT)
{
    open_loop();
    future.loop = &loop;
    coro_future_add_done_callback(&future, &nodes[0], name, one);
    coro_future_add_done_callback(&future, &nodes[0], name, two);
}

Test(future_callback, without_a_function_traps, .signal = SIGABRT)
{
    open_loop();
    future.loop = &loop;
    coro_future_add_done_callback(&future, &nodes[0], NULL, NULL);
}

Test(future_callback, without_a_loop_traps, .signal = SIGABRT)
{
    coro_future_add_done_callback(&future, &nodes[0], name, one);
}

/* --- errors that nobody took ----------------------------------------------------------------- */

enum { NOBODY, ASKED, AWAITED, CANCELLED, WELL, PENDING, CHAINED };

ASYNC(closes, ARGS(int, how), VARS(int error; void *result; coro_future_link link;))
{
    ASYNC_BEGIN;
    coro_future_init(&future);
    coro_future_init(&other);
    if (self->how == CHAINED)
        EQ(coro_future_chain(&future, &other, &self->link), 0);
    if (self->how == CANCELLED)
        coro_future_cancel(&future);
    else if (self->how == WELL)
        coro_future_set_result(&future, NULL);
    else if (self->how != PENDING)
        coro_future_set_error(&future, CORO_EIO);
    if (self->how == ASKED)
        EQ(coro_future_error(&future), CORO_EIO);
    if (self->how == AWAITED)
        AWAIT_CATCH(self->error, self->result, coro_future_wait(&future));
    AWAIT(coro_yield());
    coro_future_close(&future);
    EQ(coro_future_done(&future), true);
    EQ(coro_future_cancelled(&future), self->how == CANCELLED || self->how == PENDING);
    coro_future_close(&future);
    if (self->how == CHAINED)
        EQ(coro_future_error(&other), CORO_EIO);
    ASYNC_END;
}

Test(future_callback, an_error_that_nobody_took_is_reported_once)
{
    EQ(RUN_LOUD(closes(NOBODY)), 0);
    EQ(heard.count, 1);
    EQ(heard.list[0].error, CORO_EIO);
    EQ(heard.list[0].kind, CORO_REPORT_TASK_ERROR);
}

Test(future_callback, all_else_is_not)
{
    for (int how = ASKED; how <= CHAINED; how++)
        EQ(RUN(closes(how)), 0);
}

ASYNC(closes_with_waiters, VARS(coro_task *task;))
{
    ASYNC_BEGIN;
    coro_future_init(&future);
    self->task = coro_create_task(waits(1));
    AWAIT(coro_yield());
    coro_future_close(&future);
    AWAIT(coro_task_join(self->task));
    coro_task_release(self->task);
    ASYNC_END;
}

Test(future_callback, closing_a_pending_future_wakes_who_waits)
{
    EQ(RUN(closes_with_waiters()), 0);
    SAID("task1 ");
}

/* --- chains ---------------------------------------------------------------------------------- */

ASYNC(chains, ARGS(int, how), VARS(coro_future_link link; void *result; int error;))
{
    ASYNC_BEGIN;
    coro_future_init(&future);
    coro_future_init(&other);
    EQ(coro_future_chain(&future, &other, &self->link), 0);
    if (self->how == WELL)
        coro_future_set_result(&future, &answer);
    else if (self->how == CANCELLED)
        coro_future_cancel(&future);
    else
        coro_future_set_error(&future, CORO_EPIPE);
    EQ(coro_future_done(&other), false);
    AWAIT_CATCH(self->error, self->result, coro_future_wait(&other));
    say("%d %d ", self->error, self->result == &answer);
    EQ(coro_future_unlink(&self->link), false);
    AWAIT(coro_yield());
    ASYNC_END;
}

Test(future_callback, a_chained_future_ends_as_the_first)
{
    EQ(RUN(chains(WELL)), 0);
    EQ(RUN(chains(NOBODY)), 0);
    EQ(RUN(chains(CANCELLED)), 0);
    SAID("0 1 -32 0 -125 0 ");
}

ASYNC(cancels_backwards, ARGS(bool, both), VARS(coro_future_link link;))
{
    ASYNC_BEGIN;
    coro_future_init(&future);
    coro_future_init(&other);
    EQ(coro_future_chain(&future, &other, &self->link), 0);
    coro_future_cancel(&other);
    if (self->both)
        coro_future_set_result(&future, &answer); /* in the same turn */
    AWAIT(coro_yield());
    EQ(coro_future_cancelled(&future), !self->both);
    EQ(coro_future_cancelled(&other), true);
    EQ(coro_future_unlink(&self->link), false);
    ASYNC_END;
}

Test(conformance, c022_cancelling_the_second_cancels_the_first)
{
    EQ(RUN(cancels_backwards(false)), 0);
    EQ(RUN(cancels_backwards(true)), 0);
}

ASYNC(parts, ARGS(int, how), VARS(coro_future_link link;))
{
    ASYNC_BEGIN;
    coro_future_init(&future);
    coro_future_init(&other);
    EQ(coro_future_chain(&future, &future, &self->link), CORO_EINVAL);
    EQ(coro_future_chain(&future, &other, &self->link), 0);
    if (self->how == 1)
        coro_future_set_result(&future, &answer);
    if (self->how == 2)
        coro_future_set_result(&other, NULL); /* by itself */
    EQ(coro_future_unlink(&self->link), true);
    EQ(coro_future_unlink(&self->link), false);
    AWAIT(coro_yield());
    EQ(coro_future_done(&other), self->how == 2);
    EQ(coro_future_done(&future), self->how == 1);
    ASYNC_END;
}

Test(future_callback, parted_futures_go_on_alone)
{
    for (int how = 0; how < 3; how++)
        EQ(RUN(parts(how)), 0);
}

ASYNC(a_long_chain, VARS(coro_future f[9]; coro_future_link link[8]; int i; void *result;))
{
    ASYNC_BEGIN;
    for (self->i = 0; self->i < 8; self->i++)
        EQ(coro_future_chain(&self->f[self->i], &self->f[self->i + 1], &self->link[self->i]), 0);
    coro_future_set_result(&self->f[0], &answer);
    AWAIT(self->result, coro_future_wait(&self->f[8]));
    EQ(self->result == &answer, true);
    ASYNC_END;
}

Test(future_callback, chains_may_be_long)
{
    EQ(RUN(a_long_chain()), 0);
}

/* --- from inside ------------------------------------------------------------------------------ */

static void asks_again(coro_future *of, void *context)
{
    EQ(coro_future_add_done_callback(of, &nodes[1], name, context), 0);
    say("asked ");
}

ASYNC(asks_from_a_callback, VARS(coro_handle handle;))
{
    ASYNC_BEGIN;
    coro_future_init(&future);
    EQ(coro_future_add_done_callback(&future, &nodes[0], asks_again, two), 0);
    coro_future_set_result(&future, &answer);
    coro_loop_call_soon(coro_loop_current(), &self->handle, plain, text("soon"));
    AWAIT(coro_yield());
    say("| ");
    AWAIT(coro_yield());
    ASYNC_END;
}

Test(future_callback, c021_a_callback_that_adds_one_has_it_called_in_the_next_turn)
{
    EQ(RUN(asks_from_a_callback()), 0);
    SAID("asked soon | two ");
}
