/* SPDX-License-Identifier: MIT */
/*
 * copy.c - from one stream to another, without a task's buffer in between.
 *
 *     from ─ fill ─► from.in ─ try_write ─► to          one piece a step
 *
 * The pump takes the reading of one stream and the writing of the other, so that
 * nobody steals a byte of it or writes into its middle; others go on using the two
 * opposite directions, a proxy with a second pump. Each step is an await of its
 * own: there it is cancelled, and there others have their turn. A byte leaves the
 * first stream when the second one has taken it, so no error or cancel loses one.
 *
 * The half that writes serves files, too: src/net/sendfile.c.
 */
#include "internal.h"

#include <coro/async.h>

#if CORO_SCOPES

/* --- a task between two streams ----------------------------------------------------------- */

static void wake(coro_pump *pump)
{
    coro_task *task = pump->waiting;
    pump->waiting = NULL;
    if (task != NULL)
        coro_wait_done(task, 0);
}

static void reader_ready(coro_stream_taker *taker, unsigned directions)
{
    (void)directions;
    wake(coro_container_of(taker, coro_pump, reader));
}

static void writer_ready(coro_stream_taker *taker, unsigned directions)
{
    (void)directions;
    wake(coro_container_of(taker, coro_pump, writer));
}

static void reader_gone(coro_stream_taker *taker)
{
    coro_pump *pump = coro_container_of(taker, coro_pump, reader);
    pump->from = NULL;
    wake(pump);
}

static void writer_gone(coro_stream_taker *taker)
{
    coro_pump *pump = coro_container_of(taker, coro_pump, writer);
    pump->to = NULL;
    wake(pump);
}

int coro_pump_read_from(coro_pump *pump, coro_stream *from)
{
    int error;
    pump->reader = (coro_stream_taker){reader_ready, reader_gone};
    error = coro_stream_take(from, CORO_STREAM_READ, &pump->reader);
    if (error == 0)
        pump->from = from;
    return error;
}

int coro_pump_write_to(coro_pump *pump, coro_stream *to)
{
    int error;
    if (to == NULL || to->state & CORO_STREAM_SHUT_)
        return CORO_EPIPE;
    pump->writer = (coro_stream_taker){writer_ready, writer_gone};
    error = coro_stream_take(to, CORO_STREAM_WRITE, &pump->writer);
    if (error == 0)
        pump->to = to;
    return error;
}

void coro_pump_end(coro_pump *pump)
{
    if (pump->from != NULL)
        coro_stream_give_back(pump->from, CORO_STREAM_READ);
    if (pump->to != NULL)
        coro_stream_give_back(pump->to, CORO_STREAM_WRITE);
    pump->from = pump->to = NULL;
}

int coro_pump_wait(coro_pump *pump, coro_task *task, unsigned direction)
{
    coro_stream *stream = direction == CORO_STREAM_READ ? pump->from : pump->to;
    int error = coro_stream_want_here(stream, direction);
    if (error != 0)
        return error;
    pump->waiting = task;
    task->wait.object = pump;
    return CORO_PENDING_;
}

bool coro_pump_cancel(coro_task *task)
{
    coro_pump *pump = task->wait.object;
    pump->waiting = NULL; /* nothing is wanted any more when it ends */
    return true;
}

/* --- the copy ----------------------------------------------------------------------------- */

/* One piece: read if there is nothing, and write what there is. */
static int step_start(coro_task *task, coro_call *call)
{
    coro_pump *pump = call->object;
    coro_buffer *in = pump->from != NULL ? &pump->from->in : NULL;
    ptrdiff_t count;
    coro_slice piece;
    if (pump->from == NULL || pump->to == NULL)
        return pump->from == NULL ? CORO_ECLOSED : CORO_EPIPE;
    if (coro_buffer_size(in) == 0) {
        count = coro_stream_fill(pump->from, 1);
        if (count == CORO_EAGAIN)
            return coro_pump_wait(pump, task, CORO_STREAM_READ);
        pump->is_over = count == 0;
        if (count <= 0)
            return (int)count;
    }
    piece = (coro_slice){coro_buffer_begin(in), coro_buffer_size(in)};
    if (piece.size > pump->left)
        piece.size = pump->left;
    count = coro_stream_try_write(pump->to, &piece, 1);
    if (count == CORO_EAGAIN)
        return coro_pump_wait(pump, task, CORO_STREAM_WRITE);
    if (count < 0)
        return (int)count;
    coro_buffer_consume(&pump->from->loop->pool, in, (size_t)count);
    pump->left -= (size_t)count;
    return 0;
}

static const coro_wait_type step_type = {CORO_VERB_("stream copy") coro_pump_cancel, NULL, NULL,
                                         false};

CORO_LEAF(copy_step, &step_type, step_start, 0);

static CORO_NODISCARD coro_void *copy_step(coro_pump *pump)
{
    coro_call *call = coro_call_new_(&copy_step_call_);
    if (call->coro.error == 0)
        call->object = pump;
    return (coro_void *)call;
}

ASYNC(copy, RETURNS(size_t), ARGS(coro_stream *, from, coro_stream *, to, size_t, limit),
      VARS(coro_pump pump; int error;))
{
    ASYNC_BEGIN;
    if ((self->from != NULL && self->from->loop != coro_loop_current()) ||
        (self->to != NULL && self->to->loop != coro_loop_current()))
        ASYNC_THROW(CORO_EWRONGLOOP);
    self->pump.left = self->limit;
    self->error = coro_pump_read_from(&self->pump, self->from);
    if (self->error == 0)
        self->error = coro_pump_write_to(&self->pump, self->to);
    if (self->error != 0)
        ASYNC_THROW(self->error);
    while (self->pump.left > 0 && !self->pump.is_over)
        AWAIT(copy_step(&self->pump));
    ASYNC_RETURN(self->limit - self->pump.left);
  ASYNC_FINALLY:
    coro_pump_end(&self->pump);
    ASYNC_END;
}

coro_size *coro_stream_copy(coro_stream *from, coro_stream *to, size_t limit)
{
    return (coro_size *)(void *)copy(from, to, limit);
}

#endif
