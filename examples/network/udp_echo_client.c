/* SPDX-License-Identifier: MIT */
/* udp_echo_client.c: asks three times, and asks again when an answer does not come: datagrams may
 * be lost, and it says so when nobody is there. */
#include <coro/coro.h>
#include <stdio.h>
#include <string.h>

ASYNC(ask, ARGS(coro_datagram *, socket, const char *, text), VARS(size_t n; int tries, error;),
      SCRATCH(char data[2048];))
{
    ASYNC_BEGIN;
    for (self->error = CORO_ETIMEDOUT; self->error == CORO_ETIMEDOUT && self->tries < 5;
         self->tries++) {
        AWAIT(coro_datagram_send(self->socket, self->text, strlen(self->text)));
        AWAIT_CATCH(self->error, self->n,
                    coro_wait_for(coro_datagram_receive(self->socket, self->data,
                                                        sizeof self->data),
                                  CORO_SECONDS(1)));
    }
    if (self->error != 0)
        ASYNC_THROW(self->error);
    printf("received \"%.*s\"\n", (int)self->n, self->data);
    ASYNC_END;
}

ASYNC(main_async, ARGS(const char *, host, const char *, port),
      VARS(coro_datagram *socket; int i;))
{
    ASYNC_BEGIN;
    AWAIT(self->socket, coro_datagram_open(&(coro_datagram_options){
                            .remote_host = self->host, .remote_service = self->port}));
    AWAIT(ask(self->socket, "one"));
    AWAIT(ask(self->socket, "two"));
    AWAIT(ask(self->socket, ""));
  ASYNC_FINALLY:
    coro_datagram_close(&self->socket);
    ASYNC_END;
}

int main(int argc, char **argv)
{
    return coro_main(main_async(argc > 2 ? argv[2] : "127.0.0.1", argc > 1 ? argv[1] : "10000"));
}
