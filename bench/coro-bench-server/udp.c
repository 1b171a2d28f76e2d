/* SPDX-License-Identifier: MIT */
/*
 * udp.c - sends every datagram back to where it came from.
 *
 * All that are there are taken at once, and leave as they are.
 */
#include "server.h"

enum { BATCH = CORO_DATAGRAM_BATCH_MAX, ROOM = 2048 };

ASYNC(udp, ARGS(const char *, port),
      VARS(coro_datagram *socket; size_t n, sent; coro_datagram_message *next, messages[BATCH];),
      SCRATCH(char room[BATCH][ROOM];))
{
    ASYNC_BEGIN;
    for (int i = 0; i < BATCH; i++) {
        self->messages[i].data = self->room[i];
        self->messages[i].room = ROOM;
    }
    AWAIT(self->socket, coro_datagram_open(&(coro_datagram_options){
                            .local_host = "127.0.0.1", .local_service = self->port}));
    for (;;) {
        AWAIT(self->n, coro_datagram_receive_batch(self->socket, self->messages, BATCH));
        for (self->next = self->messages; self->n > 0; self->next += self->sent) {
            AWAIT(self->sent, coro_datagram_send_batch(self->socket, self->next, self->n));
            self->n -= self->sent;
        }
    }
  ASYNC_FINALLY:
    coro_datagram_close(&self->socket);
    ASYNC_END;
}

coro_void *bench_udp(const char *port)
{
    return (coro_void *)(void *)udp(port);
}
