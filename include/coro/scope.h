/* SPDX-License-Identifier: MIT */
/*
 * coro/scope.h - blocks that bound what runs inside: a timeout, a shield.
 *
 *     ASYNC(polite, VARS(coro_scope limit;))
 *     {
 *         ASYNC_BEGIN;
 *         CORO_TIMEOUT(self->limit, CORO_SECONDS(2)) {
 *             AWAIT(talk());                    // CORO_ETIMEDOUT leaves the block
 *         }
 *         ...
 *
 * A scope has a parent, a deadline and a shield flag; tasks, groups, timeouts
 * and shields are all scopes. A cancelled scope fails every wait inside it with
 * CORO_ECANCELED, again and again, until it has been left: a level, not an edge.
 * At its exit a timeout that has expired turns that into CORO_ETIMEDOUT, unless
 * a scope around it is cancelled too: then the outer one speaks.
 *
 * `break` leaves the block, as do its end, return, and errors; each by the
 * scope's exit. A `goto` out of it traps at the next await.
 *
 * Memory: 48 bytes in VARS; entering may need room for a timer (CORO_ENOMEM at
 * the block), leaving never allocates. Threads: the loop's.
 */
#ifndef CORO_SCOPE_H
#define CORO_SCOPE_H

#include <coro/loop.h>

#if CORO_SCOPES

CORO_BEGIN_DECLS

struct coro_scope { /* private; zeroed in VARS */
    coro_scope *parent;
    coro_header *frame; /* whose body opened it */
    coro_task *task;
    coro_timer timer;
#if CORO_TIME_BITS == 64
    coro_time deadline;
#endif
    bool open; /* from its entry to its exit */
    uint8_t flags;
};

enum { /* flags */
    CORO_SCOPE_CANCELED_ = 1,
    CORO_SCOPE_EXPIRED_ = 2,
    CORO_SCOPE_SHIELD_ = 4,
    CORO_SCOPE_TIMED_ = 8, /* has room for a timer reserved */
    CORO_SCOPE_GROUP_ = 16,
    CORO_SCOPE_QUIET_ = 32, /* its time is up: the block ends without an error */
    CORO_SCOPE_OWN_ = 64 /* the body ended with CORO_ECANCELED before anybody cancelled it */
};

/* Fail the block with CORO_ETIMEDOUT when it lasts longer than `delay`; zero or less: at its
 * first wait. The scope is a coro_scope in VARS. */
#define CORO_TIMEOUT(scope, delay)                                                                 \
    CORO_BLOCK_(CORO_HERE_, &(scope),                                                              \
                coro_timeout_enter_(coro_driver_, &self->coro, &(scope), (delay)), (void)0)

/* The same with a point in time of coro_loop_time. */
#define CORO_TIMEOUT_AT(scope, when)                                                               \
    CORO_BLOCK_(CORO_HERE_, &(scope),                                                              \
                coro_timeout_at_enter_(coro_driver_, &self->coro, &(scope), (when)), (void)0)

/* The same, where that is no error: the block is left, and the program goes on behind it.
 * coro_timeout_expired says which it was. */
#define CORO_MOVE_ON_AFTER(scope, delay)                                                           \
    CORO_BLOCK_(CORO_HERE_, &(scope),                                                              \
                coro_move_on_enter_(coro_driver_, &self->coro, &(scope), (delay)), (void)0)
#define CORO_MOVE_ON_AT(scope, when)                                                               \
    CORO_BLOCK_(CORO_HERE_, &(scope),                                                              \
                coro_move_on_at_enter_(coro_driver_, &self->coro, &(scope), (when)), (void)0)

/* Cancels from outside the block wait until it has been left. */
#define CORO_SHIELD(scope)                                                                         \
    CORO_BLOCK_(CORO_HERE_, &(scope),                                                              \
                (coro_shield_enter_(coro_driver_, &self->coro, &(scope)), 0), (void)0)

/*
 * One shape for all blocks. `enter` is 0 or an error. The outer `for` goes in, and comes round once
 * more for the exit, whatever way the inner one (the user's block) was left; errors and returns
 * arrive at case n, and coro_error_ says which. `join` is what a group awaits before its exit.
 * Whether it is inside is known wherever it is asked: the compiler leaves out the question.
 */
#define CORO_BLOCK_(n, scope, enter, join)                                                         \
    for ((void)sizeof((scope)->open), /* a pointer to something else does not compile */           \
         coro_error_ = (enter), coro_inside_ = coro_error_ == 0;;                                  \
         coro_inside_ = false)                                                                     \
        if (!coro_inside_) {                                                                       \
            CORO_CASE_(n):                                                                         \
            join;                                                                                  \
            coro_error_ = coro_scope_exit_(coro_driver_, &self->coro, (scope), coro_error_);       \
            if (coro_error_ == CORO_RETURNING_)                                                    \
                CORO_LEAVE_();                                                                     \
            if (coro_error_ != 0)                                                                  \
                CORO_RAISE_();                                                                     \
            break;                                                                                 \
        } else                                                                                     \
            CORO_SHADOW_                                                                           \
    for (char(*coro_handler_)[n], (*coro_leave_)[n], (*coro_depth_)[sizeof *coro_depth_ + 1];      \
         (void)sizeof coro_handler_, (void)sizeof coro_leave_, (void)sizeof coro_depth_,           \
         coro_inside_; coro_inside_ = false)                                                       \
    CORO_END_SHADOW_

CORO_API int coro_timeout_enter_(coro_driver *driver, coro_header *frame, coro_scope *scope,
                                 coro_duration delay);
CORO_API int coro_timeout_at_enter_(coro_driver *driver, coro_header *frame, coro_scope *scope,
                                    coro_time when);
CORO_API int coro_move_on_enter_(coro_driver *driver, coro_header *frame, coro_scope *scope,
                                 coro_duration delay);
CORO_API int coro_move_on_at_enter_(coro_driver *driver, coro_header *frame, coro_scope *scope,
                                    coro_time when);
CORO_API void coro_shield_enter_(coro_driver *driver, coro_header *frame, coro_scope *scope);
CORO_API int coro_scope_exit_(coro_driver *driver, coro_header *frame, coro_scope *scope,
                              int outcome);

/* Fail what runs inside, from any task of the loop. False: nobody is inside, or it was done. */
CORO_API bool coro_scope_cancel(coro_scope *scope);

/* Has its deadline passed while it was open? Stays after the block. */
static inline bool coro_timeout_expired(const coro_scope *scope)
{
    return (scope->flags & CORO_SCOPE_EXPIRED_) != 0;
}

/*
 * Another deadline for an open block, CORO_FOREVER for none; one that is past cancels
 * what runs inside at once. CORO_EALREADY: it has expired; CORO_EFINISHED: it has been
 * left; CORO_EINVAL: never entered.
 */
CORO_API int coro_timeout_reschedule(coro_scope *scope, coro_duration delay);
CORO_API int coro_timeout_reschedule_at(coro_scope *scope, coro_time when);
/* Its deadline; CORO_FOREVER when there is none. */
CORO_API coro_time coro_timeout_when(const coro_scope *scope);

/*
 * Is the current task cancelled: would a wait fail? From any function, which cannot see whether
 * the coroutine that called it is in its FINALLY: there it says what will be afterwards. In a
 * coroutine, CORO_CANCEL_PENDING() is exact there too.
 */
CORO_API bool coro_cancel_pending(void);
#define CORO_CANCEL_PENDING() coro_cancel_pending_(coro_driver_, &self->coro)
CORO_API bool coro_cancel_pending_(coro_driver *driver, coro_header *frame);

/*
 * Await a call, for so long at most: CORO_ETIMEDOUT. Runs it in this task, in a
 * timeout scope; waits until the cancelled call has ended. A call that returns
 * all the same wins. Zero or less: a future or task that is done gives its
 * value, a running task is cancelled, a coroutine is never started. Takes the
 * call, and has its type.
 */
#if CORO_HAS_TYPEOF
#define coro_wait_for(call, delay)                                                                 \
    ((__typeof__(call))(void *)coro_wait_for_(&(call)->coro, (delay)))
#else
#define coro_wait_for(call, delay) coro_wait_for_(&(call)->coro, (delay))
#endif
CORO_API CORO_NODISCARD coro_void *coro_wait_for_(coro_header *call, coro_duration delay);

#if CORO_JOINS
/*
 * asyncio's shield: wait for a task that goes on, with its owner, when this
 * await is cancelled or times out. Joined by CORO_JOIN's rules otherwise.
 */
CORO_API CORO_NODISCARD coro_void *coro_shield(coro_task *task);
#define CORO_SHIELD_JOIN(lvalue, function, task)                                                   \
    CORO_JOIN_AT_(CORO_HERE_, lvalue, function, coro_shield(task))
#endif

CORO_END_DECLS

#endif /* CORO_SCOPES */


#endif
