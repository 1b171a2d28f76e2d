/* SPDX-License-Identifier: MIT */
/* call_soon.c: plain functions that the loop calls in its next turn, each with its argument. */
#include <coro/coro.h>
#include <stdio.h>

struct visit {
    coro_handle handle; /* its place in the loop, in our memory */
    const char *name;
    int times;
};

static void visit(void *context)
{
    struct visit *who = context;
    printf("%s, visit %d\n", who->name, ++who->times);
}

ASYNC(main_async, VARS(struct visit first, second;))
{
    ASYNC_BEGIN;
    self->first.name = "first";
    self->second.name = "second";
    coro_loop_call_soon(coro_loop_current(), &self->first.handle, visit, &self->first);
    coro_loop_call_soon(coro_loop_current(), &self->second.handle, visit, &self->second);
    puts("asked for; none was called yet");
    AWAIT(coro_sleep(CORO_MS(100)));

    /* One handle is for one call at a time; it has been called, so it can be used again. */
    coro_loop_call_soon(coro_loop_current(), &self->first.handle, visit, &self->first);
    AWAIT(coro_yield());
    printf("%d visits\n", self->first.times + self->second.times);
    ASYNC_END;
}

int main(void)
{
    return coro_main(main_async());
}
