/* SPDX-License-Identifier: MIT */
/*
 * resolve.h - a question about names on its way, as the files that answer it see it.
 */
#ifndef CORO_NET_RESOLVE_H
#define CORO_NET_RESOLVE_H

#include "internal.h"

#include <coro/names.h>

#define CORO_HOST_MAX 255 /* of a name: RFC 1035 */
#define CORO_NAMES_TTL_S 10
#define CORO_NAMES_TTL_MAX_S 300
#define CORO_NAMES_KEPT_MAX 64

/* --- hosts.c: what this machine knows by itself ------------------------------------------- */

#define CORO_HOSTS_MAX 8

/* The addresses of a name, as text. */
typedef struct coro_hosts_answer {
    size_t count;
    char address[CORO_HOSTS_MAX][64];
    char canonical[CORO_HOST_MAX + 1];
} coro_hosts_answer;

/* A file, as it was when it was last read. */
typedef struct coro_hosts {
    char *text; /* ends with a 0 */
    size_t size;
    struct timespec changed;
    ino_t inode;
} coro_hosts;

/* The addresses of a family (AF_UNSPEC: all). False: the machine does not know. */
bool coro_hosts_find(coro_hosts *hosts, const char *name, int family, coro_hosts_answer *answer);
/* The name of an address, into CORO_HOST_MAX + 1 bytes. */
bool coro_hosts_name(coro_hosts *hosts, const coro_address *address, char *name);
void coro_hosts_close(coro_hosts *hosts);

typedef struct coro_resolver coro_resolver;
typedef struct coro_lookup coro_lookup;

/* --- ares.c: questions that no thread has to be asked ------------------------------------- */

typedef struct coro_ares coro_ares;
typedef struct coro_ares_query coro_ares_query;

#ifdef CORO_CARES
coro_ares *coro_ares_open(coro_loop *loop); /* NULL: no memory, or nothing to go by */
void coro_ares_close(coro_ares *ares);      /* NULL is fine */
/* Begin: coro_lookup_done comes, perhaps at once. 0 or CORO_ENOMEM. */
int coro_ares_ask(coro_ares *ares, coro_lookup *lookup);
/* Nobody waits for it any more. */
void coro_ares_forget(coro_ares_query *query);
#endif

/* --- resolve.c: questions on their way ---------------------------------------------------- */

/* What is asked. */
typedef struct coro_question {
    const char *host, *service; /* either this: one of both may be NULL */
    struct addrinfo hints;
    coro_address address; /* or, if its size is not 0, the names of this; flags are in the hints */
    coro_hosts_answer known; /* of the hosts file, if there are any; of a name's: canonical */
} coro_question;

struct coro_lookup {
    coro_job job;      /* first: a thread's part, and the memory */
    coro_lookup *next; /* in the resolver's list */
    coro_resolver *resolver;
    coro_waiters waiters;
    unsigned holders; /* awaits that have not ended */
    bool flying, listed;
    coro_ares_query *query; /* while c-ares is asked; NULL: a thread is */
    coro_question question;
    /* the answer, when it is not flying any more */
    int error;
    struct addrinfo *found;
    coro_nameinfo *name;
    unsigned ttl_s; /* 0: not to be kept */
    coro_time expires;
    char text[]; /* of host and service */
};

/* The loop's, made if need be. NULL: no memory. */
coro_resolver *coro_resolver_of(coro_loop *loop);
coro_hosts *coro_resolver_hosts(coro_resolver *resolver);

/* Share a lookup, or begin one; the caller is one of its holders. NULL with *error. */
coro_lookup *coro_lookup_hold(coro_resolver *resolver, const coro_question *question, int *error);
/* Until the answer is there. */
CORO_NODISCARD coro_void *coro_lookup_wait(coro_lookup *lookup);
/* NULL is fine. */
void coro_lookup_let_go(coro_lookup *lookup);
/* The answer is there. */
void coro_lookup_done(coro_lookup *lookup);

/* --- names.c: asking the system, in any thread -------------------------------------------- */

int coro_ask_addresses(const coro_question *question, struct addrinfo **found);
int coro_ask_name(const coro_question *question, coro_nameinfo **name);

/* A copy of several lists as one, in one block of memory. NULL with *error. */
struct addrinfo *coro_addrinfo_join(struct addrinfo *const *lists, size_t count,
                                    const char *canonical, int *error);
coro_nameinfo *coro_nameinfo_new(const char *host, const char *service);

#endif
