/* SPDX-License-Identifier: MIT */
/*
 * graceful.c - an end that both sides agree on.
 *
 *     we:    data ─► FIN ─► read on, and throw away ─► their end ─► close
 *     they:                 what was on its way ─► read ours to the end ─► FIN
 *
 * A TCP socket that is closed with unread bytes sends a reset, which may overtake
 * what was sent, so that the other side never sees it. Reading to the other's end
 * first avoids that; the limit is for those who never come to one.
 */
#include "internal.h"

#include <coro/async.h>
#include <coro/scope.h>

#if CORO_SCOPES && CORO_HOSTED

ASYNC(close_graceful, ARGS(coro_stream **, place, coro_duration, limit),
      VARS(coro_stream *stream; coro_scope scope; size_t n;))
{
    ASYNC_BEGIN;
    self->stream = *self->place;
    *self->place = NULL;
    if (self->stream == NULL)
        ASYNC_RETURN();
    coro_stream_end_read(self->stream, 0);
    CORO_TIMEOUT(self->scope, self->limit) {
        AWAIT(coro_stream_shutdown_write(self->stream));
        do {
            AWAIT(self->n, coro_stream_peek(self->stream, 1));
            coro_stream_consume(self->stream, self->n);
        } while (self->n > 0);
    }
    AWAIT(coro_stream_close(&self->stream)); /* nothing is left that it would wait for */
  ASYNC_FINALLY:
    if (self->coro.error == CORO_ETIMEDOUT)
        coro_stream_close_now(&self->stream); /* what is on its way may still arrive */
    coro_stream_abort(&self->stream);
    ASYNC_END;
}

coro_void *coro_stream_close_graceful(coro_stream **stream, coro_duration limit)
{
    return (coro_void *)(void *)close_graceful(stream, limit);
}

#endif
