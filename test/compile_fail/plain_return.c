/* SPDX-License-Identifier: MIT */
/*
 * `return 0;` instead of ASYNC_RETURN.
 *
 *   gcc -O0: error coro_status
 *   gcc -O2: error coro_status
 *   clang -O0: error coro_status
 *   clang -O2: error coro_status
 *   tcc: error coro_status
 */
#include <coro/task.h>

ASYNC(wrong)
{
    ASYNC_BEGIN;
    AWAIT(coro_yield());
#ifdef FIXED
    ASYNC_RETURN();
#else
    return 0;
#endif
    ASYNC_END;
}

struct wrong *start(void)
{
    return wrong();
}
