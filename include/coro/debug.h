/* SPDX-License-Identifier: MIT */
/*
 * coro/debug.h - to see inside a running loop: who waits for whom, and since where.
 *
 *     coro_print_tasks(stderr);
 *
 *     3 tasks, at 12.500 s
 *     - main_async: group of 2 tasks
 *         main.c:45 main_async
 *       - fetch: sleep, 1.500 s left, made at main.c:46
 *           fetch.c:12 pause
 *           fetch.c:30 fetch, in timeout (3.000 s left)
 *       - save: lock 0x55d0c3a8 held by fetch, made at main.c:47
 *           save.c:9 save
 *
 * Each task with the frames of its awaits, innermost first, and below it the tasks
 * that it waits for or owns. Where tasks wait for each other in a ring, a last line
 * names the ring. A deadlock report has the same tree.
 *
 * Debug mode finds what is wrong without being fatal: see coro_debug_enable.
 * CORO_DEBUG=1 in the environment turns it on for coro_main and coro_run.
 *
 * Memory: debug mode keeps a table, from the loop's allocator, of its tasks and
 * blocks. Nothing of it is there, and nothing is slower, when it is off.
 * Threads: the loop's thread only, and its signal handlers where it says so.
 */
#ifndef CORO_DEBUG_H
#define CORO_DEBUG_H

#include <coro/loop.h>

#if CORO_HOSTED

#include <stdio.h>

CORO_BEGIN_DECLS

/* Print the tree of the tasks of this thread's running loop; "no loop runs" where none does.
 * Never suspends. Signal handlers need the second one. */
CORO_API void coro_print_tasks(FILE *file);

/*
 * The same on a file descriptor, with write(2) alone: for a signal handler, whatever
 * it has interrupted. A signal that another thread gets finds no loop there.
 */
CORO_API void coro_print_tasks_fd(int fd);

/* The same of a given loop, running or not, on its thread; as text, 0-ended. Returns the length
 * of the whole, which may be more than `size`: as snprintf. */
CORO_API void coro_print_tasks_of(const coro_loop *loop, FILE *file);
CORO_API size_t coro_format_tasks(const coro_loop *loop, char *buffer, size_t size);

/* What a report says in full, as a loop without a report function prints it on stderr: who, where
 * made, the trace of the error, the tree of a deadlock. For report functions. */
CORO_API void coro_report_print(const coro_report *report, FILE *file);
CORO_API size_t coro_report_format(const coro_report *report, char *buffer, size_t size);

/* --- debug mode --------------------------------------------------------------------------- */

typedef struct coro_debug_options {
    coro_duration slow; /* a resume or callback that lasts as long is reported; 0: 100 ms */
    bool slow_all;      /* report each, however short */
} coro_debug_options;

/*
 * Turn debug mode on, best right after coro_loop_init, on the loop's thread, outside
 * of tasks. From then on the loop reports (coro_report_kind):
 *
 *   CORO_REPORT_SLOW             a task or callback kept the loop busy for 100 ms
 *   CORO_REPORT_NEVER_AWAITED    at close: a call that was neither awaited nor discarded
 *   CORO_REPORT_ALIVE_AT_CLOSE   at close: a task that had not ended
 *
 * and its other reports and trees say where each task was made. options may be NULL.
 * 0; CORO_ENOMEM; CORO_EALREADY: it is on. Ends with the loop's close.
 */
CORO_API int coro_debug_enable(coro_loop *loop, const coro_debug_options *options);

/* Where a task was made, "file:line"; NULL: not known, or debug mode is off. Signal-safe. */
CORO_API const char *coro_task_place(const coro_task *task);

CORO_END_DECLS

#endif

#endif
