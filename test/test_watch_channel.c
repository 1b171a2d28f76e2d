/* SPDX-License-Identifier: MIT */
/*
 * test_watch_channel.c: the latest value, and word that it has changed.
 */
#include "crowd_fixture.h"

#include <coro/watch_channel.h>

#include <signal.h>

SUITE(watch_channel);

static int current;
static coro_watch_channel channel = CORO_WATCH_CHANNEL_INIT(current);
static coro_watch_receiver a, b;
static coro_task *tasks[3];

#define START(i, call) (tasks[i] = coro_create_task(call))

static void release_tasks(void)
{
    for (int i = 0; i < 3; i++) {
        coro_task_release(tasks[i]);
        tasks[i] = NULL;
    }
}

static void init(int first)
{
    current = first;
    coro_watch_channel_init(&channel, &current, sizeof current);
    coro_watch_channel_subscribe(&channel, &a);
    coro_watch_channel_subscribe(&channel, &b);
}

static int send(int value)
{
    return coro_watch_channel_send(&channel, &value);
}

static int look(coro_watch_receiver *receiver)
{
    int value = -1, error = coro_watch_channel_get(receiver, &value);
    return error != 0 ? error : value;
}

ASYNC(watches, ARGS(coro_watch_receiver *, receiver, char, name), VARS(int error;))
{
    ASYNC_BEGIN;
    AWAIT_CATCH(self->error, coro_watch_channel_changed(self->receiver));
    say("%c:%d,%d ", self->name, self->error, look(self->receiver));
    ASYNC_END;
}

Test(watch_channel, has_a_value_from_the_beginning)
{
    coro_watch_channel_subscribe(&channel, &a);
    EQ(look(&a), 0);
    coro_watch_receiver_close(&a);
    init(7);
    EQ(coro_watch_channel_receivers(&channel), 2);
    EQ(look(&a), 7);
    EQ(coro_watch_channel_has_changed(&a), false);
    EQ(send(8), 0);
    EQ(send(9), 0);
    EQ(coro_watch_channel_has_changed(&a), true);
    EQ(look(&a), 9);
    EQ(coro_watch_channel_has_changed(&a), false);
    EQ(coro_watch_channel_has_changed(&b), true);
    current = 10;
    EQ(coro_watch_channel_send(&channel, &current), 0); /* in place */
    EQ(coro_watch_channel_has_changed(&a), true);
    EQ(look(&a), 10);
}

Test(watch_channel, keeps_a_value_that_nobody_watches)
{
    init(1);
    coro_watch_receiver_close(&a);
    coro_watch_receiver_close(&b);
    coro_watch_receiver_close(&b);
    EQ(coro_watch_channel_receivers(&channel), 0);
    EQ(send(2), 0);
    EQ(look(&a), CORO_ECLOSED);
    EQ(coro_watch_channel_has_changed(&a), false);
    coro_watch_channel_subscribe(&channel, &a);
    EQ(coro_watch_channel_has_changed(&a), false);
    EQ(look(&a), 2);
}

Test(watch_channel, without_a_value_traps, .signal = SIGABRT)
{
    coro_watch_channel_init(&channel, NULL, 4);
}

ASYNC(changes, VARS(uint64_t turn;))
{
    ASYNC_BEGIN;
    EQ(send(2), 0);
    self->turn = turns();
    AWAIT(watches(&a, 'a')); /* at once */
    EQ(turns(), self->turn);
    START(0, watches(&a, 'a'));
    START(1, watches(&b, 'b')); /* at once, for it has not looked yet */
    AWAIT(coro_yield());
    EQ(send(3), 0);
    EQ(send(4), 0); /* before it runs */
    AWAIT(coro_yield());
    release_tasks();
    EQ(coro_watch_channel_has_changed(&a), false);
    START(0, watches(&a, 'x'));
    START(1, watches(&a, 'y'));
    AWAIT(coro_yield());
    coro_task_cancel(tasks[0]);
    EQ(send(5), 0);
    coro_task_cancel(tasks[1]); /* too late */
    AWAIT(coro_yield());
    release_tasks();
    ASYNC_END;
}

Test(watch_channel, tells_each_receiver_of_a_newer_value)
{
    init(1);
    EQ(RUN(changes()), 0);
    SAID("a:0,2 b:0,2 a:0,4 x:-125,5 y:0,5 ");
}

ASYNC(cancels_alone)
{
    ASYNC_BEGIN;
    START(0, watches(&a, 'a'));
    AWAIT(coro_yield());
    coro_task_cancel(tasks[0]);
    AWAIT(coro_yield());
    EQ(send(2), 0);
    EQ(coro_watch_channel_has_changed(&a), true);
    EQ(channel.waiters.first == NULL, true);
    release_tasks();
    ASYNC_END;
}

Test(watch_channel, a_cancelled_wait_has_seen_nothing)
{
    init(1);
    EQ(RUN(cancels_alone()), 0);
    SAID("a:-125,1 ");
}

ASYNC(closes)
{
    ASYNC_BEGIN;
    START(0, watches(&a, 'a'));
    START(1, watches(&b, 'b'));
    AWAIT(coro_yield());
    coro_watch_receiver_close(&b);
    AWAIT(coro_yield());
    coro_watch_channel_subscribe(&channel, &b);
    EQ(send(2), 0); /* a waits on */
    AWAIT(coro_yield());
    release_tasks();
    START(0, watches(&a, 'a'));
    AWAIT(coro_yield());
    coro_watch_channel_close(&channel);
    coro_watch_channel_close(&channel);
    EQ(send(3), CORO_ECLOSED);
    AWAIT(coro_yield());
    release_tasks();
    AWAIT(watches(&b, 'b')); /* it has not seen the last one yet */
    AWAIT(watches(&b, 'b'));
    coro_watch_receiver_close(&b);
    AWAIT(watches(&b, 'b'));
    ASYNC_END;
}

Test(watch_channel, ends_a_wait_with_a_close)
{
    init(1);
    EQ(RUN(closes()), 0);
    SAID("b:-1001,-1001 a:0,2 a:-1014,2 b:0,2 b:-1014,2 b:-1001,-1001 ");
}

/* --- at random ------------------------------------------------------------------------------- */

static int last, all_changes;

/* It sees ever newer values, and the last one. */
ASYNC(random_watcher, VARS(coro_watch_receiver receiver; int seen, value, error;))
{
    ASYNC_BEGIN;
    coro_watch_channel_subscribe(&channel, &self->receiver);
    EQ(coro_watch_channel_get(&self->receiver, &self->seen), 0);
    for (;;) {
        AWAIT_CATCH(self->error, coro_wait_for(coro_watch_channel_changed(&self->receiver),
                                               CORO_MS(dice(3))));
        if (self->error != 0 && self->error != CORO_ETIMEDOUT)
            break;
        EQ(coro_watch_channel_get(&self->receiver, &self->value), 0);
        SEEDED(self->error == 0 ? self->value > self->seen : self->value >= self->seen);
        self->seen = self->value;
        all_changes += self->error == 0;
        if (dice(2))
            AWAIT(a_while());
    }
    SEEDED(self->error == CORO_EEOF ? self->seen == last : self->error == CORO_ECANCELED);
  ASYNC_FINALLY:
    coro_watch_receiver_close(&self->receiver);
    ASYNC_END;
}

ASYNC(random_evening, VARS(coro_task *pool[CROWD]; int i, steps;))
{
    ASYNC_BEGIN;
    for (self->i = 0; self->i < CROWD; self->i++)
        self->pool[self->i] = coro_create_task(random_watcher());
    for (self->steps = (int)dice(200); self->steps > 0; self->steps--) {
        last++;
        EQ(send(last), 0);
        if (dice(3) == 0)
            AWAIT(a_while());
        if (dice(60) == 0)
            coro_task_cancel(self->pool[dice(CROWD)]);
    }
    coro_watch_channel_close(&channel);
    AWAIT(crowd_goes_home(self->pool, CROWD));
    ASYNC_END;
}

Test(watch_channel, shows_a_random_crowd_ever_newer_values_and_the_last_one)
{
    FOR_EACH_SEED (seed) {
        last = current = 0;
        coro_watch_channel_init(&channel, &current, sizeof current);
        seed_dice(seed);
        SEEDED(RUN(random_evening()) == 0);
        SEEDED(coro_watch_channel_receivers(&channel) == 0 && channel.waiters.first == NULL);
    }
    HOLDS(getenv("CORO_TEST_SEED") != NULL || all_changes > 1000);
}
