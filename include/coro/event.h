/* SPDX-License-Identifier: MIT */
/*
 * coro/event.h - something has happened: all who wait go on, and all who come later.
 *
 *     coro_event ready = CORO_EVENT_INIT;
 *     AWAIT(coro_event_wait(&ready));               // any number may wait
 *     ...
 *     coro_event_set(&ready);                       // elsewhere
 *
 * asyncio's Event. Who waits when it is set goes on, in the order they came, even
 * if it is cleared before they run.
 *
 * Memory: the caller's, 16 bytes. Threads: the loop's; for others, coro/remote.h.
 */
#ifndef CORO_EVENT_H
#define CORO_EVENT_H

#include <coro/task.h>

CORO_BEGIN_DECLS

typedef struct coro_event { /* private */
    coro_waiters waiters;
    bool set;
} coro_event;

#define CORO_EVENT_INIT {{NULL}, false}

static inline void coro_event_init(coro_event *event)
{
    event->waiters.first = NULL;
    event->set = false;
}

/* It has happened: who waits goes on. Again: nothing. Never suspends. */
CORO_API void coro_event_set(coro_event *event);

/* It has not happened yet: who comes from now on waits. */
static inline void coro_event_clear(coro_event *event)
{
    event->set = false;
}

static inline bool coro_event_is_set(const coro_event *event)
{
    return event->set;
}

/* Wait until it is set; does not suspend if it is. Fails only when cancelled. */
CORO_API extern const coro_descriptor coro_event_wait_call_;
static inline CORO_NODISCARD coro_void *coro_event_wait(coro_event *event)
{
    return coro_call_of_(&coro_event_wait_call_, event, NULL);
}

CORO_END_DECLS

#endif
