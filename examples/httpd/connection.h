/* SPDX-License-Identifier: MIT */
/*
 * connection.h: one client, from its first byte to its last. Part of httpd.
 *
 * Trouble with a client (it went, it stalled) ends its connection and stands in the log; it is no
 * error of the server's, so the handler fails only when it is cancelled or without memory.
 */
#ifndef EXAMPLES_HTTPD_CONNECTION_H
#define EXAMPLES_HTTPD_CONNECTION_H

#include "answer.h"

#include <coro/coro.h>

/* A server's handler; context is the struct site. */
ASYNC_DECLARE(serve_connection, ARGS(coro_stream *, stream, void *, context),
              VARS(struct site *site; struct idle idle; struct answer answer; size_t size;
                   int error; bool again; char peer[64];));

enum { HANDSHAKE_LIMIT_S = 10 };

/*
 * A server's wrap, for HTTPS; context is the struct site. A client that speaks no TLS is left as it
 * is, so that serve_connection can tell it.
 */
coro_void *shake_hands(coro_stream **stream, void *context);

/* No more requests: connections that wait for one end now, the others with their answer. */
void stop_connections(struct site *site);

#endif
