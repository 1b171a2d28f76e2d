/* SPDX-License-Identifier: MIT */
/* graceful_shutdown.c: each line is a job that lasts a while. At a SIGTERM the service takes no new
 * client; the ones that are there have two seconds to go, then their connections are reset. */
#include "common/until_stopped.h"

#include <coro/coro.h>
#include <stdio.h>

ASYNC(serve, ARGS(coro_stream *, stream, void *, context), VARS(size_t n;),
      SCRATCH(char line[80];))
{
    ASYNC_BEGIN;
    for (;;) {
        AWAIT(self->n, coro_stream_read_line(self->stream, self->line, sizeof self->line));
        if (self->n == 0)
            break;
        AWAIT(coro_sleep(CORO_MS(500))); /* the job */
        AWAIT(coro_stream_printf(self->stream, "done: %.*s", (int)self->n, self->line));
    }
    puts("a client has gone");
    ASYNC_END;
}

ASYNC(main_async, ARGS(const char *, port), VARS(coro_server *server;))
{
    ASYNC_BEGIN;
    AWAIT(self->server,
          coro_start_server(CORO_HANDLER(serve), NULL, "127.0.0.1", self->port, NULL));
    AWAIT(server_until_stopped(self->server));
    printf("stopping: %zu clients\n", coro_server_connections(self->server));
  ASYNC_FINALLY:
    AWAIT(coro_server_shutdown(self->server, CORO_SECONDS(2)));
    puts("stopped");
    ASYNC_END;
}

int main(int argc, char **argv)
{
    return coro_main(main_async(argc > 1 ? argv[1] : "10000"));
}
