/* SPDX-License-Identifier: MIT */
/*
 * listen.c - the sockets of a server: one for each address of its hosts.
 *
 * A server at port 0 has the port that its first socket got at all of them; when
 * that one is taken at another address, all is done again. An address that this
 * machine does not have (IPv6 is switched off) is left out, unless it is the only
 * one. All else that fails closes those that are bound already.
 */
#define _GNU_SOURCE
#include "server.h"

#include <netinet/in.h>
#include <string.h>

#define TRIES_MAX 16

/* --- addresses ---------------------------------------------------------------------------- */

static bool has(const coro_addresses *list, const coro_address *address)
{
    for (size_t i = 0; i < list->count; i++)
        if (list->items[i].size == address->size &&
            memcmp(list->items[i].bytes, address->bytes, address->size) == 0)
            return true;
    return false;
}

static bool grow(coro_addresses *list)
{
    coro_pool *pool = &coro_loop_current()->pool;
    size_t capacity = list->capacity > 0 ? list->capacity * 2 : 4;
    coro_address *items = coro_pool_take_(pool, capacity * sizeof *items);
    if (items == NULL)
        return false;
    if (list->count > 0)
        memcpy(items, list->items, list->count * sizeof *items);
    coro_addresses_free(&(coro_addresses){list->items, 0, list->capacity});
    list->items = items;
    list->capacity = capacity;
    return true;
}

int coro_addresses_add(coro_addresses *list, const struct sockaddr *from, size_t size)
{
    coro_address address;
    int error = coro_address_set(&address, from, size);
    if (error != 0 || has(list, &address))
        return error;
    if (list->count == list->capacity && !grow(list))
        return CORO_ENOMEM;
    list->items[list->count++] = address;
    return 0;
}

void coro_addresses_free(coro_addresses *list)
{
    if (list->items != NULL)
        coro_pool_give_(&coro_loop_current()->pool, list->items,
                        list->capacity * sizeof *list->items);
    *list = (coro_addresses){NULL, 0, 0};
}

/* --- one socket --------------------------------------------------------------------------- */

static bool turn_on(int fd, int level, int option)
{
    static const int on = 1;
    return coro_sys.setsockopt(fd, level, option, &on, sizeof on) == 0;
}

static int set_options(int fd, int family, const coro_server_options *options)
{
    if ((!options->no_reuse_address && !turn_on(fd, SOL_SOCKET, SO_REUSEADDR)) ||
        (options->reuse_port && !turn_on(fd, SOL_SOCKET, SO_REUSEPORT)) ||
        (options->keep_alive && !turn_on(fd, SOL_SOCKET, SO_KEEPALIVE)))
        return -errno;
    /* IPv4 has a socket of its own. */
    if (family == AF_INET6 && !turn_on(fd, IPPROTO_IPV6, IPV6_V6ONLY))
        return -errno;
    if (!options->nagle)
        coro_set_no_delay(fd);
    return 0;
}

/* Connections inherit what is set here. */
static int bind_at(coro_server *server, const coro_address *at, uint16_t port,
                   const coro_server_options *options)
{
    coro_address here = *at;
    int error, family = coro_address_family(at);
    int fd = coro_sys.socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    if (port != 0)
        coro_address_set_port(&here, port);
    error = set_options(fd, family, options);
    if (error == 0 && coro_sys.bind(fd, coro_address_any(&here), here.size) != 0)
        error = -errno;
    if (error == 0)
        error = coro_server_add_socket(server, fd);
    if (error != 0)
        coro_sys.close(fd);
    return error;
}

/* --- all of them -------------------------------------------------------------------------- */

/* Does this machine not know the address at all? */
static bool is_foreign(int error)
{
    return error == -EAFNOSUPPORT || error == -EADDRNOTAVAIL;
}

/* Port 0 is the one that the first of them has got. */
static int bind_everywhere(coro_server *server, const coro_addresses *list,
                           const coro_server_options *options)
{
    int error = 0, foreign = 0;
    for (size_t i = 0; i < list->count && error == 0; i++) {
        bool any = coro_address_port(&list->items[i]) == 0;
        error = bind_at(server, &list->items[i], any ? coro_server_port(server) : 0, options);
        if (is_foreign(error))
            foreign = error, error = 0;
    }
    if (error == 0 && server->listeners_count == 0)
        error = foreign;
    if (error == 0 && !options->start_later)
        error = coro_server_start_serving(server); /* a port may be taken here, too */
    if (error != 0)
        coro_server_close_sockets(server);
    return error;
}

int coro_server_bind(coro_server *server, const coro_addresses *list,
                     const coro_server_options *options)
{
    int error = CORO_EADDRINUSE;
    for (int i = 0; i < TRIES_MAX && error == CORO_EADDRINUSE; i++) {
        error = bind_everywhere(server, list, options);
        if (coro_address_port(&list->items[0]) != 0)
            break;
    }
    return error;
}
