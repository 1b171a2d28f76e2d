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
#include <coro/process.h>
#include <coro/signals.h>

#include <errno.h>

/* --- fork.c asks these, in a child -------------------------------------------------------- */

/* runner.c: who wakes the loop at a ^C; or NULL. */
coro_waker *coro_runner_waker(const coro_loop *loop);
/* ending.c: the parent's children are none of ours. */
void coro_process_fork_reset(coro_loop *loop);

/* --- pipe.c: a stream over read and write ------------------------------------------------- */

typedef struct coro_pipe_stream {
    coro_stream stream; /* first */
    coro_fd fd;
    coro_fd hangup;        /* a duplicate, while tasks wait for the other side to go... */
    coro_waiters watchers; /* ...these */
    int flags_before; /* of the open file, which others share: put back at the end; or -1 */
    bool is_socket;   /* calls of its own: its open file stays as it is */
    bool is_fifo;     /* a short read means that no more is there */
    bool is_master;   /* of a pseudo terminal: EIO is its end */
} coro_pipe_stream;

/* Takes fd, on success, as it is. The owner's variable may be NULL; it is set. */
int coro_pipe_open(coro_stream **stream, coro_stream **owner, int fd);

static inline coro_pipe_stream *coro_pipe_of(coro_stream *stream)
{
    return (coro_pipe_stream *)(void *)stream;
}

/* --- spawn.c: a child, up to its exec ----------------------------------------------------- */

typedef struct coro_spawn {
    const char *const *argv;
    const coro_process_options *options;
    coro_process_fd fds[3 + CORO_PROCESS_FDS_MAX]; /* all but those that are ours already */
    size_t fds_count;
} coro_spawn;

/* Its number, or an error: then there is no child, and never will have been a zombie. */
pid_t coro_spawn_child(const coro_spawn *spawn);

/* --- process_io.c ------------------------------------------------------------------------- */

/* Have room for so many more, and a '\0' behind them. False: no memory. */
bool coro_bytes_reserve(coro_bytes *bytes, size_t more);

/* --- pty.c -------------------------------------------------------------------------------- */

/* A pseudo terminal: its master, and in *slave the terminal; both close-on-exec. Or an error. */
int coro_pty_open(int *slave);

/* --- ending.c: how a child ends ----------------------------------------------------------- */

typedef enum coro_process_phase {
    CORO_PROCESS_LIVES_,
    CORO_PROCESS_ASKED_,  /* to end; its time runs */
    CORO_PROCESS_KILLED_, /* it did not, or was not asked */
    CORO_PROCESS_GONE_    /* nothing more is to be done */
} coro_process_phase;

struct coro_process {
    coro_loop *loop;
    struct coro_process_ring *ring; /* those of the loop that are not gone */
    coro_process *next, *before;
    unsigned holders; /* its owner, its life until it is gone, calls that wait */
    coro_process_phase phase;
    pid_t pid;
    int returncode;
    bool reaped;    /* its number is not ours any more */
    bool has_group; /* whose number is its own */
    coro_fd exit;   /* a pidfd; not open: the listener is */
    coro_signals child_signals;
    coro_waiters waiters; /* for its exit... */
    coro_waiters closers; /* ...and until it is gone */
    coro_handle timer;
    coro_time deadline; /* of this phase */
    coro_duration grace;
    coro_stream *in, *out, *err, *terminal;
};

/* Made if need be; NULL: no memory. */
struct coro_process_ring *coro_process_ring_of(coro_loop *loop);
/* It runs from now on, and is a holder of itself until it is gone. 0, or an error: nobody can
 * tell us of its end, and it has to be stopped. */
int coro_process_begin(coro_process *process, pid_t pid);
/* To it alone; it is not reaped. */
int coro_process_send_(const coro_process *process, int signo);
/* Close its streams and have it end: asked, if it has that much time. May free it, if nobody else
 * holds it. The second one: it has no more time. */
void coro_process_stop(coro_process *process, coro_duration grace);
void coro_process_kill_now(coro_process *process);
void coro_process_unref(coro_process *process);

#endif
