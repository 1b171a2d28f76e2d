/* SPDX-License-Identifier: MIT */
/*
 * coro/priority_queue.h - a bounded queue that gives the smallest item first.
 *
 *     static int by_deadline(const void *a, const void *b)      // as for qsort
 *     {
 *         const job *x = a, *y = b;
 *         return (x->deadline > y->deadline) - (x->deadline < y->deadline);
 *     }
 *
 *     job buffer[64];
 *     coro_priority_order order[64];
 *     coro_priority_queue jobs;
 *     coro_priority_queue_init(&jobs, buffer, order, sizeof buffer[0], 64, by_deadline);
 *     AWAIT(coro_priority_queue_put(&jobs, &self->job));
 *     AWAIT(coro_priority_queue_get(&jobs, &self->job));        // the earliest
 *
 * Items that compare equal come out in the order they went in. Put and get take
 * O(log n) comparisons. All else is as in coro/queue.h: who waits is served first
 * come first (a put that waits is not in the queue yet, whatever its priority), and
 * an item that is put while a getter waits is handed to it.
 *
 * Memory: buffer, order and queue are the caller's. Threads: the loop's.
 */
#ifndef CORO_PRIORITY_QUEUE_H
#define CORO_PRIORITY_QUEUE_H

#include <coro/queue.h>

CORO_BEGIN_DECLS

/* When an item came. It begins anew whenever the queue is empty; of a small target's queue that
 * was not empty for 2^32 puts, equal items may come out in another order. */
#if CORO_HOSTED
typedef uint64_t coro_priority_order;
#else
typedef uint32_t coro_priority_order;
#endif

/* Negative: a comes out first; 0: equal; positive: b comes out first. Must not touch the queue. */
typedef int coro_priority_compare(const void *a, const void *b);

typedef struct coro_priority_queue { /* private */
    coro_queue queue;
    coro_priority_order *order;
    coro_priority_order next;
    coro_priority_compare *compare;
} coro_priority_queue;

CORO_API extern const coro_descriptor coro_priority_queue_put_call_, coro_priority_queue_get_call_;

/* capacity items of item_size bytes each, at least 1, in `buffer`, aligned for what `compare`
 * looks at, and as many numbers in `order`; both are borrowed. */
CORO_API void coro_priority_queue_init(coro_priority_queue *queue, void *buffer,
                                       coro_priority_order *order, size_t item_size,
                                       size_t capacity, coro_priority_compare *compare);

/* Put a copy of *item; suspends while the queue is full. CORO_ECLOSED after a
 * shutdown, also one that comes while it waits: nothing was put. Borrows item
 * until the await has ended. Cancelled: nothing was put. */
static inline CORO_NODISCARD coro_void *coro_priority_queue_put(coro_priority_queue *queue,
                                                                const void *item)
{
    return coro_call_of_(&coro_priority_queue_put_call_, &queue->queue, item);
}

/* Get the smallest into *item; suspends while the queue is empty. CORO_ECLOSED
 * when it was shut down and is empty. Cancelled: nothing was taken. */
static inline CORO_NODISCARD coro_void *coro_priority_queue_get(coro_priority_queue *queue,
                                                                void *item)
{
    return coro_call_of_(&coro_priority_queue_get_call_, &queue->queue, item);
}

/* The same without waiting: 0, CORO_EFULL or CORO_EEMPTY, CORO_ECLOSED. */
CORO_API int coro_priority_queue_put_nowait(coro_priority_queue *queue, const void *item);
CORO_API int coro_priority_queue_get_nowait(coro_priority_queue *queue, void *item);

/* As coro_queue_task_done, coro_queue_join, coro_queue_shutdown. */
static inline int coro_priority_queue_task_done(coro_priority_queue *queue)
{
    return coro_queue_task_done(&queue->queue);
}
static inline CORO_NODISCARD coro_void *coro_priority_queue_join(coro_priority_queue *queue)
{
    return coro_queue_join(&queue->queue);
}
static inline void coro_priority_queue_shutdown(coro_priority_queue *queue, bool immediate)
{
    coro_queue_shutdown(&queue->queue, immediate);
}

static inline size_t coro_priority_queue_size(const coro_priority_queue *queue)
{
    return queue->queue.count;
}
static inline size_t coro_priority_queue_capacity(const coro_priority_queue *queue)
{
    return queue->queue.capacity;
}
static inline bool coro_priority_queue_empty(const coro_priority_queue *queue)
{
    return coro_queue_empty(&queue->queue);
}
static inline bool coro_priority_queue_full(const coro_priority_queue *queue)
{
    return coro_queue_full(&queue->queue);
}

CORO_END_DECLS

#endif
