/* SPDX-License-Identifier: MIT */
/* run.c: from main() into a coroutine that waits a second, and back. */
#include <coro/coro.h>
#include <stdio.h>

ASYNC(main_async)
{
    ASYNC_BEGIN;
    puts("hello");
    AWAIT(coro_sleep(CORO_SECONDS(1)));
    puts("world");
    ASYNC_END;
}

int main(void)
{
    return coro_main(main_async());
}
