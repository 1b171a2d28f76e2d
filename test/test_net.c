/* SPDX-License-Identifier: MIT */
/*
 * test_net.c: connections over real sockets. Servers are in test_server.c, bare sockets
 * and names in test_sock.c, what happens when the system fails in test_faults_net.c.
 */
#define _GNU_SOURCE
#include "net_fixture.h"

#include <sys/un.h>

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

/* --- descriptors -------------------------------------------------------------------------- */

/* A server and a client of ours at an address; *length is its size. */
static void connect_local(const char *path, size_t length, int fds[2])
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    memcpy(at.sun_path, path, length);
    EQ(bind(listener, (struct sockaddr *)&at, size), 0);
    EQ(listen(listener, 1), 0);
    fds[0] = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    EQ(connect(fds[0], (struct sockaddr *)&at, size), 0);
    fds[1] = accept(listener, NULL, NULL);
    HOLDS(fds[1] >= 0);
    close(listener);
}

ASYNC(talks_locally, ARGS(const char *, path, size_t, length, const char *, name),
      VARS(coro_stream *one, *other; int fds[2]; size_t n; char text[120];))
{
    ASYNC_BEGIN;
    connect_local(self->path, self->length, self->fds);
    EQ(coro_stream_from_fd(&self->one, self->fds[0]), 0);
    EQ(coro_stream_from_fd(&self->other, self->fds[1]), 0);
    EQ(coro_stream_peer_name(self->one, self->text, sizeof self->text), 0);
    HOLDS(strncmp(self->text, "unix:", 5) == 0);
    HOLDS(strcmp(self->text + 5, self->name) == 0);
    EQ(coro_stream_peer_name(self->other, self->text, sizeof self->text), 0);
    HOLDS(strcmp(self->text, "unix:") == 0);
    AWAIT(coro_stream_write(self->one, "ping", 4));
    AWAIT(coro_stream_shutdown_write(self->one));
    AWAIT(coro_stream_read_exactly(self->other, self->text, 4));
    AWAIT(self->n, coro_stream_read(self->other, self->text, 4));
    EQ(self->n, 0);
    AWAIT(coro_stream_write(self->other, "pong", 4)); /* the other half is open */
    AWAIT(coro_stream_close(&self->other));
    AWAIT(coro_stream_read_exactly(self->one, self->text, 4));
  ASYNC_FINALLY:
    AWAIT(coro_stream_close(&self->one));
    AWAIT(coro_stream_close(&self->other));
    ASYNC_END;
}

Test(net, a_unix_socket_is_a_stream_as_well)
{
    char path[] = "/tmp/coro-test-net-XXXXXX", longest[108];
    HOLDS(mkdtemp(path) != NULL);
    snprintf(longest, sizeof longest, "%s/%080d", path, 1);
    EQ(RUN_NET(talks_locally(longest, strlen(longest), longest)), 0);
    unlink(longest);
    rmdir(path);
    EQ(RUN_NET(talks_locally("\0coro-test", 10, "@coro-test")), 0);
}

ASYNC(takes_no_stream, VARS(coro_stream *stream; int fds[2];))
{
    ASYNC_BEGIN;
    EQ(socketpair(AF_UNIX, SOCK_DGRAM, 0, self->fds), 0);
    EQ(coro_stream_from_fd(&self->stream, self->fds[0]), CORO_EINVAL);
    close(self->fds[0]);
    close(self->fds[1]);
    EQ(pipe(self->fds), 0);
    EQ(coro_stream_from_fd(&self->stream, self->fds[0]), -ENOTSOCK);
    close(self->fds[0]);
    close(self->fds[1]);
    EQ(coro_stream_from_fd(&self->stream, self->fds[0]), CORO_EBADF);
    HOLDS(self->stream == NULL);
    ASYNC_END;
}

Test(net, a_descriptor_that_is_no_stream_socket_is_refused)
{
    EQ(RUN_NET(takes_no_stream()), 0);
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
    EQ(RUN_NET(binds_first("")), 0);
    SAID("0 -1008 ");
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
    connect_half(&self->stream, &self->other);
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

ASYNC(reset_while, ARGS(int, what),
      VARS(coro_stream *stream; int other, error; size_t n; char *data, byte; coro_task *task;))
{
    ASYNC_BEGIN;
    connect_half(&self->stream, &self->other);
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
    SAID("-104 -104 -104 ");
}

/* The system tells a write of the reset, and would give a read an end that nobody has said. */
ASYNC(reset_while_writing, ARGS(const char *, last),
      VARS(coro_stream *stream; int other, error; size_t n; char text[9];))
{
    ASYNC_BEGIN;
    connect_half(&self->stream, &self->other);
    EQ(write(self->other, self->last, strlen(self->last)), strlen(self->last));
    reset_by(self->other);
    AWAIT(coro_sleep(CORO_MS(2)));
    AWAIT(coro_stream_write(self->stream, "x", 1));
    AWAIT_CATCH(self->error, coro_stream_drain(self->stream));
    say("%d ", self->error);
    do {
        self->n = 0;
        AWAIT_CATCH(self->error, self->n, coro_stream_read(self->stream, self->text, 9));
        say("%.*s%d ", (int)self->n, self->text, self->error);
    } while (self->n > 0);
    AWAIT_CATCH(self->error, self->n, coro_stream_read(self->stream, self->text, 9));
    say("%d ", self->error);
    HOLDS(!coro_stream_at_eof(self->stream));
  ASYNC_FINALLY:
    coro_stream_abort(&self->stream);
    ASYNC_END;
}

Test(net, f010_a_read_behind_a_write_that_met_a_reset_gets_what_had_come_and_no_end)
{
    EQ(RUN_NET(reset_while_writing("")), 0);
    SAID("-104 -104 -104 ");
    EQ(RUN_NET(reset_while_writing("last")), 0);
    SAID("-104 -104 -104 -104 last0 -104 -104 ");
}

/* An end that was said stays one; and who has gone cannot be told ours. */
ASYNC(gone, ARGS(bool, reset),
      VARS(coro_stream *stream; int other, error, i; size_t n; char text[9];))
{
    ASYNC_BEGIN;
    connect_half(&self->stream, &self->other);
    EQ(write(self->other, "bye", 3), 3);
    if (self->reset)
        reset_by(self->other);
    else
        close(self->other);
    for (; self->i < 100 && self->error == 0 && !self->reset; self->i++) {
        AWAIT_CATCH(self->error, coro_stream_write(self->stream, "x", 1));
        AWAIT(coro_sleep(CORO_US(100)));
    }
    AWAIT(coro_sleep(CORO_MS(1)));
    AWAIT_CATCH(self->error, coro_stream_shutdown_write(self->stream));
    EQ(self->error, CORO_EPIPE);
    AWAIT(coro_stream_read_exactly(self->stream, self->text, 3));
    AWAIT_CATCH(self->error, self->n, coro_stream_read(self->stream, self->text, 9));
    EQ(self->error, self->reset ? CORO_ECONNRESET : 0);
  ASYNC_FINALLY:
    coro_stream_abort(&self->stream);
    ASYNC_END;
}

Test(net, f011_what_a_peer_that_has_gone_had_said_is_read_and_our_end_is_epipe)
{
    EQ(RUN_NET(gone(false)), 0);
    EQ(RUN_NET(gone(true)), 0);
}

/* recv stops at urgent bytes: what is behind them is there, and nobody tells of it again. */
ASYNC(urgent, VARS(coro_stream *stream; int other, error; size_t n; char text[9];))
{
    static const int on = 1;
    ASYNC_BEGIN;
    connect_half(&self->stream, &self->other);
    EQ(setsockopt(self->other, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on), 0);
    AWAIT_CATCH(self->error, self->n,
                coro_wait_for(coro_stream_read(self->stream, self->text, 9), CORO_MS(1)));
    EQ(self->error, CORO_ETIMEDOUT); /* from now on the system tells of each edge, once */
    EQ(write(self->other, "abc", 3), 3);
    EQ(send(self->other, "!", 1, MSG_OOB), 1);
    EQ(write(self->other, "def", 3), 3);
    AWAIT(coro_sleep(CORO_MS(2)));
    AWAIT(coro_wait_for(coro_stream_read_exactly(self->stream, self->text, 6), CORO_SECONDS(5)));
    HOLDS(memcmp(self->text, "abcdef", 6) == 0);
  ASYNC_FINALLY:
    coro_stream_abort(&self->stream);
    close(self->other);
    ASYNC_END;
}

Test(net, urgent_bytes_hold_up_none_that_come_behind_them)
{
    EQ(RUN_NET(urgent()), 0);
}

ASYNC(writes_to_the_dead, VARS(coro_stream *stream; int other, error, i;))
{
    ASYNC_BEGIN;
    connect_half(&self->stream, &self->other);
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

ASYNC(writes_parts, ARGS(coro_stream *, stream, const char *, data),
      VARS(coro_slice parts[3];))
{
    ASYNC_BEGIN;
    self->parts[0] = (coro_slice){self->data, 3000000};
    self->parts[1] = (coro_slice){self->data + 3000000, 1};
    self->parts[2] = (coro_slice){self->data + 3000001, 2999999};
    AWAIT(coro_stream_writev(self->stream, self->parts, 3));
    ASYNC_END;
}

ASYNC(moves_parts, VARS(coro_stream *a, *b; char *out, *in; coro_task *writer;))
{
    ASYNC_BEGIN;
    connect_streams(&self->a, &self->b);
    self->out = malloc(6000000);
    self->in = malloc(6000000);
    for (size_t i = 0; i < 6000000; i++)
        self->out[i] = (char)(i * 7 + i / 256);
    self->writer = coro_create_task(writes_parts(self->a, self->out));
    AWAIT(coro_sleep(CORO_MS(1)));
    HOLDS(!coro_task_done(self->writer)); /* more than the system takes */
    AWAIT(coro_stream_read_exactly(self->b, self->in, 6000000));
    AWAIT(coro_task_join(self->writer));
    HOLDS(memcmp(self->in, self->out, 6000000) == 0);
  ASYNC_FINALLY:
    coro_task_release(self->writer);
    AWAIT(coro_stream_close(&self->a));
    AWAIT(coro_stream_close(&self->b));
    free(self->out);
    free(self->in);
    ASYNC_END;
}

Test(net, large_parts_wait_for_room_and_arrive_whole)
{
    EQ(RUN_NET(moves_parts()), 0);
}
