/* SPDX-License-Identifier: MIT */
/*
 * protocol.c - a task that reads a stream and calls a protocol.
 *
 *     run ─┬─ body:  peek ─► data_received ─► peek ...          } one group:
 *          └─ child: drain ─► resume_writing  (while paused)    } its cancel is `close`
 *
 * Whatever ends the connection ends the group: an end or an error of the stream
 * by the body itself, close and abort by coro_group_cancel, a cancel from outside,
 * lack of memory for a child. What follows is the same for all: the stream is
 * closed or aborted, and the protocol is told.
 *
 * Invariant: protocol->run is set exactly while run->protocol == protocol, from
 * connection_made until connection_lost.
 */
#include "internal.h"

#include <coro/async.h>
#include <coro/flag.h>
#include <coro/group.h>
#include <coro/protocol.h>

#if CORO_SCOPES

/* What a connected protocol is a part of: in the frame of coro_protocol_run. */
struct coro_protocol_run_ {
    coro_stream *stream;
    coro_protocol *protocol;
    coro_group group;
    coro_flag resumed; /* for a body that has paused */
    int error;         /* why the connection is lost */
    bool reading, closing, aborting;
    bool full; /* pause_writing was called, and resume_writing was not yet */
};

typedef struct coro_protocol_run_ connection;

static const coro_protocol_type *type_of(const connection *run)
{
    return run->protocol->type;
}

static void fail(connection *run, int error)
{
    run->error = error;
    coro_group_cancel(&run->group);
}

/* --- writing ------------------------------------------------------------------------------ */

ASYNC(resume_when_drained, ARGS(connection *, run), VARS(int error;))
{
    ASYNC_BEGIN;
    AWAIT_CATCH(self->error, coro_stream_drain(self->run->stream));
    if (self->error == 0) {
        self->run->full = false;
        if (type_of(self->run)->resume_writing != NULL)
            type_of(self->run)->resume_writing(self->run->protocol);
    } else if (self->error != CORO_ECANCELED) {
        fail(self->run, self->error);
    }
    ASYNC_END;
}

/* Failure is the group's: it comes down with CORO_ENOMEM. */
static void pause_if_full(connection *run)
{
    if (run->full || coro_stream_unsent(run->stream) <= run->stream->high)
        return;
    run->full = true;
    if (type_of(run)->pause_writing != NULL)
        type_of(run)->pause_writing(run->protocol);
    coro_group_create_task(&run->group, resume_when_drained(run));
}

int coro_protocol_write(coro_protocol *protocol, const void *data, size_t size)
{
    connection *run = protocol->run;
    int error;
    if (run == NULL || run->closing)
        return CORO_EPIPE;
    error = coro_stream_append(run->stream, data, size);
    if (error == 0)
        pause_if_full(run);
    else if (run->stream->write_error != 0)
        fail(run, error);
    return error;
}

int coro_protocol_write_eof(coro_protocol *protocol)
{
    connection *run = protocol->run;
    if (run == NULL || run->closing)
        return CORO_EPIPE;
    coro_stream_end_later(run->stream);
    return 0;
}

/* --- reading ------------------------------------------------------------------------------ */

/* Wait for bytes and hand them over. The result: how many, 0 at the end. */
ASYNC(receive, RETURNS(size_t), ARGS(connection *, run), VARS(size_t n; void *place;))
{
    coro_protocol *protocol;
    ASYNC_BEGIN;
    if (type_of(self->run)->get_buffer != NULL) {
        self->place = type_of(self->run)->get_buffer(self->run->protocol, &self->n);
        CORO_CHECK(self->place != NULL && self->n > 0, "get_buffer gives room for a byte");
        AWAIT(self->n, coro_stream_read(self->run->stream, self->place, self->n));
        protocol = self->run->protocol;
        if (self->n > 0)
            protocol->type->buffer_updated(protocol, self->n);
    } else {
        AWAIT(self->n, coro_stream_peek(self->run->stream, 1));
        protocol = self->run->protocol;
        if (self->n > 0 && protocol->type->data_received != NULL)
            protocol->type->data_received(
                protocol, coro_stream_buffered(self->run->stream, &self->n), self->n);
        coro_stream_consume(self->run->stream, self->n);
    }
    ASYNC_RETURN(self->n);
    ASYNC_END;
}

/* Until the end, a close or an error. */
ASYNC(receive_all, ARGS(connection *, run), VARS(size_t n;))
{
    ASYNC_BEGIN;
    do {
        while (!self->run->reading)
            AWAIT(coro_flag_wait(&self->run->resumed));
        AWAIT(self->n, receive(self->run));
    } while (self->n > 0);
    if (type_of(self->run)->eof_received != NULL &&
        type_of(self->run)->eof_received(self->run->protocol)) {
        while (true) /* there is something to write still: until it is closed */
            AWAIT(coro_flag_wait(&self->run->resumed));
    }
    ASYNC_END;
}

void coro_protocol_pause_reading(coro_protocol *protocol)
{
    if (protocol->run != NULL)
        protocol->run->reading = false;
}

void coro_protocol_resume_reading(coro_protocol *protocol)
{
    if (protocol->run != NULL && !protocol->run->reading) {
        protocol->run->reading = true;
        coro_flag_set(&protocol->run->resumed);
    }
}

bool coro_protocol_is_reading(const coro_protocol *protocol)
{
    return protocol->run != NULL && protocol->run->reading && !protocol->run->closing;
}

/* --- life --------------------------------------------------------------------------------- */

static void begin(connection *run, coro_stream **place, coro_protocol *protocol)
{
    run->stream = *place;
    *place = NULL;
    run->protocol = protocol;
    run->reading = true;
    protocol->run = run;
    if (protocol->type->connection_made != NULL)
        protocol->type->connection_made(protocol);
}

/* The last that happens to a protocol: it may be gone afterwards. */
static void lose(connection *run, int error)
{
    coro_protocol *protocol = run->protocol;
    run->protocol = NULL;
    protocol->run = NULL;
    if (protocol->type->connection_lost != NULL)
        protocol->type->connection_lost(protocol, run->aborting ? 0 : error);
}

ASYNC(run_protocol, ARGS(coro_stream **, place, coro_protocol *, protocol),
      VARS(connection run; int error;))
{
    ASYNC_BEGIN;
    if (self->protocol->run != NULL)
        ASYNC_THROW(CORO_EALREADY);
    CORO_GROUP(self->run.group) {
        begin(&self->run, self->place, self->protocol);
        AWAIT_CATCH(self->error, receive_all(&self->run));
        if (self->run.error == 0 && self->error != CORO_ECANCELED)
            self->run.error = self->error;
        coro_group_cancel(&self->run.group); /* a child that waits for room */
    }
  ASYNC_FINALLY:
    if (self->run.protocol != NULL) {
        self->error = self->run.error != 0 ? self->run.error : self->coro.error;
        if (self->run.aborting || self->error != 0)
            coro_stream_abort(&self->run.stream);
        else
            AWAIT_CATCH(self->error, coro_stream_close(&self->run.stream));
        lose(&self->run, self->error);
    }
    ASYNC_END;
}

coro_void *coro_protocol_run(coro_stream **stream, coro_protocol *protocol)
{
    return (coro_void *)(void *)run_protocol(stream, protocol);
}

void coro_protocol_init(coro_protocol *protocol, const coro_protocol_type *type)
{
    CORO_CHECK((type->get_buffer != NULL) == (type->buffer_updated != NULL),
               "get_buffer and buffer_updated: set both, or none");
    protocol->type = type;
    protocol->run = NULL;
}

void coro_protocol_close(coro_protocol *protocol)
{
    if (protocol->run != NULL && !protocol->run->closing) {
        protocol->run->closing = true;
        coro_group_cancel(&protocol->run->group);
    }
}

void coro_protocol_abort(coro_protocol *protocol)
{
    if (protocol->run != NULL) {
        protocol->run->aborting = true;
        coro_protocol_close(protocol);
    }
}

bool coro_protocol_is_closing(const coro_protocol *protocol)
{
    return protocol->run == NULL || protocol->run->closing;
}

int coro_protocol_replace(coro_protocol *protocol, coro_protocol *next)
{
    connection *run = protocol->run;
    if (run == NULL)
        return CORO_EPIPE;
    if (next->run != NULL)
        return CORO_EALREADY;
    protocol->run = NULL;
    next->run = run;
    run->protocol = next;
    return 0;
}

coro_stream *coro_protocol_stream(const coro_protocol *protocol)
{
    return protocol->run != NULL ? protocol->run->stream : NULL;
}

#endif
