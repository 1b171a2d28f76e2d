/* SPDX-License-Identifier: MIT */
/*
 * stand_in.h - who waits for several tasks at once, though a task stands in one
 * line only: for each of them a stand-in joins, in line with the others.
 *
 *     task.joiners ──► [ a joiner ] ──► [ stand-in ] ──► ...
 *                                          │ at the task's end: wait_type->cancel(stand_in)
 *                                          ▼ wait.object: whoever it stands there for
 *
 * A stand-in is a coro_task that never runs. Its member (the task) is `sibling`, NULL
 * when that was freed as it stood; CORO_TASK_WAITING_ says that it is still in line.
 */
#ifndef CORO_KERNEL_STAND_IN_H
#define CORO_KERNEL_STAND_IN_H

#include "kernel.h"

#if CORO_SCOPES && CORO_JOINS

/* May the current loop's `waiter` wait for all of them? Else an error. */
int coro_stand_ins_check(coro_task *const *tasks, size_t count, const coro_task *waiter);
/* One for each task, which it holds; not in line yet. NULL: no memory. */
coro_task *coro_stand_ins_new(coro_task *const *tasks, size_t count);
/* Get in line, all whose members have not ended; how many have. */
size_t coro_stand_ins_join(coro_task *stand_ins, size_t count, const coro_wait_type *type,
                           void *owner);
/* Out of all lines; the members are let go, the memory given back. NULL is fine. */
void coro_stand_ins_free(coro_task *stand_ins, size_t count);

static inline bool coro_stand_in_has_ended(const coro_task *stand_in)
{
    return stand_in->sibling == NULL || stand_in->sibling->driver.flags & CORO_TASK_DONE_;
}

/* How its member has ended. */
static inline int coro_stand_in_error(const coro_task *stand_in)
{
    return stand_in->sibling == NULL ? CORO_ECANCELED : stand_in->sibling->driver.frame->error;
}

#endif

#endif
