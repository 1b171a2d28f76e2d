/* SPDX-License-Identifier: MIT */
/*
 * queue.c - a bounded first-in first-out queue: the mechanism of queue_core.h over a
 * ring; and what does not depend on the store: join, task_done, shutdown, cancel.
 */
#include "queue_core.h"

void coro_queue_init(coro_queue *queue, void *buffer, size_t item_size, size_t capacity)
{
    CORO_CHECK(buffer != NULL && item_size > 0 && capacity > 0,
               "a queue needs a buffer for at least one item of at least one byte");
    coro_zero_(queue, sizeof *queue);
    queue->buffer = buffer;
    queue->item_size = item_size;
    queue->capacity = capacity;
}

int coro_queue_put_nowait(coro_queue *queue, const void *item)
{
    return queue_put(queue, item, false, queue_ring_push);
}

int coro_queue_get_nowait(coro_queue *queue, void *item)
{
    return queue_get(queue, item, false, queue_ring_push, queue_ring_pop);
}

/* --- waiting ------------------------------------------------------------------------------ */

static int put_any_start(coro_task *task, coro_call *call)
{
    return queue_put_start(task, call, false, queue_ring_push);
}

static int get_any_start(coro_task *task, coro_call *call)
{
    return queue_get_start(task, call, false, queue_ring_push, queue_ring_pop);
}

static int join_start(coro_task *task, coro_call *call)
{
    coro_queue *queue = call->object;
    return queue->unfinished == 0 ? 0 : queue_wait(task, call, &queue->joiners);
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

const coro_wait_type coro_queue_put_type = {CORO_VERB_("queue put") put_cancel, NULL, NULL, false};
const coro_wait_type coro_queue_get_type = {CORO_VERB_("queue get") get_cancel, NULL, NULL, false};
static const coro_wait_type coro_queue_join_type = {CORO_VERB_("queue join") join_cancel, NULL,
                                                    NULL, false};
#endif

#if CORO_HOSTED
/* Any item, any state of things. */
CORO_SLOW coro_status put_any(coro_header *self, coro_driver *driver)
{
    return coro_leaf(self, driver, QUEUE_TYPE(put), put_any_start);
}

CORO_SLOW coro_status get_any(coro_header *self, coro_driver *driver)
{
    return coro_leaf(self, driver, QUEUE_TYPE(get), get_any_start);
}

CORO_FAST bool is_usual(const coro_header *self, const coro_driver *driver,
                          const coro_queue *queue, const coro_waiters *others)
{
    return CORO_LIKELY(self->state != CORO_STATE_WAITING_ &&
                       !(driver->flags & CORO_DRIVER_CAREFUL_) &&
                       queue->item_size == sizeof(void *) &&
                       (others->first == NULL || others->first->driver.loop == driver->loop));
}

static coro_status put_enter(coro_header *self, coro_driver *driver, coro_header *callee)
{
    coro_task *task = (coro_task *)driver;
    coro_call *call = (coro_call *)self;
    coro_queue *queue = call->object;
    (void)callee;
    if (!is_usual(self, driver, queue, &queue->getters))
        return put_any(self, driver);
    return coro_leaf_started(task, call, QUEUE_TYPE(put),
                             queue_put_start(task, call, true, queue_ring_push));
}

static coro_status get_enter(coro_header *self, coro_driver *driver, coro_header *callee)
{
    coro_task *task = (coro_task *)driver;
    coro_call *call = (coro_call *)self;
    coro_queue *queue = call->object;
    (void)callee;
    if (!is_usual(self, driver, queue, &queue->putters))
        return get_any(self, driver);
    return coro_leaf_started(task, call, QUEUE_TYPE(get),
                             queue_get_start(task, call, true, queue_ring_push, queue_ring_pop));
}

const coro_descriptor coro_queue_put_call_ = {CORO_LEAF_FIELDS_("coro_queue_put", put_enter, 0)};
const coro_descriptor coro_queue_get_call_ = {CORO_LEAF_FIELDS_("coro_queue_get", get_enter, 0)};
#else
CORO_LEAF_INLINE(coro_queue_put, QUEUE_TYPE(put), put_any_start, 0);
CORO_LEAF_INLINE(coro_queue_get, QUEUE_TYPE(get), get_any_start, 0);
#endif
CORO_LEAF(coro_queue_join, QUEUE_TYPE(join), join_start, 0);

coro_void *coro_queue_join(coro_queue *queue)
{
    return coro_call_of_(&coro_queue_join_call_, queue, NULL);
}

int coro_queue_task_done(coro_queue *queue)
{
    if (queue->unfinished == 0)
        return CORO_EINVAL;
    if (--queue->unfinished == 0)
        coro_waiters_wake_all(&queue->joiners, 0);
    return 0;
}

void coro_queue_shutdown(coro_queue *queue, bool immediate)
{
    queue->shut = true;
    coro_waiters_wake_all(&queue->putters, CORO_ECLOSED);
    coro_waiters_wake_all(&queue->getters, CORO_ECLOSED);
    if (immediate) {
        /* Not below 0: task_done may have been called for items that nobody has got. */
        queue->unfinished -= queue->count < queue->unfinished ? queue->count : queue->unfinished;
        queue->count = 0;
        if (queue->unfinished == 0)
            coro_waiters_wake_all(&queue->joiners, 0);
    }
}
