/* SPDX-License-Identifier: MIT */
/*
 * client.c: one request at a time, on one connection at a time.
 *
 *     connect ──► request ──► head (1xx skipped) ──► pieces of the body ──► kept, or closed
 *        ▲            │ the kept connection was dead: once more
 *        └────────────┘
 *
 * Pieces are slices of the stream's own buffer, so a body is never copied and never held whole.
 */
#define _POSIX_C_SOURCE 200809L
#include "client.h"

#include <stdlib.h>
#include <string.h>

static bool is_at(const struct client *client, const url *u)
{
    return client->stream != NULL && client->origin_size == u->origin_size
        && memcmp(client->origin, u->text, u->origin_size) == 0
        && client->body.state == HTTP_BODY_DONE && client->response.keep_alive;
}

static void forget_response(struct client *client)
{
    free(client->response.location);
    memset(&client->response, 0, sizeof client->response);
    client->piece = (http_text){NULL, 0};
    client->used = 0;
}

static void forget_why(struct client *client)
{
    free(client->why);
    client->why = NULL;
}

void client_abort(struct client *client)
{
    coro_stream_abort(&client->stream);
    forget_response(client);
}

ASYNC_DEFINE(client_close)
{
    ASYNC_BEGIN;
  ASYNC_FINALLY:
    forget_response(self->client);
    forget_why(self->client);
    AWAIT(coro_stream_close(&self->client->stream));
    ASYNC_END;
}

static unsigned parse_seconds(http_text text)
{
    unsigned seconds = 0;
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] < '0' || text.data[i] > '9' || seconds > 1000000)
            return 0;                           /* a date: our own backoff will do */
        seconds = seconds * 10 + (unsigned)(text.data[i] - '0');
    }
    return seconds;
}

/* Keeps of the head what is asked for later; the head itself goes. 0 or an error. */
static int keep_response(struct client *client, const char *data, size_t size)
{
    http_head head;
    struct response *response = &client->response;
    if (http_parse_response(&head, data, size) != 0)
        return CLIENT_ENOTHTTP;
    http_body_begin_response(&client->body, &head, false);
    response->status = head.status;
    response->keep_alive = head.keep_alive && client->body.state != HTTP_BODY_TO_EOF;
    response->retry_after_s = parse_seconds(http_find(&head, "retry-after"));
    http_text type = http_find(&head, "content-type");
    size_t name = 0;
    while (name < type.size && type.data[name] != ';' && type.data[name] != ' ')
        name++;
    type.size = name;
    response->is_html = http_text_is_nocase(type, "text/html")
        || http_text_is_nocase(type, "application/xhtml+xml");
    http_text location = http_find(&head, "location");
    if (location.data != NULL) {
        response->location = strndup(location.data, location.size);
        if (response->location == NULL)
            return CORO_ENOMEM;
    }
    return 0;
}

/* Looks for a head in the buffer: 1 found and taken, 0 more must come, or an error. */
static int take_head(struct client *client, size_t *scanned, size_t *have)
{
    const char *data = coro_stream_buffered(client->stream, have);
    size_t size = http_head_size(data, *have, scanned);
    if (size == 0)
        return *have >= HTTP_HEAD_MAX ? CLIENT_ENOTHTTP : 0;
    int error = keep_response(client, data, size);
    coro_stream_consume(client->stream, size);
    *scanned = 0;
    return error != 0 ? error : 1;
}

ASYNC(read_response, ARGS(struct client *, client), VARS(size_t have, got, scanned; int result;))
{
    ASYNC_BEGIN;
    do {
        self->result = take_head(self->client, &self->scanned, &self->have);
        if (self->result < 0)
            ASYNC_THROW(self->result);
        if (self->result == 1 && self->client->response.status >= 200)
            break;
        if (self->result == 0) {
            AWAIT(self->got, coro_stream_peek(self->client->stream, self->have + 1));
            if (self->got <= self->have)
                ASYNC_THROW(self->have > 0 ? CORO_EINCOMPLETE : CORO_ECONNRESET);
        }
    } while (true);
    ASYNC_END;
}

static void drop_stream(coro_stream *stream)
{
    coro_stream_abort(&stream);
}

/* What is said of a server that is not believed is kept for the report. */
ASYNC(connect_tls, RETURNS(coro_stream *, drop_stream),
      ARGS(struct client *, client, const char *, host, const char *, port),
      VARS(coro_stream *stream; coro_tls_options tls; int error;), SCRATCH(char why[160];))
{
    ASYNC_BEGIN;
    self->why[0] = '\0';
    self->tls.reason = self->why;
    self->tls.reason_size = sizeof self->why;
    AWAIT_CATCH(self->error, self->stream,
                coro_open_tls_connection(self->host, self->port, self->client->tls, &self->tls));
    if (self->error == 0)
        ASYNC_RETURN(self->stream);
    if (self->why[0] != '\0')
        self->client->why = strdup(self->why);
    ASYNC_THROW(self->error);
    ASYNC_END;
}

ASYNC(exchange, ARGS(struct client *, client, url, target), VARS(const char *authority; int size;))
{
    ASYNC_BEGIN;
    self->size = (int)url_authority(&self->target, &self->authority);
    AWAIT(coro_stream_printf(self->client->stream,
                             "GET %s HTTP/1.1\r\n"
                             "Host: %.*s\r\n"
                             "User-Agent: coro-crawl/1.0\r\n"
                             "Accept: */*\r\n\r\n",
                             url_target(&self->target), self->size, self->authority));
    AWAIT(read_response(self->client));
    ASYNC_END;
}

ASYNC_DEFINE(client_get)
{
    ASYNC_BEGIN;
    self->reused = is_at(self->client, &self->target);
    forget_response(self->client);
    forget_why(self->client);
    if (self->reused) {
        AWAIT_CATCH(self->error,
                    coro_wait_for(exchange(self->client, self->target), self->timeout));
        if (self->error == 0)
            ASYNC_RETURN();
        if (self->error == CORO_ETIMEDOUT || self->error == CORO_ECANCELED)
            ASYNC_THROW(self->error);
    }
    client_abort(self->client);                 /* nothing was left to be sent */
    url_host_port(&self->target, self->host, self->port);
    if (url_is_https(&self->target))
        AWAIT(self->client->stream,
              coro_wait_for(connect_tls(self->client, self->host, self->port), self->timeout));
    else
        AWAIT(self->client->stream,
              coro_wait_for(coro_open_connection(self->host, self->port, NULL), self->timeout));
    memcpy(self->client->origin, self->target.text, self->target.origin_size);
    self->client->origin_size = self->target.origin_size;
    AWAIT_CATCH(self->error, coro_wait_for(exchange(self->client, self->target), self->timeout));
    if (self->error != 0) {
        client_abort(self->client);
        ASYNC_THROW(self->error);
    }
    ASYNC_END;
}

/* Looks for a piece. 1: there is one; 2: framing was taken off; 0: *want bytes are needed. */
static int take_piece(struct client *client, size_t *want)
{
    size_t have;
    const char *data = coro_stream_buffered(client->stream, &have);
    ptrdiff_t used = have > 0 ? http_body_next(&client->body, data, have, &client->piece) : 0;
    if (used < 0)
        return CLIENT_ENOTHTTP;
    *want = have + 1;
    if (client->piece.size == 0) {
        coro_stream_consume(client->stream, (size_t)used);
        *want -= (size_t)used;
        return used > 0 ? 2 : 0;
    }
    client->used = (size_t)used;                /* piece begins where the used bytes do */
    return 1;
}

ASYNC_DEFINE(client_read)
{
    ASYNC_BEGIN;
    coro_stream_consume(self->client->stream, self->client->used);
    self->client->used = 0;
    self->client->piece = (http_text){NULL, 0};
    CORO_TIMEOUT(self->limit, self->timeout) {
        while (self->client->body.state != HTTP_BODY_DONE) {
            self->step = take_piece(self->client, &self->want);
            if (self->step < 0)
                ASYNC_THROW(self->step);
            if (self->step == 1)
                ASYNC_RETURN(true);
            if (self->step == 2)
                continue;
            AWAIT(self->have, coro_stream_peek(self->client->stream, self->want));
            if (self->have < self->want) {
                if (!http_body_eof(&self->client->body))
                    ASYNC_THROW(CORO_EINCOMPLETE);
            }
        }
    }
    ASYNC_RETURN(false);
    ASYNC_END;
}

const char *client_why(const struct client *client, int error)
{
    return client->why != NULL ? client->why : client_strerror(error);
}

const char *client_strerror(int error)
{
    return error == CLIENT_ENOTHTTP ? "the answer is not HTTP/1.1" : coro_strerror(error);
}
