/* SPDX-License-Identifier: MIT */
/* as_completed.c: tasks are taken in the order in which they end, not in which they were made. */
#include <coro/coro.h>
#include <stdio.h>

enum { PHASES = 3 };

ASYNC(phase, RETURNS(int), ARGS(int, number))
{
    ASYNC_BEGIN;
    printf("  phase %d begins\n", self->number);
    AWAIT(coro_sleep(CORO_MS(100) * (PHASES - self->number)));
    ASYNC_RETURN(self->number);
    ASYNC_END;
}

ASYNC(main_async, VARS(coro_task *tasks[PHASES], *task; coro_as_completed ended; int i, result;))
{
    ASYNC_BEGIN;
    for (self->i = 0; self->i < PHASES; self->i++)
        self->tasks[self->i] = coro_create_task(phase(self->i));
    self->i = coro_as_completed_init(&self->ended, self->tasks, PHASES, CORO_FOREVER);
    if (self->i != 0)
        ASYNC_THROW(self->i);
    for (;;) {
        AWAIT(self->task, coro_as_completed_next(&self->ended));
        if (self->task == NULL)
            break;
        CORO_JOIN(self->result, phase, self->task);
        printf("phase %d has ended\n", self->result);
    }
  ASYNC_FINALLY:
    coro_as_completed_close(&self->ended);
    for (self->i = 0; self->i < PHASES; self->i++)
        coro_task_release(self->tasks[self->i]);
    ASYNC_END;
}

int main(void)
{
    return coro_main(main_async());
}
