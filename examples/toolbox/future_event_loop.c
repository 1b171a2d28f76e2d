/* SPDX-License-Identifier: MIT */
/* future_event_loop.c: a callback sets the result of a future; the loop runs until it is there. */
#include <coro/coro.h>
#include <stdio.h>

struct order {
    coro_handle handle;
    coro_future ready;
};

static void deliver(void *context)
{
    static char what[] = "one pot of tea";
    struct order *order = context;
    puts("a callback delivers");
    coro_future_set_result(&order->ready, what);
}

ASYNC(ask, ARGS(struct order *, order), VARS(const char *what;))
{
    ASYNC_BEGIN;
    coro_loop_call_soon(coro_loop_current(), &self->order->handle, deliver, self->order);
    printf("is it there? %s\n", coro_future_done(&self->order->ready) ? "yes" : "not yet");
    AWAIT(self->what, coro_future_wait(&self->order->ready));
    ASYNC_END;
}

int main(void)
{
    struct order order = {CORO_HANDLE_INIT, CORO_FUTURE_INIT};
    int status = coro_main(ask(&order)), error;
    const char *what = coro_future_result(&order.ready, &error); /* a future outlives its loop */
    printf("the result: %s\n", what != NULL ? what : coro_strerror(error));
    return status;
}
