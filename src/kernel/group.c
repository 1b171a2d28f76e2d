/* SPDX-License-Identifier: MIT */
/*
 * group.c - CORO_GROUP: children that end before the block does.
 *
 *     task ── scope ── group ─┬─ children: a ring of running tasks
 *                             └─ failed: those whose errors count, in order
 *
 * A child that ends well is gone at once; one that fails is kept for its error,
 * and cancels the group's scope: siblings and body. When the body has been left
 * the block joins (a leaf wait that ends with the last child), and settles: the
 * first error, be it a child's or the body's, is the block's.
 *
 * The errors form a tree without memory of their own: a failed task is a node;
 * its depth within a list is in driver.cancels, which a done task has no use
 * for, and coro_task_errors is the list below it. Small targets keep the first number
 * only, and free the task.
 */
#include "kernel.h"

#if CORO_SCOPES && CORO_JOINS

void coro_group_enter_(coro_driver *driver, coro_header *frame, coro_group *group)
{
    bool cancelled = group->cancel_on_enter;
    CORO_CHECK(!group->scope.open, "a group was entered twice");
    CORO_USE_(groups);
    CORO_USE_(cancel);
    coro_zero_(group, sizeof *group);
    coro_scope_enter(driver, frame, &group->scope, CORO_SCOPE_GROUP_);
    if (cancelled)
        coro_scope_cancel_too(&group->scope);
}

void coro_group_collect_(coro_driver *driver, coro_header *frame, coro_group *group)
{
    coro_group_enter_(driver, frame, group);
    group->collects = true;
}

/* --- children ----------------------------------------------------------------------------- */

static void fail(coro_group *group, int error)
{
    if (group->error == 0)
        group->error = (int16_t)error;
    if (!group->collects)
        coro_scope_cancel_too(&group->scope);
}

static int refusal(const coro_group *group)
{
    if (!group->scope.open)
        return group->scope.task == NULL ? CORO_EINVAL : CORO_EFINISHED;
    if (group->scope.flags & CORO_SCOPE_CANCELED_)
        return CORO_ECANCELED;
    return 0;
}

static int create_child(coro_group *group, coro_task **out, coro_header *call, const char *place,
                        int (*make)(coro_loop *, coro_task **, coro_header *))
{
    coro_loop *loop;
    coro_task *task = NULL;
    int error = refusal(group);
    if (out != NULL)
        *out = NULL;
    if (error != 0) {
        coro_discard_(call);
        return error;
    }
    loop = group->scope.task->driver.loop;
#if CORO_HOSTED
    loop->place = place;
#else
    (void)place;
#endif
    error = make(loop, &task, call);
    if (error != 0) {
        fail(group, error);
        return error;
    }
    task->group = group;
    coro_ring_add(&group->children, task);
    group->count++;
    if (group->scope.task->driver.flags & CORO_TASK_CANCEL_ &&
        coro_cancel_around(group->scope.task, &group->scope))
        task->driver.flags |= CORO_TASK_CANCEL_;
    if (out != NULL)
        *out = task;
    return 0;
}

int coro_group_try_create_task_(coro_group *group, coro_task **out, coro_header *call,
                                const char *place)
{
    return create_child(group, out, call, place, coro_task_make);
}

#if CORO_HOSTED
int coro_group_create_task_eager_(coro_group *group, coro_task **out, coro_header *call,
                                  const char *place)
{
    coro_task *task;
    int error = create_child(group, &task, call, place, coro_task_make_idle);
    if (error == 0 && coro_task_run_now(task))
        task = NULL;
    if (out != NULL)
        *out = task;
    return error;
}
#endif

coro_task *coro_group_create_task_(coro_group *group, coro_header *call, const char *place)
{
    coro_task *task;
    (void)coro_group_try_create_task_(group, &task, call, place);
    return task;
}

#if CORO_HOSTED
static void keep_failed(coro_group *group, coro_task *task)
{
    task->driver.references++;
    task->driver.cancels = 0; /* from now on: its depth in the list */
    task->sibling = NULL;
    if (group->failed_last != NULL)
        group->failed_last->sibling = task;
    else
        group->failed = task;
    group->failed_last = task;
}
#endif

void coro_group_child_ended(coro_group *group, coro_task *task, int error)
{
    coro_ring_remove(&group->children, task);
    group->count--;
    task->group = NULL;
    if (task->driver.more & CORO_TASK_STARTING_) {
        task->driver.flags |= CORO_TASK_TAKEN_; /* its error is its starter's: start.c */
    } else if (error != 0 && error != CORO_ECANCELED) {
        task->driver.flags |= CORO_TASK_TAKEN_;
#if CORO_HOSTED
        keep_failed(group, task);
#endif
        if (group->error == 0)
            coro_trace_inherit(task->driver.loop, task->driver.frame, group->scope.task, error);
        fail(group, error);
    }
    if (group->count == 0 && group->joining) {
        group->joining = false;
        coro_wait_done(group->scope.task, 0);
    }
}

void coro_group_cancel(coro_group *group)
{
    if (!group->scope.open && group->scope.task == NULL)
        group->cancel_on_enter = true;
    else
        coro_scope_cancel_too(&group->scope);
}

/* --- the end of the block ----------------------------------------------------------------- */

#if CORO_HOSTED
/* What is below the body's error: the errors of a group inside it that failed it. Errors of a
 * group whose failure was caught are older news, and stay where they are. */
static void take_body_errors(coro_group *group, coro_task *task)
{
    coro_task *errors = coro_task_errors(task);
    if (errors == NULL || errors->driver.frame->error != group->body_error)
        return;
    group->body_failed = errors;
    coro_task_set_errors(task, NULL);
    for (coro_task *each = group->body_failed; each != NULL; each = each->sibling)
        each->driver.cancels++;
}
#endif

/* The body has been left. True: there are children to wait for. */
bool coro_group_leave_(coro_driver *driver, coro_header *frame, coro_group *group, int pending)
{
    (void)driver, (void)frame;
    group->pending = (int16_t)pending;
    if (pending == CORO_ECANCELED) {
        if (!(group->scope.flags & CORO_SCOPE_CANCELED_))
            group->scope.flags |= CORO_SCOPE_OWN_;
        if (!group->collects)
            coro_scope_cancel_too(&group->scope);
    } else if (pending < 0) {
#if CORO_HOSTED
        group->body_error = (int16_t)pending;
        take_body_errors(group, group->scope.task);
#endif
        if (group->error == 0)
            coro_trace_inherit(driver->loop, frame, group->scope.task, pending);
        fail(group, pending);
    }
    return group->count > 0;
}

static int join_start(coro_task *task, coro_call *call)
{
    coro_group *group = call->object;
    task->wait.object = group;
    if (group->count == 0)
        return 0;
    group->joining = true;
    return CORO_PENDING_;
}

/* The children are inside whatever was cancelled, so they are being cancelled as well. */
static bool join_cancel(coro_task *task)
{
    (void)task;
    return false;
}

static const coro_wait_type join_type = {CORO_VERB_("group") join_cancel, NULL, NULL, true};

CORO_LEAF(coro_group_join, &join_type, join_start, 0);

coro_void *coro_group_join_(coro_group *group)
{
    /* The other record is free here, whatever the user does with `call`; so it cannot fail. */
    coro_call *call = &coro_pool_current_->resumed;
    coro_header_init_(&call->coro, &coro_group_join_call_, CORO_FRAME_CALL_);
    call->object = group;
    return (coro_void *)call;
}

#if CORO_HOSTED
/* The tree goes to the task, which frees it. */
static void hand_over_errors(coro_group *group, coro_task *task)
{
    if (group->failed_last != NULL)
        group->failed_last->sibling = group->body_failed;
    else
        group->failed = group->body_failed;
    if (group->failed != NULL) {
        coro_task *older = coro_task_errors(task);
        coro_task_set_errors(task, group->failed);
        coro_task_list_free(older);
    }
}
#endif

/* All children have ended: what is the block's outcome? */
int coro_group_settle_(coro_driver *driver, coro_header *frame, coro_group *group)
{
    coro_task *task = (coro_task *)driver;
#if CORO_HOSTED
    hand_over_errors(group, task);
#endif
    if (group->error != 0) {
        coro_trace_add(driver, frame, NULL, group->error, coro_frame_line(frame));
        return group->error;
    }
    if (group->pending == 0 && coro_cancel_check(task, frame, group->scope.parent))
        return CORO_ECANCELED;
    return group->pending;
}

/* --- the tree of errors ------------------------------------------------------------------- */

#if CORO_HOSTED
static size_t visit_list(const coro_task *task, const coro_task *end, unsigned depth,
                         coro_error_visitor visit, void *context)
{
    size_t count = 0;
    for (; task != end; task = task->sibling) {
        unsigned here = depth + task->driver.cancels;
        count++;
        if (visit != NULL)
            visit(context, here, task->driver.frame->error, coro_task_name(task));
        count += visit_list(coro_task_errors(task), NULL, here + 1, visit, context);
    }
    return count;
}

static bool has_errors(const coro_group *group)
{
    return group->failed != NULL && coro_task_errors(group->scope.task) == group->failed;
}

size_t coro_error_group_visit(const coro_error_group *errors, coro_error_visitor visit,
                              void *context)
{
    size_t count = visit_list(errors->failed, errors->body_failed, 0, visit, context);
    if (errors->body_error != 0) {
        count++;
        if (visit != NULL)
            visit(context, 0, errors->body_error, "body");
    }
    return count + visit_list(errors->body_failed, NULL, 0, visit, context);
}

static coro_error_group errors_of(const coro_group *group)
{
    coro_error_group errors = {NULL, NULL, group->body_error};
    if (has_errors(group)) {
        errors.failed = group->failed;
        errors.body_failed = group->body_failed;
    }
    return errors;
}

size_t coro_group_errors(const coro_group *group, coro_error_visitor visit, void *context)
{
    coro_error_group errors = errors_of(group);
    return coro_error_group_visit(&errors, visit, context);
}

void coro_group_take_errors(coro_group *group, coro_error_group *errors)
{
    CORO_CHECK(!group->scope.open,
               "a group's errors are taken when its block has been left");
    *errors = errors_of(group);
    if (has_errors(group))
        coro_task_set_errors(group->scope.task, NULL);
    group->failed = group->failed_last = group->body_failed = NULL;
    group->body_error = 0;
}

void coro_error_group_close(coro_error_group *errors)
{
    coro_task_list_free(errors->failed);
    errors->failed = errors->body_failed = NULL;
    errors->body_error = 0;
}
#endif

#endif
