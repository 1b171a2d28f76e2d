/* SPDX-License-Identifier: MIT */
/* group.c: tasks that end before their block; one that fails ends the others, and the block. */
#include <coro/coro.h>
#include <stdio.h>

ASYNC(work, ARGS(int, number, int, ms, int, error))
{
    ASYNC_BEGIN;
    AWAIT(coro_sleep(CORO_MS(self->ms)));
    if (self->error != 0)
        ASYNC_THROW(self->error);
    printf("  %d has ended\n", self->number);
  ASYNC_FINALLY:
    printf("  %d cleans up\n", self->number);
    ASYNC_END;
}

static void print_error(void *context, unsigned depth, int error, const char *name)
{
    (void)context;
    printf("  %*s%s: %s\n", (int)depth, "", name, coro_strerror(error));
}

ASYNC(main_async, VARS(coro_group group; int error;))
{
    ASYNC_BEGIN;
    ASYNC_TRY;
    CORO_GROUP(self->group) {
        coro_group_create_task(&self->group, work(1, 10, 0));
        coro_group_create_task(&self->group, work(2, 20, CORO_EIO));
        coro_group_create_task(&self->group, work(3, 300, 0));
        puts("three run");
    }
    ASYNC_CATCH(self->error);
    printf("the group failed: %s\n", coro_strerror(self->error));
    coro_group_errors(&self->group, print_error, NULL);
    ASYNC_END_TRY;
    ASYNC_END;
}

int main(void)
{
    return coro_main(main_async());
}
