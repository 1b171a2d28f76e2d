/* SPDX-License-Identifier: MIT */
/*
 * A timeout block stands in a `switch` of the user's own.
 *
 *   gcc -O0: error duplicate case value
 *   gcc -O2: error duplicate case value
 *   clang -O0: error duplicate case value
 *   clang -O2: error duplicate case value
 *   tcc: silent
 */
#include <coro/scope.h>

ASYNC(wrong, ARGS(int, kind), VARS(coro_scope limit;))
{
    ASYNC_BEGIN;
#ifdef FIXED
    if (self->kind == 1) {
        CORO_TIMEOUT(self->limit, CORO_SECONDS(1)) {
            self->kind++;
        }
    }
#else
    switch (self->kind) {
    case 1:
        CORO_TIMEOUT(self->limit, CORO_SECONDS(1)) {
            self->kind++;
        }
    }
#endif
    ASYNC_END;
}

struct wrong *start(int kind)
{
    return wrong(kind);
}
