/* SPDX-License-Identifier: MIT */
/*
 * visit.h: one page, whatever it takes: the site's rules, its pace, its answer, another try.
 * Part of crawl.
 */
#ifndef EXAMPLES_CRAWL_VISIT_H
#define EXAMPLES_CRAWL_VISIT_H

#include "client.h"
#include "document.h"

/*
 * Visits the page and counts how it went; a page that fails is reported, and is no error here.
 * Fails when the crawl is cancelled, and without memory.
 */
ASYNC_DECLARE(visit, ARGS(struct crawl *, crawl, struct client *, client, struct page *, page),
              VARS(coro_duration pause;));

#endif
