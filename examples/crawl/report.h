/* SPDX-License-Identifier: MIT */
/*
 * report.h: what the user sees: one line that lives on a terminal, plain lines elsewhere,
 * complaints, and a table at the end. Part of crawl.
 */
#ifndef EXAMPLES_CRAWL_REPORT_H
#define EXAMPLES_CRAWL_REPORT_H

#include "crawl.h"

#include <stdio.h>

/* What is left of the machine's resources when the loop has ended. */
struct leftovers {
    size_t bytes_a_task;        /* what the loop keeps for tasks, frames and streams, at its most */
    size_t bytes_max;           /* and with the buffers of all that was on its way at a time */
    long descriptors;           /* open now, and not before */
    size_t frames;              /* still in use */
    size_t tasks;               /* still alive */
};

/* Complains of a page on stderr: why there is no answer, or, if that is NULL, of its status, which
 * is no success. */
void report_failure(struct crawl *crawl, const char *text, const char *why, int status);
void report_save_failure(struct crawl *crawl, const char *text, int error);

/* Shows the progress until it is cancelled. */
ASYNC_DECLARE(report_progress, ARGS(struct crawl *, crawl),
              VARS(bool live; unsigned long long before; coro_time then;));

/* The table, on out. */
void report_summary(const struct crawl *crawl, const struct leftovers *left, FILE *out);

#endif
