/* SPDX-License-Identifier: MIT */
/*
 * ASYNC_TRY without ASYNC_CATCH.
 *
 *   gcc -O0: error coro_end_
 *   gcc -O2: error coro_end_
 *   clang -O0: error coro_end_
 *   clang -O2: error coro_end_
 *   tcc: error expected [(]got
 */
#include <coro/task.h>

ASYNC(wrong, VARS(int error;))
{
    ASYNC_BEGIN;
    ASYNC_TRY;
    AWAIT(coro_yield());
#ifdef FIXED
    ASYNC_CATCH(self->error);
#endif
    ASYNC_END_TRY;
    ASYNC_END;
}

struct wrong *start(void)
{
    return wrong();
}
