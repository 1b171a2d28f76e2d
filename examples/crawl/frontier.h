/* SPDX-License-Identifier: MIT */
/*
 * frontier.h: what is still to be visited, and at which pace.
 *
 *     frontier_add(url) ──► seen before? ──► queue ──► worker ──► host_enter ──► visits it
 *                                                                    │
 *                                             host full: the page waits in the host's own line,
 *                                             and the worker takes another from the queue;
 *                                             host_leave hands the line's first to who leaves
 *
 * So a slow or crowded host keeps no worker from the others. The queue has room for every page
 * there may ever be, so adding never waits, and coro_queue_join knows when all is done: a page in
 * a host's line has not been reported done yet. Part of crawl.
 */
#ifndef EXAMPLES_CRAWL_FRONTIER_H
#define EXAMPLES_CRAWL_FRONTIER_H

#include "robots.h"
#include "set.h"
#include "url.h"

#include <coro/coro.h>

struct host;

/* A page to visit. Its URL is kept for ever: it is what the set of seen ones points to. */
struct page {
    struct page *next;          /* in the host's line, then in the list of all */
    struct page *older;
    struct host *host;
    unsigned redirects;         /* how many led here */
    bool is_seed;               /* asked for by the user, or where that one was redirected to */
    size_t origin_size, path_size;
    char text[];
};

struct host {
    struct host *older;
    struct page *first, **last; /* the line */
    unsigned active;            /* workers that are at it */
    bool robots_known;          /* until then one worker at a time */
    robots *rules;              /* NULL: everything is allowed */
    coro_time next_visit;       /* not before, if the site asks for a pace */
    size_t size;
    char origin[];
};

typedef struct frontier {
    coro_queue queue;           /* of struct page * */
    struct page **buffer;
    set pages, hosts;
    struct page *newest_page;
    struct host *newest_host;
    size_t pages_max;
    unsigned per_host;
} frontier;

enum frontier_result { FRONTIER_ADDED, FRONTIER_SEEN, FRONTIER_FULL, FRONTIER_NO_MEMORY };

/* 0 or CORO_ENOMEM. */
int frontier_init(frontier *f, size_t pages_max, unsigned per_host);
void frontier_free(frontier *f);

enum frontier_result frontier_add(frontier *f, const url *u, unsigned redirects,
                                  bool is_seed);

/* Is the origin one that some page was added for? */
bool frontier_knows_origin(const frontier *f, const url *u);

/* The page's URL, which lives as long as the frontier. */
url page_url(const struct page *page);

/* May a worker visit the page now? If not, the page is in its host's line. */
bool host_enter(const frontier *f, struct page *page);

/* The worker has done with its page of the host: the next one of the line for it, or NULL. */
struct page *host_leave(const frontier *f, struct host *host);

/* The rules are known: those who waited for them may come, as many as fit. Takes the rules. */
void host_open(frontier *f, struct host *host, robots *rules);

#endif
