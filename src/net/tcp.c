/* SPDX-License-Identifier: MIT */
/*
 * tcp.c - a stream over a socket: the transport that tries first.
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

static ptrdiff_t tcp_recv(coro_stream *stream, void *buffer, size_t size)
{
    return coro_fd_recv(&coro_tcp_of(stream)->fd, buffer, size);
}

static ptrdiff_t send_slices(int fd, const coro_slice *slices, size_t count)
{
    struct msghdr message = {.msg_iov = (struct iovec *)(uintptr_t)slices, .msg_iovlen = count};
    ptrdiff_t sent;
    do
        sent = coro_sys.sendmsg(fd, &message, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    if (sent > 0)
        return sent;
    return sent == 0 || errno == EWOULDBLOCK ? CORO_EAGAIN : -errno;
}

static ptrdiff_t tcp_send(coro_stream *stream, const coro_slice *slices, size_t count)
{
    coro_fd *fd = &coro_tcp_of(stream)->fd;
    if (!coro_fd_may_try(fd, CORO_FD_WRITE))
        return CORO_EAGAIN;
    if (CORO_LIKELY(count == 1))
        return coro_fd_send(fd, slices->data, slices->size);
    return send_slices(fd->fd, slices, count);
}

static int tcp_want(coro_stream *stream, unsigned direction)
{
    return coro_fd_want(&coro_tcp_of(stream)->fd, direction);
}

static void tcp_unwant(coro_stream *stream, unsigned direction)
{
    coro_fd_unwant(&coro_tcp_of(stream)->fd, direction);
}

static int tcp_shutdown_write(coro_stream *stream)
{
    return coro_sys.shutdown(coro_tcp_of(stream)->fd.fd, SHUT_WR) == 0 ? 0 : -errno;
}

/* An abort says so: a reset, not an end that looks like a regular one. */
static void tcp_close(coro_stream *stream, bool abort)
{
    static const struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    coro_tcp *tcp = coro_tcp_of(stream);
    if (abort && tcp->fd.fd >= 0)
        (void)coro_sys.setsockopt(tcp->fd.fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    coro_tcp_free(tcp);
}

static const coro_transport tcp_transport = {
    "tcp", tcp_recv, tcp_send, tcp_want, tcp_unwant, tcp_shutdown_write, tcp_close,
};

/* --- life --------------------------------------------------------------------------------- */

static void tcp_ready(coro_fd *fd, unsigned directions)
{
    coro_tcp *tcp = coro_container_of(fd, coro_tcp, fd);
    coro_stream_ready(&tcp->stream, directions);
}

coro_tcp *coro_tcp_new(int fd, int *error)
{
    coro_loop *loop = coro_loop_current();
    coro_tcp *tcp = coro_pool_take_(&loop->pool, sizeof *tcp);
    *error = CORO_ENOMEM;
    if (tcp == NULL)
        return NULL;
    *error = coro_fd_open(loop, &tcp->fd, fd, tcp_ready);
    if (*error != 0) {
        coro_pool_give_(&loop->pool, tcp, sizeof *tcp);
        return NULL;
    }
    coro_stream_init(&tcp->stream, &tcp_transport);
    tcp->connecting = NULL;
    return tcp;
}

void coro_tcp_connected(coro_tcp *tcp)
{
    tcp->fd.ready = tcp_ready;
}

void coro_tcp_free(coro_tcp *tcp)
{
    coro_fd_close(&tcp->fd);
    coro_pool_give_(&tcp->stream.loop->pool, tcp, sizeof *tcp);
}

void coro_set_no_delay(int fd)
{
    static const int on = 1;
    (void)coro_sys.setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on); /* others have none */
}

int coro_stream_from_fd(coro_stream **stream, int fd)
{
    int error, flags = coro_sys.fcntl(fd, F_GETFL);
    coro_tcp *tcp;
    CORO_CHECK(coro_loop_current() != NULL, "coro_stream_from_fd needs a running loop");
    if (flags < 0 || coro_sys.fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 ||
        coro_sys.fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
        return -errno;
    tcp = coro_tcp_new(fd, &error);
    if (tcp == NULL)
        return error;
    coro_set_no_delay(fd);
    *stream = &tcp->stream;
    return 0;
}

/* --- asking ------------------------------------------------------------------------------- */

int coro_stream_fd(const coro_stream *stream)
{
    if (stream == NULL || stream->transport != &tcp_transport)
        return -1;
    return ((const coro_tcp *)(const void *)stream)->fd.fd;
}

int coro_stream_peer_name(const coro_stream *stream, char *text, size_t size)
{
    coro_address peer;
    int error, fd = coro_stream_fd(stream);
    if (fd < 0)
        return CORO_EBADF;
    memset(&peer, 0, sizeof peer);
    peer.size = sizeof peer.largest;
    if (coro_sys.getpeername(fd, &peer.any, &peer.size) != 0)
        return -errno;
    error = coro_address_format(&peer, text, size);
    return error != CORO_EINVAL ? error : -EAFNOSUPPORT;
}
