/* SPDX-License-Identifier: MIT */
/*
 * coro/once.h - done once, by whoever comes first; the others wait until it is.
 *
 *     coro_once opened = CORO_ONCE_INIT;
 *     AWAIT(coro_once_run(&opened, open_database()));
 *
 * When it fails or is cancelled, that is its runner's error alone, and the next
 * one in line tries: with its own call.
 *
 * Memory: the caller's, 24 bytes. Threads: the loop's.
 */
#ifndef CORO_ONCE_H
#define CORO_ONCE_H

#include <coro/task.h>

CORO_BEGIN_DECLS

typedef struct coro_once { /* private */
    coro_waiters waiters;
    coro_task *runner;
    bool done;
} coro_once;

#define CORO_ONCE_INIT {{NULL}, NULL, false}

static inline void coro_once_init(coro_once *once)
{
    once->waiters.first = NULL;
    once->runner = NULL;
    once->done = false;
}

static inline bool coro_once_done(const coro_once *once)
{
    return once->done;
}

#if !CORO_MINIMAL_
/*
 * Run the call if it is the first, else wait until it has been done. Takes the call,
 * whose result is dropped; discards it if it was done already. Fails as the call
 * does, with CORO_ENOMEM where no frame can be had, and with CORO_EDEADLK when the
 * call runs its own once. Cancelled: not done by this task.
 */
#define coro_once_run(once, call) coro_once_run_((once), &(call)->coro)
CORO_API CORO_NODISCARD coro_void *coro_once_run_(coro_once *once, coro_header *call);
#endif

/*
 * What is beneath it, for who has no call to give, or no memory. begin: the result is 1: it is
 * for this task to do, and to say coro_once_end; or 0: it is done. Suspends while
 * another one is at it. CORO_EDEADLK: this task is. Cancelled: it is not for this task.
 */
CORO_API extern const coro_descriptor coro_once_begin_call_;
static inline CORO_NODISCARD coro_int *coro_once_begin(coro_once *once)
{
    return (coro_int *)(void *)coro_call_of_(&coro_once_begin_call_, once, NULL);
}

/* 0: it is done, and all go on. An error: it is not, and the next one has its try. Returns 0, or
 * CORO_EPERM and nothing is changed: it was not for this task to do. Never suspends. */
CORO_API int coro_once_end(coro_once *once, int error);

CORO_END_DECLS

#endif
