/* SPDX-License-Identifier: MIT */
/*
 * report.c - what a loop says on stderr when its owner gave it no one to tell.
 */
#include "kernel.h"

#if CORO_HOSTED

#include <stdio.h>

void coro_report_print(const coro_report *report)
{
    const char *name = report->task != NULL ? coro_task_name(report->task) : "loop";
    const char *error = coro_error_name(report->error);
    fprintf(stderr, "coro: %s: %s: %s (%s)\n", name, report->message,
            coro_strerror(report->error), error != NULL ? error : "system");
}

#endif
