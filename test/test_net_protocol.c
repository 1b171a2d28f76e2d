/* SPDX-License-Identifier: MIT */
/*
 * test_net_protocol.c: protocols at both ends of TCP.
 */
#define _GNU_SOURCE
#include "net_fixture.h"

#include <coro/flag.h>
#include <coro/net_protocol.h>

SUITE(net_protocol);

/* --- a server's: gives back what it gets, and frees itself ----------------------------------- */

typedef struct echoing {
    coro_protocol protocol; /* first */
} echoing;

static int alive;

static void echo_received(coro_protocol *self, const void *data, size_t size)
{
    int error = coro_protocol_write(self, data, size);
    HOLDS(error == 0 || error == CORO_ENOMEM);
    if (error != 0)
        coro_protocol_abort(self);
}

static void echo_lost(coro_protocol *self, int error)
{
    HOLDS(error == 0 || error == CORO_ENOMEM || error == CORO_ECONNRESET ||
          error == CORO_ECANCELED);
    alive--;
    free(self);
}

static const coro_protocol_type echo_type = {
    .data_received = echo_received,
    .connection_lost = echo_lost,
};

static coro_protocol *make_echo(void *context)
{
    echoing *fresh = malloc(sizeof *fresh);
    HOLDS(context == &alive);
    alive++;
    coro_protocol_init(&fresh->protocol, &echo_type);
    return &fresh->protocol;
}

static coro_protocol *make_none(void *context)
{
    (void)context;
    return NULL;
}

static const coro_protocol_factory echoes = {make_echo, &alive}, nobody = {make_none, NULL};

/* --- a client: sends its lines, and is done when as much has come back ----------------------- */

static struct {
    coro_protocol protocol; /* first */
    size_t size;
    bool is_made;
    int error;
    coro_flag lost;
} client;

static void client_made(coro_protocol *self)
{
    HOLDS(!client.is_made && coro_stream_fd(coro_protocol_stream(self)) >= 0);
    client.is_made = true;
    client.error = coro_protocol_write(self, "to and fro", 10);
    if (client.error != 0)
        coro_protocol_abort(self);
}

static void client_received(coro_protocol *self, const void *data, size_t size)
{
    HOLDS(client.size + size <= 10);
    HOLDS(memcmp(&"to and fro"[client.size], data, size) == 0);
    client.size += size;
    if (client.size == 10)
        EQ(coro_protocol_write_eof(self), 0);
}

static void client_lost(coro_protocol *self, int error)
{
    (void)self;
    if (client.error == 0)
        client.error = error;
    coro_flag_set(&client.lost);
}

static const coro_protocol_type client_type = {
    .connection_made = client_made,
    .data_received = client_received,
    .connection_lost = client_lost,
};

static void client_init(void)
{
    memset(&client, 0, sizeof client);
    coro_protocol_init(&client.protocol, &client_type);
}

/* --- together ----------------------------------------------------------------------------- */

ASYNC(there_and_back, VARS(coro_server *server; int error;))
{
    ASYNC_BEGIN;
    client_init();
    AWAIT(self->server, coro_create_server(&echoes, "127.0.0.1", "0", NULL));
    AWAIT(coro_create_connection(&client.protocol, "127.0.0.1", port_text(self->server), NULL));
    HOLDS(client.is_made);
    if (client.protocol.run != NULL) {
        AWAIT_CATCH(self->error, coro_create_connection(&client.protocol, "127.0.0.1",
                                                        port_text(self->server), NULL));
        HOLDS(self->error == CORO_EALREADY || self->error == CORO_ENOMEM);
    }
    AWAIT(coro_flag_wait(&client.lost));
    if (client.error != 0)
        ASYNC_THROW(client.error);
    if (memory.failed == 0) /* else the server may have sent the client away */
        EQ(client.size, 10);
  ASYNC_FINALLY:
    AWAIT(coro_server_shutdown(self->server, 0));
    EQ(alive, 0);
    ASYNC_END;
}

Test(net_protocol, at_both_ends_says_it_and_hears_it)
{
    EQ(RUN_NET(there_and_back()), 0);
}

Test(net_protocol, each_allocation_may_fail)
{
    for (size_t n = 1;; n++) {
        int error;
        memset(&memory, 0, sizeof memory);
        memory.fail_at = n;
        error = RUN_NET_LOUD(there_and_back());
        HOLDS(error == 0 || error == CORO_ENOMEM || error == CORO_ECONNRESET);
        EQ(alive, 0);
        if (memory.failed == 0)
            break;
    }
}

ASYNC(refused, VARS(int error;))
{
    ASYNC_BEGIN;
    client_init();
    AWAIT_CATCH(self->error, coro_create_connection(&client.protocol, "127.0.0.1", "1", NULL));
    EQ(self->error, CORO_ECONNREFUSED);
    HOLDS(!client.is_made && client.protocol.run == NULL);
    ASYNC_END;
}

Test(net_protocol, of_a_refused_connection_is_not_called)
{
    EQ(RUN_NET(refused()), 0);
}

ASYNC(sent_away, VARS(coro_server *server; coro_stream *stream; size_t n; int error; char c;))
{
    ASYNC_BEGIN;
    AWAIT(self->server, coro_create_server(&nobody, "127.0.0.1", "0", NULL));
    AWAIT_CATCH(self->error, self->stream,
                coro_open_connection("127.0.0.1", port_text(self->server), NULL));
    if (self->error == 0)
        AWAIT_CATCH(self->error, self->n, coro_stream_read(self->stream, &self->c, 1));
    EQ(self->error, CORO_ECONNRESET);
  ASYNC_FINALLY:
    coro_stream_abort(&self->stream);
    AWAIT(coro_server_shutdown(self->server, 0));
    ASYNC_END;
}

Test(net_protocol, a_client_without_a_protocol_is_sent_away)
{
    EQ(RUN_NET_LOUD(sent_away()), 0);
    EQ(heard.count, 1);
    EQ(heard.list[0].error, CORO_ENOMEM);
}

ASYNC(writes_to_the_reset, VARS(struct sockaddr_in at; int listener, other; char port[8];))
{
    ASYNC_BEGIN;
    client_init();
    self->listener = listen_somewhere(1, &self->at);
    snprintf(self->port, sizeof self->port, "%u", ntohs(self->at.sin_port));
    AWAIT(coro_create_connection(&client.protocol, "127.0.0.1", self->port, NULL));
    self->other = accept(self->listener, NULL, NULL);
    reset_by(self->other);
    EQ(coro_protocol_write(&client.protocol, "x", 1), 0); /* which meets the reset first */
    while (client.protocol.run != NULL)
        AWAIT(coro_sleep(CORO_MS(1)));
    EQ(client.error, CORO_ECONNRESET);
  ASYNC_FINALLY:
    close(self->listener);
    ASYNC_END;
}

Test(net_protocol, is_lost_by_a_reset_that_a_write_has_met)
{
    EQ(RUN_NET(writes_to_the_reset()), 0);
}

ASYNC(left_behind, VARS(coro_server *server;))
{
    ASYNC_BEGIN;
    client_init();
    AWAIT(self->server, coro_create_server(&echoes, "127.0.0.1", "0", NULL));
    AWAIT(coro_create_connection(&client.protocol, "127.0.0.1", port_text(self->server), NULL));
  ASYNC_FINALLY:
    coro_server_release(self->server);
    ASYNC_END;
}

Test(net_protocol, is_told_when_its_loop_is_closed)
{
    EQ(RUN_NET(left_behind()), 0);
    EQ(client.error, CORO_ECANCELED);
    EQ(alive, 0);
}
