/* SPDX-License-Identifier: MIT */
/*
 * coro/address.h - a network address, and its text.
 *
 *     coro_address at;
 *     coro_address_parse(&at, "[fe80::1%eth0]:80", 0);         // 0, or CORO_EINVAL
 *     bind(fd, coro_address_any(&at), at.size);
 *     coro_address_format(&at, text, sizeof text);             // "[fe80::1%eth0]:80" again
 *
 *     "127.0.0.1"   "127.0.0.1:80"                      IPv4
 *     "::1"   "[::1]"   "[::1]:80"   "[fe80::1%2]:80"   IPv6; a zone is a number or a name
 *     "unix:/run/x.sock"   "unix:@name"   "unix:"       a path, an abstract name, none
 *
 * Nothing is looked up but the number of a zone: names are coro/names.h.
 *
 * Memory: the caller's, none is allocated. Threads: any.
 */
#ifndef CORO_ADDRESS_H
#define CORO_ADDRESS_H

#include <coro/error.h>

#if CORO_HOSTED

CORO_BEGIN_DECLS

struct sockaddr; /* without <sys/socket.h>: a coroutine may be called connect or listen */

/* What a struct sockaddr_storage holds. Zeroed: none. */
typedef struct CORO_MAY_ALIAS coro_address {
    union {
        uint64_t align_;
        unsigned char bytes[128];
    };
    unsigned size; /* as bind, connect and their like want it: a socklen_t */
} coro_address;

/* For system calls; const is lost as by strchr. */
static inline struct sockaddr *coro_address_any(const coro_address *address)
{
    return (struct sockaddr *)(uintptr_t)address->bytes;
}

#define CORO_ADDRESS_TEXT_MAX 128 /* room for each text, with its end */

/*
 * From text; without a port in it: `port`. 0 or CORO_EINVAL: this is no address, its port is
 * above 65535, this machine has no such zone, the path is too long. Then *address is untouched.
 */
CORO_API int coro_address_parse(coro_address *address, const char *text, uint16_t port);

/* To text, with the port always, so that it can be parsed. 0, CORO_ERANGE (text is too small, and
 * holds a part), CORO_EINVAL (neither IP nor Unix: text is ""). */
CORO_API int coro_address_format(const coro_address *address, char *text, size_t size);

/* A copy of what a system call gave. 0, or CORO_EINVAL: larger than any address. */
CORO_API int coro_address_set(coro_address *address, const struct sockaddr *from, size_t size);

/* AF_INET, AF_INET6, AF_UNIX; AF_UNSPEC of none. */
CORO_API int coro_address_family(const coro_address *address);

/* The port of an IP address, else 0; and change it, which does nothing to others. */
CORO_API uint16_t coro_address_port(const coro_address *address);
CORO_API void coro_address_set_port(coro_address *address, uint16_t port);

CORO_END_DECLS

#endif

#endif
