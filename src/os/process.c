/* SPDX-License-Identifier: MIT */
/*
 * process.c - a child as its owner has it: created, signalled, waited for, closed.
 *
 *     options ─► our ends: streams ┐
 *             └► its ends: plan    ┴► coro_spawn_child ─► coro_process_begin (ending.c)
 *
 * All that can fail but the exec itself comes before it: what runs has its streams. Our
 * copies of its ends are closed when it has started, or has not: it must be the only
 * one that holds them, or there would be no end of data.
 */
#define _GNU_SOURCE
#include "internal.h"

#include <stdlib.h>
#include <sys/ioctl.h>

/* --- descriptors -------------------------------------------------------------------------- */

/* What is made for a child: its plan, and what we have to close again. */
typedef struct making {
    coro_spawn spawn;
    int ours[8]; /* to be closed */
    size_t ours_count;
} making;

static int to_close(making *making, int fd)
{
    making->ours[making->ours_count++] = fd;
    return fd;
}

static void give(making *making, int ours, int childs)
{
    making->spawn.fds[making->spawn.fds_count++] = (coro_process_fd){ours, childs};
}

#define PIPE_SIZE (256 * 1024) /* so much a child can have said before anybody reads it */

/* A pipe, of which the child gets the end that it uses as its descriptor `childs`. */
static int make_pipe(making *making, coro_stream **place, int childs)
{
    int fds[2], mine = childs == 0 ? 1 : 0, error;
    if (coro_sys.pipe2(fds, O_CLOEXEC) != 0)
        return -errno;
    give(making, to_close(making, fds[1 - mine]), childs);
    if (childs != 0)
        (void)coro_sys.fcntl(fds[mine], F_SETPIPE_SZ, PIPE_SIZE); /* or what there is */
    error = coro_sys.fcntl(fds[mine], F_SETFL, O_NONBLOCK) == 0
                ? coro_pipe_open(place, place, fds[mine])
                : -errno;
    if (error != 0)
        coro_sys.close(fds[mine]);
    return error;
}

static int make_standard(making *making, coro_stream **place, int which, int childs)
{
    int fd;
    switch (which) {
    case CORO_PROCESS_INHERIT:
        return 0;
    case CORO_PROCESS_PIPE:
        return make_pipe(making, place, childs);
    case CORO_PROCESS_DEVNULL:
        fd = coro_sys.open("/dev/null", O_RDWR | O_CLOEXEC);
        if (fd < 0)
            return -errno;
        give(making, to_close(making, fd), childs);
        return 0;
    case CORO_PROCESS_STDOUT: /* which has been made before, or is ours */
        if (childs != 2)
            return CORO_EINVAL;
        fd = 1;
        for (size_t i = 0; i < making->spawn.fds_count; i++)
            fd = making->spawn.fds[i].childs == 1 ? making->spawn.fds[i].ours : fd;
        give(making, fd, childs);
        return 0;
    default:
        if (which < 0)
            return CORO_EINVAL;
        give(making, which, childs);
        return 0;
    }
}

static int make_terminal(making *making, coro_process *process, const coro_process_options *options)
{
    struct winsize size = {.ws_row = options->rows > 0 ? options->rows : 24,
                           .ws_col = options->columns > 0 ? options->columns : 80};
    int slave, error, master = coro_pty_open(&slave);
    if (master < 0)
        return master;
    for (int childs = 0; childs < 3; childs++)
        give(making, slave, childs);
    to_close(making, slave);
    error = coro_sys.ioctl(master, TIOCSWINSZ, &size) != 0 ||
                    coro_sys.fcntl(master, F_SETFL, O_RDWR | O_NONBLOCK) != 0
                ? -errno
                : coro_pipe_open(&process->terminal, &process->terminal, master);
    if (error != 0)
        coro_sys.close(master);
    return error;
}

static int make_descriptors(making *making, coro_process *process,
                            const coro_process_options *options)
{
    int error = 0;
    if (options->fds_count > CORO_PROCESS_FDS_MAX ||
        (options->pty && (options->in != 0 || options->out != 0 || options->err != 0)))
        return CORO_EINVAL;
    if (options->pty)
        error = make_terminal(making, process, options);
    else if ((error = make_standard(making, &process->in, options->in, 0)) == 0 &&
             (error = make_standard(making, &process->out, options->out, 1)) == 0)
        error = make_standard(making, &process->err, options->err, 2);
    for (size_t i = 0; error == 0 && i < options->fds_count; i++) {
        if (options->fds[i].ours < 0 || options->fds[i].childs < 3)
            return CORO_EINVAL;
        give(making, options->fds[i].ours, options->fds[i].childs);
    }
    return error;
}

/* --- its beginning ------------------------------------------------------------------------ */

static coro_process *process_new(const coro_process_options *options)
{
    coro_loop *loop = coro_loop_current();
    struct coro_process_ring *ring = coro_process_ring_of(loop);
    coro_process *process = ring != NULL ? coro_pool_take_(&loop->pool, sizeof *process) : NULL;
    if (process == NULL)
        return NULL;
    coro_zero_(process, sizeof *process);
    process->loop = loop;
    process->ring = ring;
    process->holders = 1;
    process->phase = CORO_PROCESS_GONE_; /* until it lives */
    process->reaped = true;
    process->has_group = options->new_group || options->new_session || options->pty;
    process->grace = options->grace != 0 ? options->grace : CORO_SECONDS(5);
    return process;
}

static int start(coro_process **place, const char *const *argv, const coro_process_options *options)
{
    static const coro_process_options none;
    making making = {.ours_count = 0};
    int error;
    if (options == NULL)
        options = &none;
    if (argv == NULL || argv[0] == NULL)
        return CORO_EINVAL;
    *place = process_new(options);
    if (*place == NULL)
        return CORO_ENOMEM;
    making.spawn.argv = argv;
    making.spawn.options = options;
    error = make_descriptors(&making, *place, options);
    if (error == 0) {
        pid_t pid = coro_spawn_child(&making.spawn);
        error = pid < 0 ? (int)pid : coro_process_begin(*place, pid);
    }
    while (making.ours_count > 0)
        coro_sys.close(making.ours[--making.ours_count]);
    if (error != 0)
        coro_process_abort(place);
    return error;
}

static void drop(coro_process *process)
{
    coro_process_abort(&process);
}

ASYNC(create_process, RETURNS(coro_process *, drop),
      ARGS(const char *const *, argv, const char *, command, const coro_process_options *, options),
      VARS(coro_process *process; const char *shell[4]; int error;))
{
    ASYNC_BEGIN;
    if (CORO_CANCEL_PENDING())
        ASYNC_THROW(CORO_ECANCELED);
    if (self->argv == NULL && self->command != NULL) {
        self->shell[0] = "/bin/sh";
        self->shell[1] = "-c";
        self->shell[2] = self->command;
        self->argv = self->shell;
    }
    self->error = start(&self->process, self->argv, self->options);
    if (self->error != 0)
        ASYNC_THROW(self->error);
    ASYNC_RETURN(self->process);
    ASYNC_END;
}

coro_process_creating *coro_create_subprocess_exec(const char *const *argv,
                                                   const coro_process_options *options)
{
    return (coro_process_creating *)(void *)create_process(argv, NULL, options);
}

coro_process_creating *coro_create_subprocess_shell(const char *command,
                                                    const coro_process_options *options)
{
    return (coro_process_creating *)(void *)create_process(NULL, command, options);
}

/* --- for its owner ------------------------------------------------------------------------ */

int coro_process_send_signal(coro_process *process, int signo)
{
    if (process == NULL || process->returncode != CORO_PROCESS_RUNNING)
        return CORO_ESRCH;
    return coro_process_send_(process, signo);
}

int coro_process_send_signal_group(coro_process *process, int signo)
{
    if (process == NULL || process->reaped)
        return CORO_ESRCH;
    if (!process->has_group)
        return CORO_EINVAL;
    return coro_sys.kill(-process->pid, signo) == 0 ? 0 : -errno;
}

int coro_process_terminate(coro_process *process)
{
    return coro_process_send_signal(process, SIGTERM);
}

int coro_process_kill(coro_process *process)
{
    return coro_process_send_signal(process, SIGKILL);
}

pid_t coro_process_pid(const coro_process *process)
{
    return process->pid;
}

int coro_process_returncode(const coro_process *process)
{
    return process->returncode;
}

static coro_stream *stream_of(const coro_process *process, coro_stream *stream)
{
    return stream != NULL ? stream : process->terminal;
}

coro_stream *coro_process_stdin(const coro_process *process)
{
    return stream_of(process, process->in);
}

coro_stream *coro_process_stdout(const coro_process *process)
{
    return stream_of(process, process->out);
}

coro_stream *coro_process_stderr(const coro_process *process)
{
    return stream_of(process, process->err);
}

coro_stream *coro_process_terminal(const coro_process *process)
{
    return process->terminal;
}

/* --- waits -------------------------------------------------------------------------------- */

static int exit_start(coro_task *task, coro_call *call)
{
    coro_process *process = call->object;
    if (process == NULL)
        return CORO_ECLOSED;
    if (process->loop != task->driver.loop)
        return CORO_EWRONGLOOP;
    call->result.number = process->returncode;
    if (process->returncode != CORO_PROCESS_RUNNING)
        return 0;
    task->wait.object = process;
    coro_waiters_push(&process->waiters, task);
    return CORO_PENDING_;
}

static bool exit_cancel(coro_task *task)
{
    coro_waiters_remove(&((coro_process *)task->wait.object)->waiters, task);
    return true;
}

static const coro_wait_type exit_type = {"process exit", exit_cancel, NULL, NULL, false};

CORO_LEAF(coro_process_wait_exit, &exit_type, exit_start, sizeof(int));

coro_int *coro_process_wait_exit(coro_process *process)
{
    return (coro_int *)coro_call_of_(&coro_process_wait_exit_call_, process, NULL);
}

static int close_start(coro_task *task, coro_call *call)
{
    coro_process *process = call->object;
    if (process == NULL)
        return 0;
    if (process->loop != task->driver.loop)
        return CORO_EWRONGLOOP;
    coro_process_stop(process, process->grace);
    if (process->phase != CORO_PROCESS_GONE_) {
        task->wait.object = process;
        coro_waiters_push(&process->closers, task);
        coro_process_unref(process); /* the machine holds it still */
        return CORO_PENDING_;
    }
    coro_process_unref(process);
    return 0;
}

static bool close_cancel(coro_task *task)
{
    coro_process *process = task->wait.object;
    coro_waiters_remove(&process->closers, task);
    coro_process_kill_now(process);
    return true;
}

static void close_discard(coro_header *frame)
{
    coro_process *process = ((coro_call *)frame)->object;
    coro_process_abort(&process);
}

static const coro_wait_type close_type = {"process close", close_cancel, NULL, NULL, true};

CORO_LEAF_HOLDING(coro_process_close, &close_type, close_start, close_discard, 0);

coro_void *coro_process_close(coro_process **place)
{
    coro_process *process = *place;
    coro_call *call = coro_call_new_(&coro_process_close_call_);
    *place = NULL;
    if (call->coro.error == 0)
        call->object = process;
    else
        coro_process_abort(&process); /* no memory for the call, but it does its work */
    return (coro_void *)call;
}

void coro_process_abort(coro_process **place)
{
    coro_process *process = *place;
    *place = NULL;
    if (process == NULL)
        return;
    coro_process_kill_now(process);
    coro_process_unref(process);
}
