/* SPDX-License-Identifier: MIT */
/*
 * An await's result goes to a local, which the next await loses.
 *
 *   gcc -O0: silent
 *   gcc -O2: warning may be used uninitialized
 *   clang -O0: error may be uninitialized
 *   clang -O2: error may be uninitialized
 *   tcc: silent
 *   lint: finds local-across-await
 */
#include <coro/task.h>

int use(int);

ASYNC(count, RETURNS(int))
{
    ASYNC_BEGIN;
    AWAIT(coro_yield());
    ASYNC_RETURN(3);
    ASYNC_END;
}

ASYNC(wrong, VARS(int n;))
{
    ASYNC_BEGIN;
#ifdef FIXED
    AWAIT(self->n, count());
    AWAIT(coro_yield());
    use(self->n);
#else
    int n;
    AWAIT(n, count());
    AWAIT(coro_yield());
    use(n);
#endif
    ASYNC_END;
}

struct wrong *start(void)
{
    return wrong();
}
