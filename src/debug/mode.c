/* SPDX-License-Identifier: MIT */
/*
 * mode.c - debug mode: a watcher that measures, and a table of what was made where.
 *
 *     table:  task ──► place, trace of its error      by the loop's hooks
 *             block ──► size                          by the pool's slow way
 *
 * Blocks that the pool has cut and that are in none of its free lists at the loop's
 * close are alive: those that look like a call before its start were never awaited.
 *
 * A signal handler may look for a place meanwhile: a table that grows is complete
 * before it takes the old one's place.
 */
#define _GNU_SOURCE

#include "debug.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SLOW_DEFAULT CORO_MS(100)
#define SPANS_MAX 32 /* more than an eager task may be inside of eager ones */
#define TABLE_MIN 64 /* entries; a power of 2 */

typedef struct entry {
    const void *key;
    const char *place;
    coro_kept_trace *trace;
    size_t size;    /* of a block of the pool; 0: it is none, or was given back */
    bool free;      /* it is in a free list */
} entry;

typedef struct table {
    size_t capacity, used;
    entry entries[];
} table;

/* A resume or a callback that lasts. */
typedef struct span {
    coro_time began;
    const coro_descriptor *from; /* where the task stood */
    unsigned line;
} span;

typedef struct debug_mode {
    coro_watcher watcher;
    coro_pool_watch pool;
    coro_loop *loop;
    coro_allocator allocator;
    table *table;
    coro_duration slow;
    span spans[SPANS_MAX]; /* one inside the other: an eager task runs while its maker does */
    unsigned depth;
    long thread;
    char thread_name[16];
} debug_mode;

static const coro_loop_hooks debug_hooks;

/* --- the table ---------------------------------------------------------------------------- */

static size_t table_size(size_t capacity)
{
    return sizeof(table) + capacity * sizeof(entry);
}

static entry *slot(table *in, const void *key)
{
    size_t mask = in->capacity - 1;
    size_t index = (size_t)(((uintptr_t)key >> 4) * UINT64_C(0x9e3779b97f4a7c15) >> 20) & mask;
    while (in->entries[index].key != NULL && in->entries[index].key != key)
        index = (index + 1) & mask;
    return &in->entries[index];
}

static entry *look_up(const debug_mode *mode, const void *key)
{
    entry *found = slot(mode->table, key);
    return found->key != NULL ? found : NULL;
}

static table *new_table(debug_mode *mode, size_t capacity)
{
    table *fresh = mode->allocator.resize(mode->allocator.context, NULL, 0, table_size(capacity));
    if (fresh != NULL) {
        memset(fresh, 0, table_size(capacity));
        fresh->capacity = capacity;
    }
    return fresh;
}

static void free_table(debug_mode *mode, table *old)
{
    mode->allocator.resize(mode->allocator.context, old, table_size(old->capacity), 0);
}

static bool is_dead(const entry *each)
{
    return each->key == NULL || (each->size == 0 && each->place == NULL && each->trace == NULL);
}

static bool grow(debug_mode *mode)
{
    table *old = mode->table, *fresh;
    size_t live = 0;
    for (size_t i = 0; i < old->capacity; i++)
        live += !is_dead(&old->entries[i]);
    fresh = new_table(mode, live > old->capacity / 2 ? 2 * old->capacity : old->capacity);
    if (fresh == NULL)
        return false;
    for (size_t i = 0; i < old->capacity; i++)
        if (!is_dead(&old->entries[i]))
            *slot(fresh, old->entries[i].key) = old->entries[i];
    fresh->used = live;
    atomic_signal_fence(memory_order_seq_cst);
    mode->table = fresh;
    atomic_signal_fence(memory_order_seq_cst);
    free_table(mode, old);
    return true;
}

/* The entry of a key, made where there is none; NULL: no memory, so that it will not be known. */
static entry *enter(debug_mode *mode, const void *key)
{
    entry *found = slot(mode->table, key);
    if (found->key != NULL)
        return found;
    if (mode->table->used >= mode->table->capacity / 4 * 3) {
        if (!grow(mode))
            return NULL;
        found = slot(mode->table, key);
    }
    mode->table->used++;
    found->key = key;
    return found;
}

static void forget_trace(debug_mode *mode, entry *of)
{
    coro_kept_trace *trace = of->trace;
    of->trace = NULL;
    if (trace != NULL)
        mode->allocator.resize(mode->allocator.context, trace, sizeof *trace, 0);
}

/* --- the pool's blocks -------------------------------------------------------------------- */

static debug_mode *of_pool(coro_pool_watch *watch)
{
    return coro_container_of(watch, debug_mode, pool);
}

static void block_cut(coro_pool_watch *watch, void *block, size_t size)
{
    entry *of = enter(of_pool(watch), block);
    if (of != NULL)
        of->size = size;
}

static void block_given(coro_pool_watch *watch, void *block)
{
    entry *of = look_up(of_pool(watch), block);
    if (of == NULL)
        return;
    forget_trace(of_pool(watch), of);
    of->size = 0;
    of->place = NULL;
}

static void mark_free(debug_mode *mode)
{
    for (size_t class = 1; class <= CORO_POOL_CLASSES; class++)
        for (void **block = mode->loop->pool.free[class]; block != NULL; block = *block) {
            entry *of = look_up(mode, block);
            if (of != NULL)
                of->free = true;
        }
}

/* A live block that is a call before its start: nothing else begins like one. */
static coro_header *unstarted(const entry *of)
{
    coro_header *frame = (coro_header *)(uintptr_t)of->key;
    const coro_descriptor *descriptor;
    if (of->size < sizeof *frame || of->free || frame->flags != CORO_FRAME_POOL_ ||
        frame->state != CORO_STATE_START_ || frame->caller != NULL || frame->error != 0)
        return NULL;
    descriptor = frame->descriptor;
    if (descriptor == NULL || descriptor->size > of->size || descriptor->size + 16 <= of->size)
        return NULL;
    return frame;
}

static void report(debug_mode *mode, coro_report_kind kind, const coro_task *task, int error,
                   const char *message)
{
    coro_report made = {kind, mode->loop, task, error, message};
    coro_loop_report(mode->loop, &made);
}

static void report_unawaited(debug_mode *mode, const coro_descriptor *descriptor)
{
    char text[256];
    coro_sink sink;
    coro_sink_to_buffer(&sink, text, sizeof text);
    coro_sink_text(&sink, "a call of ");
    coro_sink_text(&sink, descriptor->name);
    coro_sink_text(&sink, " (defined in ");
    coro_sink_text(&sink, descriptor->file);
    coro_sink_text(&sink, ") was made, but never awaited");
    coro_sink_end(&sink);
    report(mode, CORO_REPORT_NEVER_AWAITED, NULL, 0, text);
}

static void find_unawaited(debug_mode *mode)
{
    coro_header *call = &mode->loop->pool.call.coro;
    if (call->state == CORO_STATE_START_)
        report_unawaited(mode, call->descriptor);
    mark_free(mode);
    for (size_t i = 0; i < mode->table->capacity; i++) {
        coro_header *frame = unstarted(&mode->table->entries[i]);
        if (frame == NULL)
            continue;
        report_unawaited(mode, frame->descriptor);
        if (CORO_POOL_LISTS_ && mode->table->entries[i].size <= CORO_POOL_CLASSES * 16)
            continue; /* its memory goes with the pool's chunks */
        coro_discard_(frame);
        mark_free(mode);
    }
}

/* --- what lasts too long ------------------------------------------------------------------ */

static void begin(debug_mode *mode, const coro_header *frame)
{
    span *now = &mode->spans[mode->depth % SPANS_MAX];
    mode->depth++;
    now->began = mode->loop->backend->now(mode->loop);
    now->from = frame != NULL ? frame->descriptor : NULL;
    now->line = frame != NULL ? coro_frame_line(frame) : 0;
}

/* The innermost span has ended: NULL, or it was slow. */
static const span *slow_end(debug_mode *mode, coro_duration *duration)
{
    const span *last;
    if (mode->depth == 0) /* it began before debug mode did */
        return NULL;
    last = &mode->spans[--mode->depth % SPANS_MAX];
    *duration = mode->loop->backend->now(mode->loop) - last->began;
    return *duration >= mode->slow ? last : NULL;
}

static void resumed(coro_watcher *watcher, coro_loop *loop, coro_task *task)
{
    (void)loop;
    begin(watcher->context, task->driver.frame);
}

static void end_task(debug_mode *mode, const coro_task *task, bool end)
{
    coro_duration duration;
    const span *slow = slow_end(mode, &duration);
    char text[512];
    coro_sink sink;
    if (slow == NULL)
        return;
    coro_sink_to_buffer(&sink, text, sizeof text);
    coro_sink_text(&sink, "kept the loop busy for ");
    coro_sink_seconds(&sink, duration);
    coro_sink_text(&sink, ", from ");
    coro_tree_place(&sink, slow->from, slow->line);
    coro_sink_text(&sink, " to ");
    if (end)
        coro_sink_text(&sink, "its end");
    else
        coro_tree_place(&sink, task->driver.frame->descriptor,
                        coro_frame_line(task->driver.frame));
    coro_sink_end(&sink);
    report(mode, CORO_REPORT_SLOW, task, 0, text);
}

static void suspended(coro_watcher *watcher, coro_loop *loop, coro_task *task)
{
    (void)loop;
    end_task(watcher->context, task, false);
}

/* The error's way is kept: the loop has room for one only, and somebody may fail meanwhile. */
static void keep_trace(debug_mode *mode, coro_loop *loop, const coro_task *task)
{
#if CORO_TRACE_DEPTH
    entry *of;
    if (task->driver.frame->error == 0 || loop->trace.task != task ||
        loop->trace.error != task->driver.frame->error)
        return;
    of = enter(mode, task);
    if (of == NULL)
        return;
    forget_trace(mode, of);
    of->trace = mode->allocator.resize(mode->allocator.context, NULL, 0, sizeof *of->trace);
    if (of->trace == NULL)
        return;
    of->trace->count = loop->trace.count;
    memcpy(of->trace->entries, loop->trace.entries, sizeof of->trace->entries);
#else
    (void)mode, (void)loop, (void)task;
#endif
}

static void ended(coro_watcher *watcher, coro_loop *loop, coro_task *task)
{
    keep_trace(watcher->context, loop, task);
    end_task(watcher->context, task, true);
}

static void callback_began(coro_watcher *watcher, coro_loop *loop, coro_callback function)
{
    (void)loop, (void)function;
    begin(watcher->context, NULL);
}

static void callback_ended(coro_watcher *watcher, coro_loop *loop, coro_callback function)
{
    char text[128];
    coro_sink sink;
    coro_duration duration;
    (void)loop;
    if (slow_end(watcher->context, &duration) == NULL)
        return;
    coro_sink_to_buffer(&sink, text, sizeof text);
    coro_sink_text(&sink, "callback ");
    coro_sink_pointer(&sink, (const void *)(uintptr_t)function);
    coro_sink_text(&sink, " kept the loop busy for ");
    coro_sink_seconds(&sink, duration);
    coro_sink_end(&sink);
    report(watcher->context, CORO_REPORT_SLOW, NULL, 0, text);
}

/* --- tasks, and the end ------------------------------------------------------------------- */

static void made(coro_watcher *watcher, coro_loop *loop, coro_task *task, const char *place)
{
    entry *of = enter(watcher->context, task);
    (void)loop;
    if (of == NULL)
        return;
    forget_trace(watcher->context, of);
    of->place = place;
}

static void report_alive(void *context, const coro_task *task)
{
    report(context, CORO_REPORT_ALIVE_AT_CLOSE, task, 0, "had not ended when its loop was closed");
}

static void closing(coro_watcher *watcher, coro_loop *loop)
{
    coro_graph_each(loop, report_alive, watcher->context);
}

static void closed(coro_watcher *watcher, coro_loop *loop)
{
    debug_mode *mode = watcher->context;
    find_unawaited(mode);
    coro_loop_unwatch(loop, watcher);
    loop->pool.watch = NULL;
    for (size_t i = 0; i < mode->table->capacity; i++)
        forget_trace(mode, &mode->table->entries[i]);
    free_table(mode, mode->table);
    mode->allocator.resize(mode->allocator.context, mode, sizeof *mode, 0);
}

static const coro_loop_hooks debug_hooks = {
    .task_made = made,
    .task_resumed = resumed,
    .task_suspended = suspended,
    .task_ended = ended,
    .callback_began = callback_began,
    .callback_ended = callback_ended,
    .loop_closing = closing,
    .loop_closed = closed,
};

static debug_mode *mode_of(const coro_loop *loop)
{
    coro_watcher *each = loop->watchers;
    while (each != NULL && each->hooks != &debug_hooks)
        each = each->next;
    return each != NULL ? each->context : NULL;
}

/* Reports of a loop whose owner named nobody to tell. */
static void say_it_all(coro_loop *loop)
{
    if (loop->report == NULL)
        coro_loop_set_report(loop, coro_report_to_stderr, NULL);
}

int coro_debug_enable(coro_loop *loop, const coro_debug_options *options)
{
    coro_allocator allocator = loop->pool.allocator;
    debug_mode *mode;
    coro_check_thread(loop);
    if (mode_of(loop) != NULL)
        return CORO_EALREADY;
    if (allocator.resize == NULL) /* a loop that has only an arena */
        allocator.resize = coro_heap_resize;
    mode = allocator.resize(allocator.context, NULL, 0, sizeof *mode);
    if (mode == NULL)
        return CORO_ENOMEM;
    memset(mode, 0, sizeof *mode);
    mode->allocator = allocator;
    mode->table = new_table(mode, TABLE_MIN);
    if (mode->table == NULL) {
        allocator.resize(allocator.context, mode, sizeof *mode, 0);
        return CORO_ENOMEM;
    }
    say_it_all(loop);
    mode->loop = loop;
    mode->slow = options != NULL && options->slow > 0 ? options->slow : SLOW_DEFAULT;
    if (options != NULL && options->slow_all)
        mode->slow = 0;
    mode->thread = syscall(SYS_gettid);
    pthread_getname_np(pthread_self(), mode->thread_name, sizeof mode->thread_name);
    mode->pool = (coro_pool_watch){block_cut, block_given};
    mode->watcher = (coro_watcher){.hooks = &debug_hooks, .context = mode};
    loop->pool.watch = &mode->pool;
    coro_loop_watch(loop, &mode->watcher);
    return 0;
}

void coro_debug_from_environment_(coro_loop *loop)
{
    const char *wanted = getenv("CORO_DEBUG");
    say_it_all(loop);
    if (wanted != NULL && *wanted != '\0' && strcmp(wanted, "0") != 0 &&
        coro_debug_enable(loop, NULL) == CORO_ENOMEM)
        fputs("coro: no memory for CORO_DEBUG\n", stderr);
}

/* --- asking ------------------------------------------------------------------------------- */

static const entry *entry_of(const coro_task *task)
{
    const debug_mode *mode = task->driver.loop != NULL ? mode_of(task->driver.loop) : NULL;
    return mode != NULL ? look_up(mode, task) : NULL;
}

const char *coro_task_place(const coro_task *task)
{
    const entry *of = entry_of(task);
    return of != NULL ? of->place : NULL;
}

const coro_kept_trace *coro_debug_trace(const coro_task *task)
{
    const entry *of = entry_of(task);
    return of != NULL ? of->trace : NULL;
}

void coro_wrong_thread_(const coro_loop *loop)
{
    const debug_mode *mode = mode_of(loop);
    char text[256];
    coro_sink sink;
    coro_sink_to_buffer(&sink, text, sizeof text);
    coro_sink_text(&sink, "a loop was used in another thread than its own, which is ");
    if (mode != NULL) {
        coro_sink_text(&sink, "\"");
        coro_sink_text(&sink, mode->thread_name);
        coro_sink_text(&sink, "\" (");
        coro_sink_number(&sink, (uint64_t)mode->thread);
        coro_sink_text(&sink, ")");
    } else {
        coro_sink_text(&sink, "the one that made it (CORO_DEBUG=1 names it)");
    }
    coro_sink_text(&sink, "; hand the work over: coro_remote_post in coro/remote.h");
    coro_sink_end(&sink);
    coro_trap(__FILE__, __LINE__, text);
}
