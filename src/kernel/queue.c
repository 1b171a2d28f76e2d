/* SPDX-License-Identifier: MIT */
/*
 * queue.c - a bounded queue: a ring buffer between two lines of waiters.
 *
 *     putters ──► [ · · c d e · · ] ──► getters
 *                      ▲head  count=3
 *
 * Invariants. Q1: getters wait only while count == 0, putters only while it is
 * full. Q2: so a put with a getter waiting copies straight into the getter's
 * item, and a get that makes room moves the first putter's item in: ownership
 * is handed over, nobody has to compete after waking.
 */
#include <coro/queue.h>

#include "kernel.h"

static void copy(void *to, const void *from, size_t size)
{
#if CORO_HOSTED && (defined(__GNUC__) || defined(__clang__))
    if (CORO_LIKELY(size == sizeof(void *)))
        __builtin_memcpy(to, from, sizeof(void *));
    else if (size == sizeof(int))
        __builtin_memcpy(to, from, sizeof(int));
    else
        __builtin_memcpy(to, from, size);
#else
    for (size_t i = 0; i < size; i++)
        ((volatile char *)to)[i] = ((const char *)from)[i];
#endif
}

void coro_queue_init(coro_queue *queue, void *buffer, size_t item_size, size_t capacity)
{
    CORO_CHECK(buffer != NULL && item_size > 0 && capacity > 0,
               "coro_queue_init needs a buffer for at least one item of at least one byte");
    coro_zero_(queue, sizeof *queue);
    queue->buffer = buffer;
    queue->item_size = item_size;
    queue->capacity = capacity;
}

static void push(coro_queue *queue, const void *item)
{
    size_t tail = queue->head + queue->count;
    if (tail >= queue->capacity)
        tail -= queue->capacity;
    copy(queue->buffer + tail * queue->item_size, item, queue->item_size);
    queue->count++;
}

static void pop(coro_queue *queue, void *item)
{
    copy(item, queue->buffer + queue->head * queue->item_size, queue->item_size);
    if (++queue->head == queue->capacity)
        queue->head = 0;
    queue->count--;
}

int coro_queue_put_nowait(coro_queue *queue, const void *item)
{
    coro_task *getter;
    if (CORO_UNLIKELY(queue->shut))
        return CORO_ECLOSED;
    getter = coro_waiters_pop(&queue->getters);
    if (getter != NULL) {
        copy(getter->wait.a.pointer, item, queue->item_size);
        queue->unfinished++;
        coro_wait_done(getter, 0);
        return 0;
    }
    if (queue->count == queue->capacity)
        return CORO_EFULL;
    push(queue, item);
    queue->unfinished++;
    return 0;
}

int coro_queue_get_nowait(coro_queue *queue, void *item)
{
    coro_task *putter;
    if (queue->count == 0)
        return queue->shut ? CORO_ECLOSED : CORO_EEMPTY;
    pop(queue, item);
    putter = coro_waiters_pop(&queue->putters);
    if (putter != NULL) {
        push(queue, putter->wait.a.pointer);
        queue->unfinished++;
        coro_wait_done(putter, 0);
    }
    return 0;
}

static int put_start(coro_task *task, coro_call *call)
{
    coro_queue *queue = call->object;
    int error = coro_queue_put_nowait(queue, call->a.pointer);
    if (CORO_LIKELY(error != CORO_EFULL))
        return error;
    coro_wait_on(task, queue);
    task->wait.a = call->a;
    coro_waiters_push(&queue->putters, task);
    return CORO_PENDING_;
}

static int get_start(coro_task *task, coro_call *call)
{
    coro_queue *queue = call->object;
    int error = coro_queue_get_nowait(queue, call->a.pointer);
    if (CORO_LIKELY(error != CORO_EEMPTY))
        return error;
    coro_wait_on(task, queue);
    task->wait.a = call->a;
    coro_waiters_push(&queue->getters, task);
    return CORO_PENDING_;
}

static int join_start(coro_task *task, coro_call *call)
{
    coro_queue *queue = call->object;
    if (queue->unfinished == 0)
        return 0;
    coro_wait_on(task, queue);
    coro_waiters_push(&queue->joiners, task);
    return CORO_PENDING_;
}

#if CORO_SCOPES
static bool put_cancel(coro_task *task)
{
    coro_waiters_remove(&((coro_queue *)task->wait.object)->putters, task);
    return true;
}

static bool get_cancel(coro_task *task)
{
    coro_waiters_remove(&((coro_queue *)task->wait.object)->getters, task);
    return true;
}

static bool join_cancel(coro_task *task)
{
    coro_waiters_remove(&((coro_queue *)task->wait.object)->joiners, task);
    return true;
}

static const coro_wait_type put_type = {"queue put", put_cancel, NULL, NULL, false};
static const coro_wait_type get_type = {"queue get", get_cancel, NULL, NULL, false};
static const coro_wait_type join_type = {"queue join", join_cancel, NULL, NULL, false};
#define TYPE(name) &name##_type
#else
#define TYPE(name) NULL
#endif

CORO_LEAF(coro_queue_put, TYPE(put), put_start, 0);
CORO_LEAF(coro_queue_get, TYPE(get), get_start, 0);
CORO_LEAF(coro_queue_join, TYPE(join), join_start, 0);

static coro_void *call_of(const coro_descriptor *descriptor, coro_queue *queue, void *item)
{
    coro_call *call = coro_call_new_(descriptor);
    if (call->coro.error == 0) {
        call->object = queue;
        call->a.pointer = item;
    }
    return (coro_void *)call;
}

coro_void *coro_queue_put(coro_queue *queue, const void *item)
{
    return call_of(&coro_queue_put_call_, queue, (void *)(uintptr_t)item);
}

coro_void *coro_queue_get(coro_queue *queue, void *item)
{
    return call_of(&coro_queue_get_call_, queue, item);
}

coro_void *coro_queue_join(coro_queue *queue)
{
    return call_of(&coro_queue_join_call_, queue, NULL);
}

static void wake_all(coro_waiters *waiters, int error)
{
    for (coro_task *task; (task = coro_waiters_pop(waiters)) != NULL;)
        coro_wait_done(task, error);
}

int coro_queue_task_done(coro_queue *queue)
{
    if (queue->unfinished == 0)
        return CORO_EINVAL;
    if (--queue->unfinished == 0)
        wake_all(&queue->joiners, 0);
    return 0;
}

void coro_queue_shutdown(coro_queue *queue, bool immediate)
{
    queue->shut = true;
    wake_all(&queue->putters, CORO_ECLOSED);
    wake_all(&queue->getters, CORO_ECLOSED);
    if (immediate) {
        queue->unfinished -= queue->count;
        queue->count = 0;
        if (queue->unfinished == 0)
            wake_all(&queue->joiners, 0);
    }
}
