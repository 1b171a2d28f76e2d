/* SPDX-License-Identifier: MIT */
/*
 * write.c - the calls that write: what each does at once, and when it has to wait.
 *
 *     write, writev ─► small: stream.out, and done; large: sent at once, as far as it goes
 *     printf        ─► its text, made at the call, is a write's data; ours to free
 *     drain         ─► a mark behind what is unsent
 *     shutdown      ─► a mark, and the end of all writing
 *
 * Who has to wait is parked in the line of writers; send.c does the rest.
 */
#include "internal.h"

#if CORO_SCOPES

#if CORO_HOSTED
#include <stdarg.h>
#include <stdio.h>
#endif

/* From this size on a write does not wait for the end of the turn. */
#define DIRECT_MIN 4096u
#define GATHER_MAX 6 /* as large is a block for many of them */

/* --- the calls ---------------------------------------------------------------------------- */

static const coro_wait_type write_type = {CORO_VERB_("stream write") coro_send_cancel, NULL, NULL,
                                          false};
const coro_wait_type coro_writev_type = {CORO_VERB_("stream write") coro_send_cancel, NULL, NULL,
                                         false};
const coro_wait_type coro_text_type = {CORO_VERB_("stream printf") coro_send_cancel, NULL, NULL,
                                       false};
static const coro_wait_type drain_type = {CORO_VERB_("stream drain") coro_send_cancel, NULL, NULL,
                                          false};
const coro_wait_type coro_shutdown_type = {CORO_VERB_("stream shutdown") coro_send_cancel, NULL,
                                           NULL, true};

static int park(coro_stream *stream, coro_task *task, const coro_call *call, size_t sent)
{
#if !CORO_HOSTED
    if (stream->writers.first != NULL) /* there is room for the size of one */
        return CORO_EBUSY;
    stream->first_size = call->b.size;
#else
    task->wait.b = call->b;
#endif
    task->wait.object = stream;
    task->wait.a = call->a;
    coro_waiters_push(&stream->writers, task);
    if (stream->writers.first == task)
        stream->first_sent = sent;
    coro_send_later(stream);
    return CORO_PENDING_;
}

static inline int may_write(const coro_stream *stream, const coro_task *task)
{
    if (CORO_UNLIKELY(stream == NULL || stream->state & CORO_STREAM_SHUT_))
        return CORO_EPIPE;
    if (CORO_UNLIKELY(stream->loop != task->driver.loop))
        return CORO_EWRONGLOOP;
    if (CORO_UNLIKELY(stream->state & CORO_STREAM_WRITE_TAKEN_))
        return CORO_EBUSY;
    return stream->write_error;
}

/* The same for what is allowed after the end of all writing, too. */
static int may_flush(const coro_stream *stream, const coro_task *task)
{
    if (stream == NULL)
        return CORO_EPIPE;
    if (stream->loop != task->driver.loop)
        return CORO_EWRONGLOOP;
    if (stream->state & CORO_STREAM_WRITE_TAKEN_)
        return CORO_EBUSY;
    return stream->write_error;
}

static int write_list(coro_task *task, coro_call *call, coro_slices list)
{
    coro_stream *stream = call->object;
    size_t size, sent = 0;
    int error = may_write(stream, task);
    if (CORO_UNLIKELY(error != 0))
        return error;
    size = coro_slices_size(list);
    if (size == 0)
        return 0;
    if (stream->writers.first != NULL)
        return park(stream, task, call, 0);
    if (size >= DIRECT_MIN || size + coro_buffer_size(&stream->out) > stream->high) {
        error = coro_send_push(stream, list, &sent);
        if (error == CORO_EAGAIN && sent == 0 && stream->out.data == NULL) {
            error = coro_stream_want_here(stream, CORO_STREAM_WRITE);
            if (error != 0)
                return error; /* nothing has happened: this write alone fails */
        } else if (error != 0 && coro_send_go_on(stream, error) != CORO_EAGAIN) {
            return stream->write_error;
        }
    }
    if (size - sent + coro_buffer_size(&stream->out) > stream->high ||
        !coro_send_keep(stream, list, sent))
        return park(stream, task, call, sent);
    if (stream->out.data != NULL)
        coro_send_later(stream);
    return 0;
}

/* Room for a small write: as much at once as the last turns had to gather. */
CORO_SLOW bool make_room(coro_stream *stream, size_t size)
{
    coro_pool *pool = &stream->loop->pool;
    size_t usual = CORO_BUFFER_MIN << stream->gather;
    if (stream->out.data == NULL && size < usual && coro_buffer_reserve(pool, &stream->out, usual))
        return true;
    if (!coro_buffer_reserve(pool, &stream->out, size))
        return false;
    while (CORO_BUFFER_MIN << stream->gather < stream->out.capacity && stream->gather < GATHER_MAX)
        stream->gather++;
    return true;
}

/* Small, nothing in its way, and there is room: it only has to be put behind what is corked. */
static inline bool may_cork(coro_stream *stream, const coro_task *task, size_t size)
{
    return CORO_LIKELY(size - 1 < DIRECT_MIN - 1 && may_write(stream, task) == 0 &&
                       stream->writers.first == NULL &&
                       size + coro_buffer_size(&stream->out) <= stream->high &&
                       (coro_buffer_has_room(&stream->out, size) || make_room(stream, size)));
}

static inline int corked(coro_stream *stream)
{
    if (!stream->flush.queued)
        coro_send_later(stream);
    return 0;
}

static CORO_NOINLINE int write_one(coro_task *task, coro_call *call)
{
    const coro_slice one = {call->a.pointer, call->b.size};
    return write_list(task, call, (coro_slices){&one, 1});
}

CORO_FAST int write_start(coro_task *task, coro_call *call)
{
    coro_stream *stream = call->object;
    if (may_cork(stream, task, call->b.size)) {
        coro_buffer_append(&stream->out, call->a.pointer, call->b.size);
        return corked(stream);
    }
    return write_one(task, call);
}

CORO_FAST int writev_start(coro_task *task, coro_call *call)
{
    const coro_slices list = {call->a.pointer, call->b.size};
    coro_stream *stream = call->object;
    if (may_cork(stream, task, coro_slices_size(list))) {
        coro_slices_append(&stream->out, list, 0);
        return corked(stream);
    }
    return write_list(task, call, list);
}

static int drain_start(coro_task *task, coro_call *call)
{
    coro_stream *stream = call->object;
    int error = may_flush(stream, task);
    if (error != 0)
        return error;
    error = coro_stream_flush(stream);
    if (error != CORO_EAGAIN)
        return error;
    if (stream->writers.first == NULL && coro_buffer_size(&stream->out) <= stream->low)
        return 0;
    return park(stream, task, call, 0);
}

static int shutdown_start(coro_task *task, coro_call *call)
{
    coro_stream *stream = call->object;
    int error = may_flush(stream, task);
    if (error != 0)
        return error;
    if (stream->state & CORO_STREAM_TOLD_)
        return 0;
    stream->state |= CORO_STREAM_SHUT_ | CORO_STREAM_FIN_;
    if (stream->writers.first == NULL) {
        error = coro_send_push(stream, (coro_slices){NULL, 0}, &stream->first_sent);
        error = coro_send_go_on(stream, error);
        if (error == 0)
            error = coro_send_end(stream);
        if (error != CORO_EAGAIN)
            return error;
    }
    return park(stream, task, call, 0);
}

CORO_LEAF_INLINE(coro_stream_write, &write_type, write_start, 0);
CORO_LEAF_INLINE(coro_stream_writev, &coro_writev_type, writev_start, 0);
CORO_LEAF(coro_stream_drain, &drain_type, drain_start, 0);
CORO_LEAF(coro_stream_shutdown_write, &coro_shutdown_type, shutdown_start, 0);

coro_void *coro_stream_drain(coro_stream *stream)
{
    return coro_stream_write_of_(&coro_stream_drain_call_, stream, NULL, 0);
}

coro_void *coro_stream_shutdown_write(coro_stream *stream)
{
    return coro_stream_write_of_(&coro_stream_shutdown_write_call_, stream, NULL, 0);
}

/* --- without waiting ---------------------------------------------------------------------- */

int coro_stream_append(coro_stream *stream, const void *data, size_t size)
{
    if (stream->state & CORO_STREAM_SHUT_)
        return CORO_EPIPE;
    if (stream->write_error != 0)
        return stream->write_error;
    if (stream->state & CORO_STREAM_WRITE_TAKEN_ ||
        coro_stream_unsent(stream) != coro_buffer_size(&stream->out))
        return CORO_EBUSY;
    if (size == 0)
        return 0;
    if (!coro_buffer_reserve(&stream->loop->pool, &stream->out, size))
        return CORO_ENOMEM;
    coro_buffer_append(&stream->out, data, size);
    coro_send_later(stream);
    return 0;
}

void coro_stream_end_later(coro_stream *stream)
{
    if (stream->state & CORO_STREAM_SHUT_)
        return;
    stream->state |= CORO_STREAM_SHUT_ | CORO_STREAM_FIN_;
    coro_send_later(stream);
}

/* --- text --------------------------------------------------------------------------------- */

#if CORO_HOSTED
static void text_free(coro_call *call)
{
    coro_stream *stream = call->object;
    if (call->a.pointer != NULL)
        coro_pool_give_(&stream->loop->pool, call->a.pointer, call->b.size + 1);
}

static int text_start(coro_task *task, coro_call *call)
{
    int error = call->b.size == SIZE_MAX ? CORO_EINVAL : write_start(task, call);
    if (error != CORO_PENDING_)
        text_free(call);
    return error;
}

static void text_discard(coro_header *frame)
{
    text_free((coro_call *)frame);
}

CORO_LEAF_HOLDING(coro_stream_printf, &coro_text_type, text_start, text_discard, 0);

/* The text is made here, in a block of its own: the arguments will be gone. */
coro_void *coro_stream_printf(coro_stream *stream, const char *format, ...)
{
    char small[256], *text = NULL;
    va_list arguments;
    coro_void *call;
    va_start(arguments, format);
    int length = vsnprintf(small, sizeof small, format, arguments);
    va_end(arguments);
    if (stream != NULL && length > 0) {
        text = coro_pool_take_(&stream->loop->pool, (size_t)length + 1);
        if (text == NULL)
            return (coro_void *)(void *)coro_frame_failed_();
        va_start(arguments, format);
        if (length < (int)sizeof small)
            coro_copy(text, small, (size_t)length);
        else
            vsnprintf(text, (size_t)length + 1, format, arguments);
        va_end(arguments);
    }
    call = coro_stream_write_of_(&coro_stream_printf_call_, stream, text, (size_t)length);
    if (call->coro.error != 0 && text != NULL)
        coro_pool_give_(&stream->loop->pool, text, (size_t)length + 1);
    return call;
}
#endif

#endif
