/* SPDX-License-Identifier: MIT */
/*
 * pipe.c - a stream over read(2) and write(2): the transport of all that is no socket.
 *
 *     stream ─ recv ─► read(2) ─► n < size: drained, if it is a pipe
 *            ─ send ─► write(2), writev(2)
 *            ─ want ─► coro_fd_want ─► ... ─► ready ─► coro_stream_ready
 *
 * A terminal gives one line a read, an inotify whole events, though more are there: so a
 * short read of a pipe says that there is no more, of all else only EAGAIN does. A socket
 * comes here as somebody's stdin: it has calls that do not block whatever its open file
 * says, which others share.
 *
 * Waiting for the other side to go has a duplicate of the descriptor, with a
 * registration of its own: an edge of one of them is no edge of the other, and the
 * stream's record keeps what it knows.
 *
 * Invariant: `hangup` is open exactly while there are watchers.
 */
#define _GNU_SOURCE
#include "internal.h"

#include <poll.h>
#include <stdatomic.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

_Static_assert(sizeof(coro_slice) == sizeof(struct iovec) &&
                   offsetof(coro_slice, data) == offsetof(struct iovec, iov_base) &&
                   offsetof(coro_slice, size) == offsetof(struct iovec, iov_len),
               "a coro_slice is a struct iovec");
_Static_assert((int)CORO_STREAM_READ == (int)CORO_FD_READ &&
                   (int)CORO_STREAM_WRITE == (int)CORO_FD_WRITE,
               "directions are the same on both floors");

/* Has everybody at the other side gone? Asked without asking for data. */
static bool is_deserted(int fd)
{
    struct pollfd one = {.fd = fd, .events = POLLRDHUP};
    return coro_sys.poll(&one, 1, 0) > 0 &&
           (one.revents & (POLLHUP | POLLERR | POLLRDHUP | POLLNVAL)) != 0;
}

/* --- transport ---------------------------------------------------------------------------- */

static ptrdiff_t pipe_recv(coro_stream *stream, void *buffer, size_t size)
{
    coro_pipe_stream *pipe = coro_pipe_of(stream);
    ptrdiff_t count;
    if (pipe->is_socket)
        return coro_fd_recv(&pipe->fd, buffer, size);
    count = coro_fd_read(&pipe->fd, buffer, size);
    if (count == -EIO && pipe->is_master)
        return 0;
    if (count >= 0 && (size_t)count < size && pipe->is_fifo)
        coro_fd_drained(&pipe->fd, CORO_FD_READ);
    return count;
}

static ptrdiff_t pipe_send(coro_stream *stream, const coro_slice *slices, size_t count)
{
    const struct iovec *parts = (const struct iovec *)(const void *)slices;
    coro_pipe_stream *pipe = coro_pipe_of(stream);
    ptrdiff_t sent;
    if (pipe->is_socket)
        return coro_fd_send_parts(&pipe->fd, parts, count);
    sent = count == 1 ? coro_fd_write(&pipe->fd, slices->data, slices->size)
                      : coro_fd_write_parts(&pipe->fd, parts, count);
    /* A terminal that nobody reads any more is full, and stays so without an error. */
    return sent == CORO_EAGAIN && pipe->is_master && is_deserted(pipe->fd.fd) ? CORO_EPIPE : sent;
}

static ptrdiff_t pipe_sendfile(coro_stream *stream, int file, int64_t offset, size_t count)
{
    return coro_fd_sendfile(&coro_pipe_of(stream)->fd, file, offset, count);
}

static int pipe_want(coro_stream *stream, unsigned direction)
{
    return coro_fd_want(&coro_pipe_of(stream)->fd, direction);
}

static void pipe_unwant(coro_stream *stream, unsigned direction)
{
    coro_fd_unwant(&coro_pipe_of(stream)->fd, direction);
}

/* --- the other side ----------------------------------------------------------------------- */

static void tell_watchers(coro_pipe_stream *pipe, int error)
{
    coro_fd_close(&pipe->hangup);
    for (coro_task *task; (task = coro_waiters_pop(&pipe->watchers)) != NULL;)
        coro_wait_done(task, error);
}

static void hangup_ready(coro_fd *fd, unsigned directions)
{
    coro_pipe_stream *pipe = coro_container_of(fd, coro_pipe_stream, hangup);
    int error = 0;
    (void)directions;
    if (!is_deserted(fd->fd)) {
        error = coro_fd_want(fd, CORO_FD_READ);
        if (error == 0)
            return;
    }
    tell_watchers(pipe, error);
}

static int watch(coro_pipe_stream *pipe)
{
    int error, copy = coro_sys.fcntl(pipe->fd.fd, F_DUPFD_CLOEXEC, 0);
    if (copy < 0)
        return -errno;
    error = coro_fd_open(pipe->stream.loop, &pipe->hangup, copy, hangup_ready);
    if (error != 0) {
        coro_sys.close(copy);
        return error;
    }
    error = coro_fd_want(&pipe->hangup, CORO_FD_READ);
    if (error == 0 && pipe->hangup.plain)
        error = CORO_EINVAL; /* a file has no other side */
    if (error != 0)
        coro_fd_close(&pipe->hangup);
    return error;
}

static const coro_transport pipe_transport;

static int hangup_start(coro_task *task, coro_call *call)
{
    coro_stream *stream = call->object;
    coro_pipe_stream *pipe = coro_pipe_of(stream);
    int error;
    if (stream == NULL)
        return 0;
    if (stream->transport != &pipe_transport)
        return CORO_EINVAL;
    if (stream->loop != task->driver.loop)
        return CORO_EWRONGLOOP;
    if (pipe->fd.fd < 0 || is_deserted(pipe->fd.fd))
        return 0;
    error = pipe->watchers.first == NULL ? watch(pipe) : 0;
    if (error != 0)
        return error;
    task->wait.object = pipe;
    coro_waiters_push(&pipe->watchers, task);
    return CORO_PENDING_;
}

static bool hangup_cancel(coro_task *task)
{
    coro_pipe_stream *pipe = task->wait.object;
    coro_waiters_remove(&pipe->watchers, task);
    if (pipe->watchers.first == NULL)
        coro_fd_close(&pipe->hangup);
    return true;
}

static const coro_wait_type hangup_type = {"pipe hang-up", hangup_cancel, NULL, NULL, false};

CORO_LEAF(coro_pipe_wait_hangup, &hangup_type, hangup_start, 0);

coro_void *coro_pipe_wait_hangup(coro_stream *stream)
{
    coro_call *call = coro_call_new_(&coro_pipe_wait_hangup_call_);
    if (call->coro.error == 0)
        call->object = stream;
    return (coro_void *)call;
}

/* --- the end ------------------------------------------------------------------------------ */

static void let_go(coro_pipe_stream *pipe)
{
    tell_watchers(pipe, 0);
    if (pipe->flags_before >= 0 && pipe->fd.fd >= 0)
        (void)coro_sys.fcntl(pipe->fd.fd, F_SETFL, pipe->flags_before);
    coro_fd_close(&pipe->fd);
}

/* For a pipe its close is the end; what reads, too, goes on. */
static int pipe_shutdown_write(coro_stream *stream)
{
    coro_pipe_stream *pipe = coro_pipe_of(stream);
    if (pipe->is_socket)
        return coro_fd_shutdown_write(&pipe->fd);
    if ((coro_sys.fcntl(pipe->fd.fd, F_GETFL) & O_ACCMODE) == O_WRONLY)
        let_go(pipe);
    return 0;
}

static void pipe_close(coro_stream *stream, bool abort)
{
    coro_pipe_stream *pipe = coro_pipe_of(stream);
    (void)abort;
    let_go(pipe);
    coro_pool_give_(&stream->loop->pool, pipe, sizeof *pipe);
}

static int pipe_fd(const coro_stream *stream)
{
    return ((const coro_pipe_stream *)(const void *)stream)->fd.fd;
}

static const coro_transport pipe_transport = {
    .name = "pipe",
    .recv = pipe_recv,
    .send = pipe_send,
    .want = pipe_want,
    .unwant = pipe_unwant,
    .shutdown_write = pipe_shutdown_write,
    .close = pipe_close,
    .fd = pipe_fd,
    .sendfile = pipe_sendfile,
};

/* --- life --------------------------------------------------------------------------------- */

/* A write that nobody reads is an error of the write, not the end of the process. */
static void ignore_sigpipe(void)
{
    static atomic_bool done;
    struct sigaction now;
    if (atomic_exchange(&done, true) || coro_sys.sigaction(SIGPIPE, NULL, &now) != 0 ||
        now.sa_handler != SIG_DFL)
        return;
    now.sa_handler = SIG_IGN;
    (void)coro_sys.sigaction(SIGPIPE, &now, NULL);
}

static void pipe_ready(coro_fd *fd, unsigned directions)
{
    coro_stream_ready(&coro_container_of(fd, coro_pipe_stream, fd)->stream, directions);
}

int coro_pipe_open(coro_stream **stream, coro_stream **owner, int fd)
{
    coro_loop *loop = coro_loop_current();
    coro_pipe_stream *pipe;
    struct stat about;
    unsigned number;
    int error;
    if (coro_sys.fstat(fd, &about) != 0)
        return -errno;
    pipe = coro_pool_take_(&loop->pool, sizeof *pipe);
    if (pipe == NULL)
        return CORO_ENOMEM;
    coro_zero_(pipe, sizeof *pipe);
    error = coro_fd_open(loop, &pipe->fd, fd, pipe_ready);
    if (error != 0) {
        coro_pool_give_(&loop->pool, pipe, sizeof *pipe);
        return error;
    }
    ignore_sigpipe();
    coro_stream_init(&pipe->stream, &pipe_transport);
    pipe->stream.owner = owner;
    pipe->flags_before = -1;
    pipe->is_socket = S_ISSOCK(about.st_mode);
    pipe->is_fifo = S_ISFIFO(about.st_mode);
    pipe->is_master = S_ISCHR(about.st_mode) && coro_sys.ioctl(fd, TIOCGPTN, &number) == 0;
    *stream = &pipe->stream;
    return 0;
}

int coro_stream_from_pipe(coro_stream **stream, int fd)
{
    int flags = coro_sys.fcntl(fd, F_GETFL);
    CORO_CHECK(coro_loop_current() != NULL, "coro_stream_from_pipe needs a running loop");
    if (flags < 0 || coro_sys.fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 ||
        coro_sys.fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
        return -errno;
    return coro_pipe_open(stream, NULL, fd);
}

int coro_pipe(coro_stream **reader, coro_stream **writer)
{
    int fds[2], error;
    CORO_CHECK(coro_loop_current() != NULL, "coro_pipe needs a running loop");
    if (coro_sys.pipe2(fds, O_NONBLOCK | O_CLOEXEC) != 0)
        return -errno;
    error = coro_pipe_open(reader, NULL, fds[0]);
    if (error != 0) {
        coro_sys.close(fds[0]);
        coro_sys.close(fds[1]);
        return error;
    }
    error = coro_pipe_open(writer, NULL, fds[1]);
    if (error != 0) {
        coro_stream_abort(reader);
        coro_sys.close(fds[1]);
    }
    return error;
}
