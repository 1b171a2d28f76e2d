/* SPDX-License-Identifier: MIT */
/* threadsafe.c: another thread has a coroutine run in the loop, and waits for its result. */
#include <coro/coro.h>
#include <pthread.h>
#include <stdio.h>

ASYNC(square, RETURNS(int), ARGS(int, of))
{
    ASYNC_BEGIN;
    AWAIT(coro_sleep(CORO_MS(1)));
    printf("in the loop: the square of %d\n", self->of);
    ASYNC_RETURN(self->of * self->of);
    ASYNC_END;
}

struct visitor {
    pthread_t thread;
    coro_remote *loop; /* threads never hold the loop itself */
    coro_remote_flag gone;
    int result, error;
};

static void *visit(void *argument)
{
    struct visitor *self = argument;
    coro_thread_future *future = coro_run_coroutine_threadsafe(self->loop, square(7));
    self->error = CORO_ENOMEM;
    if (future != NULL) {
        self->error = coro_thread_future_wait(future, CORO_FOREVER);
        if (self->error == 0)
            self->error = CORO_THREAD_RESULT(self->result, square, future);
        coro_thread_future_release(future);
    }
    coro_remote_flag_set(self->loop, &self->gone);
    return NULL;
}

ASYNC(main_async, VARS(struct visitor visitor;))
{
    ASYNC_BEGIN;
    coro_remote_flag_init(&self->visitor.gone);
    self->visitor.loop = coro_remote_open(coro_loop_current());
    if (self->visitor.loop == NULL ||
        pthread_create(&self->visitor.thread, NULL, visit, &self->visitor) != 0)
        ASYNC_THROW(CORO_ENOMEM);
    AWAIT(coro_remote_flag_wait(&self->visitor.gone)); /* the loop goes on meanwhile */
    pthread_join(self->visitor.thread, NULL);
    printf("in the thread: %d (%s)\n", self->visitor.result, coro_strerror(self->visitor.error));
  ASYNC_FINALLY:
    coro_remote_release(self->visitor.loop);
    ASYNC_END;
}

int main(void)
{
    return coro_main(main_async());
}
