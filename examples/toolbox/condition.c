/* SPDX-License-Identifier: MIT */
/* condition.c: five consumers wait under one lock; one is woken, then two, then all others. */
#include <coro/coro.h>
#include <stdio.h>

static coro_lock lock = CORO_LOCK_INIT;
static coro_condition changed = CORO_CONDITION_INIT(&lock);

ASYNC(consumer, ARGS(int, number), VARS(coro_guard guard;))
{
    ASYNC_BEGIN;
    CORO_LOCKED(self->guard, &lock) {
        printf("  %d waits\n", self->number);
        AWAIT(coro_condition_wait(&changed)); /* without the lock; with it again afterwards */
        printf("  %d goes on\n", self->number);
    }
    ASYNC_END;
}

ASYNC(notify, ARGS(size_t, count), VARS(coro_guard guard;))
{
    ASYNC_BEGIN;
    CORO_LOCKED(self->guard, &lock) {
        coro_condition_notify(&changed, self->count);
    }
    AWAIT(coro_sleep(CORO_MS(100)));
    ASYNC_END;
}

ASYNC(main_async, VARS(coro_group group; int i;))
{
    ASYNC_BEGIN;
    CORO_GROUP(self->group) {
        for (self->i = 0; self->i < 5; self->i++)
            coro_group_create_task(&self->group, consumer(self->i));
        AWAIT(coro_sleep(CORO_MS(100)));
        puts("one");
        AWAIT(notify(1));
        puts("two");
        AWAIT(notify(2));
        puts("all");
        AWAIT(notify(SIZE_MAX));
    }
    ASYNC_END;
}

int main(void)
{
    return coro_main(main_async());
}
