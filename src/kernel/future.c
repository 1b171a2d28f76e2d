/* SPDX-License-Identifier: MIT */
/*
 * future.c - a result that is still to come.
 *
 *     future.waiters ──► task ──► task     woken in this order, when it is done
 *
 * Invariant: a done future has no waiters.
 */
#include "kernel.h"

static int settle(coro_future *future, void *result, int error)
{
    if (future->done)
        return CORO_EALREADY;
    future->done = true;
    future->result = result;
    future->error = (int16_t)error;
    for (coro_task *task; (task = coro_waiters_pop(&future->waiters)) != NULL;) {
        task->wait.a.pointer = result;
        coro_wait_done(task, error);
    }
    return 0;
}

int coro_future_set_result(coro_future *future, void *result)
{
    return settle(future, result, 0);
}

int coro_future_set_error(coro_future *future, int error)
{
    CORO_CHECK(error < 0, "coro_future_set_error needs a negative CORO_E… number");
    return settle(future, NULL, error);
}

bool coro_future_cancel(coro_future *future)
{
    return settle(future, NULL, CORO_ECANCELED) == 0;
}

void *coro_future_result(const coro_future *future, int *error)
{
    *error = future->done ? future->error : CORO_EPENDING;
    return future->result;
}

static int wait_start(coro_task *task, coro_call *call)
{
    coro_future *future = call->object;
    if (future->loop == NULL)
        future->loop = task->driver.loop;
    if (future->loop != task->driver.loop)
        return CORO_EWRONGLOOP;
    call->result.pointer = future->result;
    if (future->done)
        return future->error;
    coro_wait_on(task, future);
    coro_waiters_push(&future->waiters, task);
    return CORO_PENDING_;
}

#if CORO_SCOPES
/* As in asyncio: who cancels the waiter cancels what it waits for. */
static bool wait_cancel(coro_task *task)
{
    coro_future_cancel(task->wait.object);
    return false;
}

static void wait_abandon(coro_task *task)
{
    coro_waiters_remove(&((coro_future *)task->wait.object)->waiters, task);
}

static const coro_wait_type wait_type = {"future", wait_cancel, wait_abandon, NULL, true};
#define WAIT_TYPE &wait_type
#else
#define WAIT_TYPE NULL
#endif

CORO_LEAF(coro_future_wait, WAIT_TYPE, wait_start, sizeof(void *));

coro_pointer *coro_future_wait(coro_future *future)
{
    coro_call *call = coro_call_new_(&coro_future_wait_call_);
    if (call->coro.error == 0)
        call->object = future;
    return (coro_pointer *)call;
}

bool coro_is_future_wait(const coro_header *call)
{
    return call->descriptor == &coro_future_wait_call_;
}
