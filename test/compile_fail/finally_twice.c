/* SPDX-License-Identifier: MIT */
/*
 * There are two ASYNC_FINALLY.
 *
 *   gcc -O0: error duplicate case value
 *   gcc -O2: error duplicate case value
 *   clang -O0: error duplicate case value
 *   clang -O2: error duplicate case value
 *   tcc: error duplicate case value
 */
#include <coro/task.h>

ASYNC(wrong)
{
    ASYNC_BEGIN;
    AWAIT(coro_yield());
  ASYNC_FINALLY:
    AWAIT(coro_yield());
#ifndef FIXED
  ASYNC_FINALLY:
    AWAIT(coro_yield());
#endif
    ASYNC_END;
}

struct wrong *start(void)
{
    return wrong();
}
