/* SPDX-License-Identifier: MIT */
/*
 * run.c - from main() into a loop and back; which backend there is.
 *
 *     coro_main ─► loop ─► the call ─► cancel what is left ─► close
 *        └► "error: timed out (CORO_ETIMEDOUT)"
 *             fetch.c:12 read_header      where it was raised
 *             fetch.c:40 fetch            who awaited that
 *
 * The kernel asks for its default backend by a pointer that it declares and that
 * is defined here: the linker finds it, no floor leans on one above.
 */
#include <coro/run.h>

#include <coro/runner.h>

#include "poll/poll.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- backends ----------------------------------------------------------------------------- */

/* The best first. */
static const coro_backend *const backends[] = {
#ifdef __linux__
    &coro_epoll_backend,
#endif
    &coro_sim_backend,
};

const coro_backend *(*coro_backend_default_)(void) = coro_backend_default;

const coro_backend *coro_backend_named(const char *name)
{
    for (size_t i = 0; i < sizeof backends / sizeof *backends; i++)
        if (strcmp(backends[i]->name, name) == 0)
            return backends[i];
    return NULL;
}

const coro_backend *coro_backend_default(void)
{
    const char *name = getenv("CORO_POLL");
    const coro_backend *wanted;
    if (name == NULL || *name == '\0')
        return backends[0];
    wanted = coro_backend_named(name);
    if (wanted == NULL) {
        fprintf(stderr, "coro: CORO_POLL=%s is not known here; using %s\n", name,
                backends[0]->name);
        wanted = backends[0];
    }
    return wanted;
}

/* --- runs --------------------------------------------------------------------------------- */

static void print_error(const coro_loop *loop, int error)
{
    const char *name = coro_error_name(error);
    fprintf(stderr, "error: %s", coro_strerror(error));
    if (name != NULL)
        fprintf(stderr, " (%s)\n", name);
    else
        fprintf(stderr, " (%d)\n", error);
#if CORO_TRACE_DEPTH
    if (loop == NULL || !loop->trace.kept || loop->trace.error != error)
        return;
    for (unsigned i = 0; i < loop->trace.count; i++)
        fprintf(stderr, "  %s:%u %s\n", loop->trace.entries[i].descriptor->file,
                loop->trace.entries[i].line, loop->trace.entries[i].descriptor->name);
#else
    (void)loop;
#endif
}

/* The report is made before the close: what is cancelled then has errors of its own. */
static int run(coro_header *call, const coro_runner_options *options, bool print)
{
    coro_runner runner;
    int error;
    coro_runner_init(&runner, options);
    error = coro_runner_run_(&runner, call);
    if (error != 0 && error != CORO_EINTR && print)
        print_error(runner.open ? &runner.loop : NULL, error);
    coro_runner_close(&runner);
    return error;
}

int coro_run_(coro_header *call, const coro_loop_options *options)
{
    coro_runner_options all = {.sigint = false};
    if (options != NULL)
        all.loop = *options;
    return run(call, &all, false);
}

int coro_main_(coro_header *call)
{
    int error = run(call, &(coro_runner_options){.sigint = true}, true);
    return error == CORO_EINTR ? 128 + SIGINT : error != 0;
}
