/* SPDX-License-Identifier: MIT */
/*
 * ASYNC_CATCH without ASYNC_TRY.
 *
 *   gcc -O0: error coro_outer_
 *   gcc -O2: error coro_outer_
 *   clang -O0: error coro_status
 *   clang -O2: error coro_status
 *   tcc: error declaration expected
 */
#include <coro/task.h>

ASYNC(wrong, VARS(int error;))
{
    ASYNC_BEGIN;
#ifdef FIXED
    ASYNC_TRY;
#endif
    AWAIT(coro_yield());
    ASYNC_CATCH(self->error);
    ASYNC_END_TRY;
    ASYNC_END;
}

struct wrong *start(void)
{
    return wrong();
}
