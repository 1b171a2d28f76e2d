/* SPDX-License-Identifier: MIT */
/* future_callback.c: functions to be called when a future is done, each with its argument. */
#include <coro/coro.h>
#include <stdio.h>

static void done(coro_future *future, void *context)
{
    int error;
    const char *result = coro_future_result(future, &error);
    printf("callback %s: %s\n", (const char *)context, result != NULL ? result : "no result");
}

ASYNC(main_async, VARS(coro_future future; coro_future_callback first, second, third;))
{
    static char first[] = "1", second[] = "2", third[] = "3", value[] = "the result";
    ASYNC_BEGIN;
    coro_future_init(&self->future);
    coro_future_add_done_callback(&self->future, &self->first, done, first);
    coro_future_add_done_callback(&self->future, &self->second, done, second);
    coro_future_add_done_callback(&self->future, &self->third, done, third);
    printf("taken back: %zu\n", coro_future_remove_done_callback(&self->future, done, third));
    coro_future_set_result(&self->future, value);
    puts("set; nobody was called yet");
    AWAIT(coro_yield());
    ASYNC_END;
}

int main(void)
{
    return coro_main(main_async());
}
