/* SPDX-License-Identifier: MIT */
/*
 * A server's handler lacks an argument.
 *
 *   gcc -O0: error too many arguments
 *   gcc -O2: error too many arguments
 *   clang -O0: error too many arguments
 *   clang -O2: error too many arguments
 *   tcc: error too many arguments
 */
#include <coro/net.h>

#ifdef FIXED
ASYNC(handle, ARGS(coro_stream *, stream, void *, context))
{
    ASYNC_BEGIN;
    AWAIT(coro_stream_drain(self->stream));
    (void)self->context;
    ASYNC_END;
}
#else
ASYNC(handle, ARGS(coro_stream *, stream))
{
    ASYNC_BEGIN;
    AWAIT(coro_yield());
    (void)self->stream;
    ASYNC_END;
}
#endif

ASYNC(wrong, VARS(coro_server *server;))
{
    ASYNC_BEGIN;
    AWAIT(self->server, coro_start_server(CORO_HANDLER(handle), NULL, NULL, "7000", NULL));
    ASYNC_END;
}

struct wrong *start(void)
{
    return wrong();
}
