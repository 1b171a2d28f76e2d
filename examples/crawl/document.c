/* SPDX-License-Identifier: MIT */
/*
 * document.c: what a body is good for.
 *
 * In a mirror (--mirror) only listings are followed, and only downwards: to names directly in the
 * listed directory. So links in the files themselves, sort orders ("?C=M") and the way up are left
 * alone, and the copy is the tree that the server has.
 */
#define _POSIX_C_SOURCE 200809L
#include "document.h"

#include <stdlib.h>
#include <string.h>

static void follow(struct crawl *crawl, const url *base, const char *reference, size_t size,
                   unsigned redirects, bool is_seed)
{
    char buffer[URL_SIZE_MAX];
    url target;
    enum url_result result = url_resolve(base, reference, size, buffer, &target);
    if (result != URL_OK || (url_is_https(&target) && crawl->tls == NULL)) {
        crawl->stats.other_schemes++;
        return;
    }
    /* A host that sends on to its https, or to another of its ports, is still the same one. */
    bool is_at_home = is_seed || (redirects > 0 && url_same_host(base, &target));
    if (!crawl->options.all_hosts && !is_at_home
        && !frontier_knows_origin(&crawl->frontier, &target)) {
        crawl->stats.other_hosts++;
        return;
    }
    switch (frontier_add(&crawl->frontier, &target, redirects, is_seed)) {
    case FRONTIER_ADDED:
    case FRONTIER_SEEN:
        break;
    case FRONTIER_FULL:
    case FRONTIER_NO_MEMORY:
        crawl->stats.over_limit++;
        break;
    }
}

void follow_link(struct crawl *crawl, const url *base, const char *reference, size_t size)
{
    follow(crawl, base, reference, size, 0, false);
}

void follow_redirect(struct crawl *crawl, const struct page *page, const char *location)
{
    url own = page_url(page);
    follow(crawl, &own, location, strlen(location), page->redirects + 1, page->is_seed);
}

/* Is the link a name in the directory itself: "http://h/dir/name" or "http://h/dir/name/"? */
static bool is_entry(const url *directory, const char *reference, size_t size)
{
    char buffer[URL_SIZE_MAX];
    url target;
    size_t prefix = directory->origin_size + directory->path_size;
    if (url_resolve(directory, reference, size, buffer, &target) != URL_OK
        || strncmp(target.text, directory->text, prefix) != 0)
        return false;
    const char *name = target.text + prefix;
    size_t length = strcspn(name, "/");
    return length > 0 && strchr(name, '?') == NULL
        && (name[length] == '\0' || name[length + 1] == '\0');
}

static void set_base(struct document *d, const char *text, size_t size)
{
    url own = page_url(d->page), base;
    char *buffer = d->base == NULL ? malloc(URL_SIZE_MAX) : NULL;
    if (buffer == NULL)                         /* only the first one counts */
        return;
    if (url_resolve(&own, text, size, buffer, &base) != URL_OK) {
        free(buffer);
        return;
    }
    d->base = buffer;
    d->base_url = base;
}

static bool starts_with(const char *text, size_t size, const char *start)
{
    size_t length = strlen(start);
    return size >= length && memcmp(text, start, length) == 0;
}

static void found(void *user, enum html_what what, const char *text, size_t size)
{
    struct document *d = user;
    url own = page_url(d->page);
    switch (what) {
    case HTML_BASE:
        set_base(d, text, size);
        break;
    case HTML_NOFOLLOW:
        d->no_follow = !d->crawl->options.ignore_robots;
        break;
    case HTML_TITLE:
        while (size > 0 && (*text == ' ' || *text == '\n' || *text == '\r' || *text == '\t')) {
            text++;
            size--;
        }
        d->is_listing = own.text[own.origin_size + own.path_size - 1] == '/'
            && (starts_with(text, size, "Index of ")
                || starts_with(text, size, "Directory listing for "));
        break;
    case HTML_LINK:
        if (d->no_follow)
            break;
        if (d->crawl->options.mirror && !(d->is_listing && is_entry(&own, text, size)))
            break;
        follow_link(d->crawl, d->base != NULL ? &d->base_url : &own, text, size);
        break;
    }
}

int document_begin(struct document *d, struct crawl *crawl, const struct page *page, bool is_html)
{
    memset(d, 0, sizeof *d);
    d->crawl = crawl;
    d->page = page;
    d->file.file = -1;
    if (is_html) {
        d->reader = malloc(sizeof *d->reader);
        if (d->reader == NULL)
            return CORO_ENOMEM;
        html_begin(d->reader, found, d);
    }
    return crawl->save.root >= 0 ? save_begin(&crawl->save, &d->file) : 0;
}

int document_feed(struct document *d, const char *data, size_t size)
{
    d->bytes += size;
    if (d->reader != NULL)
        html_feed(d->reader, data, size);
    return d->file.file >= 0 ? save_write(&d->file, data, size) : 0;
}

int document_finish(struct document *d)
{
    char name[URL_SIZE_MAX];
    url own = page_url(d->page);
    int error = 0;
    if (d->file.file >= 0) {
        if (!url_file_name(&own, name))
            error = CORO_EINVAL;
        else if (d->is_listing)
            error = save_directory(&d->crawl->save, name);
        else
            error = save_finish(&d->crawl->save, &d->file, name);
    }
    if (error != 0)
        return error;
    if (d->is_listing) {
        d->crawl->stats.listings++;
    } else {
        d->crawl->stats.files++;
        d->crawl->stats.bytes += d->bytes;
    }
    return 0;
}

void document_end(struct document *d)
{
    if (d->crawl != NULL)
        save_drop(&d->crawl->save, &d->file);
    free(d->reader);
    free(d->base);
    d->reader = NULL;
    d->base = NULL;
}
