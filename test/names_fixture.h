/* SPDX-License-Identifier: MIT */
/*
 * names_fixture.h: a machine that knows what a test wants it to know.
 *
 *     pretend_names()              no hosts file; each name that is asked for is counted
 *     pretend_hosts("text")        the hosts file has this text
 *     answers                      what the system says, and how long it thinks
 */
#ifndef CORO_TEST_NAMES_FIXTURE_H
#define CORO_TEST_NAMES_FIXTURE_H

#include "net_fixture.h"

#include "net/internal.h"

#include <coro/names.h>

#include <stdatomic.h>

static struct {
    atomic_int asked;   /* names, not addresses */
    atomic_int blocked; /* threads that wait in here while it is not 0 */
    atomic_int inside;
    int code;           /* EAI_… instead of an answer */
    unsigned addresses; /* 127.0.1.1, 127.0.1.2, ... */
} answers = {.addresses = 1};

static char hosts_path[] = "/tmp/coro-hosts-XXXXXX";

/* Numbers are the system's own business; each name has the same addresses. */
static int pretend_getaddrinfo(const char *host, const char *service, const struct addrinfo *hints,
                               struct addrinfo **found)
{
    struct addrinfo numeric, **end = found;
    char text[32];
    int code = 0;
    if (host == NULL || hints->ai_flags & AI_NUMERICHOST)
        return getaddrinfo(host, service, hints, found);
    atomic_fetch_add(&answers.asked, 1);
    atomic_fetch_add(&answers.inside, 1);
    while (atomic_load(&answers.blocked) != 0)
        usleep(500);
    atomic_fetch_sub(&answers.inside, 1);
    errno = EACCES;
    if (answers.code != 0)
        return answers.code;
    numeric = *hints;
    numeric.ai_flags |= AI_NUMERICHOST;
    for (unsigned i = 1; code == 0 && i <= answers.addresses; i++) {
        snprintf(text, sizeof text, "127.0.1.%u", i);
        code = getaddrinfo(text, service, &numeric, end);
        while (*end != NULL)
            end = &(*end)->ai_next;
    }
    return code;
}

static int pretend_getnameinfo(const struct sockaddr *address, socklen_t size, char *host,
                               socklen_t host_size, char *service, socklen_t service_size,
                               int flags)
{
    if (flags & NI_NUMERICHOST)
        return getnameinfo(address, size, host, host_size, service, service_size, flags);
    atomic_fetch_add(&answers.asked, 1);
    if (answers.code != 0)
        return answers.code;
    snprintf(host, host_size, "somebody.test");
    return getnameinfo(address, size, NULL, 0, service, service_size, flags);
}

static inline void pretend_names(void)
{
    coro_names.getaddrinfo = pretend_getaddrinfo;
    coro_names.getnameinfo = pretend_getnameinfo;
    coro_names.hosts = "/nonexistent/hosts";
}

static inline void pretend_hosts(const char *text)
{
    static bool made;
    FILE *file;
    if (!made)
        close(mkstemp(hosts_path));
    made = true;
    file = fopen(hosts_path, "w");
    HOLDS(file != NULL);
    fputs(text, file);
    fclose(file);
    coro_names.hosts = hosts_path;
}

/* "127.0.0.1:80 [::1]:80 " */
static inline void say_found(const struct addrinfo *found)
{
    coro_address address;
    char text[CORO_ADDRESS_TEXT_MAX];
    for (; found != NULL; found = found->ai_next) {
        EQ(coro_address_set(&address, found->ai_addr, found->ai_addrlen), 0);
        EQ(coro_address_format(&address, text, sizeof text), 0);
        say("%s ", text);
    }
}

static const struct addrinfo tcp = {.ai_socktype = SOCK_STREAM};
static const struct addrinfo tcp4 = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM};
static const struct addrinfo tcp6 = {.ai_family = AF_INET6, .ai_socktype = SOCK_STREAM};

/* Say what was found, or the error. */
CORO_ASYNC(finds, ARGS(const char *, host, const char *, service, const struct addrinfo *, hints),
           VARS(struct addrinfo *found; int error;))
{
    CORO_ASYNC_BEGIN;
    CORO_AWAIT_CATCH(self->error, self->found,
                     coro_getaddrinfo(self->host, self->service, self->hints));
    if (self->error != 0)
        say("%s ", coro_error_name(self->error));
    else if (self->hints != NULL && self->hints->ai_flags & AI_CANONNAME)
        say("%s = ", self->found->ai_canonname);
    say_found(self->found);
  CORO_ASYNC_FINALLY:
    coro_freeaddrinfo(self->found);
    CORO_ASYNC_END;
}

#endif
