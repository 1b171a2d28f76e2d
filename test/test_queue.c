/* SPDX-License-Identifier: MIT */
/*
 * test_queue.c: the bounded queue, and what all three kinds share: shutdown, hand-over under
 * cancels; a random walk against a model, a random crowd. How asyncio's own behave:
 * test_conformance_queue.c.
 */
#include "crowd_fixture.h"
#include "queue_fixture.h"

#include <signal.h>

SUITE(queue);

Test(queue, is_first_in_first_out_and_bounded)
{
    init_kind(FIFO, 3);
    EQ(coro_queue_empty(&fifo), true);
    EQ(coro_queue_capacity(&fifo), 3);
    EQ(get(), CORO_EEMPTY);
    for (int round = 0; round < 5; round++) {
        EQ(put(1), 0);
        EQ(put(2), 0);
        EQ(coro_queue_full(&fifo), false);
        EQ(put(3), 0);
        EQ(coro_queue_full(&fifo), true);
        EQ(put(4), CORO_EFULL);
        EQ(coro_queue_size(&fifo), 3);
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

static long places[3];
static coro_queue ready_made = CORO_QUEUE_INIT(places);
static coro_lifo_queue ready_made_stack = CORO_LIFO_QUEUE_INIT(places);

Test(queue, can_be_made_by_the_compiler)
{
    long item = 5;
    EQ(coro_queue_capacity(&ready_made), 3);
    EQ(ready_made.item_size, sizeof(long));
    EQ(coro_queue_put_nowait(&ready_made, &item), 0);
    item = 0;
    EQ(coro_queue_get_nowait(&ready_made, &item), 0);
    EQ(item, 5);
    EQ(coro_lifo_queue_capacity(&ready_made_stack), 3);
    EQ(coro_lifo_queue_put_nowait(&ready_made_stack, &item), 0);
    EQ(coro_lifo_queue_size(&ready_made_stack), 1);
}

Test(queue, without_room_traps, .signal = SIGABRT)
{
    coro_queue_init(&fifo, buffer, sizeof buffer[0], 0);
}

Test(queue, without_a_buffer_traps, .signal = SIGABRT)
{
    coro_lifo_queue_init(&lifo, NULL, 4, 1);
}

/* --- shutdown -------------------------------------------------------------------------------- */

ASYNC(shuts_down, ARGS(bool, immediate, bool, full))
{
    ASYNC_BEGIN;
    if (self->full) {
        EQ(put(1), 0);
        EQ(put(2), 0);
        START(0, putter(3));
        START(1, joiner());
    } else {
        START(0, getter('a'));
        START(1, getter('b'));
    }
    AWAIT(coro_yield());
    shut(self->immediate);
    EQ(put(4), CORO_ECLOSED);
    AWAIT(putter(5));
    AWAIT(getter('c'));
    AWAIT(getter('d'));
    AWAIT(getter('e'));
    EQ(get(), CORO_ECLOSED);
    while (done() == 0)
        say("done ");
    AWAIT(coro_yield());
    release_tasks();
    EQ(nobody_waits(), true);
    ASYNC_END;
}

Test(queue, a_shutdown_fails_puts_and_lets_gets_take_what_is_left)
{
    FOR_EACH_KIND(2) {
        EQ(RUN(shuts_down(false, true)), 0);
        SAID(kind == LIFO ? "put5!-1001 c2 d1 e!-1001 done done put3!-1001 joined "
                          : "put5!-1001 c1 d2 e!-1001 done done put3!-1001 joined ");
    }
}

Test(queue, an_immediate_shutdown_drops_what_is_left_and_releases_join)
{
    FOR_EACH_KIND(2) {
        EQ(RUN(shuts_down(true, true)), 0);
        SAID("put5!-1001 c!-1001 d!-1001 e!-1001 put3!-1001 joined ");
    }
}

Test(queue, a_shutdown_wakes_those_who_wait_for_an_item)
{
    FOR_EACH_KIND(2) {
        EQ(RUN(shuts_down(false, false)), 0);
        SAID("put5!-1001 c!-1001 d!-1001 e!-1001 a!-1001 b!-1001 ");
    }
}

ASYNC(shuts_down_with_one_in_work)
{
    ASYNC_BEGIN;
    for (int i = 1; i <= 3; i++)
        EQ(put(i), 0);
    HOLDS(get() > 0); /* somebody works on this one */
    START(0, joiner());
    AWAIT(coro_yield());
    shut(true);
    AWAIT(coro_yield());
    SAID("");
    EQ(coro_queue_empty(base()), true);
    EQ(done(), 0);
    EQ(done(), CORO_EINVAL);
    AWAIT(coro_yield());
    release_tasks();
    SAID("joined ");
    ASYNC_END;
}

Test(queue, an_immediate_shutdown_does_not_count_off_what_was_got)
{
    FOR_EACH_KIND(3)
        EQ(RUN(shuts_down_with_one_in_work()), 0);
}

ASYNC(shuts_down_twice)
{
    ASYNC_BEGIN;
    EQ(put(1), 0);
    EQ(put(2), 0);
    START(0, joiner());
    AWAIT(coro_yield());
    shut(false);
    shut(false);
    HOLDS(get() > 0);
    EQ(done(), 0);
    shut(true);
    shut(false); /* nothing comes back */
    EQ(get(), CORO_ECLOSED);
    EQ(put(3), CORO_ECLOSED);
    EQ(done(), CORO_EINVAL);
    AWAIT(coro_yield());
    release_tasks();
    SAID("joined ");
    ASYNC_END;
}

Test(queue, a_shutdown_can_become_immediate_and_never_goes_back)
{
    FOR_EACH_KIND(3)
        EQ(RUN(shuts_down_twice()), 0);
}

ASYNC(shuts_down_after_too_many_are_done)
{
    ASYNC_BEGIN;
    EQ(put(1), 0);
    EQ(put(2), 0);
    EQ(done(), 0); /* for something that nobody has got */
    shut(true);
    EQ(base()->unfinished, 0);
    AWAIT(joining());
    ASYNC_END;
}

Test(queue, an_immediate_shutdown_never_counts_below_zero)
{
    FOR_EACH_KIND(3)
        EQ(RUN(shuts_down_after_too_many_are_done()), 0);
}

ASYNC(a_value_beats_the_shutdown)
{
    ASYNC_BEGIN;
    START(0, getter('a'));
    START(1, getter('b'));
    AWAIT(coro_yield());
    EQ(put(1), 0);
    shut(true); /* a has its item already */
    AWAIT(coro_yield());
    release_tasks();
    EQ(done(), 0);
    ASYNC_END;
}

Test(queue, what_was_handed_over_before_a_shutdown_is_kept)
{
    FOR_EACH_KIND(2) {
        EQ(RUN(a_value_beats_the_shutdown()), 0);
        SAID("a1 b!-1001 ");
    }
}

ASYNC(leaves_waiters)
{
    ASYNC_BEGIN;
    EQ(put(1), 0);
    START(0, putter(2));
    START(1, joiner());
    AWAIT(coro_yield());
    release_tasks();
    ASYNC_END;
}

Test(queue, closing_the_loop_ends_who_waits)
{
    FOR_EACH_KIND(1) {
        EQ(RUN(leaves_waiters()), 0);
        EQ(nobody_waits(), true);
        EQ(get(), 1);
        EQ(get(), CORO_EEMPTY);
    }
}

/* --- at random ------------------------------------------------------------------------------- */

static int next_in, next_get, cancelled_puts, in_flight;
static bool was_put[20000];
static int was_got[20000]; /* by the n-th get: an item + 1, or 0 */

ASYNC(random_putter, ARGS(int, value), VARS(int error;))
{
    ASYNC_BEGIN;
    in_flight++;
    AWAIT_CATCH(self->error, coro_queue_put(&fifo, &self->value));
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
    AWAIT_CATCH(self->error, coro_queue_get(&fifo, &self->item));
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
    EQ(nobody_waits(), true);
    ASYNC_END;
}

Test(queue, loses_nothing_and_keeps_the_order_whoever_is_cancelled)
{
    int item, next = 0;
    init_kind(FIFO, 3);
    seed_dice(1);
    EQ(RUN(random_walk()), 0);
    for (; coro_queue_get_nowait(&fifo, &item) == 0; next_get++)
        was_got[next_get] = item + 1;
    for (int i = 0; i < next_get; i++) {
        if (was_got[i] == 0)
            continue; /* cancelled */
        while (next < next_in && !was_put[next])
            next++; /* cancelled, too */
        SEEDED(was_got[i] - 1 == next);
        next++;
    }
    while (next < next_in)
        SEEDED(!was_put[next++]);
    HOLDS(next_in > 1000 && cancelled_puts > 10);
}

static coro_void *crowd_put(int who, const int *item)
{
    (void)who;
    return putting(item);
}

static coro_void *crowd_get(int who, int *item)
{
    (void)who;
    return getting(item);
}

static void nothing(int who)
{
    (void)who;
}

static bool at_once;

static void crowd_shut(void)
{
    const coro_queue *queue = base();
    at_once = dice(3) == 0;
    for (size_t i = 0; at_once && i < queue->count; i++)
        crowd_saw(buffer[(queue->head + i) % queue->capacity]); /* to be dropped */
    shut(at_once);
    EQ(at_once && !coro_queue_empty(queue), false);
}

Test(queue, gives_each_item_once_to_a_random_crowd_until_it_is_shut)
{
    crowd.send = crowd_put;
    crowd.receive = crowd_get;
    crowd.sender_ended = crowd.receiver_ended = nothing;
    crowd.close = crowd_shut;
    for (int each = FIFO; each < KINDS; each++) {
        FOR_EACH_SEED (seed) {
            init_kind(each, 1 + seed % 4);
            crowd_run(seed);
            for (int item; (item = get()) >= 0;)
                crowd_saw(item);
            crowd_check();
            SEEDED(get() == CORO_ECLOSED && nobody_waits());
        }
    }
    HOLDS(getenv("CORO_TEST_SEED") != NULL ||
          (crowd.received > 10000 && crowd.refused > 1000 && crowd.given_up > 1000));
}
