/* SPDX-License-Identifier: MIT */
/*
 * CORO_JOIN names another coroutine, whose result has another type.
 *
 *   gcc -O0: warning makes integer from pointer
 *   gcc -O2: warning makes integer from pointer
 *   clang -O0: warning incompatible pointer to integer
 *   clang -O2: warning incompatible pointer to integer
 *   clang-19 -O0: error incompatible pointer to integer
 *   clang-19 -O2: error incompatible pointer to integer
 *   tcc: warning makes integer from pointer
 */
#include <coro/task.h>

ASYNC(count, ARGS(int, n), RETURNS(int))
{
    ASYNC_BEGIN;
    AWAIT(coro_yield());
    ASYNC_RETURN(self->n);
    ASYNC_END;
}

ASYNC(name_of, RETURNS(const char *))
{
    ASYNC_BEGIN;
    AWAIT(coro_yield());
    ASYNC_RETURN("name");
    ASYNC_END;
}

ASYNC(wrong, VARS(coro_task *task; int n;))
{
    ASYNC_BEGIN;
    self->task = coro_create_task(count(1));
#ifdef FIXED
    CORO_JOIN(self->n, count, self->task);
#else
    CORO_JOIN(self->n, name_of, self->task);
#endif
    coro_task_release(self->task);
    ASYNC_END;
}

struct wrong *start(void)
{
    return wrong();
}
