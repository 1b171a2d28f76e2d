/* SPDX-License-Identifier: MIT */
/*
 * A coroutine is named in an await, but not called.
 *
 *   gcc -O0: error member 'coro' in something not a structure
 *   gcc -O2: error member 'coro' in something not a structure
 *   clang -O0: error member reference is a function
 *   clang -O2: error member reference is a function
 *   tcc: error lvalue expected
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
    AWAIT(work);
#endif
    ASYNC_END;
}

struct wrong *start(void)
{
    return wrong();
}
