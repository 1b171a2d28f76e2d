/* SPDX-License-Identifier: MIT */
/*
 * coro/lifo_queue.h - a bounded last-in first-out queue: a stack between tasks.
 *
 *     buffer buffers[16];
 *     coro_lifo_queue spare;
 *     coro_lifo_queue_init(&spare, buffers, sizeof buffers[0], 16);
 *     AWAIT(coro_lifo_queue_put(&spare, &self->buffer));
 *     AWAIT(coro_lifo_queue_get(&spare, &self->buffer));   // the last that was put
 *
 * It is coro/queue.h in all but the order of the items: who waits is served first
 * come first, and an item that is put while a getter waits is handed to it.
 *
 * Memory: buffer and queue are the caller's. Threads: the loop's.
 */
#ifndef CORO_LIFO_QUEUE_H
#define CORO_LIFO_QUEUE_H

#include <coro/queue.h>

CORO_BEGIN_DECLS

typedef struct coro_lifo_queue { /* private */
    coro_queue queue;
} coro_lifo_queue;

/* A queue over a whole array: coro_lifo_queue spare = CORO_LIFO_QUEUE_INIT(buffers); */
#define CORO_LIFO_QUEUE_INIT(array) {CORO_QUEUE_INIT(array)}

CORO_API extern const coro_descriptor coro_lifo_queue_put_call_, coro_lifo_queue_get_call_;

/* capacity items of item_size bytes each, at least 1, in `buffer`, which is borrowed. */
static inline void coro_lifo_queue_init(coro_lifo_queue *queue, void *buffer, size_t item_size,
                                        size_t capacity)
{
    coro_queue_init(&queue->queue, buffer, item_size, capacity);
}

/* Put a copy of *item on top; suspends while the queue is full. CORO_ECLOSED after
 * a shutdown, also one that comes while it waits: nothing was put. Borrows item
 * until the await has ended. Cancelled: nothing was put. */
static inline CORO_NODISCARD coro_void *coro_lifo_queue_put(coro_lifo_queue *queue,
                                                            const void *item)
{
    return coro_call_of_(&coro_lifo_queue_put_call_, &queue->queue, item);
}

/* Get the newest into *item; suspends while the queue is empty. CORO_ECLOSED when
 * it was shut down and is empty. Cancelled: nothing was taken. */
static inline CORO_NODISCARD coro_void *coro_lifo_queue_get(coro_lifo_queue *queue, void *item)
{
    return coro_call_of_(&coro_lifo_queue_get_call_, &queue->queue, item);
}

/* The same without waiting: 0, CORO_EFULL or CORO_EEMPTY, CORO_ECLOSED. */
CORO_API int coro_lifo_queue_put_nowait(coro_lifo_queue *queue, const void *item);
CORO_API int coro_lifo_queue_get_nowait(coro_lifo_queue *queue, void *item);

/* As coro_queue_task_done, coro_queue_join, coro_queue_shutdown. */
static inline int coro_lifo_queue_task_done(coro_lifo_queue *queue)
{
    return coro_queue_task_done(&queue->queue);
}
static inline CORO_NODISCARD coro_void *coro_lifo_queue_join(coro_lifo_queue *queue)
{
    return coro_queue_join(&queue->queue);
}
static inline void coro_lifo_queue_shutdown(coro_lifo_queue *queue, bool immediate)
{
    coro_queue_shutdown(&queue->queue, immediate);
}

static inline size_t coro_lifo_queue_size(const coro_lifo_queue *queue)
{
    return queue->queue.count;
}
static inline size_t coro_lifo_queue_capacity(const coro_lifo_queue *queue)
{
    return queue->queue.capacity;
}
static inline bool coro_lifo_queue_empty(const coro_lifo_queue *queue)
{
    return coro_queue_empty(&queue->queue);
}
static inline bool coro_lifo_queue_full(const coro_lifo_queue *queue)
{
    return coro_queue_full(&queue->queue);
}

CORO_END_DECLS

#endif
