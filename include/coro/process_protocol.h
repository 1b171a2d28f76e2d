/* SPDX-License-Identifier: MIT */
/*
 * coro/process_protocol.h - a child process by callbacks, for those who port such code.
 *
 *     static void said(coro_process_protocol *self, int fd, const void *data, size_t size);
 *     static const coro_process_protocol_type listening = {.pipe_data_received = said};
 *
 *     coro_process_protocol_init(&my->protocol, &listening);
 *     self->options = (coro_process_options){.out = CORO_PROCESS_PIPE};
 *     AWAIT(coro_subprocess_exec(&my->protocol, CORO_ARGV("df", "-hl"), &self->options));
 *
 * asyncio's SubprocessProtocol. The order: connection_made; then, as they come,
 * pipe_data_received, pipe_connection_lost and process_exited; when the process has ended and its
 * output, too, connection_lost. Where a coroutine can be written, write one: coro/process.h.
 *
 * Memory: a protocol is its user's, first in a struct of theirs, and is touched no more once
 * connection_lost has been called. Threads: the loop's.
 */
#ifndef CORO_PROCESS_PROTOCOL_H
#define CORO_PROCESS_PROTOCOL_H

#include <coro/process.h>

#if CORO_HOSTED && CORO_SCOPES

CORO_BEGIN_DECLS

typedef struct coro_process_protocol coro_process_protocol;

/* What is NULL is not called; none may suspend. */
typedef struct coro_process_protocol_type {
    void (*connection_made)(coro_process_protocol *self);
    /* From its descriptor 1 or 2; borrowed. With a pty all of it is 1's. */
    void (*pipe_data_received)(coro_process_protocol *self, int fd, const void *data, size_t size);
    /* Of 1 and 2: nothing more will come. Of 0: nobody reads any more. Once each, 0 or why. */
    void (*pipe_connection_lost)(coro_process_protocol *self, int fd, int error);
    /* It has ended: coro_process_returncode. Its output may go on. */
    void (*process_exited)(coro_process_protocol *self);
    /* The last call, once: 0, or why it is not waited for any more. */
    void (*connection_lost)(coro_process_protocol *self, int error);
} coro_process_protocol_type;

struct coro_process_protocol { /* private */
    const coro_process_protocol_type *type;
    struct coro_process_run_ *run; /* while it is connected */
};

static inline void coro_process_protocol_init(coro_process_protocol *protocol,
                                              const coro_process_protocol_type *type)
{
    protocol->type = type;
    protocol->run = NULL;
}

/*
 * Start a child, as coro_create_subprocess_exec and _shell do, with their errors, and a task of
 * the loop that runs the protocol: connection_made has been called when the await ends. Also
 * CORO_EALREADY: the protocol has a process. After an error nothing was called. Borrows the
 * protocol until connection_lost. asyncio's loop.subprocess_exec and subprocess_shell.
 */
CORO_API CORO_NODISCARD coro_void *coro_subprocess_exec(coro_process_protocol *protocol,
                                                        const char *const *argv,
                                                        const coro_process_options *options);
CORO_API CORO_NODISCARD coro_void *coro_subprocess_shell(coro_process_protocol *protocol,
                                                         const char *command,
                                                         const coro_process_options *options);

/* Write a copy to its standard input, all of it; coro_stream_unsent of coro_process_stdin says how
 * much waits. 0, CORO_ENOMEM (nothing was written), CORO_EPIPE: no pipe, or nobody reads it. */
CORO_API int coro_process_protocol_write(coro_process_protocol *protocol, const void *data,
                                         size_t size);
/* Say the end of its input, when all is written. 0, or CORO_EPIPE. */
CORO_API int coro_process_protocol_write_eof(coro_process_protocol *protocol);

/* Be done with it: as coro_process_close, then connection_lost. Not connected: nothing. */
CORO_API void coro_process_protocol_close(coro_process_protocol *protocol);

/* The process, to ask and to signal; not to close. Borrowed; NULL: not connected. */
CORO_API coro_process *coro_process_protocol_process(const coro_process_protocol *protocol);

CORO_END_DECLS

#endif

#endif
