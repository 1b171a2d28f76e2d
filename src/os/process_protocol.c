/* SPDX-License-Identifier: MIT */
/*
 * process_protocol.c - a task that waits for a child, reads its pipes, and calls a protocol.
 *
 *     run ─┬─ body:     wait_exit ─► process_exited ─► until no output is open
 *          ├─ children: peek ─► pipe_data_received ─► ... ─► pipe_connection_lost     1, 2
 *          └─ child:    until nobody reads ─► pipe_connection_lost                    0
 *
 * The group of these is what close cancels; then the process is closed, and the protocol told.
 */
#define _GNU_SOURCE
#include "internal.h"

#include "stream/internal.h"

#include <coro/flag.h>
#include <coro/group.h>
#include <coro/process_protocol.h>

/* What a connected protocol is a part of: in the frame of its task. */
struct coro_process_run_ {
    coro_process *process;
    coro_process_protocol *protocol;
    coro_group group;
    unsigned outputs;      /* open ones */
    coro_flag output_over; /* one less */
    bool closing;
};

typedef struct coro_process_run_ running;

static const coro_process_protocol_type *type_of(const running *run)
{
    return run->protocol->type;
}

static void lose_pipe(running *run, int fd, int error)
{
    if (type_of(run)->pipe_connection_lost != NULL)
        type_of(run)->pipe_connection_lost(run->protocol, fd, error);
}

/* --- its pipes ---------------------------------------------------------------------------- */

ASYNC(hear, ARGS(running *, run, coro_stream *, stream, int, fd), VARS(size_t n; int error;))
{
    ASYNC_BEGIN;
    for (;;) {
        AWAIT_CATCH(self->error, self->n, coro_stream_peek(self->stream, 1));
        if (self->error != 0 || self->n == 0)
            break;
        if (type_of(self->run)->pipe_data_received != NULL)
            type_of(self->run)->pipe_data_received(
                self->run->protocol, self->fd, coro_stream_buffered(self->stream, &self->n),
                self->n);
        coro_stream_consume(self->stream, self->n);
    }
    lose_pipe(self->run, self->fd, self->error);
  ASYNC_FINALLY:
    self->run->outputs--;
    coro_flag_set(&self->run->output_over);
    ASYNC_END;
}

ASYNC(watch_input, ARGS(running *, run), VARS(int error;))
{
    ASYNC_BEGIN;
    AWAIT_CATCH(self->error, coro_pipe_wait_hangup(coro_process_stdin(self->run->process)));
    lose_pipe(self->run, 0, self->error);
    ASYNC_END;
}

/* Failure is the group's: it comes down with CORO_ENOMEM. */
static void start_hearing(running *run, coro_stream *stream, int fd)
{
    if (stream == NULL)
        return;
    run->outputs++;
    if (coro_group_create_task(&run->group, hear(run, stream, fd)) == NULL)
        run->outputs--;
}

static void start(running *run)
{
    coro_process *process = run->process;
    bool has_terminal = coro_process_terminal(process) != NULL;
    if (type_of(run)->connection_made != NULL)
        type_of(run)->connection_made(run->protocol);
    start_hearing(run, coro_process_stdout(process), 1);
    if (!has_terminal) {
        start_hearing(run, coro_process_stderr(process), 2);
        if (coro_process_stdin(process) != NULL)
            coro_group_create_task(&run->group, watch_input(run));
    }
}

static coro_stream *input_of(const coro_process_protocol *protocol)
{
    running *run = protocol->run;
    return run != NULL && !run->closing ? coro_process_stdin(run->process) : NULL;
}

int coro_process_protocol_write(coro_process_protocol *protocol, const void *data, size_t size)
{
    coro_stream *input = input_of(protocol);
    return input != NULL ? coro_stream_append(input, data, size) : CORO_EPIPE;
}

int coro_process_protocol_write_eof(coro_process_protocol *protocol)
{
    coro_stream *input = input_of(protocol);
    if (input == NULL)
        return CORO_EPIPE;
    coro_stream_end_later(input);
    return 0;
}

/* --- life --------------------------------------------------------------------------------- */

static void lose(running *run, int error)
{
    coro_process_protocol *protocol = run->protocol;
    protocol->run = NULL;
    if (protocol->type->connection_lost != NULL)
        protocol->type->connection_lost(protocol, run->closing ? 0 : error);
}

ASYNC(run_process, ARGS(coro_process *, process, coro_process_protocol *, protocol),
      VARS(running run; int returncode, error;))
{
    ASYNC_BEGIN;
    self->run.process = self->process;
    self->run.protocol = self->protocol;
    self->protocol->run = &self->run;
    CORO_GROUP(self->run.group) {
        start(&self->run);
        AWAIT(self->returncode, coro_process_wait_exit(self->run.process));
        if (self->protocol->type->process_exited != NULL)
            self->protocol->type->process_exited(self->protocol);
        while (self->run.outputs > 0)
            AWAIT(coro_flag_wait(&self->run.output_over));
        coro_group_cancel(&self->run.group); /* a grandchild may have its input still */
    }
  ASYNC_FINALLY:
    self->error = self->coro.error;
    AWAIT(coro_process_close(&self->run.process));
    lose(&self->run, self->error);
    ASYNC_END;
}

/* By argv, or by a command. */
ASYNC(connect_process,
      ARGS(coro_process_protocol *, protocol, const char *const *, argv, const char *, command,
           const coro_process_options *, options),
      VARS(coro_process *process;))
{
    struct run_process *call;
    coro_task *task;
    ASYNC_BEGIN;
    if (self->protocol->run != NULL)
        ASYNC_THROW(CORO_EALREADY);
    AWAIT(self->process, self->command == NULL
                             ? coro_create_subprocess_exec(self->argv, self->options)
                             : coro_create_subprocess_shell(self->command, self->options));
    call = run_process(self->process, self->protocol);
    task = call->coro.error == 0 ? coro_create_task_eager(call) : NULL;
    if (task == NULL)
        ASYNC_THROW(CORO_ENOMEM);
    self->process = NULL;
    coro_task_set_name(task, "process protocol");
    coro_task_release(task);
  ASYNC_FINALLY:
    coro_process_abort(&self->process);
    ASYNC_END;
}

coro_void *coro_subprocess_exec(coro_process_protocol *protocol, const char *const *argv,
                                const coro_process_options *options)
{
    return (coro_void *)(void *)connect_process(protocol, argv, NULL, options);
}

coro_void *coro_subprocess_shell(coro_process_protocol *protocol, const char *command,
                                 const coro_process_options *options)
{
    return (coro_void *)(void *)connect_process(protocol, NULL, command, options);
}

void coro_process_protocol_close(coro_process_protocol *protocol)
{
    if (protocol->run != NULL && !protocol->run->closing) {
        protocol->run->closing = true;
        coro_group_cancel(&protocol->run->group);
    }
}

coro_process *coro_process_protocol_process(const coro_process_protocol *protocol)
{
    return protocol->run != NULL ? protocol->run->process : NULL;
}
