/* SPDX-License-Identifier: MIT */
/*
 * backend.h - how a loop waits, as the kernel sees it: one table of functions.
 *
 * The kernel never asks what is waited for. A backend wakes tasks by
 * coro_wait_done (wait.h), and counts in loop->sources what may still wake one.
 * Everything here is called on the loop's thread, except a waker.
 */
#ifndef CORO_KERNEL_BACKEND_H
#define CORO_KERNEL_BACKEND_H

#include <coro/loop.h>

/*
 * Ends a loop's wait from outside. The backend makes it; the loop's inbox holds it, also after
 * the loop's close, until nobody can post any more.
 */
typedef struct coro_waker {
    void (*wake)(struct coro_waker *waker); /* any thread, signal handlers, interrupts */
    void (*free)(struct coro_waker *waker); /* once, by the last one who could wake */
} coro_waker;

/* What a turn looks at besides its tasks: loop->attention. */
enum {
    CORO_ATTEND_STOP_ = 1,   /* the run is to end with this turn */
    CORO_ATTEND_HOOKS_ = 2,  /* there are some (on hosts, as the rest) */
    CORO_ATTEND_OVER_ = 4,   /* the run's task has ended */
    CORO_ATTEND_INBOX_ = 8,  /* there is one */
    CORO_ATTEND_BATCH_ = 16, /* the batch needs more than to be run: watched, or reordered */
    CORO_ATTEND_EVENTS_ = 32 /* the backend has more of them: it is asked after this turn */
};

/*
 * What other threads and interrupts have left for a loop: loop->inbox, NULL until somebody can.
 * Atomics on hosts (src/thread/inbox.c), a critical section on bare metal. Loop thread.
 */
typedef struct coro_inbox {
    void (*take)(struct coro_inbox *inbox);  /* run what is there, or a bounded part of it */
    bool (*sleep)(struct coro_inbox *inbox); /* from now on posts wake. False: do not wait */
    void (*awake)(struct coro_inbox *inbox); /* from now on they need not */
    void (*close)(struct coro_inbox *inbox); /* run the rest; accept nothing more */
    coro_waker *waker; /* its own */
    unsigned jobs; /* that threads do for this loop now: a virtual clock stands meanwhile */
} coro_inbox;

struct coro_fd_ops; /* src/poll/poll.h */

typedef struct coro_backend {
    const char *name;
    /* Set loop->backend_data. 0 or CORO_E…, with nothing left behind. */
    int (*open)(coro_loop *loop, const coro_loop_options *options);
    void (*close)(coro_loop *loop);
    coro_time (*now)(coro_loop *loop);
    /* Wait for I/O until `deadline` (CORO_FOREVER; a time in the past polls), and wake whom it
     * completes. Sleeps only after loop->inbox, if there is one, has agreed (sleep, awake). */
    void (*wait)(coro_loop *loop, coro_time deadline);
    /* The order of a turn, for those who shuffle it. NULL: first come first served. */
    coro_task *(*reorder)(coro_loop *loop, coro_task *batch);
    /* How others end `wait`; NULL when the system is short of something. NULL: nobody can. */
    coro_waker *(*waker)(coro_loop *loop);
    /* Readable when `wait` would find something; NULL: there is no such descriptor. */
    int (*descriptor)(const coro_loop *loop);
    /* In a forked child: let go of what is the parent's, and have all of it anew, these wakers of
     * the loop, too. 1: done; 0: it is this process's already; an error: it is the parent's still.
     * NULL: nothing is shared. */
    int (*fork_reset)(coro_loop *loop, coro_waker *const *wakers, unsigned count);
    /* What coro_fd_… does on this backend. NULL: it knows no descriptors. */
    const struct coro_fd_ops *fds;
} coro_backend;

/* What coro_loop_init uses when the options name none. On hosts src/os/run.c defines it, so that
 * the linker asks the floor above, and the kernel need not. */
extern const coro_backend *(*coro_backend_default_)(void);

/*
 * How the kernel calls it. Without an operating system there is one clock and one way to sleep:
 * two functions in the place of the table, bound by the linker (src/poll/bare.c).
 */
#if CORO_HOSTED
#define coro_backend_now(loop) ((loop)->backend->now(loop))
#define coro_backend_wait(loop, deadline) ((loop)->backend->wait((loop), (deadline)))
#else
coro_time coro_bare_now(void);
void coro_bare_wait(coro_loop *loop); /* for an interrupt, or the next timer */
#define coro_backend_now(loop) coro_bare_now()
#endif

#endif
