/* SPDX-License-Identifier: MIT */
/*
 * The scope of a timeout is a local.
 *
 *   gcc -O0: error jumps over variable initialization
 *   gcc -O2: error jumps over variable initialization
 *   clang -O0: silent
 *   clang -O2: silent
 *   tcc: silent
 *   lint: finds local-across-await
 */
#include <coro/scope.h>

ASYNC(wrong, VARS(coro_scope limit;))
{
    ASYNC_BEGIN;
#ifdef FIXED
    CORO_TIMEOUT(self->limit, CORO_SECONDS(1)) {
        AWAIT(coro_yield());
    }
#else
    coro_scope limit = {0};
    CORO_TIMEOUT(limit, CORO_SECONDS(1)) {
        AWAIT(coro_yield());
    }
#endif
    ASYNC_END;
}

struct wrong *start(void)
{
    return wrong();
}
