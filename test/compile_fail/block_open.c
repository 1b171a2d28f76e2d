/* SPDX-License-Identifier: MIT */
/*
 * The brace that ends a timeout is missing.
 *
 *   gcc -O0: error end of input
 *   gcc -O2: error end of input
 *   clang -O0: error expected '}'
 *   clang -O2: error expected '}'
 *   tcc: error unexpected end of file
 */
#include <coro/scope.h>

ASYNC(wrong, VARS(coro_scope limit;))
{
    ASYNC_BEGIN;
    CORO_TIMEOUT(self->limit, CORO_SECONDS(1)) {
        AWAIT(coro_yield());
#ifdef FIXED
    }
#endif
    ASYNC_END;
}

struct wrong *start(void)
{
    return wrong();
}
