/* SPDX-License-Identifier: MIT */
/*
 * A task is awaited as if it were a call.
 *
 *   gcc -O0: error no member named 'coro'
 *   gcc -O2: error no member named 'coro'
 *   clang -O0: error no member named 'coro'
 *   clang -O2: error no member named 'coro'
 *   tcc: error field not found: coro
 */
#include <coro/task.h>

ASYNC(wrong, ARGS(coro_task *, task))
{
    ASYNC_BEGIN;
#ifdef FIXED
    AWAIT(coro_task_join(self->task));
#else
    AWAIT(self->task);
#endif
    ASYNC_END;
}

struct wrong *start(coro_task * task)
{
    return wrong(task);
}
