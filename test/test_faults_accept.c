/* SPDX-License-Identifier: MIT */
/*
 * test_faults_accept.c: a server in a system that has no descriptors left, or no memory.
 */
#define _GNU_SOURCE
#include "net_fixture.h"

SUITE(faults_accept);

static coro_sys_table real;

/* --- accept ------------------------------------------------------------------------------- */

/* A table of descriptors that is full but for those that are given back. */
static bool is_exhausted, has_reserve;
static int spare, accepts;
static int accept_error; /* instead: all accepts fail with it */

static int short_accept4(int fd, struct sockaddr *at, socklen_t *size, int flags)
{
    int result;
    accepts++;
    if (accept_error != 0 || (is_exhausted && spare == 0)) {
        errno = accept_error != 0 ? accept_error : EMFILE;
        return -1;
    }
    result = real.accept4(fd, at, size, flags);
    spare -= is_exhausted && result >= 0;
    return result;
}

static int short_eventfd(unsigned initial, int flags)
{
    if (is_exhausted && !has_reserve)
        spare = 0; /* another thread was faster */
    if (is_exhausted && spare == 0) {
        errno = EMFILE;
        return -1;
    }
    spare -= is_exhausted;
    return real.eventfd(initial, flags);
}

static int short_close(int fd)
{
    spare += is_exhausted;
    return real.close(fd);
}

static void shorten_system(void)
{
    real = coro_sys;
    coro_sys.accept4 = short_accept4;
    coro_sys.eventfd = short_eventfd;
    coro_sys.close = short_close;
}

/* Clients of the system's own, not the loop's: `count` of them wait in the backlog. */
static void queue_clients(const char *port, int *clients, int count)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port)),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    for (int i = 0; i < count; i++) {
        clients[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        EQ(connect(clients[i], (struct sockaddr *)&at, sizeof at), 0);
    }
}

static int turned_away(int *clients, int count)
{
    int turned = 0;
    for (int i = 0; i < count; i++) {
        char byte;
        ssize_t got = recv(clients[i], &byte, 1, MSG_DONTWAIT);
        turned += got == 0 || (got < 0 && errno == ECONNRESET);
    }
    return turned;
}

enum { CLIENTS = 200 };

/* For 300 ms the system is short of something; then it no longer is. */
ASYNC(runs_short, ARGS(int, error),
      VARS(coro_server *server; char port[8]; clock_t cpu; int turned, tried;
           int clients[CLIENTS];))
{
    ASYNC_BEGIN;
    AWAIT(self->server, coro_start_server(CORO_HANDLER(echo), NULL, "127.0.0.1", "0", NULL));
    memcpy(self->port, port_text(self->server), 8);
    is_exhausted = self->error == 0;
    accept_error = self->error;
    queue_clients(self->port, self->clients, CLIENTS);
    accepts = spare = 0;
    self->cpu = clock();
    AWAIT(coro_sleep(CORO_MS(300)));
    self->cpu = clock() - self->cpu;
    self->tried = accepts;
    self->turned = turned_away(self->clients, CLIENTS);
    HOLDS((double)self->cpu / CLOCKS_PER_SEC < 0.05);
    HOLDS(self->tried > 1 && self->tried <= 8 * 17 + 1); /* a round each 10, 20, 40... ms */
    EQ(coro_server_connections(self->server), 0);
    is_exhausted = false;
    accept_error = 0;
    AWAIT(coro_wait_for(exchange(self->port, 1000), CORO_SECONDS(3)));
    AWAIT(coro_sleep(CORO_MS(5)));
    EQ(coro_server_connections(self->server), (size_t)(CLIENTS - self->turned));
    say("%d ", self->turned > 0);
  ASYNC_FINALLY:
    for (int i = 0; i < CLIENTS; i++)
        close(self->clients[i]);
    AWAIT(coro_server_shutdown(self->server, CORO_MS(500)));
    ASYNC_END;
}

Test(faults_accept, f001_c131_without_descriptors_some_are_turned_away_and_the_server_pauses)
{
    shorten_system();
    has_reserve = true;
    EQ(RUN_NET_LOUD(runs_short(0)), 0);
    SAID("1 ");
    EQ(heard.count, 1);
    EQ(heard.list[0].error, CORO_EMFILE);
}

/* Somebody else took the connection, between the event and our accept. */
static bool is_stolen;

static int robbed_accept4(int fd, struct sockaddr *at, socklen_t *size, int flags)
{
    int result = real.accept4(fd, at, size, flags);
    accepts++;
    if (!is_stolen || result < 0)
        return result;
    is_stolen = false;
    close(result);
    errno = EAGAIN;
    return -1;
}

ASYNC(robbed, VARS(coro_server *server; char port[8]; int client;))
{
    ASYNC_BEGIN;
    AWAIT(self->server, coro_start_server(CORO_HANDLER(echo), NULL, "127.0.0.1", "0", NULL));
    memcpy(self->port, port_text(self->server), 8);
    is_stolen = true;
    queue_clients(self->port, &self->client, 1);
    AWAIT(coro_sleep(CORO_MS(30)));
    HOLDS(!is_stolen && accepts <= 4); /* once or twice, and then it waits */
    EQ(coro_server_connections(self->server), 0);
    AWAIT(exchange(self->port, 1000));
  ASYNC_FINALLY:
    close(self->client);
    AWAIT(coro_server_shutdown(self->server, CORO_MS(500)));
    ASYNC_END;
}

Test(faults_accept, c131_nothing_to_accept_is_nothing_and_the_next_one_is_accepted)
{
    real = coro_sys;
    coro_sys.accept4 = robbed_accept4;
    EQ(RUN_NET(robbed()), 0);
}

Test(faults_accept, f002_without_memory_the_server_pauses_and_turns_nobody_away)
{
    shorten_system();
    has_reserve = true;
    EQ(RUN_NET_LOUD(runs_short(ENFILE)), 0);
    EQ(RUN_NET_LOUD(runs_short(ENOBUFS)), 0);
    EQ(RUN_NET_LOUD(runs_short(ENOMEM)), 0);
    SAID("0 0 0 ");
    EQ(heard.count, 3); /* one each */
}

Test(faults_accept, f005_a_reserve_that_cannot_be_had_back_is_tried_again_without_spinning)
{
    shorten_system();
    has_reserve = false;
    EQ(RUN_NET_LOUD(runs_short(0)), 0);
    SAID("1 ");
    EQ(heard.count, 1);
    EQ(heard.list[0].error, CORO_EMFILE);
}

Test(faults_accept, f003_nothing_but_broken_connections_do_not_make_it_spin)
{
    shorten_system();
    EQ(RUN_NET(runs_short(EPERM)), 0);
    EQ(RUN_NET(runs_short(ECONNABORTED)), 0);
    SAID("0 0 ");
}
