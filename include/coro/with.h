/* SPDX-License-Identifier: MIT */
/*
 * coro/with.h - a block that acquires something first and releases it last.
 *
 *     ASYNC(careful, VARS(coro_guard guard;))
 *     {
 *         ASYNC_BEGIN;
 *         CORO_WITH(self->guard, coro_semaphore_acquire(&permits),
 *                   coro_semaphore_release(&permits)) {
 *             AWAIT(work());
 *         }
 *         ...
 *
 * asyncio's `async with`, for what needs no await at its end. The release runs
 * once, by whatever way the block is left: its end, break, return, an error, a
 * cancel. When the acquire fails (it was cancelled) the block does not begin, nothing is
 * released, and the error goes on as that of an AWAIT. CORO_LOCKED and others of
 * the kind are made of this.
 *
 * Memory: 56 bytes in VARS; never allocates. Threads: the loop's.
 */
#ifndef CORO_WITH_H
#define CORO_WITH_H

#include <coro/scope.h>

#if CORO_SCOPES

CORO_BEGIN_DECLS

typedef struct coro_guard { /* private; zeroed in VARS */
    coro_scope scope;
    bool wants; /* it is still to be acquired */
} coro_guard;

/* `acquire` is a call, awaited once; `release` an expression. Both are evaluated where they are
 * needed, so they speak of `self->`. */
#define CORO_WITH(guard, acquire, release)                                                         \
    CORO_WITH_AT_(CORO_HERE_, CORO_HERE_TOO_, guard, acquire, release)
#define CORO_WITH_AT_(n, m, guard, acquire, release)                                               \
    for (coro_with_begin_(&(guard));                                                               \
         (guard).wants || (guard).scope.open;)                                                     \
        if ((guard).wants) {                                                                       \
            (guard).wants = false;                                                                 \
            CORO_AWAIT_AT_(m, acquire,                                                             \
                           (CORO_LET_GO_(acquire),                                                 \
                            coro_with_enter_(coro_driver_, &self->coro, &(guard))));               \
        } else                                                                                     \
            CORO_BLOCK_(n, &(guard).scope, 0, release)

/* The loop around wants the acquire first. */
static inline void coro_with_begin_(coro_guard *guard)
{
    CORO_CHECK(!guard->scope.open,
               "a block was entered twice; each open block needs a guard of its own in VARS");
    guard->wants = true;
}

CORO_API void coro_with_enter_(coro_driver *driver, coro_header *frame, coro_guard *guard);

CORO_END_DECLS

#endif /* CORO_SCOPES */

#endif
