/* SPDX-License-Identifier: MIT */
/*
 * test_datagram_protocol.c: the callbacks of datagrams, over UDP on 127.0.0.1.
 */
#define _GNU_SOURCE
#include "net_fixture.h"

#include <coro/flag.h>
#include <coro/net_protocol.h>

SUITE(datagram_protocol);

static char large[60000];
static int blocked; /* so many sends find no room */
static ssize_t (*system_sendmsg)(int fd, const struct msghdr *message, int flags);

typedef struct recorder {
    coro_datagram_protocol protocol; /* first */
    bool echoes, closes;
    int lost_error;
    coro_flag heard, gone;
} recorder;

static recorder *of(coro_datagram_protocol *self)
{
    return (recorder *)(void *)self;
}

static void made(coro_datagram_protocol *self)
{
    say("made ");
    HOLDS(coro_datagram_protocol_socket(self) != NULL);
}

static void received(coro_datagram_protocol *self, const void *data, size_t size,
                     const coro_address *from)
{
    say("got(%.*s) ", size < 20 ? (int)size : 20, (const char *)data);
    if (of(self)->echoes) {
        int error = coro_datagram_protocol_send(self, data, size, from);
        HOLDS(error == 0 || error == CORO_ENOMEM);
    }
    if (of(self)->closes)
        coro_datagram_protocol_close(self);
    coro_flag_set(&of(self)->heard);
}

static void complained(coro_datagram_protocol *self, int error)
{
    say("error(%s) ", coro_error_name(error));
    coro_flag_set(&of(self)->heard);
}

static void lost(coro_datagram_protocol *self, int error)
{
    say("lost(%s) ", error == 0 ? "" : coro_error_name(error));
    of(self)->lost_error = error;
    EQ(coro_datagram_protocol_send(self, "x", 1, NULL), CORO_EPIPE);
    HOLDS(coro_datagram_protocol_socket(self) == NULL);
    coro_flag_set(&of(self)->gone);
}

static void paused(coro_datagram_protocol *self)
{
    (void)self;
    say("pause ");
}

static void resumed(coro_datagram_protocol *self)
{
    (void)self;
    say("resume ");
}

static const coro_datagram_protocol_type recording = {
    .connection_made = made,
    .datagram_received = received,
    .error_received = complained,
    .connection_lost = lost,
    .pause_writing = paused,
    .resume_writing = resumed,
};

static recorder server, client;

static void init(recorder *one)
{
    memset(one, 0, sizeof *one);
    coro_datagram_protocol_init(&one->protocol, &recording);
}

/* A server that echoes, and a client of it, both open. */
ASYNC(open_both, VARS(coro_address at; char port[8]; coro_datagram_options options;))
{
    ASYNC_BEGIN;
    init(&server);
    init(&client);
    server.echoes = true;
    self->options = (coro_datagram_options){.local_host = "127.0.0.1", .local_service = "0"};
    AWAIT(coro_create_datagram_endpoint(&server.protocol, &self->options));
    if (server.lost_error != 0)
        ASYNC_THROW(server.lost_error);
    EQ(coro_datagram_local(coro_datagram_protocol_socket(&server.protocol), &self->at), 0);
    snprintf(self->port, sizeof self->port, "%u", coro_address_port(&self->at));
    self->options =
        (coro_datagram_options){.remote_host = "127.0.0.1", .remote_service = self->port};
    AWAIT(coro_create_datagram_endpoint(&client.protocol, &self->options));
    ASYNC_END;
}

/* --- there and back --------------------------------------------------------------------------- */

ASYNC(there_and_back, VARS(int error; coro_datagram_options options;))
{
    ASYNC_BEGIN;
    AWAIT(open_both());
    SAID("made made ");
    AWAIT_CATCH(self->error,
                coro_create_datagram_endpoint(&client.protocol, &self->options));
    EQ(self->error, CORO_EALREADY);
    EQ(coro_datagram_protocol_send(&client.protocol, "hello", 5, NULL), 0);
    AWAIT(coro_flag_wait(&client.heard));
    SAID("made made got(hello) got(hello) ");
    client.closes = true;
    EQ(coro_datagram_protocol_send(&client.protocol, "", 0, NULL), 0);
    AWAIT(coro_flag_wait(&client.gone));
    SAID("made made got(hello) got(hello) got() got() lost() ");
    coro_datagram_protocol_abort(&server.protocol);
    coro_datagram_protocol_abort(&server.protocol);
    AWAIT(coro_flag_wait(&server.gone));
    EQ(coro_datagram_protocol_send(&server.protocol, "x", 1, NULL), CORO_EPIPE);
    ASYNC_END;
}

Test(datagram_protocol, is_made_gets_datagrams_and_is_lost)
{
    EQ(RUN_NET(there_and_back()), 0);
}

ASYNC(nobody_there, VARS(coro_datagram_options options;))
{
    ASYNC_BEGIN;
    init(&client);
    self->options = (coro_datagram_options){.remote_host = "127.0.0.1", .remote_service = "1"};
    AWAIT(coro_create_datagram_endpoint(&client.protocol, &self->options));
    EQ(coro_datagram_protocol_send(&client.protocol, "hello", 5, NULL), 0);
    AWAIT(coro_flag_wait(&client.heard));
    SAID("made error(CORO_ECONNREFUSED) ");
    EQ(coro_datagram_protocol_send(&client.protocol, large, SIZE_MAX, NULL), CORO_EMSGSIZE);
    coro_datagram_protocol_close(&client.protocol);
    AWAIT(coro_flag_wait(&client.gone));
    SAID("made error(CORO_ECONNREFUSED) lost() ");
    ASYNC_END;
}

Test(datagram_protocol, hears_the_complaints_of_the_network_and_goes_on)
{
    EQ(RUN_NET(nobody_there()), 0);
}

ASYNC(left_open)
{
    ASYNC_BEGIN;
    AWAIT(open_both());
    ASYNC_END;
}

Test(datagram_protocol, is_told_when_its_loop_is_closed)
{
    EQ(RUN_NET(left_open()), 0);
    SAID("made made lost(CORO_ECANCELED) lost(CORO_ECANCELED) ");
}

/* --- no room ------------------------------------------------------------------------------ */

static ssize_t full_sendmsg(int fd, const struct msghdr *message, int flags)
{
    if (blocked == 0)
        return system_sendmsg(fd, message, flags);
    blocked--;
    errno = EAGAIN;
    return -1;
}

ASYNC(no_room, VARS(int i;))
{
    ASYNC_BEGIN;
    memset(large, '#', sizeof large);
    AWAIT(open_both());
    server.echoes = false;
    blocked = 1;
    EQ(coro_datagram_protocol_send(&client.protocol, large, sizeof large, NULL), 0);
    EQ(coro_datagram_protocol_send(&client.protocol, large, 20000, NULL), 0);
    SAID("made made pause ");
    coro_datagram_protocol_close(&client.protocol); /* it sends both first */
    EQ(coro_datagram_protocol_send(&client.protocol, "late", 4, NULL), CORO_EPIPE);
    AWAIT(coro_flag_wait(&client.gone));
    for (self->i = 0; self->i < 2; self->i++) {
        while (strstr(said, self->i == 0 ? "got" : ") got") == NULL)
            AWAIT(coro_flag_wait(&server.heard));
    }
    HOLDS(strstr(said, "resume ") != NULL && strstr(said, "lost() ") != NULL);
    coro_datagram_protocol_abort(&server.protocol);
    AWAIT(coro_flag_wait(&server.gone));
    ASYNC_END;
}

Test(datagram_protocol, keeps_what_finds_no_room_and_sends_it_before_the_end)
{
    system_sendmsg = coro_sys.sendmsg;
    coro_sys.sendmsg = full_sendmsg;
    EQ(RUN_NET(no_room()), 0);
}

/* --- memory ------------------------------------------------------------------------------- */

ASYNC(short_of_memory, VARS(int error;))
{
    ASYNC_BEGIN;
    AWAIT(open_both());
    self->error = coro_datagram_protocol_send(&client.protocol, "hello", 5, NULL);
    HOLDS(self->error == 0 || self->error == CORO_ENOMEM ||
          (self->error == CORO_EPIPE && client.lost_error == CORO_ENOMEM));
  ASYNC_FINALLY:
    HOLDS(self->coro.error == 0 || self->coro.error == CORO_ENOMEM);
    coro_datagram_protocol_close(&client.protocol);
    coro_datagram_protocol_close(&server.protocol);
    ASYNC_END;
}

Test(datagram_protocol, each_allocation_may_fail)
{
    for (size_t n = 1;; n++) {
        int error;
        memset(&memory, 0, sizeof memory);
        said_size = 0;
        memory.fail_at = n;
        error = RUN_NET_LOUD(short_of_memory());
        HOLDS(error == 0 || error == CORO_ENOMEM);
        if (memory.failed == 0)
            break;
    }
}
