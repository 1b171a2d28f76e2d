/* SPDX-License-Identifier: MIT */
/*
 * coro/future.h - a result that is still to come.
 *
 *     coro_future answer = CORO_FUTURE_INIT;
 *     AWAIT(self->value, coro_future_wait(&answer));    // any number may wait
 *     ...
 *     coro_future_set_result(&answer, value);           // elsewhere, once
 *
 * A future is pending, then done: with a result, an error, or cancelled. Its
 * waiters are resumed, and its callbacks called, in the order in which they came,
 * in the next turn of the loop: never inside of the function that finishes it.
 *
 * Memory: the caller owns it; it must outlive its waiters, and its callbacks until
 * they were called or taken back. Threads: the loop's; for others, coro/thread_future.h.
 */
#ifndef CORO_FUTURE_H
#define CORO_FUTURE_H

#include <coro/callback.h>
#include <coro/task.h>

CORO_BEGIN_DECLS

struct coro_future_callback;

typedef struct coro_future {
    coro_waiters waiters;
    coro_loop *loop; /* the one that it belongs to, from its first wait or callback on */
    struct coro_future_callback *callbacks; /* a ring: the last one, whose next is the first */
    void *result;
    int16_t error;
    bool done;
    bool taken;     /* somebody has been told the error */
    unsigned waits; /* that were begun: the place of a callback among them */
} coro_future;

#define CORO_FUTURE_INIT {{NULL}, NULL, NULL, NULL, 0, false, false, 0}

static inline void coro_future_init(coro_future *future)
{
    coro_future fresh = CORO_FUTURE_INIT;
    fresh.loop = coro_loop_current();
    *future = fresh;
}

/*
 * The end of its life: a pending one is cancelled, so that nobody waits for what
 * will not come; an error that nobody was told is reported to the loop's owner.
 * Wanted only where such errors matter; twice is fine. Never suspends.
 */
CORO_API void coro_future_close(coro_future *future);

/* Finish it. 0, or CORO_EALREADY and nothing is changed. Never suspends. An
 * error is negative; the error CORO_ECANCELED is the same as cancelling. */
CORO_API int coro_future_set_result(coro_future *future, void *result);
CORO_API int coro_future_set_error(coro_future *future, int error);

/* Cancel it: all who wait get CORO_ECANCELED. False: it was done. */
CORO_API bool coro_future_cancel(coro_future *future);

static inline bool coro_future_done(const coro_future *future)
{
    return future->done;
}
static inline bool coro_future_cancelled(const coro_future *future)
{
    return future->done && future->error == CORO_ECANCELED;
}
/* Its result, or NULL with *error set: CORO_EPENDING, or how it failed. */
CORO_API void *coro_future_result(coro_future *future, int *error);
/* asyncio's exception(): 0 for a result, CORO_EPENDING, or how it failed. */
CORO_API int coro_future_error(coro_future *future);

/*
 * Wait for it: its result, or its error. As in asyncio, a cancel of the waiting
 * task cancels the future. CORO_EWRONGLOOP when a task of another loop waits.
 */
CORO_API CORO_NODISCARD coro_pointer *coro_future_wait(coro_future *future);

/* --- callbacks ------------------------------------------------------------------------------ */

#if !CORO_MINIMAL_ /* where a loop calls no functions */
typedef void (*coro_future_function)(coro_future *future, void *context);

/* A place for one callback of one future, in memory of the caller's; zeroed, or _INIT. */
typedef struct coro_future_callback { /* private */
    coro_handle handle;
    struct coro_future_callback *next;
    coro_future *future;
    coro_future_function function;
    void *context;
    unsigned after; /* so many of the future's waits come first */
    bool waits;     /* in the future's ring */
} coro_future_callback;

#define CORO_FUTURE_CALLBACK_INIT                                                                  \
    {                                                                                              \
        CORO_HANDLE_INIT, NULL, NULL, NULL, NULL, 0, false                                         \
    }

/*
 * Have function(future, context) called when the future is done; one that is done already: in
 * the next turn. Outside of tasks, behind those who came before. `callback` is the caller's again
 * when the function is called. 0, or CORO_EWRONGLOOP: the future is of another loop. One that is
 * in use already traps, as does a future of no loop where none runs.
 */
CORO_API int coro_future_add_done_callback(coro_future *future, coro_future_callback *callback,
                                           coro_future_function function, void *context);

/*
 * Take all callbacks of a pending future back that have this function and this context; how
 * many there were. Of one that is done they are on their way: 0.
 */
CORO_API size_t coro_future_remove_done_callback(coro_future *future,
                                                 coro_future_function function, void *context);

/* Take this one back, also when it is on its way. False: it was called, or never added. */
CORO_API bool coro_future_callback_cancel(coro_future_callback *callback);

/* --- chains --------------------------------------------------------------------------------- */

typedef struct coro_future_link { /* private; zeroed, or _INIT */
    coro_future_callback forth, back;
} coro_future_link;

#define CORO_FUTURE_LINK_INIT                                                                      \
    {                                                                                              \
        CORO_FUTURE_CALLBACK_INIT, CORO_FUTURE_CALLBACK_INIT                                       \
    }

/*
 * Let `to` end as `from` does, in the turn after; and when `to` is cancelled first, cancel
 * `from`. `link` and both futures are in use until one of these has happened, or until
 * coro_future_unlink. 0; CORO_EINVAL: both are the same; CORO_EWRONGLOOP: of two loops.
 */
CORO_API int coro_future_chain(coro_future *from, coro_future *to, coro_future_link *link);
/* Part them; each goes on alone. False: they were parted already. */
CORO_API bool coro_future_unlink(coro_future_link *link);
#endif

CORO_END_DECLS

#endif
