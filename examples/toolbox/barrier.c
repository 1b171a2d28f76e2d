/* SPDX-License-Identifier: MIT */
/* barrier.c: three tasks wait for each other, twice; the last to come opens it. */
#include <coro/coro.h>
#include <stdio.h>

static coro_barrier barrier = CORO_BARRIER_INIT(3);

ASYNC(runner, ARGS(int, number), VARS(int round; size_t place;))
{
    ASYNC_BEGIN;
    for (self->round = 1; self->round <= 2; self->round++) {
        AWAIT(coro_sleep(CORO_MS(10) * self->number));
        printf("%d is there\n", self->number);
        AWAIT(self->place, coro_barrier_wait(&barrier));
        if (self->place == 2)
            printf("round %d: all were there, %d was the last\n", self->round, self->number);
    }
    ASYNC_END;
}

ASYNC(main_async, VARS(coro_group group;))
{
    ASYNC_BEGIN;
    CORO_GROUP(self->group) {
        coro_group_create_task(&self->group, runner(1));
        coro_group_create_task(&self->group, runner(2));
        coro_group_create_task(&self->group, runner(3));
    }
    ASYNC_END;
}

int main(void)
{
    return coro_main(main_async());
}
