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
    coro_socket_file *file; /* to be removed with it; or NULL */
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
    int backlog;
    bool serving;  /* its sockets listen */
    bool forever;  /* a task is in coro_server_serve_forever */
    bool closed;   /* listens no more */
    bool is_local; /* Unix sockets */
    bool is_short; /* of descriptors or memory, which has been reported */
    int reserve;   /* a descriptor to give up when there are no others; -1: given up */
    coro_task *acceptor;
    coro_flag wake; /* for the acceptor: a socket is ready, a connection over */
    coro_waiters waiters; /* for the end of all */
    struct coro_connection *connections; /* ring */
    size_t connections_count, connections_max;
    size_t listeners_count, listeners_max;
    coro_listener listeners[];
};

/* --- start.c ------------------------------------------------------------------------------ */

/* One more socket, bound, which it takes when it succeeds. Room is there. 0 or an error. */
int coro_server_add_socket(coro_server *server, int fd);
/* The sockets are gone, and there may be others. */
void coro_server_close_sockets(coro_server *server);

/* --- listen.c ----------------------------------------------------------------------------- */

/* Addresses to listen at, each once; from the running loop's pool. Zeroed: none. */
typedef struct coro_addresses {
    coro_address *items;
    size_t count, capacity;
} coro_addresses;

/* 0, CORO_ENOMEM or CORO_EINVAL. */
int coro_addresses_add(coro_addresses *list, const struct sockaddr *address, size_t size);
void coro_addresses_free(coro_addresses *list);

/* A bound socket for each address, listening unless that is for later. 0 or an error, and then
 * there are none. */
int coro_server_bind(coro_server *server, const coro_addresses *list,
                     const coro_server_options *options);

/* --- unix.c ------------------------------------------------------------------------------- */

/* "/a/path" or "@name". 0 or CORO_EINVAL. */
int coro_address_of_path(coro_address *address, const char *path);
/* A bound socket at this address, in place of the socket file that may be there. 0 or an error. */
int coro_server_bind_unix(coro_server *server, const coro_address *at,
                          const coro_server_options *options);
/* The socket is to take its file with it, if it has one. 0 or CORO_ENOMEM. */
int coro_listener_own_file(coro_listener *listener);
/* Remove the file that is still the socket's. Without one: nothing. */
void coro_listener_remove_file(coro_listener *listener);

/* --- accept.c ----------------------------------------------------------------------------- */

/* The acceptor's task. Takes a reference. 0 or CORO_ENOMEM. */
int coro_server_accept(coro_server *server);

/* --- server.c ----------------------------------------------------------------------------- */

/* A connection for this socket, which it takes in any case. False: no memory. */
bool coro_server_admit(coro_server *server, int fd);
/* Call for each connection that there is now; none may end meanwhile. */
void coro_server_each_connection(coro_server *server,
                                 void (*visit)(struct coro_connection *connection));
void coro_connection_close(struct coro_connection *connection);
void coro_connection_abort(struct coro_connection *connection);
/* Has it been closed, and has its last handler ended? */
bool coro_server_is_over(const coro_server *server);
/* One reference less; and if all is over, whoever waits for that is told. */
void coro_server_unref(coro_server *server);

#endif
