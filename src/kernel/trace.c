/* SPDX-License-Identifier: MIT */
/*
 * trace.c - which way an error has come.
 *
 *     raised at line 12 of f ─► f's caller at 30 ─► ... ─► the task that joined it at 81
 *       entries[0]               entries[1]                  it is the heir
 *
 * It is collected while the error unwinds, and costs nothing until something fails: a frame
 * adds itself to the trace of its callee's error, or begins a new one. While an error is on
 * its way from a child to the task that is its heir, the cancels that it causes begin none.
 */
#include "kernel.h"

#if CORO_TRACE_DEPTH
void coro_trace_add(coro_driver *driver, const coro_header *self, const coro_header *callee,
                    int error, unsigned line)
{
    coro_loop *loop = driver->loop;
    bool inherits, goes_on;
    if (loop == NULL)
        return;
    inherits = loop->trace.heir == (coro_task *)driver && loop->trace.error == error;
    goes_on = callee != NULL && loop->trace.frame == callee && loop->trace.error == error;
    if (!inherits && !goes_on) {
        if (error == CORO_ECANCELED && loop->trace.heir != NULL)
            return;
        loop->trace.count = 0;
        loop->trace.error = error;
    }
    if (!goes_on)
        loop->trace.heir = NULL;
    loop->trace.task = (coro_task *)driver;
    if (inherits && loop->trace.frame == self) /* it is there: the body of a group failed */
        return;
    loop->trace.frame = self;
    if (loop->trace.count < CORO_TRACE_DEPTH) {
        coro_trace_entry *entry = &loop->trace.entries[loop->trace.count++];
        entry->descriptor = self->descriptor;
        entry->line = line;
    }
}

void coro_trace_inherit(coro_loop *loop, const coro_header *frame, coro_task *heir, int error)
{
    if (loop->trace.frame == frame && loop->trace.error == error && error != CORO_ECANCELED)
        loop->trace.heir = heir;
}
#endif
