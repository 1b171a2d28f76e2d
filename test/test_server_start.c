/* SPDX-License-Identifier: MIT */
/*
 * test_server_start.c: where a server listens, with which options, and from when on.
 */
#define _GNU_SOURCE
#include "net_fixture.h"

SUITE(server_start);

static coro_sys_table real;

/* --- hosts -------------------------------------------------------------------------------- */

static const char *address_text(const coro_server *server, size_t number)
{
    static char text[CORO_ADDRESS_TEXT_MAX];
    coro_address address;
    EQ(coro_server_address(server, number, &address), 0);
    EQ(coro_address_format(&address, text, sizeof text), 0);
    return text;
}

static int option_of(int fd, int level, int name)
{
    int value = -1;
    socklen_t size = sizeof value;
    EQ(getsockopt(fd, level, name, &value, &size), 0);
    return value;
}

/* One byte there and back. */
ASYNC(touch, ARGS(const char *, host, uint16_t, port),
      VARS(coro_stream *stream; char service[8]; char byte;))
{
    ASYNC_BEGIN;
    snprintf(self->service, sizeof self->service, "%u", self->port);
    AWAIT(self->stream, coro_open_connection(self->host, self->service, NULL));
    AWAIT(coro_stream_write(self->stream, "x", 1));
    AWAIT(coro_stream_read_exactly(self->stream, &self->byte, 1));
  ASYNC_FINALLY:
    AWAIT(coro_stream_close(&self->stream));
    ASYNC_END;
}

ASYNC(serves_several, VARS(coro_server *server; coro_server_options options; uint16_t port;))
{
    static const char *const hosts[] = {"127.0.0.1", "127.0.0.2", "127.0.0.1", NULL};
    char expected[40];
    ASYNC_BEGIN;
    self->options.hosts = hosts;
    AWAIT(self->server, coro_start_server(CORO_HANDLER(echo), NULL, NULL, "0", &self->options));
    self->port = coro_server_port(self->server);
    EQ(coro_server_sockets(self->server), 2);
    HOLDS(coro_server_is_serving(self->server));
    snprintf(expected, sizeof expected, "127.0.0.2:%u", self->port);
    cr_assert(eq(str, TEXT(address_text(self->server, 1)), expected));
    AWAIT(touch("127.0.0.1", self->port));
    AWAIT(touch("127.0.0.2", self->port));
    coro_server_close(self->server);
    EQ(coro_server_sockets(self->server), 0);
    EQ(coro_server_socket(self->server, 0), -1);
    EQ(coro_server_address(self->server, 0, NULL), CORO_EBADF);
    HOLDS(!coro_server_is_serving(self->server));
  ASYNC_FINALLY:
    AWAIT(coro_server_shutdown(self->server, CORO_SECONDS(2)));
    ASYNC_END;
}

Test(server_start, each_distinct_address_of_all_hosts_has_one_socket)
{
    EQ(RUN_NET(serves_several()), 0);
}

ASYNC(tries, ARGS(const char *, host, const char *const *, hosts, int, family),
      VARS(coro_server *server; coro_server_options options; int error;))
{
    ASYNC_BEGIN;
    self->options.hosts = self->hosts;
    self->options.family = self->family;
    AWAIT_CATCH(self->error, self->server, coro_start_server(CORO_HANDLER(echo), NULL, self->host,
                                                             "0", &self->options));
    if (self->error == 0)
        say("%zu ", coro_server_sockets(self->server));
    else
        say("[%d] ", self->error);
    coro_server_release(self->server);
    ASYNC_END;
}

Test(server_start, a_list_of_hosts_has_some_and_replaces_the_host)
{
    static const char *const none[] = {NULL}, *const one[] = {"127.0.0.1", NULL};
    EQ(RUN_NET(tries("127.0.0.1", one, 0)), 0);
    EQ(RUN_NET(tries(NULL, none, 0)), 0);
    EQ(RUN_NET(tries(NULL, one, 0)), 0);
    SAID("[-22] [-22] 1 ");
}

Test(server_start, an_address_that_is_not_this_machines_is_left_out_unless_it_is_the_only_one)
{
    static const char *const two[] = {"127.0.0.1", "203.0.113.7", NULL};
    static const char *const no[] = {"203.0.113.7", "203.0.113.8", NULL};
    EQ(RUN_NET(tries(NULL, two, 0)), 0);
    EQ(RUN_NET(tries(NULL, no, 0)), 0);
    SAID("1 [-99] ");
}

Test(server_start, a_name_that_nobody_knows_among_others_fails_the_start)
{
    static const char *const two[] = {"127.0.0.1", "300.1.1.1.1", NULL};
    EQ(RUN_NET(tries(NULL, two, 0)), 0);
    SAID("[-1008] ");
}

Test(server_start, a_family_chooses_among_the_addresses)
{
    EQ(RUN_NET(tries(NULL, NULL, AF_INET)), 0);
    EQ(RUN_NET(tries("127.0.0.1", NULL, AF_INET6)), 0);
    EQ(RUN_NET(tries("127.0.0.1", NULL, AF_UNIX)), 0);
    SAID("1 [-1008] [-22] ");
}

ASYNC(serves_both_families, VARS(coro_server *server; size_t i; uint16_t port;))
{
    ASYNC_BEGIN;
    AWAIT(self->server, coro_start_server(CORO_HANDLER(echo), NULL, "", "0", NULL));
    self->port = coro_server_port(self->server);
    HOLDS(coro_server_sockets(self->server) >= 1);
    for (size_t i = 0; i < coro_server_sockets(self->server); i++) {
        coro_address at;
        EQ(coro_server_address(self->server, i, &at), 0);
        EQ(coro_address_port(&at), self->port);
        if (coro_address_family(&at) == AF_INET6)
            EQ(option_of(coro_server_socket(self->server, i), IPPROTO_IPV6, IPV6_V6ONLY), 1);
    }
    AWAIT(touch("127.0.0.1", self->port));
  ASYNC_FINALLY:
    AWAIT(coro_server_shutdown(self->server, CORO_SECONDS(2)));
    ASYNC_END;
}

Test(server_start, without_a_host_each_family_has_a_socket_of_its_own_at_the_same_port)
{
    EQ(RUN_NET(serves_both_families()), 0);
}

ASYNC(fails_half_way, VARS(coro_server *taken, *server; coro_server_options options; int error;
                           char port[8];))
{
    static const char *const hosts[] = {"127.0.0.2", "127.0.0.3", NULL};
    ASYNC_BEGIN;
    self->options.hosts = hosts;
    AWAIT(self->taken, coro_start_server(CORO_HANDLER(echo), NULL, "127.0.0.3", "0", NULL));
    memcpy(self->port, port_text(self->taken), 8);
    AWAIT_CATCH(self->error, self->server, coro_start_server(CORO_HANDLER(echo), NULL, NULL,
                                                             self->port, &self->options));
    EQ(self->error, CORO_EADDRINUSE);
    AWAIT(self->server,
          coro_start_server(CORO_HANDLER(echo), NULL, "127.0.0.2", self->port, NULL));
  ASYNC_FINALLY:
    coro_server_release(self->server);
    coro_server_release(self->taken);
    ASYNC_END;
}

Test(server_start, what_fails_half_way_leaves_no_socket_bound)
{
    EQ(RUN_NET(fails_half_way()), 0);
}

/* --- options ------------------------------------------------------------------------------ */

ASYNC(looks_at_socket, ARGS(coro_stream *, stream, void *, context), VARS(char byte;))
{
    ASYNC_BEGIN;
    say("%d%d ", option_of(coro_stream_fd(self->stream), SOL_SOCKET, SO_KEEPALIVE),
        option_of(coro_stream_fd(self->stream), IPPROTO_TCP, TCP_NODELAY));
    AWAIT(coro_stream_read_exactly(self->stream, &self->byte, 1));
    AWAIT(coro_stream_write(self->stream, &self->byte, 1));
    ASYNC_END;
}

ASYNC(serves_with_options, ARGS(coro_server_options *, options), VARS(coro_server *server;))
{
    ASYNC_BEGIN;
    AWAIT(self->server, coro_start_server(CORO_HANDLER(looks_at_socket), NULL, "127.0.0.1", "0",
                                          self->options));
    AWAIT(touch("127.0.0.1", coro_server_port(self->server)));
  ASYNC_FINALLY:
    AWAIT(coro_server_shutdown(self->server, CORO_SECONDS(2)));
    ASYNC_END;
}

static int backlogs[2];

static int note_listen(int fd, int backlog)
{
    backlogs[backlogs[0] != 0] = backlog;
    return real.listen(fd, backlog);
}

Test(server_start, connections_have_the_options_of_their_server)
{
    coro_server_options keep = {.keep_alive = true, .backlog = 7}, slow = {.nagle = true};
    real = coro_sys;
    coro_sys.listen = note_listen;
    EQ(RUN_NET(serves_with_options(&keep)), 0);
    EQ(RUN_NET(serves_with_options(&slow)), 0);
    SAID("11 00 ");
    EQ(backlogs[0], 7);
    EQ(backlogs[1], 511);
}

ASYNC(shares_a_port, VARS(coro_server *one, *other; coro_server_options options; char port[8];))
{
    ASYNC_BEGIN;
    self->options.reuse_port = true;
    AWAIT(self->one,
          coro_start_server(CORO_HANDLER(echo), NULL, "127.0.0.1", "0", &self->options));
    memcpy(self->port, port_text(self->one), 8);
    AWAIT(self->other,
          coro_start_server(CORO_HANDLER(echo), NULL, "127.0.0.1", self->port, &self->options));
    AWAIT(touch("127.0.0.1", coro_server_port(self->other)));
  ASYNC_FINALLY:
    AWAIT(coro_server_shutdown(self->one, CORO_SECONDS(2)));
    AWAIT(coro_server_shutdown(self->other, CORO_SECONDS(2)));
    ASYNC_END;
}

Test(server_start, servers_may_share_a_port)
{
    EQ(RUN_NET(shares_a_port()), 0);
}

/* --- later -------------------------------------------------------------------------------- */

static int failing_listens;

static int failing_listen(int fd, int backlog)
{
    if (failing_listens-- > 0) {
        errno = EADDRINUSE;
        return -1;
    }
    return real.listen(fd, backlog);
}

ASYNC(starts_later, VARS(coro_server *server; coro_server_options options; int error;
                         uint16_t port;))
{
    ASYNC_BEGIN;
    self->options.start_later = true;
    AWAIT(self->server,
          coro_start_server(CORO_HANDLER(echo), NULL, "127.0.0.1", "0", &self->options));
    self->port = coro_server_port(self->server);
    HOLDS(!coro_server_is_serving(self->server));
    AWAIT_CATCH(self->error, touch("127.0.0.1", self->port));
    EQ(self->error, CORO_ECONNREFUSED);
    failing_listens = 1;
    EQ(coro_server_start_serving(self->server), CORO_EADDRINUSE);
    EQ(coro_server_start_serving(self->server), 0);
    EQ(coro_server_start_serving(self->server), 0);
    HOLDS(coro_server_is_serving(self->server));
    AWAIT(touch("127.0.0.1", self->port));
    coro_server_close(self->server);
    EQ(coro_server_start_serving(self->server), CORO_ECLOSED);
  ASYNC_FINALLY:
    AWAIT(coro_server_shutdown(self->server, CORO_SECONDS(2)));
    ASYNC_END;
}

Test(server_start, a_server_that_starts_later_is_bound_and_refuses_until_then)
{
    real = coro_sys;
    coro_sys.listen = failing_listen;
    EQ(RUN_NET(starts_later()), 0);
}

ASYNC(never_starts, VARS(coro_server *server; coro_server_options options;))
{
    ASYNC_BEGIN;
    self->options.start_later = true;
    AWAIT(self->server,
          coro_start_server(CORO_HANDLER(echo), NULL, "127.0.0.1", "0", &self->options));
    AWAIT(coro_server_shutdown(self->server, CORO_SECONDS(2)));
    ASYNC_END;
}

Test(server_start, a_server_that_never_started_ends_as_well)
{
    EQ(RUN_NET(never_starts()), 0);
}

/* --- a descriptor ------------------------------------------------------------------------- */

ASYNC(serves_descriptor, VARS(coro_server *server; struct sockaddr_in at; int fd, error;))
{
    ASYNC_BEGIN;
    self->fd = listen_somewhere(5, &self->at);
    AWAIT(self->server, coro_start_server_fd(CORO_HANDLER(echo), NULL, self->fd, NULL));
    EQ(coro_server_socket(self->server, 0), self->fd);
    EQ(coro_server_port(self->server), ntohs(self->at.sin_port));
    HOLDS(fcntl(self->fd, F_GETFL) & O_NONBLOCK);
    AWAIT(touch("127.0.0.1", coro_server_port(self->server)));
    AWAIT(coro_server_shutdown(self->server, CORO_SECONDS(2)));
    self->server = NULL;
    AWAIT_CATCH(self->error, self->server,
                coro_start_server_fd(CORO_HANDLER(echo), NULL, -1, NULL));
    EQ(self->error, CORO_EBADF);
    self->fd = socket(AF_INET, SOCK_DGRAM, 0);
    AWAIT_CATCH(self->error, self->server,
                coro_start_server_fd(CORO_HANDLER(echo), NULL, self->fd, NULL));
    EQ(self->error, CORO_EINVAL);
    EQ(close(self->fd), 0); /* still ours */
    ASYNC_END;
}

Test(server_start, a_socket_of_somebody_elses_making_can_be_served)
{
    EQ(RUN_NET(serves_descriptor()), 0);
}

ASYNC(adopts, ARGS(int, fd, int *, error), VARS(coro_server *server;))
{
    ASYNC_BEGIN;
    AWAIT_CATCH(*self->error, self->server,
                coro_start_server_fd(CORO_HANDLER(echo), NULL, self->fd, NULL));
    coro_server_release(self->server);
    ASYNC_END;
}

Test(server_start, without_memory_a_descriptor_stays_the_callers)
{
    int error = CORO_ENOMEM;
    for (memory.fail_at = 1; error != 0; memory.fail_at++) {
        struct sockaddr_in at;
        int fd = listen_somewhere(5, &at), result;
        memory.calls = memory.failed = 0;
        error = CORO_ENOMEM;
        result = RUN_NET_LOUD(adopts(fd, &error));
        HOLDS(result == 0 || result == CORO_ENOMEM);
        EQ(close(fd), error == 0 ? -1 : 0);
    }
}

/* --- faults ------------------------------------------------------------------------------- */

static int countdown, fired;

static bool fires(void)
{
    fired += countdown == 1;
    return countdown-- == 1;
}

#define FAILING(result, name, parameters, arguments, error)                                        \
    static result failing_##name parameters                                                       \
    {                                                                                              \
        if (fires()) {                                                                             \
            errno = (error);                                                                       \
            return -1;                                                                             \
        }                                                                                          \
        return real.name arguments;                                                                \
    }
FAILING(int, socket, (int domain, int type, int protocol), (domain, type, protocol), EMFILE)
FAILING(int, bind, (int fd, const struct sockaddr *at, socklen_t size), (fd, at, size), EACCES)
FAILING(int, setsockopt, (int fd, int level, int name, const void *value, socklen_t size),
        (fd, level, name, value, size), EINVAL)


/* Each call of the start fails once; whatever comes of it, nothing is left. */
Test(server_start, each_system_call_that_fails_is_an_error_and_leaves_nothing)
{
    static const char *const hosts[] = {"127.0.0.1", "127.0.0.2", NULL};
    real = coro_sys;
    coro_sys.socket = failing_socket;
    coro_sys.bind = failing_bind;
    coro_sys.setsockopt = failing_setsockopt;
    for (int n = 1; n == 1 || fired > 0; n++) {
        countdown = n;
        fired = 0;
        EQ(RUN_NET(tries(NULL, hosts, 0)), 0);
    }
    HOLDS(strstr(said, "[-24] ") != NULL && strstr(said, "[-13] ") != NULL &&
          strstr(said, "[-22] ") != NULL && strstr(said, "2 ") != NULL);
}

Test(server_start, without_memory_nothing_is_left)
{
    static const char *const hosts[] = {"127.0.0.1", "localhost", NULL};
    memory.fail_at = 0;
    do {
        memory.calls = memory.failed = 0;
        memory.fail_at++;
        said_size = 0;
        (void)RUN_NET_LOUD(tries(NULL, hosts, 0));
    } while (memory.failed > 0);
    HOLDS(memory.fail_at > 3);
}
