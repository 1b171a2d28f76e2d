/* SPDX-License-Identifier: MIT */
/*
 * close.c - the life of a stream, and its two ends.
 *
 *     close ─► all sent? ──yes──► transport->close
 *                 └─no─► wait, CLOSING ─┬─ sent ──────────► transport->close, 0
 *                                       ├─ error ─────────► aborted, the error
 *                                       ├─ 5 seconds ─────► aborted, CORO_ETIMEDOUT
 *                                       └─ cancelled ─────► aborted, CORO_ECANCELED
 *
 * Nothing here allocates. The limit of time uses the timer that every task has
 * room for, its sleep's: a task that closes does not sleep. It lies where
 * wait.object would, so the stream is in wait.b.
 */
#include "internal.h"

#if CORO_SCOPES

#define CLOSE_LIMIT CORO_SECONDS(5)
#define HIGH_DEFAULT ((size_t)64 * 1024)
#define LOW_DEFAULT ((size_t)16 * 1024)

#if CORO_HOSTED
#define CLOSING_STREAM(task) ((task)->wait.b.pointer)
#else
#define CLOSING_STREAM(task) ((task)->wait.object) /* no timer: nobody is that patient there */
#endif

void coro_stream_init(coro_stream *stream, const coro_transport *transport)
{
    coro_zero_(stream, sizeof *stream);
    stream->transport = transport;
    stream->loop = coro_loop_current();
    CORO_CHECK(stream->loop != NULL, "a stream needs a running loop");
#if CORO_HOSTED
    stream->close_limit = CLOSE_LIMIT;
#endif
#if SIZE_MAX > 0xffff
    stream->high = HIGH_DEFAULT;
    stream->low = LOW_DEFAULT;
#else
    stream->high = 256; /* two kilobytes are all there is */
    stream->low = 64;
#endif
}

void coro_stream_ready(coro_stream *stream, unsigned directions)
{
    unsigned taken = directions & coro_stream_taken(stream);
    stream->wanted &= (uint8_t)~directions;
    if (directions & ~taken & CORO_STREAM_READ && stream->reader != NULL &&
        !(stream->state & CORO_STREAM_CLOSING_))
        coro_stream_pull(stream);
    if (directions & CORO_STREAM_WRITE)
        (void)coro_stream_flush(stream);
    if (CORO_UNLIKELY(taken != 0))
        coro_stream_tell_takers(stream, taken);
}

static void release(coro_stream *stream, bool abort)
{
    coro_loop_remove_hook(stream->loop, &stream->flush);
    coro_stream_unwant_here(stream, CORO_STREAM_READ);
    coro_stream_unwant_here(stream, CORO_STREAM_WRITE);
    coro_buffer_free(&stream->loop->pool, &stream->in);
    coro_buffer_free(&stream->loop->pool, &stream->out);
#if CORO_HOSTED
    if (stream->owner != NULL)
        *stream->owner = NULL;
#endif
    stream->transport->close(stream, abort);
}

int coro_stream_fd(const coro_stream *stream)
{
    return stream != NULL && stream->transport->fd != NULL ? stream->transport->fd(stream) : -1;
}

#if CORO_HOSTED
int coro_stream_set_close_limit(coro_stream *stream, coro_duration limit)
{
    if (stream == NULL || limit <= 0)
        return CORO_EINVAL;
    stream->close_limit = limit;
    return 0;
}
#endif

/* --- close -------------------------------------------------------------------------------- */

static void clear_timer(coro_task *task)
{
#if CORO_HOSTED
    coro_timer_clear(task->driver.loop, CORO_TIMER_SLEEP, &task->wait.timer);
#else
    (void)task;
#endif
}

/* The close waits no more; who calls this frees the stream. */
static void let_go(coro_stream *stream, int error)
{
    coro_task *task = stream->reader;
    stream->reader = NULL;
    CLOSING_STREAM(task) = NULL;
    if (task->driver.flags & CORO_TASK_WAITING_) {
        clear_timer(task);
        coro_wait_done(task, error);
    }
}

void coro_stream_closed(coro_stream *stream, int error)
{
    if (!(stream->reader->driver.flags & CORO_TASK_WAITING_))
        return; /* its time was over a moment ago: close_finish will see to it */
    let_go(stream, error);
    release(stream, error != 0);
}

static bool close_cancel(coro_task *task)
{
    coro_stream *stream = CLOSING_STREAM(task);
    clear_timer(task);
    stream->reader = NULL;
    release(stream, true);
    return true;
}

#if CORO_HOSTED
/* Resumed, and the stream is still there: time is over. */
static void close_finish(coro_task *task, coro_call *call)
{
    coro_stream *stream = CLOSING_STREAM(task);
    if (stream == NULL || call->coro.error != 0)
        return;
    if (stream->write_error != 0)
        call->coro.error = stream->write_error;
    else if (stream->out.data != NULL ||
             (stream->state & (CORO_STREAM_FIN_ | CORO_STREAM_TOLD_)) == CORO_STREAM_FIN_)
        call->coro.error = CORO_ETIMEDOUT;
    stream->reader = NULL;
    release(stream, call->coro.error != 0);
}
#else
#define close_finish NULL
#endif

static const coro_wait_type close_type = {CORO_VERB_("stream close") close_cancel, NULL,
                                          close_finish, true};

static int wait_to_close(coro_stream *stream, coro_task *task)
{
    stream->state |= CORO_STREAM_CLOSING_;
    stream->reader = task;
    task->wait.a.pointer = NULL;
    CLOSING_STREAM(task) = stream;
#if CORO_HOSTED
    task->wait.timer.index = 0;
    coro_timer_set(task->driver.loop, CORO_TIMER_SLEEP, &task->wait.timer,
                   coro_time_after(coro_loop_time(task->driver.loop), stream->close_limit));
#endif
    return CORO_PENDING_;
}

/* Nobody else uses it any more; all is sent (0), or not yet (CORO_EAGAIN), or cannot be. */
static int finish(coro_stream *stream)
{
    bool is_whole;
    stream->state |= CORO_STREAM_SHUT_ | (stream->transport->says_end ? CORO_STREAM_FIN_ : 0);
    coro_stream_leave_takers(stream);
    coro_stream_end_read(stream, 0);
    is_whole = coro_stream_end_writes(stream, CORO_EPIPE, true);
    return is_whole ? coro_stream_flush(stream) : CORO_ENOMEM;
}

static int close_start(coro_task *task, coro_call *call)
{
    coro_stream *stream = call->object;
    int error;
    if (stream == NULL)
        return 0;
    error = finish(stream);
    if (stream->loop != task->driver.loop)
        error = CORO_EWRONGLOOP;
    if (error == CORO_EAGAIN)
        return wait_to_close(stream, task);
    release(stream, error != 0);
    return error;
}

void coro_stream_close_now(coro_stream **place)
{
    coro_stream *stream = *place;
    *place = NULL;
    if (stream != NULL)
        release(stream, finish(stream) != 0);
}

static void close_discard(coro_header *frame)
{
    coro_stream *stream = ((coro_call *)frame)->object;
    coro_stream_abort(&stream);
}

CORO_LEAF_HOLDING(coro_stream_close, &close_type, close_start, close_discard, 0);

coro_void *coro_stream_close(coro_stream **place)
{
    coro_stream *stream = *place;
    coro_call *call = coro_call_new_(&coro_stream_close_call_);
    *place = NULL;
    if (call->coro.error == 0)
        call->object = stream;
    else
        coro_stream_abort(&stream); /* no memory for the call, but it does its work */
    return (coro_void *)call;
}

void coro_stream_hang_up(coro_stream *stream)
{
    if (stream == NULL || stream->state & CORO_STREAM_CLOSING_)
        return;
    stream->state |= CORO_STREAM_EOF_ | CORO_STREAM_SHUT_ | CORO_STREAM_FIN_;
    coro_stream_end_read(stream, 0);
    if (coro_stream_end_writes(stream, CORO_EPIPE, true))
        (void)coro_stream_flush(stream);
    else
        (void)coro_send_go_on(stream, CORO_EPIPE); /* there would be a hole: nothing may follow */
    coro_stream_tell_takers(stream, coro_stream_taken(stream)); /* they find out by a try */
}

void coro_stream_abort(coro_stream **place)
{
    coro_stream *stream = *place;
    *place = NULL;
    if (stream == NULL)
        return;
    coro_stream_leave_takers(stream);
    if (stream->state & CORO_STREAM_CLOSING_)
        let_go(stream, CORO_ECONNABORTED);
    else
        coro_stream_end_read(stream, CORO_ECLOSED);
    (void)coro_stream_end_writes(stream, CORO_EPIPE, false);
    release(stream, true);
}

#endif
