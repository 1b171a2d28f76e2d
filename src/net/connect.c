/* SPDX-License-Identifier: MIT */
/*
 * connect.c - one address: a socket, its options, connect(2), and how that ended.
 *
 *     socket ─► bind? ─► connect(2) ─► EINPROGRESS ─► writable ─► SO_ERROR ─► 0: connected
 *
 * The socket has its stream's memory from the beginning, so that success needs
 * nothing more. An interrupted connect goes on by itself, and is waited for like
 * one in progress; it is never called twice.
 */
#define _GNU_SOURCE
#include "internal.h"

#include <netinet/in.h>
#include <string.h>

/* --- connect(2) --------------------------------------------------------------------------- */

static int outcome(const coro_conn *conn)
{
    int error = 0;
    socklen_t size = sizeof error;
    if (coro_sys.getsockopt(conn->fd.fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0)
        error = errno;
    return -error;
}

static void connect_ready(coro_fd *fd, unsigned directions)
{
    coro_conn *conn = coro_container_of(fd, coro_conn, fd);
    coro_task *task = conn->connecting;
    (void)directions;
    conn->connecting = NULL;
    coro_wait_done(task, outcome(conn));
}

static int connect_start(coro_task *task, coro_call *call)
{
    coro_conn *conn = call->object;
    int error;
    if (coro_sys.connect(conn->fd.fd, call->a.pointer, (socklen_t)call->b.size) == 0)
        return 0;
    if (errno != EINPROGRESS && errno != EINTR)
        return errno == EAGAIN ? CORO_ENOBUFS : -errno; /* no local port is left */
    conn->fd.ready = connect_ready;
    error = coro_fd_want(&conn->fd, CORO_FD_WRITE);
    if (error != 0)
        return error;
    conn->connecting = task;
    task->wait.object = conn;
    return CORO_PENDING_;
}

static bool connect_cancel(coro_task *task)
{
    coro_conn *conn = task->wait.object;
    coro_fd_unwant(&conn->fd, CORO_FD_WRITE);
    conn->connecting = NULL;
    return true;
}

static const coro_wait_type connect_type = {"connect", connect_cancel, NULL, NULL, false};

CORO_LEAF(connect_to, &connect_type, connect_start, 0);

static CORO_NODISCARD coro_void *connect_to(coro_conn *conn, const struct sockaddr *address,
                                            size_t size)
{
    coro_call *call = coro_call_new_(&connect_to_call_);
    if (call->coro.error == 0) {
        call->object = conn;
        call->a.pointer = (void *)(uintptr_t)address;
        call->b.size = size;
    }
    return (coro_void *)call;
}

/* --- before ------------------------------------------------------------------------------- */

/* A local port without a local address to go with it is the system's choice at connect, which
 * knows the other side: so one port serves many. */
static int bind_one(int fd, const struct addrinfo *local)
{
    static const int on = 1;
    coro_address at;
    (void)coro_address_set(&at, local->ai_addr, local->ai_addrlen); /* coro_addrinfo_join's: fits */
    if (coro_address_port(&at) != 0)
        (void)coro_sys.setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    else
        (void)coro_sys.setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    return coro_sys.bind(fd, local->ai_addr, local->ai_addrlen) == 0 ? 0 : -errno;
}

/* To the first of the local addresses that is of this family, and free. */
static int bind_to(int fd, int family, const struct addrinfo *local)
{
    int error = CORO_EADDRNOTAVAIL;
    for (; local != NULL && error != 0; local = local->ai_next)
        if (local->ai_family == family)
            error = bind_one(fd, local);
    return error;
}

static int set_options(int fd, const coro_connect_options *options)
{
    static const int on = 1;
    if (!options->nagle)
        coro_set_no_delay(fd);
    if (options->keep_alive &&
        coro_sys.setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on) != 0)
        return -errno;
    return 0;
}

/* A socket for this address, not connected yet. NULL with *error. */
static coro_conn *socket_for(const struct addrinfo *address, const struct addrinfo *local,
                             const coro_connect_options *options, int *error)
{
    coro_conn *conn = NULL;
    int type = address->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC;
    int fd = coro_sys.socket(address->ai_family, type, address->ai_protocol);
    *error = fd < 0 ? -errno : 0;
    if (fd < 0)
        return NULL;
    *error = set_options(fd, options);
    if (*error == 0 && local != NULL)
        *error = bind_to(fd, address->ai_family, local);
    if (*error == 0)
        conn = coro_conn_new(fd, false, error);
    if (conn == NULL)
        coro_sys.close(fd);
    return conn;
}

/* --- the whole ---------------------------------------------------------------------------- */

/* A port of this machine that nobody listens at can be the one that the connecting socket has
 * got itself: TCP then connects it to itself. */
static bool is_own_echo(const coro_conn *conn)
{
    struct sockaddr_storage here, there;
    socklen_t here_size = sizeof here, there_size = sizeof there;
    memset(&here, 0, sizeof here);
    memset(&there, 0, sizeof there);
    return coro_sys.getsockname(conn->fd.fd, (struct sockaddr *)&here, &here_size) == 0 &&
           coro_sys.getpeername(conn->fd.fd, (struct sockaddr *)&there, &there_size) == 0 &&
           here_size == there_size && memcmp(&here, &there, here_size) == 0;
}

ASYNC_DEFINE(coro_connect_one)
{
    ASYNC_BEGIN;
    self->conn = socket_for(self->address, self->local, self->options, &self->error);
    if (self->conn == NULL)
        ASYNC_THROW(self->error);
    AWAIT(connect_to(self->conn, self->address->ai_addr, self->address->ai_addrlen));
    if (is_own_echo(self->conn))
        ASYNC_THROW(CORO_ECONNREFUSED);
    ASYNC_RETURN(self->conn);
  ASYNC_FINALLY:
    if (self->coro.error != 0 && self->conn != NULL)
        coro_conn_free(self->conn);
    ASYNC_END;
}

static void drop_stream(coro_stream *stream)
{
    coro_stream_abort(&stream);
}

/* On failure the socket goes back to the caller, out of the loop. */
ASYNC(open_connection_fd, RETURNS(coro_stream *, drop_stream),
      ARGS(int, fd, const struct sockaddr *, address, size_t, size),
      VARS(coro_stream *stream; int error;))
{
    coro_conn *conn;
    ASYNC_BEGIN;
    self->error = coro_stream_from_fd(&self->stream, self->fd);
    if (self->error != 0)
        ASYNC_THROW(self->error);
    AWAIT(connect_to(coro_conn_of(self->stream), self->address, self->size));
    coro_conn_connected(coro_conn_of(self->stream));
    ASYNC_RETURN(self->stream);
  ASYNC_FINALLY:
    if (self->coro.error != 0 && self->stream != NULL) {
        conn = coro_conn_of(self->stream);
        (void)coro_fd_detach(&conn->fd);
        coro_conn_free(conn);
    }
    ASYNC_END;
}

coro_connecting *coro_open_connection_fd(int fd, const struct sockaddr *address, size_t size)
{
    return (coro_connecting *)(void *)open_connection_fd(fd, address, size);
}
