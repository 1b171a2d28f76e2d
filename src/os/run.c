/* SPDX-License-Identifier: MIT */
/*
 * run.c - from main() into a loop and back.
 *
 *     coro_main ─► loop ─► the call ─► cancel what is left ─► close
 *        └► "error: timed out (CORO_ETIMEDOUT)"
 *             fetch.c:12 read_header      where it was raised
 *             fetch.c:40 fetch            who awaited that
 */
#include <coro/run.h>

#include <coro/runner.h>

#include <signal.h>
#include <stdio.h>

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
