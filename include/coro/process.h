/* SPDX-License-Identifier: MIT */
/*
 * coro/process.h - other programs: started, spoken to, waited for, ended.
 *
 *     self->options = (coro_process_options){.out = CORO_PROCESS_PIPE};
 *     AWAIT(self->process, coro_create_subprocess_exec(CORO_ARGV("df", "-hl"), &self->options));
 *     AWAIT(self->n, coro_stream_read_line(coro_process_stdout(self->process), ...));
 *     AWAIT(self->status, coro_process_wait(self->process));
 *   ASYNC_FINALLY:
 *     AWAIT(coro_process_close(&self->process));
 *
 * What cannot be executed is an error of the creation: there is no child then. A child
 * has the descriptors that were asked for and no others, no blocked signals, and no
 * handlers; what is ignored stays so, but for SIGPIPE. It is told of its end by the
 * system (a pidfd), so that no other's child is ever touched; where there are none, by
 * SIGCHLD. The end of a process and the end of its output are two things: a grandchild
 * may hold the output open for long, and wait_exit does not care.
 *
 * A process belongs to who created it. When that one closes it and it still runs, it is
 * asked to end (SIGTERM), and killed when its grace is over; with new_group or
 * new_session all that it has started are, too. A loop that closes kills those that
 * are left.
 *
 * Memory: from the loop's pool, and a little of the heap for each loop.
 * Threads: the loop's.
 */
#ifndef CORO_PROCESS_H
#define CORO_PROCESS_H

#include <coro/stream.h>

#if CORO_HOSTED && CORO_SCOPES

#include <limits.h>
#include <sys/types.h>

CORO_BEGIN_DECLS

typedef struct coro_process coro_process;

/* --- start -------------------------------------------------------------------------------- */

enum { /* what a standard descriptor of the child is; or a descriptor of ours, above 0 */
    CORO_PROCESS_INHERIT = 0, /* ours */
    CORO_PROCESS_PIPE = -1,   /* a pipe, whose other end is a stream */
    CORO_PROCESS_STDOUT = -2, /* for err: where out goes */
    CORO_PROCESS_DEVNULL = -3
};

/* A descriptor of ours, as the child is to have it. */
typedef struct coro_process_fd {
    int ours, childs;
} coro_process_fd;

enum { CORO_PROCESS_FDS_MAX = 32 };

typedef struct coro_process_options {
    int in, out, err;
    const coro_process_fd *fds; /* more of them; at most CORO_PROCESS_FDS_MAX */
    size_t fds_count;
    const char *directory;          /* to run in; NULL: ours */
    const char *const *environment; /* "NAME=value", ..., NULL; NULL: ours */
    const mode_t *umask;            /* NULL: ours */
    bool new_group;   /* a process group of its own: ^C is not for it, its end is for all */
    bool new_session; /* the same, and without a terminal */
    bool pty;         /* in, out and err are a terminal of its own: coro_process_terminal */
    unsigned short rows, columns; /* of that; 0: 24 and 80 */
    coro_duration grace; /* between SIGTERM and SIGKILL; 0: 5 seconds; below: killed at once */
} coro_process_options;

/* What coro_create_subprocess_… give. */
typedef struct CORO_MAY_ALIAS coro_process_creating {
    coro_header coro;
    coro_process *result;
} coro_process_creating;

#define CORO_ARGV(...) ((const char *const[]){__VA_ARGS__, NULL})

/*
 * Run a program: argv[0] names a file, or, without a slash, one that is looked for in
 * the PATH of its environment. The process is the caller's: coro_process_close. Errors:
 * CORO_ENOENT (no such program, or directory), CORO_EACCES, CORO_E2BIG (the arguments are too
 * long), CORO_EINVAL (no argv[0], options that cannot be), CORO_EBADF, CORO_EMFILE,
 * CORO_EAGAIN (too many processes), CORO_ENOMEM; nothing is left then, no zombie either.
 * Cancelled before: nothing was started. Takes about as long as a fork does, and does not
 * suspend: the arguments are borrowed for the call that is awaited at once. options may be
 * NULL.
 */
CORO_API CORO_NODISCARD coro_process_creating *
coro_create_subprocess_exec(const char *const *argv, const coro_process_options *options);

/* The same by "/bin/sh -c command". Never put into it what others have given. */
CORO_API CORO_NODISCARD coro_process_creating *
coro_create_subprocess_shell(const char *command, const coro_process_options *options);

/* --- speak to it -------------------------------------------------------------------------- */

/*
 * Our ends of its pipes; NULL: there is none, or it is closed. Borrowed: they are closed
 * with the process, or before by you. The end of its input is said by
 * coro_stream_shutdown_write. With a pty all three are one stream.
 */
CORO_API coro_stream *coro_process_stdin(const coro_process *process);
CORO_API coro_stream *coro_process_stdout(const coro_process *process);
CORO_API coro_stream *coro_process_stderr(const coro_process *process);
CORO_API coro_stream *coro_process_terminal(const coro_process *process);

CORO_API pid_t coro_process_pid(const coro_process *process);

/* Bytes that are yours; zeroed: none. A '\0' follows them. */
typedef struct coro_bytes {
    char *data;
    size_t size;
    size_t capacity; /* private */
    coro_allocator allocator;
} coro_bytes;

/* Append a copy of some more; the first memory is of the running loop's allocator, or of the
 * heap. 0, or CORO_ENOMEM: nothing was appended. */
CORO_API CORO_NODISCARD int coro_bytes_append(coro_bytes *bytes, const void *data, size_t size);

/* Free them, and have none. Any thread, if the allocator is the heap. */
CORO_API void coro_bytes_free(coro_bytes *bytes);

typedef struct coro_process_output {
    coro_bytes out, err; /* what came by pipes */
    int returncode;
} coro_process_output;

CORO_API void coro_process_output_free(coro_process_output *output);

/*
 * Write the input and say its end, read out and err to theirs, all at the same time, and
 * wait for the process. A child that does not want all of its input is no error.
 * CORO_ELIMIT: more than `limit` bytes came by one of them; CORO_ENOMEM: no room for
 * them; CORO_EINVAL: it has a pty; CORO_ECLOSED: it was closed meanwhile. The output is
 * yours in any case: what had come by then is in it. Borrows all until the await has
 * ended.
 */
CORO_API CORO_NODISCARD coro_void *coro_process_communicate(coro_process *process,
                                                            const void *input, size_t size,
                                                            size_t limit,
                                                            coro_process_output *output);

/* --- its end ------------------------------------------------------------------------------ */

enum { /* returncodes beside 0 to 255, its exit status, and -1 to -64, the signal that ended it */
    CORO_PROCESS_RUNNING = INT_MIN,
    CORO_PROCESS_UNKNOWN = INT_MIN + 1 /* somebody else in this program has taken the status */
};

/* As of the last time that the loop looked. Never suspends. */
CORO_API int coro_process_returncode(const coro_process *process);

/*
 * wait_exit: until it has ended, whoever else may still hold its pipes: its returncode.
 * wait_io: until nobody holds the other ends of stdout and stderr any more; what they
 * wrote may be unread still. A child that writes more than a pipe holds (256 KiB, where the
 * system grants it; else 64), and whose output nobody reads, does not end.
 * wait: both, as asyncio's; the returncode.
 *
 * Any number of tasks may wait. Cancelled: only the wait is. CORO_EWRONGLOOP; CORO_ECLOSED:
 * process is NULL; and for wait_io the errors of coro_pipe_wait_hangup.
 */
CORO_API CORO_NODISCARD coro_int *coro_process_wait_exit(coro_process *process);
CORO_API CORO_NODISCARD coro_void *coro_process_wait_io(coro_process *process);
CORO_API CORO_NODISCARD coro_int *coro_process_wait(coro_process *process);

/*
 * Send it a signal; _group: to all of its group, with new_group, new_session or pty. 0,
 * CORO_ESRCH: it has ended (its number may be somebody else's by now, and is never used);
 * CORO_EINVAL: no such signal, no group of its own; CORO_EPERM.
 */
CORO_API int coro_process_send_signal(coro_process *process, int signo);
CORO_API int coro_process_send_signal_group(coro_process *process, int signo);
/* SIGTERM, SIGKILL. */
CORO_API int coro_process_terminate(coro_process *process);
CORO_API int coro_process_kill(coro_process *process);

/*
 * Close its pipes, and see to its end: SIGTERM, its grace, SIGKILL. *process is NULL from
 * the call on; if it was, nothing. Waits until it has ended, and its group, if it has one
 * of its own. Cancelled: killed at once, not waited for. CORO_ETIMEDOUT: not even
 * SIGKILL ended it within 5 seconds; the loop goes on to wait for it. Never allocates.
 */
CORO_API CORO_NODISCARD coro_void *coro_process_close(coro_process **process);

/* The same by SIGKILL, without a wait: the loop takes its status when it comes. */
CORO_API void coro_process_abort(coro_process **process);

CORO_END_DECLS

#endif

#endif
