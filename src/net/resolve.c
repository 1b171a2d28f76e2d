/* SPDX-License-Identifier: MIT */
/*
 * resolve.c - questions about names that somebody has to be asked.
 *
 *     a question ──► one like it: flying, or answered not long ago ─► share it
 *                └─► a new one ─► a thread: getaddrinfo(3), getnameinfo(3); or ares.c
 *
 *     resolver.lookups ──► [question] ──► [question] ──► ...     the newest first
 *                           flying: 3 wait   answered, good for 8 s more
 *
 * The threads are a lane of their own, two for a loop, so that slow name servers
 * hold up nothing but names; it is made with the first question.
 *
 * Invariants. N1: a flying lookup has holders; the last one that leaves stops it.
 * N2: a lookup is alive while it is listed, has holders, or a thread is at work on
 * it (its job's own count). N3: what is listed is flying, or an answer to keep.
 */
#define _GNU_SOURCE
#include "resolve.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define THREADS_MAX 2
#define QUEUE_MAX 1024

struct coro_resolver {
    coro_hook closer; /* first: it is how the loop knows us */
    coro_loop *loop;
    coro_lane *lane;
    coro_ares *ares; /* NULL: threads are asked */
    coro_hosts hosts;
    coro_lookup *lookups;
    size_t kept; /* of them, those with an answer */
};

static void work(coro_job *job)
{
    coro_lookup *lookup = (coro_lookup *)job;
    lookup->error = lookup->question.address.size > 0
                        ? coro_ask_name(&lookup->question, &lookup->name)
                        : coro_ask_addresses(&lookup->question, &lookup->found);
    lookup->ttl_s = CORO_NAMES_TTL_S;
}

static void drop(coro_job *job)
{
    coro_lookup *lookup = (coro_lookup *)job;
    coro_freeaddrinfo(lookup->found);
    coro_freenameinfo(lookup->name);
    free(lookup);
}

/* --- the resolver of a loop --------------------------------------------------------------- */

static void unlist(coro_lookup *lookup)
{
    coro_lookup **place = &lookup->resolver->lookups;
    while (*place != lookup)
        place = &(*place)->next;
    *place = lookup->next;
    lookup->listed = false;
}

/* It is in nobody's way any more. */
static void forget(coro_lookup *lookup)
{
    unlist(lookup);
    lookup->resolver->kept--;
    if (lookup->holders == 0)
        coro_job_release(&lookup->job);
}

static void forget_all(coro_resolver *self)
{
    coro_lookup *next;
    for (coro_lookup *each = self->lookups; each != NULL; each = next) {
        next = each->next;
        if (!each->flying)
            forget(each);
    }
}

static void resolver_close(coro_hook *closer)
{
    coro_resolver *self = (coro_resolver *)closer; /* the lane has a closer of its own */
    forget_all(self);
    coro_hosts_close(&self->hosts);
#ifdef CORO_CARES
    coro_ares_close(self->ares);
#endif
    free(self);
}

static coro_resolver *resolver_if_any(coro_loop *loop)
{
    for (coro_hook *each = loop->closers; each != NULL; each = each->next)
        if (each->run == resolver_close)
            return (coro_resolver *)each;
    return NULL;
}

coro_resolver *coro_resolver_of(coro_loop *loop)
{
    coro_resolver *self = resolver_if_any(loop);
    if (self != NULL)
        return self;
    self = malloc(sizeof *self); /* not the pool's, whose blocks in use are counted as leftovers */
    if (self == NULL)
        return NULL;
    *self = (coro_resolver){.closer = {NULL, resolver_close, false}, .loop = loop};
    self->lane = coro_lane_new(loop, THREADS_MAX, QUEUE_MAX);
    if (self->lane == NULL) {
        free(self);
        return NULL;
    }
#ifdef CORO_CARES
    if (coro_names.getaddrinfo == getaddrinfo && loop->backend->fds != NULL)
        self->ares = coro_ares_open(loop);
#endif
    coro_loop_add_closer(loop, &self->closer);
    return self;
}

coro_hosts *coro_resolver_hosts(coro_resolver *resolver)
{
    return &resolver->hosts;
}

void coro_names_forget(coro_loop *loop)
{
    coro_resolver *self = resolver_if_any(loop);
    if (self == NULL)
        return;
    forget_all(self);
    coro_hosts_close(&self->hosts);
}

/* --- lookups ------------------------------------------------------------------------------ */

static bool is_same_text(const char *one, const char *other)
{
    return one == NULL || other == NULL ? one == other : strcasecmp(one, other) == 0;
}

static bool is_same(const coro_question *one, const coro_question *other)
{
    const struct addrinfo *a = &one->hints, *b = &other->hints;
    return a->ai_family == b->ai_family && a->ai_socktype == b->ai_socktype &&
           a->ai_protocol == b->ai_protocol && a->ai_flags == b->ai_flags &&
           is_same_text(one->host, other->host) && is_same_text(one->service, other->service) &&
           one->address.size == other->address.size &&
           memcmp(one->address.bytes, other->address.bytes, one->address.size) == 0;
}

/* One like it. Answers that are too old are thrown away on the way. */
static coro_lookup *find(coro_resolver *self, const coro_question *question)
{
    coro_time now = coro_loop_time(self->loop);
    coro_lookup *next;
    for (coro_lookup *each = self->lookups; each != NULL; each = next) {
        next = each->next;
        if (!each->flying && each->expires <= now)
            forget(each);
        else if (is_same(&each->question, question))
            return each;
    }
    return NULL;
}

static coro_lookup *lookup_new(coro_resolver *self, const coro_question *question)
{
    size_t host_size = question->host != NULL ? strlen(question->host) + 1 : 0;
    size_t service_size = question->service != NULL ? strlen(question->service) + 1 : 0;
    coro_lookup *lookup = calloc(1, sizeof *lookup + host_size + service_size);
    if (lookup == NULL)
        return NULL;
    coro_job_init(&lookup->job, work, drop);
    lookup->resolver = self;
    lookup->question = *question;
    if (question->host != NULL)
        lookup->question.host = memcpy(lookup->text, question->host, host_size);
    if (question->service != NULL)
        lookup->question.service =
            memcpy(lookup->text + host_size, question->service, service_size);
    return lookup;
}

/* Room for one more: the oldest goes. */
static void make_room(coro_resolver *self)
{
    coro_lookup *oldest = NULL;
    if (self->kept < CORO_NAMES_KEPT_MAX)
        return;
    for (coro_lookup *each = self->lookups; each != NULL; each = each->next)
        if (!each->flying)
            oldest = each;
    forget(oldest);
}

void coro_lookup_done(coro_lookup *lookup)
{
    coro_resolver *self = lookup->resolver;
    coro_task *task;
    lookup->flying = false;
    if (lookup->error == 0 && lookup->ttl_s > 0) {
        make_room(self);
        lookup->expires = coro_loop_time(self->loop) + CORO_SECONDS(lookup->ttl_s);
        self->kept++;
    } else {
        unlist(lookup);
    }
    while ((task = coro_waiters_pop(&lookup->waiters)) != NULL)
        coro_wait_done(task, 0);
}

static void worked(coro_job *job)
{
    coro_lookup_done((coro_lookup *)job);
}

/* c-ares is asked for names; numbers, and what the hosts file knows, lack a service's name only. */
static int ask(coro_resolver *self, coro_lookup *lookup)
{
#ifdef CORO_CARES
    const coro_question *question = &lookup->question;
    coro_address address;
    if (self->ares != NULL && question->known.count == 0 &&
        (question->address.size > 0 ||
         (question->host != NULL && coro_address_parse(&address, question->host, 0) != 0)))
        return coro_ares_ask(self->ares, lookup);
#endif
    return coro_lane_post(self->lane, &lookup->job, worked);
}

static void stop(coro_lookup *lookup)
{
#ifdef CORO_CARES
    if (lookup->query != NULL) {
        coro_ares_forget(lookup->query);
        return;
    }
#endif
    coro_lane_forget(&lookup->job);
}

coro_lookup *coro_lookup_hold(coro_resolver *self, const coro_question *question, int *error)
{
    coro_lookup *lookup = find(self, question);
    *error = 0;
    if (lookup == NULL) {
        lookup = lookup_new(self, question);
        if (lookup == NULL) {
            *error = CORO_ENOMEM;
            return NULL;
        }
        lookup->flying = lookup->listed = true;
        lookup->next = self->lookups;
        self->lookups = lookup;
        *error = ask(self, lookup);
        if (*error != 0) {
            unlist(lookup);
            coro_job_release(&lookup->job);
            return NULL;
        }
    }
    lookup->holders++;
    return lookup;
}

void coro_lookup_let_go(coro_lookup *lookup)
{
    if (lookup == NULL || --lookup->holders > 0)
        return;
    if (lookup->flying) {
        stop(lookup);
        unlist(lookup);
    }
    if (!lookup->listed)
        coro_job_release(&lookup->job);
}

static int wait_start(coro_task *task, coro_call *call)
{
    coro_lookup *lookup = call->object;
    if (!lookup->flying)
        return 0;
    coro_wait_on(task, lookup);
    coro_waiters_push(&lookup->waiters, task);
    return CORO_PENDING_;
}

static bool wait_cancel(coro_task *task)
{
    coro_lookup *lookup = task->wait.object;
    coro_waiters_remove(&lookup->waiters, task);
    return true;
}

/* The FINALLY of its holder will not run. */
static void wait_abandon(coro_task *task)
{
    wait_cancel(task);
    coro_lookup_let_go(task->wait.object);
}

static const coro_wait_type wait_type = {"name", wait_cancel, wait_abandon, NULL, false};

CORO_LEAF(lookup_wait, &wait_type, wait_start, 0);

coro_void *coro_lookup_wait(coro_lookup *lookup)
{
    return coro_call_of_(&lookup_wait_call_, lookup, NULL);
}
