/* SPDX-License-Identifier: MIT */
/*
 * datagram.c - a datagram socket: received from, and closed. How it sends: datagram_send.c.
 *
 *     receive ─► try ─► a datagram, or all that are there (recvmmsg)
 *                 └► would block: the task waits ─► ready ─► try again
 *
 * One task waits here at a time, and where it wants its datagram is in its own
 * wait; it is received before the task is woken, so that a later cancel finds
 * nothing to lose. Fewer in a batch than were asked for: there are no more, and the next
 * receive need not try.
 */
#define _GNU_SOURCE
#include "datagram.h"

#include <netinet/in.h>
#include <netinet/udp.h>
#include <string.h>

/* --- receiving ---------------------------------------------------------------------------- */

/* Each: a size or number, CORO_EAGAIN, or an error. */

static ptrdiff_t receive_one(coro_datagram *self, void *buffer, size_t size, coro_address *from)
{
    struct iovec part = {buffer, size};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    ssize_t count;
    if (!coro_fd_may_try(&self->fd, CORO_FD_READ))
        return CORO_EAGAIN;
    if (from != NULL) {
        message.msg_name = from->bytes;
        message.msg_namelen = sizeof from->bytes;
    }
    do
        count = coro_sys.recvmsg(self->fd.fd, &message, 0);
    while (count < 0 && errno == EINTR);
    if (count < 0)
        return coro_datagram_failed(&self->fd, CORO_FD_READ);
    if (from != NULL)
        from->size = message.msg_namelen;
    return message.msg_flags & MSG_TRUNC ? CORO_ELIMIT : count;
}

static size_t segment_of(struct msghdr *header)
{
    int size = 0;
    struct cmsghdr *found = CMSG_FIRSTHDR(header);
    if (found != NULL && found->cmsg_level == IPPROTO_UDP && found->cmsg_type == UDP_GRO)
        memcpy(&size, CMSG_DATA(found), sizeof size);
    return size > 0 ? (size_t)size : 0;
}

static void received(coro_datagram_message *message, struct mmsghdr *header)
{
    message->size = header->msg_len;
    message->segment = segment_of(&header->msg_hdr);
    if (message->segment >= message->size)
        message->segment = 0;
    message->address.size = header->msg_hdr.msg_namelen;
    message->truncated = (header->msg_hdr.msg_flags & MSG_TRUNC) != 0;
}

/* Fewer than asked for: there are no more. */
static ptrdiff_t receive_many(coro_datagram *self, coro_datagram_message *messages, size_t count)
{
    struct mmsghdr headers[CORO_DATAGRAM_BATCH_MAX];
    struct iovec parts[CORO_DATAGRAM_BATCH_MAX];
    coro_control controls[CORO_DATAGRAM_BATCH_MAX];
    int done;
    if (!coro_fd_may_try(&self->fd, CORO_FD_READ))
        return CORO_EAGAIN;
    if (count > CORO_DATAGRAM_BATCH_MAX)
        count = CORO_DATAGRAM_BATCH_MAX;
    for (size_t i = 0; i < count; i++) {
        parts[i] = (struct iovec){messages[i].data, messages[i].room};
        headers[i].msg_hdr = (struct msghdr){
            .msg_name = messages[i].address.bytes,
            .msg_namelen = sizeof messages[i].address.bytes,
            .msg_iov = &parts[i],
            .msg_iovlen = 1,
            .msg_control = self->merges ? &controls[i] : NULL,
            .msg_controllen = self->merges ? sizeof controls[i] : 0,
        };
    }
    do
        done = coro_sys.recvmmsg(self->fd.fd, headers, (unsigned)count, 0, NULL);
    while (done < 0 && errno == EINTR);
    if (done < 0)
        return coro_datagram_failed(&self->fd, CORO_FD_READ);
    if ((size_t)done < count)
        coro_fd_drained(&self->fd, CORO_FD_READ);
    for (int i = 0; i < done; i++)
        received(&messages[i], &headers[i]);
    return done;
}

static const coro_wait_type receive_type, batch_type;

static ptrdiff_t try_receive(coro_datagram *self, const coro_wait_type *type, void *memory,
                             size_t size, coro_address *from)
{
    return type == &batch_type ? receive_many(self, memory, size)
                               : receive_one(self, memory, size, from);
}

static void end_receive(coro_datagram *self, ptrdiff_t result)
{
    coro_task *task = self->receiver;
    self->receiver = NULL;
    task->wait.a.pointer = NULL;
    task->wait.a.size = result > 0 ? (size_t)result : 0;
    coro_wait_done(task, result < 0 ? (int)result : 0);
}

static void receive_ready(coro_datagram *self)
{
    coro_task *task = self->receiver;
    ptrdiff_t result = try_receive(self, task->wait_type, task->wait.a.pointer,
                                   task->wait.b.size, self->from);
    if (result == CORO_EAGAIN) {
        result = coro_fd_want(&self->fd, CORO_FD_READ);
        if (result == 0)
            return;
    }
    end_receive(self, result);
}

static int start_receive(coro_task *task, coro_call *call, const coro_wait_type *type)
{
    coro_datagram *self = call->object;
    coro_address *from = call->result.pointer;
    ptrdiff_t result = coro_datagram_may_use(self, task);
    call->result.size = 0;
    if (result != 0)
        return (int)result;
    if (self->receiver != NULL)
        return CORO_EBUSY;
    if (type == &batch_type ? call->b.size == 0 : self->merges)
        return CORO_EINVAL;
    result = try_receive(self, type, call->a.pointer, call->b.size, from);
    if (result >= 0)
        call->result.size = (size_t)result;
    if (result != CORO_EAGAIN)
        return result < 0 ? (int)result : 0;
    result = coro_fd_want(&self->fd, CORO_FD_READ);
    if (result != 0)
        return (int)result;
    self->receiver = task;
    self->from = from;
    task->wait.object = self;
    task->wait.a = call->a;
    task->wait.b = call->b;
    return CORO_PENDING_;
}

static bool receive_cancel(coro_task *task)
{
    coro_datagram *self = task->wait.object;
    coro_fd_unwant(&self->fd, CORO_FD_READ);
    self->receiver = NULL;
    return true;
}

static const coro_wait_type receive_type = {"datagram receive", receive_cancel, NULL, NULL, false};
static const coro_wait_type batch_type = {"datagram receive batch", receive_cancel, NULL, NULL,
                                          false};

static int receive_start(coro_task *task, coro_call *call)
{
    return start_receive(task, call, &receive_type);
}

static int batch_start(coro_task *task, coro_call *call)
{
    return start_receive(task, call, &batch_type);
}

CORO_LEAF(coro_datagram_receive, &receive_type, receive_start, sizeof(size_t));
CORO_LEAF(coro_datagram_receive_batch, &batch_type, batch_start, sizeof(size_t));

coro_size *coro_datagram_receive(coro_datagram *datagram, void *buffer, size_t size)
{
    return (coro_size *)coro_datagram_call(&coro_datagram_receive_call_, datagram, buffer, size,
                                           NULL);
}

coro_size *coro_datagram_receive_from(coro_datagram *datagram, void *buffer, size_t size,
                                      coro_address *from)
{
    return (coro_size *)coro_datagram_call(&coro_datagram_receive_call_, datagram, buffer, size,
                                           from);
}

coro_size *coro_datagram_receive_batch(coro_datagram *datagram, coro_datagram_message *messages,
                                       size_t count)
{
    return (coro_size *)coro_datagram_call(&coro_datagram_receive_batch_call_, datagram, messages,
                                           count, NULL);
}

/* --- life --------------------------------------------------------------------------------- */

static void datagram_ready(coro_fd *fd, unsigned directions)
{
    coro_datagram *self = coro_container_of(fd, coro_datagram, fd);
    if (directions & CORO_FD_READ && self->receiver != NULL)
        receive_ready(self);
    if (directions & CORO_FD_WRITE)
        coro_datagram_senders_ready(self);
}

int coro_datagram_new(coro_datagram **place, int fd)
{
    coro_loop *loop = coro_loop_current();
    coro_datagram *self;
    int error, family, segment;
    socklen_t size = sizeof family, segment_size;
    bool no_segments;
    CORO_CHECK(loop != NULL, "a datagram socket is opened in a running loop");
    if (coro_sys.getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &family, &size) != 0)
        return -errno;
    /* A system that does not know the option would send a batch as one datagram. */
    segment_size = sizeof segment;
    no_segments = coro_sys.getsockopt(fd, IPPROTO_UDP, UDP_SEGMENT, &segment, &segment_size) != 0;
    self = coro_pool_take_(&loop->pool, sizeof *self);
    if (self == NULL)
        return CORO_ENOMEM;
    coro_zero_(self, sizeof *self);
    self->loop = loop;
    self->family = family;
    self->no_segments = no_segments;
    error = coro_fd_open(loop, &self->fd, fd, datagram_ready);
    if (error != 0) {
        coro_pool_give_(&loop->pool, self, sizeof *self);
        return error;
    }
    *place = self;
    return 0;
}

void coro_datagram_close(coro_datagram **place)
{
    coro_datagram *self = *place;
    *place = NULL;
    if (self == NULL)
        return;
    if (self->receiver != NULL)
        end_receive(self, CORO_ECLOSED);
    coro_datagram_senders_close(self);
    coro_socket_file_remove(&self->file);
    coro_fd_close(&self->fd);
    coro_pool_give_(&self->loop->pool, self, sizeof *self);
}
