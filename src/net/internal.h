/* SPDX-License-Identifier: MIT */
/*
 * internal.h - what the net's files tell each other, and nobody else.
 */
#ifndef CORO_NET_INTERNAL_H
#define CORO_NET_INTERNAL_H

#include "kernel/kernel.h"
#include "poll/poll.h"
#include "poll/sys.h"
#include "poll/try.h"
#include "thread/thread.h"

#include <coro/net.h>

#include <errno.h>
#include <netdb.h>
#include <sys/stat.h>
#include <sys/un.h>

/* --- conn.c: a stream over a socket ------------------------------------------------------- */

typedef struct coro_conn {
    coro_stream stream; /* first */
    coro_fd fd;
    coro_task *connecting; /* before it is a stream */
} coro_conn;

static inline coro_conn *coro_conn_of(coro_stream *stream)
{
    return (coro_conn *)(void *)stream;
}

/* Takes fd, non-blocking already, when it succeeds; is_local: a Unix socket. NULL with *error. */
coro_conn *coro_conn_new(int fd, bool is_local, int *error);
/* From now on it is its stream's. */
void coro_conn_connected(coro_conn *conn);
/* The stream never was; its socket is closed. */
void coro_conn_free(coro_conn *conn);
/* connect.c: a connection to one address, from one of the local ones if there are any. */
ASYNC_DECLARE(coro_connect_one, RETURNS(coro_conn *, coro_conn_free),
              ARGS(const struct addrinfo *, address, const struct addrinfo *, local,
                   const coro_connect_options *, options),
              VARS(coro_conn *conn; int error;));
/* Send without Nagle's delay. On Linux an accepted socket inherits it from its listener. */
void coro_set_no_delay(int fd);

/* --- names.c ------------------------------------------------------------------------------ */

/* What is asked of the system; tests put functions of their own here, and a file. The functions
 * may be called in other threads. */
typedef struct coro_names_table {
    int (*getaddrinfo)(const char *host, const char *service, const struct addrinfo *hints,
                       struct addrinfo **found);
    void (*freeaddrinfo)(struct addrinfo *found);
    int (*getnameinfo)(const struct sockaddr *address, socklen_t size, char *host,
                       socklen_t host_size, char *service, socklen_t service_size, int flags);
    const char *hosts;
} coro_names_table;
extern coro_names_table coro_names;

/* --- unix.c: the file of a Unix socket, ours to remove ------------------------------------- */

typedef struct coro_socket_file { /* zeroed: none */
    dev_t device;
    ino_t inode;
    char path[sizeof(struct sockaddr_un) + 1]; /* with an end, which the system does not ask for */
} coro_socket_file;

/* The path in an address; "" where there is none. */
const char *coro_address_path(const coro_address *address);
/* Is there a socket at this path? */
bool coro_is_socket(const char *path, struct stat *status);
/* Note the socket that lies at an address now. False: none does. */
bool coro_socket_file_note(coro_socket_file *file, const coro_address *at);
/* Remove it, if it is that one still. */
void coro_socket_file_remove(const coro_socket_file *file);

#endif
