/* SPDX-License-Identifier: MIT */
/*
 * A server's handler gives its arguments other names.
 *
 *   gcc -O0: error no member named 'stream'
 *   gcc -O2: error no member named 'stream'
 *   clang -O0: error no member named 'stream'
 *   clang -O2: error no member named 'stream'
 *   tcc: error field not found: stream
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
ASYNC(handle, ARGS(coro_stream *, s, void *, c))
{
    ASYNC_BEGIN;
    AWAIT(coro_yield());
    (void)self->c;
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
