/* SPDX-License-Identifier: MIT */
/*
 * debug.h - what the files of src/debug tell each other.
 */
#ifndef CORO_DEBUG_DEBUG_H
#define CORO_DEBUG_DEBUG_H

#include "kernel/kernel.h"
#include "sink.h"

#include <coro/debug.h>

/* report.c: a loop's report function. */
void coro_report_to_stderr(void *context, const coro_report *report);

/* graph.c: who waits for whom. Reads only; in a signal handler as well. */

/* Under whom a task stands in the tree: its group's task, or the first one that waits for it. */
coro_task *coro_graph_parent(const coro_loop *loop, const coro_task *task);

/* A walk over the tasks that stand below another; zeroed, with `parent` set. */
typedef struct coro_graph_walk {
    const coro_task *parent;
    const coro_scope *scope;
    const coro_task *child; /* of the scope's group */
    size_t count, index;
    unsigned phase;
} coro_graph_walk;
coro_task *coro_graph_child(const coro_loop *loop, coro_graph_walk *walk);

/* The one task that alone can end this one's wait (joined, or owner of the lock), or NULL. */
coro_task *coro_graph_next(const coro_loop *loop, const coro_task *task);

/* Does it stand in a ring of waits, of which it is to speak? The ring's length, or 0. */
size_t coro_graph_ring(const coro_loop *loop, const coro_task *task);
/* The next one in such a ring; `first` spoke. */
coro_task *coro_graph_ring_next(const coro_loop *loop, const coro_task *task,
                                const coro_task *first);

/* Each task of the loop; the children of a group behind the task that has it open. */
void coro_graph_each(const coro_loop *loop, void (*visit)(void *context, const coro_task *task),
                     void *context);

/* Waits at the library's, and does not run. */
bool coro_graph_waits(const coro_loop *loop, const coro_task *task);

/* tree.c */
void coro_tree_print(coro_sink *sink, const coro_loop *loop);
void coro_tree_frames(coro_sink *sink, const coro_task *task, unsigned indent);
/* "file:line function" */
void coro_tree_place(coro_sink *sink, const coro_descriptor *descriptor, unsigned line);

/* report.c */
void coro_report_write(coro_sink *sink, const coro_report *report);

/* mode.c: what debug mode kept of a task's error, as loop->trace. NULL: nothing. */
typedef struct coro_kept_trace {
    unsigned count;
    coro_trace_entry entries[CORO_TRACE_DEPTH > 0 ? CORO_TRACE_DEPTH : 1];
} coro_kept_trace;
const coro_kept_trace *coro_debug_trace(const coro_task *task);

#endif
