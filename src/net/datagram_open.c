/* SPDX-License-Identifier: MIT */
/*
 * datagram_open.c - from names to a datagram socket: bound, connected, or both.
 *
 *     local names ─► addresses ┐
 *                              ├─► each pair of one family ─► socket, bind, connect ─► the first
 *     remote names ─► addresses ┘                                                      that works
 *
 * A path at which a Unix socket has died is known by its refusal, and taken over; a
 * living one is not. Our own path is removed at the end by its inode, so that
 * nobody's successor loses his.
 */
#define _GNU_SOURCE
#include "datagram.h"

#include <coro/names.h>

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <string.h>

/* --- Unix paths --------------------------------------------------------------------------- */

/* Is the socket at this path nobody's any more? */
static bool is_dead(const coro_address *at)
{
    struct stat status;
    bool dead;
    int fd;
    if (!coro_is_socket(coro_address_path(at), &status))
        return false;
    fd = coro_sys.socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return false;
    dead = coro_sys.connect(fd, coro_address_any(at), at->size) != 0 && errno == ECONNREFUSED;
    coro_sys.close(fd);
    return dead;
}

static int bind_at(int fd, const coro_address *at)
{
    const char *path = coro_address_path(at);
    if (coro_sys.bind(fd, coro_address_any(at), at->size) == 0)
        return 0;
    if (errno != EADDRINUSE || *path == '\0')
        return -errno;
    if (!is_dead(at))
        return CORO_EADDRINUSE;
    if (coro_sys.unlink(path) != 0 || coro_sys.bind(fd, coro_address_any(at), at->size) != 0)
        return -errno;
    return 0;
}

/* --- one attempt -------------------------------------------------------------------------- */

static int set_options(int fd, const coro_datagram_options *options)
{
    static const int on = 1;
    if (options->reuse_address &&
        coro_sys.setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0)
        return -errno;
    if (options->reuse_port &&
        coro_sys.setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) != 0)
        return -errno;
    if (options->broadcast &&
        coro_sys.setsockopt(fd, SOL_SOCKET, SO_BROADCAST, &on, sizeof on) != 0)
        return -errno;
    if (options->merge) /* a system that cannot gives them one by one */
        (void)coro_sys.setsockopt(fd, IPPROTO_UDP, UDP_GRO, &on, sizeof on);
    return 0;
}

static int set_up(int fd, const coro_address *local, const coro_address *remote,
                  const coro_datagram_options *options)
{
    int error = set_options(fd, options);
    if (error == 0 && local->size > 0)
        error = bind_at(fd, local);
    if (error == 0 && remote->size > 0 && !options->broadcast &&
        coro_sys.connect(fd, coro_address_any(remote), remote->size) != 0)
        error = -errno;
    return error;
}

/* A size of 0: no address is wanted. */
static int attempt(coro_datagram **place, const coro_address *local, const coro_address *remote,
                   const coro_datagram_options *options)
{
    int family = local->size > 0 ? coro_address_family(local) : coro_address_family(remote);
    int fd = coro_sys.socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int error = fd < 0 ? -errno : set_up(fd, local, remote, options);
    if (error == 0)
        error = coro_datagram_new(place, fd);
    if (error != 0) {
        if (fd >= 0)
            coro_sys.close(fd);
        return error;
    }
    (*place)->merges = options->merge;
    if (local->size > 0)
        (void)coro_socket_file_note(&(*place)->file, local);
    if (options->broadcast)
        (*place)->remote = *remote;
    return 0;
}

/* --- all pairs ---------------------------------------------------------------------------- */

/* Where one end may be: found addresses, or one Unix address, or nothing is wanted. */
typedef struct side {
    struct addrinfo *found;
    coro_address only; /* without `found`; size 0: none */
} side;

/* The next address of a side; false: that was the last one. */
static bool next_of(const side *from, const struct addrinfo **at, bool first, coro_address *address)
{
    if (from->found == NULL) {
        *address = from->only;
        return first;
    }
    for (*at = first ? from->found : (*at)->ai_next; *at != NULL; *at = (*at)->ai_next)
        if (coro_address_set(address, (*at)->ai_addr, (*at)->ai_addrlen) == 0)
            return true;
    return false;
}

static int attempt_all(coro_datagram **place, const side *local, const side *remote,
                       const coro_datagram_options *options)
{
    const struct addrinfo *here = NULL, *there = NULL;
    coro_address a, b;
    int error = CORO_EINVAL; /* no pair of one family */
    for (bool more = next_of(local, &here, true, &a); more;
         more = next_of(local, &here, false, &a)) {
        for (bool other = next_of(remote, &there, true, &b); other;
             other = next_of(remote, &there, false, &b)) {
            if (a.size > 0 && b.size > 0 && coro_address_family(&a) != coro_address_family(&b))
                continue;
            error = attempt(place, &a, &b, options);
            if (error == 0)
                return 0;
        }
    }
    return error;
}

/* 0: `only` says where; CORO_PENDING_: it is a name. */
static int side_begin(side *self, const char *host, const char *service, bool is_remote)
{
    if (host == NULL && service == NULL)
        return 0;
    if (host != NULL && strncmp(host, "unix:", 5) == 0)
        return coro_address_parse(&self->only, host, 0);
    return is_remote && service == NULL ? CORO_EINVAL : CORO_PENDING_;
}

static struct addrinfo hints_of(const coro_datagram_options *options, bool is_remote)
{
    return (struct addrinfo){.ai_family = options->family, .ai_socktype = SOCK_DGRAM,
                             .ai_flags = is_remote ? 0 : AI_PASSIVE};
}

static const char *host_of(const char *host)
{
    return host != NULL && host[0] == '\0' ? NULL : host;
}

static void drop_datagram(coro_datagram *datagram)
{
    coro_datagram_close(&datagram);
}

ASYNC(open_datagram, RETURNS(coro_datagram *, drop_datagram),
      ARGS(coro_datagram_options, options),
      VARS(side local, remote; struct addrinfo hints; coro_datagram *datagram; int error;))
{
    ASYNC_BEGIN;
    if (self->options.local_host == NULL && self->options.local_service == NULL &&
        self->options.remote_host == NULL && self->options.remote_service == NULL)
        ASYNC_THROW(CORO_EINVAL);
    self->error = side_begin(&self->local, self->options.local_host, self->options.local_service,
                             false);
    if (self->error == CORO_PENDING_) {
        self->hints = hints_of(&self->options, false);
        AWAIT(self->local.found,
              coro_getaddrinfo(host_of(self->options.local_host),
                               self->options.local_service != NULL ? self->options.local_service
                                                                   : "0",
                               &self->hints));
        self->error = 0;
    }
    if (self->error == 0)
        self->error = side_begin(&self->remote, self->options.remote_host,
                                 self->options.remote_service, true);
    if (self->error == CORO_PENDING_) {
        self->hints = hints_of(&self->options, true);
        AWAIT(self->remote.found, coro_getaddrinfo(host_of(self->options.remote_host),
                                                   self->options.remote_service, &self->hints));
        self->error = 0;
    }
    if (self->error == 0)
        self->error = attempt_all(&self->datagram, &self->local, &self->remote, &self->options);
    if (self->error != 0)
        ASYNC_THROW(self->error);
    ASYNC_RETURN(self->datagram);
  ASYNC_FINALLY:
    coro_freeaddrinfo(self->local.found);
    coro_freeaddrinfo(self->remote.found);
    ASYNC_END;
}

coro_datagram_opening *coro_datagram_open(const coro_datagram_options *options)
{
    return (coro_datagram_opening *)(void *)open_datagram(*options);
}

/* --- a socket of somebody else's ---------------------------------------------------------- */

int coro_datagram_from_fd(coro_datagram **place, int fd)
{
    int type, flags = coro_sys.fcntl(fd, F_GETFL);
    socklen_t size = sizeof type;
    if (flags < 0 || coro_sys.getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) != 0)
        return -errno;
    if (type != SOCK_DGRAM)
        return CORO_EINVAL;
    if (coro_sys.fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 ||
        coro_sys.fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
        return -errno;
    return coro_datagram_new(place, fd);
}
