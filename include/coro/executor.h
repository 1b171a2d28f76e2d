/* SPDX-License-Identifier: MIT */
/*
 * coro/executor.h - work that would block the loop, in threads of its own.
 *
 *     static int digest(void *argument, void **result)      // in a thread
 *     {
 *         struct digest *digest = argument;
 *         ...
 *         return 0;                                         // or a CORO_E…
 *     }
 *
 *     AWAIT(coro_to_thread(digest, &self->digest));         // in a coroutine
 *
 * The function runs once, in a copy of the context (coro/context.h) of the awaiting
 * task. The await ends when it has returned, with its error, or its result: so the
 * argument may lie in VARS, and a typed result in the argument.
 *
 * Cancelling such an await: work that is still in the queue is taken out, and
 * never runs. A function that runs cannot be stopped; it is told, where it asks
 * for coro_thread_cancelled(), and the await ends when it has returned, with what
 * it returned. Who cannot wait for that gives a coro_job, whose memory is its own:
 *
 *     AWAIT(coro_to_thread_abandon(&self->look_up->job));   // over at once, when cancelled
 *
 * An executor has so many threads, started when they are needed, and room for so
 * much work that waits for one; who comes then waits for room, first come first
 * served. A loop has a default one, made when it is first used.
 *
 * Memory: a block of the heap for each coro_to_thread. An executor belongs to one
 * loop, and is freed with it. Threads: the loop's, but for what runs in a thread.
 */
#ifndef CORO_EXECUTOR_H
#define CORO_EXECUTOR_H

#include <coro/context.h>
#include <coro/remote.h>

#if CORO_HOSTED

CORO_BEGIN_DECLS

typedef struct coro_executor coro_executor;

/* 0 or a negative CORO_E…; *result is NULL at first. Signals are blocked in its thread. */
typedef int (*coro_thread_function)(void *argument, void **result);

/*
 * Run function(argument) in a thread of the loop's default executor, and wait for its
 * end. Its result, or its error. CORO_ENOMEM, CORO_EAGAIN (the system gives no
 * thread), CORO_ECLOSED (the executor was shut down): it did not run. CORO_ECANCELED: it did
 * not run, or says so itself.
 */
CORO_API CORO_NODISCARD coro_pointer *coro_to_thread(coro_thread_function function,
                                                     void *argument);

/* The same in an executor of yours; NULL: the default one. asyncio's run_in_executor. */
CORO_API CORO_NODISCARD coro_pointer *coro_run_in_executor(coro_executor *executor,
                                                           coro_thread_function function,
                                                           void *argument);

/* Was the await cancelled, for which the calling thread works? False in other threads. Any
 * thread. */
CORO_API bool coro_thread_cancelled(void);

/* --- work that may be left behind ----------------------------------------------------------- */

/*
 * A block of memory with two holders: who made it, and the executor while a thread
 * is at work on it. Put it first in a struct of yours, from malloc; drop frees that
 * when both have let go.
 *
 *     self->look_up = malloc(sizeof *self->look_up);
 *     coro_job_init(&self->look_up->job, work, drop);
 *     AWAIT(coro_to_thread_abandon(&self->look_up->job));
 *     ... self->look_up->found ...
 *   ASYNC_FINALLY:
 *     coro_job_release(&self->look_up->job);
 *
 * Until the await has succeeded the caller must not touch what `work` writes.
 */
typedef struct coro_job {
    coro_message message; /* private; first: how it comes back */
    void (*work)(struct coro_job *job); /* in a thread, signals blocked */
    void (*drop)(struct coro_job *job); /* free it; in either thread, once */
    /* private */
    struct coro_lane *lane;
    coro_task *task;
    void (*ended)(struct coro_job *job); /* called in the loop when no task waits */
    struct coro_job *next;
    coro_context context; /* the work runs in it */
    int state;
    int holders;   /* atomic */
    int cancelled; /* atomic */
    bool kept;     /* its await outlasts a cancel until the thread has let go */
} coro_job;

CORO_API void coro_job_init(coro_job *job, void (*work)(coro_job *job),
                            void (*drop)(coro_job *job));

/* The caller is done with it. Any thread. NULL is fine. */
CORO_API void coro_job_release(coro_job *job);

/*
 * Run job->work in a thread and wait for its end. Borrows the job; one await a job.
 * Cancelled: over at once with CORO_ECANCELED, though a thread may be at work on it still.
 * The other errors are coro_to_thread's. executor NULL: the default one.
 */
CORO_API CORO_NODISCARD coro_void *coro_executor_run(coro_executor *executor, coro_job *job);
static inline CORO_NODISCARD coro_void *coro_to_thread_abandon(coro_job *job)
{
    return coro_executor_run(NULL, job);
}

/* --- executors ------------------------------------------------------------------------------ */

/* At most so many threads, at least 1, and so much work that waits for one. NULL: no memory.
 * Freed with the loop. */
CORO_API CORO_NODISCARD coro_executor *coro_executor_new(coro_loop *loop, unsigned threads,
                                                         unsigned queue);

/* The loop's default executor, made if need be: min(32, processors + 4) threads, as asyncio's,
 * and room for 1,024. NULL: no memory. */
CORO_API coro_executor *coro_loop_default_executor(coro_loop *loop);

/*
 * No more work: from now on it is CORO_ECLOSED. Waits for what was accepted before,
 * for so long at most, and ends the threads. The result is the number of jobs that are not done
 * then: 0, or, after a report to the loop's owner, those that go on in the background.
 * Twice is fine. Cancelled: the executor is shut all the same. executor NULL: the
 * default one, which then is not made any more; asyncio's shutdown_default_executor.
 */
CORO_API CORO_NODISCARD coro_size *coro_executor_shutdown(coro_executor *executor,
                                                          coro_duration timeout);

CORO_END_DECLS

#endif

#endif
