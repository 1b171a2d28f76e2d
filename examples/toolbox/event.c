/* SPDX-License-Identifier: MIT */
/* event.c: a callback sets an event after 0.1 s, and both tasks that wait for it go on. */
#include <coro/coro.h>
#include <stdio.h>

static coro_event ready = CORO_EVENT_INIT;

static void set(void *context)
{
    puts("the event is set");
    coro_event_set(context);
}

ASYNC(waits, ARGS(const char *, name))
{
    ASYNC_BEGIN;
    printf("%s waits\n", self->name);
    AWAIT(coro_event_wait(&ready));
    printf("%s goes on\n", self->name);
    ASYNC_END;
}

ASYNC(main_async, VARS(coro_handle handle; coro_group group; int error;))
{
    ASYNC_BEGIN;
    self->error = coro_loop_call_later(coro_loop_current(), &self->handle, CORO_MS(100), set,
                                       &ready);
    if (self->error != 0)
        ASYNC_THROW(self->error);
    CORO_GROUP(self->group) {
        coro_group_create_task(&self->group, waits("one"));
        coro_group_create_task(&self->group, waits("two"));
    }
    printf("is it set? %s\n", coro_event_is_set(&ready) ? "yes" : "no");
    ASYNC_END;
}

int main(void)
{
    return coro_main(main_async());
}
