/* SPDX-License-Identifier: MIT */
/*
 * ASYNC_END is missing.
 *
 *   gcc -O0: error end of input
 *   gcc -O2: error end of input
 *   clang -O0: error expected '}'
 *   clang -O2: error expected '}'
 *   tcc: error unexpected end of file
 */
#include <coro/task.h>

ASYNC(wrong)
{
    ASYNC_BEGIN;
    AWAIT(coro_yield());
#ifdef FIXED
    ASYNC_END;
#endif
}

struct wrong *start(void)
{
    return wrong();
}
