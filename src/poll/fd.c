/* SPDX-License-Identifier: MIT */
/*
 * fd.c - what a descriptor's record does, whatever the backend.
 *
 * Invariants. F1: a direction is in `wanted` from coro_fd_want until ready() or
 * coro_fd_unwant, and counts in loop->sources meanwhile. F2: with `wanted` and
 * no `queued`, the system will tell: the direction is registered, and its last
 * edge was seen before the try that failed.
 */
#define _GNU_SOURCE
#include "poll.h"
#include "sys.h"

#include <pthread.h>

/* --- forks -------------------------------------------------------------------------------- */

unsigned coro_forks;

/* TSan does not know that this is another process once the other threads have ended, and are not
 * joined: it would see a race with what they read. */
#ifdef __GNUC__
__attribute__((no_sanitize_thread))
#endif
static void in_child(void)
{
    coro_forks++;
}

static void begin_to_count(void)
{
    (void)pthread_atfork(NULL, NULL, in_child); /* without memory nobody is warned */
}

void coro_forks_count(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, begin_to_count);
}

/* --- records ------------------------------------------------------------------------------ */

int coro_fd_open(coro_loop *loop, coro_fd *record, int fd,
                 void (*ready)(coro_fd *record, unsigned directions))
{
    int error;
    if (loop->backend->fds == NULL)
        return CORO_ENOSYS;
    if (fd < 0)
        return CORO_EBADF;
    *record = (coro_fd){.fd = fd, .loop = loop, .ready = ready};
    error = loop->backend->fds->open(record);
    if (error != 0)
        *record = (coro_fd){.fd = -1};
    return error;
}

coro_fd *coro_fd_find(coro_loop *loop, int fd)
{
    const struct coro_fd_ops *ops = loop->backend->fds;
    return ops != NULL && fd >= 0 ? ops->find(loop, fd) : NULL;
}

/*
 * An owner asks again although we know of something: an edge that came since its
 * try, or an end of data that a short read hid. It is called back once without
 * an event; who then still would block is believed, so that nobody spins.
 */
static bool doubts(coro_fd *record, unsigned direction)
{
    unsigned known = record->closed | (record->registered & ~(unsigned)record->drained);
    if (!(known & direction) || record->doubted & direction)
        return false;
    record->doubted |= (uint8_t)direction;
    return true;
}

int coro_fd_want(coro_fd *record, unsigned direction)
{
    const struct coro_fd_ops *ops;
    if (CORO_UNLIKELY(record->fd < 0))
        return CORO_EBADF;
    CORO_CHECK(!(record->wanted & direction), "two waiters for one direction of a descriptor");
    ops = record->loop->backend->fds;
    if (CORO_UNLIKELY(!(record->registered & direction))) {
        int error = ops->watch(record, direction);
        if (error != 0)
            return error;
    } else if (CORO_UNLIKELY(doubts(record, direction))) {
        ops->queue(record);
    }
    if (record->plain)
        ops->queue(record);
    else
        record->drained |= (uint8_t)direction;
    record->wanted |= (uint8_t)direction;
    record->loop->sources++;
    return 0;
}

void coro_fd_unwant(coro_fd *record, unsigned directions)
{
    directions &= record->wanted;
    record->wanted &= (uint8_t)~directions;
    record->loop->sources -= (directions & CORO_FD_READ) + ((directions & CORO_FD_WRITE) >> 1);
}

int coro_fd_detach(coro_fd *record)
{
    int fd = record->fd;
    if (record->loop == NULL)
        return -1;
    coro_fd_unwant(record, CORO_FD_READ | CORO_FD_WRITE);
    record->loop->backend->fds->close(record);
    *record = (coro_fd){.fd = -1};
    return fd;
}

void coro_fd_close(coro_fd *record)
{
    int fd = coro_fd_detach(record);
    if (fd >= 0)
        coro_sys.close(fd); /* EINTR too has closed it: a retry might hit somebody else's */
}
