/* SPDX-License-Identifier: MIT */
/*
 * test_oneshot.c: one value, once; and each side learns that the other has gone.
 */
#include "crowd_fixture.h"

#include <coro/oneshot.h>

#include <signal.h>

SUITE(oneshot);

static int room;
static coro_oneshot oneshot = CORO_ONESHOT_INIT(room);
static coro_task *tasks[3];

#define START(i, call) (tasks[i] = coro_create_task(call))

static void release_tasks(void)
{
    for (int i = 0; i < 3; i++) {
        coro_task_release(tasks[i]);
        tasks[i] = NULL;
    }
}

static int send(int value)
{
    return coro_oneshot_send(&oneshot, &value);
}

static int receive(void)
{
    int value = -1, error = coro_oneshot_receive_nowait(&oneshot, &value);
    return error != 0 ? error : value;
}

static void drop(void *value)
{
    say("drop%d ", *(int *)value);
}

ASYNC(receives, ARGS(char, name), VARS(int value, error;))
{
    ASYNC_BEGIN;
    self->value = -1;
    AWAIT_CATCH(self->error, coro_oneshot_receive(&oneshot, &self->value));
    say("%c:%d ", self->name, self->error != 0 ? self->error : self->value);
    ASYNC_END;
}

ASYNC(waits_closed, VARS(int error;))
{
    ASYNC_BEGIN;
    AWAIT_CATCH(self->error, coro_oneshot_wait_closed(&oneshot));
    say("closed:%d ", self->error);
    ASYNC_END;
}

Test(oneshot, keeps_a_value_that_comes_first)
{
    EQ(receive(), CORO_EEMPTY);
    EQ(send(1), 0);
    EQ(send(2), CORO_EALREADY);
    coro_oneshot_sender_close(&oneshot); /* it has sent: nothing changes */
    EQ(receive(), 1);
    EQ(receive(), CORO_EALREADY);
    coro_oneshot_receiver_close(&oneshot);
}

Test(oneshot, without_room_traps, .signal = SIGABRT)
{
    coro_oneshot_init(&oneshot, NULL, 4);
}

ASYNC(hands_over, ARGS(bool, cancel))
{
    ASYNC_BEGIN;
    START(0, receives('a'));
    AWAIT(coro_yield());
    AWAIT(receives('b')); /* one may wait */
    EQ(send(1), 0);
    if (self->cancel)
        coro_task_cancel(tasks[0]); /* too late */
    EQ(send(2), CORO_EALREADY);
    AWAIT(coro_yield());
    AWAIT(receives('c'));
    release_tasks();
    ASYNC_END;
}

Test(oneshot, hands_a_value_to_the_one_who_waits)
{
    EQ(RUN(hands_over(false)), 0);
    SAID("b:-16 a:1 c:-114 ");
}

Test(oneshot, leaves_a_value_with_its_receiver_when_the_cancel_comes_later)
{
    EQ(RUN(hands_over(true)), 0);
    SAID("b:-16 a:1 c:-114 ");
}

ASYNC(cancels_first)
{
    ASYNC_BEGIN;
    START(0, receives('a'));
    AWAIT(coro_yield());
    coro_task_cancel(tasks[0]);
    EQ(send(1), 0);
    AWAIT(coro_yield());
    AWAIT(receives('b'));
    release_tasks();
    ASYNC_END;
}

Test(oneshot, keeps_the_value_when_its_receiver_was_cancelled)
{
    EQ(RUN(cancels_first()), 0);
    SAID("a:-125 b:1 ");
}

ASYNC(sender_goes)
{
    ASYNC_BEGIN;
    START(0, receives('a'));
    AWAIT(coro_yield());
    coro_oneshot_sender_close(&oneshot);
    EQ(send(1), CORO_ECLOSED);
    AWAIT(coro_yield());
    AWAIT(receives('b'));
    EQ(receive(), CORO_EPIPE);
    release_tasks();
    ASYNC_END;
}

Test(oneshot, tells_the_receiver_that_no_value_will_come)
{
    EQ(RUN(sender_goes()), 0);
    SAID("a:-32 b:-32 ");
}

ASYNC(receiver_goes)
{
    ASYNC_BEGIN;
    START(0, waits_closed());
    START(1, waits_closed());
    START(2, receives('a'));
    AWAIT(coro_yield());
    coro_task_cancel(tasks[1]);
    EQ(coro_oneshot_closed(&oneshot), false);
    coro_oneshot_receiver_close(&oneshot);
    coro_oneshot_receiver_close(&oneshot);
    EQ(coro_oneshot_closed(&oneshot), true);
    EQ(send(1), CORO_EPIPE);
    EQ(receive(), CORO_ECLOSED);
    AWAIT(coro_yield());
    AWAIT(waits_closed());
    release_tasks();
    ASYNC_END;
}

Test(oneshot, tells_the_sender_that_the_receiver_has_gone)
{
    coro_oneshot_init(&oneshot, &room, sizeof room);
    coro_oneshot_set_drop(&oneshot, drop);
    EQ(RUN(receiver_goes()), 0);
    SAID("closed:-125 a:-1001 closed:0 closed:0 ");
}

Test(oneshot, drops_a_value_that_nobody_received)
{
    coro_oneshot_set_drop(&oneshot, drop);
    EQ(send(7), 0);
    coro_oneshot_receiver_close(&oneshot);
    coro_oneshot_receiver_close(&oneshot);
    SAID("drop7 ");
    coro_oneshot_init(&oneshot, &room, sizeof room);
    coro_oneshot_set_drop(&oneshot, drop);
    EQ(send(8), 0);
    EQ(receive(), 8);
    coro_oneshot_receiver_close(&oneshot);
    SAID("drop7 ");
}

/* --- at random ------------------------------------------------------------------------------- */

static int sent, received, dropped;

static void count_drop(void *value)
{
    SEEDED(*(int *)value == 5);
    dropped++;
}

ASYNC(random_sender, VARS(int value;))
{
    ASYNC_BEGIN;
    AWAIT(a_while());
    AWAIT(a_while());
    self->value = 5;
    if (dice(4) != 0)
        sent += coro_oneshot_send(&oneshot, &self->value) == 0;
  ASYNC_FINALLY:
    coro_oneshot_sender_close(&oneshot);
    ASYNC_END;
}

ASYNC(random_receiver, VARS(int value, error;))
{
    ASYNC_BEGIN;
    do {
        if (dice(2))
            AWAIT(a_while());
        AWAIT_CATCH(self->error,
                    coro_wait_for(coro_oneshot_receive(&oneshot, &self->value), CORO_MS(1)));
    } while (self->error == CORO_ETIMEDOUT && dice(3) != 0);
    SEEDED(self->error != 0 || self->value == 5);
    received += self->error == 0;
  ASYNC_FINALLY:
    coro_oneshot_receiver_close(&oneshot);
    ASYNC_END;
}

ASYNC(random_meeting, VARS(int i, error;))
{
    ASYNC_BEGIN;
    START(0, random_sender());
    START(1, random_receiver());
    START(2, waits_closed());
    while (dice(3) != 0)
        AWAIT(a_while());
    if (dice(2))
        coro_task_cancel(tasks[dice(2)]);
    for (self->i = 0; self->i < 3; self->i++) {
        AWAIT_CATCH(self->error, coro_task_join(tasks[self->i]));
        SEEDED(self->error == 0 || self->error == CORO_ECANCELED);
    }
    release_tasks();
    ASYNC_END;
}

Test(oneshot, value_is_received_or_dropped_once_or_refused)
{
    int all = 0, all_dropped = 0;
    FOR_EACH_SEED (seed) {
        coro_oneshot_init(&oneshot, &room, sizeof room);
        coro_oneshot_set_drop(&oneshot, count_drop);
        sent = received = dropped = 0;
        said_size = 0;
        seed_dice(seed);
        SEEDED(RUN(random_meeting()) == 0);
        SEEDED(received + dropped == sent);
        SEEDED(oneshot.receiver.first == NULL && oneshot.senders.first == NULL);
        SAID("closed:0 ");
        all += received;
        all_dropped += dropped;
    }
    HOLDS(getenv("CORO_TEST_SEED") != NULL || (all > 20 && all_dropped > 5));
}

ASYNC(closes_behind)
{
    ASYNC_BEGIN;
    coro_oneshot_set_drop(&oneshot, drop);
    START(0, receives('a'));
    AWAIT(coro_yield());
    EQ(send(4), 0);
    coro_oneshot_receiver_close(&oneshot);
    coro_oneshot_sender_close(&oneshot);
    coro_task_cancel(tasks[0]);
    EQ(send(5), CORO_EALREADY);
    EQ(receive(), CORO_ECLOSED);
    AWAIT(coro_task_join(tasks[0]));
    release_tasks();
    ASYNC_END;
}

Test(oneshot, a_value_that_was_handed_over_survives_the_close_of_both_sides_in_that_turn)
{
    EQ(RUN(closes_behind()), 0);
    SAID("a:4 ");
}
