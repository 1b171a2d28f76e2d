/* SPDX-License-Identifier: MIT */
/*
 * flag.c - one bit that one task may wait for.
 *
 * Where there are interrupts, setting it is storing one byte, and nothing else; whoever
 * waits for it is in a list of the loop's, which looks at those bytes in each turn, and
 * once more with interrupts held back before it sleeps (src/poll/bare.c):
 *
 *     loop->flags ──► flag ──► flag ──► NULL       somebody waits for each of these
 *                      └ set: by an interrupt, whatever the loop is doing
 *
 * So an interrupt never meets a list that is being changed, nothing has to be locked,
 * and no event is lost: the bit is cleared before its task runs, and what the task then
 * looks at was there before the bit.
 *
 * Invariant: nobody waits while the flag is set (with interrupts: at the end of a turn).
 */
#include <coro/flag.h>

#include "kernel.h"

#if CORO_HOSTED
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

static void give_up(coro_flag *flag, coro_task *task)
{
    coro_waiters_remove(&flag->waiters, task);
}
#else
void coro_flags_take(coro_loop *loop)
{
    coro_flag **place = &loop->flags, *flag;
    while ((flag = *place) != NULL) {
        if (flag->set) {
            coro_task *task = flag->waiter;
            flag->set = false;
            flag->waiter = NULL;
            *place = flag->next;
            coro_wait_done(task, 0);
        } else {
            place = &flag->next;
        }
    }
}

bool coro_flags_any(const coro_loop *loop)
{
    for (const coro_flag *flag = loop->flags; flag != NULL; flag = flag->next)
        if (flag->set)
            return true;
    return false;
}

static int wait_start(coro_task *task, coro_call *call)
{
    coro_flag *flag = call->object;
    if (flag->waiter != NULL)
        return CORO_EBUSY;
    if (flag->set) {
        flag->set = false;
        return 0;
    }
    coro_wait_on(task, flag);
    flag->waiter = task;
    flag->next = task->driver.loop->flags;
    task->driver.loop->flags = flag;
    return CORO_PENDING_;
}

#if CORO_SCOPES
static void give_up(coro_flag *flag, coro_task *task)
{
    coro_flag **place = &task->driver.loop->flags;
    while (*place != flag)
        place = &(*place)->next;
    *place = flag->next;
    flag->waiter = NULL;
}
#endif
#endif

#if CORO_SCOPES
static bool wait_cancel(coro_task *task)
{
    give_up(task->wait.object, task);
    return true;
}

static const coro_wait_type wait_type = {CORO_VERB_("flag") wait_cancel, NULL, NULL, false};
#define WAIT_TYPE &wait_type
#else
#define WAIT_TYPE NULL
#endif

CORO_LEAF(coro_flag_wait, WAIT_TYPE, wait_start, 0);

coro_void *coro_flag_wait(coro_flag *flag)
{
    return coro_call_here(&coro_flag_wait_call_, flag, NULL);
}
