/* SPDX-License-Identifier: MIT */
/* lock.c: one task at a time; by a block, and by hand with its release in FINALLY. A lock has an
 * owner, so it is a task that lets go of it, not a callback. */
#include <coro/coro.h>
#include <stdio.h>

static coro_lock lock = CORO_LOCK_INIT;

ASYNC(holds)
{
    ASYNC_BEGIN;
    AWAIT(coro_lock_acquire(&lock));
    puts("the holder has it for 0.1 s");
    AWAIT(coro_sleep(CORO_MS(100)));
  ASYNC_FINALLY:
    puts("the holder lets go");
    coro_lock_release(&lock);
    ASYNC_END;
}

ASYNC(by_block, VARS(coro_guard guard;))
{
    ASYNC_BEGIN;
    puts("by block: waits");
    CORO_LOCKED(self->guard, &lock) {
        puts("by block: has it");
        AWAIT(coro_yield());
        puts("by block: lets go");
    }
    ASYNC_END;
}

ASYNC(by_hand)
{
    ASYNC_BEGIN;
    puts("by hand: waits");
    AWAIT(coro_lock_acquire(&lock));
    puts("by hand: has it");
  ASYNC_FINALLY:
    coro_lock_release(&lock); /* no harm if we never got it */
    puts("by hand: has let go");
    ASYNC_END;
}

ASYNC(main_async, VARS(coro_group group;))
{
    ASYNC_BEGIN;
    CORO_GROUP(self->group) {
        coro_group_create_task(&self->group, holds());
        coro_group_create_task(&self->group, by_block());
        coro_group_create_task(&self->group, by_hand());
    }
    printf("locked at the end? %s\n", coro_lock_locked(&lock) ? "yes" : "no");
    ASYNC_END;
}

int main(void)
{
    return coro_main(main_async());
}
