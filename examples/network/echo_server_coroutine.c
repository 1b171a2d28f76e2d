/* SPDX-License-Identifier: MIT */
/* echo_server_coroutine.c: gives back what it gets, by a coroutine for each client. */
#include "common/until_stopped.h"

#include <coro/coro.h>
#include <stdio.h>

ASYNC(echo, ARGS(coro_stream *, stream, void *, context),
      VARS(char peer[64]; size_t n;), SCRATCH(char data[128];))
{
    ASYNC_BEGIN;
    coro_stream_peer_name(self->stream, self->peer, sizeof self->peer);
    printf("%s: connection accepted\n", self->peer);
    for (;;) {
        AWAIT(self->n, coro_stream_read(self->stream, self->data, sizeof self->data));
        if (self->n == 0)
            break;
        printf("%s: received \"%.*s\"\n", self->peer, (int)self->n, self->data);
        AWAIT(coro_stream_write(self->stream, self->data, self->n));
    }
    printf("%s: received EOF\n", self->peer);
    printf("%s: closing\n", self->peer);
    ASYNC_END;
}

ASYNC(main_async, ARGS(const char *, port), VARS(coro_server *server;))
{
    ASYNC_BEGIN;
    AWAIT(self->server,
          coro_start_server(CORO_HANDLER(echo), NULL, "127.0.0.1", self->port, NULL));
    AWAIT(server_until_stopped(self->server));
    AWAIT(coro_server_shutdown(self->server, CORO_SECONDS(1)));
    puts("closing server");
    ASYNC_END;
}

int main(int argc, char **argv)
{
    return coro_main(main_async(argc > 1 ? argv[1] : "10000"));
}
