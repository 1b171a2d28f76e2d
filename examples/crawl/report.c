/* SPDX-License-Identifier: MIT */
/*
 * report.c: numbers for people.
 *
 * On a terminal the progress is one line, written over ten times a second; "\r" goes to its start
 * and "\033[K" clears what was longer. Whoever prints a whole line clears it first. Elsewhere (a
 * log) it is a plain line every second. All of it goes to stderr; the summary goes to stdout.
 */
#define _POSIX_C_SOURCE 200809L
#include "report.h"

#include "client.h"

#include "../common/http.h"

#include <signal.h>
#include <unistd.h>

enum { LIVE_MS = 100, PLAIN_MS = 1000 };

static void clear_line(const struct crawl *crawl)
{
    if (!crawl->options.quiet && isatty(STDERR_FILENO))
        fputs("\r\033[K", stderr);
}

void report_failure(struct crawl *crawl, const char *text, const char *why, int status)
{
    clear_line(crawl);
    if (why != NULL)
        fprintf(stderr, "crawl: %s: %s\n", text, why);
    else if (status / 100 == 3)
        fprintf(stderr, "crawl: %s: more than %d redirects, or one to nowhere\n", text,
                REDIRECTS_MAX);
    else
        fprintf(stderr, "crawl: %s: %d %s\n", text, status, http_reason(status));
}

void report_save_failure(struct crawl *crawl, const char *text, int error)
{
    clear_line(crawl);
    fprintf(stderr, "crawl: %s: cannot be saved: %s\n", text, client_strerror(error));
}

static double seconds_between(coro_time from, coro_time to)
{
    return (double)(to - from) / 1e9;
}

static void print_progress(struct report_progress *self)
{
    const struct crawl_stats *stats = &self->crawl->stats;
    unsigned long long done = stats->files + stats->listings;
    coro_time now = coro_loop_time(coro_loop_current());
    double seconds = seconds_between(self->then, now);
    double rate = seconds > 0 ? (double)(done - self->before) / seconds : 0;
    fprintf(stderr, "%s%llu pages  %.0f/s  %u in flight  %zu queued  %llu errors%s",
            self->live ? "\r" : "", done, rate, stats->in_flight,
            coro_queue_size(&self->crawl->frontier.queue), stats->failed,
            self->live ? "\033[K" : "\n");
    fflush(stderr);
    /* The rate is over the last second or so: on a terminal, a moving window would be jumpy. */
    if (seconds >= 1) {
        self->before = done;
        self->then = now;
    }
}

ASYNC_DEFINE(report_progress)
{
    ASYNC_BEGIN;
    self->live = isatty(STDERR_FILENO) != 0;
    self->then = coro_loop_time(coro_loop_current());
    for (;;) {
        AWAIT(coro_sleep(self->live ? CORO_MS(LIVE_MS) : CORO_MS(PLAIN_MS)));
        print_progress(self);
    }
  ASYNC_FINALLY:
    clear_line(self->crawl);
    ASYNC_END;
}

static void print_count(FILE *out, const char *what, unsigned long long count)
{
    if (count > 0)
        fprintf(out, "  %-34s %10llu\n", what, count);
}

void report_summary(const struct crawl *crawl, const struct leftovers *left, FILE *out)
{
    const struct crawl_stats *stats = &crawl->stats;
    double seconds = seconds_between(stats->began, stats->ended);
    if (crawl->interrupted != 0)
        fprintf(out, "crawl: stopped by %s, every worker ended\n",
                crawl->interrupted == SIGINT ? "^C" : "a signal");
    for (int status = 0; status <= STATUS_MAX; status++) {
        char what[64];
        snprintf(what, sizeof what, "answered %d %s", status, http_reason(status));
        print_count(out, what, stats->status[status]);
    }
    print_count(out, "directory listings", stats->listings);
    print_count(out, "tried again", stats->retries);
    print_count(out, "forbidden by robots.txt", stats->forbidden);
    print_count(out, "links to other hosts", stats->other_hosts);
    print_count(out, "links that are not http", stats->other_schemes);
    print_count(out, "links beyond --max", stats->over_limit);
    print_count(out, "failed", stats->failed);
    fprintf(out, "crawl: %llu files, %llu bytes, %.2f s, %.0f files/s, %u workers, one thread, "
            "%zu bytes a task\n", stats->files, stats->bytes, seconds,
            seconds > 0 ? (double)stats->files / seconds : 0, crawl->options.workers,
            left->bytes_a_task);
    fprintf(out, "crawl: %zu bytes of memory at most, what was on its way included\n",
            left->bytes_max);
    fprintf(out, "crawl: left behind: %ld descriptors, %zu frames, %zu tasks\n", left->descriptors,
            left->frames, left->tasks);
}
