/* SPDX-License-Identifier: MIT */
/*
 * coro/flag.h - "something has happened": one waits, somebody sets.
 *
 * A level, not an edge: a flag that is set while nobody waits is kept, and the
 * next wait takes it at once. Setting it twice is setting it once. One task may
 * wait at a time (CORO_EBUSY for a second one).
 *
 * Memory: the caller's, 16 bytes. Threads: the loop's; for others, coro/remote.h.
 */
#ifndef CORO_FLAG_H
#define CORO_FLAG_H

#include <coro/task.h>

CORO_BEGIN_DECLS

typedef struct coro_flag {
    coro_waiters waiters;
    bool set;
} coro_flag;

#define CORO_FLAG_INIT {{NULL}, false}

CORO_API void coro_flag_set(coro_flag *flag);

/* Wait until it is set, and take it: it is clear afterwards. */
CORO_API CORO_NODISCARD coro_void *coro_flag_wait(coro_flag *flag);

CORO_END_DECLS

#endif
