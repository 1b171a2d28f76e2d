/* SPDX-License-Identifier: MIT */
/*
 * A value is returned where no RETURNS is given.
 *
 *   gcc -O0: error no member named 'result'
 *   gcc -O2: error no member named 'result'
 *   clang -O0: error no member named 'result'
 *   clang -O2: error no member named 'result'
 *   tcc: error field not found: result
 */
#include <coro/task.h>

#ifdef FIXED
ASYNC(wrong, RETURNS(int))
#else
ASYNC(wrong)
#endif
{
    ASYNC_BEGIN;
    AWAIT(coro_yield());
    ASYNC_RETURN(3);
    ASYNC_END;
}

struct wrong *start(void)
{
    return wrong();
}
