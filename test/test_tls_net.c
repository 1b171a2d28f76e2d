/* SPDX-License-Identifier: MIT */
/* TLS over TCP: connections, servers, and their ends. */
#define _GNU_SOURCE
#include "tls_fixture.h"

#include <coro/task.h>

TestSuite(tls_net, .timeout = 60.0, .init = make_world, .fini = end_world);

/* A server for the length of a call, which gets its port. */
ASYNC(talk, ARGS(const char *, host, const char *, port, size_t, size),
      VARS(coro_stream *stream; coro_group group;))
{
    ASYNC_BEGIN;
    fill_message();
    ends.options.reason = ends.why;
    ends.options.reason_size = sizeof ends.why;
    AWAIT(self->stream,
          coro_open_tls_connection(self->host, self->port, client_context, &ends.options));
    HOLDS(coro_stream_fd(self->stream) >= 0);
    CORO_GROUP(self->group) {
        if (coro_group_create_task(&self->group, send_all(self->stream, self->size)) == NULL)
            ASYNC_THROW(CORO_ENOMEM);
        AWAIT(coro_stream_read_exactly(self->stream, heard_bytes, self->size));
    }
    HOLDS(memcmp(message, heard_bytes, self->size) == 0);
  ASYNC_FINALLY:
    AWAIT(coro_stream_close(&self->stream));
    ASYNC_END;
}

ASYNC(serve, ARGS(const char *, host, size_t, size, int, times),
      VARS(coro_server *server; int error; int i;))
{
    ASYNC_BEGIN;
    AWAIT(self->server, coro_start_tls_server(CORO_HANDLER(echo), NULL, "127.0.0.1", "0",
                                              server_context, NULL));
    for (self->i = 0; self->i < self->times && self->error == 0; self->i++)
        AWAIT_CATCH(self->error, talk(self->host, port_text(self->server), self->size));
    if (self->error != 0)
        ASYNC_THROW(self->error);
  ASYNC_FINALLY:
    AWAIT(coro_server_shutdown(self->server, CORO_SECONDS(1)));
    ASYNC_END;
}

Test(tls_net, echoes)
{
    EQ(RUN_NET(serve("localhost", 5, 3)), 0);
    EQ(RUN_NET(serve("127.0.0.1", 300000, 3)), 0);
}

Test(tls_net, each_allocation_may_fail)
{
    size_t n = 0;
    do {
        int error;
        memset(&memory, 0, sizeof memory);
        memset(&heard, 0, sizeof heard);
        memory.fail_at = ++n;
        error = RUN_NET_LOUD(serve("127.0.0.1", 2000, 1));
        /* A server that has no memory for a connection refuses it, in one way or another. */
        HOLDS(error == 0 || memory.failed > 0);
    } while (memory.failed > 0);
    HOLDS(n > 5);
}

/* What the client says of a server that is not believed; nothing is left, nothing reported. */
Test(tls_net, c137_a_certificate_that_is_not_believed_leaves_nothing_behind)
{
    ends.options.server_name = "elsewhere.example";
    EQ(RUN_NET(serve("127.0.0.1", 5, 1)), CORO_EVERIFY);
    HOLDS(strstr(ends.why, "ostname mismatch") != NULL);
}

Test(tls_net, a_connection_without_a_context_believes_the_systems_authorities_only)
{
    coro_tls_context *ours = client_context;
    client_context = NULL;
    EQ(RUN_NET(serve("127.0.0.1", 5, 1)), CORO_EVERIFY);
    client_context = ours;
}

ASYNC(refused, VARS(coro_stream *stream; int error; struct sockaddr_in at; char port[8];))
{
    ASYNC_BEGIN;
    close(listen_somewhere(1, &self->at));
    snprintf(self->port, sizeof self->port, "%u", (unsigned)ntohs(self->at.sin_port));
    AWAIT_CATCH(self->error, self->stream,
                coro_open_tls_connection("127.0.0.1", self->port, client_context, NULL));
    EQ(self->error, CORO_ECONNREFUSED);
    HOLDS(self->stream == NULL);
    ASYNC_END;
}

Test(tls_net, a_connection_that_is_refused_says_so)
{
    EQ(RUN_NET(refused()), 0);
}

/* --- clients that behave badly ------------------------------------------------------------- */

/* Some bytes, and then the end, or a reset. */
ASYNC(pester, ARGS(const char *, port, const char *, text, bool, is_reset),
      VARS(coro_stream *stream; size_t n; int error;))
{
    ASYNC_BEGIN;
    AWAIT(self->stream, coro_open_connection("127.0.0.1", self->port, NULL));
    AWAIT(coro_stream_write(self->stream, self->text, strlen(self->text)));
    AWAIT(coro_stream_drain(self->stream));
    if (self->is_reset) {
        coro_stream_abort(&self->stream);
    } else {
        AWAIT(coro_stream_shutdown_write(self->stream));
        do
            AWAIT_CATCH(self->error, self->n, coro_stream_read(self->stream, heard_bytes, 100));
        while (self->error == 0 && self->n > 0);
    }
  ASYNC_FINALLY:
    AWAIT_CATCH(self->error, coro_stream_close(&self->stream));
    ASYNC_END;
}

ASYNC(pestered, VARS(coro_server *server;))
{
    ASYNC_BEGIN;
    AWAIT(self->server, coro_start_tls_server(CORO_HANDLER(echo), NULL, "127.0.0.1", "0",
                                              server_context, NULL));
    AWAIT(pester(port_text(self->server), "GET / HTTP/1.0\r\n\r\n", false));
    AWAIT(pester(port_text(self->server), "", false));
    AWAIT(pester(port_text(self->server), "\x16\x03\x01", true));
    AWAIT(pester(port_text(self->server), "\x16\x03\x01\x7f\xff", false));
    AWAIT(talk("127.0.0.1", port_text(self->server), 1000)); /* it lives on */
  ASYNC_FINALLY:
    AWAIT(coro_server_shutdown(self->server, CORO_SECONDS(1)));
    ASYNC_END;
}

Test(tls_net, c137_clients_that_do_not_shake_hands_are_hung_up_on_without_a_report)
{
    EQ(RUN_NET(pestered()), 0);
}

/* The server's time is over while a client still shakes hands: it is cancelled. */
ASYNC(silent_client, VARS(coro_server *server; coro_stream *stream; size_t n; int error;))
{
    ASYNC_BEGIN;
    AWAIT(self->server, coro_start_tls_server(CORO_HANDLER(echo), NULL, "127.0.0.1", "0",
                                              server_context, NULL));
    AWAIT(self->stream, coro_open_connection("127.0.0.1", port_text(self->server), NULL));
    while (coro_server_connections(self->server) == 0)
        AWAIT(coro_sleep(CORO_MS(1)));
    AWAIT(coro_server_shutdown(self->server, CORO_MS(10)));
    self->server = NULL;
    AWAIT_CATCH(self->error, self->n, coro_stream_read(self->stream, heard_bytes, 100));
    HOLDS(self->error == CORO_ECONNRESET || self->n == 0);
  ASYNC_FINALLY:
    AWAIT(coro_stream_close(&self->stream));
    AWAIT(coro_server_shutdown(self->server, 0));
    ASYNC_END;
}

Test(tls_net, c139_a_server_that_shuts_down_ends_handshakes_too)
{
    EQ(RUN_NET(silent_client()), 0);
}

/* --- ends --------------------------------------------------------------------------------- */

static size_t got;

ASYNC(late_reader, ARGS(coro_stream *, stream, void *, context), VARS(size_t n;))
{
    ASYNC_BEGIN;
    AWAIT(coro_sleep(CORO_MS(30)));
    do {
        AWAIT(self->n, coro_stream_read(self->stream, heard_bytes, sizeof heard_bytes));
        got += self->n;
    } while (self->n > 0);
    say("end ");
    ASYNC_END;
}

/* The last bytes, close_notify and FIN are there at once; the server has said something, too,
 * which the client never reads. */
ASYNC(farewell, ARGS(size_t, size), VARS(coro_server *server; coro_stream *stream;))
{
    ASYNC_BEGIN;
    got = 0;
    AWAIT(self->server, coro_start_tls_server(CORO_HANDLER(late_reader), NULL, "127.0.0.1", "0",
                                              server_context, NULL));
    AWAIT(self->stream, coro_open_tls_connection("127.0.0.1", port_text(self->server),
                                                 client_context, NULL));
    AWAIT(coro_stream_write(self->stream, message, self->size));
    AWAIT(coro_stream_close(&self->stream));
    AWAIT(coro_server_shutdown(self->server, CORO_SECONDS(5)));
    EQ(got, self->size);
    ASYNC_END;
}

Test(tls_net, f061_close_notify_and_fin_in_one_packet_are_data_and_then_the_end)
{
    EQ(RUN_NET(farewell(5)), 0);
    EQ(RUN_NET(farewell(50000)), 0);
    SAID("end end ");
}

/* So much that a part of it waits in the system: a reset, for what the client never reads, would
 * take that away. */
enum { MUCH = 8000000 };

ASYNC(reads_slowly, ARGS(coro_stream *, stream, void *, context), VARS(size_t n;),
      SCRATCH(char data[16384];))
{
    ASYNC_BEGIN;
    AWAIT(coro_sleep(CORO_MS(20)));
    do {
        AWAIT(self->n, coro_stream_read(self->stream, self->data, sizeof self->data));
        got += self->n;
    } while (self->n > 0);
    say("end ");
    ASYNC_END;
}

ASYNC(writes_only, VARS(coro_server *server; coro_stream *stream; char *data;))
{
    ASYNC_BEGIN;
    self->data = calloc(1, MUCH);
    AWAIT(self->server, coro_start_tls_server(CORO_HANDLER(reads_slowly), NULL, "127.0.0.1", "0",
                                              server_context, NULL));
    AWAIT(self->stream, coro_open_tls_connection("127.0.0.1", port_text(self->server),
                                                 client_context, NULL));
    AWAIT(coro_stream_write(self->stream, self->data, MUCH));
    AWAIT(coro_stream_close(&self->stream));
    AWAIT(coro_server_shutdown(self->server, CORO_SECONDS(30)));
    EQ(got, MUCH);
  ASYNC_FINALLY:
    free(self->data);
    ASYNC_END;
}

Test(tls_net, what_a_client_has_written_arrives_although_it_never_reads)
{
    EQ(RUN_NET(writes_only()), 0);
    SAID("end ");
}

/* Who does not want to hear it all says why, and goes. */
ASYNC(refuses, ARGS(coro_stream *, stream, void *, context), VARS(size_t n; char data[9];))
{
    ASYNC_BEGIN;
    AWAIT(self->n, coro_stream_read(self->stream, self->data, sizeof self->data));
    AWAIT(coro_stream_write(self->stream, "too large", 9));
    ASYNC_END;
}

ASYNC(is_refused, VARS(coro_server *server; coro_stream *stream; int error; size_t n;))
{
    ASYNC_BEGIN;
    AWAIT(self->server, coro_start_tls_server(CORO_HANDLER(refuses), NULL, "127.0.0.1", "0",
                                              server_context, NULL));
    AWAIT(self->stream, coro_open_tls_connection("127.0.0.1", port_text(self->server),
                                                 client_context, NULL));
    while (self->error == 0) {
        AWAIT_CATCH(self->error, coro_stream_write(self->stream, message, 20000));
        AWAIT(coro_sleep(CORO_MS(1)));
    }
    HOLDS(self->error == CORO_EPIPE || self->error == CORO_ECONNRESET);
    AWAIT_CATCH(self->error, coro_stream_drain(self->stream));
    HOLDS(self->error == CORO_EPIPE || self->error == CORO_ECONNRESET);
    AWAIT(coro_stream_read_exactly(self->stream, heard_bytes, 9));
    HOLDS(memcmp(heard_bytes, "too large", 9) == 0);
    AWAIT(self->n, coro_stream_read(self->stream, heard_bytes, 9));
    EQ(self->n, 0); /* that was said: no reset can forge it */
    AWAIT_CATCH(self->error, coro_stream_shutdown_write(self->stream));
    HOLDS(self->error == CORO_EPIPE || self->error == CORO_ECONNRESET);
    coro_stream_abort(&self->stream);
    AWAIT(coro_server_shutdown(self->server, CORO_SECONDS(5)));
    ASYNC_END;
}

Test(tls_net, who_cannot_write_any_more_reads_what_had_come)
{
    EQ(RUN_NET(is_refused()), 0);
}

/* An error beneath while a write is on its way ends the connection, once. */
ASYNC(lost, VARS(coro_stream *one, *other; int error; size_t n; coro_task *task;))
{
    ASYNC_BEGIN;
    connect_streams(&ends.client, &ends.server);
    AWAIT(shake_hands());
    EQ(ends.client_error, 0);
    self->task = coro_create_task(send_all(ends.client, sizeof message));
    AWAIT(self->n, coro_stream_read(ends.server, heard_bytes, 10));
    coro_stream_abort(&ends.server);
    AWAIT_CATCH(self->error, coro_task_join(self->task));
    if (self->error == 0) /* the kernel had room for all of it */
        AWAIT_CATCH(self->error, self->n, coro_stream_read(ends.client, heard_bytes, 10));
    HOLDS(self->error == CORO_ECONNRESET || self->error == CORO_EPIPE);
    coro_task_release(self->task);
    AWAIT_CATCH(self->error, coro_stream_close(&ends.client));
    ASYNC_END;
}

Test(tls_net, c139_a_connection_that_is_lost_while_it_is_busy_is_an_error)
{
    EQ(RUN_NET(lost()), 0);
}

/* An alert that cannot be sent is not the reason. */
ASYNC(greets_nobody, VARS(coro_stream *stream; int other, error; coro_tls_options options;))
{
    ASYNC_BEGIN;
    self->options.server_name = "localhost";
    connect_half(&self->stream, &self->other);
    close(self->other);
    AWAIT_CATCH(self->error, coro_start_tls(&self->stream, client_context, &self->options));
    EQ(self->error, CORO_ETRUNCATED);
    connect_half(&self->stream, &self->other);
    reset_by(self->other);
    AWAIT_CATCH(self->error, coro_start_tls(&self->stream, client_context, &self->options));
    EQ(self->error, CORO_ECONNRESET);
    HOLDS(self->stream == NULL);
    ASYNC_END;
}

Test(tls_net, c137_who_has_gone_before_the_handshake_fails_it)
{
    EQ(RUN_NET(greets_nobody()), 0);
}

/* What was said in plain text before the handshake is not overtaken by it. */
ASYNC(changes_to_tls, VARS(coro_task *task; int file; size_t n;), SCRATCH(char line[32];))
{
    ASYNC_BEGIN;
    connect_streams(&ends.client, &ends.server);
    ends.options.server_name = "localhost";
    AWAIT(coro_stream_write(ends.client, "STARTTLS\r\n", 10)); /* not sent yet */
    self->task = coro_create_task(coro_start_tls(&ends.client, client_context, &ends.options));
    AWAIT(self->n, coro_stream_read_line(ends.server, self->line, sizeof self->line));
    EQ(self->n, 10);
    AWAIT(coro_start_tls(&ends.server, server_context, NULL));
    AWAIT(coro_task_join(self->task));
    coro_task_release(self->task);
    self->file = memfd_create("digits", MFD_CLOEXEC);
    EQ(write(self->file, "0123456789", 10), 10);
    AWAIT(coro_stream_write(ends.server, "<", 1));
    AWAIT(self->n, coro_stream_sendfile(ends.server, self->file, 4, 100));
    EQ(self->n, 6);
    EQ(lseek(self->file, 0, SEEK_CUR), 10);
    AWAIT(coro_stream_write(ends.server, ">", 1));
    AWAIT(coro_stream_read_exactly(ends.client, self->line, 8));
    HOLDS(memcmp(self->line, "<456789>", 8) == 0);
    close(self->file);
    AWAIT(close_ends());
    ASYNC_END;
}

Test(tls_net, c138_begins_behind_plain_text_and_sends_a_file_between_writes)
{
    EQ(RUN_NET(changes_to_tls()), 0);
}

/* Both say their end, and what was on its way meanwhile harms nobody. */
ASYNC(ends_gracefully, VARS(coro_task *task; size_t n;))
{
    ASYNC_BEGIN;
    connect_streams(&ends.client, &ends.server);
    AWAIT(shake_hands());
    AWAIT(coro_stream_write(ends.server, "unread", 6));
    AWAIT(coro_stream_write(ends.client, "bye", 3));
    self->task = coro_create_task(coro_stream_close_graceful(&ends.client, CORO_SECONDS(20)));
    AWAIT(coro_stream_read_exactly(ends.server, heard_bytes, 3));
    AWAIT(self->n, coro_stream_read(ends.server, heard_bytes, 1));
    EQ(self->n, 0);
    AWAIT(coro_stream_write(ends.server, message, sizeof message));
    AWAIT(coro_stream_close(&ends.server));
    AWAIT(coro_task_join(self->task));
    coro_task_release(self->task);
    ASYNC_END;
}

Test(tls_net, c138_a_graceful_close_waits_for_the_other_end)
{
    EQ(RUN_NET(ends_gracefully()), 0);
}

/* A record that is cut in its middle: what came before it, and no end. */
ASYNC(is_cut, VARS(size_t n; int error;))
{
    static const coro_slice half = {"\x17\x03\x03\x01\x00half", 9};
    ASYNC_BEGIN;
    connect_streams(&ends.client, &ends.server);
    AWAIT(shake_hands());
    AWAIT(coro_stream_write(ends.client, "whole", 5));
    AWAIT(coro_stream_drain(ends.client));
    EQ(coro_stream_try_write(coro_tls_of(ends.client)->inner, &half, 1), 9);
    EQ(coro_stream_try_shutdown_write(coro_tls_of(ends.client)->inner), 0);
    AWAIT(self->n, coro_stream_read(ends.server, heard_bytes, 9));
    EQ(self->n, 5);
    AWAIT_CATCH(self->error, self->n, coro_stream_read_line(ends.server, heard_bytes, 9));
    EQ(self->error, CORO_ETRUNCATED);
    coro_stream_abort(&ends.client);
    coro_stream_abort(&ends.server);
    ASYNC_END;
}

Test(tls_net, a_record_that_is_cut_in_its_middle_is_no_end)
{
    EQ(RUN_NET(is_cut()), 0);
}

ASYNC(passes_on, ARGS(coro_stream *, from, coro_stream *, to), VARS(size_t n;))
{
    ASYNC_BEGIN;
    AWAIT(self->n, coro_stream_copy(self->from, self->to, SIZE_MAX));
    AWAIT(coro_stream_shutdown_write(self->to));
    ASYNC_END;
}

/* client ═ TLS ═ server ─ copies ─ near ─ plain ─ far */
ASYNC(is_proxied, VARS(coro_stream *near, *far; coro_group group; size_t n;))
{
    ASYNC_BEGIN;
    fill_message();
    connect_streams(&ends.client, &ends.server);
    AWAIT(shake_hands());
    connect_streams(&self->near, &self->far);
    CORO_GROUP(self->group) {
        coro_group_create_task(&self->group, passes_on(ends.server, self->near));
        coro_group_create_task(&self->group, passes_on(self->near, ends.server));
        AWAIT(move(ends.client, self->far, sizeof message));
        AWAIT(coro_stream_shutdown_write(ends.client));
        AWAIT(self->n, coro_stream_read(self->far, heard_bytes, 1));
        EQ(self->n, 0);
        AWAIT(move(self->far, ends.client, sizeof message));
        AWAIT(coro_stream_shutdown_write(self->far));
        AWAIT(self->n, coro_stream_read(ends.client, heard_bytes, 1));
        EQ(self->n, 0);
    }
    AWAIT(close_ends());
    AWAIT(coro_stream_close(&self->near));
    AWAIT(coro_stream_close(&self->far));
    ASYNC_END;
}

Test(tls_net, a_proxy_between_it_and_plain_text_passes_on_data_and_each_end)
{
    EQ(RUN_NET(is_proxied()), 0);
}

ASYNC(inside_of_tcp, VARS(coro_stream *stream;))
{
    ASYNC_BEGIN;
    connect_streams(&ends.client, &ends.server);
    AWAIT(shake_hands());
    AWAIT(shake_hands());
    EQ(ends.client_error, 0);
    fill_message();
    AWAIT(move(ends.client, ends.server, sizeof message));
    AWAIT(move(ends.server, ends.client, sizeof message));
    AWAIT(coro_stream_write(ends.client, "bye", 3));
    AWAIT(coro_stream_close(&ends.client));
    AWAIT(coro_stream_read_exactly(ends.server, heard_bytes, 3));
    AWAIT(coro_stream_close(&ends.server));
    ASYNC_END;
}

Test(tls_net, tls_over_tls_over_tcp)
{
    EQ(RUN_NET(inside_of_tcp()), 0);
}
