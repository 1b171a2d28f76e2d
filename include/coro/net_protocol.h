/* SPDX-License-Identifier: MIT */
/*
 * coro/net_protocol.h - protocols (coro/protocol.h) over TCP.
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

CORO_END_DECLS

#endif

#endif
