/* SPDX-License-Identifier: MIT */
/*
 * send.c - what is unsent, and how it leaves. The calls that write are in write.c.
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

#define SLICES_MAX 8

/* --- what a waiting writer has ------------------------------------------------------------ */

/* The task's data; `one` is room for the slice of a plain write. */
static coro_slices data_of(const coro_task *task, coro_slice *one)
{
    if (task->wait_type == &coro_writev_type)
        return (coro_slices){task->wait.a.pointer, CORO_WRITER_SIZE(task)};
    *one = (coro_slice){task->wait.a.pointer, CORO_WRITER_SIZE(task)};
    return (coro_slices){one, 1};
}

/* Up to `room` slices of what is behind the first `skip` bytes. */
static size_t slices_behind(coro_slices list, size_t skip, coro_slice *out, size_t room)
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

bool coro_send_keep(coro_stream *stream, coro_slices list, size_t skip)
{
    size_t size = coro_slices_size(list) - skip;
    if (size > 0 && !coro_buffer_reserve(&stream->loop->pool, &stream->out, size))
        return false;
    coro_slices_append(&stream->out, list, skip);
    return true;
}

static void remove_writer(coro_stream *stream, coro_task *task)
{
    if (task == stream->writers.first)
        stream->first_sent = 0;
    coro_waiters_remove(&stream->writers, task);
    if (task->wait_type == &coro_text_type)
        coro_pool_give_(&stream->loop->pool, task->wait.a.pointer, CORO_WRITER_SIZE(task) + 1);
}

/* --- sending ------------------------------------------------------------------------------ */

int coro_send_push(coro_stream *stream, coro_slices list, size_t *skip)
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

int coro_send_end(coro_stream *stream)
{
    int error;
    if (!(stream->state & CORO_STREAM_FIN_) || stream->state & CORO_STREAM_TOLD_ ||
        stream->out.data != NULL)
        return 0;
    error = stream->transport->shutdown_write(stream);
    if (error == CORO_EAGAIN) {
        error = coro_stream_want_here(stream, CORO_STREAM_WRITE);
        if (error == 0)
            return CORO_EAGAIN;
    }
    stream->state |= CORO_STREAM_TOLD_;
    return error;
}

bool coro_send_settle(coro_stream *stream)
{
    coro_task *task;
    while ((task = stream->writers.first) != NULL) {
        coro_slice one;
        coro_slices list = data_of(task, &one);
        size_t rest = coro_slices_size(list) - stream->first_sent;
        bool is_end = task->wait_type == &coro_shutdown_type;
        int error = 0;
        if (rest + coro_buffer_size(&stream->out) > (is_end ? 0 : stream->low) ||
            !coro_send_keep(stream, list, stream->first_sent))
            return true;
        if (is_end && (error = coro_send_end(stream)) == CORO_EAGAIN)
            return false;
        remove_writer(stream, task);
        coro_wait_done(task, error);
    }
    /* Who asked for it has been cancelled, or closes: all is sent, even to who will not hear it. */
    return coro_send_end(stream) != CORO_EAGAIN;
}

static void fail(coro_stream *stream, int error)
{
    stream->write_error = (int16_t)error;
    coro_buffer_free(&stream->loop->pool, &stream->out);
    coro_loop_remove_hook(stream->loop, &stream->flush);
    coro_stream_unwant_here(stream, CORO_STREAM_WRITE);
    (void)coro_stream_end_writes(stream, error, false);
}

int coro_send_go_on(coro_stream *stream, int error)
{
    if (error == CORO_EAGAIN) {
        int refused = coro_stream_want_here(stream, CORO_STREAM_WRITE);
        error = refused != 0 ? refused : CORO_EAGAIN;
    }
    if (error != 0 && error != CORO_EAGAIN)
        fail(stream, error);
    return error;
}

int coro_stream_flush(coro_stream *stream)
{
    int error = 0;
    bool is_ended = true;
    if (stream->write_error != 0)
        return stream->write_error;
    do {
        coro_task *task = stream->writers.first;
        coro_slice one;
        coro_slices list = task != NULL ? data_of(task, &one) : (coro_slices){NULL, 0};
        error = coro_send_push(stream, list, &stream->first_sent);
        if (error != 0 && error != CORO_EAGAIN)
            break;
        is_ended = coro_send_settle(stream);
    } while (error == 0 && is_ended &&
             (stream->writers.first != NULL || stream->out.data != NULL));
    error = coro_send_go_on(stream, error == 0 && !is_ended ? CORO_EAGAIN : error);
    if (stream->state & CORO_STREAM_CLOSING_ && error != CORO_EAGAIN)
        coro_stream_closed(stream, error);
    return error;
}

/* The end of a turn: as a rule there is one block, which leaves whole. */
static void flush_hook(coro_hook *hook)
{
    coro_stream *stream = coro_container_of(hook, coro_stream, flush);
    coro_slice all = {coro_buffer_begin(&stream->out), coro_buffer_size(&stream->out)};
    if (CORO_LIKELY(all.size > 0 && stream->writers.first == NULL &&
                    !(stream->state & (CORO_STREAM_CLOSING_ | CORO_STREAM_FIN_)) &&
                    !(stream->wanted & CORO_STREAM_WRITE))) {
        ptrdiff_t sent = stream->transport->send(stream, &all, 1);
        if (CORO_UNLIKELY(sent < 0)) {
            (void)coro_send_go_on(stream, (int)sent);
            return;
        }
        stream->sent += (size_t)sent;
        if (stream->gather > 0 && all.size < (CORO_BUFFER_MIN << stream->gather) / 4)
            stream->gather--; /* less was to be gathered than there was room for */
        coro_buffer_consume(&stream->loop->pool, &stream->out, (size_t)sent);
        if ((size_t)sent == all.size)
            return;
    }
    (void)coro_stream_flush(stream);
}

void coro_send_later(coro_stream *stream)
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
            whole = coro_send_keep(stream, data_of(task, &one), stream->first_sent);
        remove_writer(stream, task);
        coro_wait_done(task, error);
    }
    return whole;
}

bool coro_send_cancel(coro_task *task)
{
    coro_stream *stream = task->wait.object;
    bool whole = true;
    if (task == stream->writers.first && stream->first_sent > 0) {
        coro_slice one;
        whole = coro_send_keep(stream, data_of(task, &one), stream->first_sent);
    }
    remove_writer(stream, task);
    if (!whole) /* there would be a hole: nothing may follow it */
        fail(stream, CORO_EPIPE);
    else
        (void)coro_send_settle(stream);
    return true;
}

/* --- asking ------------------------------------------------------------------------------- */

int coro_stream_set_write_limits(coro_stream *stream, size_t high, size_t low)
{
    if (stream == NULL || low > high)
        return CORO_EINVAL;
    stream->high = high;
    stream->low = low;
    (void)coro_send_settle(stream);
    return 0;
}

size_t coro_stream_unsent(const coro_stream *stream)
{
    size_t size = 0;
    if (stream == NULL)
        return 0;
    for (const coro_task *task = stream->writers.first; task != NULL;) {
        coro_slice one;
        size += coro_slices_size(data_of(task, &one));
        task = task->next != stream->writers.first ? task->next : NULL;
    }
    if (stream->writers.first != NULL)
        size -= stream->first_sent;
    return size + coro_buffer_size(&stream->out);
}

size_t coro_stream_sent(const coro_stream *stream)
{
    return stream != NULL ? stream->sent : 0;
}

#endif
