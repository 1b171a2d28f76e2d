/* SPDX-License-Identifier: MIT */
/*
 * coro/coro.h - everything, and the map of it. The headers are authoritative:
 * where a document says something else, the document is wrong.
 *
 *   coroutines          async.h      ASYNC, AWAIT, TRY, FINALLY, RETURN, THROW
 *                       clauses.h    how ASYNC makes a frame of its clauses
 *                       frame.h      what is beneath them; coro_resume without a loop
 *   who runs them       run.h        coro_main, coro_run
 *                       loop.h       the loop, its turn, its options
 *                       task.h       create_task, join, cancel, sleep
 *   what bounds them    scope.h      CORO_TIMEOUT, CORO_SHIELD, wait_for, shield
 *                       group.h      CORO_GROUP
 *                       gather.h     gather
 *   how they meet       future.h     future
 *                       queue.h      bounded queue
 *                       semaphore.h  semaphore; a lock with one permit
 *                       flag.h       one bit, one waiter
 *                       remote.h     from other threads
 *   the world outside   stream.h     bytes, lines, limits; in memory too
 *                       net.h        TCP: connect, serve, raw sockets
 *                       signals.h    Unix signals
 *   numbers             error.h      CORO_E…
 *                       clock.h      time
 *                       config.h     what is built in
 *   for your tests      test.h       virtual time, shuffled order, failing memory
 *                                    (not included here)
 */
#ifndef CORO_CORO_H
#define CORO_CORO_H

#include <coro/async.h>
#include <coro/clauses.h>
#include <coro/clock.h>
#include <coro/config.h>
#include <coro/error.h>
#include <coro/flag.h>
#include <coro/frame.h>
#include <coro/future.h>
#include <coro/gather.h>
#include <coro/group.h>
#include <coro/loop.h>
#include <coro/queue.h>
#include <coro/remote.h>
#include <coro/run.h>
#include <coro/scope.h>
#include <coro/semaphore.h>
#include <coro/stream.h>
#include <coro/task.h>

#if CORO_HOSTED
#include <coro/net.h>
#include <coro/signals.h>
#endif

#endif
