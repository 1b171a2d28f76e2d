/* SPDX-License-Identifier: MIT */
/*
 * A timeout is given a group instead of a scope.
 *
 *   gcc -O0: error member named 'open'
 *   gcc -O2: error member named 'open'
 *   clang -O0: error member named 'open'
 *   clang -O2: error member named 'open'
 *   tcc: error field not found: open
 */
#include <coro/group.h>

ASYNC(wrong, VARS(coro_scope limit; coro_group group;))
{
    ASYNC_BEGIN;
#ifdef FIXED
    CORO_TIMEOUT(self->limit, CORO_SECONDS(1)) {
#else
    CORO_TIMEOUT(self->group, CORO_SECONDS(1)) {
#endif
        AWAIT(coro_yield());
    }
    ASYNC_END;
}

struct wrong *start(void)
{
    return wrong();
}
