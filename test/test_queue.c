/* SPDX-License-Identifier: MIT */
/*
 * test_queue.c: the bounded queue: order, hand-over, cancel, shutdown, join; and a random
 * walk against a model. The cases of asyncio's own suite have their ids.
 */
#include "loop_fixture.h"

SUITE(queue);

static coro_queue queue;
static int buffer[4];

static void init(size_t capacity)
{
    coro_queue_init(&queue, buffer, sizeof buffer[0], capacity);
}

static int put(int value)
{
    return coro_queue_put_nowait(&queue, &value);
}

static int get(void)
{
    int value = -1, error = coro_queue_get_nowait(&queue, &value);
    return error != 0 ? error : value;
}

Test(queue, is_first_in_first_out_and_bounded)
{
    init(3);
    EQ(coro_queue_empty(&queue), true);
    EQ(get(), CORO_EEMPTY);
    for (int round = 0; round < 5; round++) {
        EQ(put(1), 0);
        EQ(put(2), 0);
        EQ(coro_queue_full(&queue), false);
        EQ(put(3), 0);
        EQ(coro_queue_full(&queue), true);
        EQ(put(4), CORO_EFULL);
        EQ(coro_queue_size(&queue), 3);
        EQ(get(), 1);
        EQ(put(5), 0);
        EQ(get(), 2);
        EQ(get(), 3);
        EQ(get(), 5);
        EQ(get(), CORO_EEMPTY);
    }
}

typedef struct odd_item {
    char text[7];
} odd_item;

Test(queue, takes_items_of_any_size)
{
    odd_item items[2], in = {"abcdef"}, out = {""};
    coro_queue odd;
    coro_queue_init(&odd, items, sizeof in, 2);
    for (int i = 0; i < 7; i++) {
        in.text[0] = (char)('a' + i);
        EQ(coro_queue_put_nowait(&odd, &in), 0);
        EQ(coro_queue_get_nowait(&odd, &out), 0);
        EQ(memcmp(&in, &out, sizeof in), 0);
    }
}

/* --- waiting --------------------------------------------------------------------------------- */

ASYNC(getter, ARGS(char, name), VARS(int item, error;))
{
    ASYNC_BEGIN;
    self->item = -1;
    AWAIT_CATCH(self->error, coro_queue_get(&queue, &self->item));
    if (self->error != 0)
        say("%c!%d ", self->name, self->error);
    else
        say("%c%d ", self->name, self->item);
    ASYNC_END;
}

ASYNC(putter, ARGS(int, value), VARS(int error;))
{
    ASYNC_BEGIN;
    AWAIT_CATCH(self->error, coro_queue_put(&queue, &self->value));
    if (self->error != 0)
        say("put%d!%d ", self->value, self->error);
    else
        say("put%d ", self->value);
    ASYNC_END;
}

static coro_task *tasks[4];

#define START(i, call) (tasks[i] = coro_create_task(call))

static void release_tasks(void)
{
    for (int i = 0; i < 4; i++) {
        coro_task_release(tasks[i]);
        tasks[i] = NULL;
    }
}

ASYNC(gets_in_turn)
{
    ASYNC_BEGIN;
    START(0, getter('a'));
    START(1, getter('b'));
    START(2, getter('c'));
    AWAIT(coro_yield());
    EQ(put(1), 0);
    EQ(put(2), 0);
    EQ(coro_queue_empty(&queue), true); /* handed over already */
    EQ(get(), CORO_EEMPTY);             /* c118: nobody barges in */
    AWAIT(coro_yield());
    AWAIT(putter(3));
    AWAIT(coro_yield());
    release_tasks();
    ASYNC_END;
}

Test(conformance, c118_an_item_goes_to_who_waits_longest_and_to_nobody_else)
{
    init(2);
    EQ(RUN(gets_in_turn()), 0);
    SAID("a1 b2 put3 c3 ");
}

ASYNC(puts_in_turn)
{
    ASYNC_BEGIN;
    AWAIT(putter(1));
    START(0, putter(2));
    START(1, putter(3));
    START(2, putter(4));
    AWAIT(coro_yield());
    EQ(get(), 1);
    EQ(coro_queue_full(&queue), true); /* the first who waits has put already */
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
    init(1);
    EQ(RUN(puts_in_turn()), 0);
    SAID("put1 put2 put3 put4 ");
}

ASYNC(produces, ARGS(int, count), VARS(int i;))
{
    ASYNC_BEGIN;
    for (self->i = 0; self->i < self->count; self->i++) {
        AWAIT(coro_queue_put(&queue, &self->i));
        AWAIT(coro_sleep(CORO_MS(1)));
    }
    ASYNC_END;
}

ASYNC(consumes, ARGS(int, count), VARS(int i, item;))
{
    ASYNC_BEGIN;
    for (self->i = 0; self->i < self->count; self->i++) {
        AWAIT(coro_queue_get(&queue, &self->item));
        EQ(self->item, self->i);
        AWAIT(coro_sleep(CORO_MS(3)));
    }
    ASYNC_END;
}

ASYNC(produces_and_consumes, ARGS(int, count))
{
    ASYNC_BEGIN;
    AWAIT(coro_gather(coro_only(produces(self->count)), coro_only(consumes(self->count))));
    ASYNC_END;
}

Test(conformance, c115_a_producer_and_a_consumer_of_one_place_never_stall)
{
    init(1);
    EQ(RUN(produces_and_consumes(5)), 0);
}

/* --- cancel ---------------------------------------------------------------------------------- */

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
    EQ(coro_queue_size(&queue), self->after_put ? 0 : 1);
    ASYNC_END;
}

Test(conformance, c113_a_cancelled_getter_is_passed_over)
{
    init(4);
    EQ(RUN(cancels_a_getter(false)), 0);
    SAID("a!-125 b1 ");
}

Test(conformance, c113_a_getter_that_has_its_item_keeps_it)
{
    init(4);
    EQ(RUN(cancels_a_getter(true)), 0);
    SAID("a1 b2 ");
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
    ASYNC_END;
}

Test(conformance, c113_a_cancelled_putter_has_put_nothing)
{
    init(1);
    EQ(RUN(cancels_a_putter()), 0);
    SAID("put1 put3!-125 put2 put4 ");
}

/* --- task_done and join ---------------------------------------------------------------------- */

ASYNC(joins)
{
    ASYNC_BEGIN;
    AWAIT(coro_queue_join(&queue));
    say("joined@%ld ", now_ms());
    ASYNC_END;
}

ASYNC(works, VARS(int i, item;))
{
    ASYNC_BEGIN;
    EQ(coro_queue_task_done(&queue), CORO_EINVAL);
    AWAIT(joins()); /* nothing was put */
    for (self->i = 0; self->i < 3; self->i++)
        EQ(put(self->i), 0);
    START(0, joins());
    START(1, joins());
    for (self->i = 0; self->i < 3; self->i++) {
        AWAIT(coro_queue_get(&queue, &self->item));
        AWAIT(coro_sleep(CORO_MS(5)));
        say("%d ", self->item);
        EQ(coro_queue_task_done(&queue), 0);
    }
    EQ(coro_queue_task_done(&queue), CORO_EINVAL);
    AWAIT(coro_yield());
    release_tasks();
    ASYNC_END;
}

Test(conformance, c116_join_waits_for_as_many_task_done_as_there_were_puts)
{
    init(4);
    EQ(RUN(works()), 0);
    SAID("joined@0 0 1 2 joined@15 joined@15 ");
}

/* --- shutdown -------------------------------------------------------------------------------- */

ASYNC(shuts_down, ARGS(bool, immediate, bool, full))
{
    ASYNC_BEGIN;
    if (self->full) {
        EQ(put(1), 0);
        EQ(put(2), 0);
        START(0, putter(3));
        START(1, joins());
    } else {
        START(0, getter('a'));
        START(1, getter('b'));
    }
    AWAIT(coro_yield());
    coro_queue_shutdown(&queue, self->immediate);
    EQ(put(4), CORO_ECLOSED);
    AWAIT(putter(5));
    AWAIT(getter('c'));
    AWAIT(getter('d'));
    AWAIT(getter('e'));
    EQ(get(), CORO_ECLOSED);
    while (coro_queue_task_done(&queue) == 0)
        say("done ");
    AWAIT(coro_yield());
    release_tasks();
    ASYNC_END;
}

Test(queue, a_shutdown_fails_puts_and_lets_gets_take_what_is_left)
{
    init(2);
    EQ(RUN(shuts_down(false, true)), 0);
    SAID("put5!-1001 c1 d2 e!-1001 done done put3!-1001 joined@0 ");
}

Test(queue, an_immediate_shutdown_drops_what_is_left)
{
    init(2);
    EQ(RUN(shuts_down(true, true)), 0);
    SAID("put5!-1001 c!-1001 d!-1001 e!-1001 put3!-1001 joined@0 ");
}

Test(queue, a_shutdown_wakes_those_who_wait_for_an_item)
{
    init(2);
    EQ(RUN(shuts_down(false, false)), 0);
    SAID("put5!-1001 c!-1001 d!-1001 e!-1001 a!-1001 b!-1001 ");
}

/* --- at random ------------------------------------------------------------------------------- */

static unsigned random_state = 1;
static int next_in, next_get, cancelled_puts, in_flight;
static bool was_put[20000];
static int was_got[20000]; /* by the n-th get: an item + 1, or 0 */

static unsigned dice(unsigned sides)
{
    random_state = random_state * 1103515245u + 12345u;
    return (random_state >> 16) % sides;
}

ASYNC(random_putter, ARGS(int, value), VARS(int error;))
{
    ASYNC_BEGIN;
    in_flight++;
    AWAIT_CATCH(self->error, coro_queue_put(&queue, &self->value));
    in_flight--;
    if (self->error == 0)
        was_put[self->value] = true;
    else
        cancelled_puts++;
    ASYNC_END;
}

ASYNC(random_getter, VARS(int error, item, number;))
{
    ASYNC_BEGIN;
    in_flight++;
    self->number = next_get++;
    AWAIT_CATCH(self->error, coro_queue_get(&queue, &self->item));
    in_flight--;
    if (self->error == 0)
        was_got[self->number] = self->item + 1;
    ASYNC_END;
}

ASYNC(random_walk, VARS(coro_task *pool[32]; int i, round, got;))
{
    ASYNC_BEGIN;
    for (self->round = 0; self->round < 20000; self->round++) {
        self->i = (int)dice(32);
        if (self->pool[self->i] == NULL) {
            self->pool[self->i] = dice(2) ? coro_create_task(random_putter(next_in++))
                                          : coro_create_task(random_getter());
        } else if (dice(3) == 0 || coro_task_done(self->pool[self->i])) {
            coro_task_cancel(self->pool[self->i]);
            coro_task_release(self->pool[self->i]);
            self->pool[self->i] = NULL;
        }
        if (dice(4) == 0)
            AWAIT(coro_yield());
    }
    for (self->i = 0; self->i < 32; self->i++) {
        if (self->pool[self->i] != NULL)
            coro_task_cancel(self->pool[self->i]);
        coro_task_release(self->pool[self->i]);
    }
    AWAIT(coro_yield());
    EQ(in_flight, 0);
    EQ(queue.getters.first == NULL && queue.putters.first == NULL, true);
    ASYNC_END;
}

Test(queue, loses_nothing_and_keeps_the_order_whoever_is_cancelled)
{
    int item, next = 0;
    init(3);
    EQ(RUN(random_walk()), 0);
    for (; coro_queue_get_nowait(&queue, &item) == 0; next_get++)
        was_got[next_get] = item + 1;
    for (int i = 0; i < next_get; i++) {
        if (was_got[i] == 0)
            continue; /* cancelled */
        while (next < next_in && !was_put[next])
            next++; /* cancelled, too */
        EQ(was_got[i] - 1, next);
        next++;
    }
    while (next < next_in)
        EQ(was_put[next++], false);
    HOLDS(next_in > 1000 && cancelled_puts > 10);
}
