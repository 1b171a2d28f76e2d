/* SPDX-License-Identifier: MIT */
/*
 * test_generator_use.c: generators by hand: next and close, memory, what is left open, and
 * CORO_FOR without a loop.
 */
#include "generator_fixture.h"

SUITE(generator_use);

/* --- by hand ---------------------------------------------------------------------------------- */

ASYNC(by_hand, VARS(coro_generator slot; int item, error; bool more;))
{
    ASYNC_BEGIN;
    AWAIT(self->more, coro_generator_next(&self->slot, &self->item)); /* never opened */
    say("%d ", self->more);
    AWAIT(coro_generator_close(&self->slot));
    coro_generator_open(&self->slot, counts(2, 1, 0, 0));
    AWAIT(self->more, coro_generator_next(&self->slot, &self->item));
    say("%d:%d ", self->more, self->item);
    AWAIT(self->more, coro_generator_next(&self->slot, coro_no_item));
    say("%d:%d:%d ", self->more, self->item, *(int *)coro_generator_item(&self->slot));
    AWAIT(self->more, coro_generator_next(&self->slot, &self->item));
    say("%d:%d:%d ", self->more, self->item, coro_generator_item(&self->slot) == NULL);
    AWAIT(self->more, coro_generator_next(&self->slot, &self->item));
    say("%d ", self->more);
    AWAIT(coro_generator_close(&self->slot));
    AWAIT(coro_generator_close(&self->slot));
    coro_generator_open(&self->slot, counts(2, 0, CORO_EIO, 0)); /* the slot is free again */
    AWAIT(coro_generator_close(&self->slot));                   /* never resumed */
    coro_generator_open(&self->slot, counts(1, 0, CORO_EIO, 0));
    AWAIT(self->more, coro_generator_next(&self->slot, &self->item));
    AWAIT_CATCH(self->error, self->more, coro_generator_next(&self->slot, &self->item));
    say("%d ", self->error);
    AWAIT_CATCH(self->error, self->more, coro_generator_next(&self->slot, &self->item));
    say("%d:%d ", self->error, self->more);
    coro_generator_open(&self->slot, counts(2, 0, 0, 1));
    AWAIT(self->more, coro_generator_next(&self->slot, &self->item));
    AWAIT_CATCH(self->error, coro_generator_close(&self->slot));
    say("%d", self->error);
    ASYNC_END;
}

Test(generator_use, next_and_close_by_hand)
{
    EQ(RUN(by_hand()), 0);
    SAID("0 [1:0 1:0:1 ]@3 0:0:1 0 []@3 -5 0:0 []@3 -22");
}

static coro_generator shared;

ASYNC(takes_one, ARGS(char, name), VARS(int item, error; bool more;))
{
    ASYNC_BEGIN;
    AWAIT_CATCH(self->error, self->more, coro_generator_next(&shared, &self->item));
    say("%c%d:%d ", self->name, self->error, self->item);
    ASYNC_END;
}

ASYNC(closes_while_it_runs, VARS(coro_task *a, *b; int error;))
{
    ASYNC_BEGIN;
    coro_generator_open(&shared, counts(3, 2, 0, 0));
    self->a = coro_create_task(takes_one('a'));
    self->b = coro_create_task(takes_one('b'));
    AWAIT(coro_sleep(CORO_MS(1)));
    AWAIT_CATCH(self->error, coro_generator_close(&shared));
    say("close%d ", self->error);
    AWAIT(coro_task_join(self->a));
    coro_task_release(self->a);
    coro_task_release(self->b);
    AWAIT(takes_one('c'));
    AWAIT(coro_generator_close(&shared));
    ASYNC_END;
}

Test(generator_use, is_busy_while_it_runs_for_others_and_unharmed)
{
    EQ(RUN(closes_while_it_runs()), 0);
    SAID("[b-16:0 close-16 a0:0 c0:1 ]@6 ");
}

ASYNC(consumes_itself, YIELDS(int), VARS(int item, error; bool more;))
{
    ASYNC_BEGIN;
    AWAIT_CATCH(self->error, self->more, coro_generator_next(&shared, &self->item));
    say("%d ", self->error);
    AWAIT_CATCH(self->error, coro_generator_close(&shared));
    say("%d ", self->error);
    YIELD(1);
    ASYNC_END;
}

ASYNC(lets_it, VARS(int item; bool more;))
{
    ASYNC_BEGIN;
    coro_generator_open(&shared, consumes_itself());
    AWAIT(self->more, coro_generator_next(&shared, &self->item));
    AWAIT(coro_generator_close(&shared));
    ASYNC_END;
}

Test(generator_use, cannot_go_on_or_close_by_itself)
{
    EQ(RUN(lets_it()), 0);
    SAID("-16 -16 ");
}

ASYNC(limited, VARS(coro_generator slot; int item, error; bool more;))
{
    ASYNC_BEGIN;
    coro_generator_open(&self->slot, counts(3, 5, 0, 0));
    AWAIT(self->more, coro_wait_for(coro_generator_next(&self->slot, &self->item), CORO_MS(6)));
    say("%d:%d ", self->more, self->item);
    AWAIT_CATCH(self->error, self->more,
                coro_wait_for(coro_generator_next(&self->slot, &self->item), 0));
    say("%d ", self->error); /* never begun: it goes on as if nothing had been */
    AWAIT(self->more, coro_generator_next(&self->slot, &self->item));
    say("%d:%d ", self->more, self->item);
    AWAIT_CATCH(self->error, self->more,
                coro_wait_for(coro_generator_next(&self->slot, &self->item), CORO_MS(1)));
    say("%d ", self->error);
    AWAIT(self->more, coro_generator_next(&self->slot, &self->item));
    say("%d ", self->more);
    coro_discard(coro_generator_next(&self->slot, &self->item));
    AWAIT(coro_generator_close(&self->slot));
    ASYNC_END;
}

Test(generator_use, a_round_may_be_limited_and_a_round_that_times_out_ends_it)
{
    EQ(RUN(limited()), 0);
    SAID("[1:0 -110 1:1 ]@16 -110 0 ");
}

ASYNC(takes_bigs, VARS(coro_generator slot; big item;))
{
    ASYNC_BEGIN;
    CORO_FOR_AWAIT(self->item, self->slot, bigs())
        say("%s ", self->item.text);
    ASYNC_END;
}

Test(generator_use, an_item_may_be_a_struct)
{
    EQ(RUN(takes_bigs()), 0);
    SAID("n0 n1 n2 ");
}

/* --- memory ----------------------------------------------------------------------------------- */

ASYNC(has_no_memory, VARS(coro_generator slot, other; int item, error; bool more;))
{
    ASYNC_BEGIN;
    memory.fail_from = memory.calls + 1;
    coro_generator_open(&self->slot, (struct counts *)coro_frame_failed_());
    AWAIT_CATCH(self->error, self->more, coro_generator_next(&self->slot, &self->item));
    say("%d ", self->error);
    AWAIT(self->more, coro_generator_next(&self->slot, &self->item));
    say("%d ", self->more);
    coro_generator_open(&self->slot, (struct counts *)coro_frame_failed_());
    AWAIT(coro_generator_close(&self->slot));
    ASYNC_TRY;
    CORO_FOR_AWAIT(self->item, self->other, (struct counts *)coro_frame_failed_()) {
        say("never ");
    }
    ASYNC_CATCH(self->error);
    say("%d", self->error);
    ASYNC_END_TRY;
    memory.fail_from = 0;
    ASYNC_END;
}

Test(generator_use, no_memory_for_it_is_the_error_of_its_first_round)
{
    EQ(RUN(has_no_memory()), 0);
    SAID("-12 0 -12");
}

ASYNC(never_allocates, VARS(coro_generator slot; int item; size_t calls;))
{
    ASYNC_BEGIN;
    CORO_FOR_AWAIT(self->item, self->slot, counts(100, 1, 0, 0)) {
        if (self->item == 0)
            self->calls = memory.calls, memory.fail_from = memory.calls + 1;
        if (self->item == 90)
            break;
    }
    EQ(memory.calls, self->calls);
    memory.fail_from = 0;
    ASYNC_END;
}

Test(generator_use, rounds_and_the_close_allocate_nothing)
{
    EQ(RUN(never_allocates()), 0);
}

static struct counts placed;

ASYNC(in_my_memory, VARS(coro_generator slot; int item;))
{
    ASYNC_BEGIN;
    CORO_FOR_AWAIT(self->item, self->slot, counts_at(&placed, 2, 1, 0, 0)) {
        say("%d ", self->item);
    }
    ASYNC_END;
}

Test(generator_use, may_live_in_the_callers_memory)
{
    EQ(RUN(in_my_memory()), 0);
    EQ(RUN(in_my_memory()), 0);
    SAID("[0 1 ]@3 [0 1 ]@6 ");
}

/* --- left open -------------------------------------------------------------------------------- */

ASYNC(leaves_open, ARGS(int, rounds), VARS(coro_generator slot, other; int item; bool more;))
{
    ASYNC_BEGIN;
    coro_generator_open(&self->other, counts(2, 0, 0, 0));
    coro_generator_open(&self->slot, counts(9, 1, 0, 0));
    for (; self->rounds > 0; self->rounds--)
        AWAIT(self->more, coro_generator_next(&self->slot, &self->item));
    ASYNC_END;
}

#if CORO_HOSTED /* a loop knows its generators */
Test(generator_use, what_was_left_open_is_closed_and_reported_when_the_loop_is_closed)
{
    EQ(RUN_LOUD(leaves_open(2)), 0);
    EQ(heard.count, 2);
    EQ(heard.list[0].error, CORO_EPENDING);
    EQ(heard.list[0].kind, CORO_REPORT_CLEANUP_ERROR);
    SAID("[]@3 ");
    EQ(RUN_LOUD(leaves_open(0)), 0);
    EQ(heard.count, 4);
    SAID("[]@3 ");
}
#endif

ASYNC(leaves_open_without_memory)
{
    ASYNC_BEGIN;
    AWAIT(leaves_open(2));
    memory.fail_from = memory.calls + 1;
    while (coro_frame_new_slow_(&leaves_open_descriptor) != NULL) { /* freed with the pool */
    }
    ASYNC_END;
}

#if CORO_HOSTED /* a loop knows its generators */
Test(generator_use, what_was_left_open_is_freed_as_it_stands_when_there_is_no_memory)
{
    open_loop();
    EQ(coro_loop_run_until_complete(&loop, leaves_open_without_memory()), 0);
    coro_loop_close(&loop);
    EQ(memory.blocks, 0);
    HOLDS(heard.count >= 2);
}
#endif

static coro_future never_done;

ASYNC(never_ends, VARS(coro_scope shield;))
{
    ASYNC_BEGIN;
    CORO_SHIELD(self->shield) {
        AWAIT(coro_future_wait(&never_done));
    }
    ASYNC_END;
}

ASYNC(yields_once, YIELDS(int), ARGS(bool, then_hangs))
{
    ASYNC_BEGIN;
    YIELD(1);
    if (self->then_hangs)
        AWAIT(never_ends());
  ASYNC_FINALLY:
    say("finally ");
    ASYNC_END;
}

ASYNC(hangs, ARGS(bool, in_generator), VARS(coro_generator slot; int item;))
{
    ASYNC_BEGIN;
    CORO_FOR_AWAIT(self->item, self->slot, yields_once(self->in_generator)) {
        if (!self->in_generator)
            AWAIT(never_ends());
    }
    ASYNC_END;
}

ASYNC(starts_that, ARGS(bool, in_generator))
{
    ASYNC_BEGIN;
    coro_task_release(coro_create_task(hangs(self->in_generator)));
    AWAIT(coro_yield());
    ASYNC_END;
}

Test(generator_use, a_consumer_that_is_freed_by_force_takes_its_running_generator_with_it)
{
    EQ(RUN_LOUD(starts_that(true)), 0);
    EQ(heard.count, 1); /* of the task that would not end */
    SAID("");
}

#if CORO_HOSTED /* a loop knows its generators */
Test(generator_use, one_whose_consumer_was_freed_by_force_is_closed_all_the_same)
{
    EQ(RUN_LOUD(starts_that(false)), 0);
    EQ(heard.count, 2);
    SAID("finally ");
}

ASYNC(next_as_a_task, VARS(coro_task *task; int item;))
{
    ASYNC_BEGIN;
    coro_generator_open(&shared, yields_once(true));
    self->task = coro_create_task(coro_generator_next(&shared, &self->item));
    AWAIT(coro_task_join(self->task));
    say("%d ", self->item);
    coro_task_release(self->task);
    coro_task_release(coro_create_task(coro_generator_next(&shared, coro_no_item)));
    AWAIT(coro_yield());
    ASYNC_END;
}

Test(generator_use, a_round_may_be_a_task_of_its_own)
{
    EQ(RUN_LOUD(next_as_a_task()), 0);
    EQ(heard.count, 1);
    EQ(shared.frame == NULL, true); /* the slot outlives it, and is free again */
    EQ(shared.busy, false);
}
#endif

/* --- CORO_FOR --------------------------------------------------------------------------------- */

#if CORO_HOSTED /* a heap */
static void plain(int how, const char *text, int error)
{
    coro_generator slot;
    int item = -1;
    said_size = 0;
    CORO_FOR(item, slot, counts(4, 0, error, 0)) {
        if (how == CONTINUE && item < 2)
            continue;
        say("%d ", item);
        if (how == BREAK && item == 1)
            break;
        if (how == RETURN) {
            coro_generator_stop(&slot);
            coro_generator_stop(&slot);
            break;
        }
    }
    EQ(coro_generator_error(&slot), error);
    SAID(text);
}

Test(generator_use, a_plain_for_needs_no_loop)
{
    plain(END, "[0 1 2 3 ]@0 ", 0);
    plain(CONTINUE, "[2 3 ]@0 ", 0);
    plain(BREAK, "[0 1 ]@0 ", 0);
    plain(RETURN, "[0 ]@0 ", 0);
    plain(END, "[0 1 2 3 ]@0 ", CORO_EIO);
}
#endif

ASYNC(plain_inside, RETURNS(int), VARS(coro_generator slot; int item, sum;))
{
    ASYNC_BEGIN;
    CORO_FOR(self->item, self->slot, counts(5, 0, 0, 0)) {
        AWAIT(coro_yield());
        self->sum += self->item;
    }
    EQ(self->sum, 10);
    ASYNC_RETURN(self->sum);
    ASYNC_END;
}

Test(generator_use, a_plain_for_stands_in_a_coroutine_as_well)
{
    EQ(RUN(plain_inside()), 0);
}

ASYNC(sub, RETURNS(int), ARGS(int, value))
{
    ASYNC_BEGIN;
    ASYNC_RETURN(self->value * self->value);
    ASYNC_END;
}

ASYNC(squares, YIELDS(int), VARS(int i, square;))
{
    ASYNC_BEGIN;
    for (;; self->i++) {
        AWAIT(self->square, sub(self->i));
        YIELD(self->square);
    }
    ASYNC_END;
}

#if CORO_HOSTED /* a heap */
Test(generator_use, a_plain_one_may_await_what_ends_at_once_and_be_without_an_end)
{
    coro_generator slot;
    int item;
    CORO_FOR(item, slot, squares()) {
        if (item > 30)
            break;
        say("%d ", item);
    }
    SAID("0 1 4 9 16 25 ");
}
#endif
