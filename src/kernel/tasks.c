/* SPDX-License-Identifier: MIT */
/*
 * tasks.c - looking at tasks: names, errors that are kept, all tasks of a loop.
 *
 *     loop->tasks ► a ─ b ─ c            all: a, d, e, b, c
 *                   └ group ► d ─ e
 */
#include "kernel.h"

#if CORO_HOSTED

_Static_assert(sizeof(void *) != 8 || !CORO_SCOPES || sizeof(coro_task) <= 128,
               "a sleeping task is promised in 208 bytes");

/* --- names and kept errors ---------------------------------------------------------------- */

void coro_task_set_name(coro_task *task, const char *name)
{
#if CORO_SCOPES
    coro_task *first = coro_task_errors(task);
    if (first != NULL) {
        first->wait.object = (void *)(uintptr_t)name;
        return;
    }
#endif
    task->label = name;
}

static const char *given_name(const coro_task *task)
{
#if CORO_SCOPES
    const coro_task *first = coro_task_errors(task);
    if (first != NULL)
        return first->wait.object;
#endif
    return task->label;
}

const char *coro_task_name(const coro_task *task)
{
    const coro_header *frame = task->driver.frame;
    const char *name = given_name(task);
    if (name != NULL)
        return name;
    while (frame->caller != NULL)
        frame = frame->caller;
    return frame->descriptor->name;
}

#if CORO_SCOPES
void coro_task_set_errors(coro_task *task, coro_task *first)
{
    const char *name = given_name(task);
    task->driver.more &= (uint8_t)~CORO_TASK_ERRORS_;
    task->label = name;
    if (first == NULL)
        return;
    first->wait.object = (void *)(uintptr_t)name;
    task->driver.more |= CORO_TASK_ERRORS_;
    task->label = first;
}
#endif

/* --- all of a loop ------------------------------------------------------------------------ */

#if CORO_JOINS && CORO_SCOPES
/* The first child of the groups that are open from `scope` outwards in one task. */
static coro_task *first_child(const coro_scope *scope)
{
    for (; scope != NULL; scope = scope->parent)
        if (scope->flags & CORO_SCOPE_GROUP_) {
            coro_group *group = coro_container_of(scope, coro_group, scope);
            if (group->children != NULL)
                return group->children;
        }
    return NULL;
}

/* Behind a task come its children, then its siblings, then the next group of who made them. */
static coro_task *task_after(const coro_loop *loop, const coro_task *task)
{
    coro_task *next = first_child(task->scope);
    while (next == NULL) {
        const coro_group *group = task->group;
        if (group == NULL)
            return task->sibling != loop->tasks ? task->sibling : NULL;
        if (task->sibling != group->children)
            return task->sibling;
        task = group->scope.task;
        next = first_child(group->scope.parent);
    }
    return next;
}

size_t coro_all_tasks(coro_loop *loop, coro_task_visitor visit, void *context)
{
    size_t count = 0;
    CORO_USE_(rings);
    if (loop == NULL)
        loop = coro_loop_current();
    CORO_CHECK(loop != NULL, "coro_all_tasks needs a loop; none runs here");
    coro_check_here(loop);
    for (coro_task *task = loop->tasks; task != NULL; task = task_after(loop, task)) {
        count++;
        if (visit != NULL)
            visit(context, task);
    }
    return count;
}
#endif

#endif
