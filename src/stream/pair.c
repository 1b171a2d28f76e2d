/* SPDX-License-Identifier: MIT */
/*
 * pair.c - two streams, each other's other side, in memory.
 *
 *     a.stream ─ send ─► [ b.ring ] ─ recv ─► b.stream
 *     a.stream ◄─ recv ─ [ a.ring ] ◄─ send ─ b.stream
 *
 * What is on its way lies at its receiver, so that it outlives its sender. An
 * end that has become readable or writable is told at once, as by a socket's
 * event: its waiting task becomes ready for the next turn. Telling comes last in
 * each function, for it calls back into them.
 *
 * Invariant: a.peer == b exactly while b.peer == a; both NULL when one is closed.
 */
#include "internal.h"

#if CORO_SCOPES

typedef struct pair_end pair_end;
struct pair_end {
    coro_stream stream;
    pair_end *peer;
    size_t capacity, head, count;
    bool ended; /* nothing more will come: the other side has said so, or is gone */
    bool reset; /* it was aborted */
    char ring[];
};

static pair_end *end_of(coro_stream *stream)
{
    return (pair_end *)(void *)stream;
}

static void tell(pair_end *end, unsigned direction)
{
    if (end != NULL && end->stream.wanted & direction)
        coro_stream_ready(&end->stream, direction);
}

static ptrdiff_t pair_recv(coro_stream *stream, void *buffer, size_t size)
{
    pair_end *end = end_of(stream);
    size_t first;
    if (end->reset)
        return CORO_ECONNRESET;
    if (end->count == 0)
        return end->ended ? 0 : CORO_EAGAIN;
    if (size > end->count)
        size = end->count;
    first = end->capacity - end->head < size ? end->capacity - end->head : size;
    coro_copy(buffer, end->ring + end->head, first);
    coro_copy((char *)buffer + first, end->ring, size - first);
    end->head = (end->head + size) % end->capacity;
    end->count -= size;
    tell(end->peer, CORO_STREAM_WRITE);
    return (ptrdiff_t)size;
}

static size_t put(pair_end *end, const coro_slice *slice)
{
    size_t room = end->capacity - end->count, tail = (end->head + end->count) % end->capacity;
    size_t size = slice->size < room ? slice->size : room;
    size_t first = end->capacity - tail < size ? end->capacity - tail : size;
    coro_copy(end->ring + tail, slice->data, first);
    coro_copy(end->ring, (const char *)slice->data + first, size - first);
    end->count += size;
    return size;
}

static ptrdiff_t pair_send(coro_stream *stream, const coro_slice *slices, size_t count)
{
    pair_end *peer = end_of(stream)->peer;
    size_t sent = 0;
    if (peer == NULL)
        return end_of(stream)->reset ? CORO_ECONNRESET : CORO_EPIPE;
    for (size_t i = 0; i < count && peer->count < peer->capacity; i++)
        sent += put(peer, &slices[i]);
    if (sent == 0)
        return CORO_EAGAIN;
    tell(peer, CORO_STREAM_READ);
    return (ptrdiff_t)sent;
}

/* The stream's own note of what it wants is all that is needed. */
static int pair_want(coro_stream *stream, unsigned direction)
{
    (void)stream, (void)direction;
    return 0;
}

static void pair_unwant(coro_stream *stream, unsigned direction)
{
    (void)stream, (void)direction;
}

static int pair_shutdown_write(coro_stream *stream)
{
    pair_end *peer = end_of(stream)->peer;
    if (peer != NULL) {
        peer->ended = true;
        tell(peer, CORO_STREAM_READ);
    }
    return 0;
}

static void pair_free(coro_loop *loop, pair_end *end)
{
    coro_pool_give_(&loop->pool, end, sizeof *end + end->capacity);
}

static void pair_close(coro_stream *stream, bool abort)
{
    pair_end *peer = end_of(stream)->peer;
    if (peer != NULL) {
        peer->peer = NULL;
        peer->ended = true;
        peer->reset = abort;
    }
    pair_free(stream->loop, end_of(stream));
    if (peer != NULL && peer->stream.wanted != 0)
        coro_stream_ready(&peer->stream, peer->stream.wanted);
}

static const coro_transport pair_transport = {
    .name = "memory",
    .recv = pair_recv,
    .send = pair_send,
    .want = pair_want,
    .unwant = pair_unwant,
    .shutdown_write = pair_shutdown_write,
    .close = pair_close,
};

static pair_end *make_end(coro_loop *loop, size_t capacity)
{
    pair_end *end = coro_pool_take_(&loop->pool, sizeof *end + capacity);
    if (end == NULL)
        return NULL;
    coro_zero_(end, sizeof *end);
    coro_stream_init(&end->stream, &pair_transport);
    end->capacity = capacity;
    return end;
}

int coro_stream_pair(coro_stream **a, coro_stream **b, size_t capacity)
{
    coro_loop *loop = coro_loop_current();
    pair_end *one, *other;
    CORO_CHECK(loop != NULL, "coro_stream_pair needs a running loop");
    if (capacity == 0 || capacity > SIZE_MAX / 4)
        return CORO_EINVAL;
    one = make_end(loop, capacity);
    if (one == NULL)
        return CORO_ENOMEM;
    other = make_end(loop, capacity);
    if (other == NULL) {
        pair_free(loop, one);
        return CORO_ENOMEM;
    }
    one->peer = other;
    other->peer = one;
    *a = &one->stream;
    *b = &other->stream;
    return 0;
}

#endif
