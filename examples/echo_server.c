/* SPDX-License-Identifier: MIT */
/* echo_server.c: says what it hears; `echo_server 7777`, then `nc localhost 7777`. */
#include <coro/coro.h>
#include <signal.h>

ASYNC(echo, ARGS(coro_stream *, stream, void *, context),
      VARS(size_t n;), SCRATCH(char buffer[4096];))
{
    ASYNC_BEGIN;
    do {
        AWAIT(self->n, coro_stream_read(self->stream, self->buffer, sizeof self->buffer));
        AWAIT(coro_stream_write(self->stream, self->buffer, self->n));
    } while (self->n > 0);
    ASYNC_END;
}
ASYNC(main_async, ARGS(const char *, port), VARS(coro_server *server; int signal_number;))
{
    ASYNC_BEGIN;
    AWAIT(self->server, coro_start_server(CORO_HANDLER(echo), NULL, "127.0.0.1", self->port, NULL));
    AWAIT(self->signal_number, coro_signal_wait(CORO_SIGNAL(SIGINT) | CORO_SIGNAL(SIGTERM)));
    AWAIT(coro_server_shutdown(self->server, CORO_SECONDS(1)));
    ASYNC_END;
}

int main(int argc, char **argv)
{
    return coro_main(main_async(argc > 1 ? argv[1] : "7777"));
}
