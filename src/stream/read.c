/* SPDX-License-Identifier: MIT */
/*
 * read.c - from the transport to whoever reads.
 *
 *     read:  recv ──────────────────────────► the caller's buffer
 *     other: recv ──► stream.in ── enough? ──► the caller's buffer
 *
 * One machine: step() does as much of the read as can be done now. It is called
 * at the start of the call, and again whenever the transport is readable; what it
 * needs to know meanwhile lies in the stream, for one task reads at a time. All
 * but the plain read gather in stream.in until there is enough, and take it out in
 * one go: so a cancel has nothing to undo. Large exact reads go into the caller's
 * buffer directly, behind the place of what is buffered; room for them in stream.in
 * is reserved first, so that a cancel can put them back.
 *
 * Invariants. R1: `reader` is set exactly while a task waits (or closes). R2: what
 * recv has given is in stream.in, or in a finished caller's buffer.
 */
#include "internal.h"

#if CORO_SCOPES

#if CORO_HOSTED
#include <string.h>
#endif

enum { READ_SOME, READ_EXACTLY, READ_UNTIL, READ_LINE, READ_PEEK };

/* The smallest read buffer: the pool's largest size class. At most 2^6 times that, 64 KiB. */
#define BLOCK_SIZE ((size_t)CORO_POOL_CLASSES * 16)
#define GROW_MAX 6
#define DIRECT_MIN ((size_t)16 * 1024)

/* --- from the transport ------------------------------------------------------------------- */

/* A system tells once of a connection that is lost. When a write has heard of it what a read finds
 * is an end that nobody has said, but for where an end is said in bytes. */
static int meaning_of_end(const coro_stream *stream)
{
    bool is_said = stream->transport->says_end || stream->write_error == CORO_EPIPE;
    return is_said ? 0 : stream->write_error;
}

static ptrdiff_t receive(coro_stream *stream, char *into, size_t size)
{
    ptrdiff_t count = stream->transport->recv(stream, into, size);
    if (CORO_UNLIKELY(count == 0))
        count = meaning_of_end(stream);
    if (count == 0)
        stream->state |= CORO_STREAM_EOF_;
    else if (CORO_UNLIKELY(count < 0 && count != CORO_EAGAIN && count != CORO_ENOMEM))
        stream->read_error = (int16_t)count;
    return count;
}

ptrdiff_t coro_stream_fill(coro_stream *stream, size_t need)
{
    coro_pool *pool = &stream->loop->pool;
    coro_buffer *in = &stream->in;
    size_t usual = BLOCK_SIZE << stream->grow, room = in->capacity - in->tail;
    ptrdiff_t count;
    if (stream->read_error != 0 || stream->state & CORO_STREAM_EOF_)
        return stream->read_error;
    if ((room < need || room < usual / 2) &&
        !coro_buffer_reserve(pool, in, need > usual ? need : usual) &&
        !coro_buffer_reserve(pool, in, need))
        return CORO_ENOMEM;
    room = in->capacity - in->tail;
    count = receive(stream, in->data + in->tail, room);
    if (count > 0) {
        in->tail += (size_t)count;
        if ((size_t)count == room && stream->grow < GROW_MAX)
            stream->grow++;
        else if ((size_t)count < usual / 4 && stream->grow > 0)
            stream->grow--;
    }
    if (coro_buffer_size(in) == 0)
        coro_buffer_free(pool, in);
    return count;
}

/* --- is it enough? ------------------------------------------------------------------------ */

static void take(coro_stream *stream, char *into, size_t size)
{
    if (size > 0)
        coro_copy(into, coro_buffer_begin(&stream->in), size);
    coro_buffer_consume(&stream->loop->pool, &stream->in, size);
}

static size_t take_line(coro_stream *stream, size_t size)
{
    if (size < stream->size)
        stream->into[size] = '\0';
    take(stream, stream->into, size);
    return size;
}

static const char *find_byte(const char *data, size_t size, char byte)
{
#if CORO_HOSTED
    return memchr(data, byte, size);
#else
    for (; size > 0; data++, size--)
        if (*data == byte)
            return data;
    return NULL;
#endif
}

static bool is_equal(const char *a, const char *b, size_t size)
{
    while (size > 0 && *a == *b)
        a++, b++, size--;
    return size == 0;
}

/* End of the first of these separators among the first `size` bytes that ends behind `searched`;
 * 0: none. Looks for its last byte. */
static size_t find_one(const char *begin, size_t size, size_t searched, const coro_slice *separator)
{
    const char *bytes = separator->data;
    size_t rest = separator->size - 1, from = searched > rest ? searched : rest;
    while (from < size) {
        const char *last = find_byte(begin + from, size - from, bytes[rest]);
        if (last == NULL)
            break;
        from = (size_t)(last - begin) + 1;
        if (is_equal(last - rest, bytes, rest))
            return from;
    }
    return 0;
}

/* Length up to and with the separator that ends first in the first `size` buffered bytes; 0: none.
 * Goes on where the last search ended. */
static size_t find_separator(coro_stream *stream, size_t size)
{
    const coro_separators *separators = stream->separators;
    size_t found = 0;
    for (size_t i = 0; i < separators->count; i++) {
        size_t end = find_one(coro_buffer_begin(&stream->in), found > 0 ? found - 1 : size,
                              stream->progress, &separators->list[i]);
        found = end > 0 ? end : found;
    }
    stream->progress = size;
    return found;
}

/* 0 with *result, an error, or CORO_PENDING_ with the number of bytes that are missing. */
static int look(coro_stream *stream, size_t *result)
{
    size_t have = coro_buffer_size(&stream->in), found;
    switch (stream->kind) {
    case READ_EXACTLY:
        if (have + stream->progress < stream->size) {
            *result = stream->size - have - stream->progress;
            return CORO_PENDING_;
        }
        take(stream, stream->into, have < stream->size ? have : stream->size);
        *result = stream->size;
        return 0;
    case READ_PEEK:
        *result = have < stream->size ? stream->size - have : have;
        return have < stream->size ? CORO_PENDING_ : 0;
    default:
        found = find_separator(stream, have < stream->size ? have : stream->size);
        if (found == 0 && have >= stream->size)
            return CORO_ELIMIT;
        *result = found > 0 ? take_line(stream, found) : 1;
        return found > 0 ? 0 : CORO_PENDING_;
    }
}

/* The same at the end of data. */
static int look_at_end(coro_stream *stream, size_t *result)
{
    size_t have = coro_buffer_size(&stream->in);
    *result = have;
    switch (stream->kind) {
    case READ_EXACTLY:
        return CORO_EINCOMPLETE;
    case READ_UNTIL:
        return have > 0 ? CORO_EINCOMPLETE : 0;
    case READ_LINE:
        *result = have > 0 ? take_line(stream, have) : 0;
        return 0;
    default:
        return 0;
    }
}

/* --- the machine -------------------------------------------------------------------------- */

/* What an exact read has in the caller's buffer goes back into the stream's; room is there. */
static void put_back(coro_stream *stream)
{
    if (stream->kind == READ_EXACTLY && stream->progress > 0) {
        size_t have = coro_buffer_size(&stream->in);
        coro_buffer_append(&stream->in, stream->into + have, stream->progress);
    }
    stream->progress = 0;
    if (stream->in.data != NULL && coro_buffer_size(&stream->in) == 0)
        coro_buffer_free(&stream->loop->pool, &stream->in);
}

/* As fill, into the caller's buffer. */
static ptrdiff_t fill_directly(coro_stream *stream, size_t missing)
{
    size_t offset = stream->size - missing;
    ptrdiff_t count;
    if (!coro_buffer_reserve(&stream->loop->pool, &stream->in, missing + stream->progress))
        return CORO_ENOMEM;
    count = receive(stream, stream->into + offset, missing);
    if (count > 0)
        stream->progress += (size_t)count;
    return count;
}

ptrdiff_t coro_stream_read_now(coro_stream *stream, void *into, size_t size)
{
    size_t have = coro_buffer_size(&stream->in);
    if (have > 0) {
        size = have < size ? have : size;
        take(stream, into, size);
        return (ptrdiff_t)size;
    }
    if (CORO_UNLIKELY(stream->read_error != 0 || stream->state & CORO_STREAM_EOF_))
        return stream->read_error;
    return receive(stream, into, size);
}

static int step_some(coro_stream *stream, size_t *result)
{
    ptrdiff_t count = coro_stream_read_now(stream, stream->into, stream->size);
    *result = count > 0 ? (size_t)count : 0;
    return count >= 0 ? 0 : count == CORO_EAGAIN ? CORO_PENDING_ : (int)count;
}

/* Do what can be done now: 0, an error, or CORO_PENDING_. */
static int step(coro_stream *stream, size_t *result)
{
    ptrdiff_t count;
    int error;
    if (CORO_LIKELY(stream->kind == READ_SOME))
        return step_some(stream, result);
    while ((error = look(stream, result)) == CORO_PENDING_) {
        if (stream->read_error != 0 || stream->state & CORO_STREAM_EOF_) {
            put_back(stream);
            return stream->read_error != 0 ? stream->read_error : look_at_end(stream, result);
        }
        if (stream->kind == READ_EXACTLY && (stream->progress > 0 || *result >= DIRECT_MIN))
            count = fill_directly(stream, *result);
        else
            count = coro_stream_fill(stream, *result);
        if (count == CORO_EAGAIN)
            return CORO_PENDING_;
        if (count == CORO_ENOMEM)
            return put_back(stream), CORO_ENOMEM;
    }
    return error;
}

void coro_stream_pull(coro_stream *stream)
{
    coro_task *task = stream->reader;
    size_t result = 0;
    int error = step(stream, &result);
    if (error == CORO_PENDING_) {
        error = coro_stream_want_here(stream, CORO_STREAM_READ);
        if (error == 0)
            return;
        put_back(stream);
    }
    stream->reader = NULL;
    task->wait.a.size = result;
    coro_wait_done(task, error);
}

void coro_stream_end_read(coro_stream *stream, int error)
{
    coro_task *task = stream->reader;
    size_t result = 0;
    if (task == NULL || stream->state & CORO_STREAM_READ_TAKEN_)
        return;
    coro_stream_unwant_here(stream, CORO_STREAM_READ);
    put_back(stream);
    if (error == 0)
        error = look_at_end(stream, &result);
    stream->reader = NULL;
    task->wait.a.size = result;
    coro_wait_done(task, error);
}

/* --- the calls ---------------------------------------------------------------------------- */

static bool read_cancel(coro_task *task)
{
    coro_stream *stream = task->wait.object;
    coro_stream_unwant_here(stream, CORO_STREAM_READ);
    put_back(stream);
    stream->reader = NULL;
    return true;
}

static const coro_wait_type read_type = {CORO_VERB_("stream read") read_cancel, NULL, NULL, false};

static inline int begin(coro_task *task, coro_call *call, unsigned kind)
{
    coro_stream *stream = call->object;
    int error;
    if (CORO_UNLIKELY(stream == NULL))
        return CORO_ECLOSED;
    if (CORO_UNLIKELY(stream->loop != task->driver.loop))
        return CORO_EWRONGLOOP;
    if (CORO_UNLIKELY(stream->reader != NULL))
        return CORO_EBUSY;
    stream->kind = (uint8_t)kind;
    stream->into = call->a.pointer;
    stream->size = call->b.size;
    stream->progress = 0;
    error = step(stream, &call->result.size);
    if (error != CORO_PENDING_)
        return error;
    error = coro_stream_want_here(stream, CORO_STREAM_READ);
    if (error != 0)
        return put_back(stream), error;
    stream->reader = task;
    task->wait.object = stream;
    return CORO_PENDING_;
}

static int some_start(coro_task *task, coro_call *call)
{
    call->result.size = 0;
    return call->b.size > 0 ? begin(task, call, READ_SOME) : 0;
}

static int exactly_start(coro_task *task, coro_call *call)
{
    return begin(task, call, READ_EXACTLY);
}

static int begin_until(coro_task *task, coro_call *call, const coro_separators *separators,
                       unsigned kind)
{
    coro_stream *stream = call->object;
    if (call->b.size == 0)
        return CORO_EINVAL;
    if (stream != NULL && stream->reader == NULL)
        stream->separators = separators;
    return begin(task, call, kind);
}

static int line_start(coro_task *task, coro_call *call)
{
    static const coro_slice newline = {"\n", 1};
    static const coro_separators newlines = {&newline, 1};
    return begin_until(task, call, &newlines, READ_LINE);
}

static int peek_start(coro_task *task, coro_call *call)
{
    return begin(task, call, READ_PEEK);
}

CORO_LEAF(coro_stream_read, &read_type, some_start, sizeof(size_t));
CORO_LEAF(coro_stream_read_exactly, &read_type, exactly_start, 0);
CORO_LEAF(coro_stream_read_line, &read_type, line_start, sizeof(size_t));
CORO_LEAF(coro_stream_peek, &read_type, peek_start, sizeof(size_t));

static inline coro_call *call_of(const coro_descriptor *descriptor, coro_stream *stream,
                                 void *buffer, size_t size)
{
    coro_call *call = coro_call_new_(descriptor);
    if (CORO_LIKELY(call->coro.error == 0)) {
        call->object = stream;
        call->a.pointer = buffer;
        call->b.size = size;
    }
    return call;
}

coro_size *coro_stream_read(coro_stream *stream, void *buffer, size_t size)
{
    return (coro_size *)call_of(&coro_stream_read_call_, stream, buffer, size);
}

coro_void *coro_stream_read_exactly(coro_stream *stream, void *buffer, size_t size)
{
    return (coro_void *)call_of(&coro_stream_read_exactly_call_, stream, buffer, size);
}

coro_size *coro_stream_read_line(coro_stream *stream, void *buffer, size_t size)
{
    return (coro_size *)call_of(&coro_stream_read_line_call_, stream, buffer, size);
}

coro_size *coro_stream_peek(coro_stream *stream, size_t min)
{
    return (coro_size *)call_of(&coro_stream_peek_call_, stream, NULL, min);
}

/* More arguments than a call of the library has: a frame of its own. */
typedef struct until_call {
    coro_call call;
    coro_separators separators;
    coro_slice one;
} until_call;

static int until_start(coro_task *task, coro_call *call)
{
    const coro_separators *separators = &((const until_call *)(const void *)call)->separators;
    bool is_one_empty = separators->count == 0;
    for (size_t i = 0; i < separators->count; i++)
        is_one_empty |= separators->list[i].size == 0;
    return is_one_empty ? CORO_EINVAL : begin_until(task, call, separators, READ_UNTIL);
}

static coro_status until_body(coro_header *self, coro_driver *driver, coro_header *callee)
{
    (void)callee;
    return coro_leaf(self, driver, &read_type, until_start);
}

static const coro_descriptor until_descriptor = {
    until_body,         "coro_stream_read_until",
    __FILE__,           {NULL},
    NULL,               sizeof(until_call),
    sizeof(until_call), offsetof(coro_call, result),
    sizeof(size_t)};

static until_call *until_call_of(coro_stream *stream, void *buffer, size_t size)
{
    until_call *until = coro_frame_new_slow_(&until_descriptor);
    if (until != NULL) {
        until->call.object = stream;
        until->call.a.pointer = buffer;
        until->call.b.size = size;
    }
    return until;
}

coro_size *coro_stream_read_until(coro_stream *stream, void *buffer, size_t size,
                                  const void *separator, size_t separator_size)
{
    until_call *until = until_call_of(stream, buffer, size);
    if (until == NULL)
        return (coro_size *)(void *)coro_frame_failed_();
    until->one = (coro_slice){separator, separator_size};
    until->separators = (coro_separators){&until->one, 1};
    return (coro_size *)(void *)until;
}

coro_size *coro_stream_read_until_any(coro_stream *stream, void *buffer, size_t size,
                                      const coro_slice *separators, size_t count)
{
    until_call *until = until_call_of(stream, buffer, size);
    if (until == NULL)
        return (coro_size *)(void *)coro_frame_failed_();
    until->separators = (coro_separators){separators, count};
    return (coro_size *)(void *)until;
}

/* --- what is buffered --------------------------------------------------------------------- */

const char *coro_stream_buffered(const coro_stream *stream, size_t *size)
{
    *size = stream != NULL ? coro_buffer_size(&stream->in) : 0;
    return *size > 0 ? coro_buffer_begin(&stream->in) : "";
}

void coro_stream_consume(coro_stream *stream, size_t size)
{
    if (size == 0)
        return;
    CORO_CHECK(stream != NULL && size <= coro_buffer_size(&stream->in),
               "coro_stream_consume of more than is buffered");
    CORO_CHECK(stream->reader == NULL, "coro_stream_consume while another task reads");
    coro_buffer_consume(&stream->loop->pool, &stream->in, size);
}

bool coro_stream_at_eof(const coro_stream *stream)
{
    return stream == NULL || (stream->state & CORO_STREAM_EOF_ && stream->in.data == NULL);
}

#endif
