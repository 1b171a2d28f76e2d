/* SPDX-License-Identifier: MIT */
/*
 * A task's reference is neither kept nor released.
 *
 *   gcc -O0: warning warn_unused_result
 *   gcc -O2: warning warn_unused_result
 *   clang -O0: warning warn_unused_result
 *   clang -O2: warning warn_unused_result
 *   tcc: silent
 */
#include <coro/task.h>

ASYNC(work)
{
    ASYNC_BEGIN;
    AWAIT(coro_yield());
    ASYNC_END;
}

ASYNC(wrong)
{
    ASYNC_BEGIN;
#ifdef FIXED
    coro_task_release(coro_create_task(work()));
#else
    coro_create_task(work());
#endif
    ASYNC_END;
}

struct wrong *start(void)
{
    return wrong();
}
