/* SPDX-License-Identifier: MIT */
/*
 * coro/net_protocol.h - protocols (coro/protocol.h) over TCP, and those of datagrams.
 *
 *     AWAIT(coro_create_connection(&my->protocol, "127.0.0.1", "7000", NULL));
 *
 *     static coro_protocol *make(void *context);       // a new one for each client, or NULL
 *     static const coro_protocol_factory factory = {make, NULL};
 *     AWAIT(self->server, coro_create_server(&factory, "127.0.0.1", "7000", NULL));
 *
 * For other streams there is coro_protocol_run. Threads: the loop's.
 */
#ifndef CORO_NET_PROTOCOL_H
#define CORO_NET_PROTOCOL_H

#include <coro/datagram.h>
#include <coro/net.h>
#include <coro/protocol.h>

#if CORO_HOSTED && CORO_SCOPES

CORO_BEGIN_DECLS

/*
 * Connect, as coro_open_connection does, with its errors, and start a task of the loop that runs
 * the protocol: connection_made has been called when the await ends. Also CORO_EALREADY: the
 * protocol is connected. After an error nothing was called. Borrows the protocol until
 * connection_lost, the other arguments until the await has ended. The loop's close, and a cancel
 * of the task, abort the connection.
 */
CORO_API CORO_NODISCARD coro_void *coro_create_connection(coro_protocol *protocol, const char *host,
                                                          const char *service,
                                                          const coro_connect_options *options);

/* Makes the protocol of a new connection, initialised. NULL: the client is sent away. Each one that
 * was made is told of its end by connection_lost: where memory was short, by that alone. */
typedef struct coro_protocol_factory {
    coro_protocol *(*make)(void *context);
    void *context;
} coro_protocol_factory;

/* Listen, as coro_start_server does, with its errors, and connect each client to a protocol of its
 * own. Borrows the factory until the server's last connection is over. */
CORO_API CORO_NODISCARD coro_server_starting *
coro_create_server(const coro_protocol_factory *factory, const char *host, const char *service,
                   const coro_server_options *options);

/* --- datagrams ------------------------------------------------------------------------------ */

typedef struct coro_datagram_protocol coro_datagram_protocol;

/* asyncio's DatagramProtocol. What is NULL is not called; none may suspend. */
typedef struct coro_datagram_protocol_type {
    void (*connection_made)(coro_datagram_protocol *self);
    /* One datagram, which may be empty, and who sent it; both borrowed. */
    void (*datagram_received)(coro_datagram_protocol *self, const void *data, size_t size,
                              const coro_address *from);
    /* One was not sent, or the network complains of one (CORO_ECONNREFUSED); it goes on. */
    void (*error_received)(coro_datagram_protocol *self, int error);
    /* The last call, once: 0 after a close or an abort, else why. */
    void (*connection_lost)(coro_datagram_protocol *self, int error);
    /* More than 64 KiB wait to be sent; no more than 16 KiB do. */
    void (*pause_writing)(coro_datagram_protocol *self);
    void (*resume_writing)(coro_datagram_protocol *self);
} coro_datagram_protocol_type;

struct coro_datagram_protocol { /* private; first in a struct of yours */
    const coro_datagram_protocol_type *type;
    struct coro_datagram_run_ *run; /* while it is open */
};

static inline void coro_datagram_protocol_init(coro_datagram_protocol *protocol,
                                               const coro_datagram_protocol_type *type)
{
    protocol->type = type;
    protocol->run = NULL;
}

/*
 * Open a socket, as coro_datagram_open does, with its errors, and start a task of the loop that
 * runs the protocol, with a buffer for one datagram of any size: connection_made has been called
 * when the await ends. Also CORO_EALREADY: the protocol is open. After an error nothing was called.
 * Borrows the protocol until connection_lost.
 */
CORO_API CORO_NODISCARD coro_void *
coro_create_datagram_endpoint(coro_datagram_protocol *protocol,
                              const coro_datagram_options *options);

/* Send a copy, to an address or (NULL) to the socket's, at once if there is room. Never suspends.
 * 0; CORO_ENOMEM: it is lost; CORO_EMSGSIZE: no datagram is that long; CORO_EPIPE: not open, or
 * closing. The system's errors come by error_received, which may be called inside of this. */
CORO_API int coro_datagram_protocol_send(coro_datagram_protocol *protocol, const void *data,
                                         size_t size, const coro_address *to);

/* Hear no more, send what waits to be sent, then connection_lost; abort: without sending. */
CORO_API void coro_datagram_protocol_close(coro_datagram_protocol *protocol);
CORO_API void coro_datagram_protocol_abort(coro_datagram_protocol *protocol);

/* The socket, to ask it and to set its options; not to close. Borrowed; NULL: not open. */
CORO_API coro_datagram *coro_datagram_protocol_socket(const coro_datagram_protocol *protocol);

CORO_END_DECLS

#endif

#endif
