/* SPDX-License-Identifier: MIT */
/*
 * coro/protocol.h - callbacks instead of awaits, for those who port such code.
 *
 *     typedef struct shout { coro_protocol protocol; ... } shout;     // first
 *
 *     static void heard(coro_protocol *self, const void *data, size_t size)
 *     {
 *         coro_protocol_write(self, data, size);
 *     }
 *     static const coro_protocol_type shouting = {.data_received = heard};
 *
 *     coro_protocol_init(&my->protocol, &shouting);
 *     AWAIT(coro_protocol_run(&self->stream, &my->protocol));
 *
 * asyncio's transports and protocols as a thin layer over a stream: a task reads,
 * and calls the protocol. The order is asyncio's:
 *
 *     connection_made ─► data_received* ─► eof_received? ─► connection_lost
 *                         pause_writing ─► resume_writing, in turn
 *
 * A transport is not an object of its own here: what it can do is asked of the
 * protocol, from connection_made until connection_lost. The functions below never
 * suspend; outside of that time they do nothing, and say so (CORO_EPIPE).
 *
 * Where a coroutine can be written, write one: it needs less code, and is slowed
 * down by a slow reader of itself. coro_create_connection and coro_create_server
 * are in coro/net_protocol.h.
 *
 * Memory: a protocol is its user's, and is touched no more once connection_lost
 * has been called. Threads: the loop's.
 */
#ifndef CORO_PROTOCOL_H
#define CORO_PROTOCOL_H

#include <coro/stream.h>

#if CORO_SCOPES

CORO_BEGIN_DECLS

typedef struct coro_protocol coro_protocol;

/* What is NULL is not called. None of these may suspend; each may call all functions below. */
typedef struct coro_protocol_type {
    void (*connection_made)(coro_protocol *self);
    /* Some bytes, at least one; borrowed. */
    void (*data_received)(coro_protocol *self, const void *data, size_t size);
    /* The other side will send no more. True: stay connected, for more will be written; false, or
     * NULL: close. Not called after an error. */
    bool (*eof_received)(coro_protocol *self);
    /* The last call, once: 0 after an end, a close or an abort, else why. The protocol may be freed
     * here. */
    void (*connection_lost)(coro_protocol *self, int error);
    /* More than the stream's high-water mark is unsent: please write no more... */
    void (*pause_writing)(coro_protocol *self);
    /* ...until no more than the low one is. */
    void (*resume_writing)(coro_protocol *self);
    /* asyncio's BufferedProtocol; both or none, and then data_received is not called: a place for
     * the next bytes, at least one, good until buffer_updated says how many have come. */
    void *(*get_buffer)(coro_protocol *self, size_t *size);
    void (*buffer_updated)(coro_protocol *self, size_t size);
} coro_protocol_type;

struct coro_protocol { /* private */
    const coro_protocol_type *type;
    struct coro_protocol_run_ *run; /* while it is connected */
};

CORO_API void coro_protocol_init(coro_protocol *protocol, const coro_protocol_type *type);

/*
 * Connect a protocol to a stream, and wait until connection_lost has been called. Takes *stream
 * when the await begins, and sets it to NULL. Errors of the connection are connection_lost's;
 * CORO_EALREADY: the protocol is connected, nothing was taken. CORO_ENOMEM before
 * connection_made: nothing was called. Cancelled, the connection is aborted.
 */
CORO_API CORO_NODISCARD coro_void *coro_protocol_run(coro_stream **stream, coro_protocol *protocol);

/* Write a copy of the data, all of it, whatever pause_writing has said. 0, CORO_EPIPE
 * (closing, or the end was written), or the connection's error; CORO_ENOMEM, and CORO_EBUSY while a
 * task's own write to the stream waits: nothing was written, and it may be tried again. */
CORO_API int coro_protocol_write(coro_protocol *protocol, const void *data, size_t size);

/* Say that no more will be written, when all is sent. Twice is fine. 0, or CORO_EPIPE. */
CORO_API int coro_protocol_write_eof(coro_protocol *protocol);

/* Send what is unsent, then lose the connection. Nothing is received any more. */
CORO_API void coro_protocol_close(coro_protocol *protocol);

/* Lose the connection without sending what is unsent. */
CORO_API void coro_protocol_abort(coro_protocol *protocol);

/* Closed, aborted, or not connected. */
CORO_API bool coro_protocol_is_closing(const coro_protocol *protocol);

/* No data_received after this until it is resumed; the other side is slowed down in the end. */
CORO_API void coro_protocol_pause_reading(coro_protocol *protocol);
CORO_API void coro_protocol_resume_reading(coro_protocol *protocol);
CORO_API bool coro_protocol_is_reading(const coro_protocol *protocol);

/* Another protocol takes the connection over: from now on its functions are called; neither
 * connection_made nor connection_lost comes of it. 0, or CORO_EPIPE: `protocol` has none;
 * CORO_EALREADY: `next` has one. asyncio's set_protocol. */
CORO_API int coro_protocol_replace(coro_protocol *protocol, coro_protocol *next);

/* The stream beneath, to ask it (coro_stream_unsent, coro_stream_peer_name...) and to set its
 * limits (coro_stream_set_write_limits); not to read, write or close. Borrowed; NULL: not
 * connected. */
CORO_API coro_stream *coro_protocol_stream(const coro_protocol *protocol);

CORO_END_DECLS

#endif

#endif
