/* SPDX-License-Identifier: MIT */
/*
 * conn.c - a stream over a socket, TCP or Unix: the transport that tries first.
 *
 *     stream ─ recv ─► recv(2) ─► n < size: drained, the next try would block
 *            ─ send ─► send(2), sendmsg(2) for several slices
 *            ─ want ─► coro_fd_want ─► ... ─► ready ─► coro_stream_ready
 *
 * A message of a peer that sends and waits costs one recv and one send, and a
 * share of one epoll_wait: the short read says that no more is there. Writes are
 * not marked drained when they are short: who sends much sees EAGAIN soon enough.
 */
#define _GNU_SOURCE
#include "internal.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>

_Static_assert(sizeof(coro_slice) == sizeof(struct iovec) &&
                   offsetof(coro_slice, data) == offsetof(struct iovec, iov_base) &&
                   offsetof(coro_slice, size) == offsetof(struct iovec, iov_len),
               "a coro_slice is a struct iovec");
_Static_assert((int)CORO_STREAM_READ == (int)CORO_FD_READ &&
                   (int)CORO_STREAM_WRITE == (int)CORO_FD_WRITE,
               "directions are the same on both floors");

/* --- transport ---------------------------------------------------------------------------- */

static ptrdiff_t conn_recv(coro_stream *stream, void *buffer, size_t size)
{
    return coro_fd_recv(&coro_conn_of(stream)->fd, buffer, size);
}

static ptrdiff_t local_recv(coro_stream *stream, void *buffer, size_t size)
{
    return coro_fd_recv_local(&coro_conn_of(stream)->fd, buffer, size);
}

static ptrdiff_t conn_send(coro_stream *stream, const coro_slice *slices, size_t count)
{
    coro_fd *fd = &coro_conn_of(stream)->fd;
    if (CORO_LIKELY(count == 1))
        return coro_fd_send(fd, slices->data, slices->size);
    return coro_fd_send_parts(fd, (const struct iovec *)(const void *)slices, count);
}

static ptrdiff_t conn_sendfile(coro_stream *stream, int file, int64_t offset, size_t count)
{
    return coro_fd_sendfile(&coro_conn_of(stream)->fd, file, offset, count);
}

static int conn_want(coro_stream *stream, unsigned direction)
{
    return coro_fd_want(&coro_conn_of(stream)->fd, direction);
}

static void conn_unwant(coro_stream *stream, unsigned direction)
{
    coro_fd_unwant(&coro_conn_of(stream)->fd, direction);
}

static int conn_shutdown_write(coro_stream *stream)
{
    return coro_fd_shutdown_write(&coro_conn_of(stream)->fd);
}

/* An abort says so where it can: a reset, not an end that looks like a regular one. */
static void conn_close(coro_stream *stream, bool abort)
{
    static const struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    coro_conn *conn = coro_conn_of(stream);
    if (abort && conn->fd.fd >= 0)
        (void)coro_sys.setsockopt(conn->fd.fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    coro_conn_free(conn);
}

static int conn_fd(const coro_stream *stream)
{
    return ((const coro_conn *)(const void *)stream)->fd.fd;
}

#define TRANSPORT(receive)                                                                         \
    {                                                                                              \
        .name = "socket", .recv = receive, .send = conn_send, .want = conn_want,                   \
        .unwant = conn_unwant, .shutdown_write = conn_shutdown_write, .close = conn_close,         \
        .fd = conn_fd, .sendfile = conn_sendfile,                                                  \
    }

static const coro_transport conn_transport = TRANSPORT(conn_recv);
static const coro_transport local_transport = TRANSPORT(local_recv);

/* --- life --------------------------------------------------------------------------------- */

static void conn_ready(coro_fd *fd, unsigned directions)
{
    coro_conn *conn = coro_container_of(fd, coro_conn, fd);
    coro_stream_ready(&conn->stream, directions);
}

coro_conn *coro_conn_new(int fd, bool is_local, int *error)
{
    coro_loop *loop = coro_loop_current();
    coro_conn *conn = coro_pool_take_(&loop->pool, sizeof *conn);
    *error = CORO_ENOMEM;
    if (conn == NULL)
        return NULL;
    *error = coro_fd_open(loop, &conn->fd, fd, conn_ready);
    if (*error != 0) {
        coro_pool_give_(&loop->pool, conn, sizeof *conn);
        return NULL;
    }
    coro_stream_init(&conn->stream, is_local ? &local_transport : &conn_transport);
    conn->connecting = NULL;
    return conn;
}

void coro_conn_connected(coro_conn *conn)
{
    conn->fd.ready = conn_ready;
}

void coro_conn_free(coro_conn *conn)
{
    coro_fd_close(&conn->fd);
    coro_pool_give_(&conn->stream.loop->pool, conn, sizeof *conn);
}

void coro_set_no_delay(int fd)
{
    static const int on = 1;
    (void)coro_sys.setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on); /* others have none */
}

int coro_stream_from_fd(coro_stream **stream, int fd)
{
    int type = 0, error, flags;
    socklen_t type_size = sizeof type;
    coro_address own = {.size = sizeof own.bytes};
    coro_conn *conn;
    CORO_CHECK(coro_loop_current() != NULL, "coro_stream_from_fd needs a running loop");
    if (coro_sys.getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &type_size) != 0 ||
        coro_sys.getsockname(fd, coro_address_any(&own), &own.size) != 0)
        return -errno;
    if (type != SOCK_STREAM)
        return CORO_EINVAL;
    flags = coro_sys.fcntl(fd, F_GETFL);
    if (flags < 0 || coro_sys.fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 ||
        coro_sys.fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
        return -errno;
    conn = coro_conn_new(fd, coro_address_family(&own) == AF_UNIX, &error);
    if (conn == NULL)
        return error;
    if (coro_address_family(&own) == AF_INET || coro_address_family(&own) == AF_INET6)
        coro_set_no_delay(fd);
    *stream = &conn->stream;
    return 0;
}

/* --- asking ------------------------------------------------------------------------------- */

int coro_stream_peer_name(const coro_stream *stream, char *text, size_t size)
{
    coro_address peer;
    int error, fd = coro_stream_fd(stream);
    if (fd < 0)
        return CORO_EBADF;
    memset(&peer, 0, sizeof peer);
    peer.size = sizeof peer.bytes;
    if (coro_sys.getpeername(fd, coro_address_any(&peer), &peer.size) != 0)
        return -errno;
    error = coro_address_format(&peer, text, size);
    return error != CORO_EINVAL ? error : -EAFNOSUPPORT;
}
