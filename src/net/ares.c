/* SPDX-License-Identifier: MIT */
/*
 * ares.c - questions asked by c-ares, in the loop: no threads, all at once, with the answers' age.
 *
 *     lookup ─► query ─► ares_getaddrinfo ─► its sockets ─► a reader, a writer each (readiness.h)
 *                  ▲                            └─ its retries ─► one timer of the loop
 *                  └─── answer ◄── ares_process_fd ◄───────────────┘
 *
 * c-ares cannot take one question back, so a lookup that nobody waits for any more is
 * cut loose from its query, and the answer comes for nobody.
 *
 * It reads one piece of a TCP answer a call: its readers have to be called as long as there
 * is something, which coro_loop_add_reader promises.
 */
#define _GNU_SOURCE
#include "resolve.h"

#include <coro/readiness.h>

#ifdef CORO_CARES /* else nothing is left of this file */

#include <ares.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

/* One of its sockets, while it is used. */
typedef struct ares_socket {
    coro_ares *owner;
    struct ares_socket *next;
    int fd;
} ares_socket;

struct coro_ares {
    coro_loop *loop;
    ares_channel channel;
    coro_handle timer;
    ares_socket *sockets;
};

struct coro_ares_query {
    coro_lookup *lookup; /* NULL: nobody waits any more */
};

/* --- its sockets, its time ---------------------------------------------------------------- */

static void timed_out(void *context);

static void set_timer(coro_ares *self)
{
    struct timeval left, *found = ares_timeout(self->channel, NULL, &left);
    coro_handle_cancel(&self->timer);
    if (found != NULL)
        (void)coro_loop_call_later(self->loop, &self->timer,
                                   CORO_SECONDS(found->tv_sec) + CORO_US(found->tv_usec),
                                   timed_out, self);
}

static void process(coro_ares *self, int readable, int writable)
{
    ares_process_fd(self->channel, readable, writable);
    set_timer(self);
}

static void timed_out(void *context)
{
    process(context, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
}

static void readable(void *context)
{
    ares_socket *socket = context;
    process(socket->owner, socket->fd, ARES_SOCKET_BAD);
}

static void writable(void *context)
{
    ares_socket *socket = context;
    process(socket->owner, ARES_SOCKET_BAD, socket->fd);
}

static ares_socket **place_of(coro_ares *self, int fd)
{
    ares_socket **place = &self->sockets;
    while (*place != NULL && (*place)->fd != fd)
        place = &(*place)->next;
    return place;
}

/* c-ares says what it waits for; for nothing, when it is about to close the socket. Of a socket
 * that cannot be watched it hears by its own time limits. */
static void watch(void *context, ares_socket_t fd, int reads, int writes)
{
    coro_ares *self = context;
    ares_socket **place = place_of(self, fd), *socket = *place;
    if (socket == NULL && (reads || writes)) {
        socket = calloc(1, sizeof *socket);
        if (socket == NULL)
            return;
        *socket = (ares_socket){self, NULL, fd};
        *place = socket;
    }
    if (reads)
        (void)coro_loop_add_reader(self->loop, fd, readable, socket);
    else
        (void)coro_loop_remove_reader(self->loop, fd);
    if (writes)
        (void)coro_loop_add_writer(self->loop, fd, writable, socket);
    else
        (void)coro_loop_remove_writer(self->loop, fd);
    if (socket != NULL && !reads && !writes) {
        *place = socket->next;
        free(socket);
    }
}

/* --- answers ------------------------------------------------------------------------------ */

static int error_of(int status)
{
    switch (status) {
    case ARES_SUCCESS:
        return 0;
    case ARES_ENOMEM:
        return CORO_ENOMEM;
    case ARES_ETIMEOUT:
    case ARES_ECONNREFUSED:
    case ARES_ESERVFAIL:
        return CORO_ENAMEAGAIN;
    default:
        return CORO_ENAME;
    }
}

/* c-ares' list as the system's, in a block of ours; and for how long it is good. */
static struct addrinfo *take(const struct ares_addrinfo *from, unsigned *ttl_s, int *error)
{
    const struct ares_addrinfo_cname *alias = from->cnames;
    struct addrinfo *list, *result;
    size_t count = 0;
    *ttl_s = CORO_NAMES_TTL_MAX_S;
    for (const struct ares_addrinfo_node *each = from->nodes; each != NULL; each = each->ai_next)
        count++;
    list = calloc(count + 1, sizeof *list);
    *error = CORO_ENOMEM;
    if (list == NULL)
        return NULL;
    count = 0;
    for (const struct ares_addrinfo_node *each = from->nodes; each != NULL; each = each->ai_next) {
        list[count] = (struct addrinfo){.ai_family = each->ai_family,
                                        .ai_socktype = each->ai_socktype,
                                        .ai_protocol = each->ai_protocol,
                                        .ai_addr = each->ai_addr,
                                        .ai_addrlen = each->ai_addrlen};
        list[count].ai_next = each->ai_next != NULL ? &list[count + 1] : NULL;
        if (each->ai_ttl >= 0 && (unsigned)each->ai_ttl < *ttl_s)
            *ttl_s = (unsigned)each->ai_ttl;
        count++;
    }
    while (alias != NULL && alias->next != NULL)
        alias = alias->next;
    result = coro_addrinfo_join(&(struct addrinfo *){count > 0 ? list : NULL}, 1,
                                alias != NULL ? alias->name : from->name, error);
    free(list);
    return result;
}

/* The lookup that a query was for, if somebody waits for it still. */
static coro_lookup *answered(void *context)
{
    coro_ares_query *query = context;
    coro_lookup *lookup = query->lookup;
    free(query);
    if (lookup != NULL)
        lookup->query = NULL;
    return lookup;
}

static void addresses_found(void *context, int status, int timeouts, struct ares_addrinfo *found)
{
    coro_lookup *lookup = answered(context);
    (void)timeouts;
    if (lookup != NULL) {
        lookup->error = error_of(status);
        if (lookup->error == 0)
            lookup->found = take(found, &lookup->ttl_s, &lookup->error);
        coro_lookup_done(lookup);
    }
    if (found != NULL)
        ares_freeaddrinfo(found);
}

static void name_found(void *context, int status, int timeouts, char *host, char *service)
{
    coro_lookup *lookup = answered(context);
    (void)timeouts;
    if (lookup == NULL)
        return;
    lookup->error = error_of(status);
    if (lookup->error == 0) {
        lookup->name = coro_nameinfo_new(host != NULL ? host : "", service != NULL ? service : "");
        lookup->error = lookup->name != NULL ? 0 : CORO_ENOMEM;
    }
    lookup->ttl_s = CORO_NAMES_TTL_S;
    coro_lookup_done(lookup);
}

/* --- questions ---------------------------------------------------------------------------- */

/* The flags of one page by the numbers of the other. */
static int translated(int flags, const int (*table)[2], size_t count)
{
    int result = 0;
    for (size_t i = 0; i < count; i++)
        result |= flags & table[i][0] ? table[i][1] : 0;
    return result;
}

static void ask_addresses(coro_ares *self, const coro_question *question, coro_ares_query *query)
{
    static const int table[][2] = {
        {AI_CANONNAME, ARES_AI_CANONNAME}, {AI_PASSIVE, ARES_AI_PASSIVE},
        {AI_NUMERICSERV, ARES_AI_NUMERICSERV}, {AI_V4MAPPED, ARES_AI_V4MAPPED},
        {AI_ALL, ARES_AI_ALL}, {AI_ADDRCONFIG, ARES_AI_ADDRCONFIG},
    };
    struct ares_addrinfo_hints hints = {.ai_family = question->hints.ai_family,
                                        .ai_socktype = question->hints.ai_socktype,
                                        .ai_protocol = question->hints.ai_protocol};
    hints.ai_flags =
        translated(question->hints.ai_flags, table, sizeof table / sizeof table[0]);
    ares_getaddrinfo(self->channel, question->host, question->service, &hints, addresses_found,
                     query);
}

static void ask_name(coro_ares *self, const coro_question *question, coro_ares_query *query)
{
    static const int table[][2] = {
        {NI_NOFQDN, ARES_NI_NOFQDN}, {NI_NUMERICHOST, ARES_NI_NUMERICHOST},
        {NI_NAMEREQD, ARES_NI_NAMEREQD}, {NI_NUMERICSERV, ARES_NI_NUMERICSERV},
        {NI_DGRAM, ARES_NI_DGRAM},
    };
    int flags = translated(question->hints.ai_flags, table, sizeof table / sizeof table[0]);
    ares_getnameinfo(self->channel, coro_address_any(&question->address), question->address.size,
                     flags | ARES_NI_LOOKUPHOST | ARES_NI_LOOKUPSERVICE, name_found, query);
}

int coro_ares_ask(coro_ares *self, coro_lookup *lookup)
{
    coro_ares_query *query = calloc(1, sizeof *query);
    if (query == NULL)
        return CORO_ENOMEM;
    query->lookup = lookup;
    lookup->query = query;
    if (lookup->question.address.size > 0)
        ask_name(self, &lookup->question, query);
    else
        ask_addresses(self, &lookup->question, query);
    set_timer(self);
    return 0;
}

void coro_ares_forget(coro_ares_query *query)
{
    query->lookup = NULL;
}

/* --- life --------------------------------------------------------------------------------- */

static void start_library(void)
{
    (void)ares_library_init(ARES_LIB_INIT_ALL); /* which does something on other systems only */
}

coro_ares *coro_ares_open(coro_loop *loop)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    struct ares_options options;
    coro_ares *self = calloc(1, sizeof *self);
    if (self == NULL)
        return NULL;
    (void)pthread_once(&once, start_library);
    memset(&options, 0, sizeof options);
    options.sock_state_cb = watch;
    options.sock_state_cb_data = self;
    self->loop = loop;
    if (ares_init_options(&self->channel, &options, ARES_OPT_SOCK_STATE_CB) != ARES_SUCCESS) {
        free(self);
        return NULL;
    }
    return self;
}

void coro_ares_close(coro_ares *self)
{
    if (self == NULL)
        return;
    ares_destroy(self->channel);
    coro_handle_cancel(&self->timer);
    free(self);
}

#endif
