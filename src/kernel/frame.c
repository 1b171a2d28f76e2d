/* SPDX-License-Identifier: MIT */
/*
 * frame.c - frames: made, freed, failed, and the traps for their misuse.
 *
 * The fast half is inline in coro/frame.h; here are the cases that a program
 * meets rarely: no pool, a call that must outlive the loop's record, a descent
 * that is too deep, an error on its way out (trace.c), a bug in the caller.
 */
#define CORO_BODIES_HERE_ /* of what is inline on hosts */
#include "items.h"

#if CORO_HOSTED
#include <stdio.h>
#include <stdlib.h>
#endif

CORO_THREAD_LOCAL coro_pool *coro_pool_current_;

#if !CORO_HOSTED && !CORO_MINIMAL_
bool coro_uses_pool_, coro_uses_drops_, coro_uses_callbacks_, coro_uses_cancel_,
    coro_uses_closes_, coro_uses_deadlines_, coro_uses_drivers_, coro_uses_forwards_,
    coro_uses_groups_, coro_uses_hooks_, coro_uses_joins_, coro_uses_masks_, coro_uses_reports_,
    coro_uses_rings_, coro_uses_runs_, coro_uses_shields_, coro_uses_stand_ins_, coro_uses_stops_;
#endif

/* --- traps -------------------------------------------------------------------------------- */

#if CORO_HOSTED
void coro_trap(const char *file, int line, const char *what)
{
    fprintf(stderr, "coro: %s:%d: %s\n", file, line, what);
    fflush(stderr);
    abort();
}

static CORO_NORETURN void trap_in(const coro_header *frame, const char *what)
{
    char text[256];
    snprintf(text, sizeof text, "in %s: %s", frame->descriptor->name, what);
    coro_trap(frame->descriptor->file, (int)coro_frame_line(frame), text);
}
#else
#if CORO_HAS_WEAK_
CORO_WEAK void coro_trap(const char *file, int line, const char *what)
{
    (void)file, (void)line, (void)what;
    for (;;) {
    }
}
#endif

#define trap_in(frame, what)                                                                       \
    coro_trap(coro_file_of(frame), (int)coro_frame_line(frame), CORO_TEXT_(what))
#endif

#if !CORO_TEXTS
void coro_trap_line_(int line)
{
    coro_trap("", line, "");
}
#endif

#if CORO_MINIMAL_ /* who calls it is in this file */
#define MISUSED static inline CORO_NORETURN
#else
#define MISUSED
#endif
MISUSED void coro_misused_(const coro_header *self, unsigned how)
{
    (void)how;
    trap_in(self, how == CORO_MISUSED_BLOCK_
                      ? "a block was left by goto; use break, ASYNC_RETURN or ASYNC_THROW"
                  : how == CORO_MISUSED_RESULT_
                      ? "ended without a result; every way out needs ASYNC_RETURN(value)"
                  : self->state == CORO_STATE_FINISHED_
                      ? "resumed a coroutine that has finished; make a new one"
                      : "resumed at no state of its own; was its frame overwritten?");
}

void coro_leave_finally_(const coro_header *self)
{
    trap_in(self, "ASYNC_RETURN or ASYNC_THROW inside ASYNC_FINALLY; its outcome is settled");
}

void coro_yield_refused_(const coro_header *self, bool finally)
{
    (void)finally;
    trap_in(self, finally ? "YIELD inside ASYNC_FINALLY; who closes it waits for its end"
                          : "YIELD inside a timeout, shield or group, which would reach into the "
                            "consumer; leave the block first");
}

#if !CORO_MINIMAL_
void coro_leaf_no_loop(const coro_call *call)
{
    trap_in(&call->coro, "needs a loop; run the chain as a task, not by coro_resume");
}

/* --- memory ------------------------------------------------------------------------------- */

#if CORO_HOSTED
void *coro_heap_resize(void *context, void *block, size_t old, size_t fresh)
{
    (void)context, (void)old;
    if (fresh == 0) {
        free(block);
        return NULL;
    }
    return realloc(block, fresh);
}
#endif

static coro_status failed_body(coro_header *self, coro_driver *driver, coro_header *callee)
{
    (void)driver, (void)callee;
    self->state = CORO_STATE_START_; /* it may be awaited again, by somebody else */
    return CORO_STATUS_(CORO_DONE_);
}

static const coro_descriptor failed_descriptor = {
    failed_body,       CORO_NAMED_("out of memory") {NULL}, NULL, sizeof(coro_call),
    sizeof(coro_call), 0,                              0};

/* Nobody but an await writes to it, and only its caller: one a thread. */
static CORO_THREAD_LOCAL coro_call failed_frame;

coro_header *coro_frame_failed_(void)
{
    coro_header_init_(&failed_frame.coro, &failed_descriptor, 0);
    failed_frame.coro.error = CORO_ENOMEM;
    return &failed_frame.coro;
}

void *coro_frame_new_slow_(const coro_descriptor *descriptor)
{
    coro_pool *pool = coro_pool_current_;
    unsigned flags = pool != NULL ? CORO_FRAME_POOL_ : CORO_FRAME_HEAP_;
    coro_header *frame = NULL;
    if (pool != NULL)
        frame = coro_pool_take_(pool, descriptor->size);
#if CORO_HOSTED
    else
        frame = coro_heap_resize(NULL, NULL, 0, descriptor->size);
#endif
    if (frame == NULL)
        return NULL;
    coro_header_init_(frame, descriptor, flags);
    coro_zero_(frame + 1, descriptor->zero_end - sizeof *frame);
    return frame;
}

void coro_frame_free_slow_(coro_header *frame)
{
#if CORO_JOINS
    if (CORO_COUNTS_HOLDERS && CORO_USES_(joins) && frame->flags & CORO_FRAME_DROP_) {
        frame->flags &= (uint8_t)~CORO_FRAME_DROP_;
        coro_task_release(((coro_call *)frame)->object);
    }
#endif
    if (CORO_USES_(pool) && frame->flags & CORO_FRAME_POOL_) {
        CORO_CHECK(coro_pool_current_ != NULL,
                   "a frame of a loop's pool was freed outside of that loop");
        coro_pool_give_(coro_pool_current_, frame, frame->descriptor->size);
    }
#if CORO_HOSTED
    else if (frame->flags & CORO_FRAME_HEAP_)
        coro_heap_resize(NULL, frame, frame->descriptor->size, 0);
#endif
}

coro_call *coro_call_new_slow_(const coro_descriptor *descriptor)
{
    coro_call *call = CORO_USES_(pool) ? coro_frame_new_slow_(descriptor) : NULL;
    return call != NULL ? call : (coro_call *)coro_frame_failed_();
}

/* Of a failed call it may write both as well. */
coro_void *coro_call_of_slow_(const coro_descriptor *descriptor, void *object, const void *a)
{
    coro_call *call = coro_call_new_slow_(descriptor);
    call->object = object;
    call->a.pointer = (void *)(uintptr_t)a;
    return (coro_void *)call;
}

void coro_discard_(coro_header *call)
{
    if (call == NULL)
        return;
    CORO_CHECK(call->state == CORO_STATE_START_, "coro_discard of a call that was started");
    if (call->descriptor->discard != NULL)
        call->descriptor->discard(call);
    if (call->flags & CORO_FRAME_CALL_)
        call->state = CORO_STATE_FINISHED_; /* the record is free again */
    coro_frame_free_(call);
}

coro_header *coro_frame_keep(coro_header *call)
{
    coro_call *copy;
    uint8_t flags;
    CORO_CHECK(call != NULL, "was given NULL; give what the coroutine's function returned");
    CORO_CHECK(call->state == CORO_STATE_START_, "was given a call that was started before");
    if (!(call->flags & CORO_FRAME_CALL_))
        return call;
    copy = CORO_USES_(pool) ? coro_frame_new_slow_(call->descriptor) : NULL;
    if (copy == NULL) {
        coro_discard_(call);
        return coro_frame_failed_();
    }
    flags = copy->coro.flags;
    coro_item_copy(copy, call, sizeof *copy);
    copy->coro.flags = flags;
    copy->coro.caller = NULL;
    call->state = CORO_STATE_FINISHED_; /* the record is free again */
    return &copy->coro;
}

coro_header *coro_frame_resolve_(coro_header *frame)
{
#if CORO_SCOPES /* or there is no coro_wait_for */
    while (CORO_USES_(forwards) && frame->error == CORO_FORWARDED_) {
        coro_header *inner = ((coro_forward *)frame)->inner;
        coro_frame_free_(frame);
        frame = inner;
    }
#endif
    return frame;
}

/* A result that nobody took is given to the drop function of its coroutine. */
void coro_drop_(coro_header *frame)
{
    const coro_descriptor *descriptor = frame->descriptor;
    if (!CORO_USES_(drops))
        return;
    if (frame->error == 0 && frame->flags & CORO_FRAME_RETURN_ &&
        !(frame->flags & CORO_FRAME_TAKEN_) && descriptor->drop != NULL)
        descriptor->drop((char *)frame + descriptor->result_offset);
    frame->flags |= CORO_FRAME_TAKEN_;
}

void coro_let_go_slow_(coro_header *callee)
{
    coro_drop_(callee);
    coro_frame_free_(callee);
}

void coro_driver_close(coro_driver *driver)
{
    coro_header *frame = driver->frame;
    driver->frame = NULL;
    while (frame != NULL) {
        coro_header *caller = frame->caller;
        if (frame->state == CORO_STATE_START_)
            coro_discard_(frame);
        else
            coro_frame_free_(frame);
        frame = caller;
    }
}
#endif

#if CORO_MINIMAL_
#if !CORO_OUTCOMES_
/* Of a frame, or of the running task's wait. The size was compared where it is called. */
void coro_result_copy_(void *to, size_t size, const coro_header *callee)
{
    struct widest {
        coro_header coro;
        long long result;
    };
    const char *from = (const char *)(callee + 1);
    char *byte = to;
    _Static_assert(offsetof(struct widest, result) == sizeof(coro_header),
                   "without __typeof__ results must stand right behind their header");
    if (callee->flags & CORO_FRAME_CALL_)
        from = (const char *)&coro_loop_current()->current->wait.a;
    while (size-- > 0)
        *byte++ = *from++;
}
#endif
#else
void coro_result_copy_(void *to, size_t size, const coro_header *callee)
{
    const coro_descriptor *descriptor = callee->descriptor;
    const char *from = (const char *)callee + descriptor->result_offset;
    char *byte = to;
    CORO_CHECK(size == descriptor->result_size ||
                   (descriptor == &coro_resumed_call && size <= sizeof(coro_value)),
               "the lvalue of an AWAIT must have exactly the result's type");
    while (size-- > 0)
        *byte++ = *from++;
}
#endif

/* --- running ------------------------------------------------------------------------------ */

#if CORO_MINIMAL_
/* A callee that is still to be awaited: what its caller is to answer is where errors are. */
static coro_header suspended = {.error = CORO_SUSPENDED_}, deeper = {.error = CORO_DEEPER_};
/* There is one stack: who interrupts goes on from there, and is back before those whom it
 * interrupted. */
static uint_fast8_t depth;

coro_header *coro_enter_(coro_driver *driver, coro_header *self, coro_header *callee)
{
    coro_status status;
    CORO_CHECK(callee != NULL, "awaited NULL; await what the coroutine's function returned");
#if !CORO_OUTCOMES_
    if (callee->flags & CORO_FRAME_CALL_)
        return callee;
#endif
    CORO_CHECK(callee->state == CORO_STATE_START_,
               "awaited a call that was started before; make a new one for each await");
    callee->caller = self;
    driver->frame = callee;
    if (depth == CORO_DESCENT) /* everybody returns, and the driver enters it */
        return &deeper;
    depth++;
    status = callee->body(callee, driver, NULL);
    depth--;
    if (CORO_CODE_(status) != CORO_DONE_)
        return CORO_CODE_(status) == CORO_SUSPENDED_ ? &suspended : &deeper;
    driver->frame = self;
    return callee;
}
#else
/* Too deep for the C stack: everybody returns, and the driver enters the callee itself. */
coro_status coro_descend_slow_(coro_driver *driver, coro_header *callee)
{
    driver->frame = callee;
    return CORO_STATUS_(CORO_DEEPER_);
}
#endif

/* --- errors ------------------------------------------------------------------------------- */

#if CORO_JOINS && CORO_TRACE_DEPTH
/* Whose trace it is that an await goes on with: the frame's, or that of the task that it joined. */
static const coro_header *origin(const coro_header *failed)
{
    const coro_task *task = NULL;
    if (failed->flags & CORO_FRAME_DROP_ || coro_is_join(failed)) /* others have no object */
        task = ((const coro_call *)failed)->object;
    return task != NULL ? task->driver.frame : failed;
}
#else
#define origin(failed) (failed)
#endif

#if !CORO_MINIMAL_
/* The error of an ended callee, which is freed then. One that passes a result on has none. */
static inline int outcome(coro_driver *driver, coro_header *self, coro_header *callee)
{
    int error = callee->error;
    if (error >= 0)
        return 0;
    (void)driver, (void)self;
    coro_trace_add(driver, self, origin(callee), error, coro_frame_line(self));
    coro_frame_free_(callee);
    return error;
}
#endif

#if CORO_HOSTED
coro_failure_ coro_failed_slow_(coro_driver *driver, coro_header *self, coro_header *callee)
{
    coro_header *ended = coro_frame_resolve_(callee);
    return (coro_failure_){ended, outcome(driver, self, ended)};
}
#elif !CORO_MINIMAL_
int coro_failed_(coro_driver *driver, coro_header *self, coro_header **callee)
{
    *callee = coro_frame_resolve_(*callee);
    return outcome(driver, self, *callee);
}

int coro_await_frame_(coro_driver *driver, coro_header *self, coro_header *callee,
                      uint_fast8_t blocks)
{
    if (blocks != CORO_RESUMED_) {
        coro_status status;
        if (self->depth != blocks)
            coro_misused_(self, CORO_MISUSED_BLOCK_);
        status = coro_enter_(driver, self, callee);
        if (CORO_CODE_(status) != CORO_DONE_)
            return CORO_CODE_(status);
    }
    return outcome(driver, self, callee);
}

int coro_await_(coro_driver *driver, coro_header *self, coro_header *callee,
                uint_fast8_t blocks)
{
    int error = coro_await_frame_(driver, self, callee, blocks);
    if (error == 0)
        coro_let_go_(coro_frame_resolve_(callee));
    return error;
}
#endif

#if !CORO_HOSTED
/* The end of a body: by an error; FINISHED or UNWIND behind its last statement or a return, where
 * the frame's own error stays as it is; or by a state that it does not have. */
coro_status coro_end_(coro_header *self, int outcome)
{
    if (outcome < 0)
        self->error = (int16_t)outcome;
    else if (outcome != CORO_STATE_FINISHED_ && outcome != CORO_STATE_UNWIND_)
        coro_misused_(self, CORO_MISUSED_STATE_);
    self->state = CORO_STATE_FINISHED_;
#if CORO_SCOPES
    if (self->depth != 0)
        coro_misused_(self, CORO_MISUSED_BLOCK_);
#endif
    return CORO_STATUS_(CORO_DONE_);
}

coro_status coro_end_result_(coro_header *self, int outcome)
{
    coro_status status;
    status = coro_end_(self, outcome);
    if (self->error == 0 && !(self->flags & CORO_FRAME_RETURN_))
        coro_misused_(self, CORO_MISUSED_RESULT_);
    return status;
}
#endif

void coro_thrown_(coro_driver *driver, coro_header *self, int error, unsigned line)
{
    (void)driver, (void)self;
    CORO_CHECK(error < 0, "ASYNC_THROW needs a negative CORO_E… number");
    coro_trace_add(driver, self, NULL, error, line);
}

void coro_finally_enter_(coro_driver *driver, coro_header *self, int error)
{
    CORO_USE_(masks);
#if CORO_SCOPES
    if (CORO_UNLIKELY(driver->more & CORO_TASK_UNMASK_))
        coro_cancel_unmask((coro_task *)driver, self);
#else
    (void)driver;
#endif
    self->error = (int16_t)error;
    self->flags |= CORO_FRAME_MASK_;
}

/* An error inside FINALLY: the outcome if there is none yet, else somebody is told. */
void coro_finally_error_(coro_driver *driver, coro_header *self, int error)
{
    if (self->error == 0 && !(self->flags & CORO_FRAME_RETURN_)) {
        self->error = (int16_t)error;
    } else if (driver->loop != NULL && error != CORO_ECANCELED) {
        coro_report report = {CORO_REPORT_CLEANUP_ERROR, driver->loop, (coro_task *)driver, error,
                              coro_name_of(self)};
        coro_loop_report(driver->loop, &report);
    }
}
