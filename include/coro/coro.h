/* SPDX-License-Identifier: MIT */
/*
 * coro/coro.h - everything, and the map of it. The headers are authoritative:
 * where a document says something else, the document is wrong.
 *
 *   coroutines          async.h      ASYNC, AWAIT, TRY, FINALLY, RETURN, THROW
 *                       await.h      what AWAIT is made of
 *                       clauses.h    how ASYNC makes a frame of its clauses
 *                       frame.h      what is beneath them; driver.h: run one without a loop
 *                       generator.h  YIELD, CORO_FOR_AWAIT, CORO_FOR
 *                       iterate.h    map, filter, take, collect over generators
 *   who runs them       run.h        coro_main, coro_run
 *                       runner.h     several runs on one loop; ^C
 *                       loop.h       the loop, its turn, its options
 *                       callback.h   plain functions that the loop calls, soon or later
 *                       task.h       create_task, join, cancel, sleep
 *                       context.h    variables of a task and what it starts
 *   what bounds them    scope.h      CORO_TIMEOUT, CORO_SHIELD, wait_for, shield
 *                       group.h      CORO_GROUP
 *                       gather.h     gather; select.h: select, race; staggered.h
 *                       wait.h       wait for some of several tasks; as_completed.h
 *   how they meet       future.h     future
 *                       thread_future.h  the same between threads; calls into a loop
 *                       queue.h      bounded queue; lifo_queue.h, priority_queue.h
 *                       channel.h    a queue with senders, receivers and an end
 *                       oneshot.h    one value, once: a request's reply
 *                       broadcast.h  each receiver sees each value
 *                       watch_channel.h  the latest value, and that it has changed
 *                       lock.h       one at a time; rwlock.h: or many readers
 *                       condition.h  wait under a lock for a change
 *                       semaphore.h  at most so many; limiter.h: and it is known who
 *                       event.h      it has happened: all go on
 *                       barrier.h    all wait for each other
 *                       once.h       done once, by whoever comes first
 *                       with.h       CORO_WITH: acquire, run a block, release
 *                       flag.h       one bit, one waiter; ring.h: bytes. Also from interrupts
 *                       rate_limiter.h   so many a second; interval.h: ticks; retry.h: once more
 *                       remote.h     from other threads
 *                       executor.h   work that blocks, in threads: to_thread
 *   the world outside   stream.h     bytes, lines, limits; in memory too
 *                       datagram.h   UDP and Unix datagrams, batches, groups
 *                       net.h        connect; server.h: servers; sock.h: bare sockets
 *                       readiness.h  descriptors of other libraries
 *                       tls.h        TLS over any stream: the library coro-tls
 *                       serve_threads.h  a server in several loops, each in a thread
 *                       pipe.h       pipes, terminals, devices as streams
 *                       address.h    addresses and their text; names.h: their names
 *                       process.h    other programs; signals.h: Unix signals
 *                       process_pool.h  calls in processes of their own
 *                       terminal.h   stdin and stdout as streams, raw mode, size
 *                       file.h       files, folders; watch_path.h: what happens to them
 *                       protocol.h   callbacks instead of awaits; net_protocol.h: over TCP
 *                       bare.h       no operating system: clock, sleep, interrupts
 *   to see inside       debug.h      the tree of tasks, debug mode
 *                       watch.h      hooks for traces and metrics
 *   numbers             error.h      CORO_E…
 *                       clock.h      time
 *                       config.h     what is built in
 *   for your tests      test.h       virtual time, shuffled order, failing memory
 *                                    (not included here)
 */
#ifndef CORO_CORO_H
#define CORO_CORO_H

#include <coro/as_completed.h>
#include <coro/async.h>
#include <coro/await.h>
#include <coro/bare.h>
#include <coro/barrier.h>
#include <coro/broadcast.h>
#include <coro/callback.h>
#include <coro/channel.h>
#include <coro/clauses.h>
#include <coro/clock.h>
#include <coro/condition.h>
#include <coro/config.h>
#include <coro/context.h>
#include <coro/driver.h>
#include <coro/error.h>
#include <coro/event.h>
#include <coro/executor.h>
#include <coro/flag.h>
#include <coro/frame.h>
#include <coro/future.h>
#include <coro/gather.h>
#include <coro/generator.h>
#include <coro/group.h>
#include <coro/interval.h>
#include <coro/iterate.h>
#include <coro/lifo_queue.h>
#include <coro/limiter.h>
#include <coro/lock.h>
#include <coro/loop.h>
#include <coro/once.h>
#include <coro/oneshot.h>
#include <coro/pipe.h>
#include <coro/priority_queue.h>
#include <coro/protocol.h>
#include <coro/process.h>
#include <coro/process_protocol.h>
#include <coro/process_pool.h>
#include <coro/queue.h>
#include <coro/rate_limiter.h>
#include <coro/remote.h>
#include <coro/retry.h>
#include <coro/ring.h>
#include <coro/run.h>
#include <coro/runner.h>
#include <coro/rwlock.h>
#include <coro/scope.h>
#include <coro/select.h>
#include <coro/semaphore.h>
#include <coro/staggered.h>
#include <coro/stream.h>
#include <coro/task.h>
#include <coro/terminal.h>
#include <coro/thread_future.h>
#include <coro/wait.h>
#include <coro/watch.h>
#include <coro/watch_channel.h>
#include <coro/with.h>

#if CORO_HOSTED
#include <coro/address.h>
#include <coro/datagram.h>
#include <coro/debug.h>
#include <coro/file.h>
#include <coro/names.h>
#include <coro/net.h>
#include <coro/net_protocol.h>
#include <coro/readiness.h>
#include <coro/serve_threads.h>
#include <coro/server.h>
#include <coro/signals.h>
#include <coro/watch_path.h>
#include <coro/sock.h>
#include <coro/tls.h> /* library coro-tls */
#endif

#endif
