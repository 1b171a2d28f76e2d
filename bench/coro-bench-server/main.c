/* SPDX-License-Identifier: MIT */
/*
 * coro-bench-server WORKLOAD PORT - listens on 127.0.0.1 until SIGTERM or SIGINT.
 *
 * Exit status 64: not a workload of ours. bench/README.md says how to load it.
 */
#include "server.h"
#include "store.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

static const struct {
    const char *name;
    coro_handler (*handler)(void);        /* of a connection's stream; or */
    coro_void *(*serve)(const char *port); /* all of it */
} workloads[] = {
    {"echo", bench_echo, NULL},
    {"http", bench_http, NULL},
    {"resp", bench_resp, NULL},
    {"udp", NULL, bench_udp},
#if BENCH_TLS
    {"tls", bench_echo, NULL},
#endif
};

static store values; /* of resp */

static CORO_NODISCARD coro_server_starting *start(coro_handler handler, const char *port,
                                                  coro_tls_context *tls,
                                                  const coro_server_options *options)
{
#if BENCH_TLS
    if (tls != NULL)
        return coro_start_tls_server(handler, &values, "127.0.0.1", port, tls, options);
#endif
    (void)tls;
    return coro_start_server(handler, &values, "127.0.0.1", port, options);
}

ASYNC(serve, ARGS(coro_handler, handler, const char *, port, coro_tls_context *, tls),
      VARS(coro_server *server; coro_server_options options; int signal_number;))
{
    ASYNC_BEGIN;
    self->options.backlog = 4096;
    AWAIT(self->server, start(self->handler, self->port, self->tls, &self->options));
    AWAIT(self->signal_number, coro_signal_wait(CORO_SIGNAL(SIGINT) | CORO_SIGNAL(SIGTERM)));
    AWAIT(coro_server_shutdown(self->server, 0));
    ASYNC_END;
}

/* Ten thousand connections need as many descriptors. */
static void allow_descriptors(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: coro-bench-server WORKLOAD PORT\n");
        return 2;
    }
    allow_descriptors();
    coro_tls_context *tls = NULL;
#if BENCH_TLS
    if (strcmp(argv[1], "tls") == 0 && (tls = bench_tls_context()) == NULL)
        return 1;
#endif
    for (size_t i = 0; i < sizeof workloads / sizeof workloads[0]; i++) {
        int status;
        if (strcmp(argv[1], workloads[i].name) != 0)
            continue;
        status = workloads[i].serve != NULL
                     ? coro_main(workloads[i].serve(argv[2]))
                     : coro_main(serve(workloads[i].handler(), argv[2], tls));
        store_free(&values);
        return status;
    }
    fprintf(stderr, "coro-bench-server: no workload %s\n", argv[1]);
    return 64;
}
