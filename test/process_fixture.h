/* SPDX-License-Identifier: MIT */
/*
 * process_fixture.h: children that are soon over.
 *
 *     piped                     the options of one whose three descriptors are pipes
 *     RUN_OS(runs(argv, o))     => its returncode is said, or its creation's error comes back
 *     RUN_OS(says(script, o))   sh runs it; its output is said, and => its returncode
 */
#ifndef CORO_TEST_PROCESS_FIXTURE_H
#define CORO_TEST_PROCESS_FIXTURE_H

#include "os_fixture.h"

static const coro_process_options piped = {
    .in = CORO_PROCESS_PIPE, .out = CORO_PROCESS_PIPE, .err = CORO_PROCESS_PIPE};

CORO_ASYNC(runs, ARGS(const char *const *, argv, const coro_process_options *, options),
           VARS(coro_process *child; int status;))
{
    CORO_ASYNC_BEGIN;
    CORO_AWAIT(self->child, coro_create_subprocess_exec(self->argv, self->options));
    CORO_AWAIT(self->status, coro_process_wait(self->child));
    say("=> %d\n", self->status);
  CORO_ASYNC_FINALLY:
    CORO_AWAIT(coro_process_close(&self->child));
    CORO_ASYNC_END;
}

CORO_ASYNC(says, ARGS(const char *, script, const coro_process_options *, options),
           VARS(coro_process *child; coro_process_options own; coro_process_output output;))
{
    CORO_ASYNC_BEGIN;
    if (self->options != NULL)
        self->own = *self->options;
    self->own.out = CORO_PROCESS_PIPE;
    CORO_AWAIT(self->child, coro_create_subprocess_shell(self->script, &self->own));
    CORO_AWAIT(coro_process_communicate(self->child, NULL, 0, 4096, &self->output));
    say("%s=> %d\n", self->output.out.size > 0 ? self->output.out.data : "",
        self->output.returncode);
  CORO_ASYNC_FINALLY:
    coro_process_output_free(&self->output);
    CORO_AWAIT(coro_process_close(&self->child));
    CORO_ASYNC_END;
}

#endif
