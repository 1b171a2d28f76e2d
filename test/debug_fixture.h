/* SPDX-License-Identifier: MIT */
/*
 * debug_fixture.h: a loop in debug mode whose reports are kept as text, which is compared with
 * lines that the tests know: HERE notes the line it is on.
 */
#ifndef CORO_TEST_DEBUG_FIXTURE_H
#define CORO_TEST_DEBUG_FIXTURE_H

#include "loop_fixture.h"

#include <coro/debug.h>

#define HERE(name) (lines.name = __LINE__)

static struct {
    int a, b, c, d;
} lines __attribute__((unused));

/* --- what was reported -------------------------------------------------------------------- */

static char reported[16384];
static size_t reports;

static inline void keep_report(void *context, const coro_report *report)
{
    size_t used = strlen(reported);
    (void)context;
    reports++;
    HOLDS(coro_report_format(report, reported + used, sizeof reported - used) <
          sizeof reported - used);
}

/* Is this, as printf makes it, in the text? */
__attribute__((format(printf, 2, 3)))
static inline void has(const char *text, const char *format, ...)
{
    char wanted[4096];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(wanted, sizeof wanted, format, arguments);
    va_end(arguments);
    cr_assert(ne(ptr, strstr(text, wanted), NULL), "\"%s\" is not in:\n%s", wanted, text);
}

static inline void open_watched(const coro_debug_options *options)
{
    open_loop();
    coro_loop_set_report(&loop, keep_report, NULL);
    EQ(coro_debug_enable(&loop, options), 0);
}

static inline int run_watched_(coro_header *call, const coro_debug_options *options)
{
    int error;
    open_watched(options);
    error = coro_loop_run_until_complete_(&loop, call);
    close_loop();
    return error;
}

#define RUN_WATCHED(call) run_watched_(&(call)->coro, NULL)

#endif
