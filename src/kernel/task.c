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

#if CORO_MINIMAL_
void coro_task_start_(coro_loop *loop, coro_task *task, coro_header *call)
{
    CORO_CHECK(call != NULL && (call->state | call->flags) == 0,
               "coro_task_start_at needs a call that was not started: of a name_at()");
    task->driver.frame = call;
    task->driver.loop = loop;
    coro_task_ready_(task);
}
#else
/* `queue` is a constant. */
CORO_FAST void start(coro_loop *loop, coro_task *task, coro_header *root, unsigned flags,
                     bool queue)
{
#if CORO_HOSTED
    uintptr_t context = loop->current != NULL ? loop->current->context : loop->context;
#endif
    coro_zero_(task, sizeof *task);
    task->driver.frame = root;
    task->driver.loop = loop;
    task->driver.room = CORO_DESCENT;
    task->driver.flags = (uint8_t)flags;
    loop->task_count += CORO_USES_(rings);
#if CORO_HOSTED
    if (CORO_UNLIKELY(context != 0))
        coro_context_inherit(task, context);
    if (CORO_UNLIKELY(loop->metrics.tasks_max < loop->task_count)) {
        if (CORO_LIKELY(loop->watchers == NULL))
            loop->metrics.tasks_max = loop->task_count;
        else
            coro_watch_made(loop, task);
    }
    if (queue) {
        task->driver.flags |= CORO_TASK_QUEUED_;
        coro_task_enqueue_(loop, task);
    }
#else
    (void)queue;
    coro_task_ready_(task);
#endif
}

/* A frame of another loop's pool cannot live here: it moves to the heap, if there is one. */
static coro_header *move(coro_loop *loop, coro_header *call)
{
    coro_header *copy = NULL;
    if (!CORO_USES_(pool))
        return call;
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

CORO_SLOW coro_header *adopt_slow(coro_loop *loop, coro_header *call)
{
    coro_check_thread(loop);
#if CORO_HOSTED
    if (coro_pool_current_ == NULL && loop->context == 0 && coro_context_adopt != NULL)
        coro_context_adopt(loop);
#endif
    return move(loop, coro_frame_keep(call));
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

/* The call is adopted. */
CORO_FAST int start_at(coro_loop *loop, coro_task *task, coro_header *call)
{
    if (call->error == CORO_ENOMEM)
        return CORO_ENOMEM;
    if (coro_timers_reserve(loop) != 0) {
        coro_discard_(call);
        return CORO_ENOMEM;
    }
    start(loop, task, call, 0, true);
#if CORO_JOINS
    task->driver.references = 1;
    coro_loop_keep(loop, task);
#endif
    return 0;
}

int coro_task_start_at_(coro_loop *loop, coro_task *task, coro_header *call)
{
    return start_at(loop, task, adopt(loop, call));
}

#if !CORO_HOSTED
int coro_task_start_frame_(coro_loop *loop, coro_task *task, coro_header *frame)
{
    CORO_CHECK(frame != NULL && frame->state == CORO_STATE_START_,
               "coro_task_start_at needs a call that was not started: of a name_at()");
    return start_at(loop, task, move(loop, frame));
}
#endif

CORO_FAST int make(coro_loop *loop, coro_task **out, coro_header *call, bool queue)
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
    start(loop, task, call, CORO_TASK_POOL_, queue);
    *out = task;
    return 0;
}

/* The task, in no ring yet, with no reference. */
int coro_task_make(coro_loop *loop, coro_task **out, coro_header *call)
{
    return make(loop, out, call, true);
}

#if CORO_HOSTED && CORO_JOINS
int coro_task_make_idle(coro_loop *loop, coro_task **out, coro_header *call)
{
    return make(loop, out, call, false);
}
#endif

CORO_FAST coro_task *create(coro_loop *loop, coro_header *call)
{
    coro_task *task;
    if (loop == NULL)
        loop = coro_loop_current();
    CORO_CHECK(loop != NULL, "coro_create_task needs a running loop; see coro_loop_create_task");
    if (make(loop, &task, call, true) != 0)
        return NULL;
#if CORO_JOINS
    task->driver.references = 1;
    coro_loop_keep(loop, task);
#endif
    return task;
}

coro_task *coro_create_task_(coro_loop *loop, coro_header *call)
{
    return create(loop, call);
}

#if CORO_HOSTED
/* The place is left in the loop for watchers: one store, where an argument would cost more. */
coro_task *coro_create_task_here_(coro_header *call, const char *place)
{
    coro_loop *loop = coro_loop_current();
    CORO_CHECK(loop != NULL, "coro_create_task needs a running loop; see coro_loop_create_task");
    loop->place = place;
    return create(loop, call);
}

coro_task *coro_loop_create_task_here_(coro_loop *loop, coro_header *call, const char *place)
{
    CORO_CHECK(loop != NULL, "coro_loop_create_task needs a loop");
    loop->place = place;
    return create(loop, call);
}
#endif

#endif

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

#if CORO_JOINS && CORO_HOSTED && CORO_SCOPES
CORO_SLOW void free_notes(coro_task *task)
{
    if (task->driver.more & CORO_TASK_ERRORS_)
        coro_task_list_free(coro_task_errors(task));
    if (task->driver.more & CORO_TASK_REASON_)
        coro_reason_forget(task);
}
#endif

#if CORO_MINIMAL_
/* Its memory is yours again. */
void coro_task_ended(coro_task *task)
{
    CORO_CHECK(task->driver.frame->error == 0,
               "a task ended with an error, and nobody can join it; AWAIT_CATCH it");
}
#else
/* Free a done task with its root frame; its loop need not run. */
void coro_task_destroy(coro_task *task)
{
    coro_loop *loop = task->driver.loop;
    coro_pool *outer = coro_pool_current_;
    if (!CORO_COUNTS_HOLDERS)
        return;
    if (CORO_UNLIKELY(outer != &loop->pool)) {
        coro_pool_current_ = &loop->pool;
        coro_task_destroy(task);
        coro_pool_current_ = outer;
        return;
    }
#if CORO_JOINS
    if (CORO_USES_(reports) && CORO_UNLIKELY(task->driver.frame->error != 0))
        report_error(task, task->driver.frame->error);
#if CORO_HOSTED && CORO_SCOPES
    if (CORO_UNLIKELY(task->driver.more & (CORO_TASK_ERRORS_ | CORO_TASK_REASON_)))
        free_notes(task);
#endif
#endif
#if CORO_HOSTED
    if (CORO_UNLIKELY(task->context != 0))
        coro_context_drop(&task->context);
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

#if CORO_SCOPES
/* The task that it joins has ended: it tells whom it stands there for. */
CORO_SLOW void tell_stand_in(coro_task *stand_in)
{
    stand_in->driver.flags &= (uint8_t)~CORO_TASK_WAITING_;
    stand_in->wait_type->cancel(stand_in);
}
#endif

/* The root has finished: tell who wants to know. */
void coro_task_ended(coro_task *task)
{
    coro_loop *loop = task->driver.loop;
    int error;
    if (CORO_USES_(forwards) && CORO_UNLIKELY(task->driver.frame->error == CORO_FORWARDED_))
        task->driver.frame = coro_frame_resolve_(task->driver.frame);
    error = task->driver.frame->error;
    task->driver.flags |= CORO_TASK_DONE_;
    loop->task_count -= CORO_USES_(rings);
    coro_timers_unreserve(loop);
#if CORO_HOSTED
    if (CORO_UNLIKELY(task == loop->main_task))
        loop->attention |= CORO_ATTEND_OVER_;
#endif
#if CORO_TRACE_DEPTH
    if (task == loop->main_task && loop->trace.task == task)
        loop->trace.kept = true;
#endif
    (void)error;
#if CORO_JOINS
    task->driver.references += CORO_COUNTS_HOLDERS; /* until everybody knows */
    for (coro_task *joiner;
         CORO_USES_(joins) && (joiner = coro_waiters_pop(&task->joiners)) != NULL;) {
#if CORO_SCOPES
        if (CORO_USES_(stand_ins) && CORO_UNLIKELY(joiner->driver.more & CORO_TASK_STAND_IN_)) {
            tell_stand_in(joiner);
            continue;
        }
#endif
        coro_wait_done(joiner, error);
    }
#if CORO_SCOPES
    if (CORO_USES_(groups) && task->group != NULL)
        coro_group_child_ended(task->group, task, error);
    else
#endif
        coro_loop_let_go(loop, task);
    if (!CORO_COUNTS_HOLDERS || --task->driver.references != 0)
        return;
#endif
    coro_task_destroy(task);
}

#endif

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
        if (joiner->driver.more & CORO_TASK_STAND_IN_) {
            joiner->sibling = NULL; /* there will be no task to ask */
            tell_stand_in(joiner);
            continue;
        }
        joiner->wait.object = NULL; /* there will be no result to take */
        coro_wait_done(joiner, CORO_ECANCELED);
    }
    while (frame->caller != NULL) {
        coro_header *caller = frame->caller;
#if CORO_HOSTED
        if (coro_generator_abandon != NULL)
            coro_generator_abandon(loop, frame);
#endif
        coro_frame_free_(frame);
        frame = caller;
    }
#if CORO_HOSTED
    if (coro_generator_abandon != NULL)
        coro_generator_abandon(loop, frame);
#endif
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
        coro_loop_let_go(loop, task);
    }
    coro_task_destroy(task);
}
#endif

/* --- asking ------------------------------------------------------------------------------- */

coro_task *coro_current_task(void)
{
    coro_loop *loop = coro_loop_current();
    return loop != NULL ? loop->current : NULL;
}
