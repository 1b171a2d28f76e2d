/* SPDX-License-Identifier: MIT */
/*
 * lifo_queue.c - the mechanism of queue_core.h over a stack.
 *
 *     buffer:  [ a b c · · ]
 *                    ▲ the next get takes buffer[count - 1]
 */
#include <coro/lifo_queue.h>

#include "queue_core.h"

CORO_FAST void push(coro_queue *queue, const void *item, bool word)
{
    queue_copy(queue, queue_place(queue, queue->count, word), item, word);
}

CORO_FAST void pop(coro_queue *queue, void *item, bool word)
{
    queue_copy(queue, item, queue_place(queue, queue->count - 1, word), word);
}

int coro_lifo_queue_put_nowait(coro_lifo_queue *queue, const void *item)
{
    return queue_put(&queue->queue, item, false, push);
}

int coro_lifo_queue_get_nowait(coro_lifo_queue *queue, void *item)
{
    return queue_get(&queue->queue, item, false, push, pop);
}

static int put_start(coro_task *task, coro_call *call)
{
    return queue_put_start(task, call, false, push);
}

static int get_start(coro_task *task, coro_call *call)
{
    return queue_get_start(task, call, false, push, pop);
}

CORO_LEAF_INLINE(coro_lifo_queue_put, QUEUE_TYPE(put), put_start, 0);
CORO_LEAF_INLINE(coro_lifo_queue_get, QUEUE_TYPE(get), get_start, 0);
