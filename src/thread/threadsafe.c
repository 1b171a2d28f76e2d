/* SPDX-License-Identifier: MIT */
/*
 * threadsafe.c - calls from other threads into a loop: callbacks, and coroutines.
 *
 *     thread: run ── start ──► loop: task ── runner ── the call
 *        │ cancel ── stop  ──►           cancel        │
 *        └── wait ◄──────── settle ◄── its result, copied to the heap
 *
 * A run is a future with what its loop needs: two messages and the call. Stop comes
 * after start, for the inbox keeps the order of arrival. The loop holds a reference
 * until the task has ended; a run that its loop could not end is settled by the
 * loop's close, so that no thread waits for ever.
 */
#include "future.h"
#include "thread.h"

#include "kernel/kernel.h"

#include <stdlib.h>
#include <string.h>

typedef struct run {
    coro_thread_future future; /* first */
    coro_message start, stop;
    coro_remote *remote; /* until the task has ended; guarded by the future's lock */
    coro_header *call;   /* until it is started */
    coro_factory factory; /* or this makes it */
    void *context;
    coro_context variables; /* of the calling thread, until the task is made */
    coro_task *task; /* loop thread: while it runs */
    struct run *next, **place; /* loop thread: in its list of runs */
    const coro_descriptor *descriptor; /* of the copy of the result; before the future is done */
    void *value;
    bool taken; /* guarded by the future's lock */
} run;

/* --- the runs of a loop ------------------------------------------------------------------- */

typedef struct runs {
    coro_hook closer; /* first: it is how the loop knows us */
    run *first;
} runs;

static void unlink_run(run *self)
{
    *self->place = self->next;
    if (self->next != NULL)
        self->next->place = self->place;
}

/* Who is left was freed as it stood, with its task. */
static void runs_close(coro_hook *closer)
{
    runs *all = (runs *)closer;
    for (run *each; (each = all->first) != NULL;) {
        unlink_run(each);
        coro_thread_future_settle(&each->future, NULL, CORO_ECANCELED);
        coro_thread_future_release(&each->future);
    }
    free(all);
}

static int link_run(coro_loop *loop, run *self)
{
    runs *all = NULL;
    for (coro_hook *each = loop->closers; each != NULL; each = each->next)
        if (each->run == runs_close)
            all = (runs *)each;
    if (all == NULL) {
        all = calloc(1, sizeof *all);
        if (all == NULL)
            return CORO_ENOMEM;
        all->closer.run = runs_close;
        coro_loop_add_closer(loop, &all->closer);
    }
    self->next = all->first;
    self->place = &all->first;
    if (self->next != NULL)
        self->next->place = &self->next;
    all->first = self;
    return 0;
}

/* --- in the loop -------------------------------------------------------------------------- */

static coro_remote *take_remote(run *self)
{
    coro_remote *remote;
    pthread_mutex_lock(&self->future.lock);
    remote = self->remote;
    self->remote = NULL;
    pthread_mutex_unlock(&self->future.lock);
    return remote;
}

/* The loop is done with it. */
static void end(run *self, void *value, int error)
{
    coro_remote *remote = take_remote(self);
    if (coro_thread_future_settle(&self->future, value, error) != 0 && value != NULL &&
        self->descriptor->drop != NULL) {
        self->descriptor->drop(value); /* it was cancelled, and came to an end all the same */
        self->taken = true;
    }
    coro_remote_release(remote);
    coro_thread_future_release(&self->future);
}

/* A copy of the result of the finished frame, which is let go. NULL: it has none. */
static int copy_result(run *self, coro_header *ended)
{
    const coro_descriptor *descriptor = ended->descriptor;
    size_t size = descriptor->result_size;
    int error = 0;
    if (size > 0 && (self->value = malloc(size)) == NULL)
        error = CORO_ENOMEM;
    if (self->value != NULL) {
        memcpy(self->value, (char *)ended + descriptor->result_offset, size);
        self->descriptor = descriptor;
        ended->flags |= CORO_FRAME_TAKEN_;
    }
    coro_let_go_(ended);
    return error;
}

ASYNC(runner, ARGS(run *, run, coro_header *, call), VARS(int error;))
{
    ASYNC_BEGIN;
    CORO_CATCH_AT_(CORO_HERE_, self->error, (coro_any *)self->call,
                   self->error = copy_result(self->run, coro_callee_));
    unlink_run(self->run);
    self->run->task = NULL;
    end(self->run, self->run->value, self->error);
    ASYNC_END;
}

/* 0, and the task runs; or an error, and the call is freed. */
static int start_task(run *self, coro_loop *loop, coro_header *call)
{
    struct runner *frame = runner(self, call);
    if (frame->coro.error == CORO_ENOMEM || link_run(loop, self) != 0) {
        if (frame->coro.error != CORO_ENOMEM)
            coro_discard(frame);
        coro_discard_(call);
        return CORO_ENOMEM;
    }
    self->task = coro_create_task(frame);
    if (self->task == NULL) {
        unlink_run(self);
        coro_discard_(call);
        return CORO_ENOMEM;
    }
    coro_task_set_name(self->task, call->descriptor->name);
    coro_task_release(self->task);
    return 0;
}

static coro_header *make_call(run *self, int *error)
{
    coro_header *call = self->call;
    self->call = NULL;
    if (call == NULL) {
        coro_any *made = self->factory(self->context, error);
        CORO_CHECK(made != NULL || *error < 0,
                   "a coro_factory answers a call, or NULL and a negative CORO_E…");
        call = made != NULL ? coro_frame_keep(&made->coro) : NULL;
    }
    if (call != NULL && call->error == CORO_ENOMEM) {
        *error = CORO_ENOMEM;
        return NULL;
    }
    return call;
}

static void start(coro_message *message)
{
    run *self = coro_container_of(message, run, start);
    coro_loop *loop = coro_loop_current();
    coro_header *call;
    int error = 0;
    if (coro_inbox_closing(loop->inbox)) {
        coro_discard_(self->call);
        end(self, NULL, CORO_ECLOSED);
        return;
    }
    (void)coro_context_enter(&self->variables);
    call = make_call(self, &error);
    if (call != NULL)
        error = start_task(self, loop, call);
    coro_context_leave(&self->variables);
    coro_context_clear(&self->variables);
    if (error != 0)
        end(self, NULL, error);
}

/* A closing loop frees who will not end. */
static bool is_alive(const coro_loop *loop, const coro_task *task)
{
    const coro_task *each = loop->tasks;
    if (loop->main_task != NULL || task == NULL || each == NULL)
        return task != NULL && each != NULL;
    while (each != task && each->sibling != loop->tasks)
        each = each->sibling;
    return each == task;
}

static void stop(coro_message *message)
{
    run *self = coro_container_of(message, run, stop);
    if (is_alive(coro_loop_current(), self->task))
        coro_task_cancel(self->task);
    coro_thread_future_release(&self->future);
}

/* --- in any thread ------------------------------------------------------------------------ */

static void run_cancelled(coro_thread_future *future)
{
    run *self = (run *)future;
    coro_remote *remote;
    pthread_mutex_lock(&future->lock);
    remote = self->remote != NULL ? coro_remote_retain(self->remote) : NULL;
    pthread_mutex_unlock(&future->lock);
    if (remote == NULL)
        return;
    coro_thread_future_retain(future);
    if (coro_remote_post(remote, &self->stop) != 0)
        coro_thread_future_release(future);
    coro_remote_release(remote);
}

static void run_drop(coro_thread_future *future)
{
    run *self = (run *)future;
    if (self->value != NULL && self->descriptor->drop != NULL && !self->taken)
        self->descriptor->drop(self->value);
    free(self->value);
    coro_remote_release(self->remote);
    coro_context_clear(&self->variables);
}

/* A frame that any thread may free: another loop's moves to the heap. */
static coro_header *on_heap(coro_header *call)
{
    coro_header *copy;
    call = coro_frame_keep(call);
    if (!(call->flags & CORO_FRAME_POOL_))
        return call;
    CORO_CHECK(call->descriptor->discard == NULL,
               "this call holds others, which are of another loop; coro_run_factory_threadsafe");
    copy = coro_heap_resize(NULL, NULL, 0, call->descriptor->size);
    if (copy == NULL) {
        coro_discard_(call);
        return coro_frame_failed_();
    }
    memcpy(copy, call, call->descriptor->size);
    copy->flags = CORO_FRAME_HEAP_;
    coro_frame_free_(call);
    return copy;
}

static run *run_new(coro_remote *remote)
{
    run *self = calloc(1, sizeof *self);
    if (self == NULL || coro_thread_future_init(&self->future) != 0) {
        free(self);
        return NULL;
    }
    self->future.cancelled = run_cancelled;
    self->future.drop = run_drop;
    self->start.run = start;
    self->stop.run = stop;
    self->remote = coro_remote_retain(remote);
    if (coro_context_copy(&self->variables) != 0) {
        coro_thread_future_release(&self->future);
        return NULL;
    }
    return self;
}

static coro_thread_future *send(run *self, coro_remote *remote)
{
    coro_thread_future_retain(&self->future); /* the loop's */
    if (coro_remote_post(remote, &self->start) != 0) {
        coro_discard_(self->call);
        end(self, NULL, CORO_ECLOSED);
    }
    return &self->future;
}

coro_thread_future *coro_run_coroutine_threadsafe_(coro_remote *remote, coro_header *call)
{
    run *self;
    call = on_heap(call);
    if (call->error == CORO_ENOMEM)
        return NULL;
    self = run_new(remote);
    if (self == NULL) {
        coro_discard_(call);
        return NULL;
    }
    self->call = call;
    return send(self, remote);
}

coro_thread_future *coro_run_factory_threadsafe(coro_remote *remote, coro_factory factory,
                                                void *context)
{
    run *self;
    CORO_CHECK(factory != NULL, "coro_run_factory_threadsafe needs a function that makes a call");
    self = run_new(remote);
    if (self == NULL)
        return NULL;
    self->factory = factory;
    self->context = context;
    return send(self, remote);
}

int coro_thread_future_take_(coro_thread_future *future, const coro_descriptor *descriptor,
                             void *to, size_t size)
{
    run *self = (run *)future;
    int error;
    CORO_CHECK(future->drop == run_drop, "CORO_THREAD_RESULT needs the future of a coroutine");
    (void)coro_thread_future_result(future, &error);
    if (error != 0)
        return error;
    CORO_CHECK(self->descriptor == descriptor && descriptor->result_size == size,
               "CORO_THREAD_RESULT names another coroutine, or type, than the one that ran");
    pthread_mutex_lock(&future->lock);
    self->taken = true;
    pthread_mutex_unlock(&future->lock);
    memcpy(to, self->value, size);
    return 0;
}

/* --- callbacks ---------------------------------------------------------------------------- */

/* Behind who is ready; in a loop's last moments there is no such line any more. */
static void call_soon(coro_message *message)
{
    coro_remote_call *call = (coro_remote_call *)message;
    coro_loop *loop = coro_loop_current();
    if (coro_inbox_closing(loop->inbox))
        call->function(call->context);
    else
        coro_loop_call_soon(loop, &call->handle, call->function, call->context);
}

int coro_loop_call_soon_threadsafe(coro_remote *remote, coro_remote_call *call,
                                   coro_callback function, void *context)
{
    CORO_CHECK(function != NULL, "a callback needs a function to call");
    coro_zero_(call, sizeof *call);
    call->message.run = call_soon;
    call->function = function;
    call->context = context;
    return coro_remote_post(remote, &call->message);
}
