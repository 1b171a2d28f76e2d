/* SPDX-License-Identifier: MIT */
/*
 * An await stands in an expression.
 *
 *   gcc -O0: error expected expression
 *   gcc -O2: error expected expression
 *   clang -O0: error expected expression
 *   clang -O2: error expected expression
 *   tcc: error identifier expected
 */
#include <coro/task.h>

ASYNC(count, ARGS(int, n), RETURNS(int))
{
    ASYNC_BEGIN;
    AWAIT(coro_yield());
    ASYNC_RETURN(self->n);
    ASYNC_END;
}

ASYNC(wrong, VARS(int n;))
{
    ASYNC_BEGIN;
#ifdef FIXED
    AWAIT(self->n, count(1));
#else
    self->n = AWAIT(count(1));
#endif
    ASYNC_END;
}

struct wrong *start(void)
{
    return wrong();
}
