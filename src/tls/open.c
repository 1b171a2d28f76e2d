/* SPDX-License-Identifier: MIT */
/*
 * open.c - connections and servers that speak TLS from their first byte.
 *
 * Both are those of coro/net.h with coro_start_tls behind: for a client, after the
 * connect; for a server, in each connection's own task, before its handler.
 */
#define _GNU_SOURCE
#include "internal.h"

#if CORO_WITH_TLS

#include <pthread.h>

static void drop_stream(coro_stream *stream)
{
    coro_stream_abort(&stream);
}

/* --- a connection -------------------------------------------------------------------------- */

/* Made when it is needed first, and kept; what has failed once is tried again. */
static coro_tls_context *usual_context(int *error)
{
    static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    static coro_tls_context *usual;
    coro_tls_context *result;
    *error = 0;
    pthread_mutex_lock(&mutex);
    if (usual == NULL)
        *error = coro_tls_client_context(&usual, NULL);
    result = usual;
    pthread_mutex_unlock(&mutex);
    return result;
}

ASYNC(open_tls_connection, RETURNS(coro_stream *, drop_stream),
      ARGS(const char *, host, const char *, service, coro_tls_context *, context,
           const coro_tls_options *, options),
      VARS(coro_stream *stream; coro_tls_options own; int error;))
{
    ASYNC_BEGIN;
    if (self->context == NULL)
        self->context = usual_context(&self->error);
    if (self->error != 0)
        ASYNC_THROW(self->error);
    if (self->options != NULL)
        self->own = *self->options;
    if (self->own.server_name == NULL)
        self->own.server_name = self->host;
    AWAIT(self->stream, coro_open_connection(self->host, self->service, &self->own.connect));
    AWAIT_CATCH(self->error, coro_start_tls(&self->stream, self->context, &self->own));
    if (self->error != 0) {
        coro_stream_abort(&self->stream); /* of a handshake that could not even begin */
        ASYNC_THROW(self->error);
    }
    ASYNC_RETURN(self->stream);
    ASYNC_END;
}

coro_connecting *coro_open_tls_connection(const char *host, const char *service,
                                          coro_tls_context *context,
                                          const coro_tls_options *options)
{
    return (coro_connecting *)(void *)open_tls_connection(host, service, context, options);
}

/* --- a server ------------------------------------------------------------------------------ */

static coro_void *wrap(coro_stream **stream, void *context)
{
    return coro_start_tls(stream, context, NULL);
}

ASYNC(start_tls_server, RETURNS(coro_server *, coro_server_release),
      ARGS(coro_handler, handler, void *, context, const char *, host, const char *, service,
           coro_tls_context *, tls, const coro_server_options *, options),
      VARS(coro_server_options own; coro_server *server;))
{
    ASYNC_BEGIN;
    if (self->options != NULL)
        self->own = *self->options;
    self->own.wrap = wrap;
    self->own.wrap_context = self->tls;
    AWAIT(self->server, coro_start_server(self->handler, self->context, self->host, self->service,
                                          &self->own));
    ASYNC_RETURN(self->server);
    ASYNC_END;
}

coro_server_starting *coro_start_tls_server(coro_handler handler, void *context, const char *host,
                                            const char *service, coro_tls_context *tls,
                                            const coro_server_options *options)
{
    return (coro_server_starting *)(void *)start_tls_server(handler, context, host, service, tls,
                                                            options);
}

#endif
