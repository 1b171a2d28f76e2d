/* SPDX-License-Identifier: MIT */
/*
 * test_task.c: tasks: when they start, who owns them, who hears of their end. Cancelling
 * in its finer points is in test_conformance_cancel.c and test_finally.c.
 */
#include "loop_fixture.h"

SUITE(task);

ASYNC(work, RETURNS(int), ARGS(int, value, long, ms))
{
    ASYNC_BEGIN;
    if (self->ms > 0)
        AWAIT(coro_sleep(CORO_MS(self->ms)));
    say("w%d ", self->value);
    if (self->value < 0)
        ASYNC_THROW(self->value);
    ASYNC_RETURN(self->value);
    ASYNC_END;
}

/* --- start -------------------------------------------------------------------------------- */

ASYNC(creates, VARS(coro_task *a, *b;))
{
    ASYNC_BEGIN;
    self->a = coro_create_task(work(1, 0));
    say("between ");
    self->b = coro_create_task(work(2, 0));
    say("after ");
    AWAIT(coro_yield());
    say("done %d %d ", coro_task_done(self->a), coro_task_done(self->b));
    coro_task_release(self->a);
    coro_task_release(self->b);
    ASYNC_END;
}

Test(task, starts_at_the_next_turn_in_order_of_creation)
{
    EQ(RUN(creates()), 0);
    SAID("between after w1 w2 done 1 1 ");
}

/* --- ownership ---------------------------------------------------------------------------- */

ASYNC(forgets_its_tasks, ARGS(int, value))
{
    ASYNC_BEGIN;
    coro_task_release(coro_create_task(work(self->value, 0)));
    coro_task_release(coro_create_task(work(self->value, 5)));
    AWAIT(coro_sleep(CORO_MS(10)));
    say("end ");
    ASYNC_END;
}

Test(task, a_task_that_nobody_holds_runs_to_its_end)
{
    EQ(RUN(forgets_its_tasks(3)), 0);
    SAID("w3 w3 end ");
}

Test(task, an_error_that_nobody_took_is_reported_when_the_task_was_let_go_before_its_end)
{
    EQ(RUN_LOUD(forgets_its_tasks(CORO_EIO)), 0);
    EQ(heard.count, 2);
    EQ(heard.list[0].kind, CORO_REPORT_TASK_ERROR);
    EQ(heard.list[1].error, CORO_EIO);
    cr_assert(eq(str, heard.list[0].name, TEXT("work")));
}

enum { RELEASE, LOOK, JOIN, CANCEL };

ASYNC(has_a_failed_task, ARGS(int, what), VARS(coro_task *task; int error;))
{
    ASYNC_BEGIN;
    self->task = coro_create_task(work(CORO_EIO, 1));
#if CORO_HOSTED
    coro_task_set_name(self->task, "named");
#endif
    if (self->what == CANCEL)
        coro_task_cancel(self->task);
    AWAIT(coro_sleep(CORO_MS(2)));
    EQ(heard.count, 0); /* not while somebody can still take it */
    if (self->what == LOOK)
        EQ(coro_task_error(self->task), CORO_EIO);
    if (self->what == JOIN)
        AWAIT_CATCH(self->error, coro_task_join(self->task));
    coro_task_release(self->task);
    say("%d ", self->error);
    ASYNC_END;
}

Test(task, an_error_is_reported_at_the_release_of_the_last_reference_unless_it_was_taken)
{
    EQ(RUN(has_a_failed_task(LOOK)), 0);
    EQ(RUN(has_a_failed_task(JOIN)), 0);
    EQ(RUN(has_a_failed_task(CANCEL)), 0);
    EQ(RUN_LOUD(has_a_failed_task(RELEASE)), 0);
    EQ(heard.count, 1);
    cr_assert(eq(str, heard.list[0].name, TEXT(CORO_HOSTED ? "named" : "work")));
}

ASYNC(retains, VARS(coro_task *task; int i, error;))
{
    ASYNC_BEGIN;
    self->task = coro_create_task(work(5, 1));
    for (self->i = 0; self->i < 1000; self->i++)
        EQ(coro_task_retain(self->task) == self->task, true);
    AWAIT(coro_sleep(CORO_MS(2)));
    for (self->i = 0; self->i < 1000; self->i++)
        coro_task_release(self->task);
    EQ(coro_task_error(self->task), 0);
    EQ(*(const int *)coro_task_result(self->task, &work_descriptor), 5);
    coro_task_release(self->task);
    EQ(coro_task_retain(NULL) == NULL, true);
    coro_task_release(NULL);
    ASYNC_END;
}

Test(task, lives_until_its_last_reference_is_gone)
{
    EQ(RUN(retains()), 0);
}

ASYNC(many_tasks, VARS(int i;))
{
    ASYNC_BEGIN;
    for (self->i = 0; self->i < CROWD_OF(10000); self->i++)
        coro_task_release(coro_create_task(work(1, 1 + self->i % 7)));
    said_size = 0;
    EQ(loop.task_count, CROWD_OF(10000) + 1);
    ASYNC_END;
}

static void forget_what_was_said(void)
{
    said_size = 0;
}

Test(task, what_is_left_when_main_ends_is_cancelled_and_freed)
{
    EQ(RUN(many_tasks()), 0);
    forget_what_was_said();
}

/* --- joining ------------------------------------------------------------------------------ */

ASYNC(joiner, ARGS(char, name, coro_task *, task), VARS(int value, error;))
{
    ASYNC_BEGIN;
    ASYNC_TRY;
    CORO_JOIN(self->value, work, self->task);
    say("%c%d@%ld ", self->name, self->value, now_ms());
    ASYNC_CATCH(self->error);
    say("%c!%d ", self->name, self->error);
    ASYNC_END_TRY;
    ASYNC_END;
}

ASYNC(joined_by_many, ARGS(int, value), VARS(coro_task *task, *late; int i;))
{
    ASYNC_BEGIN;
    self->task = coro_create_task(work(self->value, 5));
    for (self->i = 0; self->i < 5; self->i++)
        coro_task_release(coro_create_task(joiner((char)('a' + self->i), self->task)));
    AWAIT(coro_sleep(CORO_MS(6)));
    AWAIT(joiner('z', self->task)); /* and one who comes late: at once */
    coro_task_release(self->task);
    ASYNC_END;
}

Test(task, any_number_may_join_and_are_woken_in_the_order_they_came)
{
    EQ(RUN(joined_by_many(7)), 0);
    SAID("w7 a7@5 b7@5 c7@5 d7@5 e7@5 z7@6 ");
}

Test(task, all_who_join_get_its_error)
{
    EQ(RUN(joined_by_many(CORO_EIO)), 0);
    SAID("w-5 a!-5 b!-5 c!-5 d!-5 e!-5 z!-5 ");
}

ASYNC(joins_and_lets_go, VARS(coro_task *task; int value;))
{
    ASYNC_BEGIN;
    self->task = coro_create_task(work(9, 0));
    coro_task_release(coro_create_task(joiner('a', self->task)));
    AWAIT(coro_yield()); /* it has ended, and the joiner is about to take its result */
    coro_task_release(self->task);
    AWAIT(coro_yield());
    AWAIT(coro_yield());
    ASYNC_END;
}

Test(task, a_join_keeps_the_result_alive)
{
    EQ(RUN(joins_and_lets_go()), 0);
    SAID("w9 a9@0 ");
}

ASYNC(joins_oddly, VARS(int error;))
{
    ASYNC_BEGIN;
    AWAIT_CATCH(self->error, coro_task_join(NULL));
    say("%d ", self->error);
    AWAIT_CATCH(self->error, coro_task_join(coro_current_task()));
    say("%d ", self->error);
    AWAIT_CATCH(self->error, coro_shield(NULL));
    say("%d ", self->error);
    AWAIT_CATCH(self->error, coro_shield(coro_current_task()));
    say("%d ", self->error);
    AWAIT_CATCH(self->error, coro_wait_for(coro_task_join(NULL), 0));
    say("%d ", self->error);
    ASYNC_END;
}

Test(task, joining_null_is_no_memory_and_joining_oneself_a_loop)
{
    EQ(RUN(joins_oddly()), 0);
    SAID("-12 -40 -12 -40 -12 ");
}

ASYNC(asks, VARS(coro_task *task;))
{
    ASYNC_BEGIN;
    self->task = coro_create_task(work(4, 1));
    EQ(coro_task_done(self->task), false);
    EQ(coro_task_error(self->task), CORO_EPENDING);
    EQ(coro_task_result(self->task, &work_descriptor) == NULL, true);
    EQ(coro_task_cancelled(self->task), false);
    cr_assert(eq(str, TEXT(name_of(self->task)), TEXT("work")));
    AWAIT(coro_task_join(self->task));
    EQ(coro_task_done(self->task), true);
    EQ(coro_task_error(self->task), 0);
    EQ(coro_task_cancel(self->task), false);
    EQ(coro_task_cancelled(self->task), false);
    coro_task_release(self->task);
    ASYNC_END;
}

Test(task, tells_how_far_it_is)
{
    EQ(RUN(asks()), 0);
}

/* --- memory of the caller's ---------------------------------------------------------------- */

static coro_task placed;
static struct work placed_frame;

ASYNC(places, VARS(int value;))
{
    ASYNC_BEGIN;
    EQ(coro_task_start_at(&loop, &placed, work_at(&placed_frame, 6, 1)), 0);
    CORO_JOIN(self->value, work, &placed);
    say("%d ", self->value);
    coro_task_release(&placed);
    EQ(coro_task_start_at(&loop, &placed, work_at(&placed_frame, 8, 1)), 0);
    CORO_JOIN(self->value, work, &placed);
    say("%d %d", self->value, placed_frame.result);
    coro_task_release(&placed);
    ASYNC_END;
}

Test(task, may_live_in_the_callers_memory_again_and_again)
{
    EQ(RUN(places()), 0);
    SAID("w6 6 w8 8 8");
}

/* --- results that nobody takes ------------------------------------------------------------- */

static void drop(int value)
{
    say("drop%d ", value);
}

ASYNC(opens, RETURNS(int, drop), ARGS(int, value, long, ms))
{
    ASYNC_BEGIN;
    AWAIT(coro_sleep(CORO_MS(self->ms)));
    if (self->value < 0)
        ASYNC_THROW(self->value);
    ASYNC_RETURN(self->value);
    ASYNC_END;
}

ASYNC(drops, VARS(coro_task *task; int value, error;))
{
    ASYNC_BEGIN;
    coro_task_release(coro_create_task(opens(1, 0))); /* nobody */
    self->task = coro_create_task(opens(2, 0));
    CORO_JOIN(self->value, opens, self->task); /* somebody */
    coro_task_release(self->task);
    self->task = coro_create_task(opens(3, 0));
    AWAIT(coro_task_join(self->task)); /* who waits, but does not take */
    coro_task_release(self->task);
    coro_task_release(coro_create_task(opens(CORO_EIO, 0))); /* there is none */
    AWAIT(self->value, opens(4, 0));
    self->task = coro_create_task(opens(5, 0));
    AWAIT(coro_sleep(CORO_MS(1)));
    self->value = *(const int *)coro_task_result(self->task, &opens_descriptor);
    coro_task_release(self->task);
    say("%d ", self->value);
    coro_task_release(coro_create_task(opens(6, 100))); /* cancelled by the loop's close */
    ASYNC_END;
}

Test(task, a_result_that_nobody_takes_is_given_to_its_drop_function)
{
    EQ(RUN_LOUD(drops()), 0);
    EQ(heard.count, 1);
    SAID("drop1 drop3 5 ");
}

ASYNC(does_not_take, VARS(int error;))
{
    ASYNC_BEGIN;
    AWAIT(opens(1, 0));
    AWAIT_CATCH(self->error, opens(2, 1));
    AWAIT(coro_wait_for(opens(3, 1), CORO_MS(5)));
    ASYNC_END;
}

Test(task, an_await_without_an_lvalue_takes_no_result)
{
    EQ(RUN(does_not_take()), 0);
    SAID("drop1 drop2 drop3 ");
}

/* --- cancel through joins ------------------------------------------------------------------ */

ASYNC(waits_for, ARGS(char, name, coro_task **, task, bool, shielded), VARS(int error;))
{
    ASYNC_BEGIN;
    if (self->shielded)
        AWAIT_CATCH(self->error, coro_shield(*self->task));
    else
        AWAIT_CATCH(self->error, coro_task_join(*self->task));
    say("%c%d@%ld ", self->name, self->error, now_ms());
    if (self->error != 0)
        ASYNC_THROW(self->error);
    ASYNC_END;
}

ASYNC(cancel_the_last_of_three, ARGS(bool, shielded),
      VARS(coro_task *a, *b, *c; int error;))
{
    ASYNC_BEGIN;
    self->a = coro_create_task(work(1, 10));
    self->b = coro_create_task(waits_for('b', &self->a, self->shielded));
    self->c = coro_create_task(waits_for('c', &self->b, false));
    AWAIT(coro_sleep(CORO_MS(1)));
    coro_task_cancel(self->c);
    AWAIT_CATCH(self->error, coro_task_join(self->c));
    say("%d %d %d ", coro_task_error(self->a), coro_task_error(self->b), self->error);
    AWAIT_CATCH(self->error, coro_task_join(self->a));
    coro_task_release(self->a);
    coro_task_release(self->b);
    coro_task_release(self->c);
    ASYNC_END;
}

Test(task, a_cancel_goes_on_to_what_is_joined)
{
    EQ(RUN(cancel_the_last_of_three(false)), 0);
    SAID("b-125@1 c-125@1 -125 -125 -125 ");
}

Test(task, a_shield_keeps_what_is_joined_alive)
{
    EQ(RUN(cancel_the_last_of_three(true)), 0);
    SAID("b-125@1 c-125@1 -1004 -125 -125 w1 ");
}

#define CHAIN CROWD_OF(100000)
static coro_task *chain[CHAIN];

ASYNC(link_of_chain, ARGS(int, index))
{
    ASYNC_BEGIN;
    if (self->index == 0)
        AWAIT(coro_sleep(CORO_SECONDS(1000)));
    else
        AWAIT(coro_task_join(chain[self->index - 1]));
    ASYNC_END;
}

ASYNC(makes_chain, VARS(int i, error;))
{
    ASYNC_BEGIN;
    for (self->i = 0; self->i < CHAIN; self->i++)
        chain[self->i] = coro_create_task(link_of_chain(self->i));
    AWAIT(coro_yield());
    EQ(coro_task_cancel(chain[CHAIN - 1]), true);
    AWAIT_CATCH(self->error, coro_task_join(chain[CHAIN - 1]));
    EQ(self->error, CORO_ECANCELED);
    for (self->i = 0; self->i < CHAIN; self->i++) {
        EQ(coro_task_cancelled(chain[self->i]), true);
        coro_task_release(chain[self->i]);
    }
    ASYNC_END;
}

Test(task, a_cancel_goes_along_a_hundred_thousand_joins_on_a_flat_stack)
{
    EQ(RUN(makes_chain()), 0);
}

ASYNC(makes_a_ring, VARS(coro_task *a, *b, *c; int error;))
{
    ASYNC_BEGIN;
    self->a = coro_create_task(waits_for('a', &self->b, false));
    self->b = coro_create_task(waits_for('b', &self->c, false));
    self->c = coro_create_task(waits_for('c', &self->a, false));
    AWAIT(coro_yield());
    EQ(coro_task_cancel(self->a), true);
    EQ(coro_task_cancelling(self->a), 1);
    EQ(coro_task_cancelling(self->b), 1);
    EQ(coro_task_cancelling(self->c), 1);
    coro_task_release(self->a);
    coro_task_release(self->b);
    coro_task_release(self->c);
    ASYNC_END;
}

Test(task, a_ring_of_joins_is_told_when_it_is_closed_and_freed)
{
    EQ(RUN_LOUD(makes_a_ring()), 0);
    EQ(heard.count, 1); /* when one is freed, the others end by themselves */
    EQ(heard.list[0].error, CORO_EDEADLK);
    cr_assert(eq(int, strncmp(said, "c-125@0 b-125@0 ", 16), 0), "%s", said);
}

/* --- no memory ----------------------------------------------------------------------------- */

ASYNC(creates_without_memory, VARS(coro_task *task; int error;))
{
    ASYNC_BEGIN;
    memory.fail_at = memory.calls + 1;
    while ((self->task = coro_create_task(work(1, 0))) != NULL)
        coro_task_release(self->task);
    AWAIT_CATCH(self->error, coro_task_join(self->task));
    say("%d ", self->error);
    AWAIT(coro_yield());
    said_size = 0;
    said[0] = 0;
    ASYNC_END;
}

Test(task, is_null_when_memory_is_short_and_can_be_joined_all_the_same)
{
    EQ(RUN(creates_without_memory()), 0);
    SAID("");
}

Test(task, placed_in_the_callers_memory_needs_room_for_its_timer)
{
    static coro_task placed;
    static struct work frame;
    open_loop();
    memory.fail_from = memory.calls + 1;
    EQ(coro_task_start_at(&loop, &placed, work_at(&frame, 6, 1)), CORO_ENOMEM);
    memory.fail_from = 0;
    EQ(coro_task_start_at_(&loop, &placed, coro_frame_failed_()), CORO_ENOMEM);
    EQ(loop.task_count, 0);
    EQ(coro_task_start_at(&loop, &placed, work_at(&frame, 6, 1)), 0);
    EQ(loop.task_count, 1);
    close_loop();
}

#if CORO_HOSTED
ASYNC(seventy_thousand_join, VARS(coro_group group; coro_task *task; int i, error;))
{
    ASYNC_BEGIN;
    self->task = coro_create_task(work(1, 5));
    ASYNC_TRY;
    CORO_GROUP_COLLECT(self->group) {
        for (self->i = 0; self->i < 70000; self->i++)
            coro_group_create_task(&self->group, coro_task_join(self->task));
    }
    ASYNC_CATCH(self->error);
    ASYNC_END_TRY;
    coro_task_release(self->task);
    EQ(self->error, CORO_ENOMEM);
    EQ(coro_group_errors(&self->group, NULL, NULL), 70000 - 65532);
    ASYNC_END;
}

Test(task, who_would_be_one_too_many_to_join_is_told)
{
    EQ(RUN(seventy_thousand_join()), 0);
}
#endif
