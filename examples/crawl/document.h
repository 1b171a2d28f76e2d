/* SPDX-License-Identifier: MIT */
/*
 * document.h: the body of one answer, on its way: to a file, and through the link finder.
 *
 *     piece ──► document_feed ──┬──► save.h       the file
 *                               └──► html.h ──► link ──► url.h ──► frontier.h
 *
 * A page whose title says that it is the listing of a directory ("Index of /x", as nginx, Apache
 * and httpd write, or Python's "Directory listing for /x") becomes that directory, not a file.
 * Part of crawl. Functions return 0, -errno, or a CORO_E..., which are the same numbers.
 */
#ifndef EXAMPLES_CRAWL_DOCUMENT_H
#define EXAMPLES_CRAWL_DOCUMENT_H

#include "crawl.h"
#include "html.h"

struct document {
    struct crawl *crawl;
    const struct page *page;
    struct saved_file file;
    html *reader;               /* owned; NULL: not a page of links */
    char *base;                 /* owned; from <base href>, NULL: the page's own URL */
    url base_url;
    unsigned long long bytes;
    bool is_listing, no_follow;
};

/* A document of zeroes with file.file -1 may be ended. */
int document_begin(struct document *d, struct crawl *crawl, const struct page *page, bool is_html);
int document_feed(struct document *d, const char *data, size_t size);

/* The body has come to its end: keep the file, count it. */
int document_finish(struct document *d);

/* Frees all, and drops a file that was not finished. Twice is fine. */
void document_end(struct document *d);

/* A link was found: add it to the frontier, if it is one of those that we follow. */
void follow_link(struct crawl *crawl, const url *base, const char *reference, size_t size);

/* The page said that it is elsewhere. A page that the user asked for may be on another host. */
void follow_redirect(struct crawl *crawl, const struct page *page, const char *location);

#endif
