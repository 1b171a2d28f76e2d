/* SPDX-License-Identifier: MIT */
/*
 * model_objects.h - the model's lock, condition, semaphore, queue and event.
 *
 * Each is what its header promises, as plainly as can be: lines of tasks, an owner, a
 * count, items in an array. Who hands something over decides at once whose it is.
 */
#ifndef CORO_TEST_PLAIN_MODEL_OBJECTS_H
#define CORO_TEST_PLAIN_MODEL_OBJECTS_H

#include "model_reference.h"

#define ITEMS 4

typedef struct model_lock {
    actor_task *owner;
    line waiters;
} model_lock;

typedef struct model_queue {
    long items[ITEMS];
    unsigned count, capacity, unfinished;
    bool shut;
    line getters, putters, joiners;
} model_queue;

static struct {
    model_lock locks[2];
    line condition; /* of the first lock */
    unsigned permits;
    line semaphore;
    model_queue queues[2];
    bool set;
    line event;
} objects;

static void decide_all(line *in, int outcome)
{
    for (actor_task *task; (task = line_pop(in)) != NULL;)
        decide(task, outcome);
}

/* --- lock and condition --------------------------------------------------------------------- */

static void model_acquire(actor_task *task, model_lock *lock)
{
    if (!may_wait(task))
        return;
    if (lock->owner == task)
        task->outcome = CORO_EDEADLK;
    else if (lock->owner == NULL)
        lock->owner = task;
    else
        wait_in(task, LOCK, lock, &lock->waiters);
}

static void model_release(model_lock *lock)
{
    actor_task *next = line_pop(&lock->waiters);
    lock->owner = next;
    if (next != NULL) /* who comes from the condition has its outcome already */
        decide(next, next->wait == RELOCK ? next->outcome : 0);
}

static void model_wait_condition(actor_task *task)
{
    if (!may_wait(task))
        return;
    if (objects.locks[0].owner != task) {
        task->outcome = CORO_EPERM;
        return;
    }
    wait_in(task, CONDITION, NULL, &objects.condition);
    model_release(&objects.locks[0]);
}

/* Out of the condition's line, into the lock's. */
static void relock(actor_task *task, int outcome)
{
    model_lock *lock = &objects.locks[0];
    task->outcome = outcome;
    task->wait = RELOCK;
    task->in = NULL;
    if (lock->owner == NULL) {
        lock->owner = task;
        decide(task, outcome);
    } else {
        line_push(&lock->waiters, task);
    }
}

static void notify_one(line *waiters)
{
    actor_task *task = line_pop(waiters);
    if (task != NULL)
        relock(task, 0);
}

static void cancel_wait_of_condition(actor_task *task)
{
    bool notified = task->wait == RELOCK && task->outcome == 0;
    if (task->wait == CONDITION) {
        line_remove(&objects.condition, task);
        relock(task, CORO_ECANCELED);
    }
    task->outcome = CORO_ECANCELED;
    if (notified) /* the notify was for one who goes on */
        notify_one(&objects.condition);
}

/* --- semaphore and event -------------------------------------------------------------------- */

static void model_take_permit(actor_task *task)
{
    if (!may_wait(task))
        return;
    if (objects.permits > 0)
        objects.permits--;
    else
        wait_in(task, SEMAPHORE, NULL, &objects.semaphore);
}

static void model_give_permit(void)
{
    actor_task *next = line_pop(&objects.semaphore);
    if (next != NULL)
        decide(next, 0);
    else
        objects.permits++;
}

static void model_wait_event(actor_task *task)
{
    if (may_wait(task) && !objects.set)
        wait_in(task, EVENT, NULL, &objects.event);
}

static void model_set_event(void)
{
    objects.set = true;
    decide_all(&objects.event, 0);
}

/* --- queue ---------------------------------------------------------------------------------- */

static int queue_put(model_queue *queue, long item)
{
    actor_task *getter;
    if (queue->shut)
        return CORO_ECLOSED;
    if ((getter = line_pop(&queue->getters)) != NULL) {
        getter->item = item;
        decide(getter, 0);
    } else if (queue->count == queue->capacity) {
        return CORO_EFULL;
    } else {
        queue->items[queue->count++] = item;
    }
    queue->unfinished++;
    return 0;
}

static int queue_get(model_queue *queue, long *item)
{
    actor_task *putter;
    if (queue->count == 0)
        return queue->shut ? CORO_ECLOSED : CORO_EEMPTY;
    *item = queue->items[0];
    queue->count--;
    memmove(queue->items, queue->items + 1, queue->count * sizeof queue->items[0]);
    if ((putter = line_pop(&queue->putters)) != NULL) {
        queue->items[queue->count++] = putter->item;
        queue->unfinished++;
        decide(putter, 0);
    }
    return 0;
}

static void model_put(actor_task *task, model_queue *queue, long item)
{
    if (!may_wait(task))
        return;
    task->item = item;
    task->outcome = queue_put(queue, item);
    if (task->outcome == CORO_EFULL)
        wait_in(task, PUT, queue, &queue->putters);
}

static void model_get(actor_task *task, model_queue *queue)
{
    if (!may_wait(task))
        return;
    task->outcome = queue_get(queue, &task->item);
    if (task->outcome == CORO_EEMPTY)
        wait_in(task, GET, queue, &queue->getters);
}

static int model_task_done(model_queue *queue)
{
    if (queue->unfinished == 0)
        return CORO_EINVAL;
    if (--queue->unfinished == 0)
        decide_all(&queue->joiners, 0);
    return 0;
}

static void model_join_queue(actor_task *task, model_queue *queue)
{
    if (may_wait(task) && queue->unfinished > 0)
        wait_in(task, QUEUE_JOIN, queue, &queue->joiners);
}

static void model_shutdown(model_queue *queue, bool immediate)
{
    queue->shut = true;
    decide_all(&queue->putters, CORO_ECLOSED);
    decide_all(&queue->getters, CORO_ECLOSED);
    if (!immediate)
        return;
    queue->unfinished -= queue->count < queue->unfinished ? queue->count : queue->unfinished;
    queue->count = 0;
    if (queue->unfinished == 0)
        decide_all(&queue->joiners, 0);
}

#endif
