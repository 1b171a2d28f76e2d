/* SPDX-License-Identifier: MIT */
/*
 * datagram_send.c - datagrams sent, one or a batch at a system call, and the line for room.
 *
 *     nobody waits? try ─► sent
 *      └► else, or would block: in line ─► ready ─► the first, the next ...
 *
 *     batch:   m0 m1 m2 │ m3 │ m4 m5     neighbours of one address and one size are one
 *                 └───────┴─────┴──► sendmmsg of three; of which the system cuts the
 *                                     first and the last again (UDP_SEGMENT)
 *
 * Invariants. D1: somebody stands in line exactly while CORO_FD_WRITE is wanted (or
 * the line is being served). D2: a task in line has its coro_datagram_sending in
 * wait.a; the first that needs one gets the socket's own, so that a send that
 * waits alone needs no memory.
 *
 * A Unix socket that is not connected finds its receiver's queue full without
 * being told when it is not: then we ask again, after 1 ms at first, 64 at most.
 */
#define _GNU_SOURCE
#include "datagram.h"

#include <netinet/in.h>
#include <netinet/udp.h>
#include <string.h>

#define BATCH CORO_DATAGRAM_BATCH_MAX
#define SEGMENTS_BYTES_MAX 60000 /* UDP takes 65,507 over IPv4, 65,487 over IPv6 */
#define RETRY_MS_MAX 64

/* --- one, and many ------------------------------------------------------------------------- */

static int send_one(coro_datagram *self, const coro_datagram_sending *what)
{
    const coro_address *to = what->to != NULL ? what->to : &self->remote;
    struct iovec part = {(void *)(uintptr_t)what->data, what->size};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    ssize_t count;
    if (!coro_fd_may_try(&self->fd, CORO_FD_WRITE))
        return CORO_EAGAIN;
    if (to->size > 0) {
        message.msg_name = coro_address_any(to);
        message.msg_namelen = to->size;
    }
    do
        count = coro_sys.sendmsg(self->fd.fd, &message, MSG_NOSIGNAL);
    while (count < 0 && errno == EINTR);
    return count < 0 ? (int)coro_datagram_failed(&self->fd, CORO_FD_WRITE) : 0;
}

/* A batch as the system gets it. */
typedef struct outgoing {
    struct mmsghdr headers[BATCH];
    struct iovec parts[BATCH];
    coro_control controls[BATCH];
    uint8_t covers[BATCH]; /* messages of each header; 0: a part of one */
    unsigned headers_count, parts_count;
} outgoing;

static bool same_address(const coro_address *a, const coro_address *b)
{
    return a->size == b->size && memcmp(a->bytes, b->bytes, a->size) == 0;
}

/* How many of these can leave as one: of one address and size, but for a shorter last one. */
static size_t run_length(const coro_datagram_message *messages, size_t count)
{
    size_t bytes = messages->size, n = 1;
    if (messages->size == 0 || messages->segment != 0)
        return 1;
    while (n < count && messages[n].size > 0 && messages[n].size <= messages->size &&
           messages[n].segment == 0 && bytes + messages[n].size <= SEGMENTS_BYTES_MAX &&
           same_address(&messages[n].address, &messages->address)) {
        bytes += messages[n++].size;
        if (messages[n - 1].size < messages->size)
            break;
    }
    return n;
}

static void add_control(outgoing *out, struct msghdr *header, size_t segment)
{
    coro_control *room = &out->controls[out->headers_count];
    uint16_t value = (uint16_t)segment;
    struct cmsghdr *first;
    memset(room, 0, sizeof *room);
    header->msg_control = room;
    header->msg_controllen = CMSG_SPACE(sizeof value);
    first = CMSG_FIRSTHDR(header);
    first->cmsg_level = IPPROTO_UDP;
    first->cmsg_type = UDP_SEGMENT;
    first->cmsg_len = CMSG_LEN(sizeof value);
    memcpy(CMSG_DATA(first), &value, sizeof value);
}

/* One header for `count` messages, of the first from byte `part` on, at most `most` bytes. */
static void add(coro_datagram *self, outgoing *out, coro_datagram_message *messages, size_t count,
                size_t part, size_t most, size_t segment)
{
    const coro_address *to =
        messages->address.size > 0 ? &messages->address : &self->remote;
    struct msghdr header = {.msg_iov = &out->parts[out->parts_count], .msg_iovlen = count};
    if (to->size > 0) {
        header.msg_name = coro_address_any(to);
        header.msg_namelen = to->size;
    }
    for (size_t i = 0; i < count; i++)
        out->parts[out->parts_count++] = (struct iovec){messages[i].data, messages[i].size};
    header.msg_iov->iov_base = (char *)messages->data + part;
    header.msg_iov->iov_len = most < messages->size - part ? most : messages->size - part;
    if (segment != 0)
        add_control(out, &header, segment);
    out->covers[out->headers_count] =
        part + header.msg_iov->iov_len == messages->size ? (uint8_t)count : 0;
    out->headers[out->headers_count++].msg_hdr = header;
}

/* Fill `out` with what is next. `plain`: for so many messages do without segments. */
static void prepare(coro_datagram *self, outgoing *out, coro_datagram_sending *what, size_t plain)
{
    coro_datagram_message *messages = (coro_datagram_message *)(uintptr_t)what->data;
    size_t at = what->sent, part = what->part;
    out->headers_count = out->parts_count = 0;
    while (at < what->size && out->parts_count < BATCH) {
        coro_datagram_message *next = &messages[at];
        size_t room = BATCH - out->parts_count, left = what->size - at, n = 1;
        bool cut = !self->no_segments && at >= what->sent + plain;
        if (next->segment != 0 && next->segment < next->size - part) {
            add(self, out, next, 1, part, cut ? SIZE_MAX : next->segment,
                cut ? next->segment : 0);
            if (!cut)
                return; /* the next part is for the next call */
        } else {
            n = cut ? run_length(next, room < left ? room : left) : 1;
            add(self, out, next, n, part, SIZE_MAX, n > 1 ? next->size : 0);
        }
        at += n;
        part = 0;
    }
}

static void note_sent(outgoing *out, coro_datagram_sending *what, int headers)
{
    for (int i = 0; i < headers; i++) {
        what->part += out->headers[i].msg_hdr.msg_iov->iov_len;
        what->part = out->covers[i] == 0 ? what->part : 0;
        what->sent += out->covers[i];
    }
}

/* May the first header succeed in single datagrams? Then as how many messages. */
static size_t plain_after(coro_datagram *self, const outgoing *out, int error)
{
    if (out->headers[0].msg_hdr.msg_controllen == 0)
        return 0;
    if (error == EIO || error == ENOPROTOOPT)
        self->no_segments = true; /* the device, or the system, cannot do it at all */
    else if (error != EINVAL && error != EMSGSIZE)
        return 0; /* (larger than what the way can carry, which single ones may be) */
    return out->covers[0];
}

/* 0: all of it has left, or what has is what->sent and the error is kept. */
static int send_many(coro_datagram *self, coro_datagram_sending *what)
{
    outgoing out;
    size_t plain = 0;
    if (!coro_fd_may_try(&self->fd, CORO_FD_WRITE))
        return CORO_EAGAIN;
    while (what->sent < what->size) {
        int done;
        prepare(self, &out, what, plain);
        do
            done = coro_sys.sendmmsg(self->fd.fd, out.headers, out.headers_count, MSG_NOSIGNAL);
        while (done < 0 && errno == EINTR);
        if (done >= 0) {
            size_t before = what->sent;
            note_sent(&out, what, done);
            plain -= plain < what->sent - before ? plain : what->sent - before;
        } else if ((plain = plain_after(self, &out, errno)) == 0) {
            int error = (int)coro_datagram_failed(&self->fd, CORO_FD_WRITE);
            if (error == CORO_EAGAIN || what->sent == 0)
                return error;
            self->error = error;
            return 0;
        }
    }
    return 0;
}

static int try_send(coro_datagram *self, coro_datagram_sending *what)
{
    int error = self->error;
    if (error != 0) {
        self->error = 0;
        return error;
    }
    return what->is_batch ? send_many(self, what) : send_one(self, what);
}

/* --- the line ----------------------------------------------------------------------------- */

static void ask_again(void *context)
{
    coro_datagram *self = context;
    coro_fd_unwant(&self->fd, CORO_FD_WRITE);
    self->fd.drained &= (uint8_t)~CORO_FD_WRITE;
    coro_datagram_senders_ready(self);
}

/* The first in line found no room. */
static int want_room(coro_datagram *self)
{
    int error = coro_fd_want(&self->fd, CORO_FD_WRITE);
    if (error != 0 || self->family != AF_UNIX)
        return error;
    if (self->retry_ms < RETRY_MS_MAX)
        self->retry_ms = self->retry_ms == 0 ? 1 : self->retry_ms * 2;
    error = coro_loop_call_later(self->loop, &self->retry, CORO_MS(self->retry_ms), ask_again,
                                 self);
    if (error != 0)
        coro_fd_unwant(&self->fd, CORO_FD_WRITE);
    return error;
}

static coro_datagram_sending *sending_new(coro_datagram *self)
{
    if (self->first_taken)
        return coro_pool_take_(&self->loop->pool, sizeof(coro_datagram_sending));
    self->first_taken = true;
    return &self->first;
}

static void sending_free(coro_datagram *self, coro_datagram_sending *what)
{
    if (what == &self->first)
        self->first_taken = false;
    else
        coro_pool_give_(&self->loop->pool, what, sizeof *what);
}

/* Out of the line, whose first it may be. */
static void end_send(coro_datagram *self, coro_task *task, int error)
{
    coro_datagram_sending *what = task->wait.a.pointer;
    size_t sent = what->sent;
    coro_waiters_remove(&self->senders, task);
    sending_free(self, what);
    task->wait.a.pointer = NULL;
    task->wait.a.size = sent;
    coro_wait_done(task, error);
}

void coro_datagram_senders_ready(coro_datagram *self)
{
    (void)coro_handle_cancel(&self->retry);
    while (self->senders.first != NULL) {
        coro_task *task = self->senders.first;
        int error = try_send(self, task->wait.a.pointer);
        if (error == CORO_EAGAIN) {
            error = want_room(self);
            if (error == 0)
                return;
        }
        self->retry_ms = 0;
        end_send(self, task, error);
    }
}

static int stand_in_line(coro_datagram *self, coro_task *task, const coro_datagram_sending *what)
{
    coro_datagram_sending *kept = sending_new(self);
    int error;
    if (kept == NULL)
        return CORO_ENOMEM;
    error = self->senders.first == NULL ? want_room(self) : 0;
    if (error != 0) {
        sending_free(self, kept);
        return error;
    }
    *kept = *what;
    task->wait.object = self;
    task->wait.a.pointer = kept;
    coro_waiters_push(&self->senders, task);
    return CORO_PENDING_;
}

static bool send_cancel(coro_task *task)
{
    coro_datagram *self = task->wait.object;
    coro_waiters_remove(&self->senders, task);
    sending_free(self, task->wait.a.pointer);
    if (self->senders.first == NULL) {
        coro_fd_unwant(&self->fd, CORO_FD_WRITE);
        (void)coro_handle_cancel(&self->retry);
        self->retry_ms = 0;
    }
    return true;
}

static const coro_wait_type send_type = {"datagram send", send_cancel, NULL, NULL, false};

static int start_send(coro_task *task, coro_call *call, bool is_batch)
{
    coro_datagram *self = call->object;
    coro_datagram_sending what = {call->a.pointer, call->b.size, call->result.pointer, is_batch,
                                  0, 0};
    int error = coro_datagram_may_use(self, task);
    call->result.size = 0;
    if (error != 0)
        return error;
    error = self->senders.first == NULL ? try_send(self, &what) : CORO_EAGAIN;
    call->result.size = what.sent;
    return error == CORO_EAGAIN ? stand_in_line(self, task, &what) : error;
}

static int send_start(coro_task *task, coro_call *call)
{
    return start_send(task, call, false);
}

static int send_batch_start(coro_task *task, coro_call *call)
{
    return start_send(task, call, true);
}

CORO_LEAF(coro_datagram_send, &send_type, send_start, 0);
CORO_LEAF(coro_datagram_send_batch, &send_type, send_batch_start, sizeof(size_t));

coro_void *coro_datagram_send(coro_datagram *datagram, const void *data, size_t size)
{
    return (coro_void *)coro_datagram_call(&coro_datagram_send_call_, datagram, data, size, NULL);
}

coro_void *coro_datagram_send_to(coro_datagram *datagram, const void *data, size_t size,
                                 const coro_address *to)
{
    return (coro_void *)coro_datagram_call(&coro_datagram_send_call_, datagram, data, size, to);
}

coro_size *coro_datagram_send_batch(coro_datagram *datagram, coro_datagram_message *messages,
                                    size_t count)
{
    return (coro_size *)coro_datagram_call(&coro_datagram_send_batch_call_, datagram, messages,
                                           count, NULL);
}

void coro_datagram_senders_close(coro_datagram *self)
{
    (void)coro_handle_cancel(&self->retry);
    while (self->senders.first != NULL)
        end_send(self, self->senders.first, CORO_ECLOSED);
}
