/* SPDX-License-Identifier: MIT */
/*
 * task.c - the life of a task: made, run, joined, let go.
 *
 *     create ──► ready ──► running ──► waiting ──► ready ... ──► done ──► freed
 *                            │                                    ▲
 *                            └────────────────────────────────────┘
 *
 * Who keeps it: the ring of its loop or group, until it is done; then its
 * references, until they are gone. Its result stays in its root frame.
 *
 * Invariants. T1: a task that is not done is in exactly one ring. T2: a done task
 * is in none, and is freed when references == 0 (a group's failed child: when
 * the list that keeps it is freed). T3: driver.frame of a done task is its root.
 */
#include "kernel.h"

/* --- making ------------------------------------------------------------------------------- */

CORO_FAST void start(coro_loop *loop, coro_task *task, coro_header *root, unsigned flags)
{
    coro_zero_(task, sizeof *task);
    task->driver.frame = root;
    task->driver.loop = loop;
    task->driver.flags = (uint8_t)flags;
    root->caller = NULL;
    loop->task_count++;
#if CORO_HOSTED
    if (loop->metrics.tasks_max < loop->task_count)
        loop->metrics.tasks_max = loop->task_count;
#endif
#if CORO_HOSTED
    task->driver.flags |= CORO_TASK_QUEUED_;
    coro_task_enqueue_(loop, task);
#else
    coro_task_ready_(task);
#endif
}

/* A frame of another loop's pool cannot live here: it moves to the heap, if there is one. */
CORO_SLOW coro_header *adopt_slow(coro_loop *loop, coro_header *call)
{
    coro_header *copy = NULL;
    coro_check_thread(loop);
    call = coro_frame_keep(call);
    if (!(call->flags & CORO_FRAME_POOL_) || coro_pool_current_ == &loop->pool)
        return call;
#if CORO_HOSTED
    copy = coro_heap_resize(NULL, NULL, 0, call->descriptor->size);
#endif
    if (copy == NULL) {
        coro_discard_(call);
        return coro_frame_failed_();
    }
    for (unsigned i = 0; i < call->descriptor->size; i++)
        ((char *)copy)[i] = ((char *)call)[i];
    copy->flags = CORO_FRAME_HEAP_;
    coro_frame_free_(call);
    return copy;
}

/* A new task's call: of the running loop's pool, mostly. Or the frame that says CORO_ENOMEM. */
CORO_FAST coro_header *adopt(coro_loop *loop, coro_header *call)
{
#if CORO_HOSTED
    if (CORO_LIKELY(call != NULL && call->flags == CORO_FRAME_POOL_ &&
                    call->state == CORO_STATE_START_ && coro_pool_current_ == &loop->pool))
        return call;
#endif
    return adopt_slow(loop, call);
}

int coro_task_start_at_(coro_loop *loop, coro_task *task, coro_header *call)
{
    call = adopt(loop, call);
    if (call->error == CORO_ENOMEM)
        return CORO_ENOMEM;
    if (coro_timers_reserve(loop) != 0) {
        coro_discard_(call);
        return CORO_ENOMEM;
    }
    start(loop, task, call, 0);
#if CORO_JOINS
    task->driver.references = 1;
    coro_ring_add(&loop->tasks, task);
#endif
    return 0;
}

CORO_FAST int make(coro_loop *loop, coro_task **out, coro_header *call)
{
    coro_task *task;
    call = adopt(loop, call);
    if (call->error == CORO_ENOMEM)
        return CORO_ENOMEM;
    task = coro_pool_take_(&loop->pool, sizeof *task);
    if (task == NULL || coro_timers_reserve(loop) != 0) {
        if (task != NULL)
            coro_pool_give_(&loop->pool, task, sizeof *task);
        coro_discard_(call);
        return CORO_ENOMEM;
    }
    start(loop, task, call, CORO_TASK_POOL_);
    *out = task;
    return 0;
}

/* The task, in no ring yet, with no reference. */
int coro_task_make(coro_loop *loop, coro_task **out, coro_header *call)
{
    return make(loop, out, call);
}

coro_task *coro_create_task_(coro_loop *loop, coro_header *call)
{
    coro_task *task;
    if (loop == NULL)
        loop = coro_loop_current();
    CORO_CHECK(loop != NULL, "coro_create_task needs a running loop; see coro_loop_create_task");
    if (make(loop, &task, call) != 0)
        return NULL;
#if CORO_JOINS
    task->driver.references = 1;
    coro_ring_add(&loop->tasks, task);
#endif
    return task;
}

/* --- ending ------------------------------------------------------------------------------- */

#if CORO_JOINS
CORO_SLOW void report_error(coro_task *task, int error)
{
    coro_report report = {CORO_REPORT_TASK_ERROR, task->driver.loop, task, error,
                          "ended with an error that nobody took"};
    if (error == CORO_ECANCELED || task->driver.flags & CORO_TASK_TAKEN_)
        return;
#if CORO_SCOPES
    if (task->driver.more & CORO_TASK_MUTED_)
        return;
#endif
    coro_loop_report(task->driver.loop, &report);
}
#endif

/* Free a done task with its root frame; its loop need not run. */
void coro_task_destroy(coro_task *task)
{
    coro_loop *loop = task->driver.loop;
    coro_pool *outer = coro_pool_current_;
    if (CORO_UNLIKELY(outer != &loop->pool)) {
        coro_pool_current_ = &loop->pool;
        coro_task_destroy(task);
        coro_pool_current_ = outer;
        return;
    }
#if CORO_JOINS
    if (CORO_UNLIKELY(task->driver.frame->error != 0))
        report_error(task, task->driver.frame->error);
#if CORO_HOSTED && CORO_SCOPES
    if (CORO_UNLIKELY(task->errors != NULL))
        coro_task_list_free(task->errors);
#endif
#endif
    coro_let_go_(task->driver.frame);
    if (task->driver.flags & CORO_TASK_POOL_)
        coro_pool_give_(&loop->pool, task, sizeof *task);
}

#if CORO_JOINS && CORO_HOSTED
void coro_task_list_free(coro_task *first)
{
    while (first != NULL) {
        coro_task *next = first->sibling;
        first->driver.flags |= CORO_TASK_TAKEN_;
        first->sibling = NULL;
        if (--first->driver.references == 0)
            coro_task_destroy(first);
        first = next;
    }
}
#endif

/* The root has finished: tell who wants to know. */
void coro_task_ended(coro_task *task)
{
    coro_loop *loop = task->driver.loop;
    int error;
    if (CORO_UNLIKELY(task->driver.frame->error == CORO_FORWARDED_))
        task->driver.frame = coro_frame_resolve(task->driver.frame);
    error = task->driver.frame->error;
    task->driver.flags |= CORO_TASK_DONE_;
    loop->task_count--;
    coro_timers_unreserve(loop);
#if CORO_TRACE_DEPTH
    if (task == loop->main_task && loop->trace.task == task)
        loop->trace.kept = true;
#endif
    (void)error;
#if CORO_JOINS
    task->driver.references++;
    for (coro_task *joiner; (joiner = coro_waiters_pop(&task->joiners)) != NULL;)
        coro_wait_done(joiner, error);
#if CORO_SCOPES
    if (task->group != NULL)
        coro_group_child_ended(task->group, task, error);
    else
#endif
        coro_ring_remove(&loop->tasks, task);
    if (--task->driver.references == 0)
#endif
        coro_task_destroy(task);
}

/* Free a task that has not ended, and all below it, as they stand. */
#if CORO_JOINS && CORO_SCOPES
void coro_task_destroy_tree(coro_task *task)
{
    coro_loop *loop = task->driver.loop;
    coro_header *frame = task->driver.frame;
    for (coro_scope *scope = task->scope; scope != NULL; scope = scope->parent)
        if (scope->flags & CORO_SCOPE_GROUP_) {
            coro_group *group = coro_container_of(scope, coro_group, scope);
            while (group->children != NULL)
                coro_task_destroy_tree(group->children);
#if CORO_HOSTED
            coro_task_list_free(group->failed);
            group->failed = NULL;
#endif
        }
    if (task->driver.flags & CORO_TASK_WAITING_)
        coro_wait_abandon(task);
    if (task->driver.flags & CORO_TASK_QUEUED_)
        coro_loop_forget(loop, task);
    for (coro_task *joiner; (joiner = coro_waiters_pop(&task->joiners)) != NULL;) {
        joiner->wait.object = NULL; /* there will be no result to take */
        coro_wait_done(joiner, CORO_ECANCELED);
    }
    while (frame->caller != NULL) {
        coro_header *caller = frame->caller;
        coro_frame_free_(frame);
        frame = caller;
    }
    task->driver.frame = frame;
    if (frame->state == CORO_STATE_START_ && frame->descriptor->discard != NULL)
        frame->descriptor->discard(frame);
    frame->error = CORO_ECANCELED;
    task->driver.flags |= CORO_TASK_DONE_;
    loop->task_count--;
    coro_timers_unreserve(loop);
    if (task->group != NULL) {
        coro_ring_remove(&task->group->children, task);
        task->group->count--;
    } else {
        coro_ring_remove(&loop->tasks, task);
    }
    coro_task_destroy(task);
}
#endif

/* --- joining ------------------------------------------------------------------------------ */

#if CORO_JOINS
void coro_task_release(coro_task *task)
{
    if (task == NULL)
        return;
    coro_check_here(task->driver.loop);
    CORO_CHECK(task->driver.references > 0, "a task was released more often than retained");
    if (--task->driver.references == 0 && task->driver.flags & CORO_TASK_DONE_)
        coro_task_destroy(task);
}

coro_task *coro_task_retain(coro_task *task)
{
    if (task != NULL) {
        CORO_CHECK(task->driver.references < UINT16_MAX, "too many references to a task");
        task->driver.references++;
    }
    return task;
}

bool coro_task_done(const coro_task *task)
{
    return (task->driver.flags & CORO_TASK_DONE_) != 0;
}

int coro_task_error(coro_task *task)
{
    if (!coro_task_done(task))
        return CORO_EPENDING;
    task->driver.flags |= CORO_TASK_TAKEN_;
    return task->driver.frame->error;
}

const void *coro_task_result(coro_task *task, const coro_descriptor *descriptor)
{
    coro_header *root = task->driver.frame;
    if (!coro_task_done(task) || root->error != 0)
        return NULL;
    CORO_CHECK(root->descriptor == descriptor, "the task runs another coroutine");
    root->flags |= CORO_FRAME_TAKEN_;
    return (char *)root + descriptor->result_offset;
}

/* The record holds the task until its result has been taken. */
static inline void join_finish(coro_task *waiter, coro_call *call)
{
    coro_task *task = waiter->wait.object;
    if (task == NULL)
        return;
    task->driver.flags |= CORO_TASK_TAKEN_;
    call->object = task;
    call->coro.flags |= CORO_FRAME_DROP_;
}

/* The task has ended already. What is taken at once, in line, needs no hold on it. */
CORO_FAST int join_done(coro_task *waiter, coro_call *call, coro_task *task)
{
    int error = task->driver.frame->error;
    bool in_line = CORO_HOSTED && call->coro.flags & CORO_FRAME_CALL_;
    task->driver.flags |= CORO_TASK_TAKEN_;
    if (CORO_LIKELY(in_line && waiter->driver.loop->budget > 0))
        return error;
    coro_task_retain(task);
    waiter->wait.object = task;
    if (in_line) {
        call->coro.error = (int16_t)error;
        return CORO_TURN_;
    }
    join_finish(waiter, call);
    return error;
}

static inline int join_start(coro_task *waiter, coro_call *call)
{
    coro_task *task = call->object;
    if (task == NULL)
        return CORO_ENOMEM;
    if (task->driver.flags & CORO_TASK_DONE_ && task->driver.loop == waiter->driver.loop)
        return join_done(waiter, call, task);
    if (task == waiter)
        return CORO_ELOOP;
    if (task->driver.loop != waiter->driver.loop)
        return CORO_EWRONGLOOP;
    coro_task_retain(task);
    waiter->wait.object = task;
    coro_waiters_push(&task->joiners, waiter);
    return CORO_PENDING_;
}

#if CORO_SCOPES
/* A cancel goes on to the task that is waited for; its end ends the wait. */
static bool join_cancel(coro_task *waiter)
{
    coro_task *task = waiter->wait.object;
    coro_loop *loop = waiter->driver.loop;
    if (loop->cancel_next == NULL)
        loop->cancel_next = task;
    else
        coro_task_cancel(task);
    return false;
}

/* A cancel ends the wait; the task lives on. */
static bool shield_cancel(coro_task *waiter)
{
    coro_task *task = waiter->wait.object;
    coro_waiters_remove(&task->joiners, waiter);
    waiter->wait.object = NULL;
    coro_task_release(task);
    return true;
}

static void join_abandon(coro_task *waiter)
{
    shield_cancel(waiter);
}

static const coro_wait_type join_type = {"join", join_cancel, join_abandon, join_finish, true};
static const coro_wait_type shield_type = {"shield", shield_cancel, NULL, join_finish, false};
#define JOIN_TYPE &join_type
#else
#define JOIN_TYPE NULL
#endif

CORO_LEAF_INLINE(coro_task_join, JOIN_TYPE, join_start, 0);

#if CORO_SCOPES
CORO_LEAF(coro_shield, &shield_type, join_start, 0);

coro_void *coro_shield(coro_task *task)
{
    coro_call *call = coro_call_new_(&coro_shield_call_);
    if (call->coro.error == 0)
        call->object = task;
    return (coro_void *)call;
}
#endif

#if CORO_SCOPES
coro_task *coro_join_target(const coro_task *waiter)
{
    return waiter->wait_type == &join_type ? waiter->wait.object : NULL;
}
#endif

bool coro_is_join(const coro_header *call)
{
    return call->descriptor == &coro_task_join_call_;
}

bool coro_task_join_is_done(const coro_header *call)
{
    const coro_call *join = (const coro_call *)call;
    const coro_task *task = join->object;
    return task == NULL || coro_task_done(task);
}
#endif

/* --- asking ------------------------------------------------------------------------------- */

coro_task *coro_current_task(void)
{
    coro_loop *loop = coro_loop_current();
    return loop != NULL ? loop->current : NULL;
}

#if CORO_HOSTED
void coro_task_set_name(coro_task *task, const char *name)
{
    task->name = name;
}

const char *coro_task_name(const coro_task *task)
{
    const coro_header *frame = task->driver.frame;
    if (task->name != NULL)
        return task->name;
    while (frame->caller != NULL)
        frame = frame->caller;
    return frame->descriptor->name;
}
#endif
