/* SPDX-License-Identifier: MIT */
/*
 * lane.c - a few threads, a bounded queue, and the way back into the loop.
 *
 *     await ─► QUEUED ─► RUNNING ─► FINISHED ─► message in the loop ─► the task goes on
 *                │          │
 *      cancel:   ▼          ▼
 *             let go      LEFT ─► let go, in the worker, when work() returns
 *
 * A cancel of a job that is `kept` tells its thread, and leaves it RUNNING: the
 * await ends when the thread has let go of the caller's memory. A loop that has to
 * free its task as it stands waits for that, too.
 *
 * Invariants, under `lock`. J1: a QUEUED job is in the queue, once; no other is.
 * J2: a cancel moves a job out of QUEUED or RUNNING, a worker to RUNNING and
 * FINISHED; whoever ends its way lets go of it. J3: while tasks wait for jobs or for
 * the lane to be idle (`pending`) it has a remote, which keeps the loop from calling
 * itself deadlocked; a worker with a RUNNING job may rely on it.
 *
 * Memory: the lane outlives its loop while a worker is still at work; the last
 * of its holders (the loop, each worker) frees it.
 */
#define _GNU_SOURCE
#include "thread.h"

#include "kernel/kernel.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>

enum { QUEUED, RUNNING, FINISHED, LEFT };

typedef struct worker {
    pthread_t thread;
    coro_lane *lane;
    bool alive, busy;
} worker;

struct coro_lane {
    coro_hook closer; /* first: it is what the loop has of us */
    coro_loop *loop;  /* loop thread */
    unsigned pending; /* waits of tasks; loop thread */
    coro_waiters drainers; /* tasks that wait until it is idle; loop thread */
    coro_message idle;     /* tells them */
    unsigned queue_max, workers_max;
    pthread_mutex_t lock; /* what is below is guarded by it */
    pthread_cond_t work, over; /* there is a job, or no more will be; one is FINISHED */
    coro_remote *remote;  /* while pending > 0 */
    coro_job *first, *last;
    unsigned queued, resting, working, holders;
    bool draining; /* the worker that ends the last job shall tell */
    bool told;     /* and has: `idle` is on its way */
    bool closed;
    worker workers[];
};

/* What the calling thread works for. */
static CORO_THREAD_LOCAL coro_job *current_job;

static atomic_int *atomic(int *number)
{
    return (atomic_int *)number;
}

/* --- workers ------------------------------------------------------------------------------ */

/* Called with the lock, which it gives back. */
static void let_go(coro_lane *lane)
{
    bool last = --lane->holders == 0;
    pthread_mutex_unlock(&lane->lock);
    if (!last)
        return;
    pthread_cond_destroy(&lane->work);
    pthread_cond_destroy(&lane->over);
    pthread_mutex_destroy(&lane->lock);
    free(lane);
}

static coro_job *pop(coro_lane *lane)
{
    coro_job *job = lane->first;
    lane->first = job->next;
    if (lane->first == NULL)
        lane->last = NULL;
    lane->queued--;
    return job;
}

static bool is_idle(const coro_lane *lane)
{
    return lane->queued == 0 && lane->working == 0;
}

/* A job is done. True: it was the last one, and somebody wants to know. Called with the lock. */
static bool must_tell(coro_lane *lane)
{
    lane->working--;
    if (!lane->draining || lane->told || !is_idle(lane) || lane->remote == NULL)
        return false;
    lane->draining = false;
    return lane->told = true;
}

/* Called with the lock, and returns with it. While a job is RUNNING a task waits for it, so
 * that there is a remote. */
static void do_job(coro_lane *lane, worker *self, coro_job *job)
{
    coro_remote *remote = NULL;
    bool left, tell;
    job->state = RUNNING;
    self->busy = true;
    lane->working++;
    pthread_mutex_unlock(&lane->lock);
    current_job = job;
    (void)coro_context_enter(&job->context);
    job->work(job);
    coro_context_leave(&job->context);
    current_job = NULL;
    pthread_mutex_lock(&lane->lock);
    self->busy = false; /* nothing can hold it up any more: a close waits for its end */
    left = job->state == LEFT;
    tell = must_tell(lane);
    if (!left)
        job->state = FINISHED;
    pthread_cond_broadcast(&lane->over);
    if (!left || tell)
        remote = coro_remote_retain(lane->remote);
    pthread_mutex_unlock(&lane->lock);
    if (left || coro_remote_post(remote, &job->message) != 0)
        coro_job_release(job);
    if (tell)
        (void)coro_remote_post(remote, &lane->idle);
    coro_remote_release(remote);
    pthread_mutex_lock(&lane->lock);
}

bool coro_thread_cancelled(void)
{
    return current_job != NULL && atomic_load(atomic(&current_job->cancelled));
}

static void *worker_main(void *argument)
{
    worker *self = argument;
    coro_lane *lane = self->lane;
    pthread_mutex_lock(&lane->lock);
    for (;;) {
        while (lane->first == NULL && !lane->closed) {
            lane->resting++;
            pthread_cond_wait(&lane->work, &lane->lock);
            lane->resting--;
        }
        if (lane->closed)
            break;
        do_job(lane, self, pop(lane));
    }
    let_go(lane);
    return NULL;
}

/* Called with the lock. Signals are for the program's own threads. */
static int start_worker(coro_lane *lane, worker *fresh)
{
    sigset_t all, before;
    int error;
    fresh->lane = lane;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    error = pthread_create(&fresh->thread, NULL, worker_main, fresh);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (error != 0)
        return CORO_EAGAIN;
    fresh->alive = true;
    lane->holders++;
    return 0;
}

/* One more, if all are busy and there may be more. An error only if there is none at all. */
static int want_worker(coro_lane *lane)
{
    unsigned i = 0;
    int error;
    if (lane->resting > lane->queued)
        return 0;
    while (i < lane->workers_max && lane->workers[i].alive)
        i++;
    if (i == lane->workers_max)
        return 0;
    error = start_worker(lane, &lane->workers[i]);
    return i > 0 ? 0 : error;
}

/* --- in the loop -------------------------------------------------------------------------- */

/* A task is going to wait for this lane. */
static int hold(coro_lane *lane)
{
    if (lane->pending == 0) {
        coro_remote *remote = coro_remote_open(lane->loop);
        if (remote == NULL)
            return CORO_ENOMEM;
        pthread_mutex_lock(&lane->lock);
        lane->remote = remote;
        pthread_mutex_unlock(&lane->lock);
    }
    lane->pending++;
    return 0;
}

/* It does not wait any more. */
static void unhold(coro_lane *lane)
{
    coro_remote *remote;
    if (--lane->pending > 0)
        return;
    pthread_mutex_lock(&lane->lock);
    remote = lane->remote;
    lane->remote = NULL;
    pthread_mutex_unlock(&lane->lock);
    coro_remote_release(remote);
}

/* No task waits for this job any more. */
static void job_over(coro_lane *lane)
{
    lane->loop->inbox->jobs--;
    unhold(lane);
}

static void finished(coro_message *message)
{
    coro_job *job = (coro_job *)message;
    if (job->task != NULL)
        coro_wait_done(job->task, 0);
    else if (job->ended != NULL)
        job->ended(job);
    job_over(job->lane);
    coro_job_release(job);
}

static int submit(coro_lane *lane, coro_job *job)
{
    int error = 0;
    pthread_mutex_lock(&lane->lock);
    if (lane->queued >= lane->queue_max)
        error = CORO_EFULL;
    else
        error = want_worker(lane);
    if (error == 0) {
        job->state = QUEUED;
        job->next = NULL;
        *(lane->last != NULL ? &lane->last->next : &lane->first) = job;
        lane->last = job;
        lane->queued++;
        pthread_cond_signal(&lane->work);
    }
    pthread_mutex_unlock(&lane->lock);
    return error;
}

int coro_lane_post(coro_lane *lane, coro_job *job, void (*ended)(coro_job *job))
{
    int error = hold(lane);
    if (error != 0)
        return error;
    lane->loop->inbox->jobs++;
    job->lane = lane;
    job->ended = ended;
    job->message.run = finished;
    atomic_fetch_add(atomic(&job->holders), 1);
    error = submit(lane, job);
    if (error != 0) {
        job_over(lane);
        coro_job_release(job);
    }
    return error;
}

static int run_start(coro_task *task, coro_call *call)
{
    coro_lane *lane = call->object;
    coro_job *job = call->a.pointer;
    int error;
    CORO_CHECK(lane->loop == task->driver.loop, "a lane belongs to the loop that it was made for");
    job->task = task;
    task->wait.object = job;
    error = coro_lane_post(lane, job, NULL);
    return error == 0 ? CORO_PENDING_ : error;
}

/* Linear, in a queue that is bounded. */
static void unqueue(coro_lane *lane, coro_job *job)
{
    coro_job **place = &lane->first, *before = NULL;
    while (*place != job) {
        before = *place;
        place = &before->next;
    }
    *place = job->next;
    if (lane->last == job)
        lane->last = before;
    lane->queued--;
}

/* True: the wait is over. False: the job is, or will be, and its message ends the wait. */
static bool leave(coro_job *job, bool may_stay)
{
    coro_lane *lane = job->lane;
    int state;
    atomic_store(atomic(&job->cancelled), 1);
    pthread_mutex_lock(&lane->lock);
    while (job->kept && !may_stay && job->state == RUNNING) /* the caller's memory will go */
        pthread_cond_wait(&lane->over, &lane->lock);
    state = job->state;
    if (state == QUEUED)
        unqueue(lane, job);
    else if (state == RUNNING && !may_stay)
        job->state = LEFT;
    pthread_mutex_unlock(&lane->lock);
    if (state == FINISHED || (state == RUNNING && may_stay))
        return false;
    job_over(lane);
    if (state == QUEUED)
        coro_job_release(job);
    return true;
}

static bool run_cancel(coro_task *task)
{
    coro_job *job = task->wait.object;
    return leave(job, job->kept);
}

static void run_abandon(coro_task *task)
{
    coro_job *job = task->wait.object;
    if (!leave(job, false))
        job->task = NULL;
}

void coro_lane_forget(coro_job *job)
{
    if (!leave(job, false))
        job->ended = NULL;
}

static const coro_wait_type run_type = {"thread", run_cancel, run_abandon, NULL, false};

CORO_LEAF(coro_lane_run, &run_type, run_start, 0);

coro_void *coro_lane_run(coro_lane *lane, coro_job *job)
{
    coro_call *call = coro_call_new_(&coro_lane_run_call_);
    if (call->coro.error == 0) {
        call->object = lane;
        call->a.pointer = job;
    }
    return (coro_void *)call;
}

/* --- until it is idle --------------------------------------------------------------------- */

static void drained(coro_message *message)
{
    coro_lane *lane = coro_container_of(message, coro_lane, idle);
    bool idle;
    pthread_mutex_lock(&lane->lock);
    lane->told = false;
    idle = is_idle(lane);
    lane->draining = !idle;
    pthread_mutex_unlock(&lane->lock);
    for (coro_task *task; idle && (task = coro_waiters_pop(&lane->drainers)) != NULL;) {
        coro_wait_done(task, 0);
        unhold(lane);
    }
}

static int drain_start(coro_task *task, coro_call *call)
{
    coro_lane *lane = call->object;
    bool idle;
    int error = hold(lane);
    if (error != 0)
        return error;
    pthread_mutex_lock(&lane->lock);
    idle = is_idle(lane);
    lane->draining |= !idle;
    pthread_mutex_unlock(&lane->lock);
    if (idle) {
        unhold(lane);
        return 0;
    }
    task->wait.object = lane;
    coro_waiters_push(&lane->drainers, task);
    return CORO_PENDING_;
}

static bool drain_cancel(coro_task *task)
{
    coro_lane *lane = task->wait.object;
    coro_waiters_remove(&lane->drainers, task);
    unhold(lane);
    return true;
}

static const coro_wait_type drain_type = {"threads", drain_cancel, NULL, NULL, false};

CORO_LEAF(coro_lane_drain, &drain_type, drain_start, 0);

coro_void *coro_lane_drain(coro_lane *lane)
{
    return coro_call_of_(&coro_lane_drain_call_, lane, NULL);
}

size_t coro_lane_load(coro_lane *lane)
{
    size_t load;
    pthread_mutex_lock(&lane->lock);
    load = lane->queued + lane->working;
    pthread_mutex_unlock(&lane->lock);
    return load;
}

/* --- life --------------------------------------------------------------------------------- */

/* Who rests ends at once; who works may be stuck for ever. Called with the lock. */
static void end_workers(coro_lane *lane)
{
    lane->closed = true;
    pthread_cond_broadcast(&lane->work);
    for (unsigned i = 0; i < lane->workers_max && lane->workers[i].alive; i++) {
        worker *each = &lane->workers[i];
        each->alive = false;
        if (each->busy) {
            pthread_detach(each->thread);
        } else {
            pthread_mutex_unlock(&lane->lock);
            pthread_join(each->thread, NULL);
            pthread_mutex_lock(&lane->lock);
        }
    }
}

void coro_lane_stop(coro_lane *lane)
{
    pthread_mutex_lock(&lane->lock);
    end_workers(lane);
    pthread_mutex_unlock(&lane->lock);
}

/* No task waits any more. */
static void lane_close(coro_hook *closer)
{
    coro_lane *lane = (coro_lane *)closer;
    coro_remote *remote;
    pthread_mutex_lock(&lane->lock);
    remote = lane->remote;
    lane->remote = NULL;
    end_workers(lane);
    let_go(lane);
    coro_remote_release(remote);
}

coro_lane *coro_lane_new(coro_loop *loop, unsigned threads_max, unsigned queue_max)
{
    coro_lane *lane = calloc(1, sizeof *lane + threads_max * sizeof *lane->workers);
    if (lane == NULL)
        return NULL;
    lane->closer.run = lane_close;
    lane->idle.run = drained;
    lane->loop = loop;
    lane->workers_max = threads_max;
    lane->queue_max = queue_max;
    lane->holders = 1;
    pthread_mutex_init(&lane->lock, NULL);
    pthread_cond_init(&lane->work, NULL);
    pthread_cond_init(&lane->over, NULL);
    coro_loop_add_closer(loop, &lane->closer);
    return lane;
}

void coro_job_init(coro_job *job, void (*work)(coro_job *job), void (*drop)(coro_job *job))
{
    coro_zero_(job, sizeof *job);
    job->work = work;
    job->drop = drop;
    atomic_init(atomic(&job->holders), 1);
    atomic_init(atomic(&job->cancelled), 0);
}

void coro_job_release(coro_job *job)
{
    if (job == NULL || atomic_fetch_sub(atomic(&job->holders), 1) != 1)
        return;
    coro_context_clear(&job->context);
    job->drop(job);
}
