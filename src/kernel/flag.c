/* SPDX-License-Identifier: MIT */
/*
 * flag.c - one bit that one task may wait for.
 *
 * Invariant: nobody waits while the flag is set.
 */
#include <coro/flag.h>

#include "kernel.h"

void coro_flag_set(coro_flag *flag)
{
    coro_task *task = coro_waiters_pop(&flag->waiters);
    if (task != NULL)
        coro_wait_done(task, 0);
    else
        flag->set = true;
}

static int wait_start(coro_task *task, coro_call *call)
{
    coro_flag *flag = call->object;
    if (flag->waiters.first != NULL)
        return CORO_EBUSY;
    if (flag->set) {
        flag->set = false;
        return 0;
    }
    coro_wait_on(task, flag);
    coro_waiters_push(&flag->waiters, task);
    return CORO_PENDING_;
}

#if CORO_SCOPES
static bool wait_cancel(coro_task *task)
{
    coro_waiters_remove(&((coro_flag *)task->wait.object)->waiters, task);
    return true;
}

static const coro_wait_type wait_type = {"flag", wait_cancel, NULL, NULL, false};
#define WAIT_TYPE &wait_type
#else
#define WAIT_TYPE NULL
#endif

CORO_LEAF(coro_flag_wait, WAIT_TYPE, wait_start, 0);

coro_void *coro_flag_wait(coro_flag *flag)
{
    coro_call *call = coro_call_new_(&coro_flag_wait_call_);
    if (call->coro.error == 0)
        call->object = flag;
    return (coro_void *)call;
}
