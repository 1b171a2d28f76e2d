/* SPDX-License-Identifier: MIT */
/*
 * coro/runner.h - several runs on one loop, in one context.
 *
 *     static coro_runner runner;
 *     coro_runner_init(&runner, NULL);
 *     error = coro_runner_run(&runner, prepare());     // makes the loop
 *     error = coro_runner_run(&runner, work());        // same loop, same context variables
 *     coro_runner_close(&runner);                      // cancels what is left, and waits
 *
 * asyncio's Runner; coro_run and coro_main (coro/run.h) are a runner with one run.
 *
 * With `sigint` a ^C cancels the run's call instead of killing the process: it
 * unwinds, with its clean-up, and the run answers CORO_EINTR. The second one ends the
 * run without waiting any more; a third kills. A program that listens to SIGINT
 * itself (coro/signals.h) hears it in place of the runner, as long as it listens.
 *
 * Memory: the runner is the caller's; the loop and all of its frames are gone after
 * the close. Threads: the one that runs it first.
 */
#ifndef CORO_RUNNER_H
#define CORO_RUNNER_H

#include <coro/context.h>
#include <coro/loop.h>

#if CORO_HOSTED

CORO_BEGIN_DECLS

typedef struct coro_runner_options {
    coro_loop_options loop;
    /* A ^C cancels the run: see above. Only where SIGINT has its default action, and for one
     * runner of the process at a time: the first that runs. */
    bool sigint;
} coro_runner_options;

typedef struct coro_runner { /* private */
    coro_loop loop;
    coro_runner_options options;
    coro_context context;
    coro_task *main_task;
    bool open, closed;
} coro_runner;

/* Options are copied; NULL: none. Makes nothing yet. */
CORO_API void coro_runner_init(coro_runner *runner, const coro_runner_options *options);

/*
 * Run a call until it has ended: its error. Takes the call. What other tasks are there
 * stay for the next run. Also why there is no loop (CORO_ENOMEM, the backend's error), CORO_EBUSY
 * inside of a running loop, CORO_ECLOSED after the close, CORO_EINTR after a ^C, and what
 * coro_loop_run_until_complete answers: the call is freed in all of these.
 */
#define coro_runner_run(runner, call) coro_runner_run_((runner), &(call)->coro)
CORO_API int coro_runner_run_(coro_runner *runner, coro_header *call);

/* The loop, made now if there is none yet. NULL: it cannot be made, or the runner is closed. */
CORO_API coro_loop *coro_runner_loop(coro_runner *runner);

/* Cancel the tasks that are left, run them to their end, report their errors, close what the
 * loop has (generators, executors, descriptors), and the loop. Closed: nothing. */
CORO_API void coro_runner_close(coro_runner *runner);

CORO_END_DECLS

#endif

#endif
