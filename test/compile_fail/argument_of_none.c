/* SPDX-License-Identifier: MIT */
/*
 * An argument is given to a coroutine without ARGS.
 *
 *   gcc -O0: error too many arguments
 *   gcc -O2: error too many arguments
 *   clang -O0: error too many arguments
 *   clang -O2: error too many arguments
 *   tcc: error too many arguments
 */
#include <coro/task.h>

ASYNC(pause)
{
    ASYNC_BEGIN;
    AWAIT(coro_yield());
    ASYNC_END;
}

ASYNC(wrong)
{
    ASYNC_BEGIN;
#ifdef FIXED
    AWAIT(pause());
#else
    AWAIT(pause(1));
#endif
    ASYNC_END;
}

struct wrong *start(void)
{
    return wrong();
}
