/* SPDX-License-Identifier: MIT */
/*
 * coro/channel.h - a bounded channel: many senders, many receivers, and an end.
 *
 *     line buffer[16];
 *     coro_channel channel;
 *     coro_channel_sender to;
 *     coro_channel_receiver from;
 *     coro_channel_init(&channel, buffer, sizeof buffer[0], 16, &to, &from);
 *
 *     AWAIT(coro_channel_send(&to, &self->line));              // one task
 *     coro_channel_sender_close(&to);
 *
 *     for (;;) {                                               // another one
 *         AWAIT_CATCH(self->error, coro_channel_receive(&from, &self->line));
 *         if (self->error != 0)
 *             break;                                           // CORO_EEOF: that was all
 *         ...
 *     }
 *
 * A queue has a shutdown that somebody must decide on; a channel ends by itself,
 * when the last of its senders is closed and what was sent is received. Each
 * producer has a sender of its own (coro_channel_sender_clone) and closes it, each
 * consumer a receiver. When the last receiver is closed, sends fail with CORO_EPIPE.
 *
 * An item goes to exactly one receiver: the task that waits longest. Capacity 0 is
 * a rendezvous: a send ends when a receiver has the item. Nobody overtakes, and
 * no item is lost when somebody else is cancelled. trio's memory channel.
 *
 * An end is an object with an address: it is cloned and closed, not copied by assignment.
 *
 * Memory: channel, ends and buffer are the caller's, until all ends are closed.
 * Threads: the loop's.
 */
#ifndef CORO_CHANNEL_H
#define CORO_CHANNEL_H

#include <coro/queue.h>

#if CORO_SCOPES && CORO_JOINS

CORO_BEGIN_DECLS

typedef struct coro_channel { /* private */
    coro_queue queue;
    size_t senders, receivers;
    void (*drop)(void *item);
} coro_channel;

typedef struct coro_channel_sender { /* private */
    coro_channel *channel; /* NULL: closed */
} coro_channel_sender;

typedef struct coro_channel_receiver { /* private */
    coro_channel *channel; /* NULL: closed */
} coro_channel_receiver;

/* A channel with its first two ends, for `capacity` items of item_size bytes each in `buffer`,
 * which is borrowed; capacity 0, with any buffer: a rendezvous. */
CORO_API void coro_channel_init(coro_channel *channel, void *buffer, size_t item_size,
                                size_t capacity, coro_channel_sender *sender,
                                coro_channel_receiver *receiver);

/* Call `drop` for each item that is still in the buffer when the last receiver is closed; it must
 * not use the channel. Without one they are forgotten. */
CORO_API void coro_channel_set_drop(coro_channel *channel, void (*drop)(void *item));

/* --- ends --------------------------------------------------------------------------------- */

/* One more end of the same channel, closed on its own. CORO_ECLOSED: the first one is closed, and
 * so is the clone. Never suspends. */
CORO_API int coro_channel_sender_clone(const coro_channel_sender *sender,
                                       coro_channel_sender *clone);
CORO_API int coro_channel_receiver_clone(const coro_channel_receiver *receiver,
                                         coro_channel_receiver *clone);

/*
 * Close an end. Tasks that wait in this very end get CORO_ECLOSED: they have sent,
 * or received, nothing. With the last sender receives end: see there. With the last
 * receiver sends fail, those that wait too, and what is in the buffer is dropped.
 * An end that is closed already, or is all zeros, is fine. Never suspends.
 */
CORO_API void coro_channel_sender_close(coro_channel_sender *sender);
CORO_API void coro_channel_receiver_close(coro_channel_receiver *receiver);

/* --- items -------------------------------------------------------------------------------- */

/*
 * Send a copy of *item; suspends while the channel is full. CORO_EPIPE: no receiver
 * is left, or the last one went while this waited. CORO_ECLOSED: this end is
 * closed. An error, or a cancel: the item was not sent and is still the caller's.
 * Borrows item until the await has ended.
 */
CORO_API extern const coro_descriptor coro_channel_send_call_;
static inline CORO_NODISCARD coro_void *coro_channel_send(coro_channel_sender *sender,
                                                          const void *item)
{
    return coro_call_of_(&coro_channel_send_call_, sender, item);
}

/*
 * Receive the oldest into *item; suspends while there is none. CORO_EEOF: all
 * senders are closed, and all was received. CORO_ECLOSED: this end is closed.
 * An error, or a cancel: nothing was taken.
 */
CORO_API extern const coro_descriptor coro_channel_receive_call_;
static inline CORO_NODISCARD coro_void *coro_channel_receive(coro_channel_receiver *receiver,
                                                             void *item)
{
    return coro_call_of_(&coro_channel_receive_call_, receiver, item);
}

/* The same without waiting: also CORO_EFULL or CORO_EEMPTY. */
CORO_API int coro_channel_send_nowait(coro_channel_sender *sender, const void *item);
CORO_API int coro_channel_receive_nowait(coro_channel_receiver *receiver, void *item);

/* --- how it is ---------------------------------------------------------------------------- */

typedef struct coro_channel_statistics {
    size_t capacity, count; /* of the buffer: items it holds at most, and now */
    size_t senders, receivers; /* ends that are open */
    size_t sending, receiving; /* tasks that wait */
} coro_channel_statistics;

/* Takes as long as tasks wait. */
CORO_API void coro_channel_statistics_get(const coro_channel *channel,
                                          coro_channel_statistics *statistics);

CORO_END_DECLS

#endif
#endif
