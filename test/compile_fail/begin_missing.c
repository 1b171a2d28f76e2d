/* SPDX-License-Identifier: MIT */
/*
 * ASYNC_BEGIN is missing.
 *
 *   gcc -O0: error 'coro_depth_' undeclared
 *   gcc -O2: error 'coro_depth_' undeclared
 *   clang -O0: error identifier 'coro_depth_'
 *   clang -O2: error identifier 'coro_depth_'
 *   clang-19 -O0: error coro_status
 *   clang-19 -O2: error coro_status
 *   tcc: error declaration expected
 */
#include <coro/task.h>

ASYNC(wrong)
{
#ifdef FIXED
    ASYNC_BEGIN;
#endif
    AWAIT(coro_yield());
    ASYNC_END;
}

struct wrong *start(void)
{
    return wrong();
}
