/* SPDX-License-Identifier: MIT */
/*
 * cancel.c - whom a cancel reaches.
 *
 * Scopes nest: blocks inside a task, the task, the group that the task is a
 * child of, the task that opened the group... A wait fails when the walk from
 * its frame outwards meets a cancelled scope before it meets a shield:
 *
 *     leaf ► frame ► [timeout] ► frame ► task ► [group] ► frame ► ... ► task ► loop
 *                       ▲ cancelled? expired?      ▲       ▲ MASK: in its FINALLY
 *
 * The walk stops at a CORO_SHIELD, and at a frame that is in its FINALLY (MASK):
 * clean-up runs undisturbed by what was pending when it was entered. A cancel
 * that comes later takes the MASK from the frames inside its scope, and so gets
 * through; nothing else has to be remembered.
 *
 * CORO_TASK_CANCEL_ on a task only says that some scope around it is cancelled:
 * a wait of a task without it pays one test.
 *
 * A running task's innermost frame is on the C stack, not in its driver, so a
 * cancel of the running task takes the MASKs away at its next wait: UNMASK, up
 * to loop->unmask_until.
 */
#include "kernel.h"

#if CORO_SCOPES

/* --- asking ------------------------------------------------------------------------------- */

/* The group that a task is a child of, or NULL. */
static inline coro_group *group_of(const coro_task *task)
{
    return CORO_USES_(groups) ? task->group : NULL;
}

static inline bool is_shield(const coro_scope *scope)
{
    return CORO_USES_(shields) && scope->flags & CORO_SCOPE_SHIELD_;
}

static bool reaches(const coro_task *task, const coro_header *frame, const coro_scope *scope)
{
    for (;;) {
        for (; frame != NULL; frame = frame->caller) {
            for (; scope != NULL && scope->frame == frame; scope = scope->parent) {
                if (scope->flags & CORO_SCOPE_CANCELED_)
                    return true;
                if (is_shield(scope))
                    return false;
            }
            if (frame->flags & CORO_FRAME_MASK_)
                return false;
        }
        if (task->driver.flags & CORO_TASK_CANCELED_)
            return true;
        if (group_of(task) == NULL)
            return false;
        scope = &task->group->scope;
        frame = scope->frame;
        task = scope->task;
    }
}

/* The clean-ups of a chain, from `frame` on: they shield no more. */
static void take_masks(coro_header *frame, const coro_header *until)
{
    for (; frame != NULL && frame != until; frame = frame->caller)
        frame->flags &= (uint8_t)~CORO_FRAME_MASK_;
}

/* Take the MASKs that a cancel of the running task must pierce. */
void coro_cancel_unmask(coro_task *task, coro_header *frame)
{
    const coro_header *until = task->driver.loop->unmask_until;
    if (!CORO_USES_(masks))
        return;
    task->driver.more &= (uint8_t)~CORO_TASK_UNMASK_;
    task->driver.loop->unmask_until = NULL;
    take_masks(frame, until);
}

/* A running frame has left its blocks: what they were to unmask is over. */
void coro_cancel_left(coro_task *task, const coro_header *frame)
{
    if (CORO_USES_(masks) && task->driver.loop->unmask_until == frame)
        task->driver.more &= (uint8_t)~CORO_TASK_UNMASK_;
}

bool coro_cancel_check(coro_task *task, coro_header *frame, const coro_scope *scope)
{
    if (!(task->driver.flags & CORO_TASK_CANCEL_))
        return false;
    if (task->driver.more & CORO_TASK_UNMASK_)
        coro_cancel_unmask(task, frame);
    return reaches(task, frame, scope);
}

/* Is anything from `scope` outwards cancelled, and not shielded from here? */
bool coro_cancel_around(const coro_task *task, const coro_scope *scope)
{
    for (;;) {
        for (; scope != NULL; scope = scope->parent) {
            if (scope->flags & CORO_SCOPE_CANCELED_)
                return true;
            if (is_shield(scope))
                return false;
        }
        if (task->driver.flags & CORO_TASK_CANCELED_)
            return true;
        if (group_of(task) == NULL)
            return false;
        scope = &task->group->scope;
        task = scope->task;
    }
}

/* A cancelled scope has been left: is there still one around the task? */
void coro_cancel_settle(coro_task *task)
{
    const coro_task *outer = task;
    const coro_scope *scope = task->scope;
    for (;;) {
        for (; scope != NULL; scope = scope->parent)
            if (scope->flags & CORO_SCOPE_CANCELED_)
                return;
        if (outer->driver.flags & CORO_TASK_CANCELED_)
            return;
        if (group_of(outer) == NULL)
            break;
        scope = &outer->group->scope;
        outer = scope->task;
    }
    task->driver.flags &= (uint8_t)~CORO_TASK_CANCEL_;
    task->driver.more &= (uint8_t)~CORO_TASK_UNMASK_;
}

bool coro_cancel_pending(void)
{
    coro_task *task = coro_current_task();
    return task != NULL && task->driver.flags & CORO_TASK_CANCEL_ &&
           coro_cancel_around(task, task->scope);
}

bool coro_cancel_pending_(coro_driver *driver, coro_header *frame)
{
    coro_task *task = (coro_task *)driver;
    return driver->loop != NULL && coro_cancel_check(task, frame, task->scope);
}

/* --- telling ------------------------------------------------------------------------------ */

/* End the wait that the task is in, if the cancel reaches it. */
static void poke(coro_task *task)
{
    if (task->driver.flags & CORO_TASK_WAITING_ && reaches(task, task->driver.frame, task->scope) &&
        task->wait_type->cancel(task))
        coro_wait_done(task, CORO_ECANCELED);
}

/* Does `outer` await `inner`, in the end? NULL is what is around all. */
static bool is_around(const coro_header *outer, const coro_header *inner)
{
    while (inner != NULL && inner != outer)
        inner = inner->caller;
    return inner == outer;
}

/* The outermost shield of the task inside of `last`, or of any: what is in it is not reached. */
static coro_scope *shield_inside(const coro_task *task, const coro_scope *last)
{
    coro_scope *shield = NULL;
    for (coro_scope *scope = task->scope; CORO_USES_(shields) && scope != last;
         scope = scope->parent)
        if (is_shield(scope))
            shield = scope;
    return shield;
}

/* The clean-ups that a cancel of `last`, whose frame is `until`, gets through to. */
static void unmask(coro_task *task, const coro_scope *shield, const coro_scope *last,
                   coro_header *until)
{
    coro_header *frame = shield != NULL ? shield->frame : task->driver.frame;
    if (!CORO_USES_(masks))
        return;
    if (shield == NULL && task == task->driver.loop->current) {
        if (!(task->driver.more & CORO_TASK_UNMASK_) ||
            is_around(until, task->driver.loop->unmask_until))
            task->driver.loop->unmask_until = until;
        task->driver.more |= CORO_TASK_UNMASK_;
        /* Its blocks' frames are known, and children look through them now. */
        frame = task->scope != last ? task->scope->frame : until;
    }
    take_masks(frame, until);
}

/* All children of the groups that are open in the task, from `shield` or its innermost block to
 * `last`. */
static void cancel_children(coro_task *task, const coro_scope *shield, const coro_scope *last)
{
    coro_scope *scope = shield != NULL ? shield->parent : task->scope;
    if (!CORO_USES_(groups))
        return;
    for (; scope != NULL; scope = scope->parent) {
        if (scope->flags & CORO_SCOPE_GROUP_) {
            coro_group *group = coro_container_of(scope, coro_group, scope);
            coro_task *child = group->children;
            if (child != NULL)
                do {
                    coro_cancel_tree(child);
                    child = child->sibling;
                } while (child != group->children);
        }
        if (scope == last)
            break;
    }
}

/* A cancel of `last` goes inwards, as far as the outermost shield. */
static void cancel_inside(coro_task *task, const coro_scope *last, coro_header *until)
{
    const coro_scope *shield = shield_inside(task, last);
    task->driver.flags |= CORO_TASK_CANCEL_;
    unmask(task, shield, last, until);
    if (shield == NULL)
        poke(task);
    cancel_children(task, shield, last);
}

/* A task that is inside a scope which has been cancelled, and all below it. */
void coro_cancel_tree(coro_task *task)
{
    cancel_inside(task, NULL, NULL);
}

/*
 * A task that waits for another one passes its cancel on. Along a chain of joins
 * this goes step by step, so that the C stack stays flat; VISITED stops a ring of
 * tasks that wait for each other. Who passed it on is remembered in a list, by a
 * word that a joining task has no use for, so that every mark is taken away again.
 */
static bool visit(coro_task *task)
{
    if (task->driver.more & CORO_TASK_VISITED_ || task->driver.flags & CORO_TASK_DONE_)
        return false;
    task->driver.more |= CORO_TASK_VISITED_;
    task->driver.flags |= CORO_TASK_CANCELED_;
    if (task->driver.cancels < UINT8_MAX)
        task->driver.cancels++;
    task->driver.loop->cancel_next = NULL;
    coro_cancel_tree(task);
    return true;
}

static void cancel_chain(coro_task *task)
{
    coro_task *joiner, *list = NULL;
    if (!visit(task))
        return;
    while ((joiner = task->driver.loop->cancel_next) != NULL && visit(joiner->wait.object)) {
        joiner->wait.a.pointer = list;
        list = joiner;
    }
    task->driver.more &= (uint8_t)~CORO_TASK_VISITED_;
    for (; list != NULL; list = list->wait.a.pointer) {
        task = list->wait.object;
        task->driver.more &= (uint8_t)~CORO_TASK_VISITED_;
    }
}

bool coro_task_cancel_too(coro_task *task)
{
    coro_loop *loop = task->driver.loop;
    coro_task *outer = loop->cancel_next;
    coro_check_thread(loop);
    if (task->driver.flags & CORO_TASK_DONE_)
        return false;
    cancel_chain(task);
    loop->cancel_next = outer;
    return true;
}

#if !CORO_HOSTED
bool coro_task_cancel(coro_task *task)
{
    CORO_USE_(cancel);
    return coro_task_cancel_too(task);
}
#endif

/* The task began a wait though it is cancelled: one that passes the cancel on. */
void coro_cancel_wait(coro_task *task)
{
    poke(task);
    coro_cancel_pass_on(task->driver.loop);
}

/* Joins that a cancel has met pass it on. */
void coro_cancel_pass_on(coro_loop *loop)
{
    while (CORO_USES_(joins) && loop->cancel_next != NULL) {
        coro_task *joiner = loop->cancel_next;
        loop->cancel_next = NULL;
        coro_task_cancel_too(joiner->wait.object);
    }
}

unsigned coro_task_uncancel(coro_task *task)
{
    coro_check_thread(task->driver.loop);
    if (task->driver.cancels > 0 && --task->driver.cancels == 0) {
        task->driver.flags &= (uint8_t)~CORO_TASK_CANCELED_;
#if CORO_HOSTED
        if (task->driver.more & CORO_TASK_REASON_)
            coro_reason_forget(task);
#endif
        coro_cancel_settle(task);
    }
    return task->driver.cancels;
}

unsigned coro_task_cancelling(const coro_task *task)
{
    return task->driver.cancels;
}

bool coro_task_cancelled(const coro_task *task)
{
    return task->driver.flags & CORO_TASK_DONE_ && task->driver.frame->error == CORO_ECANCELED;
}

bool coro_scope_cancel_too(coro_scope *scope)
{
    coro_task *task = scope->task;
    if (!scope->open || scope->flags & CORO_SCOPE_CANCELED_)
        return false;
    coro_check_thread(task->driver.loop);
    scope->flags |= CORO_SCOPE_CANCELED_;
    cancel_inside(task, scope, scope->frame);
    coro_cancel_pass_on(task->driver.loop);
    return true;
}

#if !CORO_HOSTED
bool coro_scope_cancel(coro_scope *scope)
{
    CORO_USE_(cancel);
    return coro_scope_cancel_too(scope);
}
#endif

#endif
