/* SPDX-License-Identifier: MIT */
/* A loop in the child of a fork: it traps until it is reset, and the parent's does not notice. */
#define _GNU_SOURCE
#include "process_fixture.h"

#include <coro/remote.h>
#include <coro/runner.h>

SUITE(fork);

/* The status of a child that has to end by exit(0), or by a trap. */
static int status_of(pid_t child)
{
    int status;
    HOLDS(child > 0);
    EQ(waitpid(child, &status, 0), child);
    return status;
}

static void no_core(void)
{
    signal(SIGABRT, SIG_DFL);
    fclose(stderr);
}

/* --- before ------------------------------------------------------------------------------- */

ASYNC(sleeps)
{
    ASYNC_BEGIN;
    AWAIT(coro_sleep(CORO_MS(1)));
    ASYNC_END;
}

ASYNC(f051_traps, VARS(coro_stream *in, *out; pid_t child; int status; coro_task *reader;),
      SCRATCH(char text[8];))
{
    ASYNC_BEGIN;
    EQ(coro_pipe(&self->in, &self->out), 0);
    self->reader = coro_create_task(coro_stream_read_exactly(self->in, self->text, 5));
    AWAIT(coro_sleep(CORO_MS(1)));
    self->child = fork();
    if (self->child == 0) {
        no_core();
        AWAIT(coro_sleep(CORO_MS(1)));
        _exit(0);
    }
    self->status = status_of(self->child);
    HOLDS(WIFSIGNALED(self->status) && WTERMSIG(self->status) == SIGABRT);
    AWAIT(coro_stream_write(self->out, "still", 5));
    AWAIT(coro_task_join(self->reader)); /* ours is as it was */
  ASYNC_FINALLY:
    coro_task_release(self->reader);
    coro_stream_abort(&self->in);
    coro_stream_abort(&self->out);
    ASYNC_END;
}

Test(fork, f051_a_child_that_goes_on_in_the_loop_traps_and_the_parent_does_not_notice)
{
    EQ(RUN_OS(f051_traps()), 0);
}

static void use_in_child(coro_loop *forked, int how)
{
    no_core();
    if (how == 0)
        (void)coro_loop_run_until_complete(forked, sleeps());
    else
        coro_loop_close(forked);
    _exit(0);
}

Test(fork, f051_running_or_closing_the_parents_loop_traps)
{
    coro_loop outer;
    EQ(coro_loop_init(&outer, NULL), 0);
    for (int how = 0; how < 2; how++) {
        pid_t child = fork();
        if (child == 0)
            use_in_child(&outer, how);
        HOLDS(WTERMSIG(status_of(child)) == SIGABRT);
    }
    EQ(coro_loop_fork_reset(&outer), 0); /* in the parent: nothing */
    EQ(coro_loop_run_until_complete(&outer, sleeps()), 0);
    coro_loop_close(&outer);
}

/* --- after -------------------------------------------------------------------------------- */

ASYNC(reads_one, ARGS(coro_stream *, stream), VARS(size_t n;), SCRATCH(char text[1];))
{
    ASYNC_BEGIN;
    AWAIT(self->n, coro_stream_read(self->stream, self->text, 1));
    ASYNC_END;
}

/* All that a loop does, in the child of a running one. */
ASYNC(f051_goes_on,
      VARS(coro_stream *in, *out, *other_in, *other_out; pid_t child; int status, error;
           coro_process *process; coro_task *reader, *other; coro_remote *remote;
           coro_remote_flag flag;))
{
    ASYNC_BEGIN;
    EQ(coro_pipe(&self->in, &self->out), 0);
    EQ(coro_pipe(&self->other_in, &self->other_out), 0);
    AWAIT(self->process, coro_create_subprocess_exec(CORO_ARGV("sleep", "1000"), NULL));
    self->reader = coro_create_task(reads_one(self->in));
    self->other = coro_create_task(reads_one(self->other_in));
    self->remote = coro_remote_open(coro_loop_current());
    coro_remote_flag_init(&self->flag);
    AWAIT(coro_sleep(CORO_MS(1)));
    self->child = fork();
    if (self->child == 0) {
        EQ(coro_loop_fork_reset(coro_loop_current()), 0);
        EQ(coro_loop_fork_reset(coro_loop_current()), 0);
        EQ(coro_process_returncode(self->process), CORO_PROCESS_UNKNOWN);
        EQ(coro_process_kill(self->process), CORO_ESRCH);
        AWAIT(coro_process_close(&self->process)); /* which is not its parent */
        AWAIT(coro_stream_write(self->other_out, "x", 1));
        AWAIT(coro_task_join(self->other)); /* it waited before */
        EQ(coro_remote_flag_set(self->remote, &self->flag), 0);
        AWAIT(coro_remote_flag_wait(&self->flag));
        AWAIT(coro_sleep(CORO_MS(2)));
        _exit(0);
    }
    self->status = status_of(self->child);
    EQ(self->status, 0);
    AWAIT(coro_sleep(CORO_MS(1)));
    HOLDS(!coro_task_done(self->reader) && !coro_task_done(self->other));
    EQ(coro_process_returncode(self->process), CORO_PROCESS_RUNNING);
    AWAIT(coro_stream_write(self->out, "x", 1));
    AWAIT(coro_task_join(self->reader));
    AWAIT(coro_stream_write(self->other_out, "x", 1));
    AWAIT(coro_task_join(self->other));
  ASYNC_FINALLY:
    AWAIT(coro_process_close(&self->process));
    coro_task_release(self->reader);
    coro_task_release(self->other);
    coro_remote_release(self->remote);
    coro_stream_abort(&self->in);
    coro_stream_abort(&self->out);
    coro_stream_abort(&self->other_in);
    coro_stream_abort(&self->other_out);
    ASYNC_END;
}

Test(fork, f051_after_a_reset_the_child_has_a_loop_of_its_own)
{
    EQ(RUN_OS(f051_goes_on()), 0);
}

/* --- what the system refuses ---------------------------------------------------------------- */

static int no_epoll(int flags)
{
    (void)flags;
    errno = EMFILE;
    return -1;
}

static int no_dup3(int fd, int place, int flags)
{
    (void)fd, (void)place, (void)flags;
    errno = ENOMEM;
    return -1;
}

Test(fork, f051_a_reset_that_fails_may_be_tried_again)
{
    coro_loop outer;
    pid_t child;
    EQ(coro_loop_init(&outer, NULL), 0);
    child = fork();
    if (child == 0) {
        coro_sys_table real_table = coro_sys;
        coro_sys.epoll_create1 = no_epoll;
        EQ(coro_loop_fork_reset(&outer), CORO_EMFILE);
        coro_sys = real_table;
        coro_sys.dup3 = no_dup3;
        EQ(coro_loop_fork_reset(&outer), CORO_ENOMEM);
        coro_sys = real_table;
        EQ(coro_loop_fork_reset(&outer), 0);
        EQ(coro_loop_run_until_complete(&outer, sleeps()), 0);
        coro_loop_close(&outer);
        _exit(0);
    }
    EQ(status_of(child), 0);
    coro_loop_close(&outer);
}

/* ^C wakes the child's loop, not the parent's. */
ASYNC(is_interrupted, VARS(pid_t child;))
{
    ASYNC_BEGIN;
    self->child = fork();
    if (self->child == 0) {
        EQ(coro_loop_fork_reset(coro_loop_current()), 0);
        raise(SIGINT);
        AWAIT(coro_sleep(CORO_SECONDS(1000)));
    }
    EQ(status_of(self->child), 0);
    ASYNC_END;
}

Test(fork, an_interrupt_of_the_child_is_its_own)
{
    coro_runner runner;
    pid_t parent = getpid();
    int error;
    signal(SIGINT, SIG_DFL);
    coro_runner_init(&runner, &(coro_runner_options){.sigint = true});
    error = coro_runner_run(&runner, is_interrupted());
    coro_runner_close(&runner);
    if (getpid() != parent)
        _exit(error == CORO_EINTR ? 0 : 1);
    EQ(error, 0);
}
