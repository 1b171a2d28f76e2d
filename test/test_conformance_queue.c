/* SPDX-License-Identifier: MIT */
/*
 * test_conformance_queue.c: how asyncio's queues behave, for each of the three kinds. Where the
 * order of the items matters, it is said for each.
 */
#include "queue_fixture.h"

SUITE(conformance);

/* --- c113: who is cancelled ------------------------------------------------------------------- */

ASYNC(cancels_a_getter, ARGS(bool, after_put))
{
    ASYNC_BEGIN;
    START(0, getter('a'));
    START(1, getter('b'));
    AWAIT(coro_yield());
    if (!self->after_put)
        coro_task_cancel(tasks[0]);
    EQ(put(1), 0);
    if (self->after_put)
        coro_task_cancel(tasks[0]);
    AWAIT(coro_yield());
    EQ(put(2), 0);
    AWAIT(coro_yield());
    release_tasks();
    EQ(coro_queue_size(base()), self->after_put ? 0 : 1);
    EQ(nobody_waits(), true);
    ASYNC_END;
}

Test(conformance, c113_a_cancelled_getter_is_passed_over)
{
    FOR_EACH_KIND(4) {
        EQ(RUN(cancels_a_getter(false)), 0);
        SAID("a!-125 b1 ");
    }
}

/* asyncio passes the item on to b; here a value that has arrived beats a later cancel (D3). */
Test(conformance, c113_a_getter_that_has_its_item_keeps_it)
{
    FOR_EACH_KIND(4) {
        EQ(RUN(cancels_a_getter(true)), 0);
        SAID("a1 b2 ");
    }
}

ASYNC(cancels_a_putter)
{
    ASYNC_BEGIN;
    AWAIT(putter(1));
    START(0, putter(2));
    START(1, putter(3));
    START(2, putter(4));
    AWAIT(coro_yield());
    coro_task_cancel(tasks[1]);
    AWAIT(coro_yield());
    EQ(get(), 1);
    EQ(get(), 2);
    coro_task_cancel(tasks[2]); /* its item is in */
    EQ(get(), 4);
    AWAIT(coro_yield());
    release_tasks();
    EQ(nobody_waits(), true);
    ASYNC_END;
}

Test(conformance, c113_a_cancelled_putter_has_put_nothing)
{
    FOR_EACH_KIND(1) {
        EQ(RUN(cancels_a_putter()), 0);
        SAID("put1 put3!-125 put2 put4 ");
    }
}

ASYNC(times_out, VARS(int item, error;))
{
    ASYNC_BEGIN;
    AWAIT_CATCH(self->error, coro_wait_for(getting(&self->item), CORO_MS(10)));
    EQ(self->error, CORO_ETIMEDOUT);
    EQ(now_ms(), 10);
    EQ(put(7), 0);
    EQ(nobody_waits(), true);
    AWAIT_CATCH(self->error, coro_wait_for(putting(&self->item), CORO_MS(10)));
    EQ(self->error, CORO_ETIMEDOUT);
    AWAIT(getting(&self->item));
    EQ(self->item, 7);
    EQ(coro_queue_empty(base()), true);
    ASYNC_END;
}

Test(conformance, c113_a_wait_that_timed_out_has_taken_and_put_nothing)
{
    FOR_EACH_KIND(1)
        EQ(RUN(times_out()), 0);
}

ASYNC(cancels_many, VARS(int i;))
{
    ASYNC_BEGIN;
    for (self->i = 0; self->i < 8; self->i++)
        START(self->i, getter((char)('a' + self->i)));
    AWAIT(coro_yield());
    for (self->i = 0; self->i < 7; self->i++)
        coro_task_cancel(tasks[self->i]);
    EQ(base()->getters.first == tasks[7], true); /* nobody else is held */
    EQ(put(1), 0);
    AWAIT(coro_yield());
    release_tasks();
    ASYNC_END;
}

Test(conformance, c113_cancelled_getters_are_not_kept)
{
    FOR_EACH_KIND(2) {
        EQ(RUN(cancels_many()), 0);
        SAID("a!-125 b!-125 c!-125 d!-125 e!-125 f!-125 g!-125 h1 ");
    }
}

/* --- c115: nobody waits for nothing ----------------------------------------------------------- */

ASYNC(puts_in_turn)
{
    ASYNC_BEGIN;
    AWAIT(putter(1));
    START(0, putter(2));
    START(1, putter(3));
    START(2, putter(4));
    AWAIT(coro_yield());
    EQ(get(), 1);
    EQ(coro_queue_full(base()), true); /* the first who waits has put already */
    EQ(put(9), CORO_EFULL);
    EQ(get(), 2);
    EQ(get(), 3);
    EQ(get(), 4);
    EQ(get(), CORO_EEMPTY);
    AWAIT(coro_yield());
    release_tasks();
    ASYNC_END;
}

Test(conformance, c115_draining_without_waiting_lets_all_putters_in)
{
    FOR_EACH_KIND(1) {
        EQ(RUN(puts_in_turn()), 0);
        SAID("put1 put2 put3 put4 ");
    }
}

ASYNC(produces, ARGS(int, count), VARS(int i;))
{
    ASYNC_BEGIN;
    for (self->i = 0; self->i < self->count; self->i++) {
        AWAIT(putting(&self->i));
        AWAIT(coro_sleep(CORO_MS(1)));
    }
    ASYNC_END;
}

ASYNC(consumes, ARGS(int, count, long, pause), VARS(int i, item;))
{
    ASYNC_BEGIN;
    for (self->i = 0; self->i < self->count; self->i++) {
        AWAIT(getting(&self->item));
        EQ(self->item, self->i);
        AWAIT(coro_sleep(CORO_MS(self->pause)));
    }
    ASYNC_END;
}

ASYNC(produces_and_consumes, ARGS(int, count, long, pause))
{
    ASYNC_BEGIN;
    AWAIT(coro_gather(coro_only(produces(self->count)),
                      coro_only(consumes(self->count, self->pause))));
    ASYNC_END;
}

Test(conformance, c115_a_producer_and_a_consumer_of_one_place_never_stall)
{
    FOR_EACH_KIND(1) {
        EQ(RUN(produces_and_consumes(5, 0)), 0);
        EQ(RUN(produces_and_consumes(5, 1)), 0);
        EQ(RUN(produces_and_consumes(5, 3)), 0);
    }
}

ASYNC(gets_and_puts_at_once, VARS(uint64_t turn;))
{
    ASYNC_BEGIN;
    self->turn = turns();
    AWAIT(putter(1));
    AWAIT(putter(2));
    AWAIT(getter('a'));
    AWAIT(getter('b'));
    EQ(turns(), self->turn);
    ASYNC_END;
}

Test(conformance, c115_what_need_not_wait_does_not_suspend)
{
    FOR_EACH_KIND(2) {
        EQ(RUN(gets_and_puts_at_once()), 0);
        SAID(kind == LIFO ? "put1 put2 a2 b1 " : "put1 put2 a1 b2 ");
    }
}

/* --- c116: task_done and join ----------------------------------------------------------------- */

ASYNC(joins_at)
{
    ASYNC_BEGIN;
    AWAIT(joining());
    say("joined@%ld ", now_ms());
    ASYNC_END;
}

ASYNC(works, VARS(int i, item;))
{
    ASYNC_BEGIN;
    EQ(done(), CORO_EINVAL);
    AWAIT(joins_at()); /* nothing was put */
    for (self->i = 0; self->i < 3; self->i++)
        EQ(put(self->i), 0);
    START(0, joins_at());
    START(1, joins_at());
    START(2, joins_at());
    AWAIT(coro_yield());
    coro_task_cancel(tasks[2]);
    for (self->i = 0; self->i < 3; self->i++) {
        AWAIT(getting(&self->item));
        AWAIT(coro_sleep(CORO_MS(5)));
        say("%d ", self->item);
        EQ(done(), 0);
    }
    EQ(done(), CORO_EINVAL);
    AWAIT(coro_yield());
    EQ(coro_task_cancelled(tasks[2]), true);
    release_tasks();
    ASYNC_END;
}

Test(conformance, c116_join_waits_for_as_many_task_done_as_there_were_puts)
{
    FOR_EACH_KIND(4) {
        EQ(RUN(works()), 0);
        SAID(kind == LIFO ? "joined@0 2 1 0 joined@15 joined@15 "
                          : "joined@0 0 1 2 joined@15 joined@15 ");
    }
}

ASYNC(hands_over_and_joins)
{
    ASYNC_BEGIN;
    START(0, getter('a'));
    AWAIT(coro_yield());
    EQ(put(1), 0); /* handed over: it was never in the buffer, and is unfinished all the same */
    START(1, joiner());
    AWAIT(coro_yield());
    AWAIT(coro_yield());
    SAID("a1 ");
    EQ(done(), 0);
    EQ(put(2), 0); /* join returns: the count was at 0 */
    AWAIT(coro_yield());
    SAID("a1 joined ");
    release_tasks();
    ASYNC_END;
}

Test(conformance, c116_an_item_that_was_handed_over_counts)
{
    FOR_EACH_KIND(4)
        EQ(RUN(hands_over_and_joins()), 0);
}

/* --- c118: first come, first served ----------------------------------------------------------- */

ASYNC(gets_in_turn)
{
    ASYNC_BEGIN;
    START(0, getter('a'));
    START(1, getter('b'));
    START(2, getter('c'));
    AWAIT(coro_yield());
    EQ(put(1), 0);
    EQ(put(2), 0);
    EQ(coro_queue_empty(base()), true); /* handed over already */
    EQ(get(), CORO_EEMPTY);             /* nobody barges in */
    AWAIT(coro_yield());
    AWAIT(putter(3));
    AWAIT(coro_yield());
    release_tasks();
    ASYNC_END;
}

Test(conformance, c118_an_item_goes_to_who_waits_longest_and_to_nobody_else)
{
    FOR_EACH_KIND(2) {
        EQ(RUN(gets_in_turn()), 0);
        SAID("a1 b2 put3 c3 ");
    }
}

/* A putter that waits is not in the queue: whatever its item, those before it come first. */
ASYNC(room_goes_to_the_first)
{
    ASYNC_BEGIN;
    EQ(put(5), 0);
    START(0, putter(9));
    START(1, putter(1));
    AWAIT(coro_yield());
    EQ(get(), 5);
    EQ(put(0), CORO_EFULL);
    EQ(get(), 9);
    EQ(get(), 1);
    AWAIT(coro_yield());
    release_tasks();
    ASYNC_END;
}

Test(conformance, c118_room_goes_to_the_putter_that_waits_longest)
{
    FOR_EACH_KIND(1) {
        EQ(RUN(room_goes_to_the_first()), 0);
        SAID("put9 put1 ");
    }
}
