/* SPDX-License-Identifier: MIT */
/*
 * httpd: a static file server for HTTP/1.1, on coro.
 *
 *     httpd [--host ADDRESS] [--port N] [--tls CERTIFICATE KEY] [--delay MS] [--idle S]
 *           [--list] [--quiet] DIRECTORY
 *
 *     main_async ──► coro_start_server ──► (shake_hands,) serve_connection a client    connection.c
 *         │                                     │
 *         └── waits for ^C, shuts down          └──► answer_make            answer.c
 *                                                      ├─► path.c       which file is meant?
 *                                                      ├─► beneath.c    open it, and no other
 *                                                      ├─► mime.c       what is in it?
 *                                                      └─► listing.c    a directory's page
 *
 * The program is main.c connection.c answer.c path.c mime.c listing.c here, and all of ../common;
 * no_tls.c of it only where libcoro-tls is not there.
 */
#define _POSIX_C_SOURCE 200809L
#include "connection.h"

#include "../common/descriptors.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { GRACE_S = 2, LOG_FLUSH_MS = 200, CONNECTIONS_MAX = 100000, GO_ON = -1 };

struct options {
    const char *host, *port, *directory;
    const char *certificate, *key; /* NULL: plain HTTP */
    struct site site;
    coro_server_options server;
};

static const char usage[] =
    "usage: httpd [options] DIRECTORY\n"
    "Serves the files of DIRECTORY over HTTP/1.1; ^C stops it.\n"
    "  --host ADDRESS  where to listen (127.0.0.1)\n"
    "  --port N        0 takes a free one (8080)\n"
    "  --tls CERT KEY  HTTPS, with the certificate and the key of these PEM files\n"
    "  --delay MS      wait before each answer (0)\n"
    "  --idle S        close a connection that is silent for so long (30)\n"
    "  --list          a directory's page is its listing, even where index.html is\n"
    "  --quiet         no access log\n";

/* A number in range, or a sentence and false. */
static bool parse_number(const char *name, const char *text, unsigned max, unsigned *number)
{
    char *end;
    errno = 0;
    unsigned long value = strtoul(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0 || value > max) {
        fprintf(stderr, "httpd: %s takes a number up to %u, not \"%s\"\n", name, max, text);
        return false;
    }
    *number = (unsigned)value;
    return true;
}

/* The exit status, or GO_ON. */
static int parse_options(struct options *options, int argc, char **argv)
{
    unsigned port;
    for (int i = 1; i < argc; i++) {
        const char *name = argv[i], *value = i + 1 < argc ? argv[i + 1] : NULL;
        bool ok = true;
        int values = 1;
        if (strcmp(name, "--help") == 0) {
            fputs(usage, stdout);
            return 0;
        } else if (strcmp(name, "--list") == 0) {
            options->site.only_listings = true;
            values = 0;
        } else if (strcmp(name, "--quiet") == 0) {
            options->site.log = NULL;
            values = 0;
        } else if (name[0] != '-' && options->directory == NULL) {
            options->directory = name;
            values = 0;
        } else if (value == NULL) {
            ok = false;
        } else if (strcmp(name, "--host") == 0) {
            options->host = value;
        } else if (strcmp(name, "--port") == 0) {
            options->port = value;
            if (!parse_number(name, value, 65535, &port))
                return 2;
        } else if (strcmp(name, "--tls") == 0 && i + 2 < argc) {
            options->certificate = value;
            options->key = argv[i + 2];
            values = 2;
        } else if (strcmp(name, "--delay") == 0) {
            if (!parse_number(name, value, 60000, &options->site.delay_ms))
                return 2;
        } else if (strcmp(name, "--idle") == 0) {
            if (!parse_number(name, value, 86400, &options->site.idle_s))
                return 2;
        } else {
            ok = false;
        }
        if (!ok) {
            fprintf(stderr, "httpd: what is \"%s\"?\n%s", name, usage);
            return 2;
        }
        i += values;
    }
    if (options->directory == NULL) {
        fprintf(stderr, "httpd: which directory?\n%s", usage);
        return 2;
    }
    return GO_ON;
}

/* The log is buffered, for a write a request would stop everybody; but not kept for long. */
ASYNC(flush_log, ARGS(FILE *, log))
{
    ASYNC_BEGIN;
    for (;;) {
        AWAIT(coro_sleep(CORO_MS(LOG_FLUSH_MS)));
        fflush(self->log);
    }
    ASYNC_END;
}

/* A task, so that its turn comes when signals are waited for: who reads it may send one at once. */
ASYNC(announce, ARGS(const struct options *, options, unsigned, port))
{
    ASYNC_BEGIN;
    printf("serving %s on %s://%s:%u/\n", self->options->directory,
           self->options->site.tls != NULL ? "https" : "http", self->options->host, self->port);
    fflush(stdout);
    ASYNC_END;
}

ASYNC(main_async, ARGS(struct options *, options),
      VARS(coro_server *server; coro_group group; int signal_number;))
{
    ASYNC_BEGIN;
    AWAIT(self->server, coro_start_server(CORO_HANDLER(serve_connection), &self->options->site,
                                          self->options->host, self->options->port,
                                          &self->options->server));
    CORO_GROUP(self->group) {
        coro_group_create_task(&self->group,
                               announce(self->options, coro_server_port(self->server)));
        if (self->options->site.log != NULL)
            coro_group_create_task(&self->group, flush_log(self->options->site.log));
        AWAIT(self->signal_number, coro_signal_wait(CORO_SIGNAL(SIGINT) | CORO_SIGNAL(SIGTERM)));
        coro_group_cancel(&self->group);
    }
    stop_connections(&self->options->site);
  ASYNC_FINALLY:
    AWAIT(coro_server_shutdown(self->server, CORO_SECONDS(GRACE_S)));
    ASYNC_END;
}

/* Who we are, for who asks for --tls; else nothing. False: a sentence has said why not. */
static bool load_certificate(struct options *options)
{
    char reason[256];
    coro_tls_context_options tls = {.certificate_file = options->certificate,
                                    .key_file = options->key,
                                    .alpn = "http/1.1",
                                    .handshake_timeout = CORO_SECONDS(HANDSHAKE_LIMIT_S),
                                    .shutdown_timeout = CORO_SECONDS(GRACE_S),
                                    .reason = reason,
                                    .reason_size = sizeof reason};
    if (options->certificate == NULL)
        return true;
    int error = coro_tls_server_context(&options->site.tls, &tls);
    if (error != 0)
        fprintf(stderr, "httpd: --tls: %s\n",
                error == CORO_ENOMEM ? coro_strerror(error) : reason);
    options->server.wrap = shake_hands;
    options->server.wrap_context = &options->site;
    return error == 0;
}

int main(int argc, char **argv)
{
    struct options options = {.host = "127.0.0.1", .port = "8080",
                              .site = {.root = -1, .idle_s = 30, .log = stdout}};
    struct idle *ring = &options.site.idle;
    ring->next = ring->prev = ring;
    int status = parse_options(&options, argc, argv);
    if (status != GO_ON)
        return status;
    if (!load_certificate(&options))
        return 1;
    options.site.root = open(options.directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (options.site.root < 0) {
        fprintf(stderr, "httpd: %s: %s\n", options.directory, strerror(errno));
        return 1;
    }
    /* A connection, its file, and the directory on the way there; others wait in the backlog. */
    options.server.max_connections = descriptors_allow(CONNECTIONS_MAX, 3);
    int error = coro_run(main_async(&options));
    if (error != 0)
        fprintf(stderr, "httpd: %s, port %s: %s\n", options.host, options.port,
                coro_strerror(error));
    close(options.site.root);
    coro_tls_context_release(options.site.tls);
    return error != 0 || fflush(stdout) != 0;
}
