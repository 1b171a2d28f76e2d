/* SPDX-License-Identifier: MIT */
/*
 * ASYNC_RETURN inside ASYNC_FINALLY.
 *
 *   gcc -O0: silent
 *   gcc -O2: silent
 *   clang -O0: silent
 *   clang -O2: silent
 *   tcc: silent
 *   run time: traps, "ASYNC_RETURN inside ASYNC_FINALLY"
 */
#include <coro/task.h>

ASYNC(wrong)
{
    ASYNC_BEGIN;
    AWAIT(coro_yield());
  ASYNC_FINALLY:
    AWAIT(coro_yield());
#ifndef FIXED
    ASYNC_RETURN();
#endif
    ASYNC_END;
}

struct wrong *start(void)
{
    return wrong();
}
