/* SPDX-License-Identifier: MIT */
/*
 * tree.c - the tasks of a loop as a tree, each with the frames of its awaits.
 *
 *     - NAME: what it waits for, made at FILE:LINE
 *         FILE:LINE FUNCTION            innermost frame first; the line is in its state
 *         FILE:LINE FUNCTION, in timeout (1.500 s left)
 *       - CHILD: ...
 *
 * It may be a signal handler that prints, in the middle of anything: nothing is
 * allocated or marked, walks are bounded, the depth of the tree too, and the timers'
 * heap is looked at only where what is found there points back.
 */
#include "debug.h"

#if CORO_SCOPES && CORO_JOINS
#include "kernel/lock.h"
#endif

#define DEPTH_MAX 64
#define FRAMES_MAX 32

typedef struct printer {
    coro_sink *sink;
    const coro_loop *loop;
    coro_time now;
    size_t left; /* tasks that may still be printed */
} printer;

/* The way from the root of the tree to a task. */
typedef struct path {
    const struct path *up;
    const coro_task *task;
    unsigned depth;
} path;

/* --- frames ------------------------------------------------------------------------------- */

void coro_tree_place(coro_sink *sink, const coro_descriptor *descriptor, unsigned line)
{
    if (descriptor == NULL) {
        coro_sink_text(sink, "?");
        return;
    }
    coro_sink_text(sink, descriptor->file);
    if (line > 0) {
        coro_sink_text(sink, ":");
        coro_sink_number(sink, line);
    }
    coro_sink_text(sink, " ");
    coro_sink_text(sink, descriptor->name);
}

#if CORO_SCOPES && CORO_JOINS
static void print_scopes(coro_sink *sink, const coro_task *task, const coro_header *frame)
{
    const coro_scope *scope = task->scope;
    for (unsigned i = 0; scope != NULL && i < 256; i++, scope = scope->parent) {
        if (scope->frame != frame || scope->flags & CORO_SCOPE_GROUP_)
            continue;
        if (scope->flags & CORO_SCOPE_SHIELD_)
            coro_sink_text(sink, ", in shield");
        else if (scope->flags & CORO_SCOPE_EXPIRED_)
            coro_sink_text(sink, ", in timeout (expired)");
        else if (scope->flags & CORO_SCOPE_TIMED_ && scope->deadline != CORO_FOREVER) {
            coro_loop *loop = task->driver.loop;
            coro_sink_text(sink, ", in timeout (");
            coro_sink_seconds(sink, scope->deadline - loop->backend->now(loop));
            coro_sink_text(sink, " left)");
        }
    }
}

#else
#define print_scopes(sink, task, frame) (void)0
#endif

void coro_tree_frames(coro_sink *sink, const coro_task *task, unsigned indent)
{
    const coro_header *frame = task->driver.frame;
    for (unsigned i = 0; frame != NULL && i < FRAMES_MAX; i++, frame = frame->caller) {
        coro_sink_indent(sink, indent);
        coro_tree_place(sink, frame->descriptor, coro_frame_line(frame));
        print_scopes(sink, task, frame);
        coro_sink_text(sink, "\n");
    }
    if (frame != NULL) {
        coro_sink_indent(sink, indent);
        coro_sink_text(sink, "... and those that await it\n");
    }
}

#if CORO_SCOPES && CORO_JOINS
/* --- what it waits for -------------------------------------------------------------------- */

static void print_sleep(printer *p, const coro_task *task)
{
    const coro_timers *timers = &p->loop->timers;
    uint32_t index = task->wait.timer.index;
    if (index == 0 || timers->heap == NULL || index > timers->count ||
        timers->heap[index].timer != &task->wait.timer) {
        coro_sink_text(p->sink, "sleep, for ever");
        return;
    }
    coro_sink_text(p->sink, "sleep, ");
    coro_sink_seconds(p->sink, timers->heap[index].deadline - p->now);
    coro_sink_text(p->sink, " left");
}

static void print_object(printer *p, const coro_task *task)
{
    const coro_lock *lock = coro_lock_waited_for(task);
    const coro_task *target = coro_wait_target(task);
    coro_sink_text(p->sink, task->wait_type->verb);
    coro_sink_text(p->sink, target != NULL ? " of " : " ");
    if (target != NULL) {
        coro_sink_text(p->sink, coro_task_name(target));
        return;
    }
    if (lock != NULL && lock != task->wait.object) { /* a condition's waiter, notified */
        coro_sink_pointer(p->sink, task->wait.object);
        coro_sink_text(p->sink, ", lock ");
    }
    coro_sink_pointer(p->sink, lock != NULL ? lock : task->wait.object);
    if (lock != NULL && lock->owner != NULL) {
        coro_sink_text(p->sink, " held by ");
        coro_sink_text(p->sink, coro_task_name(lock->owner));
    }
}

/* A wait whose object is nobody's business: whose children are printed below it. */
static void print_children(printer *p, const char *verb, const coro_task *task)
{
    coro_graph_walk walk = {.parent = task};
    size_t count = 0;
    while (coro_graph_child(p->loop, &walk) != NULL && count <= p->loop->task_count)
        count++;
    coro_sink_text(p->sink, verb);
    coro_sink_text(p->sink, " of ");
    coro_sink_number(p->sink, count);
    coro_sink_text(p->sink, count == 1 ? " task" : " tasks");
}

static bool is_verb(const coro_task *task, const char *verb)
{
    const char *has = task->wait_type->verb;
    while (*has != '\0' && *has == *verb)
        has++, verb++;
    return *has == *verb;
}

static void print_state(printer *p, const coro_task *task)
{
    const coro_header *frame = task->driver.frame;
    if (task == p->loop->current)
        coro_sink_text(p->sink, "running");
    else if (task->driver.flags & CORO_TASK_QUEUED_)
        coro_sink_text(p->sink, frame != NULL && frame->state == CORO_STATE_START_
                                    ? "ready, not started"
                                    : "ready");
    else if (!coro_graph_waits(p->loop, task))
        coro_sink_text(p->sink, task->driver.flags & CORO_TASK_DONE_ ? "ended" : "running");
    else if (is_verb(task, "sleep"))
        print_sleep(p, task);
    else if (is_verb(task, "group") || is_verb(task, "gather") ||
             is_verb(task, "wait"))
        print_children(p, task->wait_type->verb, task);
    else
        print_object(p, task);
}

/* --- the tree ----------------------------------------------------------------------------- */

static bool is_above(const path *way, const coro_task *task)
{
    for (; way != NULL; way = way->up)
        if (way->task == task)
            return true;
    return false;
}

static void print_name(printer *p, const path *way)
{
    const char *place = coro_task_place(way->task);
    coro_sink_indent(p->sink, 2 * way->depth);
    coro_sink_text(p->sink, "- ");
    coro_sink_text(p->sink, coro_task_name(way->task));
    if (is_above(way->up, way->task)) {
        coro_sink_text(p->sink, ": see above\n");
        return;
    }
    coro_sink_text(p->sink, ": ");
    print_state(p, way->task);
    if (way->task->driver.flags & CORO_TASK_CANCELED_)
        coro_sink_text(p->sink, ", cancelled");
    if (place != NULL) {
        coro_sink_text(p->sink, ", made at ");
        coro_sink_text(p->sink, place);
    }
    coro_sink_text(p->sink, "\n");
}

static void print_task(printer *p, const coro_task *task, const path *up)
{
    path way = {up, task, up != NULL ? up->depth + 1 : 0};
    coro_graph_walk walk = {.parent = task};
    if (p->left == 0)
        return;
    p->left--;
    print_name(p, &way);
    if (is_above(up, task))
        return;
    coro_tree_frames(p->sink, task, 2 * way.depth + 4);
    for (const coro_task *child; (child = coro_graph_child(p->loop, &walk)) != NULL;) {
        if (way.depth == DEPTH_MAX) {
            coro_sink_indent(p->sink, 2 * way.depth + 2);
            coro_sink_text(p->sink, "- ... and so on\n");
            return;
        }
        print_task(p, child, &way);
    }
}

/* Not below anybody; or in a ring of those that are below each other, the first of it. */
static bool is_top(const coro_loop *loop, const coro_task *task)
{
    const coro_task *up = task;
    bool lowest = true;
    for (size_t i = 0; i <= loop->task_count; i++) {
        up = coro_graph_parent(loop, up);
        if (up == NULL)
            return i == 0;
        if (up == task)
            return lowest;
        lowest = lowest && (uintptr_t)task < (uintptr_t)up;
    }
    return false; /* below such a ring */
}

static void visit_top(void *context, const coro_task *task)
{
    printer *p = context;
    if (is_top(p->loop, task))
        print_task(p, task, NULL);
}

static void visit_ring(void *context, const coro_task *task)
{
    printer *p = context;
    const coro_task *each = task;
    size_t length = coro_graph_ring(p->loop, task);
    if (length == 0)
        return;
    coro_sink_text(p->sink, "a ring that nothing outside can end: ");
    coro_sink_text(p->sink, coro_task_name(task));
    for (size_t i = 0; i < length && i < DEPTH_MAX && each != NULL; i++) {
        const coro_task *next = coro_graph_ring_next(p->loop, each, task);
        coro_sink_text(p->sink, i == 0 ? " waits for " : ", which waits for ");
        coro_sink_text(p->sink, next == each ? "itself" : next ? coro_task_name(next) : "?");
        each = next;
    }
    coro_sink_text(p->sink, "\n");
}

#else
#define visit_top NULL
#define visit_ring NULL
#endif

void coro_tree_print(coro_sink *sink, const coro_loop *loop)
{
    printer p = {sink, loop, 0, 0};
    if (loop == NULL) {
        coro_sink_text(sink, "no loop runs in this thread\n");
        return;
    }
    p.now = loop->backend->now((coro_loop *)(uintptr_t)loop);
    p.left = 2 * loop->task_count + 2;
    coro_sink_number(sink, loop->task_count);
    coro_sink_text(sink, loop->task_count == 1 ? " task, at " : " tasks, at ");
    coro_sink_seconds(sink, p.now);
    coro_sink_text(sink, "\n");
    coro_graph_each(loop, visit_top, &p);
    coro_graph_each(loop, visit_ring, &p);
}

/* --- public ------------------------------------------------------------------------------- */

void coro_print_tasks_fd(int fd)
{
    coro_sink sink;
    coro_sink_to_fd(&sink, fd);
    coro_tree_print(&sink, coro_loop_current());
    coro_sink_end(&sink);
}

void coro_print_tasks_of(const coro_loop *loop, FILE *file)
{
    coro_sink sink;
    coro_sink_to_file(&sink, file);
    coro_tree_print(&sink, loop);
    coro_sink_end(&sink);
}

void coro_print_tasks(FILE *file)
{
    coro_print_tasks_of(coro_loop_current(), file);
}

size_t coro_format_tasks(const coro_loop *loop, char *buffer, size_t size)
{
    coro_sink sink;
    coro_sink_to_buffer(&sink, buffer, size);
    coro_tree_print(&sink, loop);
    return coro_sink_end(&sink);
}
