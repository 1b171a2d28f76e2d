/* SPDX-License-Identifier: MIT */
/*
 * backend.h - how a loop waits, as the kernel sees it: one table of functions.
 *
 * The kernel never asks what is waited for. A backend wakes tasks by
 * coro_wait_done (wait.h), and counts in loop->sources what may still wake one.
 * Everything here is called on the loop's thread, except `wake`.
 */
#ifndef CORO_KERNEL_BACKEND_H
#define CORO_KERNEL_BACKEND_H

#include <coro/loop.h>

typedef struct coro_backend {
    const char *name;
    /* Set loop->backend_data. 0 or CORO_E…, with nothing left behind. */
    int (*open)(coro_loop *loop, const coro_loop_options *options);
    void (*close)(coro_loop *loop);
    coro_time (*now)(coro_loop *loop);
    /* Wait for I/O until `deadline` (CORO_FOREVER; a time in the past polls), and wake whom it
     * completes. Returns at once when the inbox is not empty. */
    void (*wait)(coro_loop *loop, coro_time deadline);
    /* Run what other threads and interrupts have left. NULL: nobody can. */
    void (*take_inbox)(coro_loop *loop);
    /* The order of a turn, for those who shuffle it. NULL: first come first served. */
    coro_task *(*reorder)(coro_loop *loop, coro_task *batch);
    /* The loop's remote, made at first use; NULL where there are no threads. */
    void *(*remote)(coro_loop *loop);
} coro_backend;

/* What coro_loop_init uses when the options name none; set by the floor above at link time. */
extern const coro_backend *(*coro_backend_default_)(void);

#endif
