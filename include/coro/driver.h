/* SPDX-License-Identifier: MIT */
/*
 * coro/driver.h - who runs a chain of frames: a task of a loop, or you.
 *
 *     coro_driver driver;                          // no loop is needed:
 *     coro_driver_init(&driver, &count(3)->coro);
 *     while (coro_resume(&driver)) ...             // until the root has ended
 *     coro_driver_close(&driver);
 *
 * A callee is entered directly; a descent of more than CORO_DESCENT levels goes
 * back to the driver, so that recursion cannot exhaust the C stack. What suspended is
 * resumed alone, whatever its depth; its caller follows when it has finished.
 *
 * Threads: a chain belongs to one thread at a time.
 */
#ifndef CORO_DRIVER_H
#define CORO_DRIVER_H

#include <coro/frame.h>

CORO_BEGIN_DECLS

/* Runs one chain of frames. A task begins with one; without a loop it stands alone. */
struct coro_driver {
    coro_header *frame;     /* the innermost: the one to resume */
    struct coro_loop *loop; /* NULL: driven by coro_resume */
#if !CORO_MINIMAL_
    uint8_t room;           /* levels that a descent may still go down; all, where one begins */
    uint8_t flags;          /* a task's, see coro/task.h */
#endif
    int16_t error;          /* how the task's wait ended */
#if CORO_JOINS
    uint16_t references;
#endif
#if CORO_SCOPES
    uint8_t cancels; /* requests so far: asyncio's Task.cancelling() */
    uint8_t more;    /* more flags */
#endif
};

/* --- what the macros of coro/async.h call ------------------------------------------------- */

/* What a finished callee's error does to its caller; *callee may become another frame. */
#if CORO_HOSTED
/* Both come back by value, so that the caller's variable may stay in a register. */
typedef struct coro_failure_ {
    coro_header *callee;
    int error;
} coro_failure_;
CORO_API CORO_COLD coro_failure_ coro_failed_slow_(coro_driver *driver, coro_header *self,
                                                   coro_header *callee);
CORO_INLINE int coro_failed_(coro_driver *driver, coro_header *self, coro_header **callee)
{
    coro_failure_ failure = coro_failed_slow_(driver, self, *callee);
    *callee = failure.callee;
    return failure.error;
}
#elif !CORO_MINIMAL_
int coro_failed_(coro_driver *driver, coro_header *self, coro_header **callee);
#endif

CORO_API CORO_COLD void coro_thrown_(coro_driver *driver, coro_header *self, int error,
                                      unsigned line);
CORO_API void coro_finally_enter_(coro_driver *driver, coro_header *self, int error);
CORO_API CORO_COLD void coro_finally_error_(coro_driver *driver, coro_header *self, int error);
/* A header's byte that is read on a rare way; else the compiler reads it on all, in advance. */
#define CORO_LATE_(byte) (*(const volatile uint8_t *)&(byte))

/* How a body traps. */
enum { CORO_MISUSED_STATE_, CORO_MISUSED_BLOCK_, CORO_MISUSED_RESULT_ };
#if !CORO_MINIMAL_
CORO_API CORO_NORETURN CORO_COLD void coro_misused_(const coro_header *self, unsigned how);
#endif
CORO_API CORO_NORETURN CORO_COLD void coro_leave_finally_(const coro_header *self);
CORO_API CORO_NORETURN CORO_COLD void coro_yield_refused_(const coro_header *self, bool finally);

/* A body's traps are one call in it, so that the ways that call nothing need no stack frame. */
#if CORO_HOSTED
#define CORO_MISUSE_()                                                                             \
    if (0) {                                                                                       \
        coro_misuse_:                                                                              \
        coro_misused_(&self->coro, (unsigned)coro_state_);                                         \
    }
#define CORO_MISUSED_AT_(how)                                                                      \
    do {                                                                                           \
        coro_state_ = (how);                                                                       \
        goto coro_misuse_;                                                                         \
    } while (0)
#else
#define CORO_MISUSED_AT_(how) coro_misused_(&self->coro, (how))
#endif

/* A block that is still open here would outlive its frame. */
#if CORO_SCOPES
#define CORO_CHECK_END_() CORO_CHECK_LATE_(0)
#define CORO_CHECK_LATE_(blocks)                                                                   \
    do {                                                                                           \
        if (CORO_UNLIKELY(CORO_LATE_(self->coro.depth) != (blocks)))                               \
            CORO_MISUSED_AT_(CORO_MISUSED_BLOCK_);                                                 \
    } while (0)
#else
#define CORO_CHECK_END_() (void)0
#define CORO_CHECK_LATE_(blocks) (void)0
#endif

/* Give a finished frame's result to its drop function, if nobody has taken it. */
CORO_API void coro_drop_(coro_header *frame);

/* Nobody wants the result of a finished callee: it is dropped, and the frame freed. */
CORO_API void coro_let_go_slow_(coro_header *callee);
#if CORO_MINIMAL_
#elif !CORO_HOSTED
#define coro_let_go_ coro_let_go_slow_
#define coro_let_go_leaf_ coro_let_go_slow_
#else
/* Has a call of the library succeeded, in a record of the loop's? Then nothing is left to do.
 * error, flags and depth stand in a row: one comparison. */
CORO_INLINE bool coro_settled_leaf_(const coro_header *callee)
{
#if defined(__BYTE_ORDER__) && CORO_SCOPES
    const uint32_t flags_at = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? 16 : 8;
    uint32_t settled;
    __builtin_memcpy(&settled, (const char *)callee + offsetof(coro_header, error), sizeof settled);
    return settled == (uint32_t)CORO_FRAME_CALL_ << flags_at;
#else
    return callee->error == 0 && callee->flags == CORO_FRAME_CALL_;
#endif
}
CORO_INLINE bool coro_settled_(const coro_header *callee)
{
    (void)callee;
    return false;
}
CORO_INLINE void coro_let_go_leaf_(coro_header *callee)
{
    if (CORO_UNLIKELY(callee->flags != CORO_FRAME_CALL_))
        coro_let_go_slow_(callee);
}
CORO_INLINE void coro_let_go_(coro_header *callee)
{
    if (CORO_UNLIKELY(callee->descriptor->drop != NULL))
        coro_let_go_slow_(callee);
    else
        coro_frame_free_(callee);
}
#endif

/* Copy a result where the compiler has no __typeof__: sizes must agree. */
CORO_API void coro_result_copy_(void *to, size_t size, const coro_header *callee);

#if CORO_MINIMAL_
/*
 * A call of the library begins where it is made, and what its function returns is no frame, but
 * the outcome: 0 or an error, or CORO_SUSPENDED_; when its task is resumed, the body is given the
 * outcome of the wait in the place of a callee. It is a number in a pointer, where the compiler
 * tells it from a frame by its type, so that it is in a register all the way; elsewhere it is a
 * header of the loop's with that error. The result is in the task, whatever the way.
 */
#if CORO_OUTCOMES_
static inline coro_header *coro_begun_(coro_driver *driver, coro_header *self, coro_header *call)
{
    (void)driver, (void)self;
    return call;
}
static inline int coro_outcome_(const coro_header *call)
{
    return (int)(intptr_t)call;
}
/* The task, shifted so that its `wait` is where a call of the library has its result. */
static inline void *coro_waited_(coro_driver *driver, coro_header *call)
{
    (void)call;
    return (char *)driver + sizeof *driver + sizeof(void *) - offsetof(coro_size, result);
}
static inline void *coro_ended_(coro_driver *driver, coro_header *callee)
{
    (void)driver;
    return callee;
}
#endif
static inline int coro_error_of_(const coro_header *callee)
{
    return callee->error;
}
coro_header *coro_enter_(coro_driver *driver, coro_header *self, coro_header *callee);
#elif !CORO_HOSTED
/*
 * All of an await: the callee is entered, where `blocks` says how many blocks are around, which
 * are to be open; behind a resume it has ended. 0 or its error, and then it is freed; above 0, what
 * a body answers: it has not ended. One that ended well is let go by coro_await_, else kept.
 */
enum { CORO_RESUMED_ = 255 };
int coro_await_(coro_driver *driver, coro_header *self, coro_header *callee,
                uint_fast8_t blocks);
int coro_await_frame_(coro_driver *driver, coro_header *self, coro_header *callee,
                      uint_fast8_t blocks);
coro_status coro_enter_(coro_driver *driver, coro_header *self, coro_header *callee);
#endif
/* Follow coro_wait_for's frames, which are freed, to the one that has the result. */
coro_header *coro_frame_resolve_(coro_header *frame);
#if !CORO_HOSTED
bool coro_drive_(coro_driver *driver, coro_header *callee);
#endif

/* Who suspends for nobody must not be a task. Where code must be small it is asked here, and not
 * whenever a task suspends (loop.c). */
#if !CORO_HOSTED
#define CORO_CHECK_LOOPLESS_(driver)                                                               \
    CORO_CHECK((driver)->loop == NULL, "ASYNC_SUSPEND and YIELD need a driver of their own")
#else
#define CORO_CHECK_LOOPLESS_(driver) (void)0
#endif

#if !CORO_MINIMAL_
CORO_API coro_status coro_descend_slow_(coro_driver *driver, coro_header *callee);
#endif

#if CORO_HOSTED || defined(CORO_BODIES_HERE_)
#if !CORO_MINIMAL_
/* The first entry into a callee that `self` awaits. */
CORO_INLINE coro_status coro_enter_(coro_driver *driver, coro_header *self, coro_header *callee)
{
    coro_status status;
    CORO_CHECK(callee != NULL, "awaited NULL; await what the coroutine's function returned");
    CORO_CHECK(callee->state == CORO_STATE_START_,
               "awaited a call that was started before; make a new one for each await");
    callee->caller = self;
    if (CORO_UNLIKELY(driver->room == 0))
        return coro_descend_slow_(driver, callee);
    driver->room--;
    status = callee->descriptor->body(callee, driver, NULL);
    driver->room++;
    return status;
}
#endif

#if CORO_HOSTED
/* The same for a call of the library, which goes down no further. */
CORO_INLINE coro_status coro_enter_leaf_(coro_driver *driver, coro_header *self,
                                         coro_header *callee)
{
    CORO_CHECK(callee != NULL, "awaited NULL; await what the coroutine's function returned");
    CORO_CHECK(callee->state == CORO_STATE_START_,
               "awaited a call that was started before; make a new one for each await");
    callee->caller = self;
    return callee->descriptor->body(callee, driver, NULL);
}
#endif

#if CORO_HOSTED && CORO_SCOPES
/* Has it no consumer, and `depth` blocks open? Flags and depth stand in a row: one comparison. */
CORO_INLINE bool coro_alone_(const coro_header *self, unsigned depth)
{
    const unsigned told = self->flags | (unsigned)self->depth << 8;
    return (told & (0xff00u | CORO_FRAME_GENERATOR_)) == depth << 8;
}
#endif

/* An item of a generator goes to who consumes it, or to whoever drives the chain. */
CORO_INLINE coro_status coro_yielded_(coro_driver *driver, coro_header *self)
{
    coro_status status;
    CORO_CODE_(status) = CORO_DONE_;
    if (CORO_LATE_(self->flags) & CORO_FRAME_GENERATOR_)
        return status;
    CORO_CHECK_LOOPLESS_(driver);
    driver->frame = self;
    CORO_CODE_(status) = CORO_SUSPENDED_;
    return status;
}

/* Resume the innermost frame, and its callers as they become ready. False: the root ended. */
#if CORO_MINIMAL_
bool coro_drive_(coro_driver *driver, coro_header *callee)
{
    for (;;) {
        coro_status status;
        coro_header *frame = driver->frame;
        status = frame->body(frame, driver, callee);
        if (CORO_CODE_(status) == CORO_SUSPENDED_)
            return true;
        callee = NULL;
        if (CORO_CODE_(status) == CORO_DEEPER_)
            continue;
        callee = driver->frame; /* which has ended; coro_enter_ leaves it so */
        if (callee->caller == NULL)
            return false;
        driver->frame = callee->caller;
    }
}
#else
CORO_INLINE bool coro_drive_(coro_driver *driver, coro_header *callee)
{
    for (;;) {
        coro_header *frame = driver->frame;
        coro_status status;
        status = frame->descriptor->body(frame, driver, callee);
        if (CORO_LIKELY(CORO_CODE_(status) == CORO_SUSPENDED_))
            return true;
        if (CORO_CODE_(status) == CORO_DEEPER_) {
            callee = NULL;
            continue;
        }
        if (frame->caller == NULL) {
            driver->frame = frame;
            return false;
        }
        driver->frame = frame->caller;
        callee = frame;
    }
}
#endif

#endif

/* driver.flags: a call of the library must look closer: something is cancelled, or no loop runs. */
enum { CORO_DRIVER_CAREFUL_ = 8 };

/* Make a driver for a chain that needs no loop. Takes the call. */
static inline void coro_driver_init(coro_driver *driver, coro_header *call)
{
    CORO_CHECK(call != NULL, "a driver needs a call to drive");
    CORO_USE_(drivers);
    coro_zero_(driver, sizeof *driver);
    call->caller = NULL;
    driver->frame = call;
#if !CORO_MINIMAL_
    driver->room = CORO_DESCENT;
    driver->flags = CORO_DRIVER_CAREFUL_;
#endif
}

/*
 * Run until the chain suspends (ASYNC_SUSPEND or YIELD): true. False: the root
 * has ended; its error and result are in driver->frame. Awaiting something of
 * the library, which needs a loop, traps; so does resuming an ended chain.
 */
CORO_HOT_INLINE bool coro_resume(coro_driver *driver)
{
    return coro_drive_(driver, NULL);
}

#if !CORO_MINIMAL_
/* Give back the frames of a chain, ended or not; FINALLY blocks do not run. */
CORO_API void coro_driver_close(coro_driver *driver);
#endif

CORO_END_DECLS

#endif
