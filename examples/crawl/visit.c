/* SPDX-License-Identifier: MIT */
/*
 * visit.c: from a page in the queue to a file, some links, or a complaint.
 *
 *     load_robots (first page of a host) ──► allowed? ──► wait_turn ──► fetch ──► done
 *                                                                       ▲   │ timeout, reset,
 *                                                                       │   ▼ 429, 5xx
 *                                                                    backoff: 1/4 s, 1/2 s, 1 s ...
 *
 * What may go better next time is tried again; what will not (404, a name that does not exist) is
 * told at once. Each wait has its limit, so a server that says nothing costs one timeout a try.
 */
#define _POSIX_C_SOURCE 200809L
#include "visit.h"

#include "report.h"

#include <stdlib.h>
#include <string.h>

enum {
    BACKOFF_MS = 250,           /* doubled with each try */
    BACKOFF_MAX_S = 60,         /* also of a server's own Retry-After */
    REST_MAX = 256 * 1024,      /* of an unwanted body: what is longer costs the connection */
    ROBOTS_REDIRECTS_MAX = 5,   /* RFC 9309, 2.3.1.2 */
    ROBOTS_PACE_MAX_S = 30,
};

static coro_duration timeout_of(const struct crawl *crawl)
{
    return CORO_SECONDS(crawl->options.timeout_s);
}

static bool may_pass(int error, int status)
{
    if (error != 0)
        return error != CORO_ENAME && error != CLIENT_ENOTHTTP && error != CORO_EINVAL
            && error != CORO_EVERIFY && error != CORO_EPROTO;
    return status == 408 || status == 429 || status == 500 || status == 502 || status == 503
        || status == 504;
}

static coro_duration backoff(const struct client *client, unsigned attempt)
{
    coro_duration pause = CORO_MS(BACKOFF_MS) << (attempt < 8 ? attempt : 8);
    coro_duration asked = CORO_SECONDS(client->response.retry_after_s);
    if (asked > pause)
        pause = asked;
    return pause < CORO_SECONDS(BACKOFF_MAX_S) ? pause : CORO_SECONDS(BACKOFF_MAX_S);
}

/* Reads what is left of a body that nobody wants, so that the connection can be used again. */
ASYNC(skip_rest, ARGS(struct client *, client, coro_duration, timeout),
      VARS(bool more; size_t total;))
{
    ASYNC_BEGIN;
    do {
        AWAIT(self->more, client_read(self->client, self->timeout));
        self->total += self->client->piece.size;
    } while (self->more && self->total < REST_MAX);
    if (self->more)
        client_abort(self->client);
    ASYNC_END;
}

/* --- robots.txt --------------------------------------------------------------------------- */

struct robots_text {
    char *text;                 /* owned */
    size_t size;
    char buffer[2][URL_SIZE_MAX];
    url where;
};

/* Where to ask next: /robots.txt of the host, or what the last answer points to. */
static bool robots_where(struct robots_text *r, const struct host *host, const char *location)
{
    url root, next;
    char *buffer = r->where.text == r->buffer[0] ? r->buffer[1] : r->buffer[0];
    if (location != NULL) {
        if (url_resolve(&r->where, location, strlen(location), buffer, &next) != URL_OK)
            return false;
    } else {
        root = (url){host->origin, host->size, 0};
        if (url_resolve(&root, "/robots.txt", 11, buffer, &next) != URL_OK)
            return false;
    }
    r->where = next;
    return true;
}

static int robots_append(struct robots_text *r, http_text piece)
{
    size_t take = r->size + piece.size <= ROBOTS_SIZE_MAX ? piece.size : ROBOTS_SIZE_MAX - r->size;
    char *text = take > 0 ? realloc(r->text, r->size + take) : NULL;
    if (take == 0)
        return 0;
    if (text == NULL)
        return CORO_ENOMEM;
    memcpy(text + r->size, piece.data, take);
    r->text = text;
    r->size += take;
    return 0;
}

/* The status of the last answer; its text is in *text when that is 200. */
ASYNC(fetch_robots, RETURNS(int),
      ARGS(struct crawl *, crawl, struct client *, client, struct host *, host,
           struct robots_text *, text),
      VARS(unsigned redirects; bool more; int error; int status;))
{
    ASYNC_BEGIN;
    for (; self->redirects <= ROBOTS_REDIRECTS_MAX; self->redirects++) {
        if (!robots_where(self->text, self->host, self->redirects > 0
                          ? self->client->response.location : NULL))
            ASYNC_RETURN(404);
        AWAIT(client_get(self->client, self->text->where, timeout_of(self->crawl)));
        self->status = self->client->response.status;
        do {
            AWAIT(self->more, client_read(self->client, timeout_of(self->crawl)));
            self->error = robots_append(self->text, self->client->piece);
            if (self->error != 0)
                ASYNC_THROW(self->error);
        } while (self->more && self->text->size < ROBOTS_SIZE_MAX);
        if (self->status / 100 != 3 || self->client->response.location == NULL)
            ASYNC_RETURN(self->status);
        self->text->size = 0;
    }
    ASYNC_RETURN(404);                          /* too many redirects: as if there were none */
    ASYNC_END;
}

/* RFC 9309, 2.3.1: no such file allows all, a server in trouble forbids all. False: no memory. */
static bool open_host(struct crawl *crawl, const struct client *client, struct host *host,
                      const struct robots_text *text, int error, int status)
{
    robots *rules = NULL;
    if (error != 0 || status >= 500) {
        crawl->stats.failed++;
        report_failure(crawl, text->where.text, error != 0 ? client_why(client, error) : NULL,
                       status);
        rules = robots_forbid_all();
    } else if (status == 200) {
        rules = robots_parse("coro-crawl", text->text, text->size);
    }
    if (rules == NULL && (error != 0 || status >= 500 || status == 200))
        return false;
    host_open(&crawl->frontier, host, rules);
    return true;
}

ASYNC(load_robots, ARGS(struct crawl *, crawl, struct client *, client, struct host *, host),
      VARS(struct robots_text *text; unsigned attempt; int error; int status;))
{
    ASYNC_BEGIN;
    self->text = calloc(1, sizeof *self->text);
    if (self->text == NULL)
        ASYNC_THROW(CORO_ENOMEM);
    for (;;) {
        self->text->size = 0;
        AWAIT_CATCH(self->error, self->status,
                    fetch_robots(self->crawl, self->client, self->host, self->text));
        if (self->error == CORO_ECANCELED || self->error == CORO_ENOMEM)
            ASYNC_THROW(self->error);
        if (self->attempt >= self->crawl->options.retries || !may_pass(self->error, self->status))
            break;
        self->crawl->stats.retries++;
        AWAIT(coro_sleep(backoff(self->client, self->attempt++)));
    }
    if (!open_host(self->crawl, self->client, self->host, self->text, self->error, self->status))
        ASYNC_THROW(CORO_ENOMEM);
  ASYNC_FINALLY:
    if (self->text != NULL)
        free(self->text->text);
    free(self->text);
    ASYNC_END;
}

/* How long until our turn at a site that asks for a pace; takes the turn. */
static coro_duration take_turn(struct host *host)
{
    double pace = robots_delay(host->rules);
    coro_time now = coro_loop_time(coro_loop_current());
    coro_time turn = host->next_visit > now ? host->next_visit : now;
    if (pace <= 0)
        return 0;
    host->next_visit = turn + coro_seconds(pace < ROBOTS_PACE_MAX_S ? pace : ROBOTS_PACE_MAX_S);
    return turn - now;
}

/* --- the page itself ---------------------------------------------------------------------- */

ASYNC(take_document, ARGS(struct crawl *, crawl, struct client *, client, struct page *, page),
      VARS(struct document *document; bool more; int error;))
{
    ASYNC_BEGIN;
    self->document = calloc(1, sizeof *self->document);
    if (self->document == NULL)
        ASYNC_THROW(CORO_ENOMEM);
    self->error = document_begin(self->document, self->crawl, self->page,
                                 self->client->response.is_html);
    while (self->error == 0) {
        AWAIT(self->more, client_read(self->client, timeout_of(self->crawl)));
        if (!self->more)
            break;
        self->error = document_feed(self->document, self->client->piece.data,
                                    self->client->piece.size);
    }
    if (self->error == 0)
        self->error = document_finish(self->document);
    if (self->error != 0) {
        client_abort(self->client);
        self->crawl->stats.failed++;
        report_save_failure(self->crawl, self->page->text, self->error);
    }
  ASYNC_FINALLY:
    if (self->document != NULL)
        document_end(self->document);
    free(self->document);
    ASYNC_END;
}

/* One try: the status of the answer, all of which has been dealt with. */
ASYNC(fetch, RETURNS(int), ARGS(struct crawl *, crawl, struct client *, client,
                                struct page *, page),
      VARS(int status;))
{
    ASYNC_BEGIN;
    AWAIT(client_get(self->client, page_url(self->page), timeout_of(self->crawl)));
    self->status = self->client->response.status;
    if (self->status == 200) {
        AWAIT(take_document(self->crawl, self->client, self->page));
        ASYNC_RETURN(self->status);
    }
    if (self->status / 100 == 3 && self->client->response.location != NULL
        && self->page->redirects < REDIRECTS_MAX) {
        self->crawl->stats.redirects++;
        follow_redirect(self->crawl, self->page, self->client->response.location);
    }
    AWAIT(skip_rest(self->client, timeout_of(self->crawl)));
    ASYNC_RETURN(self->status);
    ASYNC_END;
}

static void count_end(struct crawl *crawl, const struct client *client, const struct page *page,
                      int error, int status)
{
    bool redirected = status / 100 == 3 && page->redirects < REDIRECTS_MAX;
    if (error == 0 && status <= STATUS_MAX)
        crawl->stats.status[status]++;
    if (error == 0 && (status / 100 == 2 || redirected))
        return;
    crawl->stats.failed++;
    report_failure(crawl, page->text, error != 0 ? client_why(client, error) : NULL, status);
}

ASYNC(visit_allowed, ARGS(struct crawl *, crawl, struct client *, client, struct page *, page),
      VARS(unsigned attempt; int error; int status;))
{
    ASYNC_BEGIN;
    for (;;) {
        AWAIT_CATCH(self->error, self->status, fetch(self->crawl, self->client, self->page));
        if (self->error == CORO_ECANCELED || self->error == CORO_ENOMEM)
            ASYNC_THROW(self->error);
        if (self->error != 0)
            client_abort(self->client);
        if (self->attempt >= self->crawl->options.retries || !may_pass(self->error, self->status))
            break;
        self->crawl->stats.retries++;
        AWAIT(coro_sleep(backoff(self->client, self->attempt++)));
    }
    count_end(self->crawl, self->client, self->page, self->error, self->status);
    ASYNC_END;
}

ASYNC_DEFINE(visit)
{
    ASYNC_BEGIN;
    if (!self->page->host->robots_known && self->crawl->options.ignore_robots)
        host_open(&self->crawl->frontier, self->page->host, NULL);
    if (!self->page->host->robots_known)
        AWAIT(load_robots(self->crawl, self->client, self->page->host));
    if (!robots_allow(self->page->host->rules, self->page->text + self->page->origin_size)) {
        self->crawl->stats.forbidden++;
        ASYNC_RETURN();
    }
    self->pause = take_turn(self->page->host);
    if (self->pause > 0)
        AWAIT(coro_sleep(self->pause));
    AWAIT(visit_allowed(self->crawl, self->client, self->page));
    ASYNC_END;
}
