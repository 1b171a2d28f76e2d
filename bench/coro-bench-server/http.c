/* SPDX-License-Identifier: MIT */
/*
 * http.c - HTTP/1.1 with keep-alive and pipelining; the parser is the examples'.
 *
 * The answers to all requests of one read leave in one system call, because small
 * writes of one turn do.
 */
#include "server.h"

#include "../../examples/common/http.h"

#define SLICE(text)                                                                                \
    {                                                                                              \
        text, sizeof text - 1                                                                      \
    }
static const coro_slice hello = SLICE("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
                                      "Content-Length: 13\r\n\r\nHello, World!");
static const coro_slice missing = SLICE("HTTP/1.1 404 Not Found\r\nContent-Type: text/plain\r\n"
                                        "Content-Length: 10\r\n\r\nNot found\n");
static const coro_slice bad = SLICE("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n"
                                    "Connection: close\r\n\r\n");

/* The answer to the next request, which is consumed; none while it is not complete.
 * *have: how much of it there is; *go_on: is another one welcome? */
static coro_slice answer(coro_stream *stream, size_t *have, size_t *scanned, bool *go_on)
{
    const char *data = coro_stream_buffered(stream, have);
    http_head head;
    int status = 400;
    size_t size = http_take_request(&head, &status, data, *have, scanned);
    coro_slice reply = bad;
    if (size == 0 && *have <= HTTP_HEAD_MAX)
        return (coro_slice){NULL, 0};
    *go_on = size > 0 && status == 0 && head.keep_alive;
    if (size > 0 && status == 0) {
        bool is_known = http_text_is(head.method, "GET") && http_text_is(head.target, "/");
        reply = is_known ? hello : missing;
    }
    coro_stream_consume(stream, size);
    *scanned = 0;
    return reply;
}

ASYNC(http, ARGS(coro_stream *, stream, void *, context),
      VARS(size_t have, size, scanned; coro_slice reply; bool go_on;))
{
    ASYNC_BEGIN;
    self->go_on = true;
    while (self->go_on) {
        self->reply = answer(self->stream, &self->have, &self->scanned, &self->go_on);
        if (self->reply.size > 0) {
            AWAIT(coro_stream_write(self->stream, self->reply.data, self->reply.size));
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
