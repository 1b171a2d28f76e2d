/* SPDX-License-Identifier: MIT */
/* coroutine_chain.c: a coroutine awaits another one, and feeds its result to a third. */
#include <coro/coro.h>
#include <stdio.h>

ASYNC(look_up, RETURNS(int), ARGS(const char *, name))
{
    ASYNC_BEGIN;
    printf("  looking for %s\n", self->name);
    AWAIT(coro_sleep(CORO_MS(10)));
    ASYNC_RETURN(42);
    ASYNC_END;
}

ASYNC(price, RETURNS(double), ARGS(int, number))
{
    ASYNC_BEGIN;
    printf("  asking for the price of number %d\n", self->number);
    AWAIT(coro_sleep(CORO_MS(10)));
    ASYNC_RETURN(self->number / 8.0);
    ASYNC_END;
}

ASYNC(main_async, VARS(int number; double price;))
{
    ASYNC_BEGIN;
    puts("first");
    AWAIT(self->number, look_up("tea"));
    puts("then, with what came of it");
    AWAIT(self->price, price(self->number));
    printf("number %d costs %.2f\n", self->number, self->price);
    ASYNC_END;
}

int main(void)
{
    return coro_main(main_async());
}
