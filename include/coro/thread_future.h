/* SPDX-License-Identifier: MIT */
/*
 * coro/thread_future.h - results and calls between threads and a loop.
 *
 *     coro_thread_future *future =                     // any thread
 *         coro_run_coroutine_threadsafe(remote, fetch("a"));
 *     error = coro_thread_future_wait(future, CORO_SECONDS(2));
 *     if (error == 0)
 *         error = CORO_THREAD_RESULT(length, fetch, future);
 *     coro_thread_future_cancel(future);               // no effect on one that is done
 *     coro_thread_future_release(future);
 *
 * Python's concurrent.futures.Future: any thread may finish it, cancel it, ask it, or
 * block until it is done; the tasks of one loop may await it. It is settled once, and who
 * is first wins. A cancel goes both ways: cancelled by a thread, the await fails and the task
 * of coro_run_coroutine_threadsafe is cancelled; a task that is cancelled while it awaits
 * cancels the future, as asyncio's wrap_future does.
 *
 * Memory: one block of the heap, counted references. Threads: any, where nothing is said.
 */
#ifndef CORO_THREAD_FUTURE_H
#define CORO_THREAD_FUTURE_H

#include <coro/callback.h>
#include <coro/remote.h>

#if CORO_HOSTED

CORO_BEGIN_DECLS

typedef struct coro_thread_future coro_thread_future;

/* A pending future with one reference. NULL: no memory. */
CORO_API CORO_NODISCARD coro_thread_future *coro_thread_future_new(void);
CORO_API coro_thread_future *coro_thread_future_retain(coro_thread_future *future);
/* NULL is fine. The last one out frees it; whoever has yet to finish it holds a reference. */
CORO_API void coro_thread_future_release(coro_thread_future *future);

/* Finish it. 0, or CORO_EALREADY and nothing is changed. An error is negative;
 * CORO_ECANCELED is the same as cancelling. Never blocks. */
CORO_API int coro_thread_future_set_result(coro_thread_future *future, void *result);
CORO_API int coro_thread_future_set_error(coro_thread_future *future, int error);

/* False: it was done. Who is to finish it may ask for coro_thread_future_cancelled. */
CORO_API bool coro_thread_future_cancel(coro_thread_future *future);

CORO_API bool coro_thread_future_done(const coro_thread_future *future);
CORO_API bool coro_thread_future_cancelled(const coro_thread_future *future);
/* Its result, or NULL with *error set: CORO_EPENDING, or how it failed. Of a coroutine it is the
 * address of a copy of its result, good until the last release. */
CORO_API void *coro_thread_future_result(const coro_thread_future *future, int *error);

/*
 * Block the calling thread until it is done, for so long at most (CORO_FOREVER: without end;
 * zero or less: only look). Its error, or 0; CORO_ETIMEDOUT: it is still pending, and goes on:
 * cancel it, where nobody wants it any more. Not inside of a running loop, which would stand
 * still: there it traps unless it is done already; await it.
 */
CORO_API int coro_thread_future_wait(coro_thread_future *future, coro_duration timeout);

/*
 * Wait for it in a task: its result, or its error. A cancel of the waiting task cancels the
 * future. CORO_EWRONGLOOP: tasks of another loop wait or have waited for it;
 * CORO_ENOMEM. Borrows the future until the await has ended. Loop thread.
 */
CORO_API CORO_NODISCARD coro_pointer *coro_thread_future_await(coro_thread_future *future);

/* --- calls into a loop ---------------------------------------------------------------------- */

/*
 * Run a call as a task of the remote's loop, in a copy of the calling thread's context
 * (coro/context.h). The future is done when the task has ended: with
 * its result (CORO_THREAD_RESULT), its error, or cancelled. Takes the call, which is made in
 * the calling thread: on the heap, for no loop runs there; one that was made in another loop
 * moves, unless it holds others (traps; use the next one). NULL: no memory, and the call is freed.
 * CORO_ECLOSED is told by the future. Borrows the remote during the call.
 */
#define coro_run_coroutine_threadsafe(remote, call)                                                \
    coro_run_coroutine_threadsafe_((remote), &(call)->coro)
CORO_API CORO_NODISCARD coro_thread_future *coro_run_coroutine_threadsafe_(coro_remote *remote,
                                                                           coro_header *call);

/*
 * The same with a call that `factory` makes in the loop's thread: there frames come from its
 * pool. It answers a call, as `(coro_any *)fetch(...)`, or NULL with *error set, which
 * becomes the future's. Cancelled before: it is called all the same, and the task cancelled.
 */
typedef coro_any *(*coro_factory)(void *context, int *error);
CORO_API CORO_NODISCARD coro_thread_future *
coro_run_factory_threadsafe(coro_remote *remote, coro_factory factory, void *context);

/*
 * Take the result of a coroutine: `function` is the one that ran, the lvalue has its result's
 * type; both are checked. 0, CORO_EPENDING, or how it failed. A result with a drop function that
 * nobody has taken is dropped by the last release.
 */
#define CORO_THREAD_RESULT(lvalue, function, future)                                               \
    ((void)sizeof((lvalue) = ((struct function *)0)->result),                                      \
     coro_thread_future_take_((future), &function##_descriptor, &(lvalue), sizeof(lvalue)))
CORO_API int coro_thread_future_take_(coro_thread_future *future,
                                      const coro_descriptor *descriptor, void *to, size_t size);

/* A call that is on its way to a loop; in the caller's memory. */
typedef struct coro_remote_call {
    coro_message message; /* private, all of it */
    coro_handle handle;
    coro_callback function;
    void *context;
} coro_remote_call;

/*
 * Have function(context) called in the loop, as coro_loop_call_soon does: not inside of a task,
 * behind those who were ready before. 0, or CORO_ECLOSED: it will not be. What was accepted
 * runs, even when the loop is being closed. `call` is the caller's again when the function is
 * called. Any thread, signal handlers. Never blocks.
 */
CORO_API int coro_loop_call_soon_threadsafe(coro_remote *remote, coro_remote_call *call,
                                            coro_callback function, void *context);

CORO_END_DECLS

#endif

#endif
