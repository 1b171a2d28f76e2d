/* SPDX-License-Identifier: MIT */
/* cancel_task2.c: a callback cancels a task that sleeps; both the task and who joins it see it. */
#include <coro/coro.h>
#include <stdio.h>

ASYNC(work, VARS(int error;))
{
    ASYNC_BEGIN;
    puts("  the task sleeps");
    ASYNC_TRY;
    AWAIT(coro_sleep(CORO_SECONDS(10)));
    puts("  never said");
    ASYNC_CATCH(self->error);
    printf("  the task's sleep: %s\n", coro_strerror(self->error));
    ASYNC_THROW(self->error); /* seen, and passed on */
    ASYNC_END_TRY;
    ASYNC_END;
}

static void cancel(void *context)
{
    puts("a callback cancels it");
    coro_task_cancel(context);
}

ASYNC(main_async, VARS(coro_task *task; coro_handle handle; int error;))
{
    ASYNC_BEGIN;
    self->task = coro_create_task(work());
    self->error = coro_loop_call_later(coro_loop_current(), &self->handle, CORO_MS(100), cancel,
                                       self->task);
    if (self->error != 0)
        ASYNC_THROW(self->error);
    AWAIT_CATCH(self->error, coro_task_join(self->task));
    printf("who joins it: %s\n", coro_strerror(self->error));
  ASYNC_FINALLY:
    coro_handle_cancel(&self->handle);
    coro_task_release(self->task);
    ASYNC_END;
}

int main(void)
{
    return coro_main(main_async());
}
