/* SPDX-License-Identifier: MIT */
/*
 * The counter of a `for` lives across an await.
 *
 *   gcc -O0: error jumps over variable initialization
 *   gcc -O2: error jumps over variable initialization
 *   clang -O0: error may be uninitialized
 *   clang -O2: error may be uninitialized
 *   tcc: silent
 *   lint: finds local-across-await
 */
#include <coro/task.h>

ASYNC(wrong, VARS(int i;))
{
    ASYNC_BEGIN;
#ifdef FIXED
    for (self->i = 0; self->i < 3; self->i++)
        AWAIT(coro_yield());
#else
    for (int i = 0; i < 3; i++)
        AWAIT(coro_yield());
#endif
    ASYNC_END;
}

struct wrong *start(void)
{
    return wrong();
}
