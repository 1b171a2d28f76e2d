/* SPDX-License-Identifier: MIT */
/*
 * stream_fixture.h: a stream whose transport does as a test says.
 *
 *     feed("ab", 2)      what recv will give, piece by piece, in this order
 *     wire.accept = 1    how many bytes one send takes; 0: it would block
 *     wire.log           each send: its bytes, and where it was
 *     readable(), writable()   the events
 */
#ifndef CORO_TEST_STREAM_FIXTURE_H
#define CORO_TEST_STREAM_FIXTURE_H

#include "loop_fixture.h"

#include <coro/stream.h>

enum { WIRE_SIZE = 1 << 20, PIECES_MAX = 64 };

static struct {
    coro_stream stream;
    bool is_open;
    struct {
        const char *data;
        size_t size; /* 0: the end */
        int error;
    } pieces[PIECES_MAX];
    size_t piece, pieces_count;
    bool has_gaps, is_gap; /* each piece needs an event of its own */
    size_t recvs, sends, largest_count;
    size_t accept; /* bytes that one send takes; SIZE_MAX: all */
    size_t room;   /* bytes that are taken until it would block */
    int send_error, want_error, shutdown_error;
    char sent[WIRE_SIZE];
    size_t sent_size;
    bool ended, closed, aborted;
} wire;

static inline void feed(const char *data, size_t size)
{
    wire.pieces[wire.pieces_count].data = data;
    wire.pieces[wire.pieces_count++].size = size;
}

static inline void feed_error(int error)
{
    wire.pieces[wire.pieces_count++].error = error;
}

static inline ptrdiff_t wire_recv(coro_stream *stream, void *buffer, size_t size)
{
    (void)stream;
    HOLDS(size > 0);
    wire.recvs++;
    if (wire.piece == wire.pieces_count || wire.is_gap)
        return CORO_EAGAIN;
    if (wire.pieces[wire.piece].error != 0)
        return wire.pieces[wire.piece].error;
    if (wire.pieces[wire.piece].size == 0)
        return 0;
    if (size > wire.pieces[wire.piece].size)
        size = wire.pieces[wire.piece].size;
    memcpy(buffer, wire.pieces[wire.piece].data, size);
    wire.pieces[wire.piece].data += size;
    wire.pieces[wire.piece].size -= size;
    if (wire.pieces[wire.piece].size == 0) {
        wire.piece++;
        wire.is_gap = wire.has_gaps;
    }
    return (ptrdiff_t)size;
}

static inline ptrdiff_t wire_send(coro_stream *stream, const coro_slice *slices, size_t count)
{
    size_t left = wire.accept < wire.room ? wire.accept : wire.room, sent = 0;
    (void)stream;
    HOLDS(count > 0 && count <= 8);
    wire.sends++;
    if (count > wire.largest_count)
        wire.largest_count = count;
    if (wire.send_error != 0)
        return wire.send_error;
    for (size_t i = 0; i < count && left > 0; i++) {
        size_t size = slices[i].size < left ? slices[i].size : left;
        HOLDS(slices[i].size > 0 && wire.sent_size + size <= WIRE_SIZE);
        memcpy(wire.sent + wire.sent_size, slices[i].data, size);
        wire.sent_size += size;
        sent += size;
        left -= size;
    }
    wire.room -= sent;
    return sent > 0 ? (ptrdiff_t)sent : CORO_EAGAIN;
}

static inline int wire_want(coro_stream *stream, unsigned direction)
{
    HOLDS(!(stream->wanted & direction));
    return wire.want_error;
}

static inline void wire_unwant(coro_stream *stream, unsigned direction)
{
    (void)stream, (void)direction;
}

static inline int wire_shutdown(coro_stream *stream)
{
    (void)stream;
    HOLDS(!wire.ended);
    wire.ended = true;
    return wire.shutdown_error;
}

static inline void wire_close(coro_stream *stream, bool abort)
{
    (void)stream;
    HOLDS(wire.is_open);
    wire.is_open = false;
    wire.closed = true;
    wire.aborted = abort;
}

static const coro_transport wire_transport = {
    .name = "wire",
    .recv = wire_recv,
    .send = wire_send,
    .want = wire_want,
    .unwant = wire_unwant,
    .shutdown_write = wire_shutdown,
    .close = wire_close,
};

static inline coro_stream *open_wire(void)
{
    wire.is_open = true;
    wire.accept = wire.room = SIZE_MAX;
    coro_stream_init(&wire.stream, &wire_transport);
    return &wire.stream;
}

static inline void wire_event(unsigned direction)
{
    if (wire.is_open && wire.stream.wanted & direction)
        coro_stream_ready(&wire.stream, direction);
}

static inline void readable(void)
{
    wire.is_gap = false;
    wire_event(CORO_STREAM_READ);
}

/* So many bytes more can be sent. */
static inline void writable(size_t room)
{
    wire.room = room;
    wire_event(CORO_STREAM_WRITE);
}

/* Recognisable bytes. */
static inline char byte_at(size_t index)
{
    return (char)(index * 31 + index / 251);
}

static inline void fill_bytes(char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        bytes[i] = byte_at(i);
}

static inline bool are_bytes(const char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (bytes[i] != byte_at(i))
            return false;
    return true;
}

#endif
