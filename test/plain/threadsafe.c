/* SPDX-License-Identifier: MIT */
/*
 * threadsafe.c - calls from other threads into a loop. For TSan and valgrind.
 *
 * in_thread(function) runs a program in a thread of its own, beside a loop that serves it.
 */
#include "require.h"

#include <coro/context.h>
#include <coro/run.h>
#include <coro/scope.h>
#include <coro/thread_future.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* --- a loop that serves a thread ---------------------------------------------------------- */

static coro_remote *remote;
static coro_remote_flag ended;
static void (*program)(void);

static void *thread_main(void *unused)
{
    program();
    REQUIRE(coro_remote_flag_set(remote, &ended) == 0);
    return unused;
}

ASYNC(serve, VARS(pthread_t thread;))
{
    ASYNC_BEGIN;
    remote = coro_remote_open(coro_loop_current());
    REQUIRE(remote != NULL);
    coro_remote_flag_init(&ended);
    REQUIRE(pthread_create(&self->thread, NULL, thread_main, NULL) == 0);
    AWAIT(coro_remote_flag_wait(&ended));
    REQUIRE(pthread_join(self->thread, NULL) == 0);
    coro_remote_release(remote);
    ASYNC_END;
}

static void in_thread(void (*function)(void))
{
    program = function;
    REQUIRE(coro_run(serve()) == 0);
}

/* --- coroutines for it -------------------------------------------------------------------- */

static atomic_int started, finished, cancelled, dropped;

static void drop_int(int number)
{
    (void)number;
    atomic_fetch_add(&dropped, 1);
}

ASYNC(add, RETURNS(int, drop_int), ARGS(int, a, int, b, long, ms, int, error))
{
    ASYNC_BEGIN;
    atomic_fetch_add(&started, 1);
    if (self->ms > 0)
        AWAIT(coro_sleep(CORO_MS(self->ms)));
    if (self->error != 0)
        ASYNC_THROW(self->error);
    ASYNC_RETURN(self->a + self->b);
  ASYNC_FINALLY:
    atomic_fetch_add(&finished, 1);
    if (self->coro.error == CORO_ECANCELED)
        atomic_fetch_add(&cancelled, 1);
    ASYNC_END;
}

ASYNC(cancels_itself)
{
    ASYNC_BEGIN;
    coro_task_cancel(coro_current_task());
    AWAIT(coro_yield());
    ASYNC_END;
}

static void start(void)
{
    atomic_store(&started, 0);
    atomic_store(&finished, 0);
    atomic_store(&cancelled, 0);
    atomic_store(&dropped, 0);
}

static void until(atomic_int *number, int value)
{
    for (int i = 0; i < 10000 && atomic_load(number) < value; i++)
        pause_ms(1);
    REQUIRE(atomic_load(number) == value);
}

/* --- c047 --------------------------------------------------------------------------------- */

static void gets_a_result(void)
{
    for (int i = 0; i < 100; i++) {
        coro_thread_future *future = coro_run_coroutine_threadsafe(remote, add(1, 2, i % 3, 0));
        int sum = 0, error = 0;
        REQUIRE(future != NULL);
        REQUIRE(coro_thread_future_wait(future, CORO_FOREVER) == 0);
        REQUIRE(CORO_THREAD_RESULT(sum, add, future) == 0 && sum == 3);
        REQUIRE(*(int *)coro_thread_future_result(future, &error) == 3 && error == 0);
        REQUIRE(!coro_thread_future_cancel(future));
        REQUIRE(coro_thread_future_set_result(future, NULL) == CORO_EALREADY);
        coro_thread_future_release(future);
    }
}

static void times_out(void)
{
    coro_thread_future *future = coro_run_coroutine_threadsafe(remote, add(1, 2, 60000, 0));
    int sum = 5;
    REQUIRE(coro_thread_future_wait(future, CORO_MS(5)) == CORO_ETIMEDOUT);
    REQUIRE(CORO_THREAD_RESULT(sum, add, future) == CORO_EPENDING && sum == 5);
    REQUIRE(!coro_thread_future_done(future));
    REQUIRE(coro_thread_future_cancel(future));
    REQUIRE(coro_thread_future_cancelled(future));
    REQUIRE(coro_thread_future_wait(future, 0) == CORO_ECANCELED);
    coro_thread_future_release(future);
    until(&cancelled, 1); /* the task is not left behind */
}

static void is_told_of_a_cancelled_task(void)
{
    coro_thread_future *future = coro_run_coroutine_threadsafe(remote, cancels_itself());
    REQUIRE(coro_thread_future_wait(future, CORO_FOREVER) == CORO_ECANCELED);
    REQUIRE(coro_thread_future_cancelled(future));
    coro_thread_future_release(future);
}

static void cancels_at_once(void)
{
    coro_thread_future *future = coro_run_coroutine_threadsafe(remote, add(1, 2, 60000, 0));
    REQUIRE(coro_thread_future_cancel(future));
    REQUIRE(!coro_thread_future_cancel(future));
    coro_thread_future_release(future);
    until(&cancelled, 1);
    REQUIRE(atomic_load(&started) == 1); /* a body always starts */
}

static void gets_an_error(void)
{
    coro_thread_future *future =
        coro_run_coroutine_threadsafe(remote, add(1, 2, 1, CORO_EHOSTUNREACH));
    int sum = 5;
    REQUIRE(coro_thread_future_wait(future, CORO_SECONDS(60)) == CORO_EHOSTUNREACH);
    REQUIRE(CORO_THREAD_RESULT(sum, add, future) == CORO_EHOSTUNREACH && sum == 5);
    coro_thread_future_release(future);
}

static void leaves_a_result(void)
{
    coro_thread_future *future = coro_run_coroutine_threadsafe(remote, add(1, 2, 0, 0));
    REQUIRE(coro_thread_future_wait(future, CORO_FOREVER) == 0);
    coro_thread_future_release(future);
    until(&dropped, 1);
    coro_thread_future_release(coro_run_coroutine_threadsafe(remote, add(1, 2, 1, 0)));
    until(&dropped, 2);
    coro_thread_future_release(NULL);
}

static void waits_for_a_call_of_the_library(void)
{
    coro_thread_future *future = coro_run_coroutine_threadsafe(remote, coro_sleep(CORO_MS(1)));
    REQUIRE(coro_thread_future_wait(future, CORO_FOREVER) == 0);
    coro_thread_future_release(future);
    future = coro_run_coroutine_threadsafe(remote, coro_wait_for(add(2, 2, 0, 0), CORO_MS(9000)));
    int sum = 0;
    REQUIRE(coro_thread_future_wait(future, CORO_FOREVER) == 0);
    REQUIRE(CORO_THREAD_RESULT(sum, add, future) == 0 && sum == 4);
    coro_thread_future_release(future);
}

static coro_any *makes(void *context, int *error)
{
    int *number = context;
    REQUIRE(coro_loop_current() != NULL); /* in the loop's thread */
    if (*number < 0) {
        *error = *number;
        return NULL;
    }
    return (coro_any *)(void *)add(*number, 1, 0, 0);
}

static void gives_a_factory(void)
{
    int number = 41, sum = 0, bad = CORO_EPERM;
    coro_thread_future *future = coro_run_factory_threadsafe(remote, makes, &number);
    REQUIRE(coro_thread_future_wait(future, CORO_FOREVER) == 0);
    REQUIRE(CORO_THREAD_RESULT(sum, add, future) == 0 && sum == 42);
    coro_thread_future_release(future);
    future = coro_run_factory_threadsafe(remote, makes, &bad);
    REQUIRE(coro_thread_future_wait(future, CORO_FOREVER) == CORO_EPERM);
    coro_thread_future_release(future);
}

CORO_CONTEXT_VAR(int, request, -1);

ASYNC(reads_request, RETURNS(int))
{
    ASYNC_BEGIN;
    ASYNC_RETURN(coro_context_get(request));
    ASYNC_END;
}

static void carries_its_context(void)
{
    coro_context context = CORO_CONTEXT_INIT;
    coro_thread_future *future;
    int seen = 0;
    REQUIRE(coro_context_enter(&context) == 0);
    REQUIRE(coro_context_set(request, 7, NULL) == 0);
    future = coro_run_coroutine_threadsafe(remote, reads_request());
    REQUIRE(coro_context_set(request, 8, NULL) == 0); /* too late */
    coro_context_leave(&context);
    coro_context_clear(&context);
    REQUIRE(coro_thread_future_wait(future, CORO_FOREVER) == 0);
    REQUIRE(CORO_THREAD_RESULT(seen, reads_request, future) == 0 && seen == 7);
    coro_thread_future_release(future);
}

static void c047_a_coroutine_runs_for_another_thread(void)
{
    start();
    in_thread(gets_a_result);
    REQUIRE(atomic_load(&dropped) == 0);
    start();
    in_thread(times_out);
    start();
    in_thread(is_told_of_a_cancelled_task);
    in_thread(cancels_at_once);
    start();
    in_thread(gets_an_error);
    in_thread(leaves_a_result);
    in_thread(waits_for_a_call_of_the_library);
    in_thread(gives_a_factory);
    in_thread(carries_its_context);
}

/* --- a loop that is gone ------------------------------------------------------------------ */

ASYNC(opens)
{
    ASYNC_BEGIN;
    remote = coro_remote_open(coro_loop_current());
    ASYNC_END;
}

static void set_int(void *context)
{
    ++*(int *)context;
}

static coro_thread_future *shared;

static void a_closed_loop_says_so(void)
{
    coro_thread_future *future;
    coro_remote_call call;
    int number = 1;
    start();
    REQUIRE(coro_run(opens()) == 0);
    future = coro_run_coroutine_threadsafe(remote, add(1, 2, 0, 0));
    REQUIRE(coro_thread_future_wait(future, CORO_FOREVER) == CORO_ECLOSED);
    coro_thread_future_release(future);
    future = coro_run_factory_threadsafe(remote, makes, &number);
    REQUIRE(coro_thread_future_wait(future, CORO_FOREVER) == CORO_ECLOSED);
    coro_thread_future_release(future);
    REQUIRE(coro_loop_call_soon_threadsafe(remote, &call, set_int, &number) == CORO_ECLOSED);
    REQUIRE(number == 1 && atomic_load(&started) == 0);
    coro_remote_release(remote);
}

static coro_remote_call last_call;
static int last_number;

ASYNC(posts_and_ends)
{
    ASYNC_BEGIN;
    remote = coro_remote_open(coro_loop_current());
    shared = coro_run_coroutine_threadsafe(remote, add(1, 2, 0, 0)); /* from a loop's own pool */
    REQUIRE(coro_loop_call_soon_threadsafe(remote, &last_call, set_int, &last_number) == 0);
    ASYNC_END;
}

static void what_a_closing_loop_finds_is_refused_or_run(void)
{
    start();
    REQUIRE(coro_run(posts_and_ends()) == 0);
    REQUIRE(last_number == 1);
    REQUIRE(coro_thread_future_wait(shared, CORO_FOREVER) == CORO_ECLOSED);
    REQUIRE(atomic_load(&started) == 0);
    coro_thread_future_release(shared);
    coro_remote_release(remote);
}

static void runs_while_the_loop_closes(void)
{
    shared = coro_run_coroutine_threadsafe(remote, add(1, 2, 60000, 0));
    until(&started, 1);
}

static void a_closing_loop_cancels_the_task(void)
{
    start();
    in_thread(runs_while_the_loop_closes);
    REQUIRE(coro_thread_future_wait(shared, CORO_FOREVER) == CORO_ECANCELED);
    coro_thread_future_release(shared);
}

ASYNC(will_not_end, VARS(int error;))
{
    ASYNC_BEGIN;
    atomic_fetch_add(&started, 1);
    for (;;) /* a task that takes no notice */
        AWAIT_CATCH(self->error, coro_yield());
    ASYNC_END;
}

static void runs_a_stubborn_task(void)
{
    shared = coro_run_coroutine_threadsafe(remote, will_not_end());
    until(&started, 1);
}

static void no_report(void *context, const coro_report *report)
{
    (void)context, (void)report;
}

/* Its task is freed as it stands; who waits for it is told. */
static void nobody_waits_for_a_task_that_would_not_end(void)
{
    coro_loop_options options = {.report = no_report};
    start();
    program = runs_a_stubborn_task;
    REQUIRE(coro_run_with(serve(), &options) == 0);
    REQUIRE(coro_thread_future_wait(shared, CORO_FOREVER) == CORO_ECANCELED);
    coro_thread_future_release(shared);
}

/* --- callbacks ---------------------------------------------------------------------------- */

#define CALLS 2000

static coro_remote_call calls[CALLS];
static int order[CALLS], called;
static atomic_int called_all;

static void note(void *context)
{
    REQUIRE(coro_current_task() == NULL);
    order[called++] = (int)((coro_remote_call *)context - calls);
    if (called == CALLS)
        atomic_store(&called_all, 1);
}

static void calls_many(void)
{
    for (int i = 0; i < CALLS; i++) {
        REQUIRE(coro_loop_call_soon_threadsafe(remote, &calls[i], note, &calls[i]) == 0);
        if (i % 100 == 0)
            pause_ms(1); /* the loop falls asleep */
    }
    until(&called_all, 1);
}

ASYNC(says, ARGS(int, number))
{
    ASYNC_BEGIN;
    order[called++] = self->number;
    ASYNC_END;
}

ASYNC(mixes, VARS(coro_task *task;))
{
    ASYNC_BEGIN;
    called = 0;
    remote = coro_remote_open(coro_loop_current());
    self->task = coro_create_task(says(7));
    REQUIRE(coro_loop_call_soon_threadsafe(remote, &calls[3], note, &calls[3]) == 0);
    AWAIT(coro_yield());
    AWAIT(coro_yield());
    REQUIRE(called == 2 && order[0] == 7 && order[1] == 3);
    coro_task_release(self->task);
    coro_remote_release(remote);
    ASYNC_END;
}

static void calls_run_in_order_and_behind_who_was_ready(void)
{
    called = 0;
    in_thread(calls_many);
    for (int i = 0; i < CALLS; i++)
        REQUIRE(order[i] == i);
    REQUIRE(coro_run(mixes()) == 0);
}

/* A million turns of one thread: nothing that TSan could see, and a minute of its time. */
static bool is_slow(void)
{
#if defined(__SANITIZE_THREAD__)
    return true;
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
    return true;
#endif
#endif
    return getenv("CORO_TEST_SLOW") != NULL;
}

int main(void)
{
    c047_a_coroutine_runs_for_another_thread();
    a_closed_loop_says_so();
    what_a_closing_loop_finds_is_refused_or_run();
    a_closing_loop_cancels_the_task();
    if (!is_slow())
        nobody_waits_for_a_task_that_would_not_end();
    calls_run_in_order_and_behind_who_was_ready();
    puts("threadsafe: ok");
    return 0;
}
