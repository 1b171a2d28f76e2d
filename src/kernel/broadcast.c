/* SPDX-License-Identifier: MIT */
/*
 * broadcast.c - one ring, many readers.
 *
 *     buffer:   [ 7 8 3 4 5 6 ]      sent = 8, count = capacity = 6
 *                     ▲ tail: the oldest is here, the newest before it
 *
 *     receiver.seen = 5: three behind, so its next is 6
 *     receiver.seen = 1: seven behind, and six are left: it missed one
 *
 * Invariant: who waits has seen all. So a send hands the value to each waiter, who
 * needs the ring no more.
 */
#include <coro/broadcast.h>

#include "items.h"

#if CORO_SCOPES && CORO_JOINS

void coro_broadcast_init(coro_broadcast *broadcast, void *buffer, size_t item_size,
                         size_t capacity)
{
    CORO_CHECK(buffer != NULL && item_size > 0 && capacity > 0,
               "coro_broadcast_init needs a buffer for at least one item of at least one byte");
    coro_zero_(broadcast, sizeof *broadcast);
    broadcast->buffer = buffer;
    broadcast->item_size = item_size;
    broadcast->capacity = capacity;
}

int coro_broadcast_send(coro_broadcast *broadcast, const void *item)
{
    if (broadcast->closed)
        return CORO_ECLOSED;
    if (broadcast->receivers == 0)
        return CORO_EPIPE;
    coro_item_copy(broadcast->buffer + broadcast->tail * broadcast->item_size, item,
                   broadcast->item_size);
    if (++broadcast->tail == broadcast->capacity)
        broadcast->tail = 0;
    if (broadcast->count < broadcast->capacity)
        broadcast->count++;
    broadcast->sent++;
    for (coro_task *task; (task = coro_waiters_pop(&broadcast->waiters)) != NULL;) {
        coro_broadcast_receiver *receiver = task->wait.object;
        coro_item_copy(task->wait.a.pointer, item, broadcast->item_size);
        receiver->seen = broadcast->sent;
        receiver->waiting = false;
        coro_wait_done(task, 0);
    }
    return 0;
}

void coro_broadcast_close(coro_broadcast *broadcast)
{
    broadcast->closed = true;
    for (coro_task *task; (task = coro_waiters_pop(&broadcast->waiters)) != NULL;) {
        ((coro_broadcast_receiver *)task->wait.object)->waiting = false;
        coro_wait_done(task, CORO_EEOF);
    }
}

/* --- receivers ---------------------------------------------------------------------------- */

void coro_broadcast_subscribe(coro_broadcast *broadcast, coro_broadcast_receiver *receiver)
{
    receiver->broadcast = broadcast;
    receiver->seen = broadcast->sent;
    receiver->missed = 0;
    receiver->waiting = false;
    broadcast->receivers++;
}

void coro_broadcast_receiver_close(coro_broadcast_receiver *receiver)
{
    coro_broadcast *broadcast = receiver->broadcast;
    if (broadcast == NULL)
        return;
    receiver->broadcast = NULL;
    receiver->waiting = false;
    broadcast->receivers--;
    coro_waiters_wake_of(&broadcast->waiters, receiver, CORO_ECLOSED);
}

int coro_broadcast_receive_nowait(coro_broadcast_receiver *receiver, void *item)
{
    coro_broadcast *broadcast = receiver->broadcast;
    uint32_t behind;
    size_t index;
    if (broadcast == NULL)
        return CORO_ECLOSED;
    behind = broadcast->sent - receiver->seen;
    if (behind == 0)
        return broadcast->closed ? CORO_EEOF : CORO_EEMPTY;
    if (behind > broadcast->count) {
        receiver->missed = behind - (uint32_t)broadcast->count;
        receiver->seen += receiver->missed;
        return CORO_ELAGGED;
    }
    index = broadcast->tail + (behind > broadcast->tail ? broadcast->capacity : 0) - behind;
    coro_item_copy(item, broadcast->buffer + index * broadcast->item_size, broadcast->item_size);
    receiver->seen++;
    return 0;
}

static int receive_start(coro_task *task, coro_call *call)
{
    coro_broadcast_receiver *receiver = call->object;
    int error = coro_broadcast_receive_nowait(receiver, call->a.pointer);
    if (error != CORO_EEMPTY)
        return error;
    if (receiver->waiting)
        return CORO_EBUSY;
    receiver->waiting = true;
    coro_wait_on(task, receiver);
    task->wait.a = call->a;
    coro_waiters_push(&receiver->broadcast->waiters, task);
    return CORO_PENDING_;
}

static bool receive_cancel(coro_task *task)
{
    coro_broadcast_receiver *receiver = task->wait.object;
    receiver->waiting = false;
    coro_waiters_remove(&receiver->broadcast->waiters, task);
    return true;
}

static const coro_wait_type receive_type = {CORO_VERB_("broadcast receive") receive_cancel, NULL,
                                            NULL, false};

CORO_LEAF_INLINE(coro_broadcast_receive, &receive_type, receive_start, 0);

#endif
