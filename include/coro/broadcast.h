/* SPDX-License-Identifier: MIT */
/*
 * coro/broadcast.h - each receiver sees each value; who is too slow is told so.
 *
 *     tick buffer[32];
 *     coro_broadcast ticks;
 *     coro_broadcast_init(&ticks, buffer, sizeof buffer[0], 32);
 *     coro_broadcast_send(&ticks, &tick);                      // never waits
 *
 *     coro_broadcast_subscribe(&ticks, &self->from);           // sees what comes from now on
 *     AWAIT_CATCH(self->error, coro_broadcast_receive(&self->from, &self->tick));
 *     if (self->error == CORO_ELAGGED)
 *         printf("%lu missed\n", (unsigned long)coro_broadcast_missed(&self->from));
 *
 * The last `capacity` values are kept. A send overwrites the oldest, whether all
 * have seen it or not: a slow receiver cannot hold up the others. Its next receive
 * gives CORO_ELAGGED, once, with the number of values that it missed; the one after
 * that goes on with the oldest that is left. Tokio's broadcast.
 *
 * Values are copied to each receiver, so they should be plain data.
 *
 * A receiver is an object with an address: it is not copied by assignment.
 *
 * Memory: broadcast, buffer and receivers are the caller's, until all receivers are
 * closed. Threads: the loop's.
 */
#ifndef CORO_BROADCAST_H
#define CORO_BROADCAST_H

#include <coro/task.h>

#if CORO_SCOPES && CORO_JOINS

CORO_BEGIN_DECLS

typedef struct coro_broadcast { /* private */
    char *buffer;
    size_t item_size, capacity;
    size_t tail, count; /* buffer[tail] is written next */
    uint32_t sent;      /* values ever sent; wraps */
    size_t receivers;
    coro_waiters waiters; /* of all receivers: each has seen all values */
    bool closed;
} coro_broadcast;

typedef struct coro_broadcast_receiver { /* private */
    coro_broadcast *broadcast; /* NULL: closed */
    uint32_t seen;             /* as `sent` */
    uint32_t missed;
    bool waiting;
} coro_broadcast_receiver;

/* For the last `capacity` values of item_size bytes each, both at least 1, in `buffer`, which is
 * borrowed. */
CORO_API void coro_broadcast_init(coro_broadcast *broadcast, void *buffer, size_t item_size,
                                  size_t capacity);

/*
 * Send a copy of *item to all who are subscribed. CORO_EPIPE: nobody is, and the
 * value is not kept. CORO_ECLOSED after a close. Never suspends, never waits for
 * room.
 */
CORO_API int coro_broadcast_send(coro_broadcast *broadcast, const void *item);

/* No more sends. Receivers take what is left, then get CORO_EEOF; those that wait get it now. May
 * be called again. Never suspends. */
CORO_API void coro_broadcast_close(coro_broadcast *broadcast);

/* How many are subscribed. */
static inline size_t coro_broadcast_receivers(const coro_broadcast *broadcast)
{
    return broadcast->receivers;
}

/* A receiver that sees what is sent from now on. Of a closed broadcast: it sees its end. */
CORO_API void coro_broadcast_subscribe(coro_broadcast *broadcast,
                                       coro_broadcast_receiver *receiver);

/* End a subscription; a task that waits in it gets CORO_ECLOSED. A receiver that is closed
 * already, or is all zeros, is fine. Never suspends. */
CORO_API void coro_broadcast_receiver_close(coro_broadcast_receiver *receiver);

/*
 * Receive the next value into *item; suspends until there is one. CORO_ELAGGED:
 * values were overwritten before they were seen here; nothing is in *item, the next
 * receive goes on. CORO_EEOF: the broadcast is closed and all was seen.
 * CORO_ECLOSED: this receiver is closed. CORO_EBUSY: another task waits in this
 * receiver. An error (but ELAGGED), or a cancel: nothing was taken. A receiver that
 * is 2^32 values behind is not noticed.
 */
CORO_API extern const coro_descriptor coro_broadcast_receive_call_;
static inline CORO_NODISCARD coro_void *coro_broadcast_receive(coro_broadcast_receiver *receiver,
                                                               void *item)
{
    return coro_call_of_(&coro_broadcast_receive_call_, receiver, item);
}

/* The same without waiting: also CORO_EEMPTY. */
CORO_API int coro_broadcast_receive_nowait(coro_broadcast_receiver *receiver, void *item);

/* How many values the receiver missed at its last CORO_ELAGGED; 0 before the first one. */
static inline uint32_t coro_broadcast_missed(const coro_broadcast_receiver *receiver)
{
    return receiver->missed;
}

CORO_END_DECLS

#endif
#endif
