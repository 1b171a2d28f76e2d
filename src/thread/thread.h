/* SPDX-License-Identifier: MIT */
/*
 * thread.h - lanes: threads that do for a loop what would block it.
 *
 *     typedef struct lookup {
 *         coro_job job;                    // first; the rest is the caller's
 *         char host[256];
 *         struct addrinfo *found;
 *     } lookup;
 *
 *     self->lookup = malloc(sizeof *self->lookup);
 *     coro_job_init(&self->lookup->job, work, drop);
 *     AWAIT(coro_lane_run(lane, &self->lookup->job));
 *     ... self->lookup->found ...
 *   ASYNC_FINALLY:
 *     coro_job_release(&self->lookup->job);
 *
 * A job is a block of memory with two holders: who made it, and the lane while a
 * thread is at work on it. job->drop frees it when both have let go. So a
 * cancelled wait is over at once, even if the thread is stuck in a system call;
 * it finds out when it comes back. Until the await has succeeded the caller must
 * not touch what `work` writes.
 *
 * A lane belongs to one loop, and is closed with it: idle threads are joined,
 * those that still work are left to themselves, and clean up after themselves.
 *
 * Threads: the loop's, but for `work` and `drop`.
 */
#ifndef CORO_THREAD_THREAD_H
#define CORO_THREAD_THREAD_H

#include <coro/loop.h>
#include <coro/remote.h>

#include <stdatomic.h>

typedef struct coro_lane coro_lane;

typedef struct coro_job {
    coro_message message; /* private; first: how it comes back */
    void (*work)(struct coro_job *job); /* in a thread of the lane, signals blocked */
    void (*drop)(struct coro_job *job); /* free it; in either thread */
    /* private */
    coro_lane *lane;
    coro_task *task;
    struct coro_job *next;
    int state;
    atomic_int holders;
} coro_job;

void coro_job_init(coro_job *job, void (*work)(coro_job *job), void (*drop)(coro_job *job));

/* The caller is done with it. Any thread. NULL is fine. */
void coro_job_release(coro_job *job);

/*
 * A lane of at most so many threads, started when they are needed, and at most
 * so many jobs that wait for one. NULL: CORO_ENOMEM. Closed with the loop.
 */
coro_lane *coro_lane_new(coro_loop *loop, unsigned threads_max, unsigned queue_max);

/*
 * Run job->work in a thread, and wait for its end. Borrows the job; one await a
 * job. CORO_EFULL: too many wait already; CORO_EAGAIN: the system gives no
 * thread; CORO_ECANCELED: a thread may be at work on it still.
 */
CORO_NODISCARD coro_void *coro_lane_run(coro_lane *lane, coro_job *job);

#endif
