/* SPDX-License-Identifier: MIT */
/*
 * queue_core.h - the one mechanism under coro_queue, coro_lifo_queue,
 * coro_priority_queue and coro_channel: who waits, and who gets what.
 *
 *     putters ──► [ · · c d e · · ] ──► getters
 *                    the store
 *
 * Invariants. Q1: getters wait only while count == 0, putters only while it is
 * full. Q2: so a put with a getter waiting copies straight into the getter's
 * item, whatever the order of the store, for the store is empty; and a get that
 * makes room stores the first putter's item: ownership is handed over, nobody has
 * to compete after waking.
 *
 * A store is two functions: `push` has room, `pop` has an item; the count is the
 * mechanism's. They are constant arguments, so that each kind of queue has its own
 * code, with the store inlined: nothing is called through a pointer.
 */
#ifndef CORO_KERNEL_QUEUE_CORE_H
#define CORO_KERNEL_QUEUE_CORE_H

#include <coro/queue.h>

#include "items.h"

/*
 * `word`: items are a machine word, which is nearly always so, and who waits is of the running
 * loop. Then nothing calls a function, and no register needs saving.
 */
typedef void queue_push_fn(coro_queue *queue, const void *item, bool word);
typedef void queue_pop_fn(coro_queue *queue, void *item, bool word);

CORO_FAST void queue_copy(const coro_queue *queue, void *to, const void *from, bool word)
{
#if CORO_HOSTED
    if (word) {
        coro_item_copy(to, from, sizeof(void *));
        return;
    }
#else
    (void)word;
#endif
    coro_item_copy(to, from, queue->item_size);
}

CORO_FAST char *queue_place(const coro_queue *queue, size_t index, bool word)
{
    return queue->buffer + index * (word ? sizeof(void *) : queue->item_size);
}

CORO_FAST void queue_wake(coro_task *task, bool word)
{
    if (word)
        coro_wait_done_here(task, 0);
    else
        coro_wait_done(task, 0);
}

CORO_FAST void queue_add(coro_queue *queue, const void *item, bool word, queue_push_fn *push)
{
    push(queue, item, word);
    queue->count++;
    queue->unfinished++;
}

CORO_FAST int queue_put(coro_queue *queue, const void *item, bool word, queue_push_fn *push)
{
    coro_task *getter;
    if (CORO_UNLIKELY(queue->shut))
        return CORO_ECLOSED;
    getter = coro_waiters_pop(&queue->getters);
    if (getter != NULL) {
        queue_copy(queue, getter->wait.a.pointer, item, word);
        queue->unfinished++;
        queue_wake(getter, word);
        return 0;
    }
    if (queue->count == queue->capacity)
        return CORO_EFULL;
    queue_add(queue, item, word, push);
    return 0;
}

CORO_FAST int queue_get(coro_queue *queue, void *item, bool word, queue_push_fn *push,
                        queue_pop_fn *pop)
{
    coro_task *putter;
    if (queue->count == 0)
        return queue->shut ? CORO_ECLOSED : CORO_EEMPTY;
    pop(queue, item, word);
    queue->count--;
    putter = coro_waiters_pop(&queue->putters);
    if (putter != NULL) {
        queue_add(queue, putter->wait.a.pointer, word, push);
        queue_wake(putter, word);
    }
    return 0;
}

/* --- waiting ------------------------------------------------------------------------------ */

CORO_FAST int queue_wait(coro_task *task, coro_call *call, coro_waiters *waiters)
{
    coro_wait_on(task, call->object);
    task->wait.a = call->a;
    coro_waiters_push(waiters, task);
    return CORO_PENDING_;
}

CORO_FAST int queue_put_start(coro_task *task, coro_call *call, bool word, queue_push_fn *push)
{
    coro_queue *queue = call->object;
    int error = queue_put(queue, call->a.pointer, word, push);
    if (CORO_LIKELY(error != CORO_EFULL))
        return error;
    return queue_wait(task, call, &queue->putters);
}

CORO_FAST int queue_get_start(coro_task *task, coro_call *call, bool word, queue_push_fn *push,
                              queue_pop_fn *pop)
{
    coro_queue *queue = call->object;
    int error = queue_get(queue, call->a.pointer, word, push, pop);
    if (CORO_LIKELY(error != CORO_EEMPTY))
        return error;
    return queue_wait(task, call, &queue->getters);
}

/* queue.c: how to cancel the two, whatever the store. */
#if CORO_SCOPES
extern const coro_wait_type coro_queue_put_type, coro_queue_get_type;
#define QUEUE_TYPE(name) &coro_queue_##name##_type
#else
#define QUEUE_TYPE(name) NULL
#endif

/* --- a first-in first-out store: a ring ------------------------------------------------------ */

CORO_FAST void queue_ring_push(coro_queue *queue, const void *item, bool word)
{
    size_t tail = queue->head + queue->count;
    if (tail >= queue->capacity)
        tail -= queue->capacity;
    queue_copy(queue, queue_place(queue, tail, word), item, word);
}

CORO_FAST void queue_ring_pop(coro_queue *queue, void *item, bool word)
{
    queue_copy(queue, item, queue_place(queue, queue->head, word), word);
    if (++queue->head == queue->capacity)
        queue->head = 0;
}

#endif
