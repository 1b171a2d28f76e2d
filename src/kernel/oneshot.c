/* SPDX-License-Identifier: MIT */
/*
 * oneshot.c - one value, once, and two sides that may go.
 *
 *     ──send──► SENT ──receive──► SENT TAKEN
 *
 * Invariants: nobody waits for a value that has been sent, or that cannot come any
 * more; nobody waits for the receiver to go once it has gone.
 */
#include <coro/oneshot.h>

#include "items.h"

#if CORO_SCOPES && CORO_JOINS

enum {
    SENT = 1,
    TAKEN = 2,
    SENDER_GONE = 4,
    RECEIVER_GONE = 8
};

void coro_oneshot_init(coro_oneshot *oneshot, void *value, size_t size)
{
    CORO_CHECK(value != NULL && size > 0, "coro_oneshot_init needs room for its value");
    coro_zero_(oneshot, sizeof *oneshot);
    oneshot->value = value;
    oneshot->size = size;
}

/* --- the sender --------------------------------------------------------------------------- */

int coro_oneshot_send(coro_oneshot *oneshot, const void *value)
{
    coro_task *task;
    if (oneshot->state & SENT)
        return CORO_EALREADY;
    if (oneshot->state & SENDER_GONE)
        return CORO_ECLOSED;
    if (oneshot->state & RECEIVER_GONE)
        return CORO_EPIPE;
    oneshot->state |= SENT;
    task = coro_waiters_pop(&oneshot->receiver);
    if (task == NULL) {
        coro_item_copy(oneshot->value, value, oneshot->size);
        return 0;
    }
    oneshot->state |= TAKEN;
    coro_item_copy(task->wait.a.pointer, value, oneshot->size);
    coro_wait_done(task, 0);
    return 0;
}

void coro_oneshot_sender_close(coro_oneshot *oneshot)
{
    oneshot->state |= SENDER_GONE;
    coro_waiters_wake_all(&oneshot->receiver, CORO_EPIPE);
}

bool coro_oneshot_closed(const coro_oneshot *oneshot)
{
    return (oneshot->state & RECEIVER_GONE) != 0;
}

static int wait_closed_start(coro_task *task, coro_call *call)
{
    coro_oneshot *oneshot = call->object;
    if (oneshot->state & RECEIVER_GONE)
        return 0;
    coro_wait_on(task, oneshot);
    coro_waiters_push(&oneshot->senders, task);
    return CORO_PENDING_;
}

static bool wait_closed_cancel(coro_task *task)
{
    coro_waiters_remove(&((coro_oneshot *)task->wait.object)->senders, task);
    return true;
}

static const coro_wait_type wait_closed_type = {CORO_VERB_("oneshot closed") wait_closed_cancel,
                                                NULL, NULL, false};

CORO_LEAF(coro_oneshot_wait_closed, &wait_closed_type, wait_closed_start, 0);

coro_void *coro_oneshot_wait_closed(coro_oneshot *oneshot)
{
    return coro_call_of_(&coro_oneshot_wait_closed_call_, oneshot, NULL);
}

/* --- the receiver ------------------------------------------------------------------------- */

int coro_oneshot_receive_nowait(coro_oneshot *oneshot, void *value)
{
    if (oneshot->state & RECEIVER_GONE)
        return CORO_ECLOSED;
    if (oneshot->state & TAKEN)
        return CORO_EALREADY;
    if (!(oneshot->state & SENT))
        return oneshot->state & SENDER_GONE ? CORO_EPIPE : CORO_EEMPTY;
    oneshot->state |= TAKEN;
    coro_item_copy(value, oneshot->value, oneshot->size);
    return 0;
}

void coro_oneshot_receiver_close(coro_oneshot *oneshot)
{
    if (oneshot->state & RECEIVER_GONE)
        return;
    oneshot->state |= RECEIVER_GONE;
    coro_waiters_wake_all(&oneshot->receiver, CORO_ECLOSED);
    coro_waiters_wake_all(&oneshot->senders, 0);
    if ((oneshot->state & (SENT | TAKEN)) == SENT && oneshot->drop != NULL)
        oneshot->drop(oneshot->value);
}

static int receive_start(coro_task *task, coro_call *call)
{
    coro_oneshot *oneshot = call->object;
    int error = coro_oneshot_receive_nowait(oneshot, call->a.pointer);
    if (error != CORO_EEMPTY)
        return error;
    if (oneshot->receiver.first != NULL)
        return CORO_EBUSY;
    coro_wait_on(task, oneshot);
    task->wait.a = call->a;
    coro_waiters_push(&oneshot->receiver, task);
    return CORO_PENDING_;
}

static bool receive_cancel(coro_task *task)
{
    coro_waiters_remove(&((coro_oneshot *)task->wait.object)->receiver, task);
    return true;
}

static const coro_wait_type receive_type = {CORO_VERB_("oneshot receive") receive_cancel, NULL,
                                            NULL, false};

CORO_LEAF(coro_oneshot_receive, &receive_type, receive_start, 0);

coro_void *coro_oneshot_receive(coro_oneshot *oneshot, void *value)
{
    return coro_call_of_(&coro_oneshot_receive_call_, oneshot, value);
}

#endif
