/* SPDX-License-Identifier: MIT */
/*
 * datagram.h - a datagram socket, as the files that open, use and set it see it.
 */
#ifndef CORO_NET_DATAGRAM_H
#define CORO_NET_DATAGRAM_H

#include "internal.h"

#include <coro/callback.h>
#include <coro/datagram.h>

/* What a task that waits for room still wants to send: one datagram, or messages. */
typedef struct coro_datagram_sending {
    const void *data;
    size_t size; /* bytes, or number of messages */
    const coro_address *to;
    bool is_batch;
    size_t sent; /* of a batch */
    size_t part; /* of messages[sent]: bytes that have left already */
} coro_datagram_sending;

struct coro_datagram {
    coro_fd fd;
    coro_loop *loop;
    int family;
    bool merges;        /* UDP_GRO is on */
    bool no_segments;   /* the system does not know UDP_SEGMENT */
    int error;          /* for the next send: what stopped a batch */
    coro_address remote; /* where sends without an address go; size 0: the system knows */
    coro_task *receiver;
    coro_address *from;  /* of the receiver: where to put the sender; or NULL */
    coro_waiters senders; /* wait.a is a coro_datagram_sending: the first one's is `first` */
    coro_datagram_sending first;
    bool first_taken;
    coro_handle retry; /* a Unix datagram's receiver has no room, and nobody will tell */
    unsigned retry_ms;
    coro_socket_file file; /* its own, where it has a path */
};

/* A socket of this descriptor, which it takes on success. */
int coro_datagram_new(coro_datagram **place, int fd);

/* datagram_send.c: serve the line, after an event; send it home. */
void coro_datagram_senders_ready(coro_datagram *self);
void coro_datagram_senders_close(coro_datagram *self);

/* Room for the one control message that we know: the size of segments. */
typedef struct coro_control {
    _Alignas(struct cmsghdr) char bytes[CMSG_SPACE(sizeof(int))];
} coro_control;

/* What a try that failed means. */
static inline ptrdiff_t coro_datagram_failed(coro_fd *fd, unsigned direction)
{
    if (errno != EWOULDBLOCK)
        return -errno;
    coro_fd_drained(fd, direction);
    return CORO_EAGAIN;
}

static inline int coro_datagram_may_use(const coro_datagram *self, const coro_task *task)
{
    if (self == NULL)
        return CORO_ECLOSED;
    return self->loop != task->driver.loop ? CORO_EWRONGLOOP : 0;
}

/* `address`: whose, or where to put whose; the record's result is free until then. */
static inline coro_call *coro_datagram_call(const coro_descriptor *descriptor,
                                            coro_datagram *self, const void *data, size_t size,
                                            const coro_address *address)
{
    coro_call *call = coro_call_new_(descriptor);
    if (CORO_LIKELY(call->coro.error == 0)) {
        call->object = self;
        call->a.pointer = (void *)(uintptr_t)data;
        call->b.size = size;
        call->result.pointer = (void *)(uintptr_t)address;
    }
    return call;
}

#endif
