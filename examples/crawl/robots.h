/* SPDX-License-Identifier: MIT */
/*
 * robots.h: what does a site's robots.txt allow us? (RFC 9309)
 *
 *     robots *rules = robots_parse("crawl", text, size);
 *     if (robots_allow(rules, "/private/x")) ...
 *     robots_free(rules);
 *
 * Part of crawl.
 */
#ifndef EXAMPLES_CRAWL_ROBOTS_H
#define EXAMPLES_CRAWL_ROBOTS_H

#include <stdbool.h>
#include <stddef.h>

/* RFC 9309, 2.5 asks for at least 500 KiB; what is longer is read up to here. */
enum { ROBOTS_SIZE_MAX = 512 * 1024 };

typedef struct robots robots;

/*
 * Keeps the rules of the groups for `agent`, or those for "*" if there are none. Never fails on
 * any text: lines that mean nothing are skipped. Returns owned; NULL without memory.
 */
robots *robots_parse(const char *agent, const char *text, size_t size);

/* Rules that forbid everything: where robots.txt could not be read (RFC 9309, 2.3.1.4). */
robots *robots_forbid_all(void);

/* May the target (path with query, in normal form) be asked for? NULL rules allow everything. */
bool robots_allow(const robots *rules, const char *target);

/* Seconds to wait between two requests; 0 if not said. An old extension that many sites use. */
double robots_delay(const robots *rules);

void robots_free(robots *rules);

#endif
