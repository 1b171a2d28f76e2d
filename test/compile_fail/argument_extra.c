/* SPDX-License-Identifier: MIT */
/*
 * There is an argument too many.
 *
 *   gcc -O0: error too many arguments
 *   gcc -O2: error too many arguments
 *   clang -O0: error too many arguments
 *   clang -O2: error too many arguments
 *   tcc: error too many arguments
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
    AWAIT(count(1, 2));
#endif
    ASYNC_END;
}

struct wrong *start(void)
{
    return wrong();
}
