/* SPDX-License-Identifier: MIT */
/*
 * sock.c - the system's socket calls, awaited: asyncio's loop.sock_recv and its like.
 *
 *     try ─► done
 *      └► would block: the task waits, one in each direction ─► ready ─► try again
 *
 * Nothing is buffered, nothing is allocated but the coro_socket itself. What a
 * waiting task still wants is in its own wait: its type says which call it is.
 */
#define _GNU_SOURCE
#include "internal.h"

struct coro_socket {
    coro_fd fd;
    coro_loop *loop;
    bool is_stream; /* of IP: a short read says that no more is there; others' does not */
    coro_task *reader, *writer;
    coro_address *from;     /* of the reader that waits; or NULL */
    const coro_address *to; /* of the writer */
};

static const coro_wait_type accept_type, send_to_type, connect_type;

/* --- the calls ---------------------------------------------------------------------------- */

/* Each: 0 or more, CORO_EAGAIN, or an error. */

static ptrdiff_t try_accept(coro_socket *sock)
{
    int fd;
    do
        fd = coro_sys.accept4(sock->fd.fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    while (fd < 0 && (errno == EINTR || errno == ECONNABORTED));
    return fd >= 0 ? fd : errno == EWOULDBLOCK ? CORO_EAGAIN : -errno;
}

static ptrdiff_t try_recv(coro_socket *sock, void *buffer, size_t size, coro_address *from)
{
    struct iovec part = {buffer, size};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    ssize_t count;
    if (CORO_LIKELY(from == NULL && sock->is_stream))
        return coro_fd_recv(&sock->fd, buffer, size);
    if (!coro_fd_may_try(&sock->fd, CORO_FD_READ))
        return CORO_EAGAIN;
    if (from != NULL) {
        message.msg_name = from->bytes;
        message.msg_namelen = sizeof from->bytes;
    }
    do
        count = coro_sys.recvmsg(sock->fd.fd, &message, 0);
    while (count < 0 && errno == EINTR);
    if (count < 0)
        return errno == EWOULDBLOCK ? CORO_EAGAIN : -errno;
    if (from != NULL)
        from->size = message.msg_namelen;
    return count;
}

static ptrdiff_t try_read(coro_socket *sock, const coro_task *task)
{
    if (task->wait_type == &accept_type)
        return try_accept(sock);
    return try_recv(sock, task->wait.a.pointer, task->wait.b.size, sock->from);
}

/* Send as much as goes; `data` moves on. */
static int try_send(coro_socket *sock, const char **data, size_t *size)
{
    while (*size > 0) {
        ptrdiff_t count = coro_fd_send(&sock->fd, *data, *size);
        if (count < 0)
            return (int)count;
        *data += count;
        *size -= (size_t)count;
    }
    return 0;
}

/* One datagram, which may be empty. */
static ptrdiff_t try_send_to(coro_socket *sock, const void *data, size_t size,
                             const coro_address *to)
{
    struct iovec part = {(void *)(uintptr_t)data, size};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    ssize_t count;
    if (to != NULL) {
        message.msg_name = coro_address_any(to);
        message.msg_namelen = to->size;
    }
    do
        count = coro_sys.sendmsg(sock->fd.fd, &message, MSG_NOSIGNAL);
    while (count < 0 && errno == EINTR);
    return count >= 0 ? count : errno == EWOULDBLOCK ? CORO_EAGAIN : -errno;
}

/* *sent: what the task gets. */
static int try_write(coro_socket *sock, coro_task *task, ptrdiff_t *sent)
{
    int error = 0;
    *sent = 0;
    if (task->wait_type == &send_to_type) {
        *sent = try_send_to(sock, task->wait.a.pointer, task->wait.b.size, sock->to);
        return *sent < 0 ? (int)*sent : 0;
    }
    if (task->wait_type == &connect_type) {
        socklen_t size = sizeof error;
        if (coro_sys.getsockopt(sock->fd.fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0)
            error = errno;
        return -error;
    }
    const char *data = task->wait.a.pointer;
    error = try_send(sock, &data, &task->wait.b.size);
    task->wait.a.pointer = (void *)(uintptr_t)data;
    return error;
}

/* --- readiness ---------------------------------------------------------------------------- */

static void end(coro_task **place, ptrdiff_t result, int error)
{
    coro_task *task = *place;
    bool is_accept = task->wait_type == &accept_type;
    *place = NULL;
    if (is_accept)
        task->wait.a.number = (int)result;
    else
        task->wait.a.size = (size_t)result;
    coro_wait_done(task, error);
}

static void sock_ready(coro_fd *fd, unsigned directions)
{
    coro_socket *sock = coro_container_of(fd, coro_socket, fd);
    if (directions & CORO_FD_READ && sock->reader != NULL) {
        ptrdiff_t result = try_read(sock, sock->reader);
        int error = result == CORO_EAGAIN ? coro_fd_want(fd, CORO_FD_READ) : (int)result;
        if (result != CORO_EAGAIN || error != 0)
            end(&sock->reader, result, error < 0 ? error : 0);
    }
    if (directions & CORO_FD_WRITE && sock->writer != NULL) {
        ptrdiff_t sent;
        int result = try_write(sock, sock->writer, &sent);
        int error = result == CORO_EAGAIN ? coro_fd_want(fd, CORO_FD_WRITE) : result;
        if (result != CORO_EAGAIN || error != 0)
            end(&sock->writer, sent, error);
    }
}

static int wait_for(coro_socket *sock, unsigned direction, coro_task *task)
{
    int error = coro_fd_want(&sock->fd, direction);
    if (error != 0)
        return error;
    *(direction == CORO_FD_READ ? &sock->reader : &sock->writer) = task;
    task->wait.object = sock;
    return CORO_PENDING_;
}

static bool read_cancel(coro_task *task)
{
    coro_socket *sock = task->wait.object;
    coro_fd_unwant(&sock->fd, CORO_FD_READ);
    sock->reader = NULL;
    return true;
}

static bool write_cancel(coro_task *task)
{
    coro_socket *sock = task->wait.object;
    coro_fd_unwant(&sock->fd, CORO_FD_WRITE);
    sock->writer = NULL;
    return true;
}

static const coro_wait_type recv_type = {"socket recv", read_cancel, NULL, NULL, false};
static const coro_wait_type accept_type = {"socket accept", read_cancel, NULL, NULL, false};
static const coro_wait_type send_type = {"socket send", write_cancel, NULL, NULL, false};
static const coro_wait_type send_to_type = {"socket sendto", write_cancel, NULL, NULL, false};
static const coro_wait_type connect_type = {"socket connect", write_cancel, NULL, NULL, false};

/* --- starts ------------------------------------------------------------------------------- */

static inline int may_use(const coro_socket *sock, const coro_task *task, const coro_task *other)
{
    if (sock == NULL)
        return CORO_ECLOSED;
    if (sock->loop != task->driver.loop)
        return CORO_EWRONGLOOP;
    return other != NULL ? CORO_EBUSY : 0;
}

static int recv_start(coro_task *task, coro_call *call)
{
    coro_socket *sock = call->object;
    coro_address *from = call->result.pointer; /* nothing else is in there yet */
    int error = may_use(sock, task, sock != NULL ? sock->reader : NULL);
    ptrdiff_t count;
    call->result.size = 0;
    if (error != 0 || call->b.size == 0)
        return error;
    count = try_recv(sock, call->a.pointer, call->b.size, from);
    if (CORO_UNLIKELY(count < 0 && count != CORO_EAGAIN))
        return (int)count;
    if (count >= 0) {
        call->result.size = (size_t)count;
        return 0;
    }
    task->wait.a = call->a;
    task->wait.b = call->b;
    sock->from = from;
    return wait_for(sock, CORO_FD_READ, task);
}

static int accept_start(coro_task *task, coro_call *call)
{
    coro_socket *sock = call->object;
    int error = may_use(sock, task, sock != NULL ? sock->reader : NULL);
    ptrdiff_t fd;
    if (error != 0)
        return error;
    fd = try_accept(sock);
    if (fd == CORO_EAGAIN)
        return wait_for(sock, CORO_FD_READ, task);
    call->result.number = (int)fd;
    return fd < 0 ? (int)fd : 0;
}

static int send_start(coro_task *task, coro_call *call)
{
    coro_socket *sock = call->object;
    int error = may_use(sock, task, sock != NULL ? sock->writer : NULL);
    const char *data = call->a.pointer;
    if (error != 0)
        return error;
    error = try_send(sock, &data, &call->b.size);
    if (error != CORO_EAGAIN)
        return error;
    task->wait.a.pointer = (void *)(uintptr_t)data;
    task->wait.b = call->b;
    return wait_for(sock, CORO_FD_WRITE, task);
}

static int send_to_start(coro_task *task, coro_call *call)
{
    coro_socket *sock = call->object;
    const coro_address *to = call->result.pointer;
    int error = may_use(sock, task, sock != NULL ? sock->writer : NULL);
    ptrdiff_t sent;
    call->result.size = 0;
    if (error != 0)
        return error;
    sent = try_send_to(sock, call->a.pointer, call->b.size, to);
    if (sent != CORO_EAGAIN) {
        call->result.size = sent >= 0 ? (size_t)sent : 0;
        return sent < 0 ? (int)sent : 0;
    }
    task->wait.a = call->a;
    task->wait.b = call->b;
    sock->to = to;
    return wait_for(sock, CORO_FD_WRITE, task);
}

static int connect_start(coro_task *task, coro_call *call)
{
    coro_socket *sock = call->object;
    int error = may_use(sock, task, sock != NULL ? sock->writer : NULL);
    if (error != 0)
        return error;
    if (coro_sys.connect(sock->fd.fd, call->a.pointer, (socklen_t)call->b.size) == 0)
        return 0;
    if (errno != EINPROGRESS && errno != EINTR)
        return -errno;
    return wait_for(sock, CORO_FD_WRITE, task);
}

CORO_LEAF(coro_sock_recv, &recv_type, recv_start, sizeof(size_t));
CORO_LEAF(coro_sock_sendto, &send_to_type, send_to_start, sizeof(size_t));
CORO_LEAF(coro_sock_accept, &accept_type, accept_start, sizeof(int));
CORO_LEAF(coro_sock_sendall, &send_type, send_start, 0);
CORO_LEAF(coro_sock_connect, &connect_type, connect_start, 0);

static inline coro_call *call_of(const coro_descriptor *descriptor, coro_socket *sock,
                                 const void *data, size_t size, const coro_address *address)
{
    coro_call *call = coro_call_new_(descriptor);
    if (CORO_LIKELY(call->coro.error == 0)) {
        call->object = sock;
        call->a.pointer = (void *)(uintptr_t)data;
        call->b.size = size;
        call->result.pointer = (void *)(uintptr_t)address;
    }
    return call;
}

coro_size *coro_sock_recv(coro_socket *sock, void *buffer, size_t size)
{
    return (coro_size *)call_of(&coro_sock_recv_call_, sock, buffer, size, NULL);
}

coro_size *coro_sock_recvfrom(coro_socket *sock, void *buffer, size_t size, coro_address *from)
{
    return (coro_size *)call_of(&coro_sock_recv_call_, sock, buffer, size, from);
}

coro_size *coro_sock_sendto(coro_socket *sock, const void *data, size_t size,
                            const coro_address *to)
{
    return (coro_size *)call_of(&coro_sock_sendto_call_, sock, data, size, to);
}

coro_void *coro_sock_sendall(coro_socket *sock, const void *data, size_t size)
{
    return (coro_void *)call_of(&coro_sock_sendall_call_, sock, data, size, NULL);
}

coro_void *coro_sock_connect(coro_socket *sock, const struct sockaddr *address, size_t size)
{
    return (coro_void *)call_of(&coro_sock_connect_call_, sock, address, size, NULL);
}

coro_int *coro_sock_accept(coro_socket *sock)
{
    return (coro_int *)call_of(&coro_sock_accept_call_, sock, NULL, 0, NULL);
}

/* --- life --------------------------------------------------------------------------------- */

int coro_socket_from_fd(coro_socket **place, int fd)
{
    coro_loop *loop = coro_loop_current();
    coro_socket *sock;
    int error, type, domain, flags = coro_sys.fcntl(fd, F_GETFL);
    socklen_t size = sizeof type;
    CORO_CHECK(loop != NULL, "coro_socket_from_fd needs a running loop");
    if (flags < 0 || coro_sys.fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 ||
        coro_sys.fcntl(fd, F_SETFD, FD_CLOEXEC) < 0 ||
        coro_sys.getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) != 0 ||
        coro_sys.getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) != 0)
        return -errno;
    sock = coro_pool_take_(&loop->pool, sizeof *sock);
    if (sock == NULL)
        return CORO_ENOMEM;
    coro_zero_(sock, sizeof *sock);
    sock->loop = loop;
    sock->is_stream = type == SOCK_STREAM && domain != AF_UNIX;
    error = coro_fd_open(loop, &sock->fd, fd, sock_ready);
    if (error != 0) {
        coro_pool_give_(&loop->pool, sock, sizeof *sock);
        return error;
    }
    *place = sock;
    return 0;
}

int coro_sock_shutdown(coro_socket *sock, int how)
{
    if (sock == NULL)
        return CORO_ECLOSED;
    return coro_sys.shutdown(sock->fd.fd, how) == 0 ? 0 : -errno;
}

int coro_socket_fd(const coro_socket *sock)
{
    return sock != NULL ? sock->fd.fd : -1;
}

void coro_socket_close(coro_socket **place)
{
    coro_socket *sock = *place;
    *place = NULL;
    if (sock == NULL)
        return;
    if (sock->reader != NULL)
        end(&sock->reader, 0, CORO_ECLOSED);
    if (sock->writer != NULL)
        end(&sock->writer, 0, CORO_ECLOSED);
    coro_fd_close(&sock->fd);
    coro_pool_give_(&sock->loop->pool, sock, sizeof *sock);
}
