/* SPDX-License-Identifier: MIT */
/*
 * channel.c - the mechanism of queue_core.h between ends that are counted.
 *
 *     sender ─┐                            ┌─► receiver
 *     sender ─┴► putters ► [ ring ] ► getters ┴─► receiver
 *
 * A waiting task's wait.object is its end, so that the close of an end finds its own
 * tasks in the line. Invariants: those of the queue; and nobody waits to receive
 * when no sender is left, nor to send when no receiver is left. With capacity 0 the
 * ring is full and empty at once: then a get takes from the first putter.
 */
#include <coro/channel.h>

#include "queue_core.h"

#if CORO_SCOPES && CORO_JOINS

void coro_channel_init(coro_channel *channel, void *buffer, size_t item_size, size_t capacity,
                       coro_channel_sender *sender, coro_channel_receiver *receiver)
{
    CORO_CHECK((buffer != NULL || capacity == 0) && item_size > 0,
               "coro_channel_init needs a buffer (or capacity 0) for items of at least one byte");
    coro_zero_(channel, sizeof *channel);
    channel->queue.buffer = buffer;
    channel->queue.item_size = item_size;
    channel->queue.capacity = capacity;
    channel->senders = channel->receivers = 1;
    sender->channel = receiver->channel = channel;
}

void coro_channel_set_drop(coro_channel *channel, void (*drop)(void *item))
{
    channel->drop = drop;
}

/* --- ends --------------------------------------------------------------------------------- */

int coro_channel_sender_clone(const coro_channel_sender *sender, coro_channel_sender *clone)
{
    clone->channel = sender->channel;
    if (clone->channel == NULL)
        return CORO_ECLOSED;
    clone->channel->senders++;
    return 0;
}

int coro_channel_receiver_clone(const coro_channel_receiver *receiver,
                                coro_channel_receiver *clone)
{
    clone->channel = receiver->channel;
    if (clone->channel == NULL)
        return CORO_ECLOSED;
    clone->channel->receivers++;
    return 0;
}

void coro_channel_sender_close(coro_channel_sender *sender)
{
    coro_channel *channel = sender->channel;
    if (channel == NULL)
        return;
    sender->channel = NULL;
    coro_waiters_wake_of(&channel->queue.putters, sender, CORO_ECLOSED);
    if (--channel->senders == 0)
        coro_waiters_wake_all(&channel->queue.getters, CORO_EEOF);
}

/* Nobody can receive what is in the buffer any more. */
static void drop_all(coro_channel *channel)
{
    coro_queue *queue = &channel->queue;
    while (queue->count > 0) {
        char *item = queue_place(queue, queue->head, false);
        if (++queue->head == queue->capacity)
            queue->head = 0;
        queue->count--;
        if (channel->drop != NULL)
            channel->drop(item);
    }
}

void coro_channel_receiver_close(coro_channel_receiver *receiver)
{
    coro_channel *channel = receiver->channel;
    if (channel == NULL)
        return;
    receiver->channel = NULL;
    coro_waiters_wake_of(&channel->queue.getters, receiver, CORO_ECLOSED);
    if (--channel->receivers > 0)
        return;
    coro_waiters_wake_all(&channel->queue.putters, CORO_EPIPE);
    drop_all(channel);
}

/* --- items -------------------------------------------------------------------------------- */

static int put(coro_channel_sender *sender, const void *item)
{
    coro_channel *channel = sender->channel;
    if (channel == NULL)
        return CORO_ECLOSED;
    if (channel->receivers == 0)
        return CORO_EPIPE;
    return queue_put(&channel->queue, item, false, queue_ring_push);
}

static int get(coro_channel_receiver *receiver, void *item)
{
    coro_channel *channel = receiver->channel;
    coro_task *putter;
    int error;
    if (channel == NULL)
        return CORO_ECLOSED;
    error = queue_get(&channel->queue, item, false, queue_ring_push, queue_ring_pop);
    if (error != CORO_EEMPTY)
        return error;
    putter = coro_waiters_pop(&channel->queue.putters); /* only of a rendezvous */
    if (putter == NULL)
        return channel->senders == 0 ? CORO_EEOF : CORO_EEMPTY;
    coro_item_copy(item, putter->wait.a.pointer, channel->queue.item_size);
    coro_wait_done(putter, 0);
    return 0;
}

int coro_channel_send_nowait(coro_channel_sender *sender, const void *item)
{
    return put(sender, item);
}

int coro_channel_receive_nowait(coro_channel_receiver *receiver, void *item)
{
    return get(receiver, item);
}

/* --- waiting ------------------------------------------------------------------------------ */

static int send_start(coro_task *task, coro_call *call)
{
    coro_channel_sender *sender = call->object;
    int error = put(sender, call->a.pointer);
    return error != CORO_EFULL ? error : queue_wait(task, call, &sender->channel->queue.putters);
}

static int receive_start(coro_task *task, coro_call *call)
{
    coro_channel_receiver *receiver = call->object;
    int error = get(receiver, call->a.pointer);
    return error != CORO_EEMPTY ? error
                                : queue_wait(task, call, &receiver->channel->queue.getters);
}

static bool send_cancel(coro_task *task)
{
    coro_channel_sender *sender = task->wait.object;
    coro_waiters_remove(&sender->channel->queue.putters, task);
    return true;
}

static bool receive_cancel(coro_task *task)
{
    coro_channel_receiver *receiver = task->wait.object;
    coro_waiters_remove(&receiver->channel->queue.getters, task);
    return true;
}

static const coro_wait_type send_type = {CORO_VERB_("channel send") send_cancel, NULL, NULL, false};
static const coro_wait_type receive_type = {CORO_VERB_("channel receive") receive_cancel, NULL,
                                            NULL, false};

CORO_LEAF_INLINE(coro_channel_send, &send_type, send_start, 0);
CORO_LEAF_INLINE(coro_channel_receive, &receive_type, receive_start, 0);

void coro_channel_statistics_get(const coro_channel *channel, coro_channel_statistics *statistics)
{
    statistics->capacity = channel->queue.capacity;
    statistics->count = channel->queue.count;
    statistics->senders = channel->senders;
    statistics->receivers = channel->receivers;
    statistics->sending = coro_waiters_count(&channel->queue.putters);
    statistics->receiving = coro_waiters_count(&channel->queue.getters);
}

#endif
