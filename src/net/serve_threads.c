/* SPDX-License-Identifier: MIT */
/*
 * serve_threads.c - the same server in several loops, each in a thread.
 *
 *     the caller's loop                     a worker's thread
 *       start ── job, in a lane ─────────────► loop, server
 *             ◄── ready: port or error ───────── listens
 *       until ...                                serves
 *       stop ─── flag, by its remote ──────────► shutdown(grace)
 *             ◄── the job has ended ──────────── loop closed
 *
 * The first worker starts alone, for it may find out which port it is. Whoever leaves
 * the block in serve_threads stops all workers first, and the group waits for their
 * threads: the jobs are `kept`, a cancel does not leave them behind.
 *
 * Invariant: a worker publishes its remote, then looks whether it is to stop; who stops it
 * says so, then looks for its remote. So one of both sees the other, however early it is.
 */
#define _GNU_SOURCE
#include "server.h"

#include <coro/group.h>
#include <coro/serve_threads.h>

#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

/* What the workers read. */
typedef struct serving {
    coro_handler handler;
    void *context;
    const char *host, *service;
    coro_duration grace;
    const coro_loop_options *loop;
    coro_server_options server;
    coro_remote *home; /* of the caller's loop */
    char port_text[8]; /* the port, when the first has found it out */
} serving;

typedef struct worker {
    coro_job job; /* first */
    coro_lane *lane;
    const serving *serving;
    bool told;       /* `ready` is set, with: */
    int start_error;
    uint16_t port;
    int end_error; /* when the job has ended */
    coro_remote_flag ready, stop;
    _Atomic(coro_remote *) remote; /* of its loop */
    atomic_bool stopping;
} worker;

/* --- in its thread ------------------------------------------------------------------------ */

static void tell_ready(worker *self, int error, uint16_t port)
{
    if (self->told)
        return;
    self->told = true;
    self->start_error = error;
    self->port = port;
    (void)coro_remote_flag_set(self->serving->home, &self->ready);
}

ASYNC(wait_for_stop, ARGS(worker *, worker, coro_group *, group))
{
    ASYNC_BEGIN;
    AWAIT(coro_remote_flag_wait(&self->worker->stop));
    coro_group_cancel(self->group);
    ASYNC_END;
}

ASYNC(serve, ARGS(worker *, worker, const serving *, serving),
      VARS(coro_group group; coro_server *server;))
{
    ASYNC_BEGIN;
    CORO_GROUP(self->group) {
        coro_group_create_task(&self->group, wait_for_stop(self->worker, &self->group));
        AWAIT(self->server,
              coro_start_server(self->serving->handler, self->serving->context,
                                self->serving->host, self->serving->service,
                                &self->serving->server));
        tell_ready(self->worker, 0, coro_server_port(self->server));
        AWAIT(coro_server_wait_closed(self->server));
    }
  ASYNC_FINALLY:
    AWAIT(coro_server_shutdown(self->server, self->serving->grace));
    ASYNC_END;
}

/* Until somebody stops it. Has its remote before it looks whether that was already so. */
static int run_loop(worker *self)
{
    coro_loop loop;
    coro_remote *remote;
    int error = coro_loop_init(&loop, self->serving->loop);
    if (error != 0)
        return error;
    remote = coro_remote_open(&loop);
    if (remote == NULL)
        error = CORO_ENOMEM;
    atomic_store(&self->remote, remote);
    if (error == 0 && !atomic_load(&self->stopping))
        error = coro_loop_run_until_complete(&loop, serve(self, self->serving));
    coro_loop_close(&loop);
    return error;
}

static void work(coro_job *job)
{
    worker *self = (worker *)job;
    self->end_error = run_loop(self);
    tell_ready(self, self->end_error != 0 ? self->end_error : CORO_ECANCELED, 0);
}

/* --- in the caller's loop ----------------------------------------------------------------- */

/* It is a part of the array of all. */
static void drop(coro_job *job)
{
    (void)job;
}

static void stop_all(worker *workers, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        coro_remote *remote;
        atomic_store(&workers[i].stopping, true);
        remote = atomic_load(&workers[i].remote);
        if (remote != NULL)
            (void)coro_remote_flag_set(remote, &workers[i].stop);
    }
}

/* Its thread has ended, or there never was one. */
static void worker_free(worker *self)
{
    if (self->lane != NULL)
        coro_lane_stop(self->lane);
    coro_remote_release(atomic_load(&self->remote));
    coro_job_release(&self->job);
}

static bool worker_init(worker *self, const serving *serving)
{
    coro_zero_(self, sizeof *self);
    coro_job_init(&self->job, work, drop);
    self->job.kept = true;
    self->serving = serving;
    coro_remote_flag_init(&self->ready);
    coro_remote_flag_init(&self->stop);
    atomic_init(&self->remote, NULL);
    atomic_init(&self->stopping, false);
    self->lane = coro_lane_new(coro_loop_current(), 1, 1);
    return self->lane != NULL;
}

ASYNC(run_worker, ARGS(worker *, worker))
{
    ASYNC_BEGIN;
    AWAIT(coro_lane_run(self->worker->lane, &self->worker->job));
    if (self->worker->end_error != 0)
        ASYNC_THROW(self->worker->end_error);
    ASYNC_END;
}

static size_t processors(void)
{
    cpu_set_t set;
    int count = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
    return count > 0 ? (size_t)count : 1;
}

static bool is_any_port(const char *service)
{
    return service == NULL || *service == '\0' || service[strspn(service, "0")] == '\0';
}

/* Where the others are to listen, when the first has taken a free port. */
static void note_port(serving *serving, uint16_t port)
{
    if (!is_any_port(serving->service))
        return;
    snprintf(serving->port_text, sizeof serving->port_text, "%u", (unsigned)port);
    serving->service = serving->port_text;
}

typedef struct crew {
    coro_group group;
    worker *workers;
    size_t count, started;
} crew;

/* Up to `end` of them, each a child of the group. 0 or CORO_ENOMEM. */
static int start_workers(crew *all, size_t end, const serving *serving)
{
    while (all->started < end) {
        worker *next = &all->workers[all->started++];
        if (!worker_init(next, serving))
            return CORO_ENOMEM;
        coro_group_create_task(&all->group, run_worker(next)); /* or the group fails */
    }
    return 0;
}

ASYNC(start_all, ARGS(crew *, all, serving *, serving), VARS(size_t i; int error;))
{
    ASYNC_BEGIN;
    for (; self->i < self->all->count; self->i++) {
        self->error = start_workers(self->all, self->i == 0 ? 1 : self->all->count, self->serving);
        if (self->error != 0)
            ASYNC_THROW(self->error);
        AWAIT(coro_remote_flag_wait(&self->all->workers[self->i].ready));
        if (self->all->workers[self->i].start_error != 0)
            ASYNC_THROW(self->all->workers[self->i].start_error);
        note_port(self->serving, self->all->workers[self->i].port);
    }
    ASYNC_END;
}

static void crew_free(crew *all)
{
    for (size_t i = 0; i < all->started; i++)
        worker_free(&all->workers[i]);
    if (all->workers != NULL)
        coro_pool_give_(&coro_loop_current()->pool, all->workers,
                        all->count * sizeof *all->workers);
}

ASYNC(serve_threads,
      ARGS(coro_header *, until, const coro_threads_options *, options, serving, serving),
      VARS(crew all; int error; bool until_runs;))
{
    ASYNC_BEGIN;
    self->all.count = self->options->threads > 0 ? self->options->threads : processors();
    self->all.workers = coro_pool_take_(&coro_loop_current()->pool,
                                        self->all.count * sizeof *self->all.workers);
    self->serving.home = coro_remote_open(coro_loop_current());
    if (self->serving.home == NULL || self->all.workers == NULL)
        ASYNC_THROW(CORO_ENOMEM);
    CORO_GROUP(self->all.group) {
        AWAIT_CATCH(self->error, start_all(&self->all, &self->serving));
        if (self->error == 0) {
            if (self->options->started != NULL)
                self->options->started(self->options->started_context, self->all.workers[0].port);
            self->until_runs = true;
            AWAIT_CATCH(self->error, (coro_any *)self->until);
        }
        stop_all(self->all.workers, self->all.started);
        if (self->error != 0)
            ASYNC_THROW(self->error);
    }
  ASYNC_FINALLY:
    if (!self->until_runs)
        coro_discard_(self->until);
    crew_free(&self->all);
    coro_remote_release(self->serving.home);
    ASYNC_END;
}

static void discard_until(coro_header *frame)
{
    coro_discard_(((struct serve_threads *)(void *)frame)->until);
}

/* As the one that ASYNC makes, for a call that holds another. */
static const coro_descriptor call_descriptor = {
    serve_threads_enter_, CORO_NAMED_("coro_serve_threads") {NULL}, discard_until,
    sizeof(struct serve_threads), serve_threads_zero_end_, 0, 0};

coro_void *coro_serve_threads_(coro_handler handler, void *context, const char *host,
                               const char *service, const coro_threads_options *options,
                               coro_header *until)
{
    static const coro_threads_options none;
    struct serve_threads *call;
    until = coro_frame_keep(until);
    if (until->error == CORO_ENOMEM)
        return (coro_void *)until;
    call = coro_frame_new_slow_(&call_descriptor);
    if (call == NULL) {
        coro_discard_(until);
        return (coro_void *)coro_frame_failed_();
    }
    if (options == NULL)
        options = &none;
    call->until = until;
    call->options = options;
    call->serving = (serving){.handler = handler, .context = context, .host = host,
                              .service = service, .grace = options->grace,
                              .loop = options->loop, .server = options->server};
    call->serving.server.reuse_port = true;
    call->serving.server.start_later = false;
    return (coro_void *)(void *)call;
}
