/* SPDX-License-Identifier: MIT */
/*
 * server.h - a server: its sockets, its acceptor, its connections.
 *
 *     coro_server ─┬─ listeners ──ready──► flag ──► acceptor (a task, accept.c)
 *                  │                                    │ admits
 *                  └─ connections: ring of tasks ◄──────┘ (server.c)
 *
 * References: the user's, the acceptor's, each connection's; the last one frees.
 */
#ifndef CORO_NET_SERVER_H
#define CORO_NET_SERVER_H

#include "internal.h"

#include <coro/flag.h>

typedef struct coro_listener {
    coro_fd fd;
    coro_server *server;
} coro_listener;

/* The first coroutine of a connection's task: runs the handler, and cleans up. */
struct coro_connection;

struct coro_server {
    coro_loop *loop;
    coro_handler handler;
    void *context;
    coro_stream_wrap wrap; /* or NULL */
    void *wrap_context;
    unsigned references;
    uint16_t port;
    bool closed;   /* listens no more */
    bool aborting; /* handlers have been cancelled */
    int reserve;   /* a descriptor to give up when there are no others; -1: given up */
    coro_task *acceptor;
    coro_flag wake; /* for the acceptor: a socket is ready, a connection over */
    coro_waiters waiters; /* for the end of all */
    struct coro_connection *connections; /* ring */
    size_t connections_count, connections_max;
    size_t listeners_count;
    coro_listener listeners[];
};

/* accept.c: the acceptor's task. Takes a reference. 0 or CORO_ENOMEM. */
int coro_server_accept(coro_server *server);

/* server.c: a connection for this socket, which it takes in any case. False: no memory. */
bool coro_server_admit(coro_server *server, int fd);
/* One reference less; and if all is over, whoever waits for that is told. */
void coro_server_unref(coro_server *server);

#endif
