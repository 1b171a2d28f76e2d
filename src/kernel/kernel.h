/* SPDX-License-Identifier: MIT */
/*
 * kernel.h - what the kernel's files tell each other, and nobody else.
 */
#ifndef CORO_KERNEL_KERNEL_H
#define CORO_KERNEL_KERNEL_H

#include "backend.h"
#include "wait.h"

#include <coro/callback.h>
#include <coro/future.h>
#include <coro/group.h>
#include <coro/loop.h>
#include <coro/scope.h>
#include <coro/watch.h>

#define coro_container_of(pointer, type, member)                                                   \
    ((type *)(void *)((char *)(pointer)-offsetof(type, member)))

/*
 * A program of tasks and sleeps alone links neither groups nor generators, context variables,
 * watchers, reasons or reports with trees: what the loop and the tasks would call there is weak,
 * and is called only when a pointer or a flag says that somebody uses it.
 */
#if CORO_HOSTED
/* Defined in src/debug, above: the linker binds them as hooks. What is said of a loop in a wrong
 * thread; and, for coro_run: whole reports on stderr when the owner gave no one to tell, and
 * debug mode if it is wanted. */
CORO_WEAK CORO_NORETURN void coro_wrong_thread_(const coro_loop *loop);
void coro_debug_from_environment_(coro_loop *loop);
/* src/os/heap.c: all of this fresh block of the heap's will be used soon. */
void coro_heap_warm_(void *block, size_t size);
#endif

/* frame.c */

#if !CORO_HOSTED && !CORO_MINIMAL_
/* Does the program use it? See CORO_USES_ in config.h. The pool's is in coro/frame.h. */
extern bool coro_uses_callbacks_, coro_uses_cancel_, coro_uses_closes_, coro_uses_deadlines_,
    coro_uses_forwards_, coro_uses_groups_, coro_uses_hooks_, coro_uses_joins_,
    coro_uses_masks_, coro_uses_rings_, coro_uses_runs_, coro_uses_shields_, coro_uses_stand_ins_,
    coro_uses_stops_;
#endif

/* What a report says of a frame. */
#if CORO_TEXTS && !CORO_MINIMAL_
#define coro_name_of(frame) (frame)->descriptor->name
#define coro_file_of(frame) (frame)->descriptor->file
#else
#define coro_name_of(frame) ((void)(frame), "")
#define coro_file_of(frame) ((void)(frame), "")
#endif

/* An error of a frame that says "my result is another frame's": see coro_forward. */
#define CORO_FORWARDED_ 2

/* The frame of a function that passes a call's result through: wait_for. */
typedef struct coro_forward {
    coro_header coro;
    coro_header *inner;
} coro_forward;

#if CORO_TRACE_DEPTH
/* An error of this frame, a child's root, will be raised in `heir` as well: one trace for both. */
void coro_trace_inherit(coro_loop *loop, const coro_header *frame, coro_task *heir, int error);
/* An error passes `self`, out of `callee`, or is raised in it (NULL). */
void coro_trace_add(coro_driver *driver, const coro_header *self, const coro_header *callee,
                    int error, unsigned line);
#else
#define coro_trace_inherit(loop, frame, heir, error) (void)0
#define coro_trace_add(driver, self, callee, error, line) (void)(line)
#endif

/* Make a call outlive the loop's record: the call itself, its copy, or the failed frame. */
coro_header *coro_frame_keep(coro_header *call);
#if CORO_HOSTED
/* The allocator of a loop that was given none. */
void *coro_heap_resize(void *context, void *block, size_t old, size_t fresh);
#endif

#if !CORO_MINIMAL_
/* pool.c */
void coro_pool_init(coro_pool *pool, coro_allocator allocator, void *arena, size_t size);
void coro_pool_close(coro_pool *pool);
#endif

/* loop.c: as coro_check_thread, which nobody needs to call while the loop runs. */
CORO_FAST void coro_check_here(const coro_loop *loop)
{
#if CORO_HOSTED
    if (CORO_UNLIKELY(coro_pool_current_ != &loop->pool))
        coro_check_thread(loop);
#else
    (void)loop;
#endif
}

/* timer_heap.c, timer_list.c */
enum { CORO_TIMER_SLEEP, CORO_TIMER_SCOPE, CORO_TIMER_CALLBACK };
#if CORO_MINIMAL_ /* a task is its own timer */
#define coro_timer_of(task) (task)
#define coro_timer_task(timer) (timer)
#else
#define coro_timer_of(task) (&(task)->wait.timer)
#define coro_timer_task(timer) coro_container_of((timer), coro_task, wait.timer)
#endif
int coro_timers_reserve_slow(coro_loop *loop);
CORO_FAST int coro_timers_reserve(coro_loop *loop)
{
#if CORO_TIME_BITS == 64
    if (CORO_UNLIKELY(loop->timers.reserved + loop->timers.dead >= loop->timers.capacity))
        return coro_timers_reserve_slow(loop);
    loop->timers.reserved++;
#else
    (void)loop;
#endif
    return 0;
}
CORO_FAST void coro_timers_unreserve(coro_loop *loop)
{
#if CORO_TIME_BITS == 64
    loop->timers.reserved--;
#else
    (void)loop;
#endif
}
void coro_timer_set(coro_loop *loop, int kind, coro_timer *timer, coro_time deadline);
bool coro_timer_clear(coro_loop *loop, int kind, coro_timer *timer);
#if CORO_TIME_BITS == 64
coro_time coro_timer_when(const coro_loop *loop, const coro_timer *timer);
#endif
bool coro_timers_next(const coro_loop *loop, coro_time *deadline);
#if CORO_MINIMAL_
void coro_timers_wake(coro_loop *loop); /* those that are due: tasks, all of them */
#else
/* Take the first that is due; its kind, or -1. */
int coro_timers_expire(coro_loop *loop, coro_time now, coro_timer **timer);
#endif
void coro_timers_close(coro_loop *loop);
coro_time coro_time_after(coro_time now, coro_duration delay);

/* loop.c */
enum { CORO_LOOP_RUNNING_ = 1, CORO_LOOP_CLOSING_ = 2 }; /* loop->running */
void coro_loop_forget(coro_loop *loop, coro_task *task);
void coro_loop_run_hooks(coro_loop *loop); /* hooks.c */
#if CORO_JOINS
bool coro_loop_is_stuck(const coro_loop *loop);
#endif

#if CORO_HOSTED
/* A turn that may wait, and more as long as only tasks want attention. */
void coro_loop_turns(coro_loop *loop);
#else
/* flag.c: wake who waits for a flag that was set meanwhile; would that wake anybody? */
void coro_flags_take(coro_loop *loop);
bool coro_flags_any(const coro_loop *loop);
#endif

/* sleep.c */
void coro_sleep_expired(coro_task *task);

#if CORO_HOSTED
/* watch.c: tell the loop's watchers; for loops that have some. */
typedef enum coro_watch_event {
    CORO_WATCH_RESUMED,
    CORO_WATCH_SUSPENDED,
    CORO_WATCH_ENDED
} coro_watch_event;
CORO_WEAK void coro_watch_made(coro_loop *loop, coro_task *task);
CORO_WEAK void coro_watch_task(coro_loop *loop, coro_task *task, coro_watch_event event);
CORO_WEAK void coro_watch_callback(coro_loop *loop, coro_callback function, bool ended);
CORO_WEAK void coro_watch_wait(coro_loop *loop, bool ended);
CORO_WEAK void coro_watch_close(coro_loop *loop, bool ended);
#endif

/* context.c: for tasks that have one, or whose maker has. */
#if CORO_HOSTED
CORO_WEAK void coro_context_inherit(coro_task *task, uintptr_t from);
CORO_WEAK void coro_context_drop(uintptr_t *word);
CORO_WEAK void coro_context_adopt(coro_loop *loop);
#endif

/* generator.c */
#if CORO_HOSTED
CORO_WEAK void coro_generator_abandon(coro_loop *loop, coro_header *frame);
CORO_WEAK bool coro_generators_close(coro_loop *loop);
#endif

/* task.c */
void coro_task_ended(coro_task *task);
void coro_task_destroy(coro_task *task);
int coro_task_make(coro_loop *loop, coro_task **out, coro_header *call);
void coro_task_destroy_tree(coro_task *task);
#if CORO_HOSTED && CORO_JOINS
/* As coro_task_make, but in no queue. eager.c: run its first step, here and now; it is in a ring.
 * True: it has ended, and may be gone. */
int coro_task_make_idle(coro_loop *loop, coro_task **out, coro_header *call);
bool coro_task_run_now(coro_task *task);
#endif
#if CORO_HOSTED && CORO_SCOPES
/*
 * tasks.c: children whose errors failed a group of the task, kept for coro_group_errors. They
 * share a word with the name: with CORO_TASK_ERRORS_ `label` is the first of them, and the name
 * stands in its `wait`, of which a task that has ended has no use.
 */
CORO_FAST coro_task *coro_task_errors(const coro_task *task)
{
    return task->driver.more & CORO_TASK_ERRORS_ ? (coro_task *)(uintptr_t)task->label : NULL;
}
/* Another list, or NULL; what was there is the caller's to free. */
void coro_task_set_errors(coro_task *task, coro_task *first);
#endif
#if CORO_JOINS
CORO_FAST void coro_ring_add(coro_task **ring, coro_task *task)
{
    coro_task *first = *ring;
    if (first == NULL) {
        task->sibling = task->elder = task;
        *ring = task;
        return;
    }
    task->sibling = first;
    task->elder = first->elder;
    first->elder->sibling = task;
    first->elder = task;
}
CORO_FAST void coro_ring_remove(coro_task **ring, coro_task *task)
{
    task->elder->sibling = task->sibling;
    task->sibling->elder = task->elder;
    if (*ring == task)
        *ring = task->sibling != task ? task->sibling : NULL;
}
/* The tasks of a loop that are in no group: for who ends, or looks at, all of them; so is the
 * number of all, loop->task_count. */
CORO_FAST void coro_loop_keep(coro_loop *loop, coro_task *task)
{
    if (CORO_USES_(rings))
        coro_ring_add(&loop->tasks, task);
}
CORO_FAST void coro_loop_let_go(coro_loop *loop, coro_task *task)
{
    if (CORO_USES_(rings))
        coro_ring_remove(&loop->tasks, task);
}
/* Is anything to be done for a task that nobody holds? Without a pool its memory is the program's:
 * there is at most a result to drop, and an error to report. */
#define CORO_COUNTS_HOLDERS (CORO_USES_(pool) || CORO_USES_(drops) || CORO_USES_(reports))
enum { CORO_HOLDERS_MAX = UINT16_MAX - 2 }; /* two more references are the task's own, at its end */

/* To those who are told of the task's end. */
CORO_FAST void coro_joiners_push(coro_task *task, coro_task *joiner)
{
    CORO_USE_(joins);
    coro_waiters_push(&task->joiners, joiner);
}
void coro_task_list_free(coro_task *first);
bool coro_task_join_is_done(const coro_header *call);
bool coro_is_join(const coro_header *call);
bool coro_is_shield(const coro_header *call);
#if CORO_HOSTED
/* For trees of tasks, where the waiter is WAITING: the task that a join or shield waits for. */
coro_task *coro_wait_target(const coro_task *waiter);
/* gather.c: who awaits the gather of a child, by its root frame; and, from *index on, the next
 * child that has not ended. NULL: none. */
coro_task *coro_gather_waiter(const coro_header *root);
coro_task *coro_gather_next(const coro_task *waiter, size_t *index);
/* wait_tasks.c: the same for coro_wait, by a stand-in among a task's joiners. */
coro_task *coro_wait_waiter(const coro_task *stand_in);
coro_task *coro_wait_next(const coro_task *waiter, size_t *index);
#endif
#endif

#if CORO_SCOPES
/* cancel.c: what the library's own cancels are; those of a program say that it uses them. */
#if CORO_HOSTED
#define coro_task_cancel_too coro_task_cancel
#define coro_scope_cancel_too coro_scope_cancel
#else
bool coro_task_cancel_too(coro_task *task);
bool coro_scope_cancel_too(coro_scope *scope);
#endif
void coro_cancel_tree(coro_task *task);
void coro_cancel_pass_on(coro_loop *loop);
void coro_cancel_wait(coro_task *task);
CORO_WEAK void coro_reason_forget(coro_task *task);
void coro_cancel_settle(coro_task *task);
void coro_cancel_left(coro_task *task, const coro_header *frame);
bool coro_cancel_around(const coro_task *task, const coro_scope *scope);
void coro_cancel_unmask(coro_task *task, coro_header *frame);

/* scope.c */
void coro_scope_enter(coro_driver *driver, coro_header *frame, coro_scope *scope, unsigned flags);
void coro_scope_expired(coro_scope *scope);

/* future.c */
bool coro_is_future_wait(const coro_header *call);

/* group.c */
CORO_WEAK void coro_group_child_ended(coro_group *group, coro_task *task, int error);
#endif

#endif
