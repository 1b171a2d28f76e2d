/* SPDX-License-Identifier: MIT */
/*
 * echo.c - gives back the bytes that it reads, and closes when the client does.
 *
 * It looks at what the stream has buffered instead of bringing a buffer of its
 * own: a connection that says nothing then holds none.
 */
#include "server.h"

ASYNC(echo, ARGS(coro_stream *, stream, void *, context), VARS(const char *data; size_t size;))
{
    ASYNC_BEGIN;
    for (;;) {
        AWAIT(self->size, coro_stream_peek(self->stream, 1));
        if (self->size == 0)
            break;
        self->data = coro_stream_buffered(self->stream, &self->size);
        AWAIT(coro_stream_write(self->stream, self->data, self->size));
        coro_stream_consume(self->stream, self->size);
    }
    ASYNC_END;
}

coro_handler bench_echo(void)
{
    return CORO_HANDLER(echo);
}
