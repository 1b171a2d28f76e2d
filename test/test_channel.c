/* SPDX-License-Identifier: MIT */
/*
 * test_channel.c: senders, receivers and an end: order, rendezvous, who is told what when an end
 * closes, cancels; a random crowd in which each has an end of its own.
 */
#include "crowd_fixture.h"

#include <coro/channel.h>

#include <signal.h>

SUITE(channel);

static coro_channel channel;
static coro_channel_sender to, to_2;
static coro_channel_receiver from, from_2;
static int buffer[4];
static coro_task *tasks[4];

#define START(i, call) (tasks[i] = coro_create_task(call))

static void release_tasks(void)
{
    for (int i = 0; i < 4; i++) {
        coro_task_release(tasks[i]);
        tasks[i] = NULL;
    }
}

static void drop(void *item)
{
    say("drop%d ", *(int *)item);
}

static void init(size_t capacity)
{
    coro_channel_init(&channel, capacity > 0 ? buffer : NULL, sizeof buffer[0], capacity, &to,
                      &from);
    coro_channel_set_drop(&channel, drop);
    EQ(coro_channel_sender_clone(&to, &to_2), 0);
    EQ(coro_channel_receiver_clone(&from, &from_2), 0);
}

static void close_all(void)
{
    coro_channel_sender_close(&to);
    coro_channel_sender_close(&to_2);
    coro_channel_receiver_close(&from);
    coro_channel_receiver_close(&from_2);
}

static int send(int item)
{
    return coro_channel_send_nowait(&to, &item);
}

static int receive(void)
{
    int item = -1, error = coro_channel_receive_nowait(&from, &item);
    return error != 0 ? error : item;
}

ASYNC(sends, ARGS(coro_channel_sender *, end, int, item), VARS(int error;))
{
    ASYNC_BEGIN;
    AWAIT_CATCH(self->error, coro_channel_send(self->end, &self->item));
    say("sent%d:%d ", self->item, self->error);
    ASYNC_END;
}

ASYNC(receives, ARGS(coro_channel_receiver *, end, char, name), VARS(int item, error;))
{
    ASYNC_BEGIN;
    self->item = -1;
    AWAIT_CATCH(self->error, coro_channel_receive(self->end, &self->item));
    say("%c:%d ", self->name, self->error != 0 ? self->error : self->item);
    ASYNC_END;
}

Test(channel, gives_in_the_order_of_sends_and_is_bounded)
{
    init(2);
    EQ(receive(), CORO_EEMPTY);
    for (int i = 0; i < 5; i++) {
        EQ(send(1), 0);
        EQ(send(2), 0);
        EQ(send(3), CORO_EFULL);
        EQ(receive(), 1);
        EQ(send(4), 0);
        EQ(receive(), 2);
        EQ(receive(), 4);
    }
    close_all();
}

Test(channel, without_a_buffer_for_its_capacity_traps, .signal = SIGABRT)
{
    coro_channel_init(&channel, NULL, 4, 1, &to, &from);
}

/* --- waiting ---------------------------------------------------------------------------------- */

ASYNC(waits_on_both_sides)
{
    ASYNC_BEGIN;
    START(0, receives(&from, 'a'));
    START(1, receives(&from_2, 'b'));
    AWAIT(coro_yield());
    EQ(send(1), 0);
    EQ(send(2), 0);
    EQ(receive(), CORO_EEMPTY); /* both are handed over */
    AWAIT(coro_yield());
    release_tasks();
    EQ(send(3), 0);
    START(0, sends(&to, 4));
    START(1, sends(&to_2, 5));
    AWAIT(coro_yield());
    EQ(receive(), 3);
    EQ(send(9), CORO_EFULL); /* room goes to who waits */
    EQ(receive(), 4);
    EQ(receive(), 5);
    AWAIT(coro_yield());
    release_tasks();
    close_all();
    ASYNC_END;
}

Test(channel, hands_over_first_come_first_served)
{
    init(1);
    EQ(RUN(waits_on_both_sides()), 0);
    SAID("a:1 b:2 sent4:0 sent5:0 ");
}

ASYNC(meets)
{
    ASYNC_BEGIN;
    EQ(send(1), CORO_EFULL); /* nobody is there */
    START(0, sends(&to, 1));
    START(1, sends(&to_2, 2));
    AWAIT(coro_yield());
    SAID("");
    EQ(receive(), 1);
    AWAIT(coro_yield());
    AWAIT(receives(&from, 'a'));
    EQ(receive(), CORO_EEMPTY);
    AWAIT(coro_yield());
    release_tasks();
    START(0, receives(&from, 'b'));
    AWAIT(coro_yield());
    EQ(send(3), 0);
    EQ(send(4), CORO_EFULL);
    AWAIT(coro_yield());
    release_tasks();
    close_all();
    ASYNC_END;
}

Test(channel, of_capacity_0_is_a_rendezvous)
{
    init(0);
    EQ(RUN(meets()), 0);
    SAID("sent1:0 a:2 sent2:0 b:3 ");
}

ASYNC(cancels, ARGS(bool, after))
{
    ASYNC_BEGIN;
    START(0, receives(&from, 'a'));
    START(1, receives(&from, 'b'));
    AWAIT(coro_yield());
    if (!self->after)
        coro_task_cancel(tasks[0]);
    EQ(send(1), 0);
    if (self->after)
        coro_task_cancel(tasks[0]);
    AWAIT(coro_yield());
    EQ(send(2), 0);
    AWAIT(coro_yield());
    EQ(receive(), self->after ? CORO_EEMPTY : 2);
    release_tasks();
    START(0, sends(&to, 3));
    START(1, sends(&to, 4));
    AWAIT(coro_yield());
    release_tasks();
    close_all();
    ASYNC_END;
}

Test(channel, passes_over_who_is_cancelled)
{
    init(4);
    EQ(RUN(cancels(false)), 0);
    SAID("a:-125 b:1 sent3:0 sent4:0 drop3 drop4 ");
}

Test(channel, leaves_an_item_with_who_has_it_when_the_cancel_comes)
{
    init(4);
    EQ(RUN(cancels(true)), 0);
    SAID("a:1 b:2 sent3:0 sent4:0 drop3 drop4 ");
}

ASYNC(cancels_a_sender)
{
    ASYNC_BEGIN;
    START(0, sends(&to, 3));
    START(1, sends(&to, 4));
    AWAIT(coro_yield());
    coro_task_cancel(tasks[0]);
    EQ(receive(), 4);
    coro_task_cancel(tasks[1]); /* it is received */
    EQ(receive(), CORO_EEMPTY);
    AWAIT(coro_yield());
    release_tasks();
    close_all();
    ASYNC_END;
}

Test(channel, takes_nothing_from_a_sender_that_is_cancelled)
{
    init(0);
    EQ(RUN(cancels_a_sender()), 0);
    SAID("sent3:-125 sent4:0 ");
}

/* --- the end ---------------------------------------------------------------------------------- */

ASYNC(senders_go)
{
    ASYNC_BEGIN;
    EQ(send(1), 0);
    coro_channel_sender_close(&to);
    coro_channel_sender_close(&to); /* again: fine */
    EQ(send(2), CORO_ECLOSED);
    EQ(receive(), 1);
    EQ(receive(), CORO_EEMPTY); /* there is another sender */
    START(0, receives(&from, 'a'));
    START(1, receives(&from_2, 'b'));
    AWAIT(coro_yield());
    coro_channel_sender_close(&to_2);
    EQ(receive(), CORO_EEOF);
    AWAIT(receives(&from, 'c'));
    AWAIT(coro_yield());
    release_tasks();
    EQ(coro_channel_sender_clone(&to_2, &to), CORO_ECLOSED);
    EQ(send(3), CORO_ECLOSED);
    close_all();
    ASYNC_END;
}

Test(channel, ends_when_the_last_sender_is_closed_and_all_is_received)
{
    init(2);
    EQ(RUN(senders_go()), 0);
    SAID("c:-1014 a:-1014 b:-1014 ");
    EQ(CORO_EEOF, -1014);
}

ASYNC(receivers_go)
{
    ASYNC_BEGIN;
    EQ(send(1), 0);
    EQ(send(2), 0);
    EQ(receive(), 1);
    EQ(send(3), 0);
    START(0, sends(&to, 4));
    START(1, sends(&to_2, 5));
    AWAIT(coro_yield());
    coro_channel_receiver_close(&from);
    coro_channel_receiver_close(&from);
    EQ(receive(), CORO_ECLOSED);
    SAID("");
    coro_channel_receiver_close(&from_2);
    SAID("drop2 drop3 ");
    EQ(send(6), CORO_EPIPE);
    AWAIT(sends(&to, 7));
    AWAIT(coro_yield());
    release_tasks();
    EQ(coro_channel_receiver_clone(&from_2, &from), CORO_ECLOSED);
    close_all();
    ASYNC_END;
}

Test(channel, fails_sends_when_the_last_receiver_is_closed_and_drops_what_is_left)
{
    init(2);
    EQ(RUN(receivers_go()), 0);
    SAID("drop2 drop3 sent7:-32 sent4:-32 sent5:-32 ");
}

ASYNC(closes_under_those_who_wait)
{
    ASYNC_BEGIN;
    START(0, receives(&from, 'a'));
    START(1, receives(&from_2, 'b'));
    START(2, receives(&from, 'c'));
    AWAIT(coro_yield());
    coro_channel_receiver_close(&from); /* a and c; b waits on */
    EQ(send(1), 0);
    AWAIT(coro_yield());
    release_tasks();
    START(0, sends(&to, 2));
    START(1, sends(&to_2, 3));
    START(2, sends(&to, 4));
    AWAIT(coro_yield());
    coro_channel_sender_close(&to);
    AWAIT(receives(&from_2, 'd'));
    AWAIT(coro_yield());
    release_tasks();
    close_all();
    ASYNC_END;
}

Test(channel, fails_those_who_wait_in_an_end_that_is_closed_and_nobody_else)
{
    init(0);
    EQ(RUN(closes_under_those_who_wait()), 0);
    SAID("a:-1001 c:-1001 b:1 d:3 sent2:-1001 sent4:-1001 sent3:0 ");
}

Test(channel, closing_an_end_that_was_never_open_is_fine)
{
    coro_channel_sender sender = {0};
    coro_channel_receiver receiver = {0};
    coro_channel_sender_close(&sender);
    coro_channel_receiver_close(&receiver);
    EQ(sender.channel == NULL && receiver.channel == NULL, true);
}

Test(channel, forgets_what_is_left_when_there_is_no_drop)
{
    init(2);
    coro_channel_set_drop(&channel, NULL);
    EQ(send(1), 0);
    close_all();
    EQ(channel.queue.count, 0);
    SAID("");
}

ASYNC(counts, VARS(coro_channel_statistics now;))
{
    ASYNC_BEGIN;
    EQ(send(1), 0);
    START(0, sends(&to, 2));
    START(1, sends(&to_2, 3));
    AWAIT(coro_yield());
    coro_channel_receiver_close(&from_2);
    coro_channel_statistics_get(&channel, &self->now);
    EQ(self->now.capacity, 1);
    EQ(self->now.count, 1);
    EQ(self->now.senders, 2);
    EQ(self->now.receivers, 1);
    EQ(self->now.sending, 2);
    EQ(self->now.receiving, 0);
    for (int i = 1; i <= 3; i++)
        EQ(receive(), i);
    START(2, receives(&from, 'a'));
    AWAIT(coro_yield());
    coro_channel_statistics_get(&channel, &self->now);
    EQ(self->now.count, 0);
    EQ(self->now.sending, 0);
    EQ(self->now.receiving, 1);
    close_all();
    AWAIT(coro_yield());
    release_tasks();
    ASYNC_END;
}

Test(channel, has_statistics)
{
    init(1);
    EQ(RUN(counts()), 0);
    SAID("sent2:0 sent3:0 a:-1014 ");
}

/* --- at random ------------------------------------------------------------------------------- */

static coro_channel_sender senders[CROWD];
static coro_channel_receiver receivers[CROWD];

static coro_void *crowd_send(int who, const int *item)
{
    return coro_channel_send(&senders[who], item);
}

static coro_void *crowd_receive(int who, int *item)
{
    return coro_channel_receive(&receivers[who], item);
}

static void close_sender(int who)
{
    coro_channel_sender_close(&senders[who]);
}

static void close_receiver(int who)
{
    coro_channel_receiver_close(&receivers[who]);
}

/* Some ends, or none: then it ends by itself. */
static void crowd_close(void)
{
    for (int i = 0; i < CROWD; i++) {
        if (dice(4) == 0)
            close_sender(i);
        if (dice(4) == 0)
            close_receiver(i);
    }
}

static void crowd_drop(void *item)
{
    crowd_saw(*(int *)item);
}

Test(channel, gives_each_item_once_to_a_random_crowd_until_all_have_gone)
{
    crowd.send = crowd_send;
    crowd.receive = crowd_receive;
    crowd.sender_ended = close_sender;
    crowd.receiver_ended = close_receiver;
    crowd.close = crowd_close;
    FOR_EACH_SEED (seed) {
        coro_channel_init(&channel, buffer, sizeof buffer[0], seed % 4, &senders[0],
                          &receivers[0]);
        coro_channel_set_drop(&channel, crowd_drop);
        for (int i = 1; i < CROWD; i++) {
            EQ(coro_channel_sender_clone(&senders[0], &senders[i]), 0);
            EQ(coro_channel_receiver_clone(&receivers[0], &receivers[i]), 0);
        }
        crowd_run(seed);
        SEEDED(channel.senders == 0 && channel.receivers == 0 && channel.queue.count == 0);
        crowd_check();
    }
    HOLDS(getenv("CORO_TEST_SEED") != NULL ||
          (crowd.received > 10000 && crowd.refused > 1000 && crowd.given_up > 1000));
}
