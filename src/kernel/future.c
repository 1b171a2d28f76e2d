/* SPDX-License-Identifier: MIT */
/*
 * future.c - a result that is still to come.
 *
 *     future.waiters ──► task ──► task     woken in this order, when it is done,
 *     future.callbacks ► [0] ──► [1]       and among them the callbacks: a callback
 *                                          knows how many waits had begun before it
 *
 * Both go to the loop's ready queue, which runs them in the next turn.
 *
 * Invariant: a done future has no waiters and no callbacks.
 */
#include "kernel.h"

/* --- callbacks ---------------------------------------------------------------------------- */

#if CORO_MINIMAL_
#define schedule_up_to(future, waits) (void)(waits)
#else
/* The callback is its owner's again before the function is called. */
static void call(void *context)
{
    coro_future_callback *callback = context;
    callback->function(callback->future, callback->context);
}

static void schedule(coro_future_callback *callback)
{
    callback->waits = false;
    coro_loop_call_soon(callback->future->loop, &callback->handle, call, callback);
}

static void unlink_callback(coro_future *future, coro_future_callback *before)
{
    coro_future_callback *callback = before->next;
    before->next = callback->next;
    if (future->callbacks == callback)
        future->callbacks = before == callback ? NULL : before;
    callback->waits = false;
}

/* Those that came before so many waits. */
static void schedule_up_to(coro_future *future, unsigned waits)
{
    while (future->callbacks != NULL && future->callbacks->next->after <= waits) {
        coro_future_callback *callback = future->callbacks->next;
        unlink_callback(future, future->callbacks);
        schedule(callback);
    }
}

int coro_future_add_done_callback(coro_future *future, coro_future_callback *callback,
                                  coro_future_function function, void *context)
{
    coro_loop *loop = coro_loop_current();
    CORO_CHECK(function != NULL, "a callback needs a function to call");
    CORO_CHECK(!callback->waits && !coro_handle_pending(&callback->handle),
               "a coro_future_callback is in use already; zero it before its first use");
    if (future->loop == NULL)
        future->loop = loop;
    CORO_CHECK(future->loop != NULL, "a callback needs a running loop, or a future of a loop");
    if (loop != NULL && future->loop != loop)
        return CORO_EWRONGLOOP;
    callback->future = future;
    callback->function = function;
    callback->context = context;
    callback->after = future->waits;
    if (future->done) {
        schedule(callback);
        return 0;
    }
    callback->waits = true;
    callback->next = callback;
    if (future->callbacks != NULL) {
        callback->next = future->callbacks->next;
        future->callbacks->next = callback;
    }
    future->callbacks = callback;
    return 0;
}

size_t coro_future_remove_done_callback(coro_future *future, coro_future_function function,
                                        void *context)
{
    coro_future_callback *before = future->callbacks, *last = before, *each;
    size_t count = 0;
    for (bool more = before != NULL; more;) {
        each = before->next;
        more = each != last;
        if (each->function == function && each->context == context) {
            unlink_callback(future, before);
            count++;
        } else {
            before = each;
        }
    }
    return count;
}

bool coro_future_callback_cancel(coro_future_callback *callback)
{
    coro_future_callback *before;
    if (!callback->waits)
        return coro_handle_cancel(&callback->handle);
    before = callback->future->callbacks;
    while (before->next != callback)
        before = before->next;
    unlink_callback(callback->future, before);
    return true;
}

#endif

/* --- settling ----------------------------------------------------------------------------- */

static int settle(coro_future *future, void *result, int error)
{
    unsigned waits = 0;
    if (future->done)
        return CORO_EALREADY;
    future->done = true;
    future->result = result;
    future->error = (int16_t)error;
    for (coro_task *task; (task = coro_waiters_pop(&future->waiters)) != NULL;) {
        schedule_up_to(future, waits++);
        task->wait.a.pointer = result;
        coro_wait_done(task, error);
        future->taken = true;
    }
    schedule_up_to(future, ~0u);
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

void coro_future_close(coro_future *future)
{
    coro_loop *loop = future->loop != NULL ? future->loop : coro_loop_current();
    if (coro_future_cancel(future) || future->taken || future->error == 0 ||
        future->error == CORO_ECANCELED)
        return;
    future->taken = true;
    if (loop != NULL) {
        coro_report report = {CORO_REPORT_TASK_ERROR, loop, NULL, future->error,
                              "a future ended with an error that nobody took"};
        coro_loop_report(loop, &report);
    }
}

/* --- asking and waiting ------------------------------------------------------------------- */

void *coro_future_result(coro_future *future, int *error)
{
    *error = coro_future_error(future);
    return future->result;
}

int coro_future_error(coro_future *future)
{
    if (!future->done)
        return CORO_EPENDING;
    future->taken = true;
    return future->error;
}

static int wait_start(coro_task *task, coro_call *call)
{
    coro_future *future = call->object;
    if (future->loop == NULL)
        future->loop = task->driver.loop;
    if (future->loop != task->driver.loop)
        return CORO_EWRONGLOOP;
    coro_result_of(task, call)->pointer = future->result;
    if (future->done) {
        future->taken = true;
        return future->error;
    }
    coro_wait_on(task, future);
    coro_waiters_push(&future->waiters, task);
    future->waits++;
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

static const coro_wait_type wait_type = {CORO_VERB_("future") wait_cancel, wait_abandon, NULL,
                                         true};
#define WAIT_TYPE &wait_type
#else
#define WAIT_TYPE NULL
#endif

CORO_LEAF(coro_future_wait, WAIT_TYPE, wait_start, sizeof(void *));

coro_pointer *coro_future_wait(coro_future *future)
{
    return (coro_pointer *)(void *)coro_call_of_(&coro_future_wait_call_, future, NULL);
}

#if CORO_SCOPES
bool coro_is_future_wait(const coro_header *call)
{
    return call->descriptor == &coro_future_wait_call_;
}
#endif

/* --- chains ------------------------------------------------------------------------------- */

#if !CORO_MINIMAL_
/* `from` is done. */
static void forth(coro_future *from, void *context)
{
    coro_future_link *link = context;
    coro_future *to = link->back.future;
    coro_future_callback_cancel(&link->back);
    from->taken = true;
    (void)settle(to, from->result, from->error);
}

/* `to` is done, and `from` was not, or its end had not come so far. */
static void back(coro_future *to, void *context)
{
    coro_future_link *link = context;
    coro_future *from = link->forth.future;
    coro_future_callback_cancel(&link->forth);
    if (coro_future_cancelled(to))
        coro_future_cancel(from);
}

int coro_future_chain(coro_future *from, coro_future *to, coro_future_link *link)
{
    int error;
    if (from == to)
        return CORO_EINVAL;
    if (from->loop != NULL && to->loop != NULL && from->loop != to->loop)
        return CORO_EWRONGLOOP;
    error = coro_future_add_done_callback(from, &link->forth, forth, link);
    if (error != 0)
        return error;
    error = coro_future_add_done_callback(to, &link->back, back, link);
    if (error != 0)
        coro_future_callback_cancel(&link->forth);
    return error;
}

bool coro_future_unlink(coro_future_link *link)
{
    bool linked = coro_future_callback_cancel(&link->forth);
    return coro_future_callback_cancel(&link->back) || linked;
}
#endif
