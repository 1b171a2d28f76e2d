/* SPDX-License-Identifier: MIT */
/*
 * http.c - HTTP/1.1 with keep-alive and pipelining; the parser is the examples'.
 *
 * The answers to all requests of one read leave in one system call, because small
 * writes of one turn do.
 */
#include "server.h"

#include "../../examples/common/http.h"

#include <string.h>

#define HELLO                                                                                      \
    "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 13\r\n\r\nHello, World!"
#define MISSING                                                                                    \
    "HTTP/1.1 404 Not Found\r\nContent-Type: text/plain\r\nContent-Length: 10\r\n\r\nNot found\n"
#define BAD "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"

/* The answer to a complete head; *go_on: is another one welcome? */
static const char *answer(const char *data, size_t size, bool *go_on)
{
    http_head head;
    if (http_parse_request(&head, data, size) != 0) {
        *go_on = false;
        return BAD;
    }
    *go_on = head.keep_alive;
    return http_text_is(head.method, "GET") && http_text_is(head.target, "/") ? HELLO : MISSING;
}

ASYNC(http, ARGS(coro_stream *, stream, void *, context),
      VARS(size_t scanned, size, have; const char *text; bool go_on;))
{
    ASYNC_BEGIN;
    self->go_on = true;
    while (self->go_on) {
        self->text = coro_stream_buffered(self->stream, &self->have);
        self->size = http_head_size(self->text, self->have, &self->scanned);
        if (self->size > 0) {
            self->text = answer(self->text, self->size, &self->go_on);
            coro_stream_consume(self->stream, self->size);
            self->scanned = 0;
            AWAIT(coro_stream_write(self->stream, self->text, strlen(self->text)));
        } else if (self->have > HTTP_HEAD_MAX) {
            AWAIT(coro_stream_write(self->stream, BAD, sizeof BAD - 1));
            break;
        } else {
            AWAIT(self->size, coro_stream_peek(self->stream, self->have + 1));
            if (self->size <= self->have)
                break;
        }
    }
    ASYNC_END;
}

coro_handler bench_http(void)
{
    return CORO_HANDLER(http);
}
