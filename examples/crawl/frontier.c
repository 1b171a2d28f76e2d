/* SPDX-License-Identifier: MIT */
/*
 * frontier.c: pages, hosts, and the lines in front of them.
 *
 * Invariants: a page is in exactly one place: the queue, a host's line, or a worker's hands. A
 * host's active count is the number of workers between host_enter and the host_leave that gave
 * them no page. A line is not empty only while some worker is at the host, who will take of it.
 */
#include "frontier.h"

#include <stdlib.h>
#include <string.h>

int frontier_init(frontier *f, size_t pages_max, unsigned per_host)
{
    memset(f, 0, sizeof *f);
    f->buffer = calloc(pages_max, sizeof *f->buffer);
    if (f->buffer == NULL)
        return CORO_ENOMEM;
    coro_queue_init(&f->queue, f->buffer, sizeof *f->buffer, pages_max);
    set_init(&f->pages);
    set_init(&f->hosts);
    f->pages_max = pages_max;
    f->per_host = per_host;
    return 0;
}

void frontier_free(frontier *f)
{
    for (struct page *page = f->newest_page, *older; page != NULL; page = older) {
        older = page->older;
        free(page);
    }
    for (struct host *host = f->newest_host, *older; host != NULL; host = older) {
        older = host->older;
        robots_free(host->rules);
        free(host);
    }
    set_free(&f->pages);
    set_free(&f->hosts);
    free(f->buffer);
    f->buffer = NULL;
}

bool frontier_knows_origin(const frontier *f, const url *u)
{
    return set_find(&f->hosts, u->text, u->origin_size) != NULL;
}

static struct host *find_or_add_host(frontier *f, const url *u)
{
    struct host *host = set_find(&f->hosts, u->text, u->origin_size);
    if (host != NULL)
        return host;
    host = calloc(1, sizeof *host + u->origin_size + 1);
    if (host == NULL)
        return NULL;
    host->size = u->origin_size;
    host->last = &host->first;
    memcpy(host->origin, u->text, u->origin_size);
    if (!set_add(&f->hosts, host->origin, host->size, host)) {
        free(host);
        return NULL;
    }
    host->older = f->newest_host;
    f->newest_host = host;
    return host;
}

enum frontier_result frontier_add(frontier *f, const url *u, unsigned redirects,
                                  bool is_seed)
{
    size_t size = strlen(u->text);
    if (set_find(&f->pages, u->text, size) != NULL)
        return FRONTIER_SEEN;
    if (f->pages.count >= f->pages_max)
        return FRONTIER_FULL;
    struct host *host = find_or_add_host(f, u);
    struct page *page = host != NULL ? malloc(sizeof *page + size + 1) : NULL;
    if (page == NULL)
        return FRONTIER_NO_MEMORY;
    *page = (struct page){.host = host, .redirects = redirects, .is_seed = is_seed,
                          .origin_size = u->origin_size, .path_size = u->path_size};
    memcpy(page->text, u->text, size + 1);
    if (!set_add(&f->pages, page->text, size, page)) {
        free(page);
        return FRONTIER_NO_MEMORY;
    }
    page->older = f->newest_page;
    f->newest_page = page;
    /* There is room for all pages: this fails only once the queue was shut, with all at an end. */
    (void)coro_queue_put_nowait(&f->queue, &page);
    return FRONTIER_ADDED;
}

url page_url(const struct page *page)
{
    return (url){page->text, page->origin_size, page->path_size};
}

static unsigned room_of(const frontier *f, const struct host *host)
{
    return host->robots_known ? f->per_host : 1;
}

bool host_enter(const frontier *f, struct page *page)
{
    struct host *host = page->host;
    if (host->active < room_of(f, host)) {
        host->active++;
        return true;
    }
    page->next = NULL;
    *host->last = page;
    host->last = &page->next;
    return false;
}

static struct page *take_first(struct host *host)
{
    struct page *page = host->first;
    if (page != NULL) {
        host->first = page->next;
        if (host->first == NULL)
            host->last = &host->first;
    }
    return page;
}

struct page *host_leave(const frontier *f, struct host *host)
{
    struct page *page = host->active <= room_of(f, host) ? take_first(host) : NULL;
    if (page == NULL)
        host->active--;
    return page;
}

void host_open(frontier *f, struct host *host, robots *rules)
{
    host->rules = rules;
    host->robots_known = true;
    /* Back to the queue, where all workers look. It counts as put anew, so the old one is done. */
    for (unsigned room = f->per_host - host->active; room > 0 && host->first != NULL; room--) {
        struct page *page = take_first(host);
        (void)coro_queue_put_nowait(&f->queue, &page);
        (void)coro_queue_task_done(&f->queue);
    }
}
