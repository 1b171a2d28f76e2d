/* SPDX-License-Identifier: MIT */
/*
 * internal.h - what the stream's files tell each other, and nobody else.
 */
#ifndef CORO_STREAM_INTERNAL_H
#define CORO_STREAM_INTERNAL_H

#include "kernel/kernel.h"

#include <coro/stream.h>

#if CORO_SCOPES

enum { /* coro_stream.state */
    CORO_STREAM_EOF_ = 1,   /* recv has said: the end */
    CORO_STREAM_SHUT_ = 2,  /* no more writes are taken */
    CORO_STREAM_FIN_ = 4,   /* when all is sent the other side must be told... */
    CORO_STREAM_TOLD_ = 8,  /* ...and has been */
    CORO_STREAM_CLOSING_ = 16, /* coro_stream_close waits: `reader` is its task */
    CORO_STREAM_READ_TAKEN_ = 32, /* `read_taker` and `write_taker` are those in the unions */
    CORO_STREAM_WRITE_TAKEN_ = 64
};

/* Directions that somebody has taken. */
static inline unsigned coro_stream_taken(const coro_stream *stream)
{
    return (unsigned)stream->state / CORO_STREAM_READ_TAKEN_ &
           (CORO_STREAM_READ | CORO_STREAM_WRITE);
}

/* What a read ends at. */
typedef struct coro_separators {
    const coro_slice *list;
    size_t count;
} coro_separators;

static inline void coro_copy(void *to, const void *from, size_t size)
{
#if CORO_HOSTED && (defined(__GNUC__) || defined(__clang__))
    __builtin_memcpy(to, from, size);
#else
    for (size_t i = 0; i < size; i++) /* volatile: no call of memcpy may come of it */
        ((volatile char *)to)[i] = ((const char *)from)[i];
#endif
}

/* --- buffer.c: exported for libcoro-tls --------------------------------------------------- */

static inline size_t coro_buffer_size(const coro_buffer *buffer)
{
    return buffer->tail - buffer->head;
}

static inline char *coro_buffer_begin(const coro_buffer *buffer)
{
    return buffer->data == NULL ? NULL : buffer->data + buffer->head;
}

#define CORO_BUFFER_MIN ((size_t)64) /* the smallest block */

/* Have room for `more` bytes behind the tail. False: no memory, nothing has changed. */
CORO_API bool coro_buffer_reserve(coro_pool *pool, coro_buffer *buffer, size_t more);
/* Is it there without that? more > 0. */
static inline bool coro_buffer_has_room(const coro_buffer *buffer, size_t more)
{
    return buffer->capacity - buffer->tail >= more;
}
/* Room for them is there. */
static inline void coro_buffer_append(coro_buffer *buffer, const void *data, size_t size)
{
    coro_copy(buffer->data + buffer->tail, data, size);
    buffer->tail += size;
}
CORO_API void coro_buffer_free(coro_pool *pool, coro_buffer *buffer);
/* Drop the first bytes; the block goes back when none are left. */
static inline void coro_buffer_consume(coro_pool *pool, coro_buffer *buffer, size_t size)
{
    buffer->head += size;
    if (buffer->head == buffer->tail)
        coro_buffer_free(pool, buffer);
}

/* --- read.c ------------------------------------------------------------------------------- */

/* End the read that waits, as at the end of data (0), or with an error. */
void coro_stream_end_read(coro_stream *stream, int error);
/* The transport may be read again. */
void coro_stream_pull(coro_stream *stream);
/* What is there now: bytes, 0 at the end, CORO_EAGAIN or an error. */
ptrdiff_t coro_stream_read_now(coro_stream *stream, void *into, size_t size);
/* The same into stream.in, with room for `need` bytes. */
ptrdiff_t coro_stream_fill(coro_stream *stream, size_t need);

/* --- send.c ------------------------------------------------------------------------------- */

typedef struct coro_slices {
    const coro_slice *slices;
    size_t count;
} coro_slices;

static inline size_t coro_slices_size(coro_slices list)
{
    size_t size = 0;
    for (size_t i = 0; i < list.count; i++)
        size += list.slices[i].size;
    return size;
}

/* Append what is behind `skip` bytes of it; room is there. */
static inline void coro_slices_append(coro_buffer *buffer, coro_slices list, size_t skip)
{
    for (size_t i = 0; i < list.count; i++) {
        coro_slice slice = list.slices[i];
        if (skip < slice.size)
            coro_buffer_append(buffer, (const char *)slice.data + skip, slice.size - skip);
        skip = skip < slice.size ? 0 : skip - slice.size;
    }
}

/* Send stream.out and then what is behind `*skip` bytes of `list`, which moves on. 0: all is sent,
 * CORO_EAGAIN, or an error. */
int coro_send_push(coro_stream *stream, coro_slices list, size_t *skip);
/* After a push that would block, or failed: have it go on, or make its error final. That error, or
 * CORO_EAGAIN. */
int coro_send_go_on(coro_stream *stream, int error);
/* Move what is behind `skip` bytes into stream.out. False: no memory, nothing moved. */
bool coro_send_keep(coro_stream *stream, coro_slices list, size_t skip);
/* Something is unsent: at the end of the turn it leaves, unless the transport is full. */
void coro_send_later(coro_stream *stream);
/* End the writers, from the first on, that have little enough left. False: the end could not be
 * said yet. */
bool coro_send_settle(coro_stream *stream);
/* Tell the other side that nothing more will come, if it is time to. 0, an error, or CORO_EAGAIN,
 * and then a writable transport goes on with it. */
int coro_send_end(coro_stream *stream);
bool coro_send_cancel(coro_task *task);

/* Try to send all: 0, CORO_EAGAIN (and a writable transport goes on with it), or an error, which
 * all writers have got as well. May end a close, and the stream with it. */
int coro_stream_flush(coro_stream *stream);
/* All writers fail. What the first of them has begun to send is completed from memory, if `keep`:
 * false when there is none. */
bool coro_stream_end_writes(coro_stream *stream, int error, bool keep);

/* --- write.c ------------------------------------------------------------------------------ */

/* Write a copy of it without waiting, beyond the high-water mark, too. 0, CORO_EPIPE, CORO_ENOMEM,
 * CORO_EBUSY (a write that waits comes first), or the connection's error: nothing was written. */
int coro_stream_append(coro_stream *stream, const void *data, size_t size);
/* Shut it for writing, and tell the other side when all is sent. Twice is fine. */
void coro_stream_end_later(coro_stream *stream);

/* Kinds of waiting writers that are not plain data. */
extern const coro_wait_type coro_writev_type, coro_text_type, coro_shutdown_type;

#if CORO_HOSTED
#define CORO_WRITER_SIZE(task) ((task)->wait.b.size)
#else
#define CORO_WRITER_SIZE(task) (((coro_stream *)(task)->wait.object)->first_size)
#endif

/* --- close.c ------------------------------------------------------------------------------ */

/* A closing stream has nothing more to send (0), or cannot send it. */
void coro_stream_closed(coro_stream *stream, int error);

/* --- take.c ------------------------------------------------------------------------------- */

/* Those who have taken these directions are told that they are ready. The stream may be gone. */
void coro_stream_tell_takers(coro_stream *stream, unsigned directions);
/* The stream is about to be closed: they are told, and are takers no more. */
void coro_stream_leave_takers(coro_stream *stream);

/* --- copy.c: a task between two streams --------------------------------------------------- */

typedef struct coro_pump {
    coro_stream_taker reader, writer;
    coro_stream *from, *to; /* NULL when gone */
    coro_task *waiting;
    size_t left; /* bytes */
    bool is_over;
} coro_pump;

/* 0, or CORO_EBUSY, CORO_ECLOSED, CORO_EPIPE: the pump, which was zeroed, has only what it had. */
int coro_pump_read_from(coro_pump *pump, coro_stream *from);
int coro_pump_write_to(coro_pump *pump, coro_stream *to);
/* Give back what it has. */
void coro_pump_end(coro_pump *pump);
/* For `start` of a wait: CORO_PENDING_ until the direction may be tried again, or one of the
 * streams is gone; or an error. */
int coro_pump_wait(coro_pump *pump, coro_task *task, unsigned direction);
bool coro_pump_cancel(coro_task *task);

/* --- the transport's want, and a note of it ----------------------------------------------- */

static inline int coro_stream_want_here(coro_stream *stream, unsigned direction)
{
    int error;
    if (stream->wanted & direction)
        return 0;
    error = stream->transport->want(stream, direction);
    if (error == 0)
        stream->wanted |= (uint8_t)direction;
    return error;
}

static inline void coro_stream_unwant_here(coro_stream *stream, unsigned direction)
{
    if (stream->wanted & direction) {
        stream->wanted &= (uint8_t)~direction;
        stream->transport->unwant(stream, direction);
    }
}

#endif

#endif
