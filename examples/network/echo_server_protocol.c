/* SPDX-License-Identifier: MIT */
/* echo_server_protocol.c: gives back what it gets, by callbacks. */
#include "common/until_stopped.h"

#include <coro/coro.h>
#include <stdio.h>
#include <stdlib.h>

/* One for each client, from its first byte to its last. */
typedef struct echo {
    coro_protocol protocol; /* first */
    char peer[64];
} echo;

static void made(coro_protocol *self)
{
    echo *client = (echo *)(void *)self;
    coro_stream_peer_name(coro_protocol_stream(self), client->peer, sizeof client->peer);
    printf("%s: connection accepted\n", client->peer);
}

static void received(coro_protocol *self, const void *data, size_t size)
{
    printf("%s: received \"%.*s\"\n", ((echo *)(void *)self)->peer, (int)size, (const char *)data);
    if (coro_protocol_write(self, data, size) == CORO_ENOMEM)
        coro_protocol_abort(self);
}

static bool ended(coro_protocol *self)
{
    printf("%s: received EOF\n", ((echo *)(void *)self)->peer);
    return false; /* close */
}

static void lost(coro_protocol *self, int error)
{
    printf("%s: %s\n", ((echo *)(void *)self)->peer, error ? coro_strerror(error) : "closing");
    free(self);
}

static const coro_protocol_type echoing = {
    .connection_made = made,
    .data_received = received,
    .eof_received = ended,
    .connection_lost = lost,
};

static coro_protocol *make(void *context)
{
    echo *client = calloc(1, sizeof *client);
    (void)context;
    if (client == NULL)
        return NULL;
    coro_protocol_init(&client->protocol, &echoing);
    return &client->protocol;
}

static const coro_protocol_factory factory = {make, NULL};

ASYNC(main_async, ARGS(const char *, port), VARS(coro_server *server;))
{
    ASYNC_BEGIN;
    AWAIT(self->server, coro_create_server(&factory, "127.0.0.1", self->port, NULL));
    AWAIT(server_until_stopped(self->server));
    AWAIT(coro_server_shutdown(self->server, CORO_SECONDS(1)));
    puts("closing server");
    ASYNC_END;
}

int main(int argc, char **argv)
{
    return coro_main(main_async(argc > 1 ? argv[1] : "10000"));
}
