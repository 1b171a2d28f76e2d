/* SPDX-License-Identifier: MIT */
/* call_at.c: functions called at points in time of the loop's own clock, which never goes back. */
#include <coro/coro.h>
#include <stdio.h>

static coro_time began;

static void say(void *context)
{
    double seconds = (double)(coro_loop_time(coro_loop_current()) - began) / CORO_SECONDS(1);
    printf("%s: at %.1f s\n", (const char *)context, seconds);
}

ASYNC(main_async, VARS(coro_loop *loop; coro_handle later, sooner, past;))
{
    static char later[] = "later", sooner[] = "sooner", past[] = "already over, so at once";
    int error;
    ASYNC_BEGIN;
    self->loop = coro_loop_current();
    began = coro_loop_time(self->loop);
    error = coro_loop_call_at(self->loop, &self->later, began + CORO_MS(200), say, later);
    if (error == 0)
        error = coro_loop_call_at(self->loop, &self->sooner, began + CORO_MS(100), say, sooner);
    if (error == 0)
        error = coro_loop_call_at(self->loop, &self->past, began - CORO_MS(100), say, past);
    if (error != 0)
        ASYNC_THROW(error);
    AWAIT(coro_sleep(CORO_MS(300)));
    ASYNC_END;
}

int main(void)
{
    return coro_main(main_async());
}
