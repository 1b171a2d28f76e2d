/* SPDX-License-Identifier: MIT */
/*
 * An await stands in a `switch` on 64 bits, which catches its case.
 *
 *   gcc -O0: silent
 *   gcc -O2: silent
 *   clang -O0: silent
 *   clang -O2: silent
 *   tcc: silent
 *   lint: finds await-in-switch
 *   run time: traps, "resumed at no state of its own"
 */
#include <coro/task.h>

ASYNC(wrong, ARGS(int64_t, kind))
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

struct wrong *start(int64_t kind)
{
    return wrong(kind);
}
