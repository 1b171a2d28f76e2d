/* SPDX-License-Identifier: MIT */
/* coroutine.c: one coroutine and a loop that runs it: the smallest program. */
#include <coro/coro.h>
#include <stdio.h>

ASYNC(greet)
{
    ASYNC_BEGIN;
    puts("in the coroutine");
    ASYNC_END;
}

int main(void)
{
    int status;
    puts("before the loop");
    status = coro_main(greet()); /* greet() makes the call; the loop runs it */
    puts("behind the loop");
    return status;
}
