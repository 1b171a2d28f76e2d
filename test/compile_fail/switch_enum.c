/* SPDX-License-Identifier: MIT */
/*
 * An await stands in a `switch` on an `enum`, which catches its case.
 *
 *   gcc -O0: error duplicate case value
 *   gcc -O2: error duplicate case value
 *   clang -O0: error duplicate case value
 *   clang -O2: error duplicate case value
 *   tcc: silent
 *   lint: finds await-in-switch
 */
#include <coro/task.h>

enum color { RED, GREEN };

ASYNC(wrong, ARGS(enum color, kind))
{
    ASYNC_BEGIN;
#ifdef FIXED
    if (self->kind == GREEN)
        AWAIT(coro_yield());
#else
    switch (self->kind) {
    case GREEN:
        AWAIT(coro_yield());
        break;
    default:
        break;
    }
#endif
    ASYNC_END;
}

struct wrong *start(enum color kind)
{
    return wrong(kind);
}
