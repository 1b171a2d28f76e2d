/* SPDX-License-Identifier: MIT */
/* tcp_proxy.c: PORT HOST SERVICE: each connection is passed on to the host's, byte by byte, each
 * direction with an end of its own. */
#include "common/until_stopped.h"

#include <coro/coro.h>
#include <stdio.h>

typedef struct target {
    const char *host, *service;
} target;

ASYNC(pass_on, ARGS(coro_stream *, from, coro_stream *, to), VARS(size_t n;),
      SCRATCH(char data[16384];))
{
    ASYNC_BEGIN;
    for (;;) {
        AWAIT(self->n, coro_stream_read(self->from, self->data, sizeof self->data));
        if (self->n == 0)
            break;
        AWAIT(coro_stream_write(self->to, self->data, self->n));
    }
    AWAIT(coro_stream_shutdown_write(self->to));
    ASYNC_END;
}

ASYNC(proxy, ARGS(coro_stream *, stream, void *, context),
      VARS(const target *to; coro_stream *other; coro_group group;))
{
    ASYNC_BEGIN;
    self->to = self->context;
    AWAIT(self->other, coro_open_connection(self->to->host, self->to->service, NULL));
    CORO_GROUP(self->group) {
        coro_group_create_task(&self->group, pass_on(self->stream, self->other));
        AWAIT(pass_on(self->other, self->stream));
    }
  ASYNC_FINALLY:
    AWAIT(coro_stream_close(&self->other));
    ASYNC_END;
}

ASYNC(main_async, ARGS(const char *, port, target *, to), VARS(coro_server *server;))
{
    ASYNC_BEGIN;
    AWAIT(self->server,
          coro_start_server(CORO_HANDLER(proxy), self->to, "127.0.0.1", self->port, NULL));
    AWAIT(server_until_stopped(self->server));
  ASYNC_FINALLY:
    AWAIT(coro_server_shutdown(self->server, CORO_SECONDS(1)));
    ASYNC_END;
}

int main(int argc, char **argv)
{
    target to;
    if (argc != 4) {
        fprintf(stderr, "usage: %s PORT HOST SERVICE\n", argv[0]);
        return 2;
    }
    to = (target){argv[2], argv[3]};
    return coro_main(main_async(argv[1], &to));
}
