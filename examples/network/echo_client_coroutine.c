/* SPDX-License-Identifier: MIT */
/* echo_client_coroutine.c: sends three parts and an end, and reads them again until the end. */
#include <coro/coro.h>
#include <stdio.h>
#include <string.h>

static const char *const parts[] = {"This is the message. ", "It will be sent ", "in parts."};

ASYNC(main_async, ARGS(const char *, port), VARS(coro_stream *stream; size_t i, n;),
      SCRATCH(char data[128];))
{
    ASYNC_BEGIN;
    AWAIT(self->stream, coro_open_connection("127.0.0.1", self->port, NULL));
    puts("connected");
    for (self->i = 0; self->i < sizeof parts / sizeof parts[0]; self->i++) {
        printf("sending \"%s\"\n", parts[self->i]);
        AWAIT(coro_stream_write(self->stream, parts[self->i], strlen(parts[self->i])));
    }
    AWAIT(coro_stream_shutdown_write(self->stream));
    puts("waiting for response");
    for (;;) {
        AWAIT(self->n, coro_stream_read(self->stream, self->data, sizeof self->data));
        if (self->n == 0)
            break;
        printf("received \"%.*s\"\n", (int)self->n, self->data);
    }
    puts("closing");
  ASYNC_FINALLY:
    AWAIT(coro_stream_close(&self->stream));
    ASYNC_END;
}

int main(int argc, char **argv)
{
    return coro_main(main_async(argc > 1 ? argv[1] : "10000"));
}
