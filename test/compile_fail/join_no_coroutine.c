/* SPDX-License-Identifier: MIT */
/*
 * CORO_JOIN names a function that is no coroutine.
 *
 *   gcc -O0: error total_descriptor
 *   gcc -O2: error total_descriptor
 *   clang -O0: error total_descriptor
 *   clang -O2: error total_descriptor
 *   tcc: error total_descriptor
 */
#include <coro/task.h>

ASYNC(count, ARGS(int, n), RETURNS(int))
{
    ASYNC_BEGIN;
    AWAIT(coro_yield());
    ASYNC_RETURN(self->n);
    ASYNC_END;
}

int total(void);

ASYNC(wrong, VARS(coro_task *task; int n;))
{
    ASYNC_BEGIN;
    self->task = coro_create_task(count(1));
#ifdef FIXED
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
