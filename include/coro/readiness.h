/* SPDX-License-Identifier: MIT */
/*
 * coro/readiness.h - descriptors of other libraries: wait until one can be used.
 *
 *     AWAIT(self->ready, coro_wait_fd(fd, CORO_READABLE));           // once, in a task
 *     error = coro_loop_add_reader(loop, fd, drain, &state);         // again and again
 *
 * For what does its own system calls: a database's client, an inotify, a GUI's
 * connection. The descriptor stays the caller's in every respect, and may block or
 * not. It is ready when a call would not block: bytes, an end, a hang-up, an error, a
 * connection to accept. A regular file is ready always.
 *
 * One waiter for each direction of a descriptor. Streams and sockets of this
 * library wait for themselves: theirs are CORO_EBUSY here.
 *
 * Say coro_notify_closing(fd) before you close one that is waited for: the system
 * tells nobody, and the next file with its number would meet the old waiters.
 *
 * What each wait costs: one poll(2); if it is not ready two epoll_ctl(2), and a
 * record from the loop's pool. Threads: the loop's.
 */
#ifndef CORO_READINESS_H
#define CORO_READINESS_H

#include <coro/callback.h>

#if CORO_HOSTED && CORO_SCOPES

CORO_BEGIN_DECLS

enum { CORO_READABLE = 1, CORO_WRITABLE = 2 };

/*
 * Wait for one of these events, or for either. The result says which there are. A
 * cancelled wait is gone at once, and takes nothing with it.
 *
 * CORO_EINVAL: no events, or others. CORO_EBADF: no open descriptor, or its number
 * is another's now. CORO_EBUSY: it has a waiter for this direction already, or belongs
 * to a stream. CORO_ECLOSED: coro_notify_closing. CORO_ENOMEM. CORO_ENOSYS: the loop
 * waits for no descriptors (a simulation). What else the system says of a
 * descriptor that it cannot watch fails this wait, and no other.
 */
CORO_API CORO_NODISCARD coro_int *coro_wait_fd(int fd, unsigned events);

/*
 * Have function(context) called in each turn of the loop in which fd is ready; if
 * nothing takes the reason away, it is called again. One that is there already is
 * replaced. 0, or the errors of coro_wait_fd, and then nothing has changed.
 */
CORO_API int coro_loop_add_reader(coro_loop *loop, int fd, coro_callback function, void *context);
CORO_API int coro_loop_add_writer(coro_loop *loop, int fd, coro_callback function, void *context);

/* True: it will not be called any more. False: there was none. Also inside the function. */
CORO_API bool coro_loop_remove_reader(coro_loop *loop, int fd);
CORO_API bool coro_loop_remove_writer(coro_loop *loop, int fd);

/* fd is going to be closed: who waits for it in the running loop gets CORO_ECLOSED, its reader and
 * writer are removed. Never suspends; of others nothing happens. */
CORO_API void coro_notify_closing(int fd);

CORO_END_DECLS

#endif

#endif
