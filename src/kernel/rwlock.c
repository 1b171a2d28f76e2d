/* SPDX-License-Identifier: MIT */
/*
 * rwlock.c - one line for readers and writers.
 *
 *     [R R] ◄── line: W R R W R        two read; the next release lets W in,
 *                                      its release both R behind it
 *
 * Invariants. R1: there is a writer, or there are readers, or neither. R2: the
 * first in line cannot be let in. Whoever changes either calls let_in.
 */
#include <coro/rwlock.h>

#include "kernel.h"

enum { READER, WRITER }; /* in wait.a.number of who waits */

static bool has_room(const coro_rwlock *lock, int kind)
{
    return lock->writer == NULL && (kind == READER || lock->readers == 0);
}

static void enter(coro_rwlock *lock, coro_task *task, int kind)
{
    if (kind == WRITER)
        lock->writer = task;
    else
        lock->readers++;
}

static void let_in(coro_rwlock *lock)
{
    for (coro_task *task; (task = lock->waiters.first) != NULL;) {
        int kind = task->wait.a.number;
        if (!has_room(lock, kind))
            break;
        coro_waiters_pop(&lock->waiters);
        enter(lock, task, kind);
        coro_wait_done(task, 0);
    }
}

static bool try_acquire(coro_rwlock *lock, int kind)
{
    coro_task *task = coro_current_task();
    CORO_CHECK(task != NULL, "coro_rwlock_try_acquire is for tasks, because a writer is one");
    if (lock->waiters.first != NULL || !has_room(lock, kind))
        return false;
    enter(lock, task, kind);
    return true;
}

bool coro_rwlock_try_acquire_read(coro_rwlock *lock)
{
    return try_acquire(lock, READER);
}

bool coro_rwlock_try_acquire_write(coro_rwlock *lock)
{
    return try_acquire(lock, WRITER);
}

int coro_rwlock_release(coro_rwlock *lock)
{
    if (lock->writer != NULL) {
        if (lock->writer != coro_current_task())
            return CORO_EPERM;
        lock->writer = NULL;
    } else {
        if (lock->readers == 0)
            return CORO_EPERM;
        lock->readers--;
    }
    let_in(lock);
    return 0;
}

static inline int start(coro_task *task, coro_call *call, int kind)
{
    coro_rwlock *lock = call->object;
    if (lock->writer == task)
        return CORO_EDEADLK;
    if (lock->waiters.first == NULL && has_room(lock, kind)) {
        enter(lock, task, kind);
        return 0;
    }
    coro_wait_on(task, lock);
    task->wait.a.number = kind;
    coro_waiters_push(&lock->waiters, task);
    return CORO_PENDING_;
}

static int read_start(coro_task *task, coro_call *call)
{
    return start(task, call, READER);
}

static int write_start(coro_task *task, coro_call *call)
{
    return start(task, call, WRITER);
}

#if CORO_SCOPES
/* Readers behind a writer that has gone may find room. */
static bool acquire_cancel(coro_task *task)
{
    coro_rwlock *lock = task->wait.object;
    coro_waiters_remove(&lock->waiters, task);
    let_in(lock);
    return true;
}

static const coro_wait_type read_type = {CORO_VERB_("rwlock read") acquire_cancel, NULL, NULL,
                                         false};
static const coro_wait_type write_type = {CORO_VERB_("rwlock write") acquire_cancel, NULL, NULL,
                                          false};
#define TYPE(name) &name##_type
#else
#define TYPE(name) NULL
#endif

CORO_LEAF_INLINE(coro_rwlock_acquire_read, TYPE(read), read_start, 0);
CORO_LEAF_INLINE(coro_rwlock_acquire_write, TYPE(write), write_start, 0);
