/* SPDX-License-Identifier: MIT */
/*
 * A result is taken of a call that gives none.
 *
 *   gcc -O0: error no member named 'result'
 *   gcc -O2: error no member named 'result'
 *   clang -O0: error no member named 'result'
 *   clang -O2: error no member named 'result'
 *   tcc: error field not found: result
 */
#include <coro/task.h>

ASYNC(wrong, VARS(int n;))
{
    ASYNC_BEGIN;
#ifdef FIXED
    AWAIT(coro_yield());
#else
    AWAIT(self->n, coro_yield());
#endif
    ASYNC_END;
}

struct wrong *start(void)
{
    return wrong();
}
