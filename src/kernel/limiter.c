/* SPDX-License-Identifier: MIT */
/*
 * limiter.c - tokens, lent to borrowers that are written down.
 *
 *     borrowers [ a b c · · · ]    borrowed 3, total 3    line: d e
 *
 * Invariants. L1: a borrower is in the array or in line, once. L2: while anybody
 * waits, nothing is available. A token goes from one borrower to the next in line.
 */
#include <coro/limiter.h>

#include "kernel.h"

static void *who(const void *borrower)
{
    if (borrower == NULL)
        borrower = coro_current_task();
    CORO_CHECK(borrower != NULL, "a limiter needs a borrower where no task runs");
    return (void *)(uintptr_t)borrower;
}

/* Its place in the array; `borrowed` if it has none. */
static size_t find(const coro_limiter *limiter, const void *borrower)
{
    size_t i = 0;
    while (i < limiter->borrowed && limiter->borrowers[i] != borrower)
        i++;
    return i;
}

static bool is_in_line(const coro_limiter *limiter, const void *borrower)
{
    const coro_task *task = limiter->waiters.first;
    while (task != NULL) {
        if (task->wait.a.pointer == borrower)
            return true;
        task = task->next != limiter->waiters.first ? task->next : NULL;
    }
    return false;
}

static void lend(coro_limiter *limiter, void *borrower)
{
    limiter->borrowers[limiter->borrowed++] = borrower;
}

static void hand_over(coro_limiter *limiter)
{
    while (limiter->borrowed < limiter->total) {
        coro_task *task = coro_waiters_pop(&limiter->waiters);
        if (task == NULL)
            break;
        lend(limiter, task->wait.a.pointer);
        coro_wait_done(task, 0);
    }
}

static int acquire(coro_limiter *limiter, void *borrower)
{
    if (find(limiter, borrower) < limiter->borrowed || is_in_line(limiter, borrower))
        return CORO_EALREADY;
    if (limiter->borrowed >= limiter->total)
        return CORO_EAGAIN;
    lend(limiter, borrower);
    return 0;
}

int coro_limiter_acquire_nowait(coro_limiter *limiter, const void *borrower)
{
    return acquire(limiter, who(borrower));
}

int coro_limiter_release(coro_limiter *limiter, const void *borrower)
{
    size_t i = find(limiter, who(borrower));
    if (i == limiter->borrowed)
        return CORO_EPERM;
    limiter->borrowers[i] = limiter->borrowers[--limiter->borrowed];
    hand_over(limiter);
    return 0;
}

int coro_limiter_set_total(coro_limiter *limiter, size_t total)
{
    if (total > limiter->capacity)
        return CORO_EINVAL;
    limiter->total = total;
    hand_over(limiter);
    return 0;
}

bool coro_limiter_has(const coro_limiter *limiter, const void *borrower)
{
    return find(limiter, who(borrower)) < limiter->borrowed;
}

static inline int acquire_start(coro_task *task, coro_call *call)
{
    coro_limiter *limiter = call->object;
    void *borrower = call->a.pointer != NULL ? call->a.pointer : task;
    int error = acquire(limiter, borrower);
    if (error != CORO_EAGAIN)
        return error;
    coro_wait_on(task, limiter);
    task->wait.a.pointer = borrower;
    coro_waiters_push(&limiter->waiters, task);
    return CORO_PENDING_;
}

#if CORO_SCOPES
static bool acquire_cancel(coro_task *task)
{
    coro_waiters_remove(&((coro_limiter *)task->wait.object)->waiters, task);
    return true;
}

static const coro_wait_type acquire_type = {CORO_VERB_("limiter") acquire_cancel, NULL, NULL,
                                            false};
#define ACQUIRE_TYPE &acquire_type
#else
#define ACQUIRE_TYPE NULL
#endif

CORO_LEAF_INLINE(coro_limiter_acquire, ACQUIRE_TYPE, acquire_start, 0);
