/* SPDX-License-Identifier: MIT */
/*
 * future.c - a result that any thread may set, or wait for.
 *
 *     thread: set ─► lock, done, unlock ─┬─► condition: threads that block
 *                                        └─► message ─► the loop: waiters, in order
 *
 * A task that awaits it stands in `waiters`, as with any primitive of the kernel;
 * only the way there is a message. The future holds a remote of the loop from
 * the first such wait until it is done, so that the loop does not call itself
 * deadlocked, and holds itself while the message is under way.
 *
 * Invariants. F1: done never changes back, and result and error not after it. F2:
 * `woken` is posted at most once: with `remote`, by whoever made it done.
 */
#define _GNU_SOURCE
#include "future.h"

#include "kernel/kernel.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static atomic_int *holders_of(coro_thread_future *future)
{
    return (atomic_int *)&future->holders;
}

/* Asking changes nothing but the lock. */
static coro_thread_future *writable(const coro_thread_future *future)
{
    return (coro_thread_future *)(uintptr_t)future;
}

/* --- life --------------------------------------------------------------------------------- */

static void woken(coro_message *message);

int coro_thread_future_init(coro_thread_future *future)
{
    pthread_condattr_t attributes;
    int error;
    memset(future, 0, sizeof *future);
    future->woken.run = woken;
    atomic_init(holders_of(future), 1);
    if (pthread_condattr_init(&attributes) != 0)
        return CORO_ENOMEM;
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    error = pthread_cond_init(&future->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    if (error != 0)
        return CORO_ENOMEM;
    pthread_mutex_init(&future->lock, NULL);
    return 0;
}

coro_thread_future *coro_thread_future_new(void)
{
    coro_thread_future *future = malloc(sizeof *future);
    if (future == NULL || coro_thread_future_init(future) == 0)
        return future;
    free(future);
    return NULL;
}

coro_thread_future *coro_thread_future_retain(coro_thread_future *future)
{
    atomic_fetch_add(holders_of(future), 1);
    return future;
}

void coro_thread_future_release(coro_thread_future *future)
{
    if (future == NULL || atomic_fetch_sub(holders_of(future), 1) != 1)
        return;
    coro_remote_release(future->remote);
    if (future->drop != NULL)
        future->drop(future);
    pthread_cond_destroy(&future->changed);
    pthread_mutex_destroy(&future->lock);
    free(future);
}

/* --- settling ----------------------------------------------------------------------------- */

/* In the loop: all who wait for it, in the order in which they came. */
static void woken(coro_message *message)
{
    coro_thread_future *future = coro_container_of(message, coro_thread_future, woken);
    for (coro_task *task; (task = coro_waiters_pop(&future->waiters)) != NULL;) {
        task->wait.a.pointer = future->result;
        coro_wait_done(task, future->error);
    }
    coro_thread_future_release(future);
}

int coro_thread_future_settle(coro_thread_future *future, void *result, int error)
{
    coro_remote *remote;
    pthread_mutex_lock(&future->lock);
    if (future->done) {
        pthread_mutex_unlock(&future->lock);
        return CORO_EALREADY;
    }
    future->done = true;
    future->result = result;
    future->error = error;
    remote = future->remote;
    future->remote = NULL;
    coro_thread_future_retain(future); /* a thread that wakes now may release it */
    pthread_cond_broadcast(&future->changed);
    pthread_mutex_unlock(&future->lock);
    if (remote == NULL || coro_remote_post(remote, &future->woken) != 0)
        coro_thread_future_release(future);
    coro_remote_release(remote);
    return 0;
}

static int finish(coro_thread_future *future, void *result, int error)
{
    int outcome;
    coro_thread_future_retain(future);
    outcome = coro_thread_future_settle(future, result, error);
    if (outcome == 0 && error == CORO_ECANCELED && future->cancelled != NULL)
        future->cancelled(future);
    coro_thread_future_release(future);
    return outcome;
}

int coro_thread_future_set_result(coro_thread_future *future, void *result)
{
    return finish(future, result, 0);
}

int coro_thread_future_set_error(coro_thread_future *future, int error)
{
    CORO_CHECK(error < 0, "coro_thread_future_set_error needs a negative CORO_E… number");
    return finish(future, NULL, error);
}

bool coro_thread_future_cancel(coro_thread_future *future)
{
    return finish(future, NULL, CORO_ECANCELED) == 0;
}

/* --- asking ------------------------------------------------------------------------------- */

void *coro_thread_future_result(const coro_thread_future *future, int *error)
{
    coro_thread_future *self = writable(future);
    void *result;
    pthread_mutex_lock(&self->lock);
    *error = self->done ? self->error : CORO_EPENDING;
    result = self->result;
    pthread_mutex_unlock(&self->lock);
    return result;
}

bool coro_thread_future_done(const coro_thread_future *future)
{
    coro_thread_future *self = writable(future);
    bool done;
    pthread_mutex_lock(&self->lock);
    done = self->done;
    pthread_mutex_unlock(&self->lock);
    return done;
}

bool coro_thread_future_cancelled(const coro_thread_future *future)
{
    int error;
    (void)coro_thread_future_result(future, &error);
    return error == CORO_ECANCELED;
}

static struct timespec after(coro_duration timeout)
{
    struct timespec when;
    clock_gettime(CLOCK_MONOTONIC, &when);
    when.tv_sec += (time_t)(timeout / CORO_SECONDS(1));
    when.tv_nsec += (long)(timeout % CORO_SECONDS(1));
    if (when.tv_nsec >= CORO_SECONDS(1)) {
        when.tv_nsec -= CORO_SECONDS(1);
        when.tv_sec++;
    }
    return when;
}

int coro_thread_future_wait(coro_thread_future *future, coro_duration timeout)
{
    struct timespec deadline;
    int error = 0;
    if (timeout == CORO_DURATION_INVALID)
        return CORO_EINVAL;
    pthread_mutex_lock(&future->lock);
    if (!future->done && timeout > 0) {
        CORO_CHECK(coro_loop_current() == NULL,
                   "coro_thread_future_wait would stop the loop; AWAIT coro_thread_future_await");
        deadline = after(timeout);
        while (!future->done && error != ETIMEDOUT)
            error = timeout == CORO_FOREVER
                        ? pthread_cond_wait(&future->changed, &future->lock)
                        : pthread_cond_timedwait(&future->changed, &future->lock, &deadline);
    }
    error = future->done ? future->error : CORO_ETIMEDOUT;
    pthread_mutex_unlock(&future->lock);
    return error;
}

/* --- awaiting ----------------------------------------------------------------------------- */

/* Has it a remote of this loop now, so that its end will be told? Called with the lock. */
static int listen_to(coro_thread_future *future, coro_loop *loop)
{
    if (future->loop == NULL)
        future->loop = loop;
    if (future->loop != loop)
        return CORO_EWRONGLOOP;
    if (future->remote == NULL)
        future->remote = coro_remote_open(loop);
    return future->remote != NULL ? CORO_PENDING_ : CORO_ENOMEM;
}

static int await_start(coro_task *task, coro_call *call)
{
    coro_thread_future *future = call->object;
    int error;
    pthread_mutex_lock(&future->lock);
    call->result.pointer = future->result;
    error = future->done ? future->error : listen_to(future, task->driver.loop);
    if (error == CORO_PENDING_)
        coro_waiters_push(&future->waiters, task); /* before its end can be told */
    pthread_mutex_unlock(&future->lock);
    task->wait.object = future;
    return error;
}

/* Who cancels the waiter cancels what it waits for; the message ends the wait. */
static bool await_cancel(coro_task *task)
{
    coro_thread_future_cancel(task->wait.object);
    return false;
}

static void await_abandon(coro_task *task)
{
    coro_waiters_remove(&((coro_thread_future *)task->wait.object)->waiters, task);
}

static const coro_wait_type await_type = {"thread future", await_cancel, await_abandon, NULL, true};

CORO_LEAF(coro_thread_future_await, &await_type, await_start, sizeof(void *));

coro_pointer *coro_thread_future_await(coro_thread_future *future)
{
    CORO_CHECK(future != NULL, "coro_thread_future_await was given NULL");
    return (coro_pointer *)(void *)coro_call_of_(&coro_thread_future_await_call_, future, NULL);
}
