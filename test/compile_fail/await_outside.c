/* SPDX-License-Identifier: MIT */
/*
 * An await stands in a function that is no coroutine.
 *
 *   gcc -O0: error 'self' undeclared
 *   gcc -O2: error 'self' undeclared
 *   clang -O0: error coro_status
 *   clang -O2: error coro_status
 *   tcc: error 'self' undeclared
 */
#include <coro/task.h>

#ifdef FIXED
ASYNC(wrong)
{
    ASYNC_BEGIN;
    AWAIT(coro_yield());
    ASYNC_END;
}
#else
static void wrong(void)
{
    AWAIT(coro_yield());
}
#endif
