/* SPDX-License-Identifier: MIT */
/* wait_timeout.c: wait for tasks for a while; the time that is up harms none of them, so those
 * that still run are cancelled by hand. */
#include <coro/coro.h>
#include <stdio.h>

enum { PHASES = 3 };

ASYNC(phase, ARGS(int, number), VARS(int error;))
{
    ASYNC_BEGIN;
    AWAIT_CATCH(self->error, coro_sleep(CORO_MS(70) * (self->number + 1)));
    if (self->error != 0) {
        printf("  phase %d: %s\n", self->number, coro_strerror(self->error));
        ASYNC_THROW(self->error);
    }
    printf("  phase %d ends\n", self->number);
    ASYNC_END;
}

ASYNC(main_async, VARS(coro_task *tasks[PHASES]; bool done[PHASES]; size_t count; int i;))
{
    ASYNC_BEGIN;
    for (self->i = 0; self->i < PHASES; self->i++)
        self->tasks[self->i] = coro_create_task(phase(self->i));
    AWAIT(self->count, coro_wait(self->tasks, PHASES, CORO_MS(100), CORO_ALL_COMPLETED,
                                 self->done));
    printf("after 0.1 s: %zu have ended, %zu not\n", self->count, PHASES - self->count);
    for (self->i = 0; self->i < PHASES; self->i++)
        if (!self->done[self->i])
            coro_task_cancel(self->tasks[self->i]);
    AWAIT(self->count, coro_wait(self->tasks, PHASES, CORO_FOREVER, CORO_ALL_COMPLETED, NULL));
    printf("now all %zu have\n", self->count);
  ASYNC_FINALLY:
    for (self->i = 0; self->i < PHASES; self->i++)
        coro_task_release(self->tasks[self->i]);
    ASYNC_END;
}

int main(void)
{
    return coro_main(main_async());
}
