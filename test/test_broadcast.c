/* SPDX-License-Identifier: MIT */
/*
 * test_broadcast.c: each receiver sees each value, or learns how many it missed.
 */
#include "crowd_fixture.h"

#include <coro/broadcast.h>

#include <signal.h>

SUITE(broadcast);

static coro_broadcast broadcast;
static coro_broadcast_receiver a, b;
static int buffer[4];
static coro_task *tasks[3];

#define START(i, call) (tasks[i] = coro_create_task(call))

static void release_tasks(void)
{
    for (int i = 0; i < 3; i++) {
        coro_task_release(tasks[i]);
        tasks[i] = NULL;
    }
}

static void init(size_t capacity)
{
    coro_broadcast_init(&broadcast, buffer, sizeof buffer[0], capacity);
    coro_broadcast_subscribe(&broadcast, &a);
    coro_broadcast_subscribe(&broadcast, &b);
}

static int send(int item)
{
    return coro_broadcast_send(&broadcast, &item);
}

static int receive(coro_broadcast_receiver *receiver)
{
    int item = -1, error = coro_broadcast_receive_nowait(receiver, &item);
    if (error == CORO_ELAGGED)
        EQ(item, -1);
    return error != 0 ? error : item;
}

ASYNC(receives, ARGS(coro_broadcast_receiver *, from, char, name), VARS(int item, error;))
{
    ASYNC_BEGIN;
    self->item = -1;
    AWAIT_CATCH(self->error, coro_broadcast_receive(self->from, &self->item));
    say("%c:%d ", self->name, self->error != 0 ? self->error : self->item);
    ASYNC_END;
}

Test(broadcast, each_receiver_sees_each_value_from_its_subscription_on)
{
    coro_broadcast_receiver late;
    init(4);
    EQ(coro_broadcast_receivers(&broadcast), 2);
    for (int i = 1; i <= 10; i++) {
        EQ(send(i), 0);
        EQ(receive(&a), i);
        EQ(receive(&a), CORO_EEMPTY);
        if (i % 2 == 0) {
            EQ(receive(&b), i - 1);
            EQ(receive(&b), i);
        }
    }
    coro_broadcast_subscribe(&broadcast, &late);
    EQ(receive(&late), CORO_EEMPTY);
    EQ(send(11), 0);
    EQ(receive(&late), 11);
    EQ(receive(&a), 11);
    EQ(receive(&b), 11);
    EQ(coro_broadcast_missed(&b), 0);
}

Test(broadcast, tells_a_slow_receiver_how_many_it_missed_and_goes_on_with_the_oldest)
{
    init(3);
    for (int i = 1; i <= 3; i++)
        EQ(send(i), 0);
    EQ(receive(&a), 1);
    for (int i = 4; i <= 6; i++)
        EQ(send(i), 0);
    EQ(receive(&a), CORO_ELAGGED);
    EQ(coro_broadcast_missed(&a), 2);
    for (int i = 4; i <= 6; i++)
        EQ(receive(&a), i);
    EQ(receive(&a), CORO_EEMPTY);
    EQ(coro_broadcast_missed(&a), 2);
    EQ(receive(&b), CORO_ELAGGED);
    EQ(coro_broadcast_missed(&b), 3);
    EQ(receive(&b), 4);
    EQ(send(7), 0); /* just in time */
    EQ(receive(&b), 5);
}

Test(broadcast, counts_on_when_its_numbers_wrap)
{
    init(3);
    broadcast.sent = a.seen = b.seen = UINT32_MAX - 1;
    for (int i = 1; i <= 3; i++)
        EQ(send(i), 0);
    for (int i = 1; i <= 3; i++)
        EQ(receive(&a), i);
    EQ(send(4), 0);
    EQ(receive(&b), CORO_ELAGGED);
    EQ(coro_broadcast_missed(&b), 1);
    EQ(receive(&b), 2);
}

Test(broadcast, refuses_a_value_that_nobody_would_see)
{
    init(2);
    coro_broadcast_receiver_close(&a);
    EQ(send(1), 0);
    coro_broadcast_receiver_close(&b);
    coro_broadcast_receiver_close(&b);
    EQ(coro_broadcast_receivers(&broadcast), 0);
    EQ(send(2), CORO_EPIPE);
    coro_broadcast_subscribe(&broadcast, &a);
    EQ(receive(&a), CORO_EEMPTY);
    EQ(send(3), 0);
    EQ(receive(&a), 3);
    EQ(receive(&b), CORO_ECLOSED);
}

Test(broadcast, ends_after_what_is_left)
{
    init(2);
    EQ(send(1), 0);
    coro_broadcast_close(&broadcast);
    coro_broadcast_close(&broadcast);
    EQ(send(2), CORO_ECLOSED);
    EQ(receive(&a), 1);
    EQ(receive(&a), CORO_EEOF);
    coro_broadcast_receiver_close(&a);
    coro_broadcast_subscribe(&broadcast, &a);
    EQ(receive(&a), CORO_EEOF);
    EQ(receive(&b), 1);
}

Test(broadcast, without_a_buffer_traps, .signal = SIGABRT)
{
    coro_broadcast_init(&broadcast, NULL, 4, 1);
}

ASYNC(waits)
{
    ASYNC_BEGIN;
    START(0, receives(&a, 'a'));
    START(1, receives(&b, 'b'));
    AWAIT(coro_yield());
    AWAIT(receives(&a, 'x')); /* one task waits there already */
    EQ(send(1), 0);
    EQ(send(2), 0);
    coro_task_cancel(tasks[1]); /* too late */
    AWAIT(coro_yield());
    release_tasks();
    AWAIT(receives(&a, 'a'));
    EQ(receive(&b), 2);
    ASYNC_END;
}

Test(broadcast, hands_a_value_to_all_who_wait)
{
    init(1);
    EQ(RUN(waits()), 0);
    SAID("x:-16 a:1 b:1 a:2 ");
}

ASYNC(cancels_and_closes)
{
    ASYNC_BEGIN;
    START(0, receives(&a, 'a'));
    START(1, receives(&b, 'b'));
    AWAIT(coro_yield());
    coro_task_cancel(tasks[0]);
    EQ(send(1), 0);
    AWAIT(coro_yield());
    release_tasks();
    EQ(receive(&a), 1); /* it has missed nothing, and is free for another one */
    START(0, receives(&a, 'a'));
    START(1, receives(&b, 'b'));
    AWAIT(coro_yield());
    coro_broadcast_receiver_close(&a);
    EQ(send(2), 0);
    AWAIT(coro_yield());
    release_tasks();
    START(1, receives(&b, 'b'));
    AWAIT(coro_yield());
    coro_broadcast_close(&broadcast);
    AWAIT(coro_yield());
    AWAIT(receives(&b, 'b'));
    release_tasks();
    ASYNC_END;
}

Test(broadcast, ends_a_wait_with_a_cancel_or_a_close)
{
    init(2);
    EQ(RUN(cancels_and_closes()), 0);
    SAID("a:-125 b:1 a:-1001 b:2 b:-1014 b:-1014 ");
}

/* --- at random ------------------------------------------------------------------------------- */

static int sent, all_seen, all_missed, lags;

ASYNC(random_receiver, ARGS(int, who), VARS(coro_broadcast_receiver from; int next, item, error;))
{
    ASYNC_BEGIN;
    coro_broadcast_subscribe(&broadcast, &self->from);
    self->next = sent;
    for (;;) {
        AWAIT_CATCH(self->error, coro_wait_for(coro_broadcast_receive(&self->from, &self->item),
                                               CORO_MS(dice(3))));
        if (self->error == 0) {
            SEEDED(self->item == self->next++);
            all_seen++;
        } else if (self->error == CORO_ELAGGED) {
            SEEDED(coro_broadcast_missed(&self->from) > 0);
            self->next += (int)coro_broadcast_missed(&self->from);
            all_missed += (int)coro_broadcast_missed(&self->from);
            lags++;
        } else if (self->error != CORO_ETIMEDOUT) {
            break;
        }
        if (dice(2))
            AWAIT(a_while());
    }
    SEEDED(self->error == CORO_EEOF ? self->next == sent : self->error == CORO_ECANCELED);
  ASYNC_FINALLY:
    coro_broadcast_receiver_close(&self->from);
    ASYNC_END;
}

ASYNC(random_evening, VARS(coro_task *pool[CROWD]; int i, steps;))
{
    ASYNC_BEGIN;
    for (self->i = 0; self->i < CROWD; self->i++)
        self->pool[self->i] = coro_create_task(random_receiver(self->i));
    for (self->steps = (int)dice(200); self->steps > 0; self->steps--) {
        if (coro_broadcast_send(&broadcast, &sent) == 0)
            sent++;
        if (dice(3) == 0)
            AWAIT(a_while());
        if (dice(60) == 0)
            coro_task_cancel(self->pool[dice(CROWD)]);
    }
    coro_broadcast_close(&broadcast);
    AWAIT(crowd_goes_home(self->pool, CROWD));
    ASYNC_END;
}

Test(broadcast, shows_a_random_crowd_each_value_once_in_order_or_says_it_was_missed)
{
    FOR_EACH_SEED (seed) {
        sent = 0;
        coro_broadcast_init(&broadcast, buffer, sizeof buffer[0], 1 + seed % 4);
        seed_dice(seed);
        SEEDED(RUN(random_evening()) == 0);
        SEEDED(coro_broadcast_receivers(&broadcast) == 0 && broadcast.waiters.first == NULL);
    }
    HOLDS(getenv("CORO_TEST_SEED") != NULL ||
          (all_seen > 1000 && lags > 1000 && all_missed > lags));
}
