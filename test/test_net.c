/* SPDX-License-Identifier: MIT */
/*
 * test_net.c: connections, servers and bare sockets, over real ones. What happens
 * when the system fails is in test_faults_net.c.
 */
#define _GNU_SOURCE
#include "net_fixture.h"

SUITE(net);

/* --- there and back ----------------------------------------------------------------------- */

ASYNC(echoes, ARGS(const char *, host, size_t, clients, size_t, size),
      VARS(coro_server *server; coro_group group; size_t i;))
{
    ASYNC_BEGIN;
    AWAIT(self->server, coro_start_server(CORO_HANDLER(echo), NULL, self->host, "0", NULL));
    CORO_GROUP(self->group) {
        for (; self->i < self->clients; self->i++)
            coro_group_create_task(&self->group, exchange(port_text(self->server), self->size));
        AWAIT(coro_yield());
    }
  ASYNC_FINALLY:
    AWAIT(coro_server_shutdown(self->server, CORO_SECONDS(2)));
    ASYNC_END;
}

Test(net, bytes_go_there_and_back)
{
    EQ(RUN_NET(echoes("127.0.0.1", 20, 64)), 0);
    EQ(RUN_NET(echoes("127.0.0.1", 2, 400000)), 0);
    EQ(RUN_NET(echoes("", 1, 64)), 0);
    EQ(RUN_NET(echoes(NULL, 1, 64)), 0);
    EQ(RUN_NET(echoes("localhost", 1, 64)), 0);
}

ASYNC(looks_at_a_connection, VARS(coro_server *server; coro_stream *stream; int value;
                                  socklen_t size; char text[64], port[8];))
{
    ASYNC_BEGIN;
    AWAIT(self->server, coro_start_server(CORO_HANDLER(echo), NULL, "127.0.0.1", "0", NULL));
    memcpy(self->port, port_text(self->server), 8);
    AWAIT(self->stream, coro_open_connection("localhost", self->port, NULL));
    self->size = sizeof self->value;
    EQ(getsockopt(coro_stream_fd(self->stream), IPPROTO_TCP, TCP_NODELAY, &self->value,
                  &self->size), 0);
    HOLDS(self->value != 0);
    HOLDS(fcntl(coro_stream_fd(self->stream), F_GETFD) & FD_CLOEXEC);
    HOLDS(fcntl(coro_stream_fd(self->stream), F_GETFL) & O_NONBLOCK);
    EQ(coro_stream_peer_name(self->stream, self->text, sizeof self->text), 0);
    HOLDS(strncmp(self->text, "127.0.0.1:", 10) == 0);
    HOLDS(strcmp(self->text + 10, self->port) == 0);
    EQ(coro_stream_peer_name(self->stream, self->text, 5), CORO_ERANGE);
    EQ(coro_stream_peer_name(NULL, self->text, 5), CORO_EBADF);
    AWAIT(coro_yield());
    EQ(coro_server_connections(self->server), 1);
  ASYNC_FINALLY:
    AWAIT(coro_stream_close(&self->stream));
    AWAIT(coro_server_shutdown(self->server, CORO_SECONDS(2)));
    ASYNC_END;
}

Test(net, sockets_are_what_the_page_says)
{
    EQ(RUN_NET(looks_at_a_connection()), 0);
}

/* --- connecting --------------------------------------------------------------------------- */

ASYNC(connects, ARGS(const char *, host, const char *, service), VARS(coro_stream *stream;))
{
    ASYNC_BEGIN;
    AWAIT(self->stream, coro_open_connection(self->host, self->service, NULL));
  ASYNC_FINALLY:
    AWAIT(coro_stream_close(&self->stream));
    ASYNC_END;
}

Test(net, a_connection_that_nobody_takes_is_refused)
{
    struct sockaddr_in at;
    char port[8];
    close(listen_somewhere(1, &at));
    snprintf(port, sizeof port, "%u", ntohs(at.sin_port));
    EQ(RUN_NET(connects("127.0.0.1", port)), CORO_ECONNREFUSED);
    EQ(RUN_NET(connects("localhost", port)), CORO_ECONNREFUSED);
    EQ(RUN_NET(connects("::1.2.3.4.5.6", port)), CORO_ENAME);
    EQ(RUN_NET(connects("127.0.0.1", "no-such-service")), CORO_ENAME);
}

/* A listener whose queue is full: connections to it hang. */
static int listen_deaf(struct sockaddr_in *at, int *fillers, int count)
{
    int listener = listen_somewhere(0, at);
    for (int i = 0; i < count; i++) {
        fillers[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        (void)connect(fillers[i], (struct sockaddr *)at, sizeof *at);
    }
    return listener;
}

ASYNC(connects_in_vain, ARGS(const char *, port), VARS(int error;))
{
    ASYNC_BEGIN;
    AWAIT_CATCH(self->error, coro_wait_for(connects("127.0.0.1", self->port), CORO_MS(50)));
    EQ(self->error, CORO_ETIMEDOUT);
    ASYNC_END;
}

Test(net, a_connect_that_hangs_can_be_cancelled)
{
    struct sockaddr_in at;
    int fillers[4], listener = listen_deaf(&at, fillers, 4);
    char port[8];
    snprintf(port, sizeof port, "%u", ntohs(at.sin_port));
    EQ(RUN_NET(connects_in_vain(port)), 0);
    close(listener);
    for (int i = 0; i < 4; i++)
        close(fillers[i]);
}

ASYNC(binds_first, ARGS(const char *, local),
      VARS(coro_server *server; coro_stream *stream; coro_connect_options options;
           struct sockaddr_in own; socklen_t size; int error; char port[8];))
{
    ASYNC_BEGIN;
    AWAIT(self->server, coro_start_server(CORO_HANDLER(echo), NULL, "127.0.0.1", "0", NULL));
    memcpy(self->port, port_text(self->server), 8);
    self->options.local_host = self->local;
    AWAIT_CATCH(self->error, self->stream,
                coro_open_connection("127.0.0.1", self->port, &self->options));
    say("%d ", self->error);
    self->size = sizeof self->own;
    if (self->error == 0) {
        EQ(getsockname(coro_stream_fd(self->stream), (struct sockaddr *)&self->own, &self->size),
           0);
        EQ(self->own.sin_addr.s_addr, inet_addr(self->local));
    }
  ASYNC_FINALLY:
    AWAIT(coro_stream_close(&self->stream));
    AWAIT(coro_server_shutdown(self->server, CORO_SECONDS(2)));
    ASYNC_END;
}

Test(net, a_local_address_can_be_chosen)
{
    EQ(RUN_NET(binds_first("127.0.0.9")), 0);
    EQ(RUN_NET(binds_first("localhost")), 0); /* a name is none */
    SAID("0 -1008 ");
}

/* --- the server's start ------------------------------------------------------------------- */

ASYNC(starts_twice, VARS(coro_server *first, *second; int error; char port[8];))
{
    ASYNC_BEGIN;
    AWAIT(self->first, coro_start_server(CORO_HANDLER(echo), NULL, "127.0.0.1", "0", NULL));
    memcpy(self->port, port_text(self->first), 8);
    AWAIT_CATCH(self->error, self->second,
                coro_start_server(CORO_HANDLER(echo), NULL, "127.0.0.1", self->port, NULL));
    EQ(self->error, CORO_EADDRINUSE);
    coro_server_close(self->first);
    EQ(coro_server_port(self->first), 0);
    coro_server_close(self->first);
    AWAIT(self->second,
          coro_start_server(CORO_HANDLER(echo), NULL, "127.0.0.1", self->port, NULL));
    AWAIT_CATCH(self->error, self->second,
                coro_start_server(CORO_HANDLER(echo), NULL, "300.1.1.1.1", "0", NULL));
    EQ(self->error, CORO_ENAME);
    AWAIT_CATCH(self->error, self->second,
                coro_start_server(CORO_HANDLER(echo), NULL, "8.8.8.8", "0", NULL));
    HOLDS(self->error < 0); /* not an address of this machine */
  ASYNC_FINALLY:
    coro_server_release(self->first);
    coro_server_release(self->second);
    AWAIT(coro_server_shutdown(NULL, CORO_SECONDS(1)));
    ASYNC_END;
}

Test(net, a_port_is_one_servers)
{
    EQ(RUN_NET(starts_twice()), 0);
}

/* --- handlers ----------------------------------------------------------------------------- */

static int handler_error;

ASYNC(fails, ARGS(coro_stream *, stream, void *, context), VARS(size_t n; char byte;))
{
    ASYNC_BEGIN;
    AWAIT(self->n, coro_stream_read(self->stream, &self->byte, 1));
    HOLDS(self->context == &handler_error);
    if (handler_error == CORO_ECANCELED) {
        coro_task_cancel(coro_current_task());
        AWAIT(coro_yield());
    }
    if (handler_error != 0)
        ASYNC_THROW(handler_error);
    AWAIT(coro_stream_write(self->stream, "bye", 3));
    ASYNC_END;
}

/* Says what a client sees after its byte: the text, and how it ends. */
ASYNC(pokes, ARGS(const char *, port), VARS(coro_stream *stream; size_t n; int error; char text[9];))
{
    ASYNC_BEGIN;
    AWAIT(self->stream, coro_open_connection("127.0.0.1", self->port, NULL));
    AWAIT(coro_stream_write(self->stream, "x", 1));
    do {
        AWAIT_CATCH(self->error, self->n, coro_stream_read(self->stream, self->text, 9));
        if (self->error == 0)
            say("%.*s", (int)self->n, self->text);
    } while (self->error == 0 && self->n > 0);
    say("[%d] ", self->error);
  ASYNC_FINALLY:
    AWAIT(coro_stream_close(&self->stream));
    ASYNC_END;
}

ASYNC(serves_failing, VARS(coro_server *server; char port[8];))
{
    ASYNC_BEGIN;
    AWAIT(self->server, coro_start_server(CORO_HANDLER(fails), &handler_error, "127.0.0.1", "0",
                                          NULL));
    memcpy(self->port, port_text(self->server), 8);
    AWAIT(pokes(self->port));
    handler_error = 0; /* it lives */
    AWAIT(pokes(self->port));
  ASYNC_FINALLY:
    AWAIT(coro_server_shutdown(self->server, CORO_SECONDS(2)));
    ASYNC_END;
}

Test(net, c125_a_handlers_error_is_one_report_and_its_connection_is_aborted)
{
    handler_error = CORO_EIO;
    EQ(RUN_NET_LOUD(serves_failing()), 0);
    SAID("[-104] bye[0] ");
    EQ(heard.count, 1);
    EQ(heard.list[0].error, CORO_EIO);
    cr_assert(eq(str, heard.list[0].name, TEXT("fails")));
}

Test(net, c125_a_cancelled_handlers_connection_is_closed_without_a_report)
{
    handler_error = CORO_ECANCELED;
    EQ(RUN_NET(serves_failing()), 0);
    SAID("[0] bye[0] ");
}

Test(net, a_client_that_went_away_is_no_news)
{
    handler_error = CORO_ECONNRESET;
    EQ(RUN_NET(serves_failing()), 0);
    SAID("[-104] bye[0] ");
}

ASYNC(closes_itself, ARGS(coro_stream *, stream, void *, context), VARS(coro_stream *mine;))
{
    ASYNC_BEGIN;
    self->mine = self->stream;
    AWAIT(coro_stream_write(self->mine, "bye", 3));
    if (self->context == NULL)
        AWAIT(coro_stream_close(&self->mine));
    else
        coro_stream_abort(&self->mine);
    ASYNC_END;
}

ASYNC(serves_closers, VARS(coro_server *server; char port[8]; int error;))
{
    ASYNC_BEGIN;
    AWAIT(self->server,
          coro_start_server(CORO_HANDLER(closes_itself), NULL, "127.0.0.1", "0", NULL));
    memcpy(self->port, port_text(self->server), 8);
    AWAIT_CATCH(self->error, pokes(self->port));
    AWAIT(coro_server_shutdown(self->server, CORO_SECONDS(2)));
    self->server = NULL;
    AWAIT(self->server,
          coro_start_server(CORO_HANDLER(closes_itself), &self->error, "127.0.0.1", "0", NULL));
    memcpy(self->port, port_text(self->server), 8);
    AWAIT_CATCH(self->error, pokes(self->port));
  ASYNC_FINALLY:
    AWAIT(coro_server_shutdown(self->server, CORO_SECONDS(2)));
    ASYNC_END;
}

Test(net, a_handler_may_close_its_stream_by_any_pointer)
{
    EQ(RUN_NET(serves_closers()), 0);
    HOLDS(strncmp(said, "bye[", 4) == 0);
}

/* --- the server's end --------------------------------------------------------------------- */

ASYNC(idles, ARGS(const char *, port), VARS(coro_stream *stream; size_t n; int error; char byte;))
{
    ASYNC_BEGIN;
    AWAIT(self->stream, coro_open_connection("127.0.0.1", self->port, NULL));
    AWAIT_CATCH(self->error, self->n, coro_stream_read(self->stream, &self->byte, 1));
    say("idle%d ", self->error);
  ASYNC_FINALLY:
    AWAIT(coro_stream_close(&self->stream));
    ASYNC_END;
}

enum { SHUT_DOWN, SHUT_DOWN_CANCELLED, RELEASE, FORGET, WAIT_CLOSED };

ASYNC(ends_server, ARGS(int, how, coro_duration, grace),
      VARS(coro_server *server; coro_task *client, *ender; char port[8]; int error;))
{
    ASYNC_BEGIN;
    AWAIT(self->server, coro_start_server(CORO_HANDLER(echo), NULL, "127.0.0.1", "0", NULL));
    memcpy(self->port, port_text(self->server), 8);
    self->client = coro_create_task(idles(self->port));
    while (coro_server_connections(self->server) == 0)
        AWAIT(coro_sleep(CORO_MS(1)));
    if (self->how == SHUT_DOWN) {
        AWAIT(coro_server_shutdown(self->server, self->grace));
    } else if (self->how == SHUT_DOWN_CANCELLED) {
        self->ender = coro_create_task(coro_server_shutdown(self->server, self->grace));
        AWAIT(coro_yield());
        coro_task_cancel(self->ender);
        AWAIT_CATCH(self->error, coro_task_join(self->ender));
        EQ(self->error, CORO_ECANCELED);
    } else if (self->how == RELEASE) {
        coro_server_release(self->server);
        AWAIT(coro_sleep(CORO_MS(5)));
        SAID("");
        coro_task_cancel(self->client);
    } else if (self->how == WAIT_CLOSED) {
        self->ender = coro_create_task(coro_server_wait_closed(self->server));
        AWAIT(coro_yield());
        coro_server_close(self->server);
        AWAIT(coro_sleep(CORO_MS(5)));
        HOLDS(!coro_task_done(self->ender));
        coro_server_abort_clients(self->server);
        AWAIT(coro_task_join(self->ender));
        AWAIT(coro_server_wait_closed(self->server));
        coro_server_release(self->server);
    } else {
        say("end ");
        ASYNC_RETURN();
    }
    AWAIT_CATCH(self->error, coro_task_join(self->client));
    say("end ");
  ASYNC_FINALLY:
    coro_task_release(self->client);
    coro_task_release(self->ender);
    ASYNC_END;
}

Test(net, c128_shutdown_cancels_handlers_that_outlive_the_grace)
{
    EQ(RUN_NET(ends_server(SHUT_DOWN, CORO_MS(10))), 0);
    SAID("idle-104 end ");
}

Test(net, shutdown_without_grace_cancels_at_once)
{
    EQ(RUN_NET(ends_server(SHUT_DOWN, 0)), 0);
    SAID("idle-104 end ");
}

Test(net, a_cancelled_shutdown_has_no_grace)
{
    EQ(RUN_NET(ends_server(SHUT_DOWN_CANCELLED, CORO_SECONDS(60))), 0);
    SAID("idle-104 end ");
}

Test(net, connections_outlive_a_server_that_was_released)
{
    EQ(RUN_NET(ends_server(RELEASE, 0)), 0);
    SAID("idle-125 end ");
}

Test(net, c127_wait_closed_waits_for_the_last_connection)
{
    EQ(RUN_NET(ends_server(WAIT_CLOSED, 0)), 0);
    SAID("idle-104 end ");
}

Test(net, a_loop_that_ends_ends_its_server)
{
    /* the user's reference is never given back: its memory is the pool's, and goes with it */
    coro_loop_options options = {.backend = coro_backend_named("epoll"), .report = fixture_report};
    descriptors before = open_descriptors();
    EQ(coro_loop_init(&loop, &options), 0);
    EQ(coro_loop_run_until_complete(&loop, ends_server(FORGET, 0)), 0);
    coro_loop_close(&loop);
    no_new_descriptors(&before);
    EQ(heard.count, 0);
}

ASYNC(drains_in_grace, VARS(coro_server *server; coro_task *client; char port[8];))
{
    ASYNC_BEGIN;
    AWAIT(self->server, coro_start_server(CORO_HANDLER(echo), NULL, "127.0.0.1", "0", NULL));
    memcpy(self->port, port_text(self->server), 8);
    self->client = coro_create_task(exchange(self->port, 3000000));
    while (coro_server_connections(self->server) == 0)
        AWAIT(coro_yield());
    AWAIT(coro_server_shutdown(self->server, CORO_SECONDS(9)));
    AWAIT(coro_task_join(self->client));
  ASYNC_FINALLY:
    coro_task_release(self->client);
    ASYNC_END;
}

Test(net, within_the_grace_connections_come_to_their_ends)
{
    EQ(RUN_NET(drains_in_grace()), 0);
}

ASYNC(at_most_two, VARS(coro_server *server; coro_server_options options; coro_group group;
                        size_t i, most, before; char port[8]; int error;))
{
    ASYNC_BEGIN;
    self->options.max_connections = 2;
    AWAIT(self->server, coro_start_server(CORO_HANDLER(echo), NULL, "127.0.0.1", "0",
                                          &self->options));
    memcpy(self->port, port_text(self->server), 8);
    CORO_GROUP(self->group) {
        for (self->i = 0; self->i < 30; self->i++)
            coro_group_create_task(&self->group, exchange(self->port, 100));
        while (coro_group_count(&self->group) > 0) {
            AWAIT(coro_yield());
            self->before = coro_server_connections(self->server);
            self->most = self->before > self->most ? self->before : self->most;
        }
    }
    EQ(self->most, 2);
  ASYNC_FINALLY:
    AWAIT(coro_server_shutdown(self->server, CORO_SECONDS(2)));
    ASYNC_END;
}

Test(net, f007_a_limit_of_connections_lets_the_others_wait)
{
    EQ(RUN_NET(at_most_two()), 0);
}

/* --- a stream's finer points, over TCP ---------------------------------------------------- */

ASYNC(half_closed_peer, VARS(coro_stream *a, *b; char *out, *in; size_t n; coro_task *writer;))
{
    ASYNC_BEGIN;
    connect_streams(&self->a, &self->b);
    self->out = calloc(1, 1000000);
    self->in = malloc(1000000);
    for (size_t i = 0; i < 1000000; i++)
        self->out[i] = (char)(i % 251);
    AWAIT(coro_stream_shutdown_write(self->b));
    AWAIT(self->n, coro_stream_read(self->a, self->in, 1));
    EQ(self->n, 0);
    self->writer = coro_create_task(coro_stream_write(self->a, self->out, 1000000));
    AWAIT(coro_stream_read_exactly(self->b, self->in, 1000000));
    HOLDS(memcmp(self->in, self->out, 1000000) == 0);
    AWAIT(coro_task_join(self->writer));
    AWAIT(coro_stream_close(&self->a));
    AWAIT(self->n, coro_stream_read(self->b, self->in, 1));
    EQ(self->n, 0);
  ASYNC_FINALLY:
    coro_task_release(self->writer);
    AWAIT(coro_stream_close(&self->a));
    AWAIT(coro_stream_close(&self->b));
    free(self->out);
    free(self->in);
    ASYNC_END;
}

Test(net, f014_a_peer_that_has_said_its_end_still_gets_a_megabyte)
{
    EQ(RUN_NET(half_closed_peer()), 0);
}

ASYNC(data_and_end, ARGS(size_t, size, size_t, read),
      VARS(coro_stream *stream; int other; size_t n, total; coro_task *reader; char text[64];))
{
    ASYNC_BEGIN;
    {
        int fd;
        connect_two(&fd, &self->other);
        EQ(coro_stream_from_fd(&self->stream, fd), 0);
    }
    EQ(write(self->other, "x", 1), 1);
    AWAIT(self->n, coro_stream_read(self->stream, self->text, 64)); /* registered, drained */
    self->reader = coro_create_task(coro_stream_read(self->stream, self->text, self->read));
    AWAIT(coro_yield());
    EQ(write(self->other, "0123456789012345678901234567890123456789", self->size), self->size);
    close(self->other);
    AWAIT(coro_task_join(self->reader));
    self->total = self->size < self->read ? self->size : self->read;
    do {
        AWAIT(self->n, coro_wait_for(coro_stream_read(self->stream, self->text, self->read),
                                     CORO_SECONDS(5)));
        self->total += self->n;
    } while (self->n > 0);
    EQ(self->total, self->size);
  ASYNC_FINALLY:
    coro_task_release(self->reader);
    AWAIT(coro_stream_close(&self->stream));
    ASYNC_END;
}

Test(net, f012_data_and_fin_in_one_edge)
{
    EQ(RUN_NET(data_and_end(10, 64)), 0);
}

Test(net, f013_data_and_fin_with_the_buffer_exactly_filled)
{
    EQ(RUN_NET(data_and_end(32, 32)), 0);
    EQ(RUN_NET(data_and_end(40, 10)), 0);
}

ASYNC(reset_while, ARGS(int, what), VARS(coro_stream *stream; int other, error; size_t n; char *data;
                                         coro_task *task; char byte;))
{
    ASYNC_BEGIN;
    {
        int fd;
        connect_two(&fd, &self->other);
        EQ(coro_stream_from_fd(&self->stream, fd), 0);
    }
    self->data = calloc(1, 10000000);
    if (self->what == 'r')
        self->task = coro_create_task(coro_stream_read(self->stream, &self->byte, 1));
    else
        self->task = coro_create_task(coro_stream_write(self->stream, self->data, 10000000));
    AWAIT(coro_sleep(CORO_MS(2)));
    HOLDS(!coro_task_done(self->task));
    reset_by(self->other);
    AWAIT_CATCH(self->error, coro_task_join(self->task));
    EQ(self->error, CORO_ECONNRESET);
    AWAIT_CATCH(self->error, self->n, coro_stream_read(self->stream, &self->byte, 1));
    say("%d ", self->error);
    AWAIT_CATCH(self->error, coro_stream_write(self->stream, self->data, 10000));
    say("%d ", self->error);
    AWAIT_CATCH(self->error, coro_stream_write(self->stream, "x", 1));
    say("%d ", self->error);
  ASYNC_FINALLY:
    coro_task_release(self->task);
    coro_stream_abort(&self->stream);
    free(self->data);
    ASYNC_END;
}

Test(net, f009_a_reset_is_an_error_once_and_again_without_spinning)
{
    EQ(RUN_NET(reset_while('r')), 0);
    SAID("-104 -32 -32 ");
}

Test(net, f010_a_reset_ends_a_write_that_waits)
{
    EQ(RUN_NET(reset_while('w')), 0);
    HOLDS(strstr(said, "-104 -104 ") != NULL);
}

ASYNC(writes_to_the_dead, VARS(coro_stream *stream; int other, error, i;))
{
    ASYNC_BEGIN;
    {
        int fd;
        connect_two(&fd, &self->other);
        EQ(coro_stream_from_fd(&self->stream, fd), 0);
    }
    close(self->other);
    for (; self->i < 100 && self->error == 0; self->i++) {
        AWAIT_CATCH(self->error, coro_stream_write(self->stream, "hello", 5));
        AWAIT(coro_sleep(CORO_US(100)));
    }
    HOLDS(self->error == CORO_EPIPE || self->error == CORO_ECONNRESET);
  ASYNC_FINALLY:
    coro_stream_abort(&self->stream);
    ASYNC_END;
}

Test(net, f011_a_send_to_a_closed_peer_is_epipe_and_no_signal)
{
    EQ(RUN_NET(writes_to_the_dead()), 0);
}
