/* SPDX-License-Identifier: MIT */
/*
 * poll.h - the backends, and the record of a descriptor.
 *
 * A coro_fd is embedded in whatever owns the descriptor. The owner tries its
 * system call first; only when that would block does it ask to be told:
 *
 *     recv ──► n bytes ──────────────────────► done, nothing was asked of us
 *      │  └──► fewer than asked for ─► coro_fd_drained ─► next time: do not even try
 *      └─────► EAGAIN ─► coro_fd_want ─► ... the edge ... ─► ready(fd, directions)
 *                          │                                    └► the owner tries again
 *                          └ coro_fd_unwant: the waiter has gone
 *
 * The first `want` registers the descriptor with the system, edge-triggered, for
 * good; from then on waiting costs no system call, only bits:
 *
 *     drained  a try would block, as far as we know; an edge clears it
 *     closed   the peer is done with this direction. No further edge will come, so
 *              it is never drained again: the end of data hides behind a short read,
 *              as does what was sent behind urgent bytes, which count as well
 *
 * An event carries the number of the descriptor and its generation, so that what
 * is still in the batch for a closed one, whose number may be taken again, is
 * dropped by one comparison.
 *
 * Threads: the loop's thread only.
 */
#ifndef CORO_POLL_POLL_H
#define CORO_POLL_POLL_H

#include "kernel/backend.h"

#include <coro/loop.h>

extern const coro_backend coro_epoll_backend;
extern const coro_backend coro_sim_backend;

typedef struct coro_sim_options { /* loop options' backend_options */
    uint64_t seed;                /* 0: first come first served */
} coro_sim_options;

enum { CORO_FD_READ = 1, CORO_FD_WRITE = 2 };

typedef struct coro_fd coro_fd;
struct coro_fd {
    int fd;
    uint8_t wanted;     /* directions that somebody waits for; each counts in loop->sources */
    uint8_t registered; /* directions that the system watches */
    uint8_t drained;
    uint8_t closed;
    uint8_t doubted; /* directions whose next `want` is to be believed */
    bool queued;     /* its ready() will be called without an event */
    bool plain;      /* a file that is always ready */
    coro_loop *loop;
    void (*ready)(coro_fd *fd, unsigned directions);
    coro_fd *next; /* among the queued ones */
};

/* What a backend does for it. */
struct coro_fd_ops {
    int (*open)(coro_fd *fd);
    int (*watch)(coro_fd *fd, unsigned direction); /* have the system watch this one as well */
    void (*queue)(coro_fd *fd);                    /* call ready() at the next look outside */
    void (*close)(coro_fd *fd);
    coro_fd *(*find)(coro_loop *loop, int fd); /* the record that has this number now, or NULL */
};

/*
 * Begin to use a non-blocking descriptor with a loop; no system call is made.
 * Takes fd, when it succeeds. 0, CORO_ENOMEM, CORO_EBADF (a negative number),
 * CORO_ENOSYS (the backend knows no descriptors).
 */
int coro_fd_open(coro_loop *loop, coro_fd *record, int fd,
                 void (*ready)(coro_fd *record, unsigned directions));

/* The record that has this number in this loop; NULL: none. */
coro_fd *coro_fd_find(coro_loop *loop, int fd);

/*
 * Call ready() once, when a try in this direction is worth while again. To be
 * called when one would have blocked, or may_try says that it would. One waiter
 * a direction. 0, or the system's error: then nothing is wanted.
 */
int coro_fd_want(coro_fd *record, unsigned direction);

/* Nobody waits for this direction any more; no system call. */
void coro_fd_unwant(coro_fd *record, unsigned directions);

/* Close the descriptor, without a retry, and forget it; those who wait are not told. A record
 * that was closed, or never opened (zeroed), is left alone. */
void coro_fd_close(coro_fd *record);

/* Take the descriptor back, alive and out of the loop: to hand it to somebody else. Or -1. */
int coro_fd_detach(coro_fd *record);

/*
 * How many forks lie between the process that first counted them and this one: a loop whose note
 * of it is another one has been made by a parent, and what the system holds for it is shared.
 */
extern unsigned coro_forks;
void coro_forks_count(void); /* from now on */

/* Is a try worth while? */
static inline bool coro_fd_may_try(const coro_fd *record, unsigned direction)
{
    return (record->drained & direction) == 0;
}

/* The last try would have blocked, or gave less than was asked for, so that the next one would.
 * The end of data may hide behind a short read: when that is known this does nothing. */
static inline void coro_fd_drained(coro_fd *record, unsigned direction)
{
    if (!(record->closed & direction) && !record->plain)
        record->drained |= (uint8_t)direction;
}

#endif
