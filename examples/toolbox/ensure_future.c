/* SPDX-License-Identifier: MIT */
/* ensure_future.c: a task is made in one coroutine and joined in another, which is handed it. */
#include <coro/coro.h>
#include <stdio.h>

ASYNC(work, RETURNS(int))
{
    ASYNC_BEGIN;
    puts("the work begins");
    AWAIT(coro_sleep(CORO_MS(10)));
    ASYNC_RETURN(7);
    ASYNC_END;
}

ASYNC(takes, RETURNS(int), ARGS(coro_task *, task), VARS(int value;))
{
    ASYNC_BEGIN;
    puts("waiting for somebody else's task");
    CORO_JOIN(self->value, work, self->task);
    ASYNC_RETURN(self->value);
    ASYNC_END;
}

ASYNC(main_async, VARS(coro_task *task; int result;))
{
    ASYNC_BEGIN;
    self->task = coro_create_task(work());
    AWAIT(self->result, takes(self->task));
    printf("the result is %d\n", self->result);
  ASYNC_FINALLY:
    coro_task_release(self->task); /* whoever made it lets go of it */
    ASYNC_END;
}

int main(void)
{
    return coro_main(main_async());
}
