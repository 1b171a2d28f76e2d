/* SPDX-License-Identifier: MIT */
/*
 * A call is made and never awaited.
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
    AWAIT(work());
#else
    work();
#endif
    ASYNC_END;
}

struct wrong *start(void)
{
    return wrong();
}
