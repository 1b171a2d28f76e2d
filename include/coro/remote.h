/* SPDX-License-Identifier: MIT */
/*
 * coro/remote.h - reach a loop from another thread.
 *
 *     coro_remote *remote = coro_remote_open(loop);    // loop thread
 *     ...
 *     coro_remote_post(remote, &message);              // any thread: message.run
 *     coro_remote_release(remote);                     //   is called in the loop
 *
 * Threads never hold the loop but a reference to its remote, which stays valid
 * when the loop is closed: it then answers CORO_ECLOSED. A post is lock-free,
 * and a system call only when the loop sleeps. What was accepted runs, once, in
 * the order of one thread's posts; a closing loop runs what it still finds.
 *
 * While a remote is open the loop does not call itself deadlocked.
 * Memory: messages are the caller's, until they run. Threads: see each.
 */
#ifndef CORO_REMOTE_H
#define CORO_REMOTE_H

#include <coro/flag.h>
#include <coro/loop.h>

#if CORO_HOSTED

CORO_BEGIN_DECLS

typedef struct coro_remote coro_remote;

/* A piece of work for the loop; put it first in a struct of yours. */
typedef struct coro_message {
    struct coro_message *next;
    void (*run)(struct coro_message *message); /* in the loop's thread, outside of tasks */
} coro_message;

/* A new reference to the loop's remote. NULL: memory or descriptors are short, or the loop's
 * backend knows no threads. Loop thread. */
CORO_API CORO_NODISCARD coro_remote *coro_remote_open(coro_loop *loop);

/* Any thread. NULL is fine for release. */
CORO_API coro_remote *coro_remote_retain(coro_remote *remote);
CORO_API void coro_remote_release(coro_remote *remote);

/* Have message->run(message) called in the loop. 0, or CORO_ECLOSED: it will not
 * be, and the message is the caller's again. Any thread, signal handlers. Never blocks. */
CORO_API int coro_remote_post(coro_remote *remote, coro_message *message);

/* A flag that any thread may set. Double set is free. It must outlive the loop's turn that
 * follows the last set, or the loop. */
typedef struct coro_remote_flag {
    coro_message message;
    coro_flag flag;
    int posted; /* atomic */
} coro_remote_flag;

CORO_API void coro_remote_flag_init(coro_remote_flag *flag);
/* 0 or CORO_ECLOSED. Any thread, signal handlers. Who sets it while another thread does hears 0
 * even when the loop closes at that moment; nobody waits for it then. */
CORO_API int coro_remote_flag_set(coro_remote *remote, coro_remote_flag *flag);
/* Wait for it in the loop: AWAIT(coro_remote_flag_wait(&flag)). */
static inline CORO_NODISCARD coro_void *coro_remote_flag_wait(coro_remote_flag *flag)
{
    return coro_flag_wait(&flag->flag);
}

CORO_END_DECLS

#endif

#endif
