/* SPDX-License-Identifier: MIT */
/* executor_thread.c: six calls that block, in three threads, while the loop goes on. */
#define _POSIX_C_SOURCE 200809L /* nanosleep */
#include <coro/coro.h>
#include <stdio.h>
#include <time.h>

enum { JOBS = 6, THREADS = 3 };

struct square {
    int of, result;
};

/* In a thread: it may block, and knows nothing of the loop. */
static int square(void *argument, void **result)
{
    struct square *job = argument;
    struct timespec pause = {0, 2000000};
    nanosleep(&pause, NULL);
    job->result = job->of * job->of;
    *result = &job->result;
    return 0;
}

/* In the loop: one call, awaited like any other. */
ASYNC(squared, ARGS(coro_executor *, threads, int, of), RETURNS(int),
      VARS(struct square job; int *square;))
{
    ASYNC_BEGIN;
    self->job.of = self->of;
    AWAIT(self->square, coro_run_in_executor(self->threads, square, &self->job));
    ASYNC_RETURN(*self->square);
    ASYNC_END;
}

ASYNC(main_async, VARS(coro_executor *threads; size_t left; int i, results[JOBS];
                       coro_gather_item calls[JOBS];))
{
    ASYNC_BEGIN;
    self->threads = coro_executor_new(coro_loop_current(), THREADS, JOBS);
    if (self->threads == NULL)
        ASYNC_THROW(CORO_ENOMEM);
    for (self->i = 0; self->i < JOBS; self->i++)
        self->calls[self->i] = coro_into(&self->results[self->i], squared(self->threads, self->i));
    printf("%d jobs for %d threads\n", JOBS, THREADS);
    AWAIT(coro_gather_array(self->calls, JOBS, NULL));
    for (self->i = 0; self->i < JOBS; self->i++)
        printf("%d squared is %d\n", self->i, self->results[self->i]);
    AWAIT(self->left, coro_executor_shutdown(self->threads, CORO_SECONDS(1)));
    printf("jobs that still run: %zu\n", self->left);
    ASYNC_END;
}

int main(void)
{
    return coro_main(main_async());
}
