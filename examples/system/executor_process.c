/* SPDX-License-Identifier: MIT */
/* executor_process.c: six long calculations, in three processes, while the loop goes on. */
#include <coro/coro.h>
#include <stdio.h>
#include <string.h>

enum { JOBS = 6, WORKERS = 3 };

/* In a worker, which shares nothing with us but the program. */
static int square(const void *data, size_t size, coro_bytes *reply)
{
    int of;
    if (size != sizeof of)
        return CORO_EINVAL;
    memcpy(&of, data, sizeof of);
    of *= of;
    return coro_bytes_append(reply, &of, sizeof of);
}

static const coro_worker workers[] = {{"square", square}, {NULL, NULL}};

/* One call, awaited like any other. */
ASYNC(squared, ARGS(coro_process_pool *, pool, int, of), RETURNS(int),
      VARS(coro_bytes reply; int answer;))
{
    ASYNC_BEGIN;
    AWAIT(coro_process_pool_call(self->pool, "square", &self->of, sizeof self->of,
                                 sizeof self->answer, &self->reply));
    memcpy(&self->answer, self->reply.data, sizeof self->answer);
    ASYNC_RETURN(self->answer);
  ASYNC_FINALLY:
    coro_bytes_free(&self->reply);
    ASYNC_END;
}

ASYNC(main_async, VARS(coro_process_pool *pool; int i, results[JOBS];
                       coro_gather_item calls[JOBS];))
{
    ASYNC_BEGIN;
    self->pool = coro_process_pool_new(WORKERS);
    if (self->pool == NULL)
        ASYNC_THROW(CORO_ENOMEM);
    for (self->i = 0; self->i < JOBS; self->i++)
        self->calls[self->i] = coro_into(&self->results[self->i], squared(self->pool, self->i));
    printf("%d jobs for %d processes\n", JOBS, WORKERS);
    AWAIT(coro_gather_array(self->calls, JOBS, NULL));
    for (self->i = 0; self->i < JOBS; self->i++)
        printf("%d squared is %d\n", self->i, self->results[self->i]);
    printf("workers that were needed: %u\n", coro_process_pool_workers(self->pool));
  ASYNC_FINALLY:
    AWAIT(coro_process_pool_close(&self->pool));
    ASYNC_END;
}

int main(int argc, char **argv)
{
    coro_worker_main(argc, argv, workers); /* in a worker it does not return */
    return coro_main(main_async());
}
