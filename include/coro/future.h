/* SPDX-License-Identifier: MIT */
/*
 * coro/future.h - a result that is still to come.
 *
 *     coro_future answer = CORO_FUTURE_INIT;
 *     AWAIT(self->value, coro_future_wait(&answer));    // any number may wait
 *     ...
 *     coro_future_set_result(&answer, value);           // elsewhere, once
 *
 * A future is pending, then done: with a result, an error, or cancelled. Its
 * waiters are resumed in the order they came.
 *
 * Memory: the caller owns it; it must outlive its waiters. Threads: the loop's.
 */
#ifndef CORO_FUTURE_H
#define CORO_FUTURE_H

#include <coro/task.h>

CORO_BEGIN_DECLS

typedef struct coro_future {
    coro_waiters waiters;
    coro_loop *loop; /* the one that it belongs to, from its first wait on */
    void *result;
    int16_t error;
    bool done;
} coro_future;

#define CORO_FUTURE_INIT {{NULL}, NULL, NULL, 0, false}

static inline void coro_future_init(coro_future *future)
{
    future->waiters.first = NULL;
    future->loop = (coro_loop *)(void *)coro_pool_current_;
    future->result = NULL;
    future->error = 0;
    future->done = false;
}

/* Finish it. 0, or CORO_EALREADY and nothing is changed. Never suspends. An
 * error is negative; the error CORO_ECANCELED is the same as cancelling. */
CORO_API int coro_future_set_result(coro_future *future, void *result);
CORO_API int coro_future_set_error(coro_future *future, int error);

/* Cancel it: all who wait get CORO_ECANCELED. False: it was done. */
CORO_API bool coro_future_cancel(coro_future *future);

static inline bool coro_future_done(const coro_future *future)
{
    return future->done;
}
static inline bool coro_future_cancelled(const coro_future *future)
{
    return future->done && future->error == CORO_ECANCELED;
}
/* Its result, or NULL with *error set: CORO_EPENDING, or how it failed. */
CORO_API void *coro_future_result(const coro_future *future, int *error);

/*
 * Wait for it: its result, or its error. As in asyncio, a cancel of the waiting
 * task cancels the future. CORO_EWRONGLOOP when a task of another loop waits.
 */
CORO_API CORO_NODISCARD coro_pointer *coro_future_wait(coro_future *future);

CORO_END_DECLS

#endif
