/* SPDX-License-Identifier: MIT */
/*
 * items.h - what queues and channels have in common: items that are copied, and
 * whole lines of waiters that are woken.
 */
#ifndef CORO_KERNEL_ITEMS_H
#define CORO_KERNEL_ITEMS_H

#include "kernel.h"

/* The two do not overlap. */
CORO_FAST void coro_item_copy(void *to, const void *from, size_t size)
{
#if CORO_HOSTED && (defined(__GNUC__) || defined(__clang__))
    __builtin_memcpy(to, from, size);
#else
    for (size_t i = 0; i < size; i++)
        ((volatile char *)to)[i] = ((const char *)from)[i];
#endif
}

/* All of a line, first come first. */
static inline void coro_waiters_wake_all(coro_waiters *waiters, int error)
{
    for (coro_task *task; (task = coro_waiters_pop(waiters)) != NULL;)
        coro_wait_done(task, error);
}

#if CORO_SCOPES
/* Those of a line who wait for `object`, and nobody else. */
static inline void coro_waiters_wake_of(coro_waiters *waiters, const void *object, int error)
{
    coro_task *task = waiters->first, *last = task != NULL ? task->prev : NULL, *next;
    for (bool is_last = task == NULL; !is_last; task = next) {
        is_last = task == last;
        next = task->next;
        if (task->wait.object != object)
            continue;
        coro_waiters_remove(waiters, task);
        coro_wait_done(task, error);
    }
}

/* How many they are. */
static inline size_t coro_waiters_count(const coro_waiters *waiters)
{
    size_t count = 0;
    const coro_task *task = waiters->first;
    if (task != NULL) {
        do
            count++;
        while ((task = task->next) != waiters->first);
    }
    return count;
}
#endif

#endif
