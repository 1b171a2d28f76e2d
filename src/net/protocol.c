/* SPDX-License-Identifier: MIT */
/*
 * protocol.c - where a protocol's stream comes from: a connect, or a server's client.
 *
 * A server's connection runs its protocol in the handler's task, a client's in a
 * task of its own, whose first step is taken at once: so connection_made comes
 * before the end of the await that made it.
 */
#define _GNU_SOURCE
#include "internal.h"

#include <coro/net_protocol.h>

ASYNC(run_client, ARGS(coro_stream *, stream, coro_protocol *, protocol))
{
    ASYNC_BEGIN;
    AWAIT(coro_protocol_run(&self->stream, self->protocol));
  ASYNC_FINALLY:
    coro_stream_abort(&self->stream); /* where it could not even begin */
    ASYNC_END;
}

ASYNC(create_connection,
      ARGS(coro_protocol *, protocol, const char *, host, const char *, service,
           const coro_connect_options *, options),
      VARS(coro_stream *stream; int error;))
{
    struct run_client *call;
    coro_task *task;
    ASYNC_BEGIN;
    if (self->protocol->run != NULL)
        ASYNC_THROW(CORO_EALREADY);
    AWAIT(self->stream, coro_open_connection(self->host, self->service, self->options));
    call = run_client(self->stream, self->protocol);
    if (call->coro.error != 0)
        ASYNC_THROW(CORO_ENOMEM);
    task = coro_create_task_eager(call);
    if (task == NULL)
        ASYNC_THROW(CORO_ENOMEM);
    self->stream = NULL;
    coro_task_set_name(task, "protocol");
    self->error = coro_task_done(task) ? coro_task_error(task) : 0; /* no memory: it never began */
    coro_task_release(task);
    if (self->error != 0)
        ASYNC_THROW(self->error);
  ASYNC_FINALLY:
    coro_stream_abort(&self->stream);
    ASYNC_END;
}

coro_void *coro_create_connection(coro_protocol *protocol, const char *host, const char *service,
                                  const coro_connect_options *options)
{
    return (coro_void *)(void *)create_connection(protocol, host, service, options);
}

ASYNC(serve_protocol, ARGS(coro_stream *, stream, void *, context), VARS(coro_protocol *protocol;))
{
    const coro_protocol_factory *factory;
    ASYNC_BEGIN;
    factory = self->context;
    self->protocol = factory->make(factory->context);
    if (self->protocol == NULL)
        ASYNC_THROW(CORO_ENOMEM);
    AWAIT(coro_protocol_run(&self->stream, self->protocol));
  ASYNC_FINALLY:
    /* It never began, for want of memory; whoever made the protocol for us wants it back. */
    if (self->protocol != NULL && self->stream != NULL &&
        self->protocol->type->connection_lost != NULL)
        self->protocol->type->connection_lost(self->protocol, self->coro.error);
    ASYNC_END;
}

coro_server_starting *coro_create_server(const coro_protocol_factory *factory, const char *host,
                                         const char *service, const coro_server_options *options)
{
    return coro_start_server(CORO_HANDLER(serve_protocol), (void *)(uintptr_t)factory, host,
                             service, options);
}
