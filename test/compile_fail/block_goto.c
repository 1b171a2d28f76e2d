/* SPDX-License-Identifier: MIT */
/*
 * A `goto` leaves a timeout; noticed at the next await.
 *
 *   gcc -O0: silent
 *   gcc -O2: silent
 *   clang -O0: silent
 *   clang -O2: silent
 *   tcc: silent
 *   run time: traps, "a block was left by goto"
 */
#include <coro/scope.h>

ASYNC(wrong, ARGS(int, tired), VARS(coro_scope limit;))
{
    ASYNC_BEGIN;
    CORO_TIMEOUT(self->limit, CORO_SECONDS(1)) {
        AWAIT(coro_yield());
        if (self->tired)
#ifdef FIXED
            break;
#else
            goto out;
#endif
    }
#ifndef FIXED
out:
#endif
    AWAIT(coro_yield());
    ASYNC_END;
}

struct wrong *start(int tired)
{
    return wrong(tired);
}
