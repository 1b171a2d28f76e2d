/* SPDX-License-Identifier: MIT */
/*
 * A local that was assigned a constant is read after an await.
 *
 *   gcc -O0: silent
 *   gcc -O2: silent
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
    int i;
    i = 3;
    AWAIT(coro_yield());
    use(i);
#endif
    ASYNC_END;
}

struct wrong *start(void)
{
    return wrong();
}
