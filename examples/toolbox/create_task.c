/* SPDX-License-Identifier: MIT */
/* create_task.c: a task runs beside the one that made it, which takes its result at the end. */
#include <coro/coro.h>
#include <stdio.h>

ASYNC(brew, RETURNS(const char *))
{
    ASYNC_BEGIN;
    puts("  the task runs");
    AWAIT(coro_sleep(CORO_MS(100)));
    puts("  the task ends");
    ASYNC_RETURN("tea");
    ASYNC_END;
}

ASYNC(main_async, VARS(coro_task *task; const char *what;))
{
    ASYNC_BEGIN;
    self->task = coro_create_task(brew());
    printf("made: %s, done: %d\n", coro_task_name(self->task), coro_task_done(self->task));
    AWAIT(coro_yield());
    puts("who made it runs beside it");
    CORO_JOIN(self->what, brew, self->task);
    printf("joined: %s, done: %d\n", self->what, coro_task_done(self->task));
  ASYNC_FINALLY:
    coro_task_release(self->task);
    ASYNC_END;
}

int main(void)
{
    return coro_main(main_async());
}
