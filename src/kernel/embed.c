/* SPDX-License-Identifier: MIT */
/*
 * embed.c - a loop that another event loop waits for.
 *
 *     prepare ─► (descriptor, time) ─► the other loop waits ─► run_once ─► prepare ...
 *
 * From prepare to the next turn the inbox believes that the loop sleeps, so that
 * posts wake it: they make its descriptor readable.
 */
#include "kernel.h"

#if CORO_HOSTED
int coro_loop_descriptor(const coro_loop *loop)
{
    return loop->backend->descriptor != NULL ? loop->backend->descriptor(loop) : -1;
}

coro_time coro_loop_prepare(coro_loop *loop)
{
    coro_time deadline = CORO_FOREVER;
    if (loop->ready != NULL || loop->attention & (CORO_ATTEND_HOOKS_ | CORO_ATTEND_EVENTS_))
        return loop->now;
    coro_timers_next(loop, &deadline);
    if (loop->inbox != NULL && !loop->embedded) {
        if (!loop->inbox->sleep(loop->inbox))
            return loop->now;
        loop->embedded = true;
    }
    return deadline;
}
#endif
