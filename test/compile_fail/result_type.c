/* SPDX-License-Identifier: MIT */
/*
 * A result goes to a place of the wrong type.
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

ASYNC(count, ARGS(int, n), RETURNS(int))
{
    ASYNC_BEGIN;
    AWAIT(coro_yield());
    ASYNC_RETURN(self->n);
    ASYNC_END;
}

ASYNC(wrong, VARS(int n; const char *text;))
{
    ASYNC_BEGIN;
#ifdef FIXED
    AWAIT(self->n, count(1));
#else
    AWAIT(self->text, count(1));
#endif
    ASYNC_END;
}

struct wrong *start(void)
{
    return wrong();
}
