/* SPDX-License-Identifier: MIT */
/*
 * An empty ASYNC_RETURN although RETURNS is given.
 *
 *   gcc -O0: silent
 *   gcc -O2: silent
 *   clang -O0: silent
 *   clang -O2: silent
 *   tcc: silent
 *   run time: traps, "ended without a result"
 */
#include <coro/task.h>

ASYNC(wrong, RETURNS(int))
{
    ASYNC_BEGIN;
    AWAIT(coro_yield());
#ifdef FIXED
    ASYNC_RETURN(3);
#else
    ASYNC_RETURN();
#endif
    ASYNC_END;
}

struct wrong *start(void)
{
    return wrong();
}
