/* SPDX-License-Identifier: MIT */
/*
 * CORO_JOIN names another coroutine with a result of the same type.
 *
 *   gcc -O0: silent
 *   gcc -O2: silent
 *   clang -O0: silent
 *   clang -O2: silent
 *   tcc: silent
 *   run time: traps, "names another coroutine"
 */
#include <coro/task.h>

ASYNC(count, ARGS(int, n), RETURNS(int))
{
    ASYNC_BEGIN;
    AWAIT(coro_yield());
    ASYNC_RETURN(self->n);
    ASYNC_END;
}

ASYNC(total, RETURNS(int))
{
    ASYNC_BEGIN;
    AWAIT(coro_yield());
    ASYNC_RETURN(3);
    ASYNC_END;
}

ASYNC(wrong, VARS(coro_task *task; int n;))
{
    ASYNC_BEGIN;
    self->task = coro_create_task(count(1));
#ifdef FIXED
    AWAIT(total());
    CORO_JOIN(self->n, count, self->task);
#else
    CORO_JOIN(self->n, total, self->task);
#endif
    coro_task_release(self->task);
    ASYNC_END;
}

struct wrong *start(void)
{
    return wrong();
}
