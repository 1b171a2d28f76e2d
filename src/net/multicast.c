/* SPDX-License-Identifier: MIT */
/*
 * multicast.c - a datagram socket's groups and reach, and its addresses.
 *
 * IPv4 and IPv6 name the same things by other numbers, and IPv4 wants an address
 * where IPv6 wants an interface; the `ip_mreqn` of Linux takes that too.
 */
#define _GNU_SOURCE
#include "datagram.h"

#include <net/if.h>
#include <netinet/in.h>

static int set(const coro_datagram *self, int level, int name, const void *value, socklen_t size)
{
    return coro_sys.setsockopt(self->fd.fd, level, name, value, size) == 0 ? 0 : -errno;
}

/* An option that both have, as one number. */
static int set_number(const coro_datagram *self, int v4, int v6, int value)
{
    if (self->family != AF_INET && self->family != AF_INET6)
        return CORO_EINVAL;
    return self->family == AF_INET ? set(self, IPPROTO_IP, v4, &value, sizeof value)
                                   : set(self, IPPROTO_IPV6, v6, &value, sizeof value);
}

/* 0: the system's choice. Negative: CORO_ENODEV. */
static int index_of(const char *interface)
{
    unsigned index = interface != NULL ? coro_sys.if_nametoindex(interface) : 0;
    return interface != NULL && index == 0 ? CORO_ENODEV : (int)index;
}

static int change_group(const coro_datagram *self, const char *group, const char *interface,
                        bool joins)
{
    coro_address at;
    int index = index_of(interface);
    if (index < 0)
        return index;
    if (coro_address_parse(&at, group, 0) != 0 || coro_address_family(&at) != self->family)
        return CORO_EINVAL;
    if (self->family == AF_INET) {
        struct ip_mreqn request = {.imr_ifindex = index};
        request.imr_multiaddr = ((struct sockaddr_in *)(void *)at.bytes)->sin_addr;
        return set(self, IPPROTO_IP, joins ? IP_ADD_MEMBERSHIP : IP_DROP_MEMBERSHIP, &request,
                   sizeof request);
    }
    if (self->family == AF_INET6) {
        struct ipv6_mreq request = {.ipv6mr_interface = (unsigned)index};
        request.ipv6mr_multiaddr = ((struct sockaddr_in6 *)(void *)at.bytes)->sin6_addr;
        return set(self, IPPROTO_IPV6, joins ? IPV6_ADD_MEMBERSHIP : IPV6_DROP_MEMBERSHIP,
                   &request, sizeof request);
    }
    return CORO_EINVAL;
}

int coro_datagram_join(coro_datagram *datagram, const char *group, const char *interface)
{
    return change_group(datagram, group, interface, true);
}

int coro_datagram_leave(coro_datagram *datagram, const char *group, const char *interface)
{
    return change_group(datagram, group, interface, false);
}

int coro_datagram_set_multicast_ttl(coro_datagram *datagram, int ttl)
{
    if (ttl < 0 || ttl > 255)
        return CORO_EINVAL;
    return set_number(datagram, IP_MULTICAST_TTL, IPV6_MULTICAST_HOPS, ttl);
}

int coro_datagram_set_multicast_loop(coro_datagram *datagram, bool on)
{
    return set_number(datagram, IP_MULTICAST_LOOP, IPV6_MULTICAST_LOOP, on);
}

int coro_datagram_set_multicast_interface(coro_datagram *datagram, const char *interface)
{
    int index = index_of(interface);
    if (index < 0)
        return index;
    if (datagram->family == AF_INET) {
        struct ip_mreqn request = {.imr_ifindex = index};
        return set(datagram, IPPROTO_IP, IP_MULTICAST_IF, &request, sizeof request);
    }
    return set_number(datagram, 0, IPV6_MULTICAST_IF, index);
}

int coro_datagram_set_ttl(coro_datagram *datagram, int ttl)
{
    if (ttl < 1 || ttl > 255)
        return CORO_EINVAL;
    return set_number(datagram, IP_TTL, IPV6_UNICAST_HOPS, ttl);
}

/* --- addresses ---------------------------------------------------------------------------- */

int coro_datagram_fd(const coro_datagram *datagram)
{
    return datagram != NULL ? datagram->fd.fd : -1;
}

int coro_datagram_local(const coro_datagram *datagram, coro_address *address)
{
    address->size = sizeof address->bytes;
    return coro_sys.getsockname(datagram->fd.fd, coro_address_any(address), &address->size) == 0
               ? 0
               : -errno;
}

int coro_datagram_remote(const coro_datagram *datagram, coro_address *address)
{
    if (datagram->remote.size > 0) {
        *address = datagram->remote;
        return 0;
    }
    address->size = sizeof address->bytes;
    return coro_sys.getpeername(datagram->fd.fd, coro_address_any(address), &address->size) == 0
               ? 0
               : -errno;
}
