/* SPDX-License-Identifier: MIT */
/*
 * A call of the library is made and never awaited.
 *
 *   gcc -O0: warning warn_unused_result
 *   gcc -O2: warning warn_unused_result
 *   clang -O0: warning warn_unused_result
 *   clang -O2: warning warn_unused_result
 *   tcc: silent
 */
#include <coro/task.h>

ASYNC(wrong)
{
    ASYNC_BEGIN;
#ifdef FIXED
    AWAIT(coro_sleep(CORO_MS(1)));
#else
    coro_sleep(CORO_MS(1));
#endif
    ASYNC_END;
}

struct wrong *start(void)
{
    return wrong();
}
