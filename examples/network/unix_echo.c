/* SPDX-License-Identifier: MIT */
/* unix_echo.c: PATH: gives back what it gets at a Unix socket; or PATH TEXT: asks who is there. */
#include "common/until_stopped.h"

#include <coro/coro.h>
#include <stdio.h>
#include <string.h>

ASYNC(echo, ARGS(coro_stream *, stream, void *, context), VARS(size_t n;),
      SCRATCH(char data[1024];))
{
    ASYNC_BEGIN;
    for (;;) {
        AWAIT(self->n, coro_stream_read(self->stream, self->data, sizeof self->data));
        if (self->n == 0)
            break;
        AWAIT(coro_stream_write(self->stream, self->data, self->n));
    }
    ASYNC_END;
}

ASYNC(serve, ARGS(const char *, path),
      VARS(coro_server *server; coro_server_options options;))
{
    ASYNC_BEGIN;
    self->options.mode = 0600;
    AWAIT(self->server,
          coro_start_unix_server(CORO_HANDLER(echo), NULL, self->path, &self->options));
    AWAIT(server_until_stopped(self->server));
  ASYNC_FINALLY:
    AWAIT(coro_server_shutdown(self->server, CORO_SECONDS(1)));
    ASYNC_END;
}

ASYNC(ask, ARGS(const char *, path, const char *, text), VARS(coro_stream *stream; size_t n;),
      SCRATCH(char data[1024];))
{
    ASYNC_BEGIN;
    AWAIT(self->stream, coro_open_unix_connection(self->path));
    AWAIT(coro_stream_write(self->stream, self->text, strlen(self->text)));
    AWAIT(coro_stream_shutdown_write(self->stream));
    for (;;) {
        AWAIT(self->n, coro_stream_read(self->stream, self->data, sizeof self->data));
        if (self->n == 0)
            break;
        printf("%.*s", (int)self->n, self->data);
    }
  ASYNC_FINALLY:
    AWAIT(coro_stream_close(&self->stream));
    ASYNC_END;
}

int main(int argc, char **argv)
{
    if (argc < 2)
        return fprintf(stderr, "usage: %s PATH [TEXT]\n", argv[0]), 2;
    return argc > 2 ? coro_main(ask(argv[1], argv[2])) : coro_main(serve(argv[1]));
}
