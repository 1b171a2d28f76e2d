/* SPDX-License-Identifier: MIT */
/*
 * thread_future.c - results that threads and a loop give each other. For TSan and valgrind.
 */
#include "require.h"

#include <coro/run.h>
#include <coro/scope.h>
#include <coro/test.h>
#include <coro/thread_future.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* --- c022: awaited by a task -------------------------------------------------------------- */

typedef struct promise {
    coro_thread_future *future;
    int outcome; /* 0: a result */
    long ms;
} promise;

static void *keep_promise(void *argument)
{
    promise *self = argument;
    pause_ms(self->ms);
    if (self->outcome == 0)
        coro_thread_future_set_result(self->future, self);
    else if (self->outcome == CORO_ECANCELED)
        coro_thread_future_cancel(self->future);
    else
        coro_thread_future_set_error(self->future, self->outcome);
    coro_thread_future_release(self->future);
    return NULL;
}

ASYNC(awaits, RETURNS(int), ARGS(coro_thread_future *, future, void *, expected),
      VARS(int error; void *got;))
{
    ASYNC_BEGIN;
    AWAIT_CATCH(self->error, self->got, coro_thread_future_await(self->future));
    REQUIRE(self->error != 0 || self->got == self->expected);
    ASYNC_RETURN(self->error);
    ASYNC_END;
}

ASYNC(awaits_a_thread, ARGS(int, outcome, long, ms),
      VARS(promise promise; pthread_t thread; coro_task *task[3]; int i, error;))
{
    ASYNC_BEGIN;
    self->promise = (promise){coro_thread_future_new(), self->outcome, self->ms};
    coro_thread_future_retain(self->promise.future);
    for (self->i = 0; self->i < 3; self->i++)
        self->task[self->i] =
            coro_create_task(awaits(self->promise.future, &self->promise));
    REQUIRE(pthread_create(&self->thread, NULL, keep_promise, &self->promise) == 0);
    for (self->i = 0; self->i < 3; self->i++) {
        CORO_JOIN(self->error, awaits, self->task[self->i]);
        REQUIRE(self->error == self->outcome);
        coro_task_release(self->task[self->i]);
    }
    AWAIT(self->error, awaits(self->promise.future, &self->promise)); /* at once */
    REQUIRE(self->error == self->outcome);
    REQUIRE(pthread_join(self->thread, NULL) == 0);
    coro_thread_future_release(self->promise.future);
    ASYNC_END;
}

ASYNC(cancels_the_await, VARS(coro_thread_future *future; coro_task *task; int error;))
{
    ASYNC_BEGIN;
    self->future = coro_thread_future_new();
    self->task = coro_create_task(awaits(self->future, NULL));
    AWAIT(coro_yield());
    coro_task_cancel(self->task);
    REQUIRE(coro_thread_future_cancelled(self->future)); /* a thread sees it from here on */
    REQUIRE(coro_thread_future_set_result(self->future, NULL) == CORO_EALREADY);
    CORO_JOIN(self->error, awaits, self->task);
    REQUIRE(self->error == CORO_ECANCELED);
    coro_task_release(self->task);
    coro_thread_future_release(self->future);
    self->future = coro_thread_future_new();
    AWAIT_CATCH(self->error, coro_wait_for(coro_thread_future_await(self->future), CORO_MS(3)));
    REQUIRE(self->error == CORO_ETIMEDOUT && coro_thread_future_cancelled(self->future));
    coro_thread_future_release(self->future);
    self->future = coro_thread_future_new(); /* a value that has arrived beats a later cancel */
    self->task = coro_create_task(awaits(self->future, &self->error));
    AWAIT(coro_yield());
    coro_thread_future_set_result(self->future, &self->error);
    coro_task_cancel(self->task);
    CORO_JOIN(self->error, awaits, self->task);
    REQUIRE(self->error == 0);
    coro_task_release(self->task);
    coro_task_cancel(coro_current_task());
    coro_thread_future_release(self->future);
    self->future = coro_thread_future_new();
    AWAIT(self->error, awaits(self->future, NULL));
    REQUIRE(self->error == CORO_ECANCELED && coro_thread_future_cancelled(self->future));
    coro_thread_future_release(self->future);
    ASYNC_END;
}

static void c022_a_cancel_goes_both_ways(void)
{
    for (long ms = 0; ms < 3; ms++) {
        REQUIRE(coro_run(awaits_a_thread(0, ms)) == 0);
        REQUIRE(coro_run(awaits_a_thread(CORO_EPIPE, ms)) == 0);
        REQUIRE(coro_run(awaits_a_thread(CORO_ECANCELED, ms)) == 0);
    }
    REQUIRE(coro_run(cancels_the_await()) == 0);
    REQUIRE(coro_test_run(cancels_the_await()) == 0);
}

ASYNC(awaits_here, ARGS(coro_thread_future *, future), VARS(void *got;))
{
    ASYNC_BEGIN;
    AWAIT(self->got, coro_thread_future_await(self->future));
    ASYNC_END;
}

static coro_thread_future *shared;

ASYNC(first_loop, VARS(coro_task *task;))
{
    ASYNC_BEGIN;
    self->task = coro_create_task(awaits(shared, NULL));
    AWAIT(coro_yield());
    coro_task_release(self->task); /* the loop's close cancels it, and so the future */
    ASYNC_END;
}

static void one_loop_at_most_awaits_it(void)
{
    int error;
    shared = coro_thread_future_new();
    REQUIRE(coro_thread_future_result(shared, &error) == NULL && error == CORO_EPENDING);
    REQUIRE(coro_run(first_loop()) == 0);
    REQUIRE(coro_thread_future_cancelled(shared));
    REQUIRE(coro_run(awaits_here(shared)) == CORO_ECANCELED); /* done: any loop may look */
    coro_thread_future_release(shared);
}

/* --- threads among themselves ------------------------------------------------------------- */

static void *set_shared(void *number)
{
    pause_ms(1);
    return coro_thread_future_set_result(shared, number) == 0 ? number : NULL;
}

static void *wait_shared(void *unused)
{
    int error;
    (void)unused;
    REQUIRE(coro_thread_future_wait(shared, CORO_SECONDS(60)) == 0);
    return coro_thread_future_result(shared, &error);
}

static void the_first_of_many_threads_sets_it(void)
{
    static int numbers[4];
    for (int round = 0; round < 20; round++) {
        pthread_t setters[4], waiters[4];
        void *winner = NULL, *got;
        shared = coro_thread_future_new();
        REQUIRE(coro_thread_future_wait(shared, 0) == CORO_ETIMEDOUT);
        REQUIRE(coro_thread_future_wait(shared, -1) == CORO_ETIMEDOUT);
        REQUIRE(coro_thread_future_wait(shared, CORO_MS(1)) == CORO_ETIMEDOUT);
        REQUIRE(coro_thread_future_wait(shared, CORO_DURATION_INVALID) == CORO_EINVAL);
        for (int i = 0; i < 4; i++) {
            REQUIRE(pthread_create(&waiters[i], NULL, wait_shared, NULL) == 0);
            REQUIRE(pthread_create(&setters[i], NULL, set_shared, &numbers[i]) == 0);
        }
        for (int i = 0; i < 4; i++) {
            REQUIRE(pthread_join(setters[i], &got) == 0);
            REQUIRE(got == NULL || winner == NULL);
            winner = got != NULL ? got : winner;
        }
        for (int i = 0; i < 4; i++)
            REQUIRE(pthread_join(waiters[i], &got) == 0 && got == winner);
        coro_thread_future_release(shared);
    }
}

int main(void)
{
    c022_a_cancel_goes_both_ways();
    one_loop_at_most_awaits_it();
    the_first_of_many_threads_sets_it();
    puts("thread_future: ok");
    return 0;
}
