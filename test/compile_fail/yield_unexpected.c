/* SPDX-License-Identifier: MIT */
/*
 * A value is yielded where no YIELDS is given.
 *
 *   gcc -O0: error no member named 'result'
 *   gcc -O2: error no member named 'result'
 *   clang -O0: error no member named 'result'
 *   clang -O2: error no member named 'result'
 *   tcc: error field not found: result
 */
#include <coro/async.h>

#ifdef FIXED
ASYNC(wrong, YIELDS(int))
#else
ASYNC(wrong)
#endif
{
    ASYNC_BEGIN;
    YIELD(3);
    ASYNC_END;
}

struct wrong *start(void)
{
    return wrong();
}
