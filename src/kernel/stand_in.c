/* SPDX-License-Identifier: MIT */
/*
 * stand_in.c - joining several tasks at once: see stand_in.h.
 */
#include "stand_in.h"

#if CORO_SCOPES && CORO_JOINS

int coro_stand_ins_check(coro_task *const *tasks, size_t count, const coro_task *waiter)
{
    const coro_loop *loop = coro_loop_current();
    for (size_t i = 0; i < count; i++) {
        if (tasks[i] == NULL || tasks[i]->driver.references >= CORO_HOLDERS_MAX)
            return CORO_ENOMEM;
        if (tasks[i] == waiter)
            return CORO_ELOOP;
        if (tasks[i]->driver.loop != loop)
            return CORO_EWRONGLOOP;
    }
    return 0;
}

coro_task *coro_stand_ins_new(coro_task *const *tasks, size_t count)
{
    coro_task *stand_ins = coro_pool_take_(coro_pool_current_, count * sizeof *stand_ins);
    if (stand_ins == NULL)
        return NULL;
    CORO_USE_(stand_ins);
    for (size_t i = 0; i < count; i++) {
        coro_zero_(&stand_ins[i], sizeof *stand_ins);
        stand_ins[i].driver.loop = tasks[i]->driver.loop;
        stand_ins[i].driver.more = CORO_TASK_STAND_IN_;
        stand_ins[i].sibling = coro_task_retain(tasks[i]);
    }
    return stand_ins;
}

size_t coro_stand_ins_join(coro_task *stand_ins, size_t count, const coro_wait_type *type,
                           void *owner)
{
    size_t ended = 0;
    for (size_t i = 0; i < count; i++) {
        coro_task *each = &stand_ins[i];
        each->wait_type = type;
        each->wait.object = owner;
        if (coro_task_done(each->sibling)) {
            ended++;
            continue;
        }
        each->driver.flags |= CORO_TASK_WAITING_;
        coro_joiners_push(each->sibling, each);
    }
    return ended;
}

void coro_stand_ins_free(coro_task *stand_ins, size_t count)
{
    if (stand_ins == NULL)
        return;
    for (size_t i = 0; i < count; i++) {
        coro_task *each = &stand_ins[i];
        if (each->driver.flags & CORO_TASK_WAITING_)
            coro_waiters_remove(&each->sibling->joiners, each);
        coro_task_release(each->sibling);
    }
    coro_pool_give_(coro_pool_current_, stand_ins, count * sizeof *stand_ins);
}

#endif
