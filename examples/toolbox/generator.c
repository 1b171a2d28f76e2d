/* SPDX-License-Identifier: MIT */
/* generator.c: items that come one at a time; who has enough leaves, and the source is closed. */
#include <coro/coro.h>
#include <stdio.h>

ASYNC(countdown, YIELDS(int), ARGS(int, from), VARS(int i;))
{
    ASYNC_BEGIN;
    for (self->i = self->from; self->i >= 0; self->i--) {
        AWAIT(coro_sleep(CORO_MS(10))); /* it may wait between two items */
        YIELD(self->i);
    }
  ASYNC_FINALLY:
    puts("the countdown is closed");
    ASYNC_END;
}

ASYNC(main_async, VARS(coro_generator slot; int i;))
{
    ASYNC_BEGIN;
    CORO_FOR_AWAIT(self->i, self->slot, countdown(5)) {
        printf("%d\n", self->i);
        if (self->i == 3)
            break;
    }
    puts("left at 3");
    ASYNC_END;
}

int main(void)
{
    return coro_main(main_async());
}
