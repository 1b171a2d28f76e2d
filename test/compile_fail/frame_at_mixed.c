/* SPDX-License-Identifier: MIT */
/*
 * A call is made in the memory of another coroutine's frame.
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

ASYNC(wrong, VARS(struct left place;))
{
    ASYNC_BEGIN;
#ifdef FIXED
    AWAIT(left_at(&self->place, 1));
#else
    AWAIT(right_at(&self->place, 1));
#endif
    ASYNC_END;
}

struct wrong *start(void)
{
    return wrong();
}
