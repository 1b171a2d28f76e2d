/* SPDX-License-Identifier: MIT */
/* gather.c: two calls at once, of different types; each result in its place, whoever ends first. */
#include <coro/coro.h>
#include <stdio.h>

ASYNC(slow, RETURNS(int))
{
    ASYNC_BEGIN;
    puts("  slow begins");
    AWAIT(coro_sleep(CORO_SECONDS(2)));
    puts("  slow ends");
    ASYNC_RETURN(2);
    ASYNC_END;
}

ASYNC(quick, RETURNS(const char *))
{
    ASYNC_BEGIN;
    puts("  quick begins");
    AWAIT(coro_sleep(CORO_SECONDS(1)));
    puts("  quick ends");
    ASYNC_RETURN("one");
    ASYNC_END;
}

ASYNC(main_async, VARS(int first; const char *second; int errors[2];))
{
    ASYNC_BEGIN;
    AWAIT(coro_gather(coro_into(&self->first, slow()), coro_into(&self->second, quick())));
    printf("results: %d, %s\n", self->first, self->second);

    /* asyncio's return_exceptions=True: an error is an answer, and stops nobody. */
    AWAIT(coro_gather_errors(self->errors, coro_into(&self->first, slow()),
                             coro_only(coro_wait_for(coro_sleep(CORO_SECONDS(9)), CORO_MS(1)))));
    printf("slow: %d; the other: %s\n", self->first, coro_strerror(self->errors[1]));
    ASYNC_END;
}

int main(void)
{
    return coro_main(main_async());
}
