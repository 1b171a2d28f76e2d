/* SPDX-License-Identifier: MIT */
/*
 * lock.h - what a condition needs of its lock, and a report of both.
 *
 * A task in a lock's line has in wait.a.number how its wait will end once it owns
 * the lock: 0, or the error that a condition's waiter was left with.
 */
#ifndef CORO_KERNEL_LOCK_H
#define CORO_KERNEL_LOCK_H

#include "kernel.h"

#include <coro/lock.h>

/* The next in line owns it, or nobody. */
void coro_lock_hand_over(coro_lock *lock);

/* The task owns it: true; or it goes to the end of the line. */
bool coro_lock_enter(coro_lock *lock, coro_task *task);

#if CORO_SCOPES
extern const coro_wait_type coro_lock_wait_type;

/* The lock that a waiting task waits for, its condition's or another; else NULL. */
const coro_lock *coro_lock_waited_for(const coro_task *task);
#endif

#endif
