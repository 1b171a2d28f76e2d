/* SPDX-License-Identifier: MIT */
/*
 * queue_fixture.h: the three kinds of queue behind one set of functions, and tasks that put
 * and get; and a random crowd, for queues and channels alike.
 *
 *     FOR_EACH_KIND(2)            // the queue is new, of capacity 2
 *         EQ(RUN(...), 0);
 */
#ifndef CORO_TEST_QUEUE_FIXTURE_H
#define CORO_TEST_QUEUE_FIXTURE_H

#include "loop_fixture.h"

#include <coro/lifo_queue.h>
#include <coro/priority_queue.h>

enum { FIFO, LIFO, PRIORITY, KINDS };

static int kind;
static coro_queue fifo;
static coro_lifo_queue lifo;
static coro_priority_queue heap;
static int buffer[8];
static coro_priority_order order[8];

static inline int by_value(const void *a, const void *b)
{
    int x = *(const int *)a, y = *(const int *)b;
    return (x > y) - (x < y);
}

static inline bool init_kind(int fresh, size_t capacity)
{
    kind = fresh;
    said_size = 0;
    said[0] = '\0';
    virtual_now = CLOCK_START; /* no loop runs */
    coro_queue_init(&fifo, buffer, sizeof buffer[0], capacity);
    coro_lifo_queue_init(&lifo, buffer, sizeof buffer[0], capacity);
    coro_priority_queue_init(&heap, buffer, order, sizeof buffer[0], capacity, by_value);
    return kind < KINDS;
}

#define FOR_EACH_KIND(capacity)                                                                    \
    for (int kind_ = FIFO; init_kind(kind_, (capacity)) && kind_ < KINDS; kind_++)

/* What does not depend on the order. */
static inline coro_queue *base(void)
{
    return kind == FIFO ? &fifo : kind == LIFO ? &lifo.queue : &heap.queue;
}

static inline coro_void *putting(const int *item)
{
    return kind == FIFO   ? coro_queue_put(&fifo, item)
           : kind == LIFO ? coro_lifo_queue_put(&lifo, item)
                          : coro_priority_queue_put(&heap, item);
}

static inline coro_void *getting(int *item)
{
    return kind == FIFO   ? coro_queue_get(&fifo, item)
           : kind == LIFO ? coro_lifo_queue_get(&lifo, item)
                          : coro_priority_queue_get(&heap, item);
}

static inline coro_void *joining(void)
{
    return kind == FIFO   ? coro_queue_join(&fifo)
           : kind == LIFO ? coro_lifo_queue_join(&lifo)
                          : coro_priority_queue_join(&heap);
}

static inline int put(int value)
{
    return kind == FIFO   ? coro_queue_put_nowait(&fifo, &value)
           : kind == LIFO ? coro_lifo_queue_put_nowait(&lifo, &value)
                          : coro_priority_queue_put_nowait(&heap, &value);
}

/* The item, or the error. */
static inline int get(void)
{
    int item = -1;
    int error = kind == FIFO   ? coro_queue_get_nowait(&fifo, &item)
                : kind == LIFO ? coro_lifo_queue_get_nowait(&lifo, &item)
                               : coro_priority_queue_get_nowait(&heap, &item);
    return error != 0 ? error : item;
}

static inline int done(void)
{
    return kind == FIFO   ? coro_queue_task_done(&fifo)
           : kind == LIFO ? coro_lifo_queue_task_done(&lifo)
                          : coro_priority_queue_task_done(&heap);
}

static inline void shut(bool immediate)
{
    if (kind == FIFO)
        coro_queue_shutdown(&fifo, immediate);
    else if (kind == LIFO)
        coro_lifo_queue_shutdown(&lifo, immediate);
    else
        coro_priority_queue_shutdown(&heap, immediate);
}

static inline bool nobody_waits(void)
{
    const coro_queue *queue = base();
    return queue->getters.first == NULL && queue->putters.first == NULL &&
           queue->joiners.first == NULL;
}

/* --- tasks that say how it went --------------------------------------------------------------- */

ASYNC(getter, ARGS(char, name), VARS(int item, error;))
{
    ASYNC_BEGIN;
    self->item = -1;
    AWAIT_CATCH(self->error, getting(&self->item));
    if (self->error != 0)
        say("%c!%d ", self->name, self->error);
    else
        say("%c%d ", self->name, self->item);
    ASYNC_END;
}

ASYNC(putter, ARGS(int, value), VARS(int error;))
{
    ASYNC_BEGIN;
    AWAIT_CATCH(self->error, putting(&self->value));
    if (self->error != 0)
        say("put%d!%d ", self->value, self->error);
    else
        say("put%d ", self->value);
    ASYNC_END;
}

ASYNC(joiner, VARS(int error;))
{
    ASYNC_BEGIN;
    AWAIT_CATCH(self->error, joining());
    say(self->error != 0 ? "join!%d " : "joined ", self->error);
    ASYNC_END;
}

static coro_task *tasks[8];

#define START(i, call) (tasks[i] = coro_create_task(call))

static inline void release_tasks(void)
{
    for (int i = 0; i < 8; i++) {
        coro_task_release(tasks[i]);
        tasks[i] = NULL;
    }
}

#endif
