/* SPDX-License-Identifier: MIT */
/*
 * internal.h - what the files of this floor tell each other, and nobody else.
 */
#ifndef CORO_OS_INTERNAL_H
#define CORO_OS_INTERNAL_H

#include "kernel/kernel.h"
#include "poll/poll.h"
#include "poll/sys.h"
#include "poll/try.h"

#include <coro/pipe.h>

#include <errno.h>

/* --- pipe.c: a stream over read and write --------------------------------------------------- */

typedef struct coro_pipe_stream {
    coro_stream stream; /* first */
    coro_fd fd;
    coro_fd hangup;        /* a duplicate, while tasks wait for the other side to go... */
    coro_waiters watchers; /* ...these */
    int flags_before; /* of the open file, which others share: put back at the end; or -1 */
    bool is_socket;   /* calls of its own: its open file stays as it is */
    bool is_device;   /* a short read does not mean that no more is there */
    bool is_master;   /* of a pseudo terminal: EIO is its end */
} coro_pipe_stream;

/* Takes fd, on success, as it is. The owner's variable may be NULL; it is set. */
int coro_pipe_open(coro_stream **stream, coro_stream **owner, int fd);

static inline coro_pipe_stream *coro_pipe_of(coro_stream *stream)
{
    return (coro_pipe_stream *)(void *)stream;
}

#endif
