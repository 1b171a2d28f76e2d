/* SPDX-License-Identifier: MIT */
/*
 * coro/names.h - names of hosts and services, and the addresses behind them.
 *
 *     #include <netdb.h>                                     // struct addrinfo, AI_…, NI_…
 *
 *     AWAIT(self->found, coro_getaddrinfo("example.org", "80", &hints));
 *     for (struct addrinfo *each = self->found; each != NULL; each = each->ai_next)
 *         connect(fd, each->ai_addr, each->ai_addrlen);
 *     coro_freeaddrinfo(self->found);
 *
 * A question goes down these steps until one knows the answer:
 *
 *     addresses and numbers     at once
 *     /etc/hosts                at once; read anew when it has changed; not above 256 KiB
 *     localhost, *.localhost    at once: ::1 and 127.0.0.1, unless the file says otherwise
 *     the cache                 what was found less than 10 s ago, for up to 64 questions
 *     a question in flight      who asks the same shares the answer
 *     getaddrinfo(3)            in one of two threads that do nothing else
 *
 * So a slow name server holds up names, and nothing but names. In a build with
 * -Dcares=enabled c-ares takes the place of the threads: all questions are
 * asked at once, and an answer is kept as long as it says, at most 5 minutes.
 * Only what was found is kept. A loop has a cache of its own.
 *
 * A cancelled await is over at once. A thread that is still asking for nobody else then ends by
 * itself.
 *
 * Memory: a block of the heap for each question, and for each result, which is
 * the caller's. Threads: the loop's.
 */
#ifndef CORO_NAMES_H
#define CORO_NAMES_H

#include <coro/address.h>
#include <coro/loop.h>

#if CORO_HOSTED && CORO_SCOPES

CORO_BEGIN_DECLS

struct addrinfo;

/* What coro_getaddrinfo gives. */
typedef struct CORO_MAY_ALIAS coro_addrinfo_finding {
    coro_header coro;
    struct addrinfo *result;
} coro_addrinfo_finding;

/*
 * getaddrinfo(3), awaited: the addresses of a host, a name or an address, with the
 * port of a service, a name or a number; one of both may be NULL. hints: family,
 * type, protocol and flags, or NULL for any. The list is the caller's:
 * coro_freeaddrinfo. Borrows its arguments until the await has ended.
 *
 * CORO_ENAME: there is no such host, service (a port above 65535), or address of that kind.
 * CORO_ENAMEAGAIN: the name server does not answer. CORO_ENOMEM. CORO_EFULL: 1,024
 * questions wait for a thread. CORO_EAGAIN: the system gives no thread.
 */
CORO_API CORO_NODISCARD coro_addrinfo_finding *
coro_getaddrinfo(const char *host, const char *service, const struct addrinfo *hints);

/* Free a list of coro_getaddrinfo's, and of nobody else's. NULL is fine. Any thread. */
CORO_API void coro_freeaddrinfo(struct addrinfo *found);

/* The names of an address; one block of memory. */
typedef struct coro_nameinfo {
    char *host, *service;
} coro_nameinfo;

/* What coro_getnameinfo gives. */
typedef struct CORO_MAY_ALIAS coro_nameinfo_finding {
    coro_header coro;
    coro_nameinfo *result;
} coro_nameinfo_finding;

/*
 * getnameinfo(3), awaited: the names of an address and its port. Where there are
 * none they are numbers, unless the flags have NI_NAMEREQD: then CORO_ENAME.
 * NI_NUMERICHOST, NI_NUMERICSERV: numbers at once. CORO_EINVAL: larger than any
 * address. The other errors are coro_getaddrinfo's. The result is the caller's:
 * coro_freenameinfo. Borrows the address until the await has ended.
 */
CORO_API CORO_NODISCARD coro_nameinfo_finding *
coro_getnameinfo(const struct sockaddr *address, size_t size, int flags);

/* NULL is fine. Any thread. */
CORO_API void coro_freenameinfo(coro_nameinfo *names);

/* Empty the cache of this loop: the network is another one now. Never suspends. */
CORO_API void coro_names_forget(coro_loop *loop);

CORO_END_DECLS

#endif

#endif
