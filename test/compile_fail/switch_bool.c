/* SPDX-License-Identifier: MIT */
/*
 * An await stands in a `switch` on a `bool`, which catches its case.
 *
 *   gcc -O0: error duplicate case value
 *   gcc -O2: error duplicate case value
 *   clang -O0: error duplicate case value
 *   clang -O2: error duplicate case value
 *   tcc: silent
 *   lint: finds await-in-switch
 */
#include <coro/task.h>

ASYNC(wrong, ARGS(bool, kind))
{
    ASYNC_BEGIN;
#ifdef FIXED
    if (self->kind == 1)
        AWAIT(coro_yield());
#else
    switch (self->kind) {
    case 1:
        AWAIT(coro_yield());
        break;
    default:
        break;
    }
#endif
    ASYNC_END;
}

struct wrong *start(bool kind)
{
    return wrong(kind);
}
