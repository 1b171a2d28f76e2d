/* SPDX-License-Identifier: MIT */
/*
 * coro/flag.h - "something has happened": one waits, somebody sets.
 *
 * A level, not an edge: a flag that is set while nobody waits is kept, and the
 * next wait takes it at once. Setting it twice is setting it once. One task may
 * wait at a time (CORO_EBUSY for a second one).
 *
 * Memory: the caller's, 16 bytes; 12 on a 32-bit machine without an operating system,
 * 5 on an AVR. Threads: the loop's; for others, coro/remote.h. From an interrupt:
 * coro_flag_set_from_isr.
 */
#ifndef CORO_FLAG_H
#define CORO_FLAG_H

#include <coro/task.h>

CORO_BEGIN_DECLS

#if CORO_HOSTED
typedef struct coro_flag {
    coro_waiters waiters;
    bool set;
} coro_flag;

#define CORO_FLAG_INIT {{NULL}, false}

CORO_API void coro_flag_set(coro_flag *flag);

/* Hosts have no interrupts, only programs that play them: the same. Loop thread. */
static inline void coro_flag_set_from_isr(coro_flag *flag)
{
    coro_flag_set(flag);
}
#else
typedef struct coro_flag {
    coro_task *waiter;
    struct coro_flag *next; /* among those of the loop for which somebody waits */
    volatile bool set;
} coro_flag;

#define CORO_FLAG_INIT {NULL, NULL, false}

/*
 * From any interrupt, also while a task waits for the flag, is woken or cancelled: one byte is
 * stored. Who waits runs in the loop's next turn. It ends the sleep of a loop that the interrupt
 * has woken; a loop that runs in an interrupt of its own must be started by yours (coro/bare.h).
 */
static inline void coro_flag_set_from_isr(coro_flag *flag)
{
    flag->set = true;
}

/* The same, from tasks. */
static inline void coro_flag_set(coro_flag *flag)
{
    flag->set = true;
}
#endif

/* Wait until it is set, and take it: it is clear afterwards. CORO_EBUSY: somebody waits. */
CORO_API CORO_NODISCARD coro_void *coro_flag_wait(coro_flag *flag);

CORO_END_DECLS

#endif
