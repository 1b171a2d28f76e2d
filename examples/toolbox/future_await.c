/* SPDX-License-Identifier: MIT */
/* future_await.c: two tasks wait for one future; a third finishes it, once. */
#include <coro/coro.h>
#include <stdio.h>

ASYNC(waits, ARGS(coro_future *, answer, const char *, name), VARS(int *value;))
{
    ASYNC_BEGIN;
    printf("%s waits\n", self->name);
    AWAIT(self->value, coro_future_wait(self->answer));
    printf("%s has %d\n", self->name, *self->value);
    ASYNC_END;
}

ASYNC(finishes, ARGS(coro_future *, answer))
{
    static int value = 42, other = 43;
    ASYNC_BEGIN;
    AWAIT(coro_sleep(CORO_MS(100)));
    puts("the result is set");
    coro_future_set_result(self->answer, &value);
    printf("a second time: %s\n", coro_strerror(coro_future_set_result(self->answer, &other)));
    ASYNC_END;
}

ASYNC(main_async, VARS(coro_future answer; coro_group group;))
{
    ASYNC_BEGIN;
    coro_future_init(&self->answer);
    CORO_GROUP(self->group) {
        coro_group_create_task(&self->group, waits(&self->answer, "one"));
        coro_group_create_task(&self->group, waits(&self->answer, "two"));
        coro_group_create_task(&self->group, finishes(&self->answer));
    }
    ASYNC_END;
}

int main(void)
{
    return coro_main(main_async());
}
