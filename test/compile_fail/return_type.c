/* SPDX-License-Identifier: MIT */
/*
 * The returned value has another type than RETURNS says.
 *
 *   gcc -O0: warning makes pointer from integer
 *   gcc -O2: warning makes pointer from integer
 *   clang -O0: warning incompatible integer to pointer
 *   clang -O2: warning incompatible integer to pointer
 *   clang-19 -O0: error incompatible integer to pointer
 *   clang-19 -O2: error incompatible integer to pointer
 *   tcc: warning makes pointer from integer
 */
#include <coro/task.h>

ASYNC(wrong, RETURNS(const char *))
{
    ASYNC_BEGIN;
    AWAIT(coro_yield());
#ifdef FIXED
    ASYNC_RETURN("3");
#else
    ASYNC_RETURN(3);
#endif
    ASYNC_END;
}

struct wrong *start(void)
{
    return wrong();
}
