/* SPDX-License-Identifier: MIT */
/* udp_echo_server.c: sends each datagram back to where it came from, all that are there at once. */
#include "common/until_stopped.h"

#include <coro/coro.h>
#include <stdio.h>

enum { BATCH = 16, ROOM = 2048 };

ASYNC(serve, ARGS(coro_datagram *, socket),
      VARS(size_t n, i; coro_datagram_message messages[BATCH]; char text[CORO_ADDRESS_TEXT_MAX];),
      SCRATCH(char room[BATCH][ROOM];))
{
    ASYNC_BEGIN;
    for (int i = 0; i < BATCH; i++) {
        self->messages[i].data = self->room[i];
        self->messages[i].room = ROOM;
    }
    for (;;) {
        AWAIT(self->n, coro_datagram_receive_batch(self->socket, self->messages, BATCH));
        for (self->i = 0; self->i < self->n; self->i++) {
            coro_address_format(&self->messages[self->i].address, self->text, sizeof self->text);
            printf("%zu bytes from %s\n", self->messages[self->i].size, self->text);
        }
        AWAIT(self->n, coro_datagram_send_batch(self->socket, self->messages, self->n));
    }
    ASYNC_END;
}

ASYNC(main_async, ARGS(const char *, host, const char *, port),
      VARS(coro_datagram *socket; coro_address own; coro_group group;))
{
    ASYNC_BEGIN;
    AWAIT(self->socket, coro_datagram_open(&(coro_datagram_options){
                            .local_host = self->host, .local_service = self->port}));
    (void)coro_datagram_local(self->socket, &self->own);
    CORO_GROUP(self->group) {
        coro_group_create_task(&self->group, serve(self->socket));
        AWAIT(until_stopped(self->own));
        coro_group_cancel(&self->group);
    }
    puts("closing server");
  ASYNC_FINALLY:
    coro_datagram_close(&self->socket);
    ASYNC_END;
}

int main(int argc, char **argv)
{
    return coro_main(main_async(argc > 2 ? argv[2] : "127.0.0.1", argc > 1 ? argv[1] : "10000"));
}
