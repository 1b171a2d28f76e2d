/* SPDX-License-Identifier: MIT */
/* context.c: a value that belongs to a task and to all that it starts: whose request is this? */
#include <coro/coro.h>
#include <stdio.h>

CORO_CONTEXT_VAR(int, request, 0);

static void log_it(const char *what)
{
    printf("[request %d] %s\n", coro_context_get(request), what);
}

ASYNC(look_up)
{
    ASYNC_BEGIN;
    AWAIT(coro_sleep(CORO_MS(10)));
    log_it("looked up"); /* nobody told it the number */
    ASYNC_END;
}

ASYNC(handle, ARGS(int, number), VARS(coro_group group;))
{
    ASYNC_BEGIN;
    if (coro_context_set(request, self->number, NULL) != 0)
        ASYNC_THROW(CORO_ENOMEM);
    log_it("begins");
    CORO_GROUP(self->group) {
        coro_group_create_task(&self->group, look_up());
    }
    log_it("ends");
    ASYNC_END;
}

ASYNC(main_async, VARS(coro_group group;))
{
    ASYNC_BEGIN;
    CORO_GROUP(self->group) {
        coro_group_create_task(&self->group, handle(1));
        coro_group_create_task(&self->group, handle(2));
    }
    log_it("outside of both");
    ASYNC_END;
}

int main(void)
{
    return coro_main(main_async());
}
