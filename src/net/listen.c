/* SPDX-License-Identifier: MIT */
/*
 * listen.c - the sockets of a server: one for each address of its host.
 *
 * A server at port 0 has the port that its first socket got at all of them; when
 * that one is taken at another address, all is done again. An address that this
 * machine does not have (IPv6 is switched off) is left out, unless it is the only
 * one.
 */
#define _GNU_SOURCE
#include "internal.h"

#include <netinet/in.h>
#include <string.h>

#define BACKLOG_DEFAULT 511
#define TRIES_MAX 16

typedef union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    struct sockaddr_storage largest;
} address;

static void set_port(address *to, uint16_t port)
{
    if (to->any.sa_family == AF_INET)
        to->v4.sin_port = htons(port);
    else if (to->any.sa_family == AF_INET6)
        to->v6.sin6_port = htons(port);
}

static uint16_t port_of(int fd)
{
    address own;
    socklen_t size = sizeof own;
    memset(&own, 0, sizeof own);
    if (coro_sys.getsockname(fd, &own.any, &size) != 0)
        return 0;
    if (own.any.sa_family == AF_INET)
        return ntohs(own.v4.sin_port);
    return own.any.sa_family == AF_INET6 ? ntohs(own.v6.sin6_port) : 0;
}

static int set_options(int fd, int family, const coro_server_options *options)
{
    static const int on = 1;
    if (!options->no_reuse_address &&
        coro_sys.setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0)
        return -errno;
    if (options->reuse_port &&
        coro_sys.setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) != 0)
        return -errno;
    /* IPv4 has a socket of its own. */
    if (family == AF_INET6 &&
        coro_sys.setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on) != 0)
        return -errno;
    if (!options->nagle)
        coro_set_no_delay(fd);
    return 0;
}

static int bind_and_listen(int fd, const struct addrinfo *found, uint16_t port,
                           const coro_server_options *options)
{
    address at;
    int error = set_options(fd, found->ai_family, options);
    if (error != 0)
        return error;
    if (found->ai_addrlen > sizeof at)
        return CORO_EINVAL;
    memcpy(&at, found->ai_addr, found->ai_addrlen);
    if (port != 0)
        set_port(&at, port);
    if (coro_sys.bind(fd, &at.any, found->ai_addrlen) != 0)
        return -errno;
    if (coro_sys.listen(fd, options->backlog > 0 ? options->backlog : BACKLOG_DEFAULT) != 0)
        return -errno;
    return 0;
}

static int listen_at(coro_listening *listening, const struct addrinfo *found, uint16_t port,
                     const coro_server_options *options)
{
    int error, fd = coro_sys.socket(found->ai_family, found->ai_socktype | SOCK_NONBLOCK |
                                                          SOCK_CLOEXEC, found->ai_protocol);
    if (fd < 0)
        return -errno;
    error = bind_and_listen(fd, found, port, options);
    if (error != 0) {
        coro_sys.close(fd);
        return error;
    }
    listening->fds[listening->count++] = fd;
    return 0;
}

static void close_all(coro_listening *listening)
{
    while (listening->count > 0)
        coro_sys.close(listening->fds[--listening->count]);
}

/* Does this machine not know the address at all? */
static bool is_foreign(int error)
{
    return error == -EAFNOSUPPORT || error == -EADDRNOTAVAIL;
}

static int listen_everywhere(coro_listening *listening, const struct addrinfo *found,
                             const coro_server_options *options)
{
    int error = 0, foreign = 0;
    *listening = (coro_listening){.count = 0};
    for (; found != NULL && error == 0; found = found->ai_next) {
        if (listening->count == sizeof listening->fds / sizeof listening->fds[0])
            break; /* who has nine addresses for one name has enough with eight */
        error = listen_at(listening, found, listening->port, options);
        if (is_foreign(error))
            foreign = error, error = 0;
        else if (error == 0 && listening->count == 1)
            listening->port = port_of(listening->fds[0]);
    }
    if (error == 0 && listening->count == 0)
        error = foreign;
    if (error != 0)
        close_all(listening);
    return error;
}

static bool is_any_port(const struct addrinfo *found)
{
    const address *at = (const address *)(const void *)found->ai_addr;
    return found->ai_family == AF_INET ? at->v4.sin_port == 0
                                       : found->ai_family == AF_INET6 && at->v6.sin6_port == 0;
}

int coro_listen(coro_listening *listening, const struct addrinfo *found,
                const coro_server_options *options)
{
    int error = CORO_EADDRINUSE;
    for (int i = 0; i < TRIES_MAX && error == CORO_EADDRINUSE; i++) {
        error = listen_everywhere(listening, found, options);
        if (!is_any_port(found))
            break;
    }
    return error;
}
