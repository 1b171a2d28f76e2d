/* SPDX-License-Identifier: MIT */
/*
 * until_stopped.h: what is left to do for a server: say where it serves, wait for a ^C or SIGTERM.
 *
 * The signals are heard before the line is out, so who reads it may send one at once.
 */
#ifndef EXAMPLES_UNTIL_STOPPED_H
#define EXAMPLES_UNTIL_STOPPED_H

#include <coro/coro.h>
#include <signal.h>
#include <stdio.h>

ASYNC(until_stopped, ARGS(coro_address, at),
      VARS(coro_signals signals; int signal_number, error; char text[CORO_ADDRESS_TEXT_MAX];))
{
    ASYNC_BEGIN;
    self->error = coro_signals_open(&self->signals, CORO_SIGNAL(SIGINT) | CORO_SIGNAL(SIGTERM));
    if (self->error == 0)
        self->error = coro_address_format(&self->at, self->text, sizeof self->text);
    if (self->error != 0)
        ASYNC_THROW(self->error);
    printf("serving at %s\n", self->text);
    fflush(stdout);
    AWAIT(self->signal_number, coro_signals_next(&self->signals));
  ASYNC_FINALLY:
    coro_signals_close(&self->signals);
    ASYNC_END;
}

static inline struct until_stopped *server_until_stopped(const coro_server *server)
{
    coro_address at = {.size = 0};
    (void)coro_server_address(server, 0, &at);
    return until_stopped(at);
}

#endif
