/* SPDX-License-Identifier: MIT */
/*
 * priority_queue.c - the mechanism of queue_core.h over a binary heap.
 *
 *             0                 buffer[i] and order[i] are one entry;
 *          1     2              its children are 2 i + 1 and 2 i + 2,
 *         3 4   5 6             and none of them comes before it.
 *
 * An entry that moves leaves a hole, into which others move until its place is
 * found: each is copied once, and no room for one more is needed.
 */
#include <coro/priority_queue.h>

#include "queue_core.h"

static coro_priority_queue *heap_of(coro_queue *queue)
{
    return coro_container_of(queue, coro_priority_queue, queue);
}

static void move(coro_priority_queue *heap, size_t to, size_t from)
{
    queue_copy(&heap->queue, queue_place(&heap->queue, to, false),
               queue_place(&heap->queue, from, false), false);
    heap->order[to] = heap->order[from];
}

/* By what `compare` says, then by age. */
static bool is_before(const coro_priority_queue *heap, size_t a, size_t b)
{
    int order = heap->compare(queue_place(&heap->queue, a, false),
                              queue_place(&heap->queue, b, false));
    return order < 0 || (order == 0 && heap->order[a] < heap->order[b]);
}

/* It is the youngest, so that it goes before a parent only if it compares less. */
static void push(coro_queue *queue, const void *item, bool word)
{
    coro_priority_queue *heap = heap_of(queue);
    size_t hole = queue->count;
    (void)word;
    if (hole == 0)
        heap->next = 0;
    while (hole > 0) {
        size_t parent = (hole - 1) / 2;
        if (heap->compare(item, queue_place(queue, parent, false)) >= 0)
            break;
        move(heap, hole, parent);
        hole = parent;
    }
    queue_copy(queue, queue_place(queue, hole, false), item, false);
    heap->order[hole] = heap->next++;
}

/* The last entry looks for its place from the root on down. */
static void pop(coro_queue *queue, void *item, bool word)
{
    coro_priority_queue *heap = heap_of(queue);
    size_t last = queue->count - 1, hole = 0, child;
    (void)word;
    queue_copy(queue, item, queue->buffer, false);
    while ((child = 2 * hole + 1) < last) {
        if (child + 1 < last && is_before(heap, child + 1, child))
            child++;
        if (is_before(heap, last, child))
            break;
        move(heap, hole, child);
        hole = child;
    }
    if (hole != last)
        move(heap, hole, last);
}

void coro_priority_queue_init(coro_priority_queue *queue, void *buffer, coro_priority_order *order,
                              size_t item_size, size_t capacity, coro_priority_compare *compare)
{
    CORO_CHECK(order != NULL && compare != NULL,
               "a priority queue needs a function that compares, and an array of its capacity");
    coro_queue_init(&queue->queue, buffer, item_size, capacity);
    queue->order = order;
    queue->next = 0;
    queue->compare = compare;
}

int coro_priority_queue_put_nowait(coro_priority_queue *queue, const void *item)
{
    return queue_put(&queue->queue, item, false, push);
}

int coro_priority_queue_get_nowait(coro_priority_queue *queue, void *item)
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

CORO_LEAF_INLINE(coro_priority_queue_put, QUEUE_TYPE(put), put_start, 0);
CORO_LEAF_INLINE(coro_priority_queue_get, QUEUE_TYPE(get), get_start, 0);
