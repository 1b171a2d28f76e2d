/* SPDX-License-Identifier: MIT */
/*
 * A local with an initialiser lives across an await.
 *
 *   gcc -O0: error jumps over variable initialization
 *   gcc -O2: error jumps over variable initialization
 *   clang -O0: error may be uninitialized
 *   clang -O2: error may be uninitialized
 *   tcc: silent
 *   lint: finds local-across-await
 */
#include <coro/task.h>

int use(int);

ASYNC(wrong, VARS(int i;))
{
    ASYNC_BEGIN;
#ifdef FIXED
    self->i = 3;
    AWAIT(coro_yield());
    use(self->i);
#else
    int i = 3;
    AWAIT(coro_yield());
    use(i);
#endif
    ASYNC_END;
}

struct wrong *start(void)
{
    return wrong();
}
