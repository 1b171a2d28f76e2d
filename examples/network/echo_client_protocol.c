/* SPDX-License-Identifier: MIT */
/* echo_client_protocol.c: sends three parts and an end, and hears them again, by callbacks. */
#include <coro/coro.h>
#include <stdio.h>
#include <string.h>

static const char *const parts[] = {"This is the message. ", "It will be sent ", "in parts."};

typedef struct client {
    coro_protocol protocol; /* first */
    coro_future done;       /* when the server has closed */
} client;

static void made(coro_protocol *self)
{
    puts("connected");
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        size_t length = strlen(parts[i]);
        printf("sending \"%s\"\n", parts[i]);
        if (coro_protocol_write(self, parts[i], length) != 0)
            coro_protocol_abort(self);
    }
    coro_protocol_write_eof(self);
}

static void received(coro_protocol *self, const void *data, size_t size)
{
    (void)self;
    printf("received \"%.*s\"\n", (int)size, (const char *)data);
}

static bool ended(coro_protocol *self)
{
    (void)self;
    puts("received EOF");
    return false;
}

static void lost(coro_protocol *self, int error)
{
    puts("server closed the connection");
    if (error != 0)
        coro_future_set_error(&((client *)(void *)self)->done, error);
    else
        coro_future_set_result(&((client *)(void *)self)->done, NULL);
}

static const coro_protocol_type asking = {
    .connection_made = made,
    .data_received = received,
    .eof_received = ended,
    .connection_lost = lost,
};

ASYNC(main_async, ARGS(const char *, port), VARS(client client; void *nothing;))
{
    ASYNC_BEGIN;
    coro_future_init(&self->client.done);
    coro_protocol_init(&self->client.protocol, &asking);
    AWAIT(coro_create_connection(&self->client.protocol, "127.0.0.1", self->port, NULL));
    AWAIT(self->nothing, coro_future_wait(&self->client.done));
    coro_future_close(&self->client.done);
    ASYNC_END;
}

int main(int argc, char **argv)
{
    return coro_main(main_async(argc > 1 ? argv[1] : "10000"));
}
