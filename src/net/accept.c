/* SPDX-License-Identifier: MIT */
/*
 * accept.c - taking connections in, and what to do when that fails.
 *
 *     accept4, up to 16 a socket ─► admitted: a task ─► a turn for the others ─► again
 *        │ would block: wait for the sockets
 *        │ the connection was broken before we took it: the next one
 *        │ no descriptors (EMFILE): give the reserve up, take some and close them, so that
 *        │    their clients know; take the reserve back; pause
 *        └ no memory, no buffers (ENFILE, ENOBUFS, ENOMEM): pause
 *
 * A pause lasts 10 ms, doubled up to 1 s while no connection succeeds: meanwhile
 * the backlog is the queue. The first of them is reported. The sockets stay
 * registered, edge-triggered, so that waiting out a pause costs nothing.
 */
#define _GNU_SOURCE
#include "server.h"

#define BATCH_MAX 16
#define PAUSE_MIN CORO_MS(10)
#define PAUSE_MAX CORO_SECONDS(1)

/* What came of a round; the worst of all its sockets'. */
enum round { ROUND_IDLE, ROUND_MORE, ROUND_FULL, ROUND_PAUSE };

/* --- one socket --------------------------------------------------------------------------- */

static int accept_one(const coro_listener *listener)
{
    int fd = coro_sys.accept4(listener->fd.fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    return fd >= 0 ? fd : errno == EWOULDBLOCK ? -EAGAIN : -errno;
}

/* The errors of one connection, not of the socket: accept(2) names them. */
static bool is_of_connection(int error)
{
    switch (-error) {
    case EINTR:
    case ECONNABORTED:
    case EPROTO:
    case EPERM:
    case ENETDOWN:
    case ENOPROTOOPT:
    case EHOSTDOWN:
    case ENONET:
    case EHOSTUNREACH:
    case EOPNOTSUPP:
    case ENETUNREACH:
    case ETIMEDOUT:
        return true;
    default:
        return false;
    }
}

/* No descriptor is left but the one in reserve: with it some clients are turned away. */
static void turn_away(coro_server *server, const coro_listener *listener)
{
    if (server->reserve >= 0) {
        coro_sys.close(server->reserve);
        for (int i = 0; i < BATCH_MAX; i++) {
            int fd = accept_one(listener);
            if (fd < 0)
                break;
            coro_sys.close(fd);
        }
    }
    server->reserve = coro_sys.eventfd(0, EFD_CLOEXEC);
}

/* It is no listening socket any more: somebody has closed it behind our back. */
static void give_up(coro_server *server, coro_listener *listener, int error)
{
    coro_report report = {CORO_REPORT_CALLBACK, server->loop, server->acceptor, error,
                          "a server's socket cannot be accepted from any more"};
    coro_fd_close(&listener->fd);
    coro_loop_report(server->loop, &report);
}

/* The system is short of something: once, until a connection succeeds. */
static enum round pause_short(coro_server *server, int error)
{
    coro_report report = {CORO_REPORT_CALLBACK, server->loop, server->acceptor, error,
                          "a server cannot accept for lack of resources, and pauses"};
    if (!server->is_short)
        coro_loop_report(server->loop, &report);
    server->is_short = true;
    return ROUND_PAUSE;
}

static enum round accept_from(coro_server *server, coro_listener *listener)
{
    bool is_any = false;
    for (int i = 0; i < BATCH_MAX; i++) {
        int fd;
        if (server->connections_max > 0 && server->connections_count >= server->connections_max)
            return ROUND_FULL;
        fd = accept_one(listener);
        if (fd >= 0) {
            is_any = true;
            if (!coro_server_admit(server, fd))
                return pause_short(server, CORO_ENOMEM);
            server->is_short = false;
        } else if (fd == -EAGAIN) {
            return ROUND_IDLE;
        } else if (fd == -EMFILE) {
            turn_away(server, listener);
            return pause_short(server, fd);
        } else if (fd == -ENFILE || fd == -ENOBUFS || fd == -ENOMEM) {
            return pause_short(server, fd);
        } else if (!is_of_connection(fd)) {
            give_up(server, listener, fd);
            return ROUND_IDLE;
        }
    }
    return is_any ? ROUND_MORE : ROUND_PAUSE; /* nothing but broken ones */
}

/* --- all of them -------------------------------------------------------------------------- */

static enum round accept_round(coro_server *server)
{
    enum round worst = ROUND_IDLE;
    for (size_t i = 0; i < server->listeners_count; i++) {
        coro_listener *listener = &server->listeners[i];
        enum round round = ROUND_IDLE;
        if (listener->fd.fd >= 0 && !(listener->fd.wanted & CORO_FD_READ))
            round = accept_from(server, listener);
        worst = round > worst ? round : worst;
    }
    return worst;
}

/* False: the system would not; it may be asked again. */
static bool want_all(coro_server *server)
{
    for (size_t i = 0; i < server->listeners_count; i++) {
        coro_fd *fd = &server->listeners[i].fd;
        if (fd->fd >= 0 && !(fd->wanted & CORO_FD_READ) && coro_fd_want(fd, CORO_FD_READ) != 0)
            return false;
    }
    return true;
}

ASYNC(accept_connections, ARGS(coro_server *, server), VARS(coro_duration pause; size_t before;))
{
    enum round round;
    ASYNC_BEGIN;
    self->pause = PAUSE_MIN;
    while (!self->server->serving)
        AWAIT(coro_flag_wait(&self->server->wake));
    while (!self->server->closed) {
        self->before = self->server->connections_count;
        round = accept_round(self->server);
        if (self->server->connections_count > self->before)
            self->pause = PAUSE_MIN;
        if (round == ROUND_IDLE && !want_all(self->server))
            round = ROUND_PAUSE;
        if (round == ROUND_PAUSE) {
            AWAIT(coro_sleep(self->pause));
            self->pause = self->pause * 2 < PAUSE_MAX ? self->pause * 2 : PAUSE_MAX;
        } else if (round == ROUND_MORE) {
            AWAIT(coro_yield());
        } else {
            AWAIT(coro_flag_wait(&self->server->wake));
        }
    }
  ASYNC_FINALLY:
    coro_task_release(self->server->acceptor);
    self->server->acceptor = NULL;
    coro_server_close(self->server);
    coro_server_unref(self->server);
    ASYNC_END;
}

int coro_server_accept(coro_server *server)
{
    server->acceptor = coro_create_task(accept_connections(server));
    if (server->acceptor == NULL)
        return CORO_ENOMEM;
    coro_task_set_name(server->acceptor, "server");
    server->references++;
    return 0;
}
