/* SPDX-License-Identifier: MIT */
/*
 * coro/as_completed.h - one task after another, in the order in which they end.
 *
 *     ASYNC(report, VARS(coro_task *tasks[3]; coro_as_completed ended; coro_task *task;))
 *     ...
 *     error = coro_as_completed_init(&self->ended, self->tasks, 3, CORO_SECONDS(5));
 *     for (;;) {
 *         AWAIT(self->task, coro_as_completed_next(&self->ended));
 *         if (self->task == NULL)
 *             break;
 *         ...                                   // it has ended: take its result
 *     }
 *
 * It gives the caller's own handles. It can be left and gone on with later: what
 * ended meanwhile is kept, in order. It cancels nobody.
 *
 *     task ──joiners──► [ stand-in ] ──at its end──► ended: first ► ... ► last
 *
 * Memory: init takes a block from the pool with a stand-in for each task, which
 * stands in the line of those who join it. A step allocates nothing. The block is
 * given back when next has given NULL, or by close. Threads: the loop's.
 */
#ifndef CORO_AS_COMPLETED_H
#define CORO_AS_COMPLETED_H

#include <coro/scope.h>

#if CORO_SCOPES && CORO_JOINS

CORO_BEGIN_DECLS

typedef struct coro_as_completed { /* private; zeroed in VARS */
    coro_task *stand_ins;
    size_t count, left; /* of all; not given yet */
    coro_task *first, *last; /* ended, and not given yet */
    coro_task *waiter;
    coro_time deadline;
    bool timed;
    union {
        coro_header coro;
        coro_time align;
        void *space[20];
    } frame; /* of the await that waits for the next one */
} coro_as_completed;

/*
 * Begin. The tasks are borrowed, and the array is copied; each is held until the
 * end or close. `timeout` is for all steps together, from now; CORO_FOREVER: none.
 * Never suspends. 0, or: CORO_ENOMEM: memory is short, or a task is NULL; CORO_EINVAL:
 * CORO_DURATION_INVALID; CORO_ELOOP: the current task itself; CORO_EWRONGLOOP: a task of
 * another loop; CORO_EBUSY: begun already, and not closed, or still awaited. No task: the first
 * step gives NULL.
 */
CORO_API int coro_as_completed_init(coro_as_completed *iterator, coro_task *const *tasks,
                                    size_t count, coro_duration timeout);

/*
 * The next task that has ended; NULL after the last. CORO_ETIMEDOUT: the time is up and none
 * is left that has ended; the tasks run on, and a later step gives those that end after all.
 * A cancel loses nothing. One task at a time may await it.
 */
CORO_API CORO_NODISCARD coro_pointer *coro_as_completed_next(coro_as_completed *iterator);

/* Leave it: needed when it was not gone through to its end. A step that a task had been woken for
 * gives NULL; one that waits traps. Never suspends; closed: nothing. */
CORO_API void coro_as_completed_close(coro_as_completed *iterator);

CORO_END_DECLS

#endif

#endif
