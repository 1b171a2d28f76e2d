/* SPDX-License-Identifier: MIT */
/*
 * A frame is kept as the frame of another coroutine.
 *
 *   gcc -O0: warning incompatible pointer type
 *   gcc -O2: warning incompatible pointer type
 *   clang -O0: warning incompatible pointer type
 *   clang -O2: warning incompatible pointer type
 *   tcc: warning incompatible pointer type
 */
#include <coro/task.h>

ASYNC(left, ARGS(int, n))
{
    ASYNC_BEGIN;
    AWAIT(coro_yield());
    (void)self->n;
    ASYNC_END;
}

ASYNC(right, ARGS(int, n))
{
    ASYNC_BEGIN;
    AWAIT(coro_yield());
    (void)self->n;
    ASYNC_END;
}

ASYNC(wrong, VARS(struct left *call;))
{
    ASYNC_BEGIN;
#ifdef FIXED
    self->call = left(1);
#else
    self->call = right(1);
#endif
    AWAIT(self->call);
    ASYNC_END;
}

struct wrong *start(void)
{
    return wrong();
}
