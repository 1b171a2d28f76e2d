/* SPDX-License-Identifier: MIT */
/*
 * names.c - coro_getaddrinfo and coro_getnameinfo: what needs no asking, and the rest.
 *
 *     "127.0.0.1", "7000" ──► at once
 *     what hosts.c knows  ──► at once
 *     else                ──► resolve.c: shared, kept, asked in a thread
 *
 * A result is one block of memory, a copy for each who asks.
 */
#define _GNU_SOURCE
#include "resolve.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

coro_names_table coro_names = {getaddrinfo, freeaddrinfo, getnameinfo, "/etc/hosts"};

static int error_of(int code)
{
    switch (code) {
    case 0:
        return 0;
    case EAI_MEMORY:
        return CORO_ENOMEM;
    case EAI_AGAIN:
        return CORO_ENAMEAGAIN;
    case EAI_SYSTEM:
        return errno != 0 ? -errno : CORO_EIO;
    default: /* no such name, service, or family of addresses */
        return CORO_ENAME;
    }
}

/* --- results ------------------------------------------------------------------------------ */

struct addrinfo *coro_addrinfo_join(struct addrinfo *const *lists, size_t count,
                                    const char *canonical, int *error)
{
    typedef struct item {
        struct addrinfo info;
        struct sockaddr_storage address;
    } item;
    size_t left = 0, name_size = canonical != NULL ? strlen(canonical) + 1 : 0;
    item *items, *next;
    for (size_t i = 0; i < count; i++)
        for (const struct addrinfo *each = lists[i]; each != NULL; each = each->ai_next, left++)
            if (each->ai_addrlen > sizeof items->address) {
                *error = CORO_EINVAL;
                return NULL;
            }
    next = items = left > 0 ? calloc(1, left * sizeof *items + name_size) : NULL;
    *error = items != NULL ? 0 : left > 0 ? CORO_ENOMEM : CORO_ENAME;
    if (items == NULL)
        return NULL;
    for (size_t i = 0; i < count; i++)
        for (const struct addrinfo *each = lists[i]; each != NULL; each = each->ai_next, next++) {
            next->info = *each;
            memcpy(&next->address, each->ai_addr, each->ai_addrlen);
            next->info.ai_addr = (struct sockaddr *)&next->address;
            next->info.ai_canonname = NULL;
            next->info.ai_next = --left > 0 ? &next[1].info : NULL;
        }
    if (canonical != NULL)
        items->info.ai_canonname = memcpy(next, canonical, name_size);
    return &items->info;
}

void coro_freeaddrinfo(struct addrinfo *found)
{
    free(found);
}

coro_nameinfo *coro_nameinfo_new(const char *host, const char *service)
{
    size_t host_size = strlen(host) + 1, service_size = strlen(service) + 1;
    coro_nameinfo *names = malloc(sizeof *names + host_size + service_size);
    if (names == NULL)
        return NULL;
    names->host = memcpy(names + 1, host, host_size);
    names->service = memcpy(names->host + host_size, service, service_size);
    return names;
}

void coro_freenameinfo(coro_nameinfo *names)
{
    free(names);
}

/* --- asking the system, in any thread ----------------------------------------------------- */

/* The addresses of one host, or of several literals that stand for one. */
static int ask(const char *const *hosts, size_t count, const char *service,
               const struct addrinfo *hints, const char *canonical, struct addrinfo **found)
{
    struct addrinfo *lists[CORO_HOSTS_MAX] = {NULL};
    size_t done = 0;
    int error = 0;
    while (error == 0 && done < count) {
        error = error_of(coro_names.getaddrinfo(hosts[done], service, hints, &lists[done]));
        done += error == 0;
    }
    if (error == 0)
        *found = coro_addrinfo_join(
            lists, done, canonical == NULL && lists[0] != NULL ? lists[0]->ai_canonname : canonical,
            &error);
    for (size_t i = 0; i < done; i++)
        if (lists[i] != NULL)
            coro_names.freeaddrinfo(lists[i]);
    return error;
}

int coro_ask_addresses(const coro_question *question, struct addrinfo **found)
{
    const coro_hosts_answer *known = &question->known;
    const char *literals[CORO_HOSTS_MAX];
    struct addrinfo numeric = question->hints;
    if (known->count == 0)
        return ask(&question->host, 1, question->service, &question->hints, NULL, found);
    numeric.ai_flags = (numeric.ai_flags & ~AI_CANONNAME) | AI_NUMERICHOST;
    for (size_t i = 0; i < known->count; i++)
        literals[i] = known->address[i];
    return ask(literals, known->count, question->service, &numeric,
               question->hints.ai_flags & AI_CANONNAME ? known->canonical : NULL, found);
}

int coro_ask_name(const coro_question *question, coro_nameinfo **name)
{
    char host[NI_MAXHOST] = "", service[NI_MAXSERV] = "";
    bool is_known = question->known.count > 0;
    int flags = question->hints.ai_flags | (is_known ? NI_NUMERICHOST : 0);
    int error =
        error_of(coro_names.getnameinfo(coro_address_any(&question->address),
                                        question->address.size, host, sizeof host, service,
                                        sizeof service, flags));
    if (error != 0)
        return error;
    *name = coro_nameinfo_new(is_known ? question->known.canonical : host, service);
    return *name != NULL ? 0 : CORO_ENOMEM;
}

/* --- getaddrinfo -------------------------------------------------------------------------- */

static bool is_number(const char *service)
{
    return service == NULL || strspn(service, "0123456789") == strlen(service);
}

/* A port, or what may be the name of one. The system's function would read "-1", " 80" and "65616"
 * as numbers of ports, too. */
static bool is_service(const char *service)
{
    if (is_number(service))
        return service == NULL || strtoul(service, NULL, 10) <= UINT16_MAX;
    return isalnum((unsigned char)*service) != 0;
}

/* A number of an address, if not one of the kind that is asked for. */
static bool is_literal(const coro_question *question)
{
    coro_address address;
    return question->host == NULL || question->hints.ai_flags & AI_NUMERICHOST ||
           coro_address_parse(&address, question->host, 0) == 0;
}

/* What needs no looking up. CORO_EPENDING: this does. */
static int find_at_once(coro_hosts *hosts, coro_question *question, struct addrinfo **found)
{
    struct addrinfo numeric = question->hints;
    const char *host = question->host;
    bool by_number = is_number(question->service);
    int error = CORO_ENAME;
    if (!is_service(question->service) ||
        (host != NULL && (*host == '\0' || strlen(host) > CORO_HOST_MAX)))
        return CORO_ENAME;
    numeric.ai_flags |= AI_NUMERICHOST | AI_NUMERICSERV;
    if (by_number)
        error = ask(&host, 1, question->service, &numeric, NULL, found);
    if (error != CORO_ENAME)
        return error;
    if (is_literal(question))
        return by_number ? CORO_ENAME : CORO_EPENDING;
    if (!coro_hosts_find(hosts, host, question->hints.ai_family, &question->known) || !by_number)
        return CORO_EPENDING;
    return coro_ask_addresses(question, found);
}

ASYNC(getaddrinfo_call, RETURNS(struct addrinfo *, coro_freeaddrinfo),
      ARGS(const char *, host, const char *, service, const struct addrinfo *, hints),
      VARS(coro_lookup *lookup; struct addrinfo *found; int error;))
{
    coro_resolver *resolver;
    coro_question question;
    ASYNC_BEGIN;
    resolver = coro_resolver_of(coro_loop_current());
    if (resolver == NULL)
        ASYNC_THROW(CORO_ENOMEM);
    memset(&question, 0, sizeof question);
    question.host = self->host;
    question.service = self->service;
    if (self->hints != NULL)
        question.hints = *self->hints;
    self->error = find_at_once(coro_resolver_hosts(resolver), &question, &self->found);
    if (self->error == CORO_EPENDING)
        self->lookup = coro_lookup_hold(resolver, &question, &self->error);
    if (self->lookup != NULL) {
        AWAIT(coro_lookup_wait(self->lookup));
        self->error = self->lookup->error;
        if (self->error == 0)
            self->found = coro_addrinfo_join(&self->lookup->found, 1,
                                             self->lookup->found->ai_canonname, &self->error);
    }
    if (self->error != 0)
        ASYNC_THROW(self->error);
    ASYNC_RETURN(self->found);
  ASYNC_FINALLY:
    coro_lookup_let_go(self->lookup);
    ASYNC_END;
}

coro_addrinfo_finding *coro_getaddrinfo(const char *host, const char *service,
                                        const struct addrinfo *hints)
{
    return (coro_addrinfo_finding *)(void *)getaddrinfo_call(host, service, hints);
}

/* --- getnameinfo -------------------------------------------------------------------------- */

/* The same for names of addresses. */
static int name_at_once(coro_hosts *hosts, coro_question *question, coro_nameinfo **name)
{
    int flags = question->hints.ai_flags;
    if (!(flags & (NI_NUMERICHOST | NI_NOFQDN)) &&
        coro_hosts_name(hosts, &question->address, question->known.canonical)) {
        question->known.count = 1;
        flags |= NI_NUMERICHOST;
    }
    return flags & NI_NUMERICHOST && flags & NI_NUMERICSERV ? coro_ask_name(question, name)
                                                            : CORO_EPENDING;
}

ASYNC(getnameinfo_call, RETURNS(coro_nameinfo *, coro_freenameinfo),
      ARGS(const struct sockaddr *, address, size_t, size, int, flags),
      VARS(coro_lookup *lookup; coro_nameinfo *name; int error;))
{
    coro_resolver *resolver;
    coro_question question;
    ASYNC_BEGIN;
    resolver = coro_resolver_of(coro_loop_current());
    if (resolver == NULL)
        ASYNC_THROW(CORO_ENOMEM);
    memset(&question, 0, sizeof question);
    question.hints.ai_flags = self->flags;
    if (self->size == 0 || coro_address_set(&question.address, self->address, self->size) != 0)
        ASYNC_THROW(CORO_EINVAL);
    self->error = name_at_once(coro_resolver_hosts(resolver), &question, &self->name);
    if (self->error == CORO_EPENDING)
        self->lookup = coro_lookup_hold(resolver, &question, &self->error);
    if (self->lookup != NULL) {
        AWAIT(coro_lookup_wait(self->lookup));
        self->error = self->lookup->error;
        if (self->error == 0) {
            self->name = coro_nameinfo_new(self->lookup->name->host, self->lookup->name->service);
            self->error = self->name != NULL ? 0 : CORO_ENOMEM;
        }
    }
    if (self->error != 0)
        ASYNC_THROW(self->error);
    ASYNC_RETURN(self->name);
  ASYNC_FINALLY:
    coro_lookup_let_go(self->lookup);
    ASYNC_END;
}

coro_nameinfo_finding *coro_getnameinfo(const struct sockaddr *address, size_t size, int flags)
{
    return (coro_nameinfo_finding *)(void *)getnameinfo_call(address, size, flags);
}
