/* SPDX-License-Identifier: MIT */
/*
 * coro/datagram.h - UDP and Unix datagrams, one at a time or many at once.
 *
 *     AWAIT(self->socket, coro_datagram_open(&(coro_datagram_options){
 *                             .local_host = "127.0.0.1", .local_service = "7000"}));
 *     for (;;) {
 *         AWAIT(self->n, coro_datagram_receive_from(self->socket, self->data,
 *                                                   sizeof self->data, &self->from));
 *         AWAIT(coro_datagram_send_to(self->socket, self->data, self->n, &self->from));
 *     }
 *   ASYNC_FINALLY:
 *     coro_datagram_close(&self->socket);
 *
 * A datagram comes whole or not at all; an empty one is data, not an end. One task
 * may receive at a time: CORO_EBUSY. Any number may send: who finds no room waits,
 * first come first served. A socket that is connected to a remote address hears
 * only that one. The network's complaints (CORO_ECONNREFUSED: nobody was there for
 * what was sent before) come once, from the next await that asks the system.
 *
 * What has arrived beats a cancel: a cancelled receive has taken nothing, and a
 * cancelled send has sent nothing (of a batch: a part).
 *
 * Many at once: a batch is an array of messages, each with memory of the caller's.
 * It costs one system call for up to 64, and less in the system: where that knows
 * UDP_SEGMENT, neighbours of one address and one size leave as one. A batch that was
 * received can be sent as it is, which is a whole echo server.
 *
 * Memory: a block of the loop's pool for a socket, a small one for a send that waits
 * behind another. Threads: the loop's; names are looked up in a thread of their own.
 */
#ifndef CORO_DATAGRAM_H
#define CORO_DATAGRAM_H

#include <coro/address.h>
#include <coro/loop.h>

#if CORO_HOSTED && CORO_SCOPES

CORO_BEGIN_DECLS

typedef struct coro_datagram coro_datagram;

/* What coro_datagram_open gives. */
typedef struct CORO_MAY_ALIAS coro_datagram_opening {
    coro_header coro;
    coro_datagram *result;
} coro_datagram_opening;

/* Zeroed but for what you want. */
typedef struct coro_datagram_options {
    const char *local_host, *local_service;   /* bind to it; host "": all of this machine's */
    const char *remote_host, *remote_service; /* connect to it */
    int family;         /* AF_INET, AF_INET6; 0: whatever both addresses have in common */
    bool reuse_address; /* others may use the port too: for multicast */
    bool reuse_port;    /* several sockets share the port, and each datagram goes to one */
    bool broadcast;     /* may send to all of a network; then the remote address is only where
                           sends go: answers may come from anywhere */
    bool merge;         /* batches may receive several datagrams as one message: see there */
} coro_datagram_options;

/*
 * Open a socket at a local address, for a remote one, or both. A host is a name or
 * an address, a service a name or a number, "0" or NULL a free port. A host of the
 * form "unix:/path" or "unix:@name" is a Unix datagram socket: a path that a dead
 * socket has left is taken over, and coro_datagram_close removes ours. All pairs
 * of addresses of one family are tried, in order. Copies *options, borrows its texts until the
 * await has ended. The socket is the caller's: coro_datagram_close.
 *
 * CORO_EINVAL: neither address is given, they have no family in common, or no port is given for
 * the remote one; CORO_ENAME and what else coro_getaddrinfo says; CORO_EADDRINUSE, or what else the
 * system said to the last pair; CORO_ENOMEM. Cancelled: no socket stays.
 */
CORO_API CORO_NODISCARD coro_datagram_opening *
coro_datagram_open(const coro_datagram_options *options);

/* Use a socket of yours, of any datagram kind: asyncio's sock=. Takes fd, on success only. 0,
 * CORO_ENOMEM, CORO_EBADF; CORO_EINVAL: it is none of datagrams. Needs a running loop. */
CORO_API int coro_datagram_from_fd(coro_datagram **datagram, int fd);

/* Close it, and set *datagram to NULL; who waits gets CORO_ECLOSED. NULL is fine. Never
 * suspends. */
CORO_API void coro_datagram_close(coro_datagram **datagram);

/* The descriptor, for setsockopt; -1 for NULL. Borrowed. */
CORO_API int coro_datagram_fd(const coro_datagram *datagram);

/* Its own address, with the port that it got. 0, or what the system says. */
CORO_API int coro_datagram_local(const coro_datagram *datagram, coro_address *address);

/* The address that it was opened for. 0; CORO_ENOTCONN: there is none. */
CORO_API int coro_datagram_remote(const coro_datagram *datagram, coro_address *address);

/* --- one at a time ------------------------------------------------------------------------ */

/*
 * The next datagram: its size, which may be 0. CORO_ELIMIT: it was longer than `size`; its
 * beginning is in the buffer, the rest is gone. CORO_ECONNREFUSED: see above. CORO_EBUSY;
 * CORO_ECLOSED: closed meanwhile, or NULL; CORO_EWRONGLOOP; CORO_EINVAL: the socket merges, and
 * wants batches. Suspends until there is one.
 */
CORO_API CORO_NODISCARD coro_size *coro_datagram_receive(coro_datagram *datagram, void *buffer,
                                                         size_t size);
/* The same, and who sent it; from->size is 0 when that has no address. */
CORO_API CORO_NODISCARD coro_size *coro_datagram_receive_from(coro_datagram *datagram,
                                                              void *buffer, size_t size,
                                                              coro_address *from);

/*
 * Send one to the remote address of the socket, or to another one. Suspends while there is no
 * room. CORO_EMSGSIZE: too long for this kind of socket; CORO_ECONNREFUSED: see above, and this
 * one was not sent either; CORO_EDESTADDRREQ (of Unix: CORO_ENOTCONN): it has no remote address;
 * CORO_ECLOSED, CORO_EWRONGLOOP as above; CORO_ENOMEM: no memory to stand in line. Borrows all
 * until the await has ended.
 */
CORO_API CORO_NODISCARD coro_void *coro_datagram_send(coro_datagram *datagram, const void *data,
                                                      size_t size);
CORO_API CORO_NODISCARD coro_void *coro_datagram_send_to(coro_datagram *datagram,
                                                         const void *data, size_t size,
                                                         const coro_address *to);

/* --- many at once ------------------------------------------------------------------------- */

typedef struct coro_datagram_message {
    void *data;           /* memory of yours, not NULL */
    size_t room;          /* bytes there, to receive into */
    size_t size;          /* of the datagram: received, or to be sent */
    size_t segment;       /* 0, or: data is datagrams of this size, the last one may be shorter */
    coro_address address; /* who sent it, or to whom; size 0: the socket's remote address */
    bool truncated;       /* it was longer than room */
} coro_datagram_message;

#define CORO_DATAGRAM_BATCH_MAX 64

/*
 * Wait for one datagram, and take all that are there, up to `count` and at most
 * CORO_DATAGRAM_BATCH_MAX: how many. data and room are the caller's, the rest is
 * filled in. With options.merge several datagrams that came in a row may be one
 * message (UDP_GRO, where the system has it): segment is then the size of each. Give room for
 * 65,535 bytes. Errors as coro_datagram_receive, but for too long ones, which are `truncated`.
 */
CORO_API CORO_NODISCARD coro_size *coro_datagram_receive_batch(coro_datagram *datagram,
                                                               coro_datagram_message *messages,
                                                               size_t count);

/*
 * Send them in order, each to its address; suspends while there is no room. The
 * result is how many left: all, or, when the system refuses one, those before it;
 * its error comes from the next send. If it is the first, this await fails. Errors
 * as coro_datagram_send.
 */
CORO_API CORO_NODISCARD coro_size *coro_datagram_send_batch(coro_datagram *datagram,
                                                            coro_datagram_message *messages,
                                                            size_t count);

/* --- multicast ---------------------------------------------------------------------------- */

/*
 * Hear what is sent to a group ("239.1.2.3", "ff02::1234"), at an interface by its
 * name, NULL: the system's choice. 0; CORO_EINVAL: no address of a group, or of
 * another family than the socket's; CORO_EADDRINUSE: joined already; CORO_ENODEV: no
 * such interface. Never suspends.
 */
CORO_API int coro_datagram_join(coro_datagram *datagram, const char *group, const char *interface);

/* Hear it no more. 0; CORO_EADDRNOTAVAIL: it was not joined there. */
CORO_API int coro_datagram_leave(coro_datagram *datagram, const char *group,
                                 const char *interface);

/* What is sent to groups goes through how many routers: 1 at first, 255 at most. 0; CORO_EINVAL:
 * out of range, or a Unix socket. */
CORO_API int coro_datagram_set_multicast_ttl(coro_datagram *datagram, int ttl);

/* Is it heard on this machine too? Yes, at first. 0; CORO_EINVAL: a Unix socket. */
CORO_API int coro_datagram_set_multicast_loop(coro_datagram *datagram, bool on);

/* Through which interface, by its name; NULL: the system's choice. 0; CORO_ENODEV: there is none;
 * CORO_EINVAL: a Unix socket. */
CORO_API int coro_datagram_set_multicast_interface(coro_datagram *datagram, const char *interface);

/* What is sent to single machines goes through how many routers: 1 to 255, or CORO_EINVAL. */
CORO_API int coro_datagram_set_ttl(coro_datagram *datagram, int ttl);

CORO_END_DECLS

#endif

#endif
