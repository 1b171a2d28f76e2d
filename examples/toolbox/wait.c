/* SPDX-License-Identifier: MIT */
/* wait.c: several tasks run; wait until all have ended, or the first, and ask each of them. */
#include <coro/coro.h>
#include <stdio.h>

enum { PHASES = 3 };

ASYNC(phase, RETURNS(int), ARGS(int, number))
{
    ASYNC_BEGIN;
    AWAIT(coro_sleep(CORO_MS(100) * (PHASES - self->number)));
    printf("  phase %d ends\n", self->number);
    ASYNC_RETURN(self->number * 10);
    ASYNC_END;
}

ASYNC(main_async, VARS(coro_task *tasks[PHASES]; bool done[PHASES]; size_t count; int i, result;))
{
    ASYNC_BEGIN;
    for (self->i = 0; self->i < PHASES; self->i++)
        self->tasks[self->i] = coro_create_task(phase(self->i));

    AWAIT(self->count, coro_wait(self->tasks, PHASES, CORO_FOREVER, CORO_FIRST_COMPLETED,
                                 self->done));
    printf("%zu has ended:", self->count);
    for (self->i = 0; self->i < PHASES; self->i++)
        printf(" %s", self->done[self->i] ? "yes" : "no");
    puts("");

    AWAIT(self->count, coro_wait(self->tasks, PHASES, CORO_FOREVER, CORO_ALL_COMPLETED, NULL));
    printf("%zu have ended\n", self->count);
    for (self->i = 0; self->i < PHASES; self->i++) {
        CORO_JOIN(self->result, phase, self->tasks[self->i]); /* at once: it has ended */
        printf("phase %d gave %d\n", self->i, self->result);
    }
  ASYNC_FINALLY:
    for (self->i = 0; self->i < PHASES; self->i++)
        coro_task_release(self->tasks[self->i]);
    ASYNC_END;
}

int main(void)
{
    return coro_main(main_async());
}
