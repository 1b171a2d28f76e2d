/* SPDX-License-Identifier: MIT */
/*
 * ASYNC_TRY without ASYNC_END_TRY.
 *
 *   gcc -O0: error end of input
 *   gcc -O2: error end of input
 *   clang -O0: error expected '}'
 *   clang -O2: error expected '}'
 *   tcc: error unexpected end of file
 */
#include <coro/task.h>

ASYNC(wrong, VARS(int error;))
{
    ASYNC_BEGIN;
    ASYNC_TRY;
    AWAIT(coro_yield());
    ASYNC_CATCH(self->error);
#ifdef FIXED
    ASYNC_END_TRY;
#endif
    ASYNC_END;
}

struct wrong *start(void)
{
    return wrong();
}
