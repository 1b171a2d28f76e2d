/* SPDX-License-Identifier: MIT */
/*
 * An argument is missing.
 *
 *   gcc -O0: error too few arguments
 *   gcc -O2: error too few arguments
 *   clang -O0: error too few arguments
 *   clang -O2: error too few arguments
 *   tcc: error too few arguments
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
    AWAIT(count());
#endif
    ASYNC_END;
}

struct wrong *start(void)
{
    return wrong();
}
