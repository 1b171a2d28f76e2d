/* SPDX-License-Identifier: MIT */
/*
 * kernel.h - what the kernel's files tell each other, and nobody else.
 */
#ifndef CORO_KERNEL_KERNEL_H
#define CORO_KERNEL_KERNEL_H

#include "backend.h"
#include "wait.h"

#include <coro/future.h>
#include <coro/group.h>
#include <coro/loop.h>
#include <coro/scope.h>

#define coro_container_of(pointer, type, member)                                                   \
    ((type *)(void *)((char *)(pointer)-offsetof(type, member)))

/* report.c */
void coro_report_print(const coro_report *report);

/* frame.c */

/* An error of a frame that says "my result is another frame's": see coro_forward. */
#define CORO_FORWARDED_ 2

/* The frame of a function that passes a call's result through: wait_for. */
typedef struct coro_forward {
    coro_header coro;
    coro_header *inner;
} coro_forward;

/* Make a call outlive the loop's record: the call itself, its copy, or the failed frame. */
coro_header *coro_frame_keep(coro_header *call);
/* Follow forwards to the frame that has the result; the wrappers are freed. */
coro_header *coro_frame_resolve(coro_header *frame);
/* Free a finished frame, and first what its result holds, if nobody has taken it. */
void *coro_heap_resize(void *context, void *block, size_t old, size_t fresh);

/* pool.c */
void coro_pool_init(coro_pool *pool, coro_allocator allocator, void *arena, size_t size);
void coro_pool_close(coro_pool *pool);

/* loop.c: as coro_check_thread, which nobody needs to call while the loop runs. */
CORO_FAST void coro_check_here(const coro_loop *loop)
{
    if (CORO_UNLIKELY(coro_pool_current_ != &loop->pool))
        coro_check_thread(loop);
}

/* timer_heap.c, timer_list.c */
enum { CORO_TIMER_SLEEP, CORO_TIMER_SCOPE };
int coro_timers_reserve_slow(coro_loop *loop);
CORO_FAST int coro_timers_reserve(coro_loop *loop)
{
#if CORO_TIME_BITS == 64
    if (CORO_UNLIKELY(loop->timers.reserved == loop->timers.capacity))
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
bool coro_timers_next(const coro_loop *loop, coro_time *deadline);
/* Take the first that is due; its kind, or -1. */
int coro_timers_expire(coro_loop *loop, coro_time now, coro_timer **timer);
void coro_timers_close(coro_loop *loop);
coro_time coro_time_after(coro_time now, coro_duration delay);

/* loop.c */
void coro_loop_forget(coro_loop *loop, coro_task *task);

/* sleep.c */
void coro_sleep_expired(coro_task *task);

/* task.c */
void coro_task_ended(coro_task *task);
void coro_task_destroy(coro_task *task);
int coro_task_make(coro_loop *loop, coro_task **out, coro_header *call);
void coro_task_destroy_tree(coro_task *task);
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
    if (task->sibling == task) {
        *ring = NULL;
    } else {
        task->elder->sibling = task->sibling;
        task->sibling->elder = task->elder;
        if (*ring == task)
            *ring = task->sibling;
    }
    task->sibling = task->elder = NULL;
}
void coro_task_list_free(coro_task *first);
bool coro_task_join_is_done(const coro_header *call);
bool coro_is_join(const coro_header *call);
/* The task that a waiting task joins; NULL when it waits for something else. */
coro_task *coro_join_target(const coro_task *waiter);
#endif

#if CORO_SCOPES
/* cancel.c */
void coro_cancel_tree(coro_task *task);
void coro_cancel_settle(coro_task *task);
void coro_cancel_left(coro_task *task, const coro_header *frame);
bool coro_cancel_around(const coro_task *task, const coro_scope *scope);
bool coro_cancel_outside(coro_task *task, const coro_header *frame, const coro_scope *scope);
void coro_cancel_unmask(coro_task *task, coro_header *frame);

/* scope.c */
void coro_scope_enter(coro_driver *driver, coro_header *frame, coro_scope *scope, unsigned flags);
void coro_scope_expired(coro_scope *scope);

/* future.c */
bool coro_is_future_wait(const coro_header *call);

/* group.c */
void coro_group_child_ended(coro_group *group, coro_task *task, int error);
#endif

#endif
