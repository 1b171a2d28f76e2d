/* SPDX-License-Identifier: MIT */
/*
 * coro/stream.h - bytes to and from somebody, in order.
 *
 *     AWAIT(self->n, coro_stream_read_line(stream, self->line, sizeof self->line));
 *     AWAIT(coro_stream_write(stream, self->line, self->n));
 *     ...
 *     AWAIT(coro_stream_close(&stream));
 *
 * One type for TCP, memory, a UART, TLS: what is different lies in a transport,
 * a table of functions at the end of this page. Reads borrow the caller's buffer,
 * and nothing is buffered inside until more has come than was asked for; so an
 * idle stream holds no buffer at all. Each read has a limit that the caller gives,
 * and data beyond a limit is kept, never thrown away.
 *
 * Small writes of one turn of the loop leave together at its end, large ones at
 * once. A write waits while more than the high-water mark is unsent, until no more
 * than the low one is: that is what slows a fast producer down.
 *
 * One task may read at a time, a second one gets CORO_EBUSY; any number may write,
 * each write in one piece, in turn. A cancelled read loses no byte.
 *
 * A stream that is NULL is a closed one: reads give CORO_ECLOSED, writes CORO_EPIPE,
 * close and abort nothing. Memory: the stream and its buffers come from its loop's
 * pool; it has to be closed before its loop is. Threads: the loop's.
 */
#ifndef CORO_STREAM_H
#define CORO_STREAM_H

#include <coro/loop.h>

#if CORO_SCOPES

CORO_BEGIN_DECLS

typedef struct coro_stream coro_stream;

/* A piece of memory: struct iovec's shape. */
typedef struct coro_slice {
    const void *data;
    size_t size;
} coro_slice;

/* --- reading ------------------------------------------------------------------------------ */

/*
 * All reads: suspend until they can be served; borrow buffer and separator until
 * the await has ended; after the other side's end give what is still buffered.
 * Cancelled or failed: what had come is kept, and the next read gets it. An error
 * of the connection (CORO_ECONNRESET...), also one that a write has met first, comes
 * behind the data, and stays.
 * CORO_EBUSY: another task reads. CORO_ENOMEM: no room to buffer; try again.
 */

/* What is there, at least one byte, at most `size`. 0: the end (or size was 0). */
CORO_API CORO_NODISCARD coro_size *coro_stream_read(coro_stream *stream, void *buffer, size_t size);

/* Exactly `size` bytes. CORO_EINCOMPLETE: the end came before; what there was is still buffered. */
CORO_API CORO_NODISCARD coro_void *coro_stream_read_exactly(coro_stream *stream, void *buffer,
                                                            size_t size);

/*
 * Up to and with the next separator (at least one byte long): the length of both.
 * CORO_ELIMIT: it is not among the next `size` bytes. 0: the end, nothing before it.
 * CORO_EINCOMPLETE: the end came before a separator; what there was is still
 * buffered. A '\0' follows where the buffer has room for it.
 */
CORO_API CORO_NODISCARD coro_size *coro_stream_read_until(coro_stream *stream, void *buffer,
                                                          size_t size, const void *separator,
                                                          size_t separator_size);

/*
 * The same for several separators, at least one; borrows the array, too. Where more
 * than one is found, the one that ends first counts: of "\r" and "\r\n" always the
 * first, of "\n" and "\r\n" both.
 */
CORO_API CORO_NODISCARD coro_size *coro_stream_read_until_any(coro_stream *stream, void *buffer,
                                                              size_t size,
                                                              const coro_slice *separators,
                                                              size_t count);

/* The same up to '\n', and a last line without one is a line: only an empty one is the end. */
CORO_API CORO_NODISCARD coro_size *coro_stream_read_line(coro_stream *stream, void *buffer,
                                                         size_t size);

/*
 * Look ahead: wait until at least `min` bytes are buffered, and say how many are.
 * Fewer than `min`: the end has come. They are at coro_stream_buffered until the
 * next read, peek or consume.
 */
CORO_API CORO_NODISCARD coro_size *coro_stream_peek(coro_stream *stream, size_t min);

/* What is buffered, and how much of it. Never suspends. */
CORO_API const char *coro_stream_buffered(const coro_stream *stream, size_t *size);

/* Done with the first `size` buffered bytes; not more than there are. Never suspends. */
CORO_API void coro_stream_consume(coro_stream *stream, size_t size);

/* Has the other side's end been read, with nothing buffered before it? */
CORO_API bool coro_stream_at_eof(const coro_stream *stream);

/* --- writing ------------------------------------------------------------------------------ */

CORO_API extern const coro_descriptor coro_stream_write_call_, coro_stream_writev_call_;

static inline coro_void *coro_stream_write_of_(const coro_descriptor *descriptor,
                                               coro_stream *stream, const void *data, size_t size)
{
    coro_call *call = coro_call_new_(descriptor); /* of a failed one all may be written as well */
    call->object = stream;
    call->a.pointer = (void *)(uintptr_t)data;
    call->b.size = size;
    return (coro_void *)call;
}

/*
 * Write all of it. Suspends only when more than the high-water mark would be
 * unsent; borrows the data until the await has ended. 0 means taken, not received.
 * Never fails for memory. Cancelled: nothing of it was written, or, when its first
 * bytes had left already, all of it will be: a stream has no holes.
 * CORO_EPIPE: after shutdown_write or close, or the other side is gone; other
 * errors (CORO_ECONNRESET...) are the connection's, and stay.
 */
static inline CORO_NODISCARD coro_void *coro_stream_write(coro_stream *stream, const void *data,
                                                          size_t size)
{
    return coro_stream_write_of_(&coro_stream_write_call_, stream, data, size);
}

/* The same for several pieces, without anything in between; borrows slices, too. */
static inline CORO_NODISCARD coro_void *coro_stream_writev(coro_stream *stream,
                                                           const coro_slice *slices, size_t count)
{
    return coro_stream_write_of_(&coro_stream_writev_call_, stream, slices, count);
}

#if CORO_HOSTED
/* The same for formatted text, made at the call: its arguments are not borrowed. CORO_ENOMEM: no
 * room for the text, nothing was written; CORO_EINVAL: printf does not understand the format. */
CORO_API CORO_NODISCARD coro_void *coro_stream_printf(coro_stream *stream, const char *format, ...)
    CORO_PRINTF(2, 3);
#endif

/* Send now what is corked, and wait until no more than the low-water mark is unsent. */
CORO_API CORO_NODISCARD coro_void *coro_stream_drain(coro_stream *stream);

/* When to wait, and until when; 64 KiB and 16 KiB if not set. low <= high, or CORO_EINVAL. */
CORO_API int coro_stream_set_write_limits(coro_stream *stream, size_t high, size_t low);

/* Bytes that were written but not sent yet; bytes sent so far (modulo SIZE_MAX + 1). */
CORO_API size_t coro_stream_unsent(const coro_stream *stream);
CORO_API size_t coro_stream_sent(const coro_stream *stream);

/*
 * Pass on what `from` gives to `to`, until its end, or until `limit` bytes (SIZE_MAX:
 * none): how many. What the limit leaves is the next read's. Meanwhile nobody else
 * may read the one, or write to the other: CORO_EBUSY; the opposite directions are
 * free, and both may be one stream. Says no end. Errors are those of either side
 * (CORO_ECLOSED, CORO_EPIPE: it was closed). Then, or cancelled, no byte is lost: what
 * `to` has not taken is still in `from`, and coro_stream_sent knows what it has.
 */
CORO_API CORO_NODISCARD coro_size *coro_stream_copy(coro_stream *from, coro_stream *to,
                                                    size_t limit);

/* The descriptor beneath, for setsockopt and the like; -1: there is none, or no more, as when the
 * end of a pipe was said. Borrowed. */
CORO_API int coro_stream_fd(const coro_stream *stream);

/* --- the end ------------------------------------------------------------------------------ */

/*
 * Say that no more will be written; reading goes on. Sends what is unsent first,
 * and waits for that. Cancelled: the end is said all the same, when all is sent.
 * CORO_EPIPE: the other side is gone; or the connection's error.
 */
CORO_API CORO_NODISCARD coro_void *coro_stream_shutdown_write(coro_stream *stream);

/*
 * Send what is unsent, and free the stream. *stream is NULL from the call on; if it
 * was, nothing. Waits 5 seconds at most, if not set otherwise: CORO_ETIMEDOUT, or the error of the
 * connection, when not all could be sent. Cancelled: does not wait, aborts. The
 * stream is gone in any case. A task that still reads gets the end, one that still
 * writes CORO_EPIPE. Never allocates.
 *
 * A TCP stream whose last bytes have come but were not read is closed with a reset,
 * which can overtake what was sent: where that matters close_graceful.
 */
CORO_API CORO_NODISCARD coro_void *coro_stream_close(coro_stream **stream);

#if CORO_HOSTED
/*
 * The same as both sides agree on it: say our end, read and throw away until the
 * other side's, close. *stream is NULL from its start on. CORO_ETIMEDOUT: no end came
 * within `limit`, and what is unsent is lost; or the connection's error; in any case
 * the stream is gone. Cancelled: aborts. Only when it fails with CORO_ENOMEM before it
 * could start nothing has happened, and the stream is still there.
 */
CORO_API CORO_NODISCARD coro_void *coro_stream_close_graceful(coro_stream **stream,
                                                              coro_duration limit);

/* So long a close may wait. Above 0, or CORO_EINVAL; also of a stream that is NULL. */
CORO_API int coro_stream_set_close_limit(coro_stream *stream, coro_duration limit);
#endif

/* Free the stream at once; what is unsent is lost, and the other side sees a reset where the
 * transport has such a thing. Sets *stream to NULL. A task that still reads gets CORO_ECLOSED. */
CORO_API void coro_stream_abort(coro_stream **stream);

/*
 * End both ways from outside, for a task that holds the stream: its reads get what is buffered,
 * then the end; its writes CORO_EPIPE. What is unsent leaves, and the other side is told that no
 * more will come. The stream stays its owner's to close. Never suspends, never allocates.
 */
CORO_API void coro_stream_hang_up(coro_stream *stream);

/*
 * Two ends of a pipe in memory, in the running loop: what one writes the other
 * reads. `capacity` bytes (at least 1) are on their way in each direction, what is
 * written beyond is unsent. 0, CORO_ENOMEM or CORO_EINVAL.
 */
CORO_API int coro_stream_pair(coro_stream **a, coro_stream **b, size_t capacity);

/* --- for transports ----------------------------------------------------------------------- */

enum { CORO_STREAM_READ = 1, CORO_STREAM_WRITE = 2 };

/*
 * What moves the bytes. A transport puts a coro_stream first in a struct of its
 * own, makes it with coro_stream_init, and calls coro_stream_ready when it may be
 * tried again. None of these may suspend; recv and send answer CORO_EAGAIN instead.
 */
typedef struct coro_transport {
    const char *name;
    /* Bytes read, 0 at the end, or an error. size > 0. */
    ptrdiff_t (*recv)(coro_stream *stream, void *buffer, size_t size);
    /* Bytes sent, at least one, or an error. All slices have bytes; count is 1 to 8. */
    ptrdiff_t (*send)(coro_stream *stream, const coro_slice *slices, size_t count);
    /* After CORO_EAGAIN: call coro_stream_ready(stream, direction), once, when it may be tried
     * again. 0 or an error; on error nothing is wanted. */
    int (*want)(coro_stream *stream, unsigned direction);
    void (*unwant)(coro_stream *stream, unsigned direction);
    /* Nothing more will be sent: tell the other side. 0, CORO_EAGAIN (it will be called again
     * when the stream is ready to write; want is the caller's), or an error. */
    int (*shutdown_write)(coro_stream *stream);
    /* Let go, at once if `abort`, and free the memory that the stream is in. Cannot fail. */
    void (*close)(coro_stream *stream, bool abort);
    /* The descriptor beneath; NULL: there is none. */
    int (*fd)(const coro_stream *stream);
#if CORO_HOSTED
    /* Send from this place of a file, behind all that was sent. Bytes, 0 at the file's end,
     * CORO_EAGAIN, CORO_EPIPE or CORO_ECONNRESET for good; any other error: its bytes are read and
     * sent. NULL: they always are. */
    ptrdiff_t (*sendfile)(coro_stream *stream, int file, int64_t offset, size_t count);
#endif
    /* An end is said in bytes, so that coro_stream_close, too, calls shutdown_write. */
    bool says_end;
} coro_transport;

/* Bytes between head and tail of a block of the loop's pool; no block while there are none. */
typedef struct coro_buffer {
    char *data;
    size_t head, tail, capacity;
} coro_buffer;

/* Whoever has taken a direction of a stream: see below. */
typedef struct coro_stream_taker coro_stream_taker;
struct coro_stream_taker {
    /* These directions, which were wanted, may be tried again. */
    void (*ready)(coro_stream_taker *taker, unsigned directions);
    /* The stream has been closed or aborted by somebody else: do not touch it again. */
    void (*gone)(coro_stream_taker *taker);
};

struct coro_stream { /* private */
    const coro_transport *transport;
    coro_loop *loop;
    union {
        coro_task *reader; /* who waits to read... */
        coro_stream_taker *read_taker;
    };
    char *into; /* ...what for: the arguments of its call */
    size_t size;
    const struct coro_separators *separators;
    size_t progress; /* of a waiting read: bytes searched, or bytes that are in `into` */
    coro_buffer in, out;
    coro_waiters writers; /* who waits to write; only the first can be partly sent... */
    union {
        size_t first_sent; /* ...so many of its bytes */
        coro_stream_taker *write_taker;
    };
#if !CORO_HOSTED
    size_t first_size; /* only one can wait */
#endif
    size_t high, low;
    size_t sent;
    coro_hook flush; /* at the end of the turn */
#if CORO_HOSTED
    coro_duration close_limit;
    coro_stream **owner; /* a variable that is to be NULL when the stream is gone; or NULL */
#endif
    int16_t read_error, write_error;
    uint8_t kind; /* of the read */
    uint8_t state;
    uint8_t wanted; /* directions */
    uint8_t grow : 4;   /* the next read buffer is 2^grow times the smallest, */
    uint8_t gather : 4; /* and one that gathers small writes 2^gather times */
};

/* Make the stream of a new connection of the running loop. */
CORO_API void coro_stream_init(coro_stream *stream, const coro_transport *transport);

/* From the transport: `directions` may be tried again. May end in transport->close. */
CORO_API void coro_stream_ready(coro_stream *stream, unsigned directions);

/* --- for streams over streams ------------------------------------------------------------- */

/*
 * A filter (TLS, compression) is a transport whose bytes come from and go to a
 * stream beneath, which it takes:
 *
 *     tasks ─► outer ─ recv, send ─► filter ─ try_read, try_write ─► inner ─► its transport
 *     tasks ◄─ outer ◄─ coro_stream_ready ─ filter ◄─ taker.ready ─ inner ◄─ an event
 *
 * What is taken is the taker's alone: reads, or writes, of tasks give CORO_EBUSY
 * until it is given back. Nothing in this section suspends or allocates.
 */

/* Take directions, for as long as the taker, which is borrowed, lives. 0; CORO_EBUSY: a task
 * waits there, or another has it; CORO_ECLOSED: stream is NULL. */
CORO_API int coro_stream_take(coro_stream *stream, unsigned directions, coro_stream_taker *taker);

/* Leave them to tasks again, and want nothing more. */
CORO_API void coro_stream_give_back(coro_stream *stream, unsigned directions);

/* What is buffered, then what the transport has: bytes, 0 at the end, CORO_EAGAIN, or the error,
 * which stays. size > 0. */
CORO_API ptrdiff_t coro_stream_try_read(coro_stream *stream, void *buffer, size_t size);

/* Send behind what is unsent: bytes of the slices that have left, or, when none has, CORO_EAGAIN
 * or the error, which stays. */
CORO_API ptrdiff_t coro_stream_try_write(coro_stream *stream, const coro_slice *slices,
                                         size_t count);

/* Say that no more will be written, behind what is unsent. 0, CORO_EAGAIN (and the taker is told
 * when it has been done, or has failed), or the error. */
CORO_API int coro_stream_try_shutdown_write(coro_stream *stream);

/* When a try would have blocked: have the taker told, once, when this direction may be tried again.
 * Wanted already is fine. 0, or an error, and then nothing is wanted. */
CORO_API int coro_stream_want(coro_stream *stream, unsigned direction);
CORO_API void coro_stream_unwant(coro_stream *stream, unsigned direction);

/* A close that does not wait: what can be sent at once is sent; it is an abort if that is not all.
 * Sets *stream to NULL. A taker gives back first. */
CORO_API void coro_stream_close_now(coro_stream **stream);

CORO_END_DECLS

#endif /* CORO_SCOPES */

#endif
