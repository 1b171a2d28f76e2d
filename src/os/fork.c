/* SPDX-License-Identifier: MIT */
/*
 * fork.c - a loop in the child of a fork without an exec.
 *
 *     parent: epoll ◄─────┐ shared: an event that one takes the other misses
 *     child:  (the same) ─┘ ─► reset ─► epoll of its own, under the same number
 *
 * The backend knows whether it has been forked (coro_forks), traps until then, and has
 * its descriptors anew, all of them or none. The parent's children are forgotten: a
 * signal for them from here would be a signal for somebody else's.
 */
#define _GNU_SOURCE
#include <coro/run.h>

#include "internal.h"

int coro_loop_fork_reset(coro_loop *loop)
{
    coro_waker *wakers[2];
    unsigned count = 0;
    int done;
    coro_check_thread(loop);
    if (loop->backend->fork_reset == NULL)
        return 0;
    if (loop->inbox != NULL)
        wakers[count++] = loop->inbox->waker;
    if ((wakers[count] = coro_runner_waker(loop)) != NULL)
        count++;
    done = loop->backend->fork_reset(loop, wakers, count);
    if (done > 0)
        coro_process_fork_reset(loop);
    return done < 0 ? done : 0;
}
