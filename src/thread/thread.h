/* SPDX-License-Identifier: MIT */
/*
 * thread.h - lanes: threads that do for a loop what would block it.
 *
 *     AWAIT(coro_lane_run(lane, &self->lookup->job));    // a coro_job of coro/executor.h
 *
 * What an executor is beneath: it refuses work where an executor lets it wait,
 * and may be a subsystem's own, so that slow name servers hold up nothing but
 * names.
 *
 * A lane belongs to one loop, and is closed with it: idle threads are joined,
 * those that still work are left to themselves, and clean up after themselves.
 *
 * Threads: the loop's.
 */
#ifndef CORO_THREAD_THREAD_H
#define CORO_THREAD_THREAD_H

#include <coro/executor.h>

typedef struct coro_lane coro_lane;

/*
 * A lane of at most so many threads, started when they are needed, and at most
 * so many jobs that wait for one. NULL: CORO_ENOMEM. Closed with the loop.
 */
coro_lane *coro_lane_new(coro_loop *loop, unsigned threads_max, unsigned queue_max);

/*
 * Run job->work in a thread, and wait for its end. Borrows the job; one await a
 * job. CORO_EFULL: too many wait already; CORO_EAGAIN: the system gives no
 * thread; CORO_ECANCELED: a thread may be at work on it still, unless job->kept.
 */
CORO_NODISCARD coro_void *coro_lane_run(coro_lane *lane, coro_job *job);

/* The same without a task: when the work has ended, ended(job) is called in the loop. 0 or the
 * error of coro_lane_run. */
int coro_lane_post(coro_lane *lane, coro_job *job, void (*ended)(coro_job *job));

/* Of a job that was posted, and has not ended: ended() will not be called, though a thread may be
 * at work on it still. */
void coro_lane_forget(coro_job *job);

/* Wait until no job is queued or running, those included that were left behind. */
CORO_NODISCARD coro_void *coro_lane_drain(coro_lane *lane);

/* Jobs that are queued or running now. */
size_t coro_lane_load(coro_lane *lane);

/* End its threads now, as its close does. Nothing may be run in it any more. */
void coro_lane_stop(coro_lane *lane);

/* executor.c: a loop's own executor for a purpose, which is known by its address; made if need be,
 * freed with the loop. NULL: no memory. Exported for libcoro-tls. */
CORO_API coro_executor *coro_loop_executor(coro_loop *loop, const char *purpose, unsigned threads,
                                           unsigned queue);

/* Is the loop of this inbox, which runs its last messages, about to close? */
bool coro_inbox_closing(const struct coro_inbox *inbox);

#endif
