/* SPDX-License-Identifier: MIT */
/*
 * coro/barrier.h - so many tasks wait for each other, then all go on.
 *
 *     coro_barrier start = CORO_BARRIER_INIT(3);
 *     AWAIT(self->index, coro_barrier_wait(&start));    // in each of the three
 *     if (self->index == 0)
 *         only_one_does_this();
 *
 * asyncio's Barrier. The last to come lets all go on at once, and the barrier is
 * ready for the next round: who comes then belongs to that round.
 *
 * Memory: the caller's, 32 bytes. Threads: the loop's.
 */
#ifndef CORO_BARRIER_H
#define CORO_BARRIER_H

#include <coro/task.h>

CORO_BEGIN_DECLS

typedef struct coro_barrier { /* private */
    coro_waiters waiters;
    size_t parties, waiting;
    bool broken;
} coro_barrier;

/* parties: how many must come, 1 at least. */
#define CORO_BARRIER_INIT(parties) {{NULL}, (parties), 0, false}

static inline void coro_barrier_init(coro_barrier *barrier, size_t parties)
{
    CORO_CHECK(parties > 0, "a barrier needs at least one party");
    barrier->waiters.first = NULL;
    barrier->parties = parties;
    barrier->waiting = 0;
    barrier->broken = false;
}

/*
 * Wait for the others; the last one does not suspend. The result tells the tasks
 * of a round apart: 0 for the first that came, parties - 1 for the last.
 * CORO_EBROKEN: it is broken, or was reset meanwhile. Cancelled: as if it had not come; the
 * others wait on.
 */
CORO_API extern const coro_descriptor coro_barrier_wait_call_;
static inline CORO_NODISCARD coro_size *coro_barrier_wait(coro_barrier *barrier)
{
    return (coro_size *)(void *)coro_call_of_(&coro_barrier_wait_call_, barrier, NULL);
}

/* Who waits fails with CORO_EBROKEN; then it is as new, and no longer broken. Never suspends. */
CORO_API void coro_barrier_reset(coro_barrier *barrier);

/* Who waits, and who comes until a reset, fails with CORO_EBROKEN. Never suspends. */
CORO_API void coro_barrier_abort(coro_barrier *barrier);

static inline size_t coro_barrier_parties(const coro_barrier *barrier)
{
    return barrier->parties;
}
static inline size_t coro_barrier_n_waiting(const coro_barrier *barrier)
{
    return barrier->waiting;
}
static inline bool coro_barrier_broken(const coro_barrier *barrier)
{
    return barrier->broken;
}

CORO_END_DECLS

#endif
