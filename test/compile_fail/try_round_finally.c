/* SPDX-License-Identifier: MIT */
/*
 * ASYNC_FINALLY stands inside an ASYNC_TRY.
 *
 *   gcc -O0: error ASYNC_FINALLY in a block
 *   gcc -O2: error ASYNC_FINALLY in a block
 *   clang -O0: error ASYNC_FINALLY in a block
 *   clang -O2: error ASYNC_FINALLY in a block
 *   tcc: error ASYNC_FINALLY in a block
 */
#include <coro/task.h>

ASYNC(wrong, VARS(int error;))
{
    ASYNC_BEGIN;
#ifdef FIXED
  ASYNC_FINALLY:
    ASYNC_TRY;
    AWAIT(coro_yield());
#else
    ASYNC_TRY;
    AWAIT(coro_yield());
  ASYNC_FINALLY:
#endif
    ASYNC_CATCH(self->error);
    ASYNC_END_TRY;
    ASYNC_END;
}

struct wrong *start(void)
{
    return wrong();
}
