/* SPDX-License-Identifier: MIT */
/*
 * test_lifo_queue.c: the order of a stack. What it shares with the other kinds of queue:
 * test_queue.c and test_conformance_queue.c.
 */
#include "queue_fixture.h"

SUITE(lifo_queue);

Test(lifo_queue, is_last_in_first_out_and_bounded)
{
    init_kind(LIFO, 3);
    EQ(coro_lifo_queue_empty(&lifo), true);
    EQ(coro_lifo_queue_capacity(&lifo), 3);
    for (int round = 0; round < 3; round++) {
        EQ(put(1), 0);
        EQ(put(2), 0);
        EQ(coro_lifo_queue_full(&lifo), false);
        EQ(put(3), 0);
        EQ(put(4), CORO_EFULL);
        EQ(coro_lifo_queue_full(&lifo), true);
        EQ(coro_lifo_queue_size(&lifo), 3);
        EQ(get(), 3);
        EQ(put(5), 0);
        EQ(get(), 5);
        EQ(get(), 2);
        EQ(get(), 1);
        EQ(get(), CORO_EEMPTY);
    }
}

typedef struct odd_item {
    char text[7];
} odd_item;

Test(lifo_queue, takes_items_of_any_size)
{
    odd_item items[2], a = {"aaaaaa"}, b = {"bbbbbb"}, out;
    coro_lifo_queue odd;
    coro_lifo_queue_init(&odd, items, sizeof a, 2);
    EQ(coro_lifo_queue_put_nowait(&odd, &a), 0);
    EQ(coro_lifo_queue_put_nowait(&odd, &b), 0);
    EQ(coro_lifo_queue_get_nowait(&odd, &out), 0);
    EQ(memcmp(&b, &out, sizeof b), 0);
    EQ(coro_lifo_queue_get_nowait(&odd, &out), 0);
    EQ(memcmp(&a, &out, sizeof a), 0);
}

/* A get makes room; the first putter's item is then the newest. */
ASYNC(lets_putters_in)
{
    ASYNC_BEGIN;
    EQ(put(1), 0);
    EQ(put(2), 0);
    START(0, putter(3));
    START(1, putter(4));
    AWAIT(coro_yield());
    EQ(get(), 2);
    EQ(get(), 3);
    EQ(get(), 4);
    EQ(get(), 1);
    AWAIT(coro_yield());
    release_tasks();
    ASYNC_END;
}

Test(lifo_queue, lets_the_first_putter_in_on_top)
{
    init_kind(LIFO, 2);
    EQ(RUN(lets_putters_in()), 0);
    SAID("put3 put4 ");
}
