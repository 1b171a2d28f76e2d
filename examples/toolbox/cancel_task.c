/* SPDX-License-Identifier: MIT */
/* cancel_task.c: a task that is cancelled before its first step still starts, then its first wait
 * fails: so what it was given is never lost. */
#include <coro/coro.h>
#include <stdio.h>

ASYNC(work)
{
    ASYNC_BEGIN;
    puts("  the task has started");
    AWAIT(coro_sleep(CORO_SECONDS(1)));
    puts("  never said");
  ASYNC_FINALLY:
    puts("  the task cleans up");
    ASYNC_END;
}

ASYNC(main_async, VARS(coro_task *task; int error;))
{
    ASYNC_BEGIN;
    self->task = coro_create_task(work());
    puts("cancelled at once");
    coro_task_cancel(self->task);
    AWAIT_CATCH(self->error, coro_task_join(self->task));
    printf("joined: %s\n", coro_strerror(self->error));
    printf("was it cancelled? %s\n", coro_task_cancelled(self->task) ? "yes" : "no");
  ASYNC_FINALLY:
    coro_task_release(self->task);
    ASYNC_END;
}

int main(void)
{
    return coro_main(main_async());
}
