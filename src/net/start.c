/* SPDX-License-Identifier: MIT */
/*
 * start.c - how a server comes to its sockets.
 *
 *     hosts ─► addresses, each once ─► bound ─┐
 *     path ──► the old file is removed ─► bound ├─► listen ─► serving
 *     descriptor ─────────────────────────────┘     (now, or at start_serving)
 *
 * The server is made before its sockets, and owns each of them from the moment that it
 * is bound: what fails half way ends as any server does. Its acceptor waits from the
 * beginning, so that to start serving needs no memory.
 */
#define _GNU_SOURCE
#include "server.h"

#include <coro/names.h>

#define BACKLOG_DEFAULT 511

/* --- sockets ------------------------------------------------------------------------------ */

static void listener_ready(coro_fd *fd, unsigned directions)
{
    (void)directions;
    coro_flag_set(&coro_container_of(fd, coro_listener, fd)->server->wake);
}

int coro_server_add_socket(coro_server *server, int fd)
{
    coro_listener *listener = &server->listeners[server->listeners_count];
    int error = coro_fd_open(server->loop, &listener->fd, fd, listener_ready);
    if (error != 0)
        return error;
    listener->server = server;
    listener->file = NULL;
    server->listeners_count++;
    return 0;
}

void coro_server_close_sockets(coro_server *server)
{
    for (size_t i = 0; i < server->listeners_count; i++) {
        coro_fd_close(&server->listeners[i].fd);
        coro_listener_remove_file(&server->listeners[i]);
    }
    coro_zero_(server->listeners, server->listeners_count * sizeof server->listeners[0]);
    server->listeners_count = 0;
}

static void serve(coro_server *server)
{
    server->serving = true;
    coro_flag_set(&server->wake);
}

int coro_server_start_serving(coro_server *server)
{
    coro_check_thread(server->loop);
    if (server->closed)
        return CORO_ECLOSED;
    if (server->serving)
        return 0;
    for (size_t i = 0; i < server->listeners_count; i++)
        if (coro_sys.listen(server->listeners[i].fd.fd, server->backlog) != 0)
            return -errno;
    serve(server);
    return 0;
}

/* --- the server --------------------------------------------------------------------------- */

static const coro_server_options no_options;

/* With room for so many sockets. NULL with *error. */
static coro_server *server_new(coro_handler handler, void *context,
                               const coro_server_options *options, size_t sockets, int *error)
{
    coro_loop *loop = coro_loop_current();
    size_t size = sizeof(coro_server) + sockets * sizeof(coro_listener);
    coro_server *server = coro_pool_take_(&loop->pool, size);
    *error = CORO_ENOMEM;
    if (server == NULL)
        return NULL;
    coro_zero_(server, size);
    server->loop = loop;
    server->handler = handler;
    server->context = context;
    server->wrap = options->wrap;
    server->wrap_context = options->wrap_context;
    server->references = 1;
    server->backlog = options->backlog > 0 ? options->backlog : BACKLOG_DEFAULT;
    server->connections_max = options->max_connections;
    server->listeners_max = sockets;
    server->reserve = coro_sys.eventfd(0, EFD_CLOEXEC); /* -1: tried again when needed */
    *error = coro_server_accept(server);
    if (*error != 0) {
        coro_server_release(server);
        return NULL;
    }
    return server;
}

/* It has its sockets, or an error. NULL with that, and nothing is left. */
static coro_server *begin(coro_server *server, const coro_server_options *options, int *error)
{
    if (server == NULL)
        return NULL;
    if (*error == 0 && !options->start_later)
        *error = coro_server_start_serving(server);
    if (*error == 0)
        return server;
    coro_server_release(server);
    return NULL;
}

/* --- hosts -------------------------------------------------------------------------------- */

/* Of one host, or of number i of several; *last: there are no more. */
static const char *host_at(const coro_server_options *options, const char *host, size_t i,
                           bool *last)
{
    if (options->hosts != NULL)
        host = options->hosts[i];
    *last = options->hosts == NULL || options->hosts[i + 1] == NULL;
    return host != NULL && *host == '\0' ? NULL : host;
}

/* An address to listen at. NULL: there are no hosts of that family. */
static const struct addrinfo *hints_for(int family)
{
    static const struct addrinfo hints[] = {
        {.ai_flags = AI_PASSIVE, .ai_socktype = SOCK_STREAM, .ai_family = AF_UNSPEC},
        {.ai_flags = AI_PASSIVE, .ai_socktype = SOCK_STREAM, .ai_family = AF_INET},
        {.ai_flags = AI_PASSIVE, .ai_socktype = SOCK_STREAM, .ai_family = AF_INET6},
    };
    for (size_t i = 0; i < sizeof hints / sizeof hints[0]; i++)
        if (hints[i].ai_family == family)
            return &hints[i];
    return NULL;
}

static int add_all(coro_addresses *list, const struct addrinfo *found)
{
    int error = 0;
    for (; found != NULL && error == 0; found = found->ai_next)
        error = coro_addresses_add(list, found->ai_addr, found->ai_addrlen);
    return error;
}

ASYNC(start_server, RETURNS(coro_server *, coro_server_release),
      ARGS(coro_handler, handler, void *, context, const char *, host, const char *, service,
           const coro_server_options *, options),
      VARS(struct addrinfo *found; coro_addresses list; size_t i; coro_server *server; int error;
           bool last;))
{
    const char *host;
    ASYNC_BEGIN;
    if (self->options == NULL)
        self->options = &no_options;
    if (hints_for(self->options->family) == NULL ||
        (self->options->hosts != NULL && (self->host != NULL || self->options->hosts[0] == NULL)))
        ASYNC_THROW(CORO_EINVAL);
    do {
        host = host_at(self->options, self->host, self->i++, &self->last);
        AWAIT(self->found,
              coro_getaddrinfo(host, self->service, hints_for(self->options->family)));
        self->error = add_all(&self->list, self->found);
        coro_freeaddrinfo(self->found);
        if (self->error != 0)
            ASYNC_THROW(self->error);
    } while (!self->last);
    self->server = server_new(self->handler, self->context, self->options, self->list.count,
                              &self->error);
    if (self->server != NULL)
        self->error = coro_server_bind(self->server, &self->list, self->options);
    self->server = begin(self->server, self->options, &self->error);
    if (self->error != 0)
        ASYNC_THROW(self->error);
    ASYNC_RETURN(self->server);
  ASYNC_FINALLY:
    coro_addresses_free(&self->list);
    ASYNC_END;
}

coro_server_starting *coro_start_server(coro_handler handler, void *context, const char *host,
                                        const char *service, const coro_server_options *options)
{
    return (coro_server_starting *)(void *)start_server(handler, context, host, service, options);
}

/* --- one socket --------------------------------------------------------------------------- */

ASYNC(start_unix_server, RETURNS(coro_server *, coro_server_release),
      ARGS(coro_handler, handler, void *, context, const char *, path,
           const coro_server_options *, options))
{
    coro_address at;
    coro_server *server;
    int error;
    ASYNC_BEGIN;
    if (self->options == NULL)
        self->options = &no_options;
    error = coro_address_of_path(&at, self->path);
    if (error != 0)
        ASYNC_THROW(error);
    server = server_new(self->handler, self->context, self->options, 1, &error);
    if (server != NULL) {
        server->is_local = true;
        error = coro_server_bind_unix(server, &at, self->options);
    }
    server = begin(server, self->options, &error);
    if (error != 0)
        ASYNC_THROW(error);
    ASYNC_RETURN(server);
    ASYNC_END;
}

coro_server_starting *coro_start_unix_server(coro_handler handler, void *context, const char *path,
                                             const coro_server_options *options)
{
    return (coro_server_starting *)(void *)start_unix_server(handler, context, path, options);
}

/* What somebody else has made is to be as ours are. */
static int prepare(int fd, int *domain)
{
    int type = 0, flags;
    socklen_t size = sizeof type;
    if (coro_sys.getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) != 0 ||
        coro_sys.getsockopt(fd, SOL_SOCKET, SO_DOMAIN, domain, &size) != 0)
        return -errno;
    if (type != SOCK_STREAM)
        return CORO_EINVAL;
    flags = coro_sys.fcntl(fd, F_GETFL);
    if (flags < 0 || coro_sys.fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 ||
        coro_sys.fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
        return -errno;
    return 0;
}

/* Whatever happens, a descriptor that is not taken is left open. */
static int adopt(coro_server *server, int fd, const coro_server_options *options)
{
    int error;
    if (!options->start_later && coro_sys.listen(fd, server->backlog) != 0)
        return -errno;
    error = coro_server_add_socket(server, fd);
    if (error == 0 && !options->keep_file)
        error = coro_listener_own_file(&server->listeners[0]);
    if (error != 0)
        (void)coro_fd_detach(&server->listeners[0].fd);
    else if (!options->start_later)
        serve(server);
    return error;
}

ASYNC(start_server_fd, RETURNS(coro_server *, coro_server_release),
      ARGS(coro_handler, handler, void *, context, int, fd, const coro_server_options *, options))
{
    coro_server *server;
    int error, domain;
    ASYNC_BEGIN;
    if (self->options == NULL)
        self->options = &no_options;
    error = prepare(self->fd, &domain);
    if (error != 0)
        ASYNC_THROW(error);
    server = server_new(self->handler, self->context, self->options, 1, &error);
    if (server != NULL) {
        server->is_local = domain == AF_UNIX;
        error = adopt(server, self->fd, self->options);
    }
    if (error != 0) {
        coro_server_release(server);
        ASYNC_THROW(error);
    }
    ASYNC_RETURN(server);
    ASYNC_END;
}

coro_server_starting *coro_start_server_fd(coro_handler handler, void *context, int fd,
                                           const coro_server_options *options)
{
    return (coro_server_starting *)(void *)start_server_fd(handler, context, fd, options);
}
