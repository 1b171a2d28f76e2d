/* SPDX-License-Identifier: MIT */
/* call_later.c: plain functions that the loop calls after a while; the sooner one comes first. */
#include <coro/coro.h>
#include <stdio.h>

static void say(void *context)
{
    puts(context);
}

ASYNC(main_async, VARS(coro_loop *loop; coro_handle slow, quick, soon, never;))
{
    static char slow[] = "after 0.2 s", quick[] = "after 0.1 s", soon[] = "in the next turn";
    ASYNC_BEGIN;
    self->loop = coro_loop_current();
    if (coro_loop_call_later(self->loop, &self->slow, CORO_MS(200), say, slow) != 0 ||
        coro_loop_call_later(self->loop, &self->quick, CORO_MS(100), say, quick) != 0 ||
        coro_loop_call_later(self->loop, &self->never, CORO_MS(150), say, slow) != 0)
        ASYNC_THROW(CORO_ENOMEM); /* the only way in which it can fail */
    coro_loop_call_soon(self->loop, &self->soon, say, soon);
    printf("one is taken back: %s\n", coro_handle_cancel(&self->never) ? "yes" : "no");
    AWAIT(coro_sleep(CORO_MS(400)));
    ASYNC_END;
}

int main(void)
{
    return coro_main(main_async());
}
