/* SPDX-License-Identifier: MIT */
/* semaphore.c: five tasks, at most two of them at work at a time, first come first served. */
#include <coro/coro.h>
#include <stdio.h>

static coro_semaphore places = CORO_SEMAPHORE_INIT(2);
static int inside;

ASYNC(visitor, ARGS(int, number), VARS(coro_guard guard;))
{
    ASYNC_BEGIN;
    CORO_WITH(self->guard, coro_semaphore_acquire(&places), coro_semaphore_release(&places)) {
        printf("%d comes in, %d inside\n", self->number, ++inside);
        AWAIT(coro_sleep(CORO_MS(10) * self->number));
        printf("%d goes\n", self->number);
        inside--;
    }
    ASYNC_END;
}

ASYNC(main_async, VARS(coro_group group; int i;))
{
    ASYNC_BEGIN;
    CORO_GROUP(self->group) {
        for (self->i = 1; self->i <= 5; self->i++)
            coro_group_create_task(&self->group, visitor(self->i));
    }
    ASYNC_END;
}

int main(void)
{
    return coro_main(main_async());
}
