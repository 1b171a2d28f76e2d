/* SPDX-License-Identifier: MIT */
/*
 * write.c - from whoever writes to the transport.
 *
 *     small: ──► stream.out ──(end of the turn)──► send
 *     large: ────────────────(at once)───────────► send ─► all gone: done
 *                                │ would block
 *                                ├─► the rest fits below the high-water mark: into stream.out, done
 *                                └─► it does not: the task waits, and its memory is sent from
 *
 *     what is unsent, in order:   [ stream.out ][ rest of writers[0] ][ writers[1] ] ...
 *
 * A waiting write is over when no more than the low-water mark is unsent before
 * its end: its rest goes to stream.out then. Marks (drain, shutdown_write) are
 * writers without bytes. Where memory for stream.out is short the task waits
 * instead, so that a write never fails for memory.
 *
 * Invariants. W1: only writers[0] is partly sent, by `first_sent` bytes. W2: while
 * anything is unsent, the transport is wanted or `flush` is queued. W3: an error
 * of send is kept, empties stream.out and ends all writers.
 */
#include "internal.h"

#if CORO_SCOPES

#if CORO_HOSTED
#include <stdarg.h>
#include <stdio.h>
#endif

/* From this size on a write does not wait for the end of the turn. */
#define DIRECT_MIN 4096u
#define SLICES_MAX 8

static const coro_wait_type write_type, writev_type, text_type, drain_type, shutdown_type;

/* --- what a waiting writer has ------------------------------------------------------------ */

#if CORO_HOSTED
#define SIZE_OF(task) ((task)->wait.b.size)
#else
#define SIZE_OF(task) (((coro_stream *)(task)->wait.object)->first_size)
#endif

typedef struct slice_list {
    const coro_slice *slices;
    size_t count;
} slice_list;

/* The task's data; `one` is room for the slice of a plain write. */
static slice_list data_of(const coro_task *task, coro_slice *one)
{
    if (task->wait_type == &writev_type)
        return (slice_list){task->wait.a.pointer, SIZE_OF(task)};
    *one = (coro_slice){task->wait.a.pointer, SIZE_OF(task)};
    return (slice_list){one, 1};
}

static size_t size_of(slice_list list)
{
    size_t size = 0;
    for (size_t i = 0; i < list.count; i++)
        size += list.slices[i].size;
    return size;
}

/* Up to `room` slices of what is behind the first `skip` bytes. */
static size_t slices_behind(slice_list list, size_t skip, coro_slice *out, size_t room)
{
    size_t count = 0;
    for (size_t i = 0; i < list.count && count < room; i++) {
        coro_slice slice = list.slices[i];
        if (skip >= slice.size) {
            skip -= slice.size;
            continue;
        }
        out[count++] = (coro_slice){(const char *)slice.data + skip, slice.size - skip};
        skip = 0;
    }
    return count;
}

/* Move what is behind `skip` bytes into stream.out. False: no memory, nothing moved. */
static bool keep(coro_stream *stream, slice_list list, size_t skip)
{
    size_t size = size_of(list) - skip;
    if (size > 0 && !coro_buffer_reserve(&stream->loop->pool, &stream->out, size))
        return false;
    for (size_t i = 0; i < list.count; i++) {
        coro_slice slice = list.slices[i];
        if (skip < slice.size)
            coro_buffer_append(&stream->out, (const char *)slice.data + skip, slice.size - skip);
        skip = skip < slice.size ? 0 : skip - slice.size;
    }
    return true;
}

static void remove_writer(coro_stream *stream, coro_task *task)
{
    if (task == stream->writers.first)
        stream->first_sent = 0;
    coro_waiters_remove(&stream->writers, task);
    if (task->wait_type == &text_type)
        coro_pool_give_(&stream->loop->pool, task->wait.a.pointer, SIZE_OF(task) + 1);
}

/* --- sending ------------------------------------------------------------------------------ */

/* Send stream.out and then what is behind `*skip` bytes of `list`, which moves on; 0: all is sent,
 * CORO_EAGAIN, or an error. */
static int push(coro_stream *stream, slice_list list, size_t *skip)
{
    if (stream->wanted & CORO_STREAM_WRITE)
        return CORO_EAGAIN; /* it is full, and will say when it is not */
    for (;;) {
        coro_slice slices[SLICES_MAX];
        size_t count = 0, queued = coro_buffer_size(&stream->out), sent;
        ptrdiff_t result;
        if (queued > 0)
            slices[count++] = (coro_slice){coro_buffer_begin(&stream->out), queued};
        count += slices_behind(list, *skip, slices + count, SLICES_MAX - count);
        if (count == 0)
            return 0;
        result = stream->transport->send(stream, slices, count);
        if (CORO_UNLIKELY(result < 0))
            return (int)result;
        sent = (size_t)result;
        stream->sent += sent;
        if (queued > 0)
            coro_buffer_consume(&stream->loop->pool, &stream->out, sent < queued ? sent : queued);
        *skip += sent > queued ? sent - queued : 0;
    }
}

/* Say the end, if it is time to. */
static int say_end(coro_stream *stream)
{
    int error = 0;
    if (stream->state & CORO_STREAM_FIN_ && !(stream->state & CORO_STREAM_TOLD_) &&
        stream->out.data == NULL) {
        stream->state |= CORO_STREAM_TOLD_;
        error = stream->transport->shutdown_write(stream);
    }
    return error;
}

/* End the writers, from the first on, that have little enough left. */
static void settle(coro_stream *stream)
{
    coro_task *task;
    while ((task = stream->writers.first) != NULL) {
        coro_slice one;
        slice_list list = data_of(task, &one);
        size_t rest = size_of(list) - stream->first_sent, queued = coro_buffer_size(&stream->out);
        bool is_end = task->wait_type == &shutdown_type;
        if (rest + queued > (is_end ? 0 : stream->low) || !keep(stream, list, stream->first_sent))
            break;
        remove_writer(stream, task);
        coro_wait_done(task, is_end ? say_end(stream) : 0);
    }
    if (stream->writers.first == NULL)
        (void)say_end(stream); /* whoever asked for it has been cancelled */
}

static void fail(coro_stream *stream, int error)
{
    stream->write_error = (int16_t)error;
    coro_buffer_free(&stream->loop->pool, &stream->out);
    coro_loop_remove_hook(stream->loop, &stream->flush);
    coro_stream_unwant(stream, CORO_STREAM_WRITE);
    (void)coro_stream_end_writes(stream, error, false);
}

/* After a push that would block, or could not be done: have it go on, or make its error final. */
static int go_on(coro_stream *stream, int error)
{
    if (error == CORO_EAGAIN) {
        int refused = coro_stream_want(stream, CORO_STREAM_WRITE);
        error = refused != 0 ? refused : CORO_EAGAIN;
    }
    if (error != 0 && error != CORO_EAGAIN)
        fail(stream, error);
    return error;
}

int coro_stream_flush(coro_stream *stream)
{
    int error = 0;
    if (stream->write_error != 0)
        return stream->write_error;
    do {
        coro_task *task = stream->writers.first;
        coro_slice one;
        slice_list list = task != NULL ? data_of(task, &one) : (slice_list){NULL, 0};
        error = push(stream, list, &stream->first_sent);
        if (error != 0 && error != CORO_EAGAIN)
            break;
        settle(stream);
    } while (error == 0 && (stream->writers.first != NULL || stream->out.data != NULL));
    error = go_on(stream, error);
    if (stream->state & CORO_STREAM_CLOSING_ && error != CORO_EAGAIN)
        coro_stream_closed(stream, error);
    return error;
}

static void flush_hook(coro_hook *hook)
{
    (void)coro_stream_flush(coro_container_of(hook, coro_stream, flush));
}

/* Something is unsent: at the end of the turn it leaves, unless the transport is full. */
static void cork(coro_stream *stream)
{
    if (!(stream->wanted & CORO_STREAM_WRITE) && !stream->flush.queued) {
        stream->flush.run = flush_hook;
        coro_loop_add_hook(stream->loop, &stream->flush);
    }
}

bool coro_stream_end_writes(coro_stream *stream, int error, bool is_kept)
{
    bool whole = true;
    for (coro_task *task; (task = stream->writers.first) != NULL;) {
        coro_slice one;
        if (is_kept && stream->first_sent > 0)
            whole = keep(stream, data_of(task, &one), stream->first_sent);
        remove_writer(stream, task);
        coro_wait_done(task, error);
    }
    return whole;
}

/* --- the calls ---------------------------------------------------------------------------- */

static bool write_cancel(coro_task *task)
{
    coro_stream *stream = task->wait.object;
    bool whole = true;
    if (task == stream->writers.first && stream->first_sent > 0) {
        coro_slice one;
        whole = keep(stream, data_of(task, &one), stream->first_sent);
    }
    remove_writer(stream, task);
    if (!whole) /* there would be a hole: nothing may follow it */
        fail(stream, CORO_EPIPE);
    else
        settle(stream);
    return true;
}

static const coro_wait_type write_type = {"stream write", write_cancel, NULL, NULL, false};
static const coro_wait_type writev_type = {"stream write", write_cancel, NULL, NULL, false};
static const coro_wait_type text_type = {"stream printf", write_cancel, NULL, NULL, false};
static const coro_wait_type drain_type = {"stream drain", write_cancel, NULL, NULL, false};
static const coro_wait_type shutdown_type = {"stream shutdown", write_cancel, NULL, NULL, true};

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
    cork(stream);
    return CORO_PENDING_;
}

static inline int may_write(const coro_stream *stream, const coro_task *task)
{
    if (CORO_UNLIKELY(stream == NULL || stream->state & CORO_STREAM_SHUT_))
        return CORO_EPIPE;
    if (CORO_UNLIKELY(stream->loop != task->driver.loop))
        return CORO_EWRONGLOOP;
    return stream->write_error;
}

static int write_list(coro_task *task, coro_call *call, slice_list list)
{
    coro_stream *stream = call->object;
    size_t size, sent = 0;
    int error = may_write(stream, task);
    if (CORO_UNLIKELY(error != 0))
        return error;
    size = size_of(list);
    if (size == 0)
        return 0;
    if (stream->writers.first != NULL)
        return park(stream, task, call, 0);
    if (size >= DIRECT_MIN || size + coro_buffer_size(&stream->out) > stream->high) {
        error = push(stream, list, &sent);
        if (error == CORO_EAGAIN && sent == 0 && stream->out.data == NULL) {
            error = coro_stream_want(stream, CORO_STREAM_WRITE);
            if (error != 0)
                return error; /* nothing has happened: this write alone fails */
        } else if (error != 0 && go_on(stream, error) != CORO_EAGAIN) {
            return stream->write_error;
        }
    }
    if (size - sent + coro_buffer_size(&stream->out) > stream->high || !keep(stream, list, sent))
        return park(stream, task, call, sent);
    if (stream->out.data != NULL)
        cork(stream);
    return 0;
}

static int write_start(coro_task *task, coro_call *call)
{
    coro_slice one = {call->a.pointer, call->b.size};
    return write_list(task, call, (slice_list){&one, 1});
}

static int writev_start(coro_task *task, coro_call *call)
{
    return write_list(task, call, (slice_list){call->a.pointer, call->b.size});
}

static int drain_start(coro_task *task, coro_call *call)
{
    coro_stream *stream = call->object;
    int error = stream == NULL ? CORO_EPIPE : stream->write_error;
    if (error != 0)
        return error;
    if (stream->loop != task->driver.loop)
        return CORO_EWRONGLOOP;
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
    int error = stream == NULL ? CORO_EPIPE : stream->write_error;
    if (error != 0)
        return error;
    if (stream->loop != task->driver.loop)
        return CORO_EWRONGLOOP;
    if (stream->state & CORO_STREAM_TOLD_)
        return 0;
    stream->state |= CORO_STREAM_SHUT_ | CORO_STREAM_FIN_;
    if (stream->writers.first == NULL) {
        error = go_on(stream, push(stream, (slice_list){NULL, 0}, &stream->first_sent));
        if (error != CORO_EAGAIN)
            return error != 0 ? error : say_end(stream);
    }
    return park(stream, task, call, 0);
}

CORO_LEAF(coro_stream_write, &write_type, write_start, 0);
CORO_LEAF(coro_stream_writev, &writev_type, writev_start, 0);
CORO_LEAF(coro_stream_drain, &drain_type, drain_start, 0);
CORO_LEAF(coro_stream_shutdown_write, &shutdown_type, shutdown_start, 0);

static inline coro_void *call_of(const coro_descriptor *descriptor, coro_stream *stream,
                                 const void *data, size_t size)
{
    coro_call *call = coro_call_new_(descriptor);
    if (CORO_LIKELY(call->coro.error == 0)) {
        call->object = stream;
        call->a.pointer = (void *)(uintptr_t)data;
        call->b.size = size;
    }
    return (coro_void *)call;
}

coro_void *coro_stream_write(coro_stream *stream, const void *data, size_t size)
{
    return call_of(&coro_stream_write_call_, stream, data, size);
}

coro_void *coro_stream_writev(coro_stream *stream, const coro_slice *slices, size_t count)
{
    return call_of(&coro_stream_writev_call_, stream, slices, count);
}

coro_void *coro_stream_drain(coro_stream *stream)
{
    return call_of(&coro_stream_drain_call_, stream, NULL, 0);
}

coro_void *coro_stream_shutdown_write(coro_stream *stream)
{
    return call_of(&coro_stream_shutdown_write_call_, stream, NULL, 0);
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

CORO_LEAF_HOLDING(coro_stream_printf, &text_type, text_start, text_discard, 0);

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
    call = call_of(&coro_stream_printf_call_, stream, text, (size_t)length);
    if (call->coro.error != 0 && text != NULL)
        coro_pool_give_(&stream->loop->pool, text, (size_t)length + 1);
    return call;
}
#endif

/* --- asking ------------------------------------------------------------------------------- */

int coro_stream_set_write_limits(coro_stream *stream, size_t high, size_t low)
{
    if (stream == NULL || low > high)
        return CORO_EINVAL;
    stream->high = high;
    stream->low = low;
    settle(stream);
    return 0;
}

size_t coro_stream_unsent(const coro_stream *stream)
{
    size_t size = 0;
    if (stream == NULL)
        return 0;
    for (const coro_task *task = stream->writers.first; task != NULL;) {
        coro_slice one;
        size += size_of(data_of(task, &one));
        task = task->next != stream->writers.first ? task->next : NULL;
    }
    return size - stream->first_sent + coro_buffer_size(&stream->out);
}

size_t coro_stream_sent(const coro_stream *stream)
{
    return stream != NULL ? stream->sent : 0;
}

#endif
