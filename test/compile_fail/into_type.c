/* SPDX-License-Identifier: MIT */
/*
 * coro_into is given a place of another type than the call's result.
 *
 *   gcc -O0: warning pointer type mismatch
 *   gcc -O2: warning pointer type mismatch
 *   clang -O0: warning pointer type mismatch
 *   clang -O2: warning pointer type mismatch
 *   tcc: warning pointer type mismatch
 */
#include <coro/gather.h>

ASYNC(count, ARGS(int, n), RETURNS(int))
{
    ASYNC_BEGIN;
    AWAIT(coro_yield());
    ASYNC_RETURN(self->n);
    ASYNC_END;
}

ASYNC(wrong, VARS(int a, b; const char *text;))
{
    ASYNC_BEGIN;
#ifdef FIXED
    AWAIT(coro_gather(coro_into(&self->a, count(1)), coro_into(&self->b, count(2))));
#else
    AWAIT(coro_gather(coro_into(&self->a, count(1)), coro_into(&self->text, count(2))));
#endif
    ASYNC_END;
}

struct wrong *start(void)
{
    return wrong();
}
