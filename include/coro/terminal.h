/* SPDX-License-Identifier: MIT */
/*
 * coro/terminal.h - the terminal, and the three streams that a program is born with.
 *
 *     error = coro_stream_stdin(&self->in);
 *     for (;;) {
 *         AWAIT(self->n, coro_stream_read_line(self->in, self->line, sizeof self->line));
 *         ...
 *
 * The shell, and whoever else holds the same terminal or pipe, must not find it
 * non-blocking. So a terminal, device or pipe is opened once more, by /proc/self/fd; a socket
 * is served by calls that need no such mark, a file does without. Only what cannot be
 * opened again (a pipe without a reader, a terminal of somebody else) is marked, until the
 * stream is closed, or the program ends by exit.
 *
 * A window that changes its size says so: coro/signals.h, SIGWINCH.
 * Memory: streams from the loop's pool. Threads: the loop's; modes and sizes: any.
 */
#ifndef CORO_TERMINAL_H
#define CORO_TERMINAL_H

#include <coro/stream.h>

#if CORO_HOSTED && CORO_SCOPES

CORO_BEGIN_DECLS

/*
 * A new stream, in the running loop, of what the descriptor 0, 1 or 2 is; that one stays open
 * when the stream is closed. 0, CORO_EBADF (it is closed), CORO_ENOMEM, CORO_EMFILE. Never
 * suspends. Do not mix it with stdio's buffers.
 */
CORO_API CORO_NODISCARD int coro_stream_stdin(coro_stream **stream);
CORO_API CORO_NODISCARD int coro_stream_stdout(coro_stream **stream);
CORO_API CORO_NODISCARD int coro_stream_stderr(coro_stream **stream);

/* Is it a terminal? Errors are no. */
CORO_API bool coro_terminal_is(int fd);

/* Rows and columns of its window: 0, or the system's error (CORO_EBADF, ENOTTY...). */
CORO_API int coro_terminal_size(int fd, unsigned *rows, unsigned *columns);
/* The same, set: its programs get a SIGWINCH. CORO_ERANGE: more than 65,535. */
CORO_API int coro_terminal_set_size(int fd, unsigned rows, unsigned columns);

/*
 * Raw: each key comes at once, unseen and unchanged; ^C, too, is one. The terminal is as it
 * was before after coro_terminal_restore, and when the program ends by exit. Raw twice is
 * raw. CORO_EBADF, -ENOTTY; CORO_ENOBUFS: more than 8 terminals.
 */
CORO_API CORO_NODISCARD int coro_terminal_raw(int fd);
/* False: it was not made raw. */
CORO_API bool coro_terminal_restore(int fd);

CORO_END_DECLS

#endif

#endif
