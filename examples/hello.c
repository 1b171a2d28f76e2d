/* SPDX-License-Identifier: MIT */
/* hello.c: three tasks at once, in one thread; all of it takes 0.3 seconds, not 0.6. */
#include <coro/coro.h>
#include <stdio.h>

ASYNC(greet, ARGS(const char *, name, int, delay_ms))
{
    ASYNC_BEGIN;
    AWAIT(coro_sleep(CORO_MS(self->delay_ms)));
    printf("hello, %s\n", self->name);
    ASYNC_END;
}

ASYNC(main_async, VARS(coro_group group;))
{
    ASYNC_BEGIN;
    CORO_GROUP(self->group) {
        coro_group_create_task(&self->group, greet("later", 300));
        coro_group_create_task(&self->group, greet("soon", 200));
        coro_group_create_task(&self->group, greet("now", 100));
    }
    puts("all have ended");
    ASYNC_END;
}

int main(void)
{
    return coro_main(main_async());
}
