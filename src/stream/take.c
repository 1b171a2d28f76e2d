/* SPDX-License-Identifier: MIT */
/*
 * take.c - a direction of a stream in other hands than those of tasks.
 *
 *     outer ─ recv ─► try_read(inner) ─► inner.in, then its transport ─► CORO_EAGAIN ─► want
 *     outer ◄─ coro_stream_ready ─ taker.ready ◄─ coro_stream_ready(inner) ◄─ an event
 *
 * A taker stands where a waiting task would: reading, in the reader's place, which
 * is why tasks see a busy stream; writing, in the place of what the first writer
 * has sent, for there is none. So it costs an idle stream nothing.
 *
 * Invariant T1: while a direction is taken no task waits in it.
 */
#include "internal.h"

#if CORO_SCOPES

int coro_stream_take(coro_stream *stream, unsigned directions, coro_stream_taker *taker)
{
    if (stream == NULL)
        return CORO_ECLOSED;
    if (stream->state & (CORO_STREAM_CLOSING_ | (directions * CORO_STREAM_READ_TAKEN_)) ||
        (directions & CORO_STREAM_READ && stream->reader != NULL) ||
        (directions & CORO_STREAM_WRITE && stream->writers.first != NULL))
        return CORO_EBUSY;
    if (directions & CORO_STREAM_READ)
        stream->read_taker = taker;
    if (directions & CORO_STREAM_WRITE)
        stream->write_taker = taker;
    stream->state |= (uint8_t)(directions * CORO_STREAM_READ_TAKEN_);
    return 0;
}

void coro_stream_give_back(coro_stream *stream, unsigned directions)
{
    directions &= coro_stream_taken(stream);
    if (directions & CORO_STREAM_READ) {
        coro_stream_unwant_here(stream, CORO_STREAM_READ);
        stream->reader = NULL;
    }
    if (directions & CORO_STREAM_WRITE) {
        stream->first_sent = 0;
        if (stream->out.data == NULL)
            coro_stream_unwant_here(stream, CORO_STREAM_WRITE);
    }
    stream->state &= (uint8_t)~(directions * CORO_STREAM_READ_TAKEN_);
}

/* --- telling ------------------------------------------------------------------------------ */

void coro_stream_tell_takers(coro_stream *stream, unsigned directions)
{
    coro_stream_taker *reader = directions & CORO_STREAM_READ ? stream->read_taker : NULL;
    coro_stream_taker *writer = directions & CORO_STREAM_WRITE ? stream->write_taker : NULL;
    if (writer != NULL && writer != reader) {
        writer->ready(writer, CORO_STREAM_WRITE);
        directions = CORO_STREAM_READ;
    }
    if (reader != NULL)
        reader->ready(reader, directions);
}

void coro_stream_leave_takers(coro_stream *stream)
{
    unsigned taken = coro_stream_taken(stream);
    coro_stream_taker *reader = taken & CORO_STREAM_READ ? stream->read_taker : NULL;
    coro_stream_taker *writer = taken & CORO_STREAM_WRITE ? stream->write_taker : NULL;
    if (taken == 0)
        return;
    coro_stream_give_back(stream, taken);
    if (writer != NULL && writer != reader)
        writer->gone(writer);
    if (reader != NULL)
        reader->gone(reader);
}

/* --- trying ------------------------------------------------------------------------------- */

ptrdiff_t coro_stream_try_read(coro_stream *stream, void *buffer, size_t size)
{
    return coro_stream_read_now(stream, buffer, size);
}

ptrdiff_t coro_stream_try_write(coro_stream *stream, const coro_slice *slices, size_t count)
{
    size_t sent = 0;
    int error = stream->state & CORO_STREAM_SHUT_ ? CORO_EPIPE : stream->write_error;
    if (error != 0)
        return error;
    error = coro_send_push(stream, (coro_slices){slices, count}, &sent);
    if (error != 0 && (error != CORO_EAGAIN || stream->out.data != NULL))
        error = coro_send_go_on(stream, error);
    return sent > 0 ? (ptrdiff_t)sent : error;
}

int coro_stream_try_shutdown_write(coro_stream *stream)
{
    stream->state |= CORO_STREAM_SHUT_ | CORO_STREAM_FIN_;
    return coro_stream_flush(stream);
}

int coro_stream_want(coro_stream *stream, unsigned direction)
{
    return coro_stream_want_here(stream, direction);
}

void coro_stream_unwant(coro_stream *stream, unsigned direction)
{
    if (!(direction & CORO_STREAM_WRITE) || stream->out.data == NULL)
        coro_stream_unwant_here(stream, direction);
}

#endif
