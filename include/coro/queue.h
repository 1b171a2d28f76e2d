/* SPDX-License-Identifier: MIT */
/*
 * coro/queue.h - a bounded first-in first-out queue between tasks.
 *
 *     int buffer[64];
 *     coro_queue jobs;
 *     coro_queue_init(&jobs, buffer, sizeof buffer[0], 64);
 *     AWAIT(coro_queue_put(&jobs, &self->job));     // waits while it is full
 *     AWAIT(coro_queue_get(&jobs, &self->job));     // waits while it is empty
 *     coro_queue_task_done(&jobs);
 *     AWAIT(coro_queue_join(&jobs));                // until all that was put is done
 *
 * Items are copied in and out. A put hands its item to the getter that waits
 * longest, directly; a get lets the longest waiting putter in. Nobody overtakes
 * and no item is lost when somebody else is cancelled. The capacity is never
 * unbounded: that is what slows a fast producer down. The order is this kind's
 * own; all else is the same in lifo_queue.h and priority_queue.h.
 *
 * Memory: buffer and queue are the caller's. Threads: the loop's.
 */
#ifndef CORO_QUEUE_H
#define CORO_QUEUE_H

#include <coro/task.h>

CORO_BEGIN_DECLS

typedef struct coro_queue { /* private */
    char *buffer;
    size_t item_size, capacity;
    size_t head, count; /* items buffer[head], ... */
    coro_waiters getters, putters, joiners;
    size_t unfinished;
    uint8_t shut;
} coro_queue;

/* A queue over a whole array: coro_queue jobs = CORO_QUEUE_INIT(buffer); */
#define CORO_QUEUE_INIT(array)                                                                     \
    {(char *)(array), sizeof (array)[0], sizeof(array) / sizeof (array)[0],                        \
     0,               0,                 {NULL},                                                   \
     {NULL},          {NULL},            0,                                                        \
     0}

CORO_API extern const coro_descriptor coro_queue_put_call_, coro_queue_get_call_;

/* capacity items of item_size bytes each, at least 1, in `buffer`, which is borrowed. */
CORO_API void coro_queue_init(coro_queue *queue, void *buffer, size_t item_size, size_t capacity);

/* Put a copy of *item; suspends while the queue is full. CORO_ECLOSED after a
 * shutdown, also one that comes while it waits: nothing was put. Borrows item
 * until the await has ended. Cancelled: nothing was put. */
static inline CORO_NODISCARD coro_void *coro_queue_put(coro_queue *queue, const void *item)
{
    return coro_call_of_(&coro_queue_put_call_, queue, item);
}

/* Get the oldest into *item; suspends while the queue is empty. CORO_ECLOSED
 * when it was shut down and is empty. Cancelled: nothing was taken. */
static inline CORO_NODISCARD coro_void *coro_queue_get(coro_queue *queue, void *item)
{
    return coro_call_of_(&coro_queue_get_call_, queue, item);
}

/* The same without waiting: 0, CORO_EFULL or CORO_EEMPTY, CORO_ECLOSED. */
CORO_API int coro_queue_put_nowait(coro_queue *queue, const void *item);
CORO_API int coro_queue_get_nowait(coro_queue *queue, void *item);

/* One item that was got is done with; the last one releases join. CORO_EINVAL:
 * more often than put. */
CORO_API int coro_queue_task_done(coro_queue *queue);

/* Wait until task_done was called for all that was put; at once when nothing is
 * unfinished. Cancelled: the count is as it was. */
CORO_API CORO_NODISCARD coro_void *coro_queue_join(coro_queue *queue);

/* No more puts: they fail, those that wait too. Gets take what is left, then
 * fail. `immediate`: what is left is dropped and counts as done, which may release
 * join. May be called again, to make it immediate. Never suspends. */
CORO_API void coro_queue_shutdown(coro_queue *queue, bool immediate);

static inline size_t coro_queue_size(const coro_queue *queue)
{
    return queue->count;
}
static inline size_t coro_queue_capacity(const coro_queue *queue) /* asyncio's maxsize */
{
    return queue->capacity;
}
static inline bool coro_queue_empty(const coro_queue *queue)
{
    return queue->count == 0;
}
static inline bool coro_queue_full(const coro_queue *queue)
{
    return queue->count >= queue->capacity;
}

CORO_END_DECLS

#endif
