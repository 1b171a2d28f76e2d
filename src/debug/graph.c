/* SPDX-License-Identifier: MIT */
/*
 * graph.c - who waits for whom.
 *
 *     main ──group──► fetch ──join──► save ──lock──► fetch      a ring: fetch, save
 *
 * A task stands in the tree below the task of its group, or below the first that
 * joins or gathers it. That gives each at most one parent, so a tree needs no marks
 * in the tasks, and can be walked by a signal handler that has interrupted anything.
 *
 * Every walk is bounded by the number of tasks that the loop counts: what it reads
 * may be half changed. Pointers are followed only to tasks that say they are this
 * loop's. They are never freed memory: a task leaves its ring before it is freed.
 */
#include "debug.h"

#if CORO_SCOPES && CORO_JOINS

#include "kernel/lock.h"

static bool is_of(const coro_loop *loop, const coro_task *task)
{
    return task != NULL && task->driver.loop == loop;
}

static size_t bound(const coro_loop *loop)
{
    return loop->task_count + 2;
}

bool coro_graph_waits(const coro_loop *loop, const coro_task *task)
{
    return task->driver.flags & CORO_TASK_WAITING_ && !(task->driver.flags & CORO_TASK_QUEUED_) &&
           task != loop->current && task->wait_type != NULL;
}

static const coro_header *root_of(const coro_task *task)
{
    const coro_header *frame = task->driver.frame;
    while (frame != NULL && frame->caller != NULL)
        frame = frame->caller;
    return frame;
}

/* The first in the line of those who join; a stand-in of coro_wait, which has no frames, is there
 * for somebody. */
static coro_task *first_joiner(const coro_loop *loop, const coro_task *task)
{
    coro_task *each = task->joiners.first;
    for (size_t left = bound(loop); is_of(loop, each) && left > 0; left--) {
        coro_task *joiner = each->driver.frame != NULL ? each : coro_wait_waiter(each);
        if (joiner != NULL)
            return joiner;
        each = each->next;
    }
    return NULL;
}

coro_task *coro_graph_parent(const coro_loop *loop, const coro_task *task)
{
    const coro_header *root;
    coro_task *parent = task->group != NULL ? task->group->scope.task : first_joiner(loop, task);
    if (!is_of(loop, parent)) {
        root = root_of(task);
        parent = root != NULL ? coro_gather_waiter(root) : NULL;
    }
    return is_of(loop, parent) ? parent : NULL;
}

/* --- below a task ------------------------------------------------------------------------- */

/* The next child of the groups that the task has open, the outermost last. */
static coro_task *next_in_groups(const coro_loop *loop, coro_graph_walk *walk)
{
    while (walk->scope != NULL && walk->count <= bound(loop)) {
        const coro_scope *scope = walk->scope;
        const coro_task *first = NULL;
        if (scope->flags & CORO_SCOPE_GROUP_)
            first = coro_container_of(scope, const coro_group, scope)->children;
        if (is_of(loop, first)) {
            walk->child = walk->child == NULL ? first : walk->child->sibling;
            walk->count++;
            if (is_of(loop, walk->child) && (walk->child != first || walk->index == 0)) {
                walk->index = 1;
                return (coro_task *)(uintptr_t)walk->child;
            }
        }
        walk->child = NULL;
        walk->index = 0;
        walk->scope = scope->parent;
    }
    return NULL;
}

static coro_task *next_in_wait(const coro_loop *loop, coro_graph_walk *walk)
{
    coro_task *child = NULL;
    if (!coro_graph_waits(loop, walk->parent))
        return NULL;
    if (walk->phase == 1) {
        walk->phase = 2;
        walk->index = 0;
        child = coro_wait_target(walk->parent);
        if (is_of(loop, child) && coro_graph_parent(loop, child) == walk->parent)
            return child;
    }
    do {
        child = coro_gather_next(walk->parent, &walk->index);
        if (child == NULL)
            child = coro_wait_next(walk->parent, &walk->index);
    } while (is_of(loop, child) && coro_graph_parent(loop, child) != walk->parent);
    return is_of(loop, child) ? child : NULL;
}

coro_task *coro_graph_child(const coro_loop *loop, coro_graph_walk *walk)
{
    if (walk->phase == 0) {
        coro_task *child;
        if (walk->count == 0)
            walk->scope = walk->parent->scope;
        child = next_in_groups(loop, walk);
        if (child != NULL)
            return child;
        walk->phase = 1;
    }
    return next_in_wait(loop, walk);
}

/* --- rings -------------------------------------------------------------------------------- */

coro_task *coro_graph_next(const coro_loop *loop, const coro_task *task)
{
    const coro_lock *lock;
    coro_task *next;
    if (!coro_graph_waits(loop, task))
        return NULL;
    next = coro_wait_target(task);
    if (next == NULL && (lock = coro_lock_waited_for(task)) != NULL)
        next = lock->owner;
    return is_of(loop, next) ? next : NULL;
}

/* Who waits for children waits for `first`, if that is one of them. */
coro_task *coro_graph_ring_next(const coro_loop *loop, const coro_task *task,
                                const coro_task *first)
{
    coro_task *next = coro_graph_next(loop, task);
    bool closes = false;
    if (next != NULL || !coro_graph_waits(loop, task))
        return next;
    if (first->group != NULL)
        closes = task->wait.object == first->group;
    else
        closes = coro_graph_parent(loop, first) == task;
    return closes ? (coro_task *)(uintptr_t)first : NULL;
}

/* The one with the lowest address speaks for a ring; a child for one through its group. */
size_t coro_graph_ring(const coro_loop *loop, const coro_task *task)
{
    const coro_task *each = task;
    size_t length = 0;
    bool lowest = true;
    if (coro_graph_next(loop, task) == NULL)
        return 0;
    while (length <= bound(loop)) {
        const coro_task *next = coro_graph_ring_next(loop, each, task);
        bool by_group = next != NULL && coro_graph_next(loop, each) == NULL;
        if (next == NULL)
            return 0;
        length++;
        if (next == task)
            return lowest || by_group ? length : 0;
        lowest = lowest && (uintptr_t)task < (uintptr_t)next;
        each = next;
    }
    return 0;
}

/* --- all ---------------------------------------------------------------------------------- */

#define GROUPS_MAX 64 /* one inside the other */

static void each_of(const coro_loop *loop, const coro_task *first, unsigned depth,
                    void (*visit)(void *context, const coro_task *task), void *context)
{
    const coro_task *task = first;
    for (size_t left = bound(loop); is_of(loop, task) && left > 0; left--) {
        const coro_task *next = task->sibling;
        visit(context, task);
        for (const coro_scope *scope = task->scope; scope != NULL; scope = scope->parent)
            if (scope->flags & CORO_SCOPE_GROUP_ && depth < GROUPS_MAX)
                each_of(loop, coro_container_of(scope, const coro_group, scope)->children,
                        depth + 1, visit, context);
        task = next;
        if (task == first)
            break;
    }
}

void coro_graph_each(const coro_loop *loop, void (*visit)(void *context, const coro_task *task),
                     void *context)
{
    each_of(loop, loop->tasks, 0, visit, context);
}

#else

/* Nobody keeps a list of the tasks. */
void coro_graph_each(const coro_loop *loop, void (*visit)(void *context, const coro_task *task),
                     void *context)
{
    (void)loop, (void)visit, (void)context;
}

#endif
