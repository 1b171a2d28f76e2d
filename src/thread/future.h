/* SPDX-License-Identifier: MIT */
/*
 * future.h - the inside of a coro_thread_future, for those that finish one.
 */
#ifndef CORO_THREAD_FUTURE_INSIDE_H
#define CORO_THREAD_FUTURE_INSIDE_H

#include <coro/thread_future.h>

#include <pthread.h>

struct coro_thread_future {
    pthread_mutex_t lock; /* guards: */
    pthread_cond_t changed;
    bool done;
    int error;
    void *result;
    coro_remote *remote; /* of the loop whose tasks wait; until it is done */
    /* ...until here. Loop thread: */
    coro_loop *loop;
    coro_waiters waiters;
    coro_message woken; /* tells the loop that it is done */
    /* Constant: for who has made it. NULL: nothing. */
    void (*cancelled)(coro_thread_future *future); /* somebody has; any thread, once */
    void (*drop)(coro_thread_future *future);      /* the last reference is gone */
    int holders;                                   /* atomic */
};

/* 0 or CORO_ENOMEM. */
int coro_thread_future_init(coro_thread_future *future);

/* Finish it, by its maker: 0 or CORO_EALREADY; cancelled() is not called. */
int coro_thread_future_settle(coro_thread_future *future, void *result, int error);

#endif
