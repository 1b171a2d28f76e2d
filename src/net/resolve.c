/* SPDX-License-Identifier: MIT */
/*
 * resolve.c - from a name to addresses, without stopping the loop.
 *
 *     "127.0.0.1", "7000" ──► at once
 *     "localhost", "http" ──► a thread: getaddrinfo(3) reads files and asks servers
 *
 * The threads are a lane of their own, two for a loop, so that slow name servers
 * hold up nothing but names; it is made with the first name. A lookup is a block
 * of the heap, for it outlives a cancelled await, and even the loop, while a
 * thread is still at work on it.
 */
#define _GNU_SOURCE
#include "internal.h"

#include <stdlib.h>
#include <string.h>

#define THREADS_MAX 2
#define QUEUE_MAX 1024

int (*coro_getaddrinfo)(const char *host, const char *service, const struct addrinfo *hints,
                        struct addrinfo **found) = getaddrinfo;
void (*coro_freeaddrinfo)(struct addrinfo *found) = freeaddrinfo;

/* --- one lookup --------------------------------------------------------------------------- */

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

static void look_up(coro_lookup *lookup)
{
    lookup->error = error_of(
        coro_getaddrinfo(lookup->host, lookup->service, &lookup->hints, &lookup->found));
    if (lookup->error != 0)
        lookup->found = NULL;
    else if (lookup->found == NULL)
        lookup->error = CORO_ENAME;
}

static void work(coro_job *job)
{
    look_up((coro_lookup *)job);
}

static void drop(coro_job *job)
{
    coro_lookup *lookup = (coro_lookup *)job;
    if (lookup->found != NULL)
        coro_freeaddrinfo(lookup->found);
    free(lookup->host);
    free(lookup->service);
    free(lookup);
}

void coro_lookup_free(coro_lookup *lookup)
{
    if (lookup != NULL)
        coro_job_release(&lookup->job);
}

static bool copy(char **to, const char *text)
{
    *to = text != NULL ? strdup(text) : NULL;
    return text == NULL || *to != NULL;
}

static coro_lookup *lookup_new(const char *host, const char *service, int flags)
{
    coro_lookup *lookup = calloc(1, sizeof *lookup);
    if (lookup == NULL)
        return NULL;
    coro_job_init(&lookup->job, work, drop);
    lookup->hints.ai_family = AF_UNSPEC;
    lookup->hints.ai_socktype = SOCK_STREAM;
    lookup->hints.ai_flags = flags;
    if (copy(&lookup->host, host) && copy(&lookup->service, service))
        return lookup;
    coro_lookup_free(lookup);
    return NULL;
}

/* Addresses and numbers need no thread. */
static bool is_found_at_once(coro_lookup *lookup)
{
    int flags = lookup->hints.ai_flags;
    if (lookup->service != NULL && strspn(lookup->service, "0123456789") != strlen(lookup->service))
        return false;
    lookup->hints.ai_flags = flags | AI_NUMERICHOST | AI_NUMERICSERV;
    look_up(lookup);
    lookup->hints.ai_flags = flags;
    return lookup->error != CORO_ENAME;
}

/* --- the lane of a loop ------------------------------------------------------------------- */

typedef struct resolver {
    coro_hook closer; /* first: it is how the loop knows us */
    coro_loop *loop;
    coro_lane *lane;
} resolver;

static void resolver_close(coro_hook *closer)
{
    resolver *self = (resolver *)closer; /* the lane has a closer of its own */
    coro_pool_give_(&self->loop->pool, self, sizeof *self);
}

static coro_lane *lane_of(coro_loop *loop)
{
    resolver *self;
    for (coro_hook *each = loop->closers; each != NULL; each = each->next)
        if (each->run == resolver_close)
            return ((resolver *)each)->lane;
    self = coro_pool_take_(&loop->pool, sizeof *self);
    if (self == NULL)
        return NULL;
    *self = (resolver){{NULL, resolver_close, false}, loop, NULL};
    self->lane = coro_lane_new(loop, THREADS_MAX, QUEUE_MAX);
    if (self->lane == NULL) {
        coro_pool_give_(&loop->pool, self, sizeof *self);
        return NULL;
    }
    coro_loop_add_closer(loop, &self->closer);
    return self->lane;
}

ASYNC_DEFINE(coro_resolve)
{
    coro_lane *lane;
    ASYNC_BEGIN;
    self->lookup = lookup_new(self->host, self->service, self->flags);
    if (self->lookup == NULL)
        ASYNC_THROW(CORO_ENOMEM);
    if (!is_found_at_once(self->lookup)) {
        lane = lane_of(coro_loop_current());
        if (lane == NULL)
            ASYNC_THROW(CORO_ENOMEM);
        AWAIT(coro_lane_run(lane, &self->lookup->job));
    }
    if (self->lookup->error != 0)
        ASYNC_THROW(self->lookup->error);
    ASYNC_RETURN(self->lookup);
  ASYNC_FINALLY:
    if (self->coro.error != 0)
        coro_lookup_free(self->lookup);
    ASYNC_END;
}
