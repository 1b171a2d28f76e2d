/* SPDX-License-Identifier: MIT */
/*
 * `return;` instead of ASYNC_RETURN.
 *
 *   gcc -O0: error with no value
 *   gcc -O2: error with no value
 *   clang -O0: error should return a value
 *   clang -O2: error should return a value
 *   tcc: warning with no value
 */
#include <coro/task.h>

ASYNC(wrong)
{
    ASYNC_BEGIN;
    AWAIT(coro_yield());
#ifdef FIXED
    ASYNC_RETURN();
#else
    return;
#endif
    ASYNC_END;
}

struct wrong *start(void)
{
    return wrong();
}
