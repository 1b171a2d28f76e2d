/* SPDX-License-Identifier: MIT */
/*
 * crawl: the web crawler that asyncio is known for, on coro.
 *
 *     crawl [--workers N] [--save DIRECTORY] ... URL ...
 *
 *     main_async ──┬── worker ──┐
 *                  ├── worker ──┤    frontier.c   a joinable queue, hosts and their lines
 *                  ├── ...      ├──► visit.c      robots.txt, tries again, redirects
 *                  │            │      ├─► client.c     GET over a kept connection
 *                  │            │      └─► document.c   html.c ──► url.c ──► frontier.c, save.c
 *                  ├── report_progress                  report.c
 *                  └── stop_on_signal
 *
 * All are tasks of one group, in one thread. The end is the queue's: when each page that was put
 * has been reported done, the group is cancelled. ^C cancels it too; there is no other way out.
 *
 * The program is main.c visit.c client.c document.c frontier.c set.c report.c save.c url.c html.c
 * robots.c here, and all of ../common; no_tls.c of it only where libcoro-tls is not there.
 */
#define _POSIX_C_SOURCE 200809L
#include "report.h"
#include "visit.h"

#include "../common/descriptors.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

enum { GO_ON = -1, FAILED = 1, MISUSED = 2, WORKERS_MAX = 100000, PAGES_MAX = 50000000,
       CLOSE_LIMIT_S = 5 };

static const char usage[] =
    "usage: crawl [options] URL ...\n"
    "Follows the links of the pages at URL, on the same hosts; ^C stops it.\n"
    "  --workers N     pages at a time (10)\n"
    "  --per-host N    of these, at one host (all)\n"
    "  --save DIR      write the tree as it is served\n"
    "  --ca FILE       of https servers, believe whom these certificates vouch for (the system's)\n"
    "  --mirror        follow only what directory listings list\n"
    "  --all-hosts     follow links to other hosts too\n"
    "  --max N         visit so many pages at most (1000000)\n"
    "  --timeout S     for one connection, answer, or piece of a body (10)\n"
    "  --retries N     after a timeout, a lost connection, 429 or 5xx (3)\n"
    "  --ignore-robots do not ask for robots.txt\n"
    "  --quiet         no progress\n"
    "Exit status: 0 all pages came, 1 some did not, 2 misuse, 128 + N stopped by signal N.\n";

/* A number in range, or a sentence and false. */
static bool parse_number(const char *name, const char *text, unsigned min, unsigned max,
                         unsigned *number)
{
    char *end;
    errno = 0;
    unsigned long value = strtoul(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0 || value < min
        || value > max) {
        fprintf(stderr, "crawl: %s takes a number from %u to %u, not \"%s\"\n", name, min, max,
                text);
        return false;
    }
    *number = (unsigned)value;
    return true;
}

/* The options, moved out of argv; what is left in it are URLs. Exit status, or GO_ON. */
static int parse_options(struct crawl_options *options, int *argc, char **argv)
{
    struct {
        const char *name;
        bool *flag;
        const char **text;
        unsigned *number;
        unsigned min, max;
    } const table[] = {
        {"--mirror", .flag = &options->mirror},
        {"--all-hosts", .flag = &options->all_hosts},
        {"--ignore-robots", .flag = &options->ignore_robots},
        {"--quiet", .flag = &options->quiet},
        {"--save", .text = &options->save_directory},
        {"--ca", .text = &options->ca_file},
        {"--workers", .number = &options->workers, .min = 1, .max = WORKERS_MAX},
        {"--per-host", .number = &options->per_host, .min = 1, .max = WORKERS_MAX},
        {"--max", .number = &options->pages_max, .min = 1, .max = PAGES_MAX},
        {"--timeout", .number = &options->timeout_s, .min = 1, .max = 86400},
        {"--retries", .number = &options->retries, .min = 0, .max = 20},
    };
    int urls = 0;
    for (int i = 1; i < *argc; i++) {
        const char *name = argv[i];
        size_t k = 0;
        while (k < sizeof table / sizeof table[0] && strcmp(name, table[k].name) != 0)
            k++;
        bool known = k < sizeof table / sizeof table[0];
        if (strcmp(name, "--help") == 0) {
            fputs(usage, stdout);
            return 0;
        } else if (known && table[k].flag != NULL) {
            *table[k].flag = true;
        } else if (known && i + 1 == *argc) {
            fprintf(stderr, "crawl: %s needs a value\n%s", name, usage);
            return MISUSED;
        } else if (known && table[k].text != NULL) {
            *table[k].text = argv[++i];
        } else if (known) {
            if (!parse_number(name, argv[++i], table[k].min, table[k].max, table[k].number))
                return MISUSED;
        } else if (name[0] == '-') {
            fprintf(stderr, "crawl: what is \"%s\"?\n%s", name, usage);
            return MISUSED;
        } else {
            argv[urls++] = argv[i];
        }
    }
    *argc = urls;
    return GO_ON;
}

/* Whom https servers have to be believed by. A context that cannot be had is no matter, unless it
 * is asked for: *why says then why not. */
static int load_trust(struct crawl *crawl, char *why, size_t size)
{
    coro_tls_context_options tls = {.ca_file = crawl->options.ca_file,
                                    .alpn = "http/1.1",
                                    .shutdown_timeout = CORO_SECONDS(CLOSE_LIMIT_S),
                                    .reason = why,
                                    .reason_size = size};
    int error = coro_tls_client_context(&crawl->tls, &tls);
    if (error == CORO_ENOMEM)
        snprintf(why, size, "%s", coro_strerror(error));
    if (error == 0 || crawl->options.ca_file == NULL)
        return GO_ON;
    fprintf(stderr, "crawl: --ca: %s\n", why);
    return FAILED;
}

static int add_seeds(struct crawl *crawl, int count, char **texts, const char *why_no_tls)
{
    char buffer[URL_SIZE_MAX];
    url u;
    if (count == 0) {
        fprintf(stderr, "crawl: which URL?\n%s", usage);
        return MISUSED;
    }
    for (int i = 0; i < count; i++) {
        enum url_result result = url_from_person(texts[i], buffer, &u);
        if (result != URL_OK) {
            fprintf(stderr, "crawl: %s: %s\n", texts[i], url_why(result));
            return MISUSED;
        }
        if (url_is_https(&u) && crawl->tls == NULL) {
            fprintf(stderr, "crawl: %s: %s\n", texts[i], why_no_tls);
            return MISUSED;
        }
        enum frontier_result added = frontier_add(&crawl->frontier, &u, 0, true);
        if (added == FRONTIER_FULL || added == FRONTIER_NO_MEMORY) {
            fprintf(stderr, "crawl: %s: no room for it\n", texts[i]);
            return FAILED;
        }
    }
    return GO_ON;
}

ASYNC(worker, ARGS(struct crawl *, crawl), VARS(struct client client; struct page *page;))
{
    ASYNC_BEGIN;
    self->client.tls = self->crawl->tls;
    for (;;) {
        AWAIT(coro_queue_get(&self->crawl->frontier.queue, &self->page));
        if (!host_enter(&self->crawl->frontier, self->page))
            continue;
        while (self->page != NULL) {
            self->crawl->stats.in_flight++;
            AWAIT(visit(self->crawl, &self->client, self->page));
            self->crawl->stats.in_flight--;
            (void)coro_queue_task_done(&self->crawl->frontier.queue);
            self->page = host_leave(&self->crawl->frontier, self->page->host);
        }
    }
  ASYNC_FINALLY:
    AWAIT(client_close(&self->client));
    ASYNC_END;
}

ASYNC(stop_on_signal, ARGS(struct crawl *, crawl))
{
    ASYNC_BEGIN;
    AWAIT(self->crawl->interrupted,
          coro_signal_wait(CORO_SIGNAL(SIGINT) | CORO_SIGNAL(SIGTERM)));
    coro_group_cancel(&self->crawl->group);
    ASYNC_END;
}

ASYNC(main_async, ARGS(struct crawl *, crawl), VARS(unsigned i;))
{
    ASYNC_BEGIN;
    self->crawl->stats.began = coro_loop_time(coro_loop_current());
    CORO_GROUP(self->crawl->group) {
        coro_group_create_task(&self->crawl->group, stop_on_signal(self->crawl));
        if (!self->crawl->options.quiet)
            coro_group_create_task(&self->crawl->group, report_progress(self->crawl));
        for (self->i = 0; self->i < self->crawl->options.workers; self->i++)
            coro_group_create_task(&self->crawl->group, worker(self->crawl));
        AWAIT(coro_queue_join(&self->crawl->frontier.queue));
        coro_group_cancel(&self->crawl->group);
    }
  ASYNC_FINALLY:
    self->crawl->stats.ended = coro_loop_time(coro_loop_current());
    ASYNC_END;
}

/* Open descriptors of this process; /proc counts the one it is read by, too. */
static long count_descriptors(void)
{
    DIR *directory = opendir("/proc/self/fd");
    long count = 0;
    while (directory != NULL && readdir(directory) != NULL)
        count++;
    if (directory != NULL)
        closedir(directory);
    return count;
}

/* The loop's allocator: the heap, and a count of what is in use. */
struct memory {
    size_t bytes, bytes_max;
};

static void *resize(void *context, void *block, size_t old, size_t fresh)
{
    struct memory *memory = context;
    void *result = NULL;
    if (fresh == 0)
        free(block);
    else
        result = realloc(block, fresh);
    if (fresh == 0 || result != NULL)
        memory->bytes += fresh - old;
    if (memory->bytes > memory->bytes_max)
        memory->bytes_max = memory->bytes;
    return result;
}

static int run(struct crawl *crawl)
{
    struct memory memory = {0, 0};
    coro_loop_options options = {.allocator = {resize, &memory}};
    long descriptors = count_descriptors();
    coro_loop loop;
    int error = coro_loop_init(&loop, &options);
    if (error == 0) {
        struct leftovers left;
        coro_loop_metrics metrics;
        error = coro_loop_run_until_complete(&loop, main_async(crawl));
        coro_loop_metrics_get(&loop, &metrics);
        left.bytes_a_task = memory.bytes / (metrics.tasks_max > 0 ? metrics.tasks_max : 1);
        left.bytes_max = memory.bytes_max;
        coro_loop_close(&loop);
        left.tasks = metrics.tasks;
        left.frames = metrics.frames;
        left.descriptors = count_descriptors() - descriptors;
        report_summary(crawl, &left, stdout);
    }
    if (error != 0) {
        fprintf(stderr, "crawl: %s\n", coro_strerror(error));
        return FAILED;
    }
    if (crawl->interrupted != 0)
        return 128 + crawl->interrupted;
    return crawl->stats.failed > 0 ? FAILED : 0;
}

int main(int argc, char **argv)
{
    static struct crawl crawl = {
        .options = {.workers = 10, .retries = 3, .timeout_s = 10, .pages_max = 1000000},
        .save = {.root = -1},
    };
    char why_no_tls[256] = "";
    int status = parse_options(&crawl.options, &argc, argv);
    if (status != GO_ON)
        return status;
    /* A connection, a file, and the directory that is walked to its place. */
    unsigned workers = (unsigned)descriptors_allow(crawl.options.workers, 3);
    if (workers < crawl.options.workers)
        fprintf(stderr, "crawl: the limit of open files is low: %u workers, not %u\n", workers,
                crawl.options.workers);
    crawl.options.workers = workers;
    if (crawl.options.per_host == 0 || crawl.options.per_host > workers)
        crawl.options.per_host = crawl.options.workers;
    int error = frontier_init(&crawl.frontier, crawl.options.pages_max, crawl.options.per_host);
    if (error != 0) {
        fprintf(stderr, "crawl: no room for --max %u: %s\n", crawl.options.pages_max,
                coro_strerror(error));
        return FAILED;
    }
    status = load_trust(&crawl, why_no_tls, sizeof why_no_tls);
    if (status == GO_ON)
        status = add_seeds(&crawl, argc, argv, why_no_tls);
    if (status == GO_ON && crawl.options.save_directory != NULL) {
        error = save_open(&crawl.save, crawl.options.save_directory);
        if (error != 0) {
            fprintf(stderr, "crawl: %s: %s\n", crawl.options.save_directory,
                    coro_strerror(error));
            status = FAILED;
        }
    }
    if (status == GO_ON)
        status = run(&crawl);
    save_close(&crawl.save);
    frontier_free(&crawl.frontier);
    coro_tls_context_release(crawl.tls);
    return status;
}
