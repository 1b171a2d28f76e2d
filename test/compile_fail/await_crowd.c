/* SPDX-License-Identifier: MIT */
/*
 * More than 16 awaits stand on one line.
 *
 *   gcc -O0: error duplicate case value
 *   gcc -O2: error duplicate case value
 *   clang -O0: error duplicate case value
 *   clang -O2: error duplicate case value
 *   tcc: error duplicate case value
 */
#include <coro/task.h>

#define FOUR                                                                                       \
    AWAIT(coro_yield());                                                                           \
    AWAIT(coro_yield());                                                                           \
    AWAIT(coro_yield());                                                                           \
    AWAIT(coro_yield())

ASYNC(wrong)
{
    ASYNC_BEGIN;
#ifdef FIXED
    FOUR; FOUR; FOUR; FOUR;
    AWAIT(coro_yield());
#else
    FOUR; FOUR; FOUR; FOUR; AWAIT(coro_yield());
#endif
    ASYNC_END;
}

struct wrong *start(void)
{
    return wrong();
}
