/* SPDX-License-Identifier: MIT */
/*
 * executor.c - functions in threads: a lane, and a line in front of it.
 *
 *     coro_to_thread ─► places (a semaphore) ─► lane: queue ─► threads
 *
 * There are as many places as threads and queue together; who has none waits for
 * it, in turn, as a task, and is no job yet. A shutdown stands in the same line:
 * when it has all places, everything that was asked for before is over. What was
 * left behind holds no place, and is waited for in the lane.
 */
#define _GNU_SOURCE
#include "thread.h"

#include "kernel/kernel.h"

#include <coro/scope.h>
#include <coro/semaphore.h>

#include <stdlib.h>
#include <unistd.h>

#define DEFAULT_THREADS_MAX 32
#define DEFAULT_QUEUE 1024

struct coro_executor {
    coro_hook closer; /* first: it is how the loop knows us */
    coro_lane *lane;
    coro_semaphore places;
    coro_semaphore shutting; /* one shutdown at a time collects places */
    unsigned places_max, held; /* held: by the shutdown */
    const char *purpose; /* of one that its loop makes by itself */
    bool shut;
};

/* --- work --------------------------------------------------------------------------------- */

static coro_executor *chosen(coro_executor *executor, coro_loop *loop)
{
    return executor != NULL ? executor : coro_loop_default_executor(loop);
}

/* What the task has set, for the thread. */
static int copy_context(coro_job *job)
{
    coro_context_clear(&job->context);
    return coro_context_copy(&job->context);
}

ASYNC(run_job, ARGS(coro_executor *, executor, coro_job *, job), VARS(bool placed;))
{
    ASYNC_BEGIN;
    self->executor = chosen(self->executor, coro_driver_->loop);
    if (self->executor == NULL)
        ASYNC_THROW(CORO_ENOMEM);
    if (self->executor->shut)
        ASYNC_THROW(CORO_ECLOSED);
    AWAIT(coro_semaphore_acquire(&self->executor->places));
    self->placed = true;
    if (copy_context(self->job) != 0)
        ASYNC_THROW(CORO_ENOMEM);
    AWAIT(coro_lane_run(self->executor->lane, self->job));
  ASYNC_FINALLY:
    if (self->placed)
        coro_semaphore_release(&self->executor->places);
    ASYNC_END;
}

coro_void *coro_executor_run(coro_executor *executor, coro_job *job)
{
    CORO_CHECK(job != NULL, "coro_executor_run needs a job that coro_job_init has made");
    return (coro_void *)(void *)run_job(executor, job);
}

/* A function and its argument, as a job. */
typedef struct thread_call {
    coro_job job; /* first */
    coro_thread_function function;
    void *argument, *result;
    int error;
} thread_call;

static void thread_call_work(coro_job *job)
{
    thread_call *call = (thread_call *)job;
    call->error = call->function(call->argument, &call->result);
}

static void thread_call_drop(coro_job *job)
{
    free(job);
}

static thread_call *thread_call_new(coro_thread_function function, void *argument)
{
    thread_call *call = malloc(sizeof *call);
    if (call == NULL)
        return NULL;
    coro_job_init(&call->job, thread_call_work, thread_call_drop);
    call->job.kept = true;
    call->function = function;
    call->argument = argument;
    call->result = NULL;
    call->error = 0;
    return call;
}

ASYNC(run_function, RETURNS(void *),
      ARGS(coro_executor *, executor, coro_thread_function, function, void *, argument),
      VARS(thread_call *call;))
{
    ASYNC_BEGIN;
    self->call = thread_call_new(self->function, self->argument);
    if (self->call == NULL)
        ASYNC_THROW(CORO_ENOMEM);
    AWAIT(run_job(self->executor, &self->call->job));
    CORO_CHECK(self->call->error <= 0, "a function in a thread returns 0 or a negative CORO_E…");
    if (self->call->error != 0)
        ASYNC_THROW(self->call->error);
    ASYNC_RETURN(self->call->result);
  ASYNC_FINALLY:
    if (self->call != NULL)
        coro_job_release(&self->call->job);
    ASYNC_END;
}

/* The result lies behind the header, as in every coro_pointer. */
_Static_assert(offsetof(struct run_function, result) == offsetof(coro_pointer, result),
               "a coro_pointer");

coro_pointer *coro_run_in_executor(coro_executor *executor, coro_thread_function function,
                                   void *argument)
{
    CORO_CHECK(function != NULL, "a thread needs a function to run");
    return (coro_pointer *)(void *)run_function(executor, function, argument);
}

coro_pointer *coro_to_thread(coro_thread_function function, void *argument)
{
    return coro_run_in_executor(NULL, function, argument);
}

/* --- life --------------------------------------------------------------------------------- */

/* The lane has a closer of its own. */
static void executor_close(coro_hook *closer)
{
    free(closer);
}

coro_executor *coro_executor_new(coro_loop *loop, unsigned threads, unsigned queue)
{
    coro_executor *executor;
    CORO_CHECK(threads > 0, "an executor needs at least one thread");
    CORO_CHECK(queue < UINT_MAX - threads, "the queue of an executor is too long");
    coro_check_thread(loop);
    executor = calloc(1, sizeof *executor);
    if (executor == NULL)
        return NULL;
    executor->places_max = threads + queue;
    executor->lane = coro_lane_new(loop, threads, executor->places_max);
    if (executor->lane == NULL) {
        free(executor);
        return NULL;
    }
    coro_semaphore_init(&executor->places, executor->places_max);
    coro_semaphore_init(&executor->shutting, 1);
    executor->closer.run = executor_close;
    coro_loop_add_closer(loop, &executor->closer);
    return executor;
}

static unsigned default_threads(void)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    if (processors < 1)
        processors = 1;
    return processors + 4 < DEFAULT_THREADS_MAX ? (unsigned)processors + 4 : DEFAULT_THREADS_MAX;
}

coro_executor *coro_loop_executor(coro_loop *loop, const char *purpose, unsigned threads,
                                  unsigned queue)
{
    coro_executor *executor;
    for (coro_hook *each = loop->closers; each != NULL; each = each->next)
        if (each->run == executor_close && ((coro_executor *)each)->purpose == purpose)
            return (coro_executor *)each;
    executor = coro_executor_new(loop, threads, queue);
    if (executor != NULL)
        executor->purpose = purpose;
    return executor;
}

coro_executor *coro_loop_default_executor(coro_loop *loop)
{
    static const char purpose[] = "default";
    return coro_loop_executor(loop, purpose, default_threads(), DEFAULT_QUEUE);
}

/* --- shutdown ----------------------------------------------------------------------------- */

/* What is not over: tasks that have a place, and what was left behind. */
static size_t load(const coro_executor *executor)
{
    size_t waits = executor->places_max - executor->held - executor->places.value;
    size_t jobs = coro_lane_load(executor->lane);
    return jobs > waits ? jobs : waits;
}

static void report_left(coro_loop *loop)
{
    coro_report report = {CORO_REPORT_CALLBACK, loop, NULL, CORO_ETIMEDOUT,
                          "the threads of an executor did not end in the time of its shutdown"};
    coro_loop_report(loop, &report);
}

static size_t ended(coro_executor *executor, coro_loop *loop)
{
    size_t left = load(executor);
    if (left > 0)
        report_left(loop);
    else
        coro_lane_stop(executor->lane);
    return left;
}

ASYNC(shut_down, RETURNS(size_t), ARGS(coro_executor *, executor, coro_duration, timeout),
      VARS(coro_scope limit; int error; bool first;))
{
    ASYNC_BEGIN;
    self->executor = chosen(self->executor, coro_driver_->loop);
    if (self->executor == NULL)
        ASYNC_THROW(CORO_ENOMEM);
    self->executor->shut = true;
    ASYNC_TRY;
    CORO_TIMEOUT(self->limit, self->timeout) {
        AWAIT(coro_semaphore_acquire(&self->executor->shutting));
        self->first = true;
        for (; self->executor->held < self->executor->places_max; self->executor->held++)
            AWAIT(coro_semaphore_acquire(&self->executor->places));
        AWAIT(coro_lane_drain(self->executor->lane));
    }
    ASYNC_CATCH(self->error);
    if (self->error != CORO_ETIMEDOUT)
        ASYNC_THROW(self->error);
    ASYNC_END_TRY;
    ASYNC_RETURN(ended(self->executor, coro_driver_->loop));
  ASYNC_FINALLY:
    for (; self->first && self->executor->held > 0; self->executor->held--)
        coro_semaphore_release(&self->executor->places);
    if (self->first)
        coro_semaphore_release(&self->executor->shutting);
    ASYNC_END;
}

_Static_assert(offsetof(struct shut_down, result) == offsetof(coro_size, result), "a coro_size");

coro_size *coro_executor_shutdown(coro_executor *executor, coro_duration timeout)
{
    return (coro_size *)(void *)shut_down(executor, timeout);
}
