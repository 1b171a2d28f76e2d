/* SPDX-License-Identifier: MIT */
/*
 * test_server_stop.c: the ends of a server and of its connections, and who waits for them.
 */
#define _GNU_SOURCE
#include "net_fixture.h"

SUITE(server_stop);

/* Says how the connection ends for its client, who says nothing. */
ASYNC(listens_only, ARGS(const char *, port), VARS(coro_stream *stream; size_t n; int error;),
      SCRATCH(char data[100];))
{
    ASYNC_BEGIN;
    AWAIT(self->stream, coro_open_connection("127.0.0.1", self->port, NULL));
    do
        AWAIT_CATCH(self->error, self->n,
                    coro_stream_read(self->stream, self->data, sizeof self->data));
    while (self->error == 0 && self->n > 0);
    say("client%d ", self->error);
  ASYNC_FINALLY:
    AWAIT(coro_stream_close(&self->stream));
    ASYNC_END;
}

/* Says how its stream ends. */
ASYNC(reads_all, ARGS(coro_stream *, stream, void *, context),
      VARS(size_t n; int error; char byte;))
{
    ASYNC_BEGIN;
    do
        AWAIT_CATCH(self->error, self->n, coro_stream_read(self->stream, &self->byte, 1));
    while (self->error == 0 && self->n > 0);
    say("handler%d ", self->error);
    AWAIT_CATCH(self->error, coro_stream_write(self->stream, "x", 1));
    say("write%d ", self->error);
    if (self->error != 0)
        ASYNC_THROW(self->error);
    ASYNC_END;
}

/* Fills what lies between it and a client that does not read. */
ASYNC(writes_all, ARGS(coro_stream *, stream, void *, context), VARS(int error;),
      SCRATCH(char data[100000];))
{
    ASYNC_BEGIN;
    memset(self->data, 'x', sizeof self->data);
    for (;;) {
        AWAIT_CATCH(self->error, coro_stream_write(self->stream, self->data, sizeof self->data));
        if (self->error != 0) {
            say("write%d ", self->error);
            ASYNC_THROW(self->error);
        }
    }
    ASYNC_END;
}

ASYNC(starts, RETURNS(coro_server *), ARGS(coro_handler, handler, char *, port),
      VARS(coro_server *server;))
{
    ASYNC_BEGIN;
    AWAIT(self->server, coro_start_server(self->handler, NULL, "127.0.0.1", "0", NULL));
    memcpy(self->port, port_text(self->server), 8);
    ASYNC_RETURN(self->server);
    ASYNC_END;
}

ASYNC(until_connected, ARGS(coro_server *, server, size_t, count))
{
    ASYNC_BEGIN;
    while (coro_server_connections(self->server) < self->count)
        AWAIT(coro_sleep(CORO_MS(1)));
    ASYNC_END;
}

/* --- c127 --------------------------------------------------------------------------------- */

ASYNC(waits_both_ways, VARS(coro_server *server; coro_task *waiter, *client; char port[8];
                            int round;))
{
    ASYNC_BEGIN;
    for (self->round = 0; self->round < 2; self->round++) {
        AWAIT(self->server, starts(CORO_HANDLER(reads_all), self->port));
        self->waiter = coro_create_task(coro_server_wait_closed(self->server));
        self->client = coro_create_task(listens_only(self->port));
        AWAIT(until_connected(self->server, 1));
        HOLDS(!coro_task_done(self->waiter));
        if (self->round == 0)
            coro_server_close(self->server);
        else
            coro_server_close_clients(self->server);
        while (self->round == 1 && coro_server_connections(self->server) > 0)
            AWAIT(coro_sleep(CORO_MS(1)));
        AWAIT(coro_sleep(CORO_MS(5)));
        HOLDS(!coro_task_done(self->waiter)); /* one condition of two */
        if (self->round == 0)
            coro_server_close_clients(self->server);
        else
            coro_server_close(self->server);
        AWAIT(coro_task_join(self->waiter));
        AWAIT(coro_server_wait_closed(self->server));
        AWAIT(coro_task_join(self->client));
        coro_task_release(self->waiter);
        coro_task_release(self->client);
        coro_server_release(self->server);
    }
    ASYNC_END;
}

Test(server_stop, c127_wait_closed_wants_both_closed_and_empty_in_either_order)
{
    EQ(RUN_NET(waits_both_ways()), 0);
    SAID("handler0 write-32 client0 handler0 write-32 client0 ");
}

/* --- c128 --------------------------------------------------------------------------------- */

ASYNC(closes_idle, VARS(coro_server *server; coro_task *client; char port[8];))
{
    ASYNC_BEGIN;
    AWAIT(self->server, starts(CORO_HANDLER(reads_all), self->port));
    self->client = coro_create_task(listens_only(self->port));
    AWAIT(until_connected(self->server, 1));
    coro_server_close(self->server);
    coro_server_close_clients(self->server);
    coro_server_close_clients(self->server);
    AWAIT(coro_wait_for(coro_server_wait_closed(self->server), CORO_SECONDS(5)));
    AWAIT(coro_task_join(self->client));
  ASYNC_FINALLY:
    coro_task_release(self->client);
    coro_server_release(self->server);
    ASYNC_END;
}

Test(server_stop, c128_close_clients_ends_idle_handlers_by_the_end_of_their_streams)
{
    EQ(RUN_NET(closes_idle()), 0);
    SAID("handler0 write-32 client0 ");
}

/* A client that has connected, and reads nothing, until a handler's write waits. */
ASYNC(fills_up, ARGS(coro_server *, server, int *, client),
      VARS(struct sockaddr_in at;))
{
    ASYNC_BEGIN;
    self->at.sin_family = AF_INET;
    self->at.sin_port = htons(coro_server_port(self->server));
    self->at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    *self->client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    EQ(connect(*self->client, (struct sockaddr *)&self->at, sizeof self->at), 0);
    AWAIT(until_connected(self->server, 1));
    AWAIT(coro_sleep(CORO_MS(50)));
    SAID("");
    ASYNC_END;
}

ASYNC(aborts_stuck, VARS(coro_server *server; int client; char port[8];))
{
    ASYNC_BEGIN;
    AWAIT(self->server, starts(CORO_HANDLER(writes_all), self->port));
    AWAIT(fills_up(self->server, &self->client));
    coro_server_close(self->server);
    coro_server_abort_clients(self->server);
    AWAIT(coro_wait_for(coro_server_wait_closed(self->server), CORO_SECONDS(5)));
  ASYNC_FINALLY:
    close(self->client);
    coro_server_release(self->server);
    ASYNC_END;
}

Test(server_stop, c128_abort_clients_ends_one_that_is_stuck_in_a_write_at_once)
{
    EQ(RUN_NET(aborts_stuck()), 0);
    SAID("write-125 ");
}

static coro_task *handling;

ASYNC(sleeps, ARGS(coro_stream *, stream, void *, context))
{
    ASYNC_BEGIN;
    handling = coro_current_task();
    AWAIT(coro_sleep(CORO_SECONDS(60)));
    ASYNC_END;
}

/* The next client's handler is cancelled by somebody else: that is no abort. */
ASYNC(aborts_and_goes_on, VARS(coro_server *server; coro_task *client; char port[8]; int round;))
{
    ASYNC_BEGIN;
    AWAIT(self->server, starts(CORO_HANDLER(sleeps), self->port));
    for (; self->round < 2; self->round++) {
        self->client = coro_create_task(listens_only(self->port));
        AWAIT(until_connected(self->server, 1));
        AWAIT(coro_sleep(CORO_MS(1)));
        if (self->round == 0)
            coro_server_abort_clients(self->server);
        else
            coro_task_cancel(handling);
        AWAIT(coro_task_join(self->client));
        coro_task_release(self->client);
    }
    AWAIT(coro_server_shutdown(self->server, CORO_SECONDS(1)));
    ASYNC_END;
}

Test(server_stop, c128_who_comes_after_abort_clients_is_not_aborted)
{
    EQ(RUN_NET(aborts_and_goes_on()), 0);
    SAID("client-104 client0 ");
}

/* What was written before the end arrives, and then the end. */
ASYNC(closes_stuck, VARS(coro_server *server; int client; char port[8]; coro_task *waiter;
                         ssize_t got; size_t all;), SCRATCH(char data[100000];))
{
    ASYNC_BEGIN;
    AWAIT(self->server, starts(CORO_HANDLER(writes_all), self->port));
    AWAIT(fills_up(self->server, &self->client));
    coro_server_close(self->server);
    coro_server_close_clients(self->server);
    self->waiter = coro_create_task(coro_server_wait_closed(self->server));
    AWAIT(coro_sleep(CORO_MS(5)));
    SAID("write-32 ");
    for (;;) {
        self->got = recv(self->client, self->data, sizeof self->data, MSG_DONTWAIT);
        if (self->got < 0 && errno == EAGAIN) {
            AWAIT(coro_sleep(CORO_US(100)));
            continue;
        }
        if (self->got <= 0)
            break;
        self->all += (size_t)self->got;
    }
    AWAIT(coro_wait_for(coro_task_join(self->waiter), CORO_SECONDS(8)));
    say("%d %d", self->got == 0 || errno == ECONNRESET, self->all > 100000);
  ASYNC_FINALLY:
    coro_task_release(self->waiter);
    close(self->client);
    coro_server_release(self->server);
    ASYNC_END;
}

Test(server_stop, close_clients_wakes_who_writes)
{
    EQ(RUN_NET(closes_stuck()), 0);
    SAID("write-32 1 1");
}

/* --- hanging up --------------------------------------------------------------------------- */

ASYNC(reads_rest, ARGS(coro_stream *, stream), VARS(size_t n; int error; char data[8];))
{
    ASYNC_BEGIN;
    AWAIT(coro_stream_peek(self->stream, 1));
    coro_stream_hang_up(self->stream);
    coro_stream_hang_up(self->stream);
    AWAIT(self->n, coro_stream_read(self->stream, self->data, sizeof self->data));
    say("%.*s ", (int)self->n, self->data);
    AWAIT(self->n, coro_stream_read(self->stream, self->data, sizeof self->data));
    AWAIT_CATCH(self->error, coro_stream_write(self->stream, "x", 1));
    say("%zu %d %d ", self->n, coro_stream_at_eof(self->stream), self->error);
    AWAIT(coro_stream_close(&self->stream));
    ASYNC_END;
}

ASYNC(hangs_up, VARS(coro_stream *one, *other; size_t n; char data[8];))
{
    ASYNC_BEGIN;
    connect_streams(&self->one, &self->other);
    AWAIT(coro_stream_write(self->one, "hello", 5));
    AWAIT(coro_stream_drain(self->one));
    AWAIT(coro_stream_write(self->other, "bye", 3));
    AWAIT(reads_rest(self->other));
    AWAIT(self->n, coro_stream_read(self->one, self->data, sizeof self->data));
    say("%.*s ", (int)self->n, self->data);
    AWAIT(self->n, coro_stream_read(self->one, self->data, sizeof self->data));
    say("%zu ", self->n);
    coro_stream_hang_up(NULL);
  ASYNC_FINALLY:
    AWAIT(coro_stream_close(&self->one));
    ASYNC_END;
}

Test(server_stop, a_hang_up_keeps_what_has_come_and_sends_what_was_written)
{
    EQ(RUN_NET(hangs_up()), 0);
    SAID("hello 0 1 -32 bye 0 ");
}

/* --- while it is being wrapped ------------------------------------------------------------ */

ASYNC(read_greeting, ARGS(coro_stream **, place), VARS(char byte; int error;))
{
    ASYNC_BEGIN;
    AWAIT_CATCH(self->error, coro_stream_read_exactly(*self->place, &self->byte, 1));
    say("wrap%d ", self->error);
    if (self->error != 0)
        ASYNC_THROW(self->error);
    ASYNC_END;
}

static coro_void *wants_greeting(coro_stream **place, void *context)
{
    (void)context;
    return (coro_void *)(void *)read_greeting(place);
}

ASYNC(closes_while_wrapping, VARS(coro_server *server; coro_server_options options;
                                  coro_task *client; char port[8];))
{
    ASYNC_BEGIN;
    self->options.wrap = wants_greeting;
    AWAIT(self->server, coro_start_server(CORO_HANDLER(reads_all), NULL, "127.0.0.1", "0",
                                          &self->options));
    memcpy(self->port, port_text(self->server), 8);
    self->client = coro_create_task(listens_only(self->port));
    AWAIT(until_connected(self->server, 1));
    coro_server_close(self->server);
    coro_server_close_clients(self->server);
    AWAIT(coro_wait_for(coro_server_wait_closed(self->server), CORO_SECONDS(5)));
    AWAIT(coro_task_join(self->client));
  ASYNC_FINALLY:
    coro_task_release(self->client);
    coro_server_release(self->server);
    ASYNC_END;
}

Test(server_stop, close_clients_cancels_what_is_still_being_wrapped)
{
    EQ(RUN_NET(closes_while_wrapping()), 0);
    SAID("wrap-125 client0 ");
}

/* --- serve_forever ------------------------------------------------------------------------ */

ASYNC(serves_forever, VARS(coro_server *server; coro_server_options options; coro_task *first,
                           *client; char port[8]; int error;))
{
    ASYNC_BEGIN;
    self->options.start_later = true;
    AWAIT(self->server, coro_start_server(CORO_HANDLER(reads_all), NULL, "127.0.0.1", "0",
                                          &self->options));
    memcpy(self->port, port_text(self->server), 8);
    self->first = coro_create_task(coro_server_serve_forever(self->server));
    AWAIT(coro_yield());
    HOLDS(coro_server_is_serving(self->server));
    AWAIT_CATCH(self->error, coro_server_serve_forever(self->server));
    EQ(self->error, CORO_EBUSY);
    self->client = coro_create_task(listens_only(self->port));
    AWAIT(until_connected(self->server, 1));
    coro_task_cancel(self->first);
    AWAIT(coro_sleep(CORO_MS(5)));
    HOLDS(!coro_task_done(self->first)); /* the client is still there */
    EQ(coro_server_port(self->server), 0);
    coro_server_close_clients(self->server);
    AWAIT_CATCH(self->error, coro_task_join(self->first));
    EQ(self->error, CORO_ECANCELED);
    AWAIT_CATCH(self->error, coro_server_serve_forever(self->server));
    EQ(self->error, CORO_ECLOSED);
    AWAIT(coro_task_join(self->client));
  ASYNC_FINALLY:
    coro_task_release(self->first);
    coro_task_release(self->client);
    coro_server_release(self->server);
    ASYNC_END;
}

Test(server_stop, a_cancelled_serve_forever_closes_and_waits_for_the_clients)
{
    EQ(RUN_NET(serves_forever()), 0);
    SAID("handler0 write-32 client0 ");
}

ASYNC(is_closed_by_another, VARS(coro_server *server; coro_task *first; char port[8];))
{
    ASYNC_BEGIN;
    AWAIT(self->server, starts(CORO_HANDLER(echo), self->port));
    self->first = coro_create_task(coro_server_serve_forever(self->server));
    AWAIT(exchange(self->port, 100));
    coro_server_close(self->server);
    AWAIT(coro_task_join(self->first));
  ASYNC_FINALLY:
    coro_task_release(self->first);
    coro_server_release(self->server);
    ASYNC_END;
}

Test(server_stop, serve_forever_ends_with_its_server)
{
    EQ(RUN_NET(is_closed_by_another()), 0);
}

ASYNC(is_cancelled_twice, VARS(coro_server *server; coro_task *first, *client; char port[8];
                               int error;))
{
    ASYNC_BEGIN;
    AWAIT(self->server, starts(CORO_HANDLER(reads_all), self->port));
    self->first = coro_create_task(coro_server_serve_forever(self->server));
    self->client = coro_create_task(listens_only(self->port));
    AWAIT(until_connected(self->server, 1));
    coro_task_cancel(self->first);
    AWAIT(coro_yield());
    coro_task_cancel(self->first);
    AWAIT_CATCH(self->error, coro_wait_for(coro_task_join(self->first), CORO_SECONDS(5)));
    EQ(self->error, CORO_ECANCELED);
    EQ(coro_server_connections(self->server), 1);
    AWAIT(coro_server_shutdown(self->server, 0));
    AWAIT(coro_task_join(self->client));
  ASYNC_FINALLY:
    coro_task_release(self->first);
    coro_task_release(self->client);
    ASYNC_END;
}

Test(server_stop, a_second_cancel_of_serve_forever_does_not_wait)
{
    EQ(RUN_NET(is_cancelled_twice()), 0);
    SAID("handler-125 write-125 client-104 ");
}
