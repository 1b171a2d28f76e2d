/* SPDX-License-Identifier: MIT */
/*
 * Functions between coroutines: what ASYNC asks the compiler to look for ends at ASYNC_END. Each
 * would be complained of inside a coroutine.
 */
#include <coro/task.h>

int ask(void);
int use(int);

ASYNC(first)
{
    ASYNC_BEGIN;
    AWAIT(coro_yield());
    ASYNC_END;
}

static int assigned_or_not(int a)
{
    int n;
    if (a > 3)
        n = ask();
    use(1);
    return a > 3 ? n : 0;
}

static int jumped_over(int a)
{
    switch (a) {
        int n;
    case 1:
        n = ask();
        return n;
    default:
        return 0;
    }
}

ASYNC(second)
{
    ASYNC_BEGIN;
    AWAIT(first());
    AWAIT(coro_sleep(assigned_or_not(3) + jumped_over(4)));
    ASYNC_END;
}

struct second *start(void);

struct second *start(void)
{
    return second();
}
