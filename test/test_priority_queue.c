/* SPDX-License-Identifier: MIT */
/*
 * test_priority_queue.c: the order of a heap, equal ones by age, against a model. What it shares
 * with the other kinds of queue: test_queue.c and test_conformance_queue.c.
 */
#include "crowd_fixture.h"
#include "queue_fixture.h"

#include <signal.h>

SUITE(priority_queue);

Test(priority_queue, gives_the_smallest_first_and_is_bounded)
{
    static const int values[] = {5, 3, 8, 1, 9, 2, 7, 4};
    init_kind(PRIORITY, 8);
    EQ(coro_priority_queue_empty(&heap), true);
    EQ(coro_priority_queue_capacity(&heap), 8);
    EQ(get(), CORO_EEMPTY);
    for (int i = 0; i < 8; i++) {
        EQ(coro_priority_queue_full(&heap), false);
        EQ(put(values[i]), 0);
    }
    EQ(coro_priority_queue_full(&heap), true);
    EQ(coro_priority_queue_size(&heap), 8);
    EQ(put(0), CORO_EFULL);
    EQ(get(), 1);
    EQ(put(6), 0);
    for (int i = 2; i <= 9; i++)
        EQ(get(), i);
    EQ(get(), CORO_EEMPTY);
}

typedef struct job {
    int priority;
    int number;
    char odd[3];
} job;

static int by_priority(const void *a, const void *b)
{
    return ((const job *)a)->priority - ((const job *)b)->priority;
}

enum { JOBS = 50 };
static job jobs[JOBS];
static coro_priority_order ages[JOBS];

Test(priority_queue, gives_equal_ones_in_the_order_they_came)
{
    job in = {7, 0, "ab"}, out;
    coro_priority_queue queue;
    coro_priority_queue_init(&queue, jobs, ages, sizeof jobs[0], JOBS, by_priority);
    for (; in.number < JOBS; in.number++)
        EQ(coro_priority_queue_put_nowait(&queue, &in), 0);
    for (int i = 0; i < JOBS; i++) {
        EQ(coro_priority_queue_get_nowait(&queue, &out), 0);
        EQ(out.number, i);
        EQ(memcmp(out.odd, "ab", 3), 0);
    }
}

Test(priority_queue, counts_arrivals_anew_whenever_it_is_empty)
{
    init_kind(PRIORITY, 4);
    for (int i = 0; i < 10; i++) {
        EQ(put(1), 0);
        EQ(put(1), 0);
        EQ(heap.next, 2);
        EQ(get(), 1);
        EQ(get(), 1);
    }
}

/* Against the plainest model: look through all. */
Test(priority_queue, agrees_with_a_model)
{
    static job model[JOBS];
    int count = 0, number = 0;
    coro_priority_queue queue;
    seed_dice(crowd_seed(1));
    coro_priority_queue_init(&queue, jobs, ages, sizeof jobs[0], JOBS, by_priority);
    for (int round = 0; round < 20000; round++) {
        if (dice(100) < (round / 1000 % 2 ? 30u : 70u)) {
            job in = {(int)dice(6), number++, ""};
            int error = coro_priority_queue_put_nowait(&queue, &in);
            SEEDED(error == (count == JOBS ? CORO_EFULL : 0));
            if (error == 0)
                model[count++] = in;
        } else {
            job out;
            int least = 0, error = coro_priority_queue_get_nowait(&queue, &out);
            SEEDED(error == (count == 0 ? CORO_EEMPTY : 0));
            if (error != 0)
                continue;
            for (int i = 1; i < count; i++)
                if (model[i].priority < model[least].priority)
                    least = i; /* the model is in the order of age */
            SEEDED(out.number == model[least].number);
            memmove(&model[least], &model[least + 1],
                    (size_t)(--count - least) * sizeof model[0]);
        }
        SEEDED(coro_priority_queue_size(&queue) == (size_t)count);
    }
}

/* A get makes room; the putter's item takes its place in the order. */
ASYNC(lets_putters_in)
{
    ASYNC_BEGIN;
    EQ(put(5), 0);
    EQ(put(6), 0);
    START(0, putter(9));
    START(1, putter(1));
    AWAIT(coro_yield());
    EQ(get(), 5); /* lets 9 in */
    EQ(get(), 6); /* lets 1 in */
    EQ(get(), 1);
    EQ(get(), 9);
    AWAIT(coro_yield());
    release_tasks();
    ASYNC_END;
}

Test(priority_queue, lets_the_first_putter_in_whatever_its_priority)
{
    init_kind(PRIORITY, 2);
    EQ(RUN(lets_putters_in()), 0);
    SAID("put9 put1 ");
}

ASYNC(hands_over)
{
    ASYNC_BEGIN;
    START(0, getter('a'));
    AWAIT(coro_yield());
    EQ(put(5), 0); /* a's: the queue is empty */
    EQ(put(1), 0); /* smaller, but too late for a */
    EQ(put(3), 0);
    AWAIT(getter('b'));
    AWAIT(coro_yield());
    EQ(get(), 3);
    release_tasks();
    ASYNC_END;
}

Test(priority_queue, hands_an_item_over_only_while_it_is_empty)
{
    init_kind(PRIORITY, 4);
    EQ(RUN(hands_over()), 0);
    SAID("b1 a5 ");
}

Test(priority_queue, without_a_function_that_compares_traps, .signal = SIGABRT)
{
    coro_priority_queue_init(&heap, buffer, order, sizeof buffer[0], 4, NULL);
}

Test(priority_queue, without_an_array_of_its_capacity_traps, .signal = SIGABRT)
{
    coro_priority_queue_init(&heap, buffer, NULL, sizeof buffer[0], 4, by_value);
}
