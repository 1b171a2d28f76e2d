/* SPDX-License-Identifier: MIT */
/*
 * report.c - what a report says: one sentence, then what is known about it.
 *
 *     coro: save: ended with an error that nobody took: timed out (CORO_ETIMEDOUT)
 *       made at main.c:47
 *       save.c:12 pause                    where the error was raised,
 *       save.c:30 save                     and who awaited that
 *       to do: join the task, or catch the error in it
 */
#include "debug.h"

static const char *advice(coro_report_kind kind)
{
    switch (kind) {
    case CORO_REPORT_TASK_ERROR:
        return "join the task and look at its error, or catch it inside the task";
    case CORO_REPORT_CLEANUP_ERROR:
        return "catch the error inside the FINALLY: the one that was on its way has won";
    case CORO_REPORT_CALLBACK:
        return NULL;
    case CORO_REPORT_DEADLOCK:
        return "let somebody end one of these waits, or put a timeout around it";
    case CORO_REPORT_SLOW:
        return "await between the parts of long work, or give it to a thread";
    case CORO_REPORT_NEVER_AWAITED:
        return "await the call, give it to coro_create_task, or coro_discard it";
    case CORO_REPORT_ALIVE_AT_CLOSE:
        return "join the task or cancel it before the loop is closed; it is cancelled now";
    }
    return NULL;
}

static void write_trace(coro_sink *sink, const coro_report *report)
{
#if CORO_TRACE_DEPTH
    const coro_kept_trace *kept = coro_debug_trace(report->task);
    const coro_trace_entry *entries = kept != NULL ? kept->entries : report->loop->trace.entries;
    unsigned count = kept != NULL ? kept->count : report->loop->trace.count;
    if (kept == NULL && (report->loop->trace.task != report->task ||
                         report->loop->trace.error != report->error))
        return;
    for (unsigned i = 0; i < count; i++) {
        coro_sink_text(sink, "  ");
        coro_tree_place(sink, entries[i].descriptor, entries[i].line);
        coro_sink_text(sink, "\n");
    }
#else
    (void)sink, (void)report;
#endif
}

static void write_error(coro_sink *sink, const coro_report *report)
{
    const char *name = coro_error_name(report->error);
    if (report->kind != CORO_REPORT_DEADLOCK) { /* whose message says it all */
        coro_sink_text(sink, ": ");
        coro_sink_text(sink, coro_strerror(report->error));
    }
    coro_sink_text(sink, " (");
    coro_sink_text(sink, name != NULL ? name : "system");
    coro_sink_text(sink, ")");
}

void coro_report_write(coro_sink *sink, const coro_report *report)
{
    const char *place = report->task != NULL ? coro_task_place(report->task) : NULL;
    const char *advised = advice(report->kind);
    coro_sink_text(sink, "coro: ");
    coro_sink_text(sink, report->task != NULL ? coro_task_name(report->task) : "loop");
    coro_sink_text(sink, ": ");
    coro_sink_text(sink, report->message);
    if (report->error != 0)
        write_error(sink, report);
    coro_sink_text(sink, "\n");
    if (place != NULL) {
        coro_sink_text(sink, "  made at ");
        coro_sink_text(sink, place);
        coro_sink_text(sink, "\n");
    }
    if (report->kind == CORO_REPORT_TASK_ERROR && report->task != NULL)
        write_trace(sink, report);
    else if (report->kind == CORO_REPORT_ALIVE_AT_CLOSE && report->task != NULL)
        coro_tree_frames(sink, report->task, 2);
    else if (report->kind == CORO_REPORT_DEADLOCK)
        coro_tree_print(sink, report->loop);
    if (advised != NULL) {
        coro_sink_text(sink, "  to do: ");
        coro_sink_text(sink, advised);
        coro_sink_text(sink, "\n");
    }
}

void coro_report_print(const coro_report *report, FILE *file)
{
    coro_sink sink;
    coro_sink_to_file(&sink, file);
    coro_report_write(&sink, report);
    coro_sink_end(&sink);
}

size_t coro_report_format(const coro_report *report, char *buffer, size_t size)
{
    coro_sink sink;
    coro_sink_to_buffer(&sink, buffer, size);
    coro_report_write(&sink, report);
    return coro_sink_end(&sink);
}

void coro_report_to_stderr(void *context, const coro_report *report)
{
    (void)context;
    coro_report_print(report, stderr);
}
