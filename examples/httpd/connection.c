/* SPDX-License-Identifier: MIT */
/*
 * connection.c: read a head, answer it, and again.
 *
 *     ┌──► read_head ──► sleep (--delay) ──► answer_make ──► skip_body ──► send_answer ──┐
 *     └────────────────────────── keep alive, pipelined ◄────────────────────────────────┘
 *
 * A pipelining client's next requests wait in the stream's buffer; the answers of one turn of the
 * loop leave together, because small writes do. Files go out in pieces of 64 KiB: a buffer is there
 * only while a body is being sent, so an idle connection costs a frame and a stream.
 *
 * Every wait has its limit: for the next request, for the rest of a head, for each piece.
 */
#define _POSIX_C_SOURCE 200809L
#include "connection.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    PIECE_SIZE = 64 * 1024,
    HEAD_LIMIT_S = 10,          /* from its first byte to its last */
    SEND_LIMIT_S = 30,          /* for one piece of a body */
    LINGER_LIMIT_S = 2,         /* for what a client still sends when we have said good-bye */
    LINGER_BYTES_MAX = 16 * 1024 * 1024,
};

/* Which status fits a head that does not end? */
static int status_of_long_head(const coro_stream *stream)
{
    size_t size;
    const char *data = coro_stream_buffered(stream, &size);
    return http_line_size(data, size) > HTTP_LINE_MAX ? 414 : 431;
}

/* The size of the head in the buffer, 0 if there is more to come, CORO_ELIMIT; *have: buffered. */
static ptrdiff_t find_head(const coro_stream *stream, size_t *scanned, size_t *have)
{
    const char *data = coro_stream_buffered(stream, have);
    size_t head = http_head_size(data, *have, scanned);
    if (head > HTTP_HEAD_MAX || (head == 0 && *have >= HTTP_HEAD_MAX)
        || http_line_size(data, *have) > HTTP_LINE_MAX)
        return CORO_ELIMIT;
    return (ptrdiff_t)head;
}

/*
 * Waits for a whole head at the front of the stream's buffer; its size, or 0 for a client that
 * went, or said nothing for too long, between two requests. A started head that does not end in
 * time is CORO_ETIMEDOUT, one that is too long CORO_ELIMIT.
 */
ASYNC(read_head, RETURNS(size_t), ARGS(coro_stream *, stream, unsigned, idle_s),
      VARS(size_t have, want, scanned; ptrdiff_t head; int error; coro_scope limit;))
{
    ASYNC_BEGIN;
    AWAIT_CATCH(self->error, self->want,
                coro_wait_for(coro_stream_peek(self->stream, 1), CORO_SECONDS(self->idle_s)));
    if (self->error == CORO_ETIMEDOUT || (self->error == 0 && self->want == 0))
        ASYNC_RETURN(0);
    if (self->error != 0)
        ASYNC_THROW(self->error);
    CORO_TIMEOUT(self->limit, CORO_SECONDS(HEAD_LIMIT_S)) {
        for (;;) {
            self->head = find_head(self->stream, &self->scanned, &self->have);
            if (self->head < 0)
                ASYNC_THROW((int)self->head);
            if (self->head > 0)
                ASYNC_RETURN((size_t)self->head);
            AWAIT(self->want, coro_stream_peek(self->stream, self->have + 1));
            if (self->want <= self->have)
                ASYNC_RETURN(0);                /* the client went in the middle of its head */
        }
    }
    ASYNC_END;
}

/* Reads a request's body and forgets it: 0, or the status to answer with. */
ASYNC(skip_body, RETURNS(int), ARGS(coro_stream *, stream, http_body *, body),
      VARS(size_t want, have, total; coro_scope limit;))
{
    ASYNC_BEGIN;
    self->want = 1;
    CORO_TIMEOUT(self->limit, CORO_SECONDS(SEND_LIMIT_S)) {
        while (self->body->state != HTTP_BODY_DONE) {
            AWAIT(self->have, coro_stream_peek(self->stream, self->want));
            if (self->have < self->want)
                ASYNC_THROW(CORO_EINCOMPLETE);
            size_t size;
            http_text piece;
            const char *data = coro_stream_buffered(self->stream, &size);
            ptrdiff_t used = http_body_next(self->body, data, size, &piece);
            if (used < 0)
                ASYNC_RETURN(400);
            self->want = used == 0 ? size + 1 : 1;
            self->total += piece.size;
            coro_stream_consume(self->stream, (size_t)used);
            if (self->total > REQUEST_BODY_MAX)
                ASYNC_RETURN(413);
        }
    }
    ASYNC_RETURN(0);
    ASYNC_END;
}

/* The next bytes of a file: how many, or an error. */
static ptrdiff_t read_piece(int file, char *piece, size_t size, uint64_t first, uint64_t length)
{
    ssize_t got = pread(file, piece, length < size ? (size_t)length : size, (off_t)first);
    if (got < 0)
        return -errno;
    return got > 0 ? got : CORO_EINCOMPLETE;    /* it shrank, and a length was promised */
}

ASYNC(send_file, ARGS(coro_stream *, stream, int, file, uint64_t, first, uint64_t, length),
      VARS(char *piece; size_t size; ptrdiff_t got;))
{
    ASYNC_BEGIN;
    self->size = self->length < PIECE_SIZE ? (size_t)self->length : PIECE_SIZE;
    self->piece = malloc(self->size);
    if (self->piece == NULL)
        ASYNC_THROW(CORO_ENOMEM);
    while (self->length > 0) {
        self->got = read_piece(self->file, self->piece, self->size, self->first, self->length);
        if (self->got < 0)
            ASYNC_THROW((int)self->got);
        self->first += (uint64_t)self->got;
        self->length -= (uint64_t)self->got;
        AWAIT(coro_wait_for(coro_stream_write(self->stream, self->piece, (size_t)self->got),
                            CORO_SECONDS(SEND_LIMIT_S)));
    }
  ASYNC_FINALLY:
    free(self->piece);
    ASYNC_END;
}

ASYNC(send_answer, ARGS(coro_stream *, stream, const struct answer *, answer))
{
    ASYNC_BEGIN;
    if (self->answer->head == NULL)
        ASYNC_THROW(CORO_ENOMEM);
    AWAIT(coro_wait_for(coro_stream_write(self->stream, self->answer->head,
                                          self->answer->head_size), CORO_SECONDS(SEND_LIMIT_S)));
    if (self->answer->file >= 0 && self->answer->length > 0)
        AWAIT(send_file(self->stream, self->answer->file, self->answer->first,
                        self->answer->length));
    else if (self->answer->length > 0)
        AWAIT(coro_wait_for(coro_stream_write(self->stream, self->answer->page,
                                              (size_t)self->answer->length),
                            CORO_SECONDS(SEND_LIMIT_S)));
    ASYNC_END;
}

/*
 * After the last answer: a close while bytes of the client are still on their way would make its
 * system throw our answer away. So our end is said, and what comes is read for a little while.
 */
ASYNC(linger, ARGS(coro_stream *, stream), VARS(size_t n, total;), SCRATCH(char waste[4096];))
{
    ASYNC_BEGIN;
    AWAIT(coro_stream_shutdown_write(self->stream));
    do {
        AWAIT(self->n, coro_stream_read(self->stream, self->waste, sizeof self->waste));
        self->total += self->n;
    } while (self->n > 0 && self->total < LINGER_BYTES_MAX);
    ASYNC_END;
}

/* The Common Log Format of old; the fields for identity and user are always empty. */
static void log_answer(const struct serve_connection *self)
{
    const struct site *site = self->site;
    const struct answer *answer = &self->answer;
    char date[32];
    time_t now = time(NULL);
    struct tm tm;
    if (site->log == NULL)
        return;
    if (gmtime_r(&now, &tm) == NULL || strftime(date, sizeof date, "%d/%b/%Y:%T", &tm) == 0)
        date[0] = '\0';
    fprintf(site->log, "%s - - [%s +0000] \"%s\" %d %llu%s%s\n", self->peer, date, answer->line,
            answer->status, (unsigned long long)answer->length,
            self->error != 0 ? " broken off: " : "",
            self->error != 0 ? coro_strerror(self->error) : "");
}

/* --- between two requests, and before the first --------------------------------------------- */

static void enter_idle(struct site *site, struct idle *idle)
{
    idle->task = coro_current_task();
    idle->next = &site->idle;
    idle->prev = site->idle.prev;
    idle->prev->next = site->idle.prev = idle;
}

/* Twice is fine, and never entered too. */
static void leave_idle(struct idle *idle)
{
    if (idle->next == NULL)
        return;
    idle->prev->next = idle->next;
    idle->next->prev = idle->prev;
    idle->next = NULL;
}

void stop_connections(struct site *site)
{
    site->stopping = true;
    for (struct idle *idle = site->idle.next; idle != &site->idle; idle = idle->next)
        coro_task_cancel(idle->task);
}

enum { TLS_HANDSHAKE = 22 };    /* the first byte of who speaks TLS; of HTTP it is a letter */

/* An idle client, as it were: a stop does not wait for it. */
ASYNC(begin_tls, ARGS(coro_stream **, place, struct site *, site),
      VARS(struct idle idle; size_t n;))
{
    ASYNC_BEGIN;
    enter_idle(self->site, &self->idle);
    AWAIT(self->n, coro_wait_for(coro_stream_peek(*self->place, 1),
                                 CORO_SECONDS(HANDSHAKE_LIMIT_S)));
    if (self->n == 0 || *coro_stream_buffered(*self->place, &self->n) == TLS_HANDSHAKE)
        AWAIT(coro_start_tls(self->place, self->site->tls, NULL));
  ASYNC_FINALLY:
    leave_idle(&self->idle);
    ASYNC_END;
}

coro_void *shake_hands(coro_stream **stream, void *context)
{
    return (coro_void *)(void *)begin_tls(stream, context);
}

/* Makes the answer to the head at the front of the buffer, and takes it off. */
static void answer_head(struct serve_connection *self)
{
    size_t size;
    const char *data = coro_stream_buffered(self->stream, &size);
    answer_make(&self->answer, self->site, data, self->size);
    coro_stream_consume(self->stream, self->size);
}

/* Reads what follows the head, and sends the answer. Its error is the client's. */
ASYNC(answer_request, ARGS(struct serve_connection *, connection), VARS(int status;))
{
    ASYNC_BEGIN;
    AWAIT(self->status, skip_body(self->connection->stream, &self->connection->answer.body));
    if (self->status != 0) {
        answer_free(&self->connection->answer);
        answer_error(&self->connection->answer, self->status);
    }
    AWAIT(send_answer(self->connection->stream, &self->connection->answer));
    ASYNC_END;
}

ASYNC_DEFINE(serve_connection)
{
    ASYNC_BEGIN;
    self->site = self->context;
    self->answer.file = -1;
    if (coro_stream_peer_name(self->stream, self->peer, sizeof self->peer) != 0)
        self->peer[0] = '-';
    do {
        enter_idle(self->site, &self->idle);
        AWAIT_CATCH(self->error, self->size, read_head(self->stream, self->site->idle_s));
        leave_idle(&self->idle);
        if (self->error == 0 && self->size == 0)
            ASYNC_RETURN();
        if (self->error == 0 && self->site->tls != NULL && !coro_stream_is_tls(self->stream)) {
            answer_error(&self->answer, 400);   /* http to a port of https, in plain text */
        } else if (self->error == 0) {
            if (self->site->delay_ms > 0)
                AWAIT(coro_sleep(CORO_MS(self->site->delay_ms)));
            answer_head(self);
        } else if (self->error == CORO_ETIMEDOUT) {
            answer_error(&self->answer, 408);
        } else if (self->error == CORO_ELIMIT) {
            answer_error(&self->answer, status_of_long_head(self->stream));
        } else {
            break;
        }
        AWAIT_CATCH(self->error, answer_request(self));
        log_answer(self);
        self->again = self->error == 0 && self->answer.keep_alive;
        answer_free(&self->answer);
    } while (self->again);
    if (self->error == CORO_ECANCELED || self->error == CORO_ENOMEM)
        ASYNC_THROW(self->error);
    if (self->error == 0)
        AWAIT_CATCH(self->error, coro_wait_for(linger(self->stream), CORO_SECONDS(LINGER_LIMIT_S)));
  ASYNC_FINALLY:
    leave_idle(&self->idle);
    answer_free(&self->answer);
    ASYNC_END;
}
