/* SPDX-License-Identifier: MIT */
/*
 * coro/oneshot.h - one value, from one task to another, once.
 *
 *     int answer;
 *     coro_oneshot reply = CORO_ONESHOT_INIT(answer);
 *
 *     coro_oneshot_send(&reply, &value);                  // one task; or, without a value,
 *     coro_oneshot_sender_close(&reply);
 *
 *     AWAIT(coro_oneshot_receive(&reply, &self->value));  // another one: the value, or
 *                                                         // CORO_EPIPE: it will not come
 *     coro_oneshot_receiver_close(&reply);                // not interested any more: the
 *                                                         // sender can see it, and wait for it
 *
 * Each side ends with its close, also one that fails: put it into FINALLY. A future
 * is for many who wait, and knows nothing of who has gone; this is for a request and
 * its reply. Tokio's oneshot.
 *
 * Memory: the caller's, until both sides are closed. Threads: the loop's.
 */
#ifndef CORO_ONESHOT_H
#define CORO_ONESHOT_H

#include <coro/task.h>

#if CORO_SCOPES && CORO_JOINS

CORO_BEGIN_DECLS

typedef struct coro_oneshot { /* private */
    void *value;
    size_t size;
    void (*drop)(void *value);
    coro_waiters receiver; /* waits for the value; one at most */
    coro_waiters senders;  /* wait for the receiver to go */
    uint8_t state;
} coro_oneshot;

/* With room for the value in a variable: coro_oneshot reply = CORO_ONESHOT_INIT(answer); */
#define CORO_ONESHOT_INIT(variable) {&(variable), sizeof(variable), NULL, {NULL}, {NULL}, 0}

/* A value of `size` bytes, at least 1; `value` is borrowed. */
CORO_API void coro_oneshot_init(coro_oneshot *oneshot, void *value, size_t size);

/* Call `drop` for a value that was sent and that the receiver, when it closes, has not received. */
static inline void coro_oneshot_set_drop(coro_oneshot *oneshot, void (*drop)(void *value))
{
    oneshot->drop = drop;
}

/*
 * Send a copy of *value: 0, and the sender is done. CORO_EPIPE: the receiver is
 * gone; CORO_EALREADY: it was sent; CORO_ECLOSED: the sender was closed. After an
 * error the value is still the caller's. Never suspends.
 */
CORO_API int coro_oneshot_send(coro_oneshot *oneshot, const void *value);

/* No value will come, if none was sent: who waits for it gets CORO_EPIPE. Never suspends. */
CORO_API void coro_oneshot_sender_close(coro_oneshot *oneshot);

/*
 * Receive the value; suspends until it has come. CORO_EPIPE: the sender has gone
 * without one. CORO_EALREADY: it was received. CORO_ECLOSED: the receiver was
 * closed, also while this waited. CORO_EBUSY: another task waits for it already.
 * An error, or a cancel: nothing was taken.
 */
CORO_API CORO_NODISCARD coro_void *coro_oneshot_receive(coro_oneshot *oneshot, void *value);

/* The same without waiting: also CORO_EEMPTY. */
CORO_API int coro_oneshot_receive_nowait(coro_oneshot *oneshot, void *value);

/* The receiver goes: sends fail; a value that it has not received is dropped. Never suspends. */
CORO_API void coro_oneshot_receiver_close(coro_oneshot *oneshot);

/* Has the receiver gone? For the sender: not to work for nobody. */
CORO_API bool coro_oneshot_closed(const coro_oneshot *oneshot);

/* Wait until the receiver has gone; any number may. Best as one branch of a race. */
CORO_API CORO_NODISCARD coro_void *coro_oneshot_wait_closed(coro_oneshot *oneshot);

CORO_END_DECLS

#endif
#endif
