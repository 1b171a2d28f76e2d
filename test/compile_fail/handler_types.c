/* SPDX-License-Identifier: MIT */
/*
 * A server's handler takes arguments of other types.
 *
 *   gcc -O0: warning incompatible pointer type
 *   gcc -O2: warning incompatible pointer type
 *   clang -O0: warning incompatible pointer type
 *   clang -O2: warning incompatible pointer type
 *   tcc: warning incompatible pointer type
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
ASYNC(handle, ARGS(const char *, stream, void *, context))
{
    ASYNC_BEGIN;
    AWAIT(coro_yield());
    (void)self->context;
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
