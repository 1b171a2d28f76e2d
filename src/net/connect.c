/* SPDX-License-Identifier: MIT */
/*
 * connect.c - coro_open_connection: a name, its addresses, the first that answers.
 *
 *     resolve ─► socket ─► connect(2) ─► EINPROGRESS ─► writable ─► SO_ERROR ─► 0: a stream
 *                  ▲                                                   │
 *                  └────────────── the next address ◄──────────────────┘
 *
 * The socket has its stream's memory from the beginning, so that success needs
 * nothing more. An interrupted connect goes on by itself, and is waited for like
 * one in progress; it is never called twice.
 */
#define _GNU_SOURCE
#include "internal.h"

#include <coro/names.h>

#include <string.h>

/* --- one attempt -------------------------------------------------------------------------- */

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
    const struct addrinfo *address = call->a.pointer;
    int error;
    if (coro_sys.connect(conn->fd.fd, address->ai_addr, address->ai_addrlen) == 0)
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

static CORO_NODISCARD coro_void *connect_to(coro_conn *conn, const struct addrinfo *address)
{
    coro_call *call = coro_call_new_(&connect_to_call_);
    if (call->coro.error == 0) {
        call->object = conn;
        call->a.pointer = (void *)(uintptr_t)address;
    }
    return (coro_void *)call;
}

/* --- before and after --------------------------------------------------------------------- */

/* The local address is a literal: one that needs no looking up. */
static int bind_to(int fd, int family, const char *host)
{
    struct addrinfo hints = {.ai_family = family, .ai_socktype = SOCK_STREAM,
                             .ai_flags = AI_NUMERICHOST | AI_PASSIVE};
    struct addrinfo *found;
    int error = 0;
    if (coro_names.getaddrinfo(host, NULL, &hints, &found) != 0)
        return CORO_ENAME;
    if (coro_sys.bind(fd, found->ai_addr, found->ai_addrlen) != 0)
        error = -errno;
    coro_names.freeaddrinfo(found);
    return error;
}

/* A socket for this address, not connected yet. NULL with *error. */
static coro_conn *socket_for(const struct addrinfo *address, const coro_connect_options *options,
                            int *error)
{
    coro_conn *conn = NULL;
    int type = address->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC;
    int fd = coro_sys.socket(address->ai_family, type, address->ai_protocol);
    *error = fd < 0 ? -errno : 0;
    if (fd < 0)
        return NULL;
    if (options == NULL || !options->nagle)
        coro_set_no_delay(fd);
    if (options != NULL && options->local_host != NULL)
        *error = bind_to(fd, address->ai_family, options->local_host);
    if (*error == 0)
        conn = coro_conn_new(fd, error);
    if (conn == NULL)
        coro_sys.close(fd);
    return conn;
}

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

static void drop_stream(coro_stream *stream)
{
    coro_stream_abort(&stream);
}

/* --- the whole ---------------------------------------------------------------------------- */

static const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};

ASYNC(open_connection, RETURNS(coro_stream *, drop_stream),
      ARGS(const char *, host, const char *, service, const coro_connect_options *, options),
      VARS(struct addrinfo *found; const struct addrinfo *next; coro_conn *conn; int error;))
{
    ASYNC_BEGIN;
    AWAIT(self->found, coro_getaddrinfo(self->host, self->service, &hints));
    for (self->next = self->found; self->next != NULL; self->next = self->next->ai_next) {
        self->conn = socket_for(self->next, self->options, &self->error);
        if (self->conn == NULL)
            continue;
        AWAIT_CATCH(self->error, connect_to(self->conn, self->next));
        if (self->error == 0 && is_own_echo(self->conn))
            self->error = CORO_ECONNREFUSED;
        if (self->error == 0)
            break;
        coro_conn_free(self->conn);
        self->conn = NULL;
        if (self->error == CORO_ECANCELED)
            break;
    }
    if (self->error != 0)
        ASYNC_THROW(self->error);
    coro_conn_connected(self->conn);
    ASYNC_RETURN(&self->conn->stream);
  ASYNC_FINALLY:
    coro_freeaddrinfo(self->found);
    ASYNC_END;
}

coro_connecting *coro_open_connection(const char *host, const char *service,
                                      const coro_connect_options *options)
{
    return (coro_connecting *)(void *)open_connection(host, service, options);
}
