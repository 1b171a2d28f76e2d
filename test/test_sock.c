/* SPDX-License-Identifier: MIT */
/*
 * test_sock.c: bare sockets, names, and what a connection costs.
 */
#define _GNU_SOURCE
#include "net_fixture.h"

#include "net/internal.h"

SUITE(sock);

/* --- bare sockets ------------------------------------------------------------------------- */

ASYNC(answers, ARGS(coro_socket *, listener),
      VARS(coro_socket *sock; int fd; size_t n; char *data;))
{
    ASYNC_BEGIN;
    self->data = malloc(100000);
    AWAIT(self->fd, coro_sock_accept(self->listener));
    EQ(coro_socket_from_fd(&self->sock, self->fd), 0);
    do {
        AWAIT(self->n, coro_sock_recv(self->sock, self->data, 100000));
        AWAIT(coro_sock_sendall(self->sock, self->data, self->n));
    } while (self->n > 0);
  ASYNC_FINALLY:
    coro_socket_close(&self->sock);
    free(self->data);
    ASYNC_END;
}

ASYNC(asks, ARGS(const struct sockaddr_in *, at),
      VARS(coro_socket *sock; size_t n, got; char *out, *in; coro_task *sender;))
{
    ASYNC_BEGIN;
    EQ(coro_socket_from_fd(&self->sock, socket(AF_INET, SOCK_STREAM, 0)), 0);
    self->out = malloc(5000000);
    self->in = malloc(5000000);
    for (size_t i = 0; i < 5000000; i++)
        self->out[i] = (char)(i % 253);
    AWAIT(coro_sock_connect(self->sock, (const struct sockaddr *)self->at, sizeof *self->at));
    AWAIT(self->n, coro_sock_recv(self->sock, self->in, 0));
    EQ(self->n, 0);
    self->sender = coro_create_task(coro_sock_sendall(self->sock, self->out, 5000000));
    for (; self->got < 5000000; self->got += self->n) {
        AWAIT(self->n, coro_sock_recv(self->sock, self->in + self->got, 5000000 - self->got));
        HOLDS(self->n > 0);
    }
    HOLDS(memcmp(self->in, self->out, 5000000) == 0);
    AWAIT(coro_task_join(self->sender));
  ASYNC_FINALLY:
    coro_task_release(self->sender);
    coro_socket_close(&self->sock);
    free(self->out);
    free(self->in);
    ASYNC_END;
}

ASYNC(talks, VARS(coro_socket *listener; struct sockaddr_in at; coro_group group;))
{
    ASYNC_BEGIN;
    EQ(coro_socket_from_fd(&self->listener, listen_somewhere(9, &self->at)), 0);
    CORO_GROUP(self->group) {
        coro_group_create_task(&self->group, answers(self->listener));
        coro_group_create_task(&self->group, asks(&self->at));
    }
  ASYNC_FINALLY:
    coro_socket_close(&self->listener);
    ASYNC_END;
}

Test(sock, bytes_go_there_and_back)
{
    EQ(RUN_NET(talks()), 0);
}

ASYNC(receives, ARGS(coro_socket *, sock), VARS(size_t n; int error; char text[9];))
{
    ASYNC_BEGIN;
    AWAIT_CATCH(self->error, self->n, coro_sock_recv(self->sock, self->text, 9));
    say("%d:%.*s ", self->error, (int)self->n, self->text);
    ASYNC_END;
}

ASYNC(misuses, VARS(coro_socket *sock; int other, error; coro_task *first, *second; char *data;))
{
    ASYNC_BEGIN;
    {
        int fd;
        connect_two(&fd, &self->other);
        EQ(coro_socket_from_fd(&self->sock, fd), 0);
        EQ(coro_socket_fd(self->sock), fd);
    }
    self->first = coro_create_task(receives(self->sock));
    self->second = coro_create_task(receives(self->sock));
    AWAIT(coro_yield());
    AWAIT(coro_yield());
    SAID("-16: ");
    coro_task_cancel(self->first);
    AWAIT(coro_task_join(self->first));
    EQ(write(self->other, "kept", 4), 4);
    AWAIT(receives(self->sock));
    SAID("-16: -125: 0:kept ");
    coro_task_release(self->first);
    coro_task_release(self->second);
    self->first = coro_create_task(receives(self->sock));
    self->data = calloc(1, 10000000);
    self->second = coro_create_task(coro_sock_sendall(self->sock, self->data, 10000000));
    AWAIT(coro_yield());
    AWAIT(coro_yield());
    coro_socket_close(&self->sock);
    coro_socket_close(&self->sock);
    AWAIT_CATCH(self->error, coro_task_join(self->second));
    EQ(self->error, CORO_ECLOSED);
    AWAIT(coro_task_join(self->first));
    AWAIT(receives(NULL));
    SAID("-16: -125: 0:kept -1001: -1001: ");
    EQ(coro_socket_fd(NULL), -1);
    EQ(coro_socket_from_fd(&self->sock, -1), CORO_EBADF);
  ASYNC_FINALLY:
    coro_task_release(self->first);
    coro_task_release(self->second);
    close(self->other);
    free(self->data);
    ASYNC_END;
}

Test(sock, one_task_a_direction_and_a_close_ends_both)
{
    EQ(RUN_NET(misuses()), 0);
}

static coro_sys_table real;
static int recvmsgs;

static ssize_t counted_recvmsg(int fd, struct msghdr *message, int flags)
{
    recvmsgs++;
    return real.recvmsg(fd, message, flags);
}

ASYNC(receives_from, VARS(coro_socket *sock; int other, error; size_t n; coro_address from;
                          char text[9];))
{
    ASYNC_BEGIN;
    {
        int fd;
        connect_two(&fd, &self->other);
        EQ(coro_socket_from_fd(&self->sock, fd), 0);
    }
    EQ(write(self->other, "first", 5), 5);
    AWAIT(self->n, coro_sock_recv(self->sock, self->text, 9));
    EQ(self->n, 5); /* a short read of a stream: no more is there */
    AWAIT_CATCH(self->error, self->n,
                coro_wait_for(coro_sock_recvfrom(self->sock, self->text, 9, &self->from),
                              CORO_MS(1)));
    EQ(self->error, CORO_ETIMEDOUT);
    EQ(recvmsgs, 0);
    EQ(write(self->other, "second", 6), 6);
    AWAIT(self->n, coro_sock_recvfrom(self->sock, self->text, 9, &self->from));
    HOLDS(self->n == 6 && memcmp(self->text, "second", 6) == 0);
    EQ(recvmsgs, 1);
  ASYNC_FINALLY:
    coro_socket_close(&self->sock);
    close(self->other);
    ASYNC_END;
}

Test(sock, after_a_short_read_of_a_stream_a_recvfrom_waits_at_once)
{
    real = coro_sys;
    coro_sys.recvmsg = counted_recvmsg;
    EQ(RUN_NET(receives_from()), 0);
}

static coro_socket *foreign;

ASYNC(opens_foreign)
{
    ASYNC_BEGIN;
    EQ(coro_socket_from_fd(&foreign, socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)), 0);
    ASYNC_END;
}

ASYNC(uses_foreign, VARS(size_t n; int fd, error; char text[9]; struct sockaddr_in at;))
{
    ASYNC_BEGIN;
    AWAIT_CATCH(self->error, self->n, coro_sock_recv(foreign, self->text, 9));
    EQ(self->error, CORO_EWRONGLOOP);
    AWAIT_CATCH(self->error, coro_sock_sendall(foreign, "!", 1));
    EQ(self->error, CORO_EWRONGLOOP);
    AWAIT_CATCH(self->error, self->fd, coro_sock_accept(foreign));
    EQ(self->error, CORO_EWRONGLOOP);
    AWAIT_CATCH(self->error, coro_sock_connect(foreign, (struct sockaddr *)&self->at,
                                               sizeof self->at));
    EQ(self->error, CORO_EWRONGLOOP);
    ASYNC_END;
}

Test(sock, is_of_the_loop_that_took_it)
{
    coro_loop_options options = {.backend = coro_backend_named("epoll")};
    coro_loop first;
    EQ(coro_loop_init(&first, &options), 0);
    EQ(coro_loop_run_until_complete(&first, opens_foreign()), 0);
    EQ(coro_run(uses_foreign()), 0);
    coro_socket_close(&foreign);
    coro_loop_close(&first);
}

ASYNC(is_refused, ARGS(const struct sockaddr_in *, at), VARS(coro_socket *sock;))
{
    ASYNC_BEGIN;
    EQ(coro_socket_from_fd(&self->sock, socket(AF_INET, SOCK_STREAM, 0)), 0);
    AWAIT(coro_sock_connect(self->sock, (const struct sockaddr *)self->at, sizeof *self->at));
  ASYNC_FINALLY:
    coro_socket_close(&self->sock);
    ASYNC_END;
}

Test(sock, a_refused_connect_says_so)
{
    struct sockaddr_in at;
    close(listen_somewhere(1, &at));
    EQ(RUN_NET(is_refused(&at)), CORO_ECONNREFUSED);
}

/* --- names -------------------------------------------------------------------------------- */

static struct sockaddr_in addresses[3];
static struct addrinfo infos[3];
static int lookups, lookup_answer, lookup_ms;

enum { FINDS_NOTHING = 12345 };

/* "many.test" has three addresses, and only at the last somebody listens. */
static int fake_getaddrinfo(const char *host, const char *service, const struct addrinfo *hints,
                            struct addrinfo **found)
{
    (void)service;
    if (hints->ai_flags & AI_NUMERICHOST)
        return EAI_NONAME;
    __atomic_fetch_add(&lookups, 1, __ATOMIC_SEQ_CST);
    usleep((useconds_t)lookup_ms * 1000);
    errno = EACCES;
    *found = NULL;
    if (lookup_answer == FINDS_NOTHING)
        return 0;
    if (lookup_answer != 0 || strcmp(host, "many.test") != 0)
        return lookup_answer != 0 ? lookup_answer : EAI_NONAME;
    *found = &infos[0];
    return 0;
}

static void fake_freeaddrinfo(struct addrinfo *found)
{
    HOLDS(found == &infos[0]);
}

static void fake_names(struct sockaddr_in last)
{
    coro_names.getaddrinfo = fake_getaddrinfo;
    coro_names.freeaddrinfo = fake_freeaddrinfo;
    for (int i = 0; i < 3; i++) {
        addresses[i] = last;
        addresses[i].sin_addr.s_addr = htonl(i == 2 ? INADDR_LOOPBACK : 0x7f000010u + (unsigned)i);
        infos[i].ai_family = AF_INET;
        infos[i].ai_socktype = SOCK_STREAM;
        infos[i].ai_addr = (struct sockaddr *)&addresses[i];
        infos[i].ai_addrlen = sizeof addresses[i];
        infos[i].ai_next = i < 2 ? &infos[i + 1] : NULL;
    }
}

ASYNC(connects, ARGS(const char *, host), VARS(coro_stream *stream; char text[32];))
{
    ASYNC_BEGIN;
    AWAIT(self->stream, coro_open_connection(self->host, "7", NULL));
    EQ(coro_stream_peer_name(self->stream, self->text, sizeof self->text), 0);
    HOLDS(strncmp(self->text, "127.0.0.1:", 10) == 0);
  ASYNC_FINALLY:
    AWAIT(coro_stream_close(&self->stream));
    ASYNC_END;
}

Test(sock, all_addresses_of_a_name_are_tried)
{
    struct sockaddr_in at;
    int listener = listen_somewhere(9, &at);
    fake_names(at);
    EQ(RUN_NET(connects("many.test")), 0);
    EQ(lookups, 1);
    close(listener);
    EQ(RUN_NET(connects("many.test")), CORO_ECONNREFUSED);
    EQ(RUN_NET(connects("other.test")), CORO_ENAME);
    lookup_answer = EAI_AGAIN;
    EQ(RUN_NET(connects("many.test")), CORO_ENAMEAGAIN);
    lookup_answer = EAI_MEMORY;
    EQ(RUN_NET(connects("many.test")), CORO_ENOMEM);
    lookup_answer = EAI_SYSTEM;
    EQ(RUN_NET(connects("many.test")), CORO_EACCES);
    lookup_answer = FINDS_NOTHING;
    EQ(RUN_NET(connects("many.test")), CORO_ENAME);
}

ASYNC(serves_at, ARGS(const char *, host), VARS(coro_server *server;))
{
    ASYNC_BEGIN;
    AWAIT(self->server, coro_start_server(CORO_HANDLER(echo), NULL, self->host, "0", NULL));
  ASYNC_FINALLY:
    AWAIT(coro_server_shutdown(self->server, 0));
    ASYNC_END;
}

Test(sock, an_address_larger_than_any_is_not_listened_at)
{
    struct sockaddr_in at = {.sin_family = AF_INET};
    fake_names(at);
    for (int i = 0; i < 3; i++)
        infos[i].ai_addrlen = 4096;
    EQ(RUN_NET(serves_at("many.test")), CORO_EINVAL);
}

/* A connect to a free port of this machine may meet itself, where it is given that very port. */
Test(sock, a_connection_to_itself_is_refused)
{
    struct sockaddr_in at;
    int listener = listen_somewhere(9, &at);
    fake_names(at);
    coro_sys.getpeername = coro_sys.getsockname;
    EQ(RUN_NET(connects("many.test")), CORO_ECONNREFUSED);
    close(listener);
}

ASYNC(gives_up, VARS(int error; coro_time begin;))
{
    ASYNC_BEGIN;
    self->begin = coro_loop_time(coro_loop_current());
    AWAIT_CATCH(self->error, coro_wait_for(connects("many.test"), CORO_MS(200)));
    EQ(self->error, CORO_ETIMEDOUT);
    HOLDS(coro_loop_time(coro_loop_current()) - self->begin < CORO_MS(900));
    ASYNC_END;
}

Test(sock, a_slow_name_server_can_be_given_up)
{
    struct sockaddr_in at = {.sin_family = AF_INET};
    fake_names(at);
    lookup_ms = 1000;
    EQ(RUN_NET(gives_up()), 0);
    usleep(1200000); /* the thread comes back to a loop that is gone */
    EQ(lookups, 1);
}

/* --- what it costs ------------------------------------------------------------------------ */

static int recvs, sends, watches;

static ssize_t counted_recv(int fd, void *buffer, size_t size, int flags)
{
    recvs++;
    return real.recv(fd, buffer, size, flags);
}

static ssize_t counted_send(int fd, const void *data, size_t size, int flags)
{
    sends++;
    return real.send(fd, data, size, flags);
}

static int counted_epoll_ctl(int epoll, int op, int fd, struct epoll_event *event)
{
    watches++;
    return real.epoll_ctl(epoll, op, fd, event);
}

ASYNC(plain_echo, ARGS(coro_stream *, stream, void *, context), VARS(size_t n;),
      SCRATCH(char data[256];))
{
    ASYNC_BEGIN;
    for (;;) {
        AWAIT(self->n, coro_stream_read(self->stream, self->data, sizeof self->data));
        if (self->n == 0)
            break;
        AWAIT(coro_stream_write(self->stream, self->data, self->n));
    }
    ASYNC_END;
}

ASYNC(steady, VARS(coro_server *server; coro_stream *stream; int i, recvs, sends, watches;
                   size_t allocations; char port[8], text[64];))
{
    ASYNC_BEGIN;
    AWAIT(self->server, coro_start_server(CORO_HANDLER(plain_echo), NULL, "127.0.0.1", "0", NULL));
    memcpy(self->port, port_text(self->server), 8);
    AWAIT(self->stream, coro_open_connection("127.0.0.1", self->port, NULL));
    for (; self->i < 1100; self->i++) {
        if (self->i == 100) {
            self->recvs = recvs;
            self->sends = sends;
            self->watches = watches;
            self->allocations = memory.calls;
        }
        AWAIT(coro_stream_write(self->stream, self->text, 64));
        AWAIT(coro_stream_read_exactly(self->stream, self->text, 64));
    }
    /* there are two ends here; each message is received and sent once by each */
    EQ(recvs - self->recvs, 2000);
    EQ(sends - self->sends, 2000);
    EQ(watches - self->watches, 0);
    if (CORO_POOL_LISTS_)
        EQ(memory.calls - self->allocations, 0);
  ASYNC_FINALLY:
    AWAIT(coro_stream_close(&self->stream));
    AWAIT(coro_server_shutdown(self->server, CORO_SECONDS(1)));
    ASYNC_END;
}

Test(sock, in_steady_state_a_message_is_one_recv_and_one_send_and_nothing_else)
{
    real = coro_sys;
    coro_sys.recv = counted_recv;
    coro_sys.send = counted_send;
    coro_sys.epoll_ctl = counted_epoll_ctl;
    EQ(RUN_NET(steady()), 0);
}

ASYNC(waits, ARGS(coro_stream *, stream, void *, context), VARS(size_t n;))
{
    ASYNC_BEGIN;
    do
        AWAIT(self->n, coro_stream_peek(self->stream, 1));
    while (self->n > 0 && (coro_stream_consume(self->stream, self->n), true));
    ASYNC_END;
}

enum { IDLE = 200 };

static size_t used_bytes(void)
{
    return memory.bytes - (size_t)(loop.pool.chunk_end - loop.pool.chunk);
}

ASYNC(holds_idle, VARS(coro_server *server; struct sockaddr_in at; size_t before, each;
                       int clients[IDLE];))
{
    ASYNC_BEGIN;
    AWAIT(self->server, coro_start_server(CORO_HANDLER(waits), NULL, "127.0.0.1", "0", NULL));
    self->at.sin_family = AF_INET;
    self->at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    self->at.sin_port = htons(coro_server_port(self->server));
    self->before = used_bytes();
    for (int i = 0; i < IDLE; i++) {
        self->clients[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        EQ(connect(self->clients[i], (struct sockaddr *)&self->at, sizeof self->at), 0);
        EQ(write(self->clients[i], "hello", 5), 5);
    }
    while (coro_server_connections(self->server) < IDLE)
        AWAIT(coro_sleep(CORO_MS(1)));
    AWAIT(coro_sleep(CORO_MS(20)));
    self->each = (used_bytes() - self->before) / IDLE;
    say("%zu", self->each);
    cr_assert(le(sz, self->each, 600));
  ASYNC_FINALLY:
    for (int i = 0; i < IDLE; i++)
        close(self->clients[i]);
    AWAIT(coro_server_shutdown(self->server, CORO_SECONDS(1)));
    ASYNC_END;
}

Test(sock, an_idle_connection_costs_600_bytes_at_most)
{
    EQ(RUN_NET(holds_idle()), 0);
    cr_log_info("%s bytes", said);
}
