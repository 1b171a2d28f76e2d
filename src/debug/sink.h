/* SPDX-License-Identifier: MIT */
/*
 * sink.h - where the text of reports and trees goes, and numbers made by hand.
 *
 *     coro_sink sink;
 *     coro_sink_to_fd(&sink, 2);
 *     coro_sink_text(&sink, "sleep, ");
 *     coro_sink_seconds(&sink, left);
 *     coro_sink_end(&sink);
 *
 * No allocation and no stdio but for a FILE's own fwrite, so that what writes to a
 * descriptor may do so from a signal handler.
 */
#ifndef CORO_DEBUG_SINK_H
#define CORO_DEBUG_SINK_H

#include <coro/clock.h>

#include <stdio.h>

typedef struct coro_sink {
    int fd;       /* or -1 */
    FILE *file;   /* or NULL */
    char *buffer; /* neither: here */
    size_t size, total;
    unsigned used;
    char block[240];
} coro_sink;

void coro_sink_to_fd(coro_sink *sink, int fd);
void coro_sink_to_file(coro_sink *sink, FILE *file);
/* As snprintf: what does not fit is counted only, and a 0 ends it. */
void coro_sink_to_buffer(coro_sink *sink, char *buffer, size_t size);

void coro_sink_text(coro_sink *sink, const char *text); /* NULL: "?" */
void coro_sink_number(coro_sink *sink, uint64_t number);
void coro_sink_pointer(coro_sink *sink, const void *pointer);
void coro_sink_seconds(coro_sink *sink, coro_duration duration); /* "1.500 s" */
void coro_sink_indent(coro_sink *sink, unsigned columns);
/* Write what is left; the number of bytes in all. */
size_t coro_sink_end(coro_sink *sink);

#endif
