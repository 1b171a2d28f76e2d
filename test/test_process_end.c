/* SPDX-License-Identifier: MIT */
/* How children end, are ended, and are waited for; with pidfds, and without. */
#define _GNU_SOURCE
#include "process_fixture.h"

#include <coro/flag.h>

SUITE_LASTING(process_end, 30);

/* --- waits -------------------------------------------------------------------------------- */

ASYNC(hears, ARGS(coro_process *, process), VARS(int status;))
{
    ASYNC_BEGIN;
    AWAIT(self->status, coro_process_wait(self->process));
    say("%d ", self->status);
    ASYNC_END;
}

ASYNC(c143_ten, VARS(coro_process *child; coro_task *tasks[10]; int i, error, status;))
{
    ASYNC_BEGIN;
    AWAIT(self->child, coro_create_subprocess_shell("read line; exit 7", &piped));
    for (self->i = 0; self->i < 10; self->i++)
        self->tasks[self->i] = coro_create_task(hears(self->child));
    AWAIT(coro_yield());
    coro_task_cancel(self->tasks[3]); /* c142: only this wait */
    AWAIT_CATCH(self->error, coro_task_join(self->tasks[3]));
    EQ(self->error, CORO_ECANCELED);
    AWAIT(coro_stream_write(coro_process_stdin(self->child), "go\n", 3));
    for (self->i = 0; self->i < 10; self->i++) {
        AWAIT_CATCH(self->error, coro_task_join(self->tasks[self->i]));
        coro_task_release(self->tasks[self->i]);
    }
    AWAIT(self->status, coro_process_wait(self->child)); /* and who comes late */
    EQ(self->status, 7);
  ASYNC_FINALLY:
    AWAIT(coro_process_close(&self->child));
    ASYNC_END;
}

Test(process_end, c143_all_who_wait_get_the_same_status)
{
    EQ(RUN_OS(c143_ten()), 0);
    SAID("7 7 7 7 7 7 7 7 7 ");
}

ASYNC(waits_for_nobody, VARS(int error, status;))
{
    ASYNC_BEGIN;
    AWAIT_CATCH(self->error, self->status, coro_process_wait_exit(NULL));
    EQ(self->error, CORO_ECLOSED);
    AWAIT_CATCH(self->error, coro_process_wait_io(NULL));
    EQ(self->error, CORO_ECLOSED);
    AWAIT_CATCH(self->error, self->status, coro_process_wait(NULL));
    EQ(self->error, CORO_ECLOSED);
    AWAIT(coro_process_close(&(coro_process *){NULL}));
    coro_process_abort(&(coro_process *){NULL});
    EQ(coro_process_send_signal(NULL, SIGTERM), CORO_ESRCH);
    EQ(coro_process_send_signal_group(NULL, SIGTERM), CORO_ESRCH);
    ASYNC_END;
}

Test(process_end, a_process_that_is_none_is_closed)
{
    EQ(RUN_OS(waits_for_nobody()), 0);
}

static coro_process *foreign;

ASYNC(starts_foreign)
{
    ASYNC_BEGIN;
    AWAIT(foreign, coro_create_subprocess_exec(CORO_ARGV("sleep", "1000"), NULL));
    ASYNC_END;
}

ASYNC(waits_for_foreign, VARS(coro_process *same; int error, status; coro_process_output output;))
{
    ASYNC_BEGIN;
    AWAIT_CATCH(self->error, self->status, coro_process_wait_exit(foreign));
    EQ(self->error, CORO_EWRONGLOOP);
    AWAIT_CATCH(self->error, coro_process_wait_io(foreign));
    EQ(self->error, CORO_EWRONGLOOP);
    AWAIT_CATCH(self->error, self->status, coro_process_wait(foreign));
    EQ(self->error, CORO_EWRONGLOOP);
    AWAIT_CATCH(self->error, coro_process_communicate(foreign, NULL, 0, 9, &self->output));
    EQ(self->error, CORO_EWRONGLOOP);
    self->same = foreign;
    AWAIT_CATCH(self->error, coro_process_close(&self->same));
    EQ(self->error, CORO_EWRONGLOOP);
    EQ(kill(coro_process_pid(foreign), 0), 0); /* it runs on */
    ASYNC_END;
}

Test(process_end, another_loops_process_is_refused_and_a_loop_kills_what_it_leaves)
{
    coro_loop other;
    EQ(coro_loop_init(&other, NULL), 0);
    EQ(coro_loop_run_until_complete(&other, starts_foreign()), 0);
    EQ(run_net_(&waits_for_foreign()->coro), 0);
    coro_loop_close(&other);
    no_children();
}

/* --- many --------------------------------------------------------------------------------- */

#define CROWD 500 /* 10,000 take a minute */

ASYNC(runs_crowd, VARS(coro_process *all[CROWD]; int i, status;))
{
    ASYNC_BEGIN;
    for (self->i = 0; self->i < CROWD; self->i++)
        AWAIT(self->all[self->i], coro_create_subprocess_exec(
                                      CORO_ARGV(self->i % 2 ? "true" : "false"), NULL));
    for (self->i = 0; self->i < CROWD; self->i++) {
        AWAIT(self->status, coro_process_wait_exit(self->all[self->i]));
        EQ(self->status, self->i % 2 ? 0 : 1);
    }
  ASYNC_FINALLY:
    for (self->i = 0; self->i < CROWD; self->i++)
        AWAIT(coro_process_close(&self->all[self->i]));
    ASYNC_END;
}

Test(process_end, f054_five_hundred_at_once)
{
    EQ(RUN_OS(runs_crowd()), 0);
}

Test(process_end, f054_five_hundred_at_once_without_pidfds)
{
    break_system();
    fail_next("pidfd_open", ENOSYS);
    fault.goes_on = true;
    EQ(RUN_OS(runs_crowd()), 0);
    HOLDS(fault.hits == CROWD);
}

ASYNC(is_robbed, ARGS(const coro_process_options *, options),
      VARS(coro_process *child; int status;))
{
    ASYNC_BEGIN;
    /* It ends while we stand in waitpid, not before: the loop must not have looked. */
    AWAIT(self->child, coro_create_subprocess_exec(CORO_ARGV("sleep", "0.3"), self->options));
    EQ(waitpid(-1, &self->status, 0), coro_process_pid(self->child)); /* another library */
    EQ(coro_process_returncode(self->child), CORO_PROCESS_RUNNING);
    AWAIT(self->status, coro_wait_for(coro_process_wait(self->child), CORO_SECONDS(5)));
    EQ(self->status, CORO_PROCESS_UNKNOWN);
    EQ(coro_process_kill(self->child), CORO_ESRCH);
  ASYNC_FINALLY:
    AWAIT(coro_process_close(&self->child));
    ASYNC_END;
}

Test(process_end, f054_a_stolen_status_is_unknown_and_nobody_hangs)
{
    coro_process_options options = {.new_group = true};
    EQ(RUN_OS(is_robbed(NULL)), 0);
    EQ(RUN_OS(is_robbed(&options)), 0);
    break_system();
    fail_next("pidfd_open", ENOSYS);
    fault.goes_on = true;
    EQ(RUN_OS(is_robbed(NULL)), 0);
    EQ(RUN_OS(is_robbed(&options)), 0);
}

Test(process_end, f054_a_program_that_ignores_sigchld_has_no_status)
{
    signal(SIGCHLD, SIG_IGN);
    EQ(RUN_OS(runs(CORO_ARGV("false"), NULL)), 0);
    char text[32];
    snprintf(text, sizeof text, "=> %d\n", CORO_PROCESS_UNKNOWN);
    SAID(text);
}

/* --- signals ------------------------------------------------------------------------------ */

ASYNC(is_signalled, VARS(coro_process *child; coro_process_options options; int status;))
{
    ASYNC_BEGIN;
    AWAIT(self->child, coro_create_subprocess_exec(CORO_ARGV("sleep", "1000"), NULL));
    EQ(coro_process_send_signal(self->child, 0), 0);
    EQ(coro_process_send_signal(self->child, 999), CORO_EINVAL);
    EQ(coro_process_send_signal_group(self->child, SIGTERM), CORO_EINVAL); /* that is ours */
    EQ(coro_process_terminate(self->child), 0);
    AWAIT(self->status, coro_process_wait_exit(self->child));
    EQ(self->status, -SIGTERM);
    EQ(coro_process_terminate(self->child), CORO_ESRCH);
    EQ(coro_process_send_signal_group(self->child, SIGTERM), CORO_ESRCH);
    AWAIT(coro_process_close(&self->child));
    self->options.new_session = true;
    AWAIT(self->child, coro_create_subprocess_shell("sleep 1000; :", &self->options));
    EQ(coro_process_send_signal_group(self->child, SIGKILL), 0);
    AWAIT(self->status, coro_process_wait(self->child));
    EQ(self->status, -SIGKILL);
    AWAIT(coro_process_close(&self->child));
    AWAIT(self->child, coro_create_subprocess_exec(CORO_ARGV("sleep", "1000"), NULL));
    EQ(coro_process_kill(self->child), 0);
    AWAIT(self->status, coro_process_wait_exit(self->child));
    EQ(self->status, -SIGKILL);
  ASYNC_FINALLY:
    AWAIT(coro_process_close(&self->child));
    ASYNC_END;
}

Test(process_end, signals_reach_it_and_never_who_has_its_number_afterwards)
{
    EQ(RUN_OS(is_signalled()), 0);
    break_system();
    fail_next("pidfd_open", ENOSYS);
    fault.goes_on = true;
    EQ(RUN_OS(is_signalled()), 0);
}

ASYNC(is_forbidden, VARS(coro_process *child; coro_process_options options;))
{
    ASYNC_BEGIN;
    self->options.new_group = true;
    AWAIT(self->child, coro_create_subprocess_exec(CORO_ARGV("sleep", "1000"), &self->options));
    fail_next("pidfd_send_signal", EPERM);
    EQ(coro_process_send_signal(self->child, SIGKILL), CORO_EPERM);
    fail_next("kill", EPERM);
    EQ(coro_process_send_signal_group(self->child, SIGKILL), CORO_EPERM);
    EQ(coro_process_kill(self->child), 0);
  ASYNC_FINALLY:
    AWAIT(coro_process_close(&self->child));
    ASYNC_END;
}

Test(process_end, what_the_system_forbids_is_said)
{
    break_system();
    EQ(RUN_OS(is_forbidden()), 0);
}

/* --- close -------------------------------------------------------------------------------- */

/* Is it gone, or about to be taken by somebody whom it was left to? */
static bool is_dead(pid_t pid)
{
    char path[64], text[256] = "";
    const char *state;
    FILE *file;
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    file = fopen(path, "r");
    if (file == NULL)
        return true;
    EQ(fgets(text, sizeof text, file) != NULL, 1);
    fclose(file);
    state = strrchr(text, ')');
    return state != NULL && state[2] == 'Z';
}

static void dies(pid_t pid)
{
    for (int ms = 0; ms < 5000 && !is_dead(pid); ms++)
        usleep(1000);
    HOLDS(is_dead(pid));
}

#define STUBBORN "trap '' TERM; echo $$; while :; do sleep 1; done"
#define PARENT "sleep 1000 & echo $!; exec sleep 1000"

/* Starts a script that says a pid; what close does then. */
ASYNC(closes,
      ARGS(const char *, script, const coro_process_options *, options, coro_duration, after),
      VARS(coro_process *child; coro_process_options own; pid_t pid, said; size_t n;
           coro_time began; coro_duration took, grace;),
      SCRATCH(char text[32];))
{
    ASYNC_BEGIN;
    self->own = *self->options;
    self->own.out = CORO_PROCESS_PIPE;
    AWAIT(self->child, coro_create_subprocess_shell(self->script, &self->own));
    self->pid = coro_process_pid(self->child);
    AWAIT(self->n, coro_stream_read_line(coro_process_stdout(self->child), self->text, 32));
    self->said = (pid_t)atol(self->text);
    if (self->after > 0)
        AWAIT(coro_sleep(self->after));
    self->began = coro_loop_time(coro_loop_current());
    AWAIT(coro_process_close(&self->child));
    HOLDS(self->child == NULL);
    self->took = coro_loop_time(coro_loop_current()) - self->began;
    self->grace = self->own.grace > 0 ? self->own.grace : CORO_SECONDS(5);
    say("%s ", self->took < self->grace ? "soon" : "later");
    EQ(kill(self->pid, 0), -1);
    say("%s\n", is_dead(self->said) ? "all" : "not all");
    if (self->own.new_group)
        dies(self->said);
    else
        kill(self->said, SIGKILL);
  ASYNC_FINALLY:
    AWAIT(coro_process_close(&self->child));
    ASYNC_END;
}

Test(process_end, c142_close_ends_a_child_that_runs)
{
    coro_process_options options = {.grace = 0};
    EQ(RUN_OS(closes("echo $$; exec sleep 1000", &options, 0)), 0);
    options.grace = -1;
    EQ(RUN_OS(closes(STUBBORN, &options, 0)), 0);
    SAID("soon all\nsoon all\n");
}

Test(process_end, f055_who_does_not_want_to_end_is_killed_when_its_grace_is_over)
{
    coro_process_options options = {.grace = CORO_MS(150)};
    EQ(RUN_OS(closes(STUBBORN, &options, 0)), 0);
    SAID("later all\n");
}

Test(process_end, f055_its_group_ends_with_it_if_it_has_one)
{
    coro_process_options options = {.new_group = true, .grace = CORO_MS(300)};
    EQ(RUN_OS(closes(PARENT, &options, 0)), 0);
    EQ(RUN_OS(closes("sleep 1000 & echo $!", &options, CORO_MS(20))), 0);
    EQ(RUN_OS(closes("(trap '' TERM; echo $$; exec sleep 1000) & wait", &options, 0)), 0);
    options.new_group = false;
    EQ(RUN_OS(closes(PARENT, &options, 0)), 0);
}

ASYNC(holds_stdout, VARS(coro_process *child; coro_process_options options; int status, error;
                         pid_t pid; size_t n;),
      SCRATCH(char text[32];))
{
    ASYNC_BEGIN;
    self->options = piped;
    self->options.new_group = true;
    AWAIT(self->child, coro_create_subprocess_shell("sleep 1000 & echo $!", &self->options));
    AWAIT(self->status, coro_process_wait_exit(self->child));
    EQ(self->status, 0);
    AWAIT_CATCH(self->error, coro_wait_for(coro_process_wait_io(self->child), CORO_MS(50)));
    EQ(self->error, CORO_ETIMEDOUT);
    AWAIT(self->n, coro_stream_read_line(coro_process_stdout(self->child), self->text, 32));
    self->pid = (pid_t)atol(self->text);
    HOLDS(!is_dead(self->pid));
    EQ(coro_process_send_signal_group(self->child, SIGTERM), 0); /* its number is kept for that */
    AWAIT(coro_process_wait_io(self->child));
    AWAIT(coro_process_close(&self->child));
    dies(self->pid);
  ASYNC_FINALLY:
    AWAIT(coro_process_close(&self->child));
    ASYNC_END;
}

Test(process_end, f055_a_grandchild_that_holds_stdout_does_not_hold_the_exit)
{
    EQ(RUN_OS(holds_stdout()), 0);
}

static coro_flag loop_has_child = CORO_FLAG_INIT;

ASYNC(never_ends, VARS(coro_process *child; coro_process_options options; size_t n;),
      SCRATCH(char text[32];))
{
    ASYNC_BEGIN;
    self->options = piped;
    self->options.grace = CORO_SECONDS(1000);
    AWAIT(self->child, coro_create_subprocess_shell(STUBBORN, &self->options));
    AWAIT(self->n, coro_stream_read_line(coro_process_stdout(self->child), self->text, 32));
    coro_flag_set(&loop_has_child);
    AWAIT(coro_process_close(&self->child));
    ASYNC_END;
}

ASYNC(is_cancelled_in_close, VARS(coro_task *task; int error;))
{
    ASYNC_BEGIN;
    self->task = coro_create_task(never_ends());
    AWAIT(coro_flag_wait(&loop_has_child));
    AWAIT(coro_yield());
    coro_task_cancel(self->task);
    AWAIT_CATCH(self->error, coro_task_join(self->task));
    EQ(self->error, CORO_ECANCELED);
    coro_task_release(self->task);
    ASYNC_END;
}

Test(process_end, c142_a_cancelled_close_kills_at_once_and_leaves_no_zombie)
{
    EQ(RUN_OS(is_cancelled_in_close()), 0);
}

static const char *const sleeper[] = {"sleep", "1000", NULL};

/* A system that holds a child: it has not ended, and to say so takes 6 s. */
static bool held;
static time_t later;

static int held_waitid(int kind, pid_t id, siginfo_t *info, int options)
{
    later += held ? 6 : 0;
    return held ? 0 : real.waitid(kind, id, info, options);
}

static int later_clock(clockid_t clock, struct timespec *time)
{
    int result = real.clock_gettime(clock, time);
    time->tv_sec += later;
    return result;
}

ASYNC(is_held, VARS(coro_process *child; coro_process_options options; int error; pid_t pid;))
{
    ASYNC_BEGIN;
    self->options.grace = -1;
    AWAIT(self->child, coro_create_subprocess_exec(sleeper, &self->options));
    self->pid = coro_process_pid(self->child);
    held = true;
    AWAIT_CATCH(self->error, coro_process_close(&self->child));
    EQ(self->error, CORO_ETIMEDOUT);
    HOLDS(self->child == NULL);
    held = false;
    while (kill(self->pid, 0) == 0) /* the loop takes its exit when it comes */
        AWAIT(coro_sleep(CORO_MS(1)));
    ASYNC_END;
}

Test(process_end, a_close_gives_up_on_what_not_even_sigkill_ends)
{
    real = coro_sys;
    coro_sys.waitid = held_waitid;
    coro_sys.clock_gettime = later_clock;
    EQ(RUN_OS(is_held()), 0);
}

ASYNC(creates_and_is_cancelled, VARS(coro_process *child;))
{
    ASYNC_BEGIN;
    coro_task_cancel(coro_current_task());
    AWAIT(self->child, coro_create_subprocess_exec(CORO_ARGV("sleep", "1000"), NULL));
    HOLDS(false);
  ASYNC_FINALLY:
    HOLDS(self->child == NULL);
    ASYNC_END;
}

ASYNC(fails)
{
    ASYNC_BEGIN;
    ASYNC_THROW(CORO_EIO);
    ASYNC_END;
}

ASYNC(loses_a_race, VARS(int error; coro_process *child;))
{
    ASYNC_BEGIN;
    AWAIT_CATCH(self->error, coro_gather(coro_into(&self->child,
                                                   coro_create_subprocess_exec(sleeper, NULL)),
                                         coro_only(fails())));
    EQ(self->error, CORO_EIO);
    HOLDS(self->child == NULL);
    coro_discard(coro_create_subprocess_exec(sleeper, NULL));
    AWAIT(self->child, coro_create_subprocess_exec(sleeper, NULL));
    coro_discard(coro_process_close(&self->child)); /* does its work */
    ASYNC_END;
}

Test(process_end, c142_a_cancelled_creation_starts_nothing_and_a_lost_one_is_killed)
{
    EQ(RUN_OS(creates_and_is_cancelled()), CORO_ECANCELED);
    EQ(RUN_OS(loses_a_race()), 0);
}

ASYNC(leaves_it, VARS(coro_process *child;))
{
    ASYNC_BEGIN;
    AWAIT(self->child, coro_create_subprocess_shell(STUBBORN, &piped));
    ASYNC_END;
}

ASYNC(aborts_it, VARS(coro_process *child; coro_process_options options;))
{
    ASYNC_BEGIN;
    self->options = piped;
    self->options.new_group = true;
    AWAIT(self->child, coro_create_subprocess_shell(STUBBORN, &self->options));
    coro_process_abort(&self->child);
    HOLDS(self->child == NULL);
    ASYNC_END;
}

Test(process_end, c142_what_is_left_at_the_end_of_the_loop_is_killed)
{
    EQ(RUN_OS(leaves_it()), 0);
    EQ(RUN_OS(aborts_it()), 0);
    break_system();
    fail_next("pidfd_open", ENOSYS);
    fault.goes_on = true;
    EQ(RUN_OS(leaves_it()), 0);
    EQ(RUN_OS(aborts_it()), 0);
}
