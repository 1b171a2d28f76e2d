/* SPDX-License-Identifier: MIT */
/*
 * crawl.h: what all workers share: what was asked for, what is to be done, what was done.
 *
 * One thread, so no locks: between two awaits a worker has all of it to itself. Part of crawl.
 */
#ifndef EXAMPLES_CRAWL_CRAWL_H
#define EXAMPLES_CRAWL_CRAWL_H

#include "frontier.h"
#include "save.h"

#include <coro/coro.h>

enum { STATUS_MAX = 599, REDIRECTS_MAX = 10 };

struct crawl_options {
    unsigned workers;
    unsigned per_host;
    unsigned retries;
    unsigned timeout_s;
    unsigned pages_max;
    const char *save_directory; /* NULL: nothing is saved */
    const char *ca_file;        /* who is believed; NULL: whom the system believes */
    bool mirror;                /* follow only what directory listings list */
    bool all_hosts;             /* follow links to other hosts too */
    bool ignore_robots;
    bool quiet;                 /* no progress */
};

struct crawl_stats {
    coro_time began, ended;
    unsigned long long files;   /* answered 200, and no directory listing */
    unsigned long long listings;
    unsigned long long bytes;   /* of the files */
    unsigned long long redirects, retries;
    unsigned long long failed;  /* pages that were wanted and did not come */
    unsigned long long forbidden; /* by robots.txt */
    unsigned long long other_hosts, other_schemes, over_limit;
    unsigned in_flight;
    unsigned status[STATUS_MAX + 1];
};

struct crawl {
    struct crawl_options options;
    coro_tls_context *tls;      /* NULL: no https */
    frontier frontier;
    struct save save;
    struct crawl_stats stats;
    coro_group group;
    int interrupted;            /* the signal, or 0 */
};

#endif
