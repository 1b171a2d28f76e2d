/* SPDX-License-Identifier: MIT */
/*
 * wait.h - how a primitive lets a task wait: the inside of every leaf await.
 *
 * A primitive is a coro_wait_type: `start` tries, and answers 0 (done), an
 * error, or CORO_PENDING_ after it has noted in task->wait what it waits for and
 * put the task on its list. Later somebody calls coro_wait_done(task, error).
 *
 *     AWAIT(coro_queue_get(&q, &x))
 *        └► constructor fills the loop's coro_call record
 *           └► CORO_LEAF body ─► cancelled? ─► start() ─► 0: the caller goes on in line
 *                                                   └──► pending: task->wait, suspend
 *           put(): copies the item, coro_wait_done() ─► ready ─► the loop resumes
 *              the caller with its record filled again by coro_wait_finish
 *
 * Invariants. W1: a task is in at most one of: the ready queue, one waiters'
 * ring. W2: WAITING is set from `start` to coro_wait_done. W3: whoever is not
 * WAITING any more has its value, so that a later cancel finds nothing to take.
 */
#ifndef CORO_KERNEL_WAIT_H
#define CORO_KERNEL_WAIT_H

#include <coro/loop.h>

#define CORO_PENDING_ 1
#define CORO_TURN_ 2 /* done with call->coro.error, after the others had a turn */

/* "sleep", "queue get": for trees and reports, where there are words. */
#if CORO_HOSTED || CORO_TEXTS
#define CORO_VERB_(verb) verb,
#else
#define CORO_VERB_(verb)
#endif

/* How to give a wait up, and how it ends. */
struct coro_wait_type {
#if CORO_HOSTED || CORO_TEXTS
    const char *verb;
#endif
    /* Give up: undo what start did. True: call coro_wait_done(task, CORO_ECANCELED) now; false:
     * the end of the wait comes later by itself (an operation in flight, a task that must end). */
    bool (*cancel)(coro_task *task);
    /* Undo what start did for a task that will never be resumed; NULL: cancel does it. */
    void (*abandon)(coro_task *task);
    /* After the end, with the record that the caller will see; or NULL. */
    void (*finish)(coro_task *task, coro_call *call);
    /* A cancel that is pending at the start goes on to what is waited for: join, future. */
    bool forwards_cancel;
};

/* What is inline on hosts is a function like others where code must be small: in frame.c. */
#if CORO_HOSTED
#define CORO_WAIT_INLINE CORO_INLINE
#else
#define CORO_WAIT_INLINE
void coro_waiters_push(coro_waiters *waiters, coro_task *task);
void coro_waiters_remove(coro_waiters *waiters, coro_task *task);
coro_task *coro_waiters_pop(coro_waiters *waiters);
void coro_wait_done(coro_task *task, int error);
#define coro_wait_done_here coro_wait_done
#if !CORO_MINIMAL_
coro_status coro_leaf_wait(coro_task *task, coro_call *call, const coro_wait_type *type);
void coro_wait_finish(coro_task *task, coro_call *call);
coro_status coro_leaf(coro_header *self, coro_driver *driver, const coro_wait_type *type,
                      int (*start)(coro_task *, coro_call *));
/* The body of all calls of the library, and what is each one's own. */
coro_status coro_leaf_body(coro_header *self, coro_driver *driver, coro_header *callee);
struct coro_leaf {
    const coro_wait_type *type;
    int (*start)(coro_task *task, coro_call *call);
};
#define coro_wait_finish_here coro_wait_finish
#endif
#endif

/* What a resumed caller sees as its callee's descriptor. */
extern const coro_descriptor coro_resumed_call;

#if CORO_SCOPES
/* Would a wait begun by `frame` in this task fail, with `scope` as the innermost block around it?
 * The precise answer behind CORO_TASK_CANCEL_. */
bool coro_cancel_check(coro_task *task, coro_header *frame, const coro_scope *scope);
#endif

/* Slow ways of coro_leaf. */
#if CORO_HOSTED
coro_status coro_leaf_careful(coro_task *task, coro_call *call, const coro_wait_type *type,
                              int (*start)(coro_task *, coro_call *));
coro_status coro_leaf_resumed(coro_task *task, coro_call *call);
coro_status coro_leaf_yield(coro_task *task, coro_call *call, int error);
#endif
void coro_wait_abandon(coro_task *task);
CORO_NORETURN void coro_leaf_no_loop(const coro_call *call);

/* --- waiters ------------------------------------------------------------------------------ */

#if CORO_HOSTED || defined(CORO_BODIES_HERE_)
CORO_WAIT_INLINE void coro_waiters_push(coro_waiters *waiters, coro_task *task)
{
#if CORO_SCOPES
    coro_task *first = waiters->first;
    if (first == NULL) {
        task->next = task->prev = task;
        waiters->first = task;
        return;
    }
    task->next = first;
    task->prev = first->prev;
    first->prev->next = task;
    first->prev = task;
#else
    coro_task **end = &waiters->first;
    while (*end != NULL)
        end = &(*end)->next;
    task->next = NULL;
    *end = task;
#endif
}

#if CORO_SCOPES
CORO_WAIT_INLINE void coro_waiters_remove(coro_waiters *waiters, coro_task *task)
{
    if (CORO_HOSTED && task->next == task) { /* mostly, and the shorter way */
        waiters->first = NULL;
        return;
    }
    task->prev->next = task->next;
    task->next->prev = task->prev;
    if (waiters->first == task)
        waiters->first = task->next != task ? task->next : NULL;
}
#endif

CORO_WAIT_INLINE coro_task *coro_waiters_pop(coro_waiters *waiters)
{
    coro_task *task = waiters->first;
    if (task == NULL)
        return NULL;
#if CORO_SCOPES
    coro_waiters_remove(waiters, task);
#else
    waiters->first = task->next;
#endif
    return task;
}
#endif

/* --- the wait ----------------------------------------------------------------------------- */

/* Instead of a wait: let the others have a turn. What `start` is to answer. */
static inline int coro_wait_turn(coro_task *task)
{
#if CORO_MINIMAL_
    coro_wait_done(task, 0); /* it ends before it begins */
    return CORO_PENDING_;
#else
    (void)task;
    return CORO_TURN_;
#endif
}

/* Where `start` leaves the result of a call that is done at once. */
static inline coro_value *coro_result_of(coro_task *task, coro_call *call)
{
#if CORO_MINIMAL_
    (void)call;
    return &task->wait.a;
#else
    (void)task;
    return &call->result;
#endif
}

/* Note what the task is going to wait for: its cancel, and reports, want to know. */
static inline void coro_wait_on(coro_task *task, void *object)
{
#if CORO_SCOPES
    task->wait.object = object;
#else
    (void)task, (void)object;
#endif
}

#if CORO_HOSTED || defined(CORO_BODIES_HERE_)
/* The wait has ended: the task becomes ready with this error; a value is in task->wait.a. */
CORO_WAIT_INLINE void coro_wait_done(coro_task *task, int error)
{
#if CORO_MINIMAL_
    coro_task_ready_(task);
    if (error != 0)
        task->driver.error = (int16_t)error;
#else
    task->driver.flags &= (uint8_t)~CORO_TASK_WAITING_;
    task->driver.error = (int16_t)error;
    coro_task_ready_(task);
#endif
}

#if CORO_HOSTED
/* The same, when the task is known to be of the running loop and not to be queued. */
static inline void coro_wait_done_here(coro_task *task, int error)
{
    task->driver.flags =
        (uint8_t)((task->driver.flags & ~CORO_TASK_WAITING_) | CORO_TASK_QUEUED_);
    task->driver.error = (int16_t)error;
    coro_task_enqueue_(task->driver.loop, task);
}
#endif

#if !CORO_MINIMAL_
/* Suspend: the task waits by `type`. */
CORO_WAIT_INLINE coro_status coro_leaf_wait(coro_task *task, coro_call *call,
                                            const coro_wait_type *type)
{
#if CORO_SCOPES
    task->wait_type = type;
#else
    (void)type;
#endif
    if (!CORO_USES_(pool) ||
        CORO_LIKELY(call->coro.flags & CORO_FRAME_CALL_ && call->coro.caller != NULL)) {
        task->driver.flags |= CORO_TASK_WAITING_ | CORO_TASK_CALL_;
        task->driver.frame = call->coro.caller;
        call->coro.state = CORO_STATE_FINISHED_; /* the record is free again */
    } else {
        task->driver.flags |= CORO_TASK_WAITING_;
        task->driver.frame = &call->coro;
        call->coro.state = CORO_STATE_WAITING_;
    }
    return CORO_STATUS_(CORO_SUSPENDED_);
}

/* The result of a wait that has ended, as its caller will see it. */
CORO_WAIT_INLINE void coro_wait_finish(coro_task *task, coro_call *call)
{
    call->result = task->wait.a;
    call->coro.error = task->driver.error;
#if CORO_SCOPES
    if (task->wait_type->finish != NULL)
        task->wait_type->finish(task, call);
#endif
    call->coro.state = CORO_STATE_FINISHED_;
}

#if CORO_HOSTED
/* The same in the loop's record for resumed callers. Error, flags and depth are one store, for the
 * caller reads them by one load (coro_settled_leaf_), which must not wait for three. */
static inline void coro_wait_finish_here(coro_task *task, coro_call *call)
{
#if defined(__GNUC__) && CORO_SCOPES
    const struct {
        int16_t error;
        uint8_t flags, depth;
    } settled = {task->driver.error, CORO_FRAME_CALL_, 0};
    call->result = task->wait.a;
    __builtin_memcpy((char *)call + offsetof(coro_call, coro.error), &settled, sizeof settled);
    if (task->wait_type->finish != NULL)
        task->wait_type->finish(task, call);
    call->coro.state = CORO_STATE_FINISHED_;
#else
    coro_wait_finish(task, call);
#endif
}
#endif
#endif

#endif

/* Define the descriptor `name##_call_` of a call whose wait is `type` and `start`; the second one
 * for calls whose constructor is inline, in a public header. */
#define CORO_LEAF(name, type, start, size) CORO_LEAF_2_(static, name, type, start, NULL, size)
#define CORO_LEAF_INLINE(name, type, start, size) CORO_LEAF_2_(, name, type, start, NULL, size)
/* One that holds something, to be given back by discard(frame) if it is never started. */
#define CORO_LEAF_HOLDING(name, type, start, discard, size)                                        \
    CORO_LEAF_2_(static, name, type, start, discard, size)

#if CORO_MINIMAL_
/* As AWAIT wants to have it: see coro/driver.h. */
static inline coro_header *coro_outcome(coro_loop *loop, int error)
{
#if CORO_OUTCOMES_
    (void)loop;
    return (coro_header *)(intptr_t)error;
#else
    loop->pool.outcome.error = (int16_t)error;
    return &loop->pool.outcome;
#endif
}

CORO_NOINLINE coro_void *coro_call_ended(coro_loop *loop, int error);

/*
 * A call of the library is awaited where it is made, so it begins at once: this is its constructor.
 * In the file of its `start` all of it is one function, whose arguments stay in registers.
 */
CORO_HOT_INLINE coro_void *coro_call_here(const coro_descriptor *descriptor, void *object,
                                          const void *argument)
{
    coro_loop *loop = coro_loop_current();
    coro_task *task = loop->current;
    coro_call call;
    int error;
    CORO_ASSUME_(task->driver.loop == loop); /* `start` need not look for it */
    call.object = object;
    call.a.pointer = (void *)(uintptr_t)argument;
    error = descriptor->start(task, &call);
    if (error == CORO_PENDING_)
        return (coro_void *)coro_outcome(loop, CORO_SUSPENDED_);
    return coro_call_ended(loop, error);
}

#define CORO_LEAF_2_(linkage, name, type, start, discard, size)                                    \
    linkage const coro_descriptor name##_call_ = {start}
#else
#if CORO_HOSTED
/* Done at once. The budget of a resume is finite, so that others have their turn. */
CORO_FAST coro_status coro_leaf_done(coro_task *task, coro_call *call, int error)
{
    if (CORO_UNLIKELY(--task->driver.loop->budget < 0))
        return coro_leaf_yield(task, call, error);
    if (error != 0) /* it is 0 since the call was made */
        call->coro.error = (int16_t)error;
    call->coro.state = CORO_STATE_FINISHED_;
    return CORO_STATUS_(CORO_DONE_);
}

/* What the start of a wait answered: done, an error, or wait. */
CORO_FAST coro_status coro_leaf_started(coro_task *task, coro_call *call,
                                        const coro_wait_type *type, int error)
{
    if (error == CORO_PENDING_)
        return coro_leaf_wait(task, call, type);
    if (error == CORO_TURN_) {
        coro_status status = coro_leaf_wait(task, call, type);
        coro_wait_done_here(task, call->coro.error);
        return status;
    }
    return coro_leaf_done(task, call, error);
}

/* The body of every call of the library; `start` is inlined into it. */
CORO_INLINE coro_status coro_leaf(coro_header *self, coro_driver *driver,
                                  const coro_wait_type *type,
                                  int (*start)(coro_task *, coro_call *))
{
    coro_call *call = (coro_call *)self;
    coro_task *task = (coro_task *)driver;
    if (CORO_UNLIKELY(self->state == CORO_STATE_WAITING_))
        return coro_leaf_resumed(task, call);
    if (CORO_LIKELY(!(driver->flags & CORO_DRIVER_CAREFUL_)))
        return coro_leaf_started(task, call, type, start(task, call));
    return coro_leaf_careful(task, call, type, start);
}
#endif

#define coro_call_here coro_call_of_

#if CORO_HOSTED
#define CORO_LEAF_2_(linkage, name, type, start, discard, size)                                    \
    static coro_status name##_leaf_(coro_header *self, coro_driver *driver, coro_header *callee)   \
    {                                                                                              \
        (void)callee;                                                                              \
        return coro_leaf(self, driver, type, start);                                               \
    }                                                                                              \
    linkage const coro_descriptor name##_call_ = {                                                 \
        CORO_LEAF_FIELDS_2_(#name, name##_leaf_, NULL, discard, size)}
#else
#define CORO_LEAF_2_(linkage, name, type, start, discard, size)                                    \
    static const struct coro_leaf name##_leaf_ = {type, start};                                    \
    linkage const coro_descriptor name##_call_ = {                                                 \
        CORO_LEAF_FIELDS_2_(#name, coro_leaf_body, .leaf = &name##_leaf_, discard, size)}
#endif
#define CORO_LEAF_FIELDS_(name, body, size) CORO_LEAF_FIELDS_2_(name, body, NULL, NULL, size)
#define CORO_LEAF_FIELDS_2_(name, body, leaf, discard, size)                                       \
    body, CORO_NAMED_(name) {leaf}, discard, sizeof(coro_call), sizeof(coro_call),                \
        offsetof(coro_call, result), size
#endif

#endif
