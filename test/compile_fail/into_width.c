/* SPDX-License-Identifier: MIT */
/*
 * coro_into is given a wider integer than the call's result.
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

ASYNC(wrong, VARS(int a; long b;))
{
    ASYNC_BEGIN;
#ifdef FIXED
    AWAIT(coro_gather(coro_into(&self->a, count(1))));
#else
    AWAIT(coro_gather(coro_into(&self->b, count(1))));
#endif
    ASYNC_END;
}

struct wrong *start(void)
{
    return wrong();
}
