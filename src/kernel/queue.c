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

/*
 * `word`: items are a machine word, which is nearly always so, and who waits is of the running
 * loop. Then nothing calls a function, and no register needs saving.
 */
CORO_FAST void copy(const coro_queue *queue, void *to, const void *from, bool word)
{
#if CORO_HOSTED && (defined(__GNUC__) || defined(__clang__))
    if (word)
        __builtin_memcpy(to, from, sizeof(void *));
    else
        __builtin_memcpy(to, from, queue->item_size);
#else
    (void)word;
    for (size_t i = 0; i < queue->item_size; i++)
        ((volatile char *)to)[i] = ((const char *)from)[i];
#endif
}

CORO_FAST char *place(const coro_queue *queue, size_t index, bool word)
{
    return queue->buffer + index * (word ? sizeof(void *) : queue->item_size);
}

CORO_FAST void wake(coro_task *task, bool word)
{
    if (word)
        coro_wait_done_here(task, 0);
    else
        coro_wait_done(task, 0);
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

CORO_FAST void push(coro_queue *queue, const void *item, bool word)
{
    size_t tail = queue->head + queue->count;
    if (tail >= queue->capacity)
        tail -= queue->capacity;
    copy(queue, place(queue, tail, word), item, word);
    queue->count++;
    queue->unfinished++;
}

CORO_FAST void pop(coro_queue *queue, void *item, bool word)
{
    copy(queue, item, place(queue, queue->head, word), word);
    if (++queue->head == queue->capacity)
        queue->head = 0;
    queue->count--;
}

CORO_FAST int put(coro_queue *queue, const void *item, bool word)
{
    coro_task *getter;
    if (CORO_UNLIKELY(queue->shut))
        return CORO_ECLOSED;
    getter = coro_waiters_pop(&queue->getters);
    if (getter != NULL) {
        copy(queue, getter->wait.a.pointer, item, word);
        queue->unfinished++;
        wake(getter, word);
        return 0;
    }
    if (queue->count == queue->capacity)
        return CORO_EFULL;
    push(queue, item, word);
    return 0;
}

CORO_FAST int get(coro_queue *queue, void *item, bool word)
{
    coro_task *putter;
    if (queue->count == 0)
        return queue->shut ? CORO_ECLOSED : CORO_EEMPTY;
    pop(queue, item, word);
    putter = coro_waiters_pop(&queue->putters);
    if (putter != NULL) {
        push(queue, putter->wait.a.pointer, word);
        wake(putter, word);
    }
    return 0;
}

int coro_queue_put_nowait(coro_queue *queue, const void *item)
{
    return put(queue, item, false);
}

int coro_queue_get_nowait(coro_queue *queue, void *item)
{
    return get(queue, item, false);
}

/* --- waiting ------------------------------------------------------------------------------ */

CORO_FAST int put_start(coro_task *task, coro_call *call, bool word)
{
    coro_queue *queue = call->object;
    int error = put(queue, call->a.pointer, word);
    if (CORO_LIKELY(error != CORO_EFULL))
        return error;
    coro_wait_on(task, queue);
    task->wait.a = call->a;
    coro_waiters_push(&queue->putters, task);
    return CORO_PENDING_;
}

CORO_FAST int get_start(coro_task *task, coro_call *call, bool word)
{
    coro_queue *queue = call->object;
    int error = get(queue, call->a.pointer, word);
    if (CORO_LIKELY(error != CORO_EEMPTY))
        return error;
    coro_wait_on(task, queue);
    task->wait.a = call->a;
    coro_waiters_push(&queue->getters, task);
    return CORO_PENDING_;
}

static int put_any_start(coro_task *task, coro_call *call)
{
    return put_start(task, call, false);
}

static int get_any_start(coro_task *task, coro_call *call)
{
    return get_start(task, call, false);
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

#if CORO_HOSTED
/* Any item, any state of things. */
CORO_SLOW coro_status put_any(coro_header *self, coro_driver *driver)
{
    return coro_leaf(self, driver, TYPE(put), put_any_start);
}

CORO_SLOW coro_status get_any(coro_header *self, coro_driver *driver)
{
    return coro_leaf(self, driver, TYPE(get), get_any_start);
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
    return coro_leaf_started(task, call, TYPE(put), put_start(task, call, true));
}

static coro_status get_enter(coro_header *self, coro_driver *driver, coro_header *callee)
{
    coro_task *task = (coro_task *)driver;
    coro_call *call = (coro_call *)self;
    coro_queue *queue = call->object;
    (void)callee;
    if (!is_usual(self, driver, queue, &queue->putters))
        return get_any(self, driver);
    return coro_leaf_started(task, call, TYPE(get), get_start(task, call, true));
}

const coro_descriptor coro_queue_put_call_ = {CORO_LEAF_FIELDS_("coro_queue_put", put_enter, 0)};
const coro_descriptor coro_queue_get_call_ = {CORO_LEAF_FIELDS_("coro_queue_get", get_enter, 0)};
#else
CORO_LEAF_INLINE(coro_queue_put, TYPE(put), put_any_start, 0);
CORO_LEAF_INLINE(coro_queue_get, TYPE(get), get_any_start, 0);
#endif
CORO_LEAF(coro_queue_join, TYPE(join), join_start, 0);


coro_void *coro_queue_join(coro_queue *queue)
{
    return coro_call_of_(&coro_queue_join_call_, queue, NULL);
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
