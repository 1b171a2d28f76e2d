/* SPDX-License-Identifier: MIT */
/*
 * coro/pipe.h - streams over what read(2) and write(2) serve: pipes, FIFOs,
 * terminals, other devices, files.
 *
 *     error = coro_pipe(&self->reader, &self->writer);
 *     error = coro_stream_from_pipe(&self->log, open("/run/log", O_WRONLY | O_CLOEXEC));
 *
 * They are coro_streams: coro/stream.h says how to read, write and close them. A
 * write to a pipe whose readers are gone is an error, not a signal: with the first
 * stream of this page the process begins to ignore SIGPIPE, if it had no handler for
 * it (and goes on to; children of coro/process.h have the default back).
 *
 * A file or directory is always ready, and what its disk takes the loop waits for.
 *
 * Memory: from the loop's pool. Threads: the loop's.
 */
#ifndef CORO_PIPE_H
#define CORO_PIPE_H

#include <coro/stream.h>

#if CORO_HOSTED && CORO_SCOPES

CORO_BEGIN_DECLS

/*
 * A stream of a descriptor of yours, in the running loop. Takes fd, on success only,
 * and makes it non-blocking and close-on-exec: who shares its open file, as a shell
 * shares a terminal, sees that, too (coro/terminal.h has the standard ones). 0,
 * CORO_ENOMEM, CORO_EBADF, or the system's error. Never suspends.
 *
 * coro_stream_shutdown_write closes the write end of a pipe, and has no meaning for
 * what is read through the same descriptor. The master of a pseudo terminal ends
 * when its last slave is closed.
 */
CORO_API CORO_NODISCARD int coro_stream_from_pipe(coro_stream **stream, int fd);

/* A new pipe: what is written to one comes out of the other. 0, or CORO_ENOMEM, CORO_EMFILE...;
 * then there is none. Never suspends. */
CORO_API CORO_NODISCARD int coro_pipe(coro_stream **reader, coro_stream **writer);

/*
 * Wait until nobody is at the other side any more: of a pipe that is read, all
 * writers have closed; of one that is written to, all readers. Reads nothing: bytes
 * may still wait to be read. A stream that is closed, before or meanwhile, has nobody
 * there. Any number of tasks may wait. CORO_EINVAL: no stream of this page, or a file;
 * CORO_EWRONGLOOP, CORO_EMFILE (it takes a descriptor), CORO_ENOMEM.
 */
CORO_API CORO_NODISCARD coro_void *coro_pipe_wait_hangup(coro_stream *stream);

CORO_END_DECLS

#endif

#endif
