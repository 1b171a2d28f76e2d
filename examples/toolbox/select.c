/* SPDX-License-Identifier: MIT */
/* select.c: several calls, and the first one decides: that ends, that ends well, or one after
 * another with a head start. */
#include <coro/coro.h>
#include <stdio.h>

ASYNC(ask, RETURNS(const char *), ARGS(const char *, name, int, ms, int, error))
{
    ASYNC_BEGIN;
    printf("  asking %s\n", self->name);
    AWAIT(coro_sleep(CORO_MS(self->ms)));
    if (self->error != 0)
        ASYNC_THROW(self->error);
    ASYNC_RETURN(self->name);
    ASYNC_END;
}

ASYNC(main_async, VARS(size_t which; const char *answer; int error;))
{
    ASYNC_BEGIN;
    AWAIT(self->which, coro_select(coro_into(&self->answer, ask("a", 30, 0)),
                                   coro_only(coro_sleep(CORO_MS(20)))));
    printf("select: %s\n", self->which == 0 ? self->answer : "the time is up");

    AWAIT(self->which, coro_race(coro_into(&self->answer, ask("b", 10, CORO_ECONNREFUSED)),
                                 coro_into(&self->answer, ask("c", 20, 0))));
    printf("race: %s\n", self->answer);

    AWAIT(self->which,
          coro_staggered_race(CORO_MS(15), coro_into(&self->answer, ask("d", 100, 0)),
                              coro_into(&self->answer, ask("e", 10, 0)),
                              coro_into(&self->answer, ask("never asked", 10, 0))));
    printf("staggered race: %s\n", self->answer);
    ASYNC_END;
}

int main(void)
{
    return coro_main(main_async());
}
