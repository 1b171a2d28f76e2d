/* SPDX-License-Identifier: MIT */
/*
 * A clause that does not exist.
 *
 *   gcc -O0: error too many arguments
 *   gcc -O2: error too many arguments
 *   clang -O0: error too few arguments
 *   clang -O2: error too few arguments
 *   tcc: error too few args
 */
#include <coro/task.h>

#ifdef FIXED
ASYNC(wrong, ARGS(int, n))
#else
ASYNC(wrong, TAKES(int, n))
#endif
{
    ASYNC_BEGIN;
    AWAIT(coro_yield());
    (void)self->n;
    ASYNC_END;
}

struct wrong *start(int n)
{
    return wrong(n);
}
