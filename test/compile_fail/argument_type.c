/* SPDX-License-Identifier: MIT */
/*
 * An argument has the wrong type.
 *
 *   gcc -O0: warning makes integer from pointer
 *   gcc -O2: warning makes integer from pointer
 *   clang -O0: warning incompatible pointer to integer
 *   clang -O2: warning incompatible pointer to integer
 *   clang-19 -O0: error incompatible pointer to integer
 *   clang-19 -O2: error incompatible pointer to integer
 *   tcc: warning makes integer from pointer
 */
#include <coro/task.h>

ASYNC(count, ARGS(int, n), RETURNS(int))
{
    ASYNC_BEGIN;
    AWAIT(coro_yield());
    ASYNC_RETURN(self->n);
    ASYNC_END;
}

ASYNC(wrong)
{
    ASYNC_BEGIN;
#ifdef FIXED
    AWAIT(count(1));
#else
    AWAIT(count("1"));
#endif
    ASYNC_END;
}

struct wrong *start(void)
{
    return wrong();
}
