/* SPDX-License-Identifier: MIT */
/*
 * watch_channel.c - one value with a version, and who waits for the next one.
 *
 * Invariant: who waits has seen the latest version, and a newer one can still come.
 */
#include <coro/watch_channel.h>

#include "items.h"

#if CORO_SCOPES && CORO_JOINS

void coro_watch_channel_init(coro_watch_channel *channel, void *value, size_t size)
{
    CORO_CHECK(value != NULL && size > 0, "coro_watch_channel_init needs its first value");
    coro_zero_(channel, sizeof *channel);
    channel->value = value;
    channel->size = size;
}

int coro_watch_channel_send(coro_watch_channel *channel, const void *value)
{
    if (channel->closed)
        return CORO_ECLOSED;
    if (value != channel->value) /* it may be the variable itself, changed in place */
        coro_item_copy(channel->value, value, channel->size);
    channel->version++;
    for (coro_task *task; (task = coro_waiters_pop(&channel->waiters)) != NULL;) {
        ((coro_watch_receiver *)task->wait.object)->seen = channel->version;
        coro_wait_done(task, 0);
    }
    return 0;
}

void coro_watch_channel_close(coro_watch_channel *channel)
{
    channel->closed = true;
    coro_waiters_wake_all(&channel->waiters, CORO_EEOF);
}

/* --- receivers ---------------------------------------------------------------------------- */

void coro_watch_channel_subscribe(coro_watch_channel *channel, coro_watch_receiver *receiver)
{
    receiver->channel = channel;
    receiver->seen = channel->version;
    channel->receivers++;
}

void coro_watch_receiver_close(coro_watch_receiver *receiver)
{
    coro_watch_channel *channel = receiver->channel;
    if (channel == NULL)
        return;
    receiver->channel = NULL;
    channel->receivers--;
    coro_waiters_wake_of(&channel->waiters, receiver, CORO_ECLOSED);
}

int coro_watch_channel_get(coro_watch_receiver *receiver, void *value)
{
    const coro_watch_channel *channel = receiver->channel;
    if (channel == NULL)
        return CORO_ECLOSED;
    coro_item_copy(value, channel->value, channel->size);
    receiver->seen = channel->version;
    return 0;
}

static int changed_start(coro_task *task, coro_call *call)
{
    coro_watch_receiver *receiver = call->object;
    coro_watch_channel *channel = receiver->channel;
    if (channel == NULL)
        return CORO_ECLOSED;
    if (receiver->seen != channel->version) {
        receiver->seen = channel->version;
        return 0;
    }
    if (channel->closed)
        return CORO_EEOF;
    coro_wait_on(task, receiver);
    coro_waiters_push(&channel->waiters, task);
    return CORO_PENDING_;
}

static bool changed_cancel(coro_task *task)
{
    coro_waiters_remove(&((coro_watch_receiver *)task->wait.object)->channel->waiters, task);
    return true;
}

static const coro_wait_type changed_type = {CORO_VERB_("watch changed") changed_cancel, NULL, NULL,
                                            false};

CORO_LEAF_INLINE(coro_watch_channel_changed, &changed_type, changed_start, 0);

#endif
