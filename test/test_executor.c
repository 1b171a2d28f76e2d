/* SPDX-License-Identifier: MIT */
/*
 * test_executor.c: what is wrong with a use of threads is said at once; memory that fails. What
 * threads do is in plain/executor.c and plain/thread_future.c, where TSan sees them.
 */
#include "loop_fixture.h"

#include <coro/executor.h>
#include <coro/test.h>
#include <coro/thread_future.h>

#include <signal.h>

SUITE(executor);

static int nothing(void *argument, void **result)
{
    (void)argument, (void)result;
    return 0;
}

static int not_an_error(void *argument, void **result)
{
    (void)argument, (void)result;
    return 5;
}

#define TRAPS(name) Test(executor, name, .signal = SIGABRT)

ASYNC(in_a_thread, ARGS(coro_thread_function, function), VARS(void *result;))
{
    ASYNC_BEGIN;
    AWAIT(self->result, coro_to_thread(self->function, NULL));
    ASYNC_END;
}

Test(executor, runs_on_the_virtual_clock)
{
    EQ(coro_test_run(in_a_thread(nothing)), 0);
}

TRAPS(a_positive_answer_of_a_function_traps)
{
    (void)coro_test_run(in_a_thread(not_an_error));
}

TRAPS(no_function_traps)
{
    (void)coro_test_run(in_a_thread(NULL));
}

ASYNC(makes_one, ARGS(unsigned, threads, unsigned, queue))
{
    ASYNC_BEGIN;
    HOLDS(coro_executor_new(coro_loop_current(), self->threads, self->queue) != NULL);
    ASYNC_END;
}

Test(executor, needs_no_queue_and_starts_no_thread_before_it_must)
{
    EQ(coro_test_run(makes_one(1, 0)), 0);
}

TRAPS(an_executor_without_threads_traps)
{
    (void)coro_test_run(makes_one(0, 1));
}

TRAPS(an_endless_queue_traps)
{
    (void)coro_test_run(makes_one(2, ~0u));
}

ASYNC(runs_no_job)
{
    ASYNC_BEGIN;
    AWAIT(coro_to_thread_abandon(NULL));
    ASYNC_END;
}

TRAPS(no_job_traps)
{
    (void)coro_test_run(runs_no_job());
}

ASYNC(shuts_down, ARGS(coro_duration, timeout), VARS(size_t left; int error; void *result;))
{
    ASYNC_BEGIN;
    AWAIT_CATCH(self->error, self->left, coro_executor_shutdown(NULL, self->timeout));
    say("%d %zu ", self->error, self->left);
    AWAIT(self->result, coro_to_thread(nothing, NULL));
    ASYNC_END;
}

Test(executor, a_default_one_that_was_shut_down_before_its_use_refuses)
{
    EQ(coro_test_run(shuts_down(CORO_SECONDS(1))), CORO_ECLOSED);
    EQ(coro_test_run(shuts_down(0)), CORO_ECLOSED);
    EQ(coro_test_run(shuts_down(CORO_DURATION_INVALID)), CORO_ECLOSED);
    SAID("0 0 0 0 -22 0 ");
}

ASYNC(cancelled_shutdown, VARS(size_t left; int error;))
{
    ASYNC_BEGIN;
    coro_task_cancel(coro_current_task());
    AWAIT_CATCH(self->error, self->left, coro_executor_shutdown(NULL, CORO_SECONDS(1)));
    EQ(self->error, CORO_ECANCELED);
    coro_task_uncancel(coro_current_task());
    AWAIT(in_a_thread(nothing));
    ASYNC_END;
}

Test(executor, a_cancelled_shutdown_has_shut_it_all_the_same)
{
    EQ(coro_test_run(cancelled_shutdown()), CORO_ECLOSED);
}

static int worked;

static int works(void *argument, void **result)
{
    (void)argument, (void)result;
    worked++;
    return 0;
}

static void works_on_job(coro_job *job)
{
    (void)job;
    worked++;
}

static void keeps_job(coro_job *job)
{
    (void)job;
}

ASYNC(works_cancelled, VARS(void *result; int error; coro_job job;))
{
    ASYNC_BEGIN;
    coro_job_init(&self->job, works_on_job, keeps_job);
    coro_task_cancel(coro_current_task());
    AWAIT_CATCH(self->error, self->result, coro_to_thread(works, NULL));
    EQ(self->error, CORO_ECANCELED);
    AWAIT_CATCH(self->error, self->result, coro_run_in_executor(NULL, works, NULL));
    EQ(self->error, CORO_ECANCELED);
    AWAIT_CATCH(self->error, coro_to_thread_abandon(&self->job));
    EQ(self->error, CORO_ECANCELED);
    coro_job_release(&self->job);
    ASYNC_END;
}

Test(executor, work_of_a_cancelled_task_does_not_run)
{
    EQ(coro_test_run(works_cancelled()), 0);
    EQ(worked, 0);
}

/* The pool's memory fails; the heap's does in test_heap.c. */
Test(executor, each_allocation_of_the_loop_may_fail)
{
    for (size_t at = 1;; at++) {
        coro_test_allocator fails = {.fail_at = at};
        coro_test_options options = {.memory = &fails};
        int error = coro_test_run_with(in_a_thread(nothing), &options);
        HOLDS(error == 0 || error == CORO_ENOMEM);
        EQ(fails.live, 0);
        if (fails.failed == 0)
            break;
    }
}

/* --- futures of threads ---------------------------------------------------------------------- */

static coro_thread_future *future;

ASYNC(blocks_its_loop)
{
    ASYNC_BEGIN;
    EQ(coro_thread_future_wait(future, 0), CORO_ETIMEDOUT); /* a look is no wait */
    (void)coro_thread_future_wait(future, CORO_MS(1));
    ASYNC_END;
}

TRAPS(blocking_a_running_loop_traps)
{
    future = coro_thread_future_new();
    (void)coro_test_run(blocks_its_loop());
}

Test(executor, a_future_is_settled_once)
{
    int error;
    future = coro_thread_future_new();
    HOLDS(coro_thread_future_result(future, &error) == NULL);
    EQ(error, CORO_EPENDING);
    EQ(coro_thread_future_set_error(future, CORO_EIO), 0);
    EQ(coro_thread_future_set_error(future, CORO_EPERM), CORO_EALREADY);
    EQ(coro_thread_future_set_result(future, &error), CORO_EALREADY);
    HOLDS(!coro_thread_future_cancel(future));
    HOLDS(coro_thread_future_result(future, &error) == NULL);
    EQ(error, CORO_EIO);
    EQ(coro_thread_future_wait(future, CORO_DURATION_INVALID), CORO_EINVAL);
    coro_thread_future_release(future);
}

TRAPS(an_error_that_is_none_traps)
{
    (void)coro_thread_future_set_error(coro_thread_future_new(), 0);
}

ASYNC(number, RETURNS(int))
{
    ASYNC_BEGIN;
    ASYNC_RETURN(3);
    ASYNC_END;
}

ASYNC(other_number, RETURNS(int))
{
    ASYNC_BEGIN;
    ASYNC_RETURN(4);
    ASYNC_END;
}

ASYNC(takes, ARGS(int, how), VARS(coro_remote *remote; int n; long wide; void *copy; int error;))
{
    ASYNC_BEGIN;
    self->remote = coro_remote_open(coro_loop_current());
    future = coro_run_coroutine_threadsafe(self->remote, number());
    AWAIT(self->copy, coro_thread_future_await(future));
    EQ(*(int *)self->copy, 3);
    if (self->how == 0)
        EQ(CORO_THREAD_RESULT(self->n, number, future), 0);
    else if (self->how == 1)
        (void)CORO_THREAD_RESULT(self->n, other_number, future);
    else
        (void)CORO_THREAD_RESULT(self->wide, number, future);
    EQ(self->n, 3);
    coro_thread_future_release(future);
    coro_remote_release(self->remote);
    ASYNC_END;
}

Test(executor, a_task_may_await_a_coroutine_that_it_sent_to_its_own_loop)
{
    EQ(coro_test_run(takes(0)), 0);
}

TRAPS(taking_the_result_of_another_coroutine_traps)
{
    (void)coro_test_run(takes(1));
}

TRAPS(taking_a_result_of_another_type_traps)
{
    (void)coro_test_run(takes(2));
}

TRAPS(taking_a_coroutines_result_where_none_ran_traps)
{
    int n = 0;
    future = coro_thread_future_new();
    coro_thread_future_set_result(future, NULL);
    (void)CORO_THREAD_RESULT(n, number, future);
}

ASYNC(awaits_null, VARS(void *result;))
{
    ASYNC_BEGIN;
    AWAIT(self->result, coro_thread_future_await(NULL));
    ASYNC_END;
}

TRAPS(awaiting_no_future_traps)
{
    (void)coro_test_run(awaits_null());
}

static coro_any *makes_nothing(void *context, int *error)
{
    (void)context, (void)error;
    return NULL;
}

ASYNC(runs_factory, ARGS(coro_factory, factory), VARS(coro_remote *remote; void *result;))
{
    ASYNC_BEGIN;
    self->remote = coro_remote_open(coro_loop_current());
    future = coro_run_factory_threadsafe(self->remote, self->factory, NULL);
    AWAIT(self->result, coro_thread_future_await(future));
    ASYNC_END;
}

TRAPS(a_factory_that_makes_nothing_and_says_nothing_traps)
{
    (void)coro_test_run(runs_factory(makes_nothing));
}

TRAPS(no_factory_traps)
{
    (void)coro_test_run(runs_factory(NULL));
}

ASYNC(two_loops, VARS(void *result;))
{
    ASYNC_BEGIN;
    AWAIT(self->result, coro_thread_future_await(future));
    ASYNC_END;
}

ASYNC(gives_up, VARS(coro_task *task;))
{
    ASYNC_BEGIN;
    self->task = coro_create_task(two_loops());
    AWAIT(coro_yield());
    coro_loop_stop(coro_loop_current());
    AWAIT(coro_sleep(CORO_MS(1)));
  ASYNC_FINALLY:
    coro_task_release(self->task);
    ASYNC_END;
}

Test(executor, a_future_is_awaited_by_tasks_of_one_loop)
{
    coro_loop first;
    future = coro_thread_future_new();
    EQ(coro_test_loop_init(&first, 0), 0);
    EQ(coro_loop_run_until_complete(&first, gives_up()), CORO_ESTOPPED);
    EQ(coro_test_run(two_loops()), CORO_EWRONGLOOP);
    coro_loop_close(&first); /* cancels the wait, and with it the future */
    EQ(coro_thread_future_cancelled(future), true);
    coro_thread_future_release(future);
}
