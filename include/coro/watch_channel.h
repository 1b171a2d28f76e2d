/* SPDX-License-Identifier: MIT */
/*
 * coro/watch_channel.h - the latest value of something, and word that it has changed.
 *
 *     config current = {...};                                   // the first value
 *     coro_watch_channel settings = CORO_WATCH_CHANNEL_INIT(current);
 *     coro_watch_channel_send(&settings, &next);                // never waits
 *
 *     coro_watch_channel_subscribe(&settings, &self->watch);
 *     for (;;) {
 *         coro_watch_channel_get(&self->watch, &self->config);  // marks it as seen
 *         ...
 *         AWAIT(coro_watch_channel_changed(&self->watch));      // until there is a newer one
 *     }
 *
 * Nothing queues up: who was busy during ten changes learns of one, and sees the
 * tenth value. Tokio's watch.
 *
 * A receiver is an object with an address: it is not copied by assignment.
 *
 * Memory: channel, value and receivers are the caller's, until all receivers are
 * closed. Threads: the loop's.
 */
#ifndef CORO_WATCH_CHANNEL_H
#define CORO_WATCH_CHANNEL_H

#include <coro/task.h>

#if CORO_SCOPES && CORO_JOINS

CORO_BEGIN_DECLS

typedef struct coro_watch_channel { /* private */
    void *value;
    size_t size;
    uint32_t version; /* wraps */
    size_t receivers;
    coro_waiters waiters;
    bool closed;
} coro_watch_channel;

typedef struct coro_watch_receiver { /* private */
    coro_watch_channel *channel; /* NULL: closed */
    uint32_t seen;
} coro_watch_receiver;

/* The variable holds the first value, and is the channel's from then on. */
#define CORO_WATCH_CHANNEL_INIT(variable)                                                          \
    {&(variable), sizeof(variable), 0, 0, {NULL}, false}

/* A value of `size` bytes, at least 1; *value is the first one, and is borrowed. */
CORO_API void coro_watch_channel_init(coro_watch_channel *channel, void *value, size_t size);

/*
 * The value is now a copy of *value, and all receivers have a newer one to see; a
 * value that nobody watches is kept for those who come. `value` may be the channel's
 * variable itself, changed in place. CORO_ECLOSED after a close. Never suspends.
 */
CORO_API int coro_watch_channel_send(coro_watch_channel *channel, const void *value);

/* No more values: who waits for one, or will, gets CORO_EEOF. The last one stays. May be called
 * again. Never suspends. */
CORO_API void coro_watch_channel_close(coro_watch_channel *channel);

/* How many watch. */
static inline size_t coro_watch_channel_receivers(const coro_watch_channel *channel)
{
    return channel->receivers;
}

/* A receiver that has seen what is there now; it, or a second one, may look at it all the same. */
CORO_API void coro_watch_channel_subscribe(coro_watch_channel *channel,
                                           coro_watch_receiver *receiver);

/* End it; tasks that wait in it get CORO_ECLOSED. A receiver that is closed already, or is all
 * zeros, is fine. Never suspends. */
CORO_API void coro_watch_receiver_close(coro_watch_receiver *receiver);

/* Copy the latest value to *value, and mark it as seen. Works after the channel's close, too.
 * CORO_ECLOSED: this receiver is closed. */
CORO_API int coro_watch_channel_get(coro_watch_receiver *receiver, void *value);

/* Is there a value that this receiver has not seen? */
static inline bool coro_watch_channel_has_changed(const coro_watch_receiver *receiver)
{
    return receiver->channel != NULL && receiver->seen != receiver->channel->version;
}

/*
 * Wait until there is a value that this receiver has not seen, and mark it as
 * seen; at once if there is one. CORO_EEOF: there is none, and none will come.
 * CORO_ECLOSED: this receiver is closed. Cancelled: nothing is marked. Any number
 * of tasks may wait in a receiver: all are told.
 */
CORO_API extern const coro_descriptor coro_watch_channel_changed_call_;
static inline CORO_NODISCARD coro_void *coro_watch_channel_changed(coro_watch_receiver *receiver)
{
    return coro_call_of_(&coro_watch_channel_changed_call_, receiver, NULL);
}

CORO_END_DECLS

#endif
#endif
