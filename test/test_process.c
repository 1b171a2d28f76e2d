/* SPDX-License-Identifier: MIT */
/* Children: how they are made, what they get, what they say. How they end: test_process_end.c. */
#define _GNU_SOURCE
#include "process_fixture.h"

#include <sys/stat.h>

SUITE_LASTING(process, 30);

/* --- streams ------------------------------------------------------------------------------ */

ASYNC(c140_echo, VARS(coro_process *cat; coro_stream *in; size_t n; int status;),
      SCRATCH(char text[32];))
{
    ASYNC_BEGIN;
    AWAIT(self->cat, coro_create_subprocess_exec(CORO_ARGV("cat"), &piped));
    HOLDS(coro_process_pid(self->cat) > 0);
    EQ(coro_process_returncode(self->cat), CORO_PROCESS_RUNNING);
    AWAIT(coro_stream_write(coro_process_stdin(self->cat), "some data\n", 10));
    AWAIT(self->n, coro_stream_read_line(coro_process_stdout(self->cat), self->text, 32));
    HOLDS(self->n == 10 && memcmp(self->text, "some data\n", 10) == 0);
    self->in = coro_process_stdin(self->cat);
    AWAIT(coro_stream_close(&self->in));
    HOLDS(coro_process_stdin(self->cat) == NULL);
    AWAIT(self->n, coro_stream_read(coro_process_stdout(self->cat), self->text, 32));
    EQ(self->n, 0);
    AWAIT(self->status, coro_process_wait(self->cat));
    EQ(self->status, 0);
    EQ(coro_process_returncode(self->cat), 0);
  ASYNC_FINALLY:
    AWAIT(coro_process_close(&self->cat));
    ASYNC_END;
}

Test(process, c140_cat_gives_back_what_it_is_told)
{
    EQ(RUN_OS(c140_echo()), 0);
}

ASYNC(c140_deaf, VARS(coro_process *child; int error; char *data; coro_process_output output;))
{
    ASYNC_BEGIN;
    self->data = calloc(1, 1000000);
    AWAIT(self->child, coro_create_subprocess_exec(CORO_ARGV("true"), &piped));
    AWAIT(coro_process_communicate(self->child, self->data, 1000000, 1000, &self->output));
    EQ(self->output.returncode, 0);
    EQ(self->output.out.size, 0);
    AWAIT(coro_process_close(&self->child));
    AWAIT(self->child, coro_create_subprocess_exec(CORO_ARGV("true"), &piped));
    AWAIT_CATCH(self->error,
                coro_stream_write(coro_process_stdin(self->child), self->data, 1000000));
    if (self->error == 0)
        AWAIT_CATCH(self->error, coro_stream_drain(coro_process_stdin(self->child)));
    EQ(self->error, CORO_EPIPE);
  ASYNC_FINALLY:
    AWAIT(coro_process_close(&self->child));
    coro_process_output_free(&self->output);
    free(self->data);
    ASYNC_END;
}

Test(process, c140_communicate_does_not_mind_a_child_that_does_not_listen_and_a_drain_does)
{
    EQ(RUN_OS(c140_deaf()), 0);
}

ASYNC(talks_much, VARS(coro_process *child; char *data; coro_process_output output; int error;))
{
    ASYNC_BEGIN;
    self->data = malloc(700000);
    memset(self->data, 'x', 700000);
    AWAIT(self->child, coro_create_subprocess_shell("cat; yes | head -c 300000 >&2; exit 7",
                                                    &piped));
    AWAIT(coro_process_communicate(self->child, self->data, 700000, 700000, &self->output));
    EQ(self->output.out.size, 700000);
    HOLDS(memcmp(self->output.out.data, self->data, 700000) == 0);
    EQ(self->output.out.data[700000], '\0');
    EQ(self->output.err.size, 300000);
    EQ(self->output.returncode, 7);
    coro_process_output_free(&self->output);
    AWAIT(coro_process_close(&self->child));
    AWAIT(self->child, coro_create_subprocess_shell("cat; echo 123456789", &piped));
    AWAIT_CATCH(self->error,
                coro_process_communicate(self->child, NULL, 0, 5, &self->output));
    EQ(self->error, CORO_ELIMIT);
    HOLDS(self->output.out.size == 5 && strcmp(self->output.out.data, "12345") == 0);
  ASYNC_FINALLY:
    AWAIT(coro_process_close(&self->child));
    coro_process_output_free(&self->output);
    free(self->data);
    ASYNC_END;
}

Test(process, communicate_feeds_and_reads_at_the_same_time_up_to_a_limit)
{
    EQ(RUN_OS(talks_much()), 0);
}

ASYNC(is_cut_off, VARS(coro_process *child; coro_task *task; coro_process_output output;
                       int error;))
{
    ASYNC_BEGIN;
    AWAIT(self->child, coro_create_subprocess_shell("echo first; cat", &piped));
    self->task = coro_create_task(
        coro_process_communicate(self->child, "second", 6, 100, &self->output));
    AWAIT(coro_yield());
    coro_task_cancel(self->task);
    AWAIT_CATCH(self->error, coro_task_join(self->task));
    EQ(self->error, CORO_ECANCELED);
    EQ(self->output.returncode, CORO_PROCESS_RUNNING);
    coro_process_output_free(&self->output);
    coro_task_release(self->task);
    self->task = coro_create_task(
        coro_process_communicate(self->child, NULL, 0, 100, &self->output));
    AWAIT(coro_yield());
    AWAIT(coro_process_close(&self->child));
    AWAIT_CATCH(self->error, coro_task_join(self->task));
    EQ(self->error, CORO_ECLOSED);
  ASYNC_FINALLY:
    coro_task_release(self->task);
    AWAIT(coro_process_close(&self->child));
    coro_process_output_free(&self->output);
    ASYNC_END;
}

Test(process, communicate_may_be_cancelled_and_the_process_closed_under_it)
{
    EQ(RUN_OS(is_cut_off()), 0);
}

ASYNC(c143_after_exit, VARS(coro_process *child; size_t n, got; int status;),
      SCRATCH(char data[10000];))
{
    ASYNC_BEGIN;
    AWAIT(self->child, coro_create_subprocess_shell("yes | head -c 262144", &piped));
    AWAIT(self->status, coro_process_wait_exit(self->child));
    EQ(self->status, 0);
    do {
        AWAIT(self->n, coro_stream_read(coro_process_stdout(self->child), self->data, 10000));
        self->got += self->n;
    } while (self->n > 0);
    EQ(self->got, 262144);
  ASYNC_FINALLY:
    AWAIT(coro_process_close(&self->child));
    ASYNC_END;
}

Test(process, c143_what_it_said_can_be_read_after_its_exit)
{
    EQ(RUN_OS(c143_after_exit()), 0);
}

ASYNC(c143_held_back, VARS(coro_process *yes; int error, status;), SCRATCH(char text[4];))
{
    ASYNC_BEGIN;
    AWAIT(self->yes, coro_create_subprocess_exec(CORO_ARGV("yes"), &piped));
    AWAIT(coro_stream_read_exactly(coro_process_stdout(self->yes), self->text, 4));
    HOLDS(memcmp(self->text, "y\ny\n", 4) == 0);
    AWAIT_CATCH(self->error, self->status,
                coro_wait_for(coro_process_wait(self->yes), CORO_MS(50)));
    EQ(self->error, CORO_ETIMEDOUT);
    HOLDS(loop.pool.live < 100); /* nothing of all that is in here */
  ASYNC_FINALLY:
    AWAIT(coro_process_close(&self->yes));
    ASYNC_END;
}

Test(process, c143_who_is_not_read_is_held_back)
{
    EQ(RUN_OS(c143_held_back()), 0);
}

/* --- what it gets ------------------------------------------------------------------------- */

static const char *const home[] = {"PATH=/usr/bin:/bin", "HOME=/nowhere", NULL};
static const mode_t private = 077;

Test(process, it_gets_a_directory_an_environment_and_a_mask)
{
    coro_process_options options = {.directory = "/usr", .environment = home, .umask = &private};
    EQ(RUN_OS(says("pwd; echo $HOME $USER; umask", &options)), 0);
    SAID("/usr\n/nowhere\n0077\n=> 0\n");
}

Test(process, a_program_is_looked_for_in_the_path_of_its_environment)
{
    static const char *const nowhere[] = {"PATH=/nowhere:/bin/sh:/usr/bin:/bin", NULL};
    static const char *const empty[] = {"PATH=", NULL};
    static const char *const none[] = {NULL};
    coro_process_options options = {.environment = nowhere};
    EQ(RUN_OS(runs(CORO_ARGV("cat", "/dev/null"), &options)), 0);
    options.environment = none; /* the usual folders */
    EQ(RUN_OS(runs(CORO_ARGV("cat", "/dev/null"), &options)), 0);
    options.environment = empty; /* this folder */
    options.directory = "/bin";
    EQ(RUN_OS(runs(CORO_ARGV("cat", "/dev/null"), &options)), 0);
    options.directory = "/usr";
    EQ(RUN_OS(runs(CORO_ARGV("cat", "/dev/null"), &options)), CORO_ENOENT);
    EQ(RUN_OS(runs(CORO_ARGV("../bin/cat", "/dev/null"), &options)), 0);
    SAID("=> 0\n=> 0\n=> 0\n=> 0\n");
}

Test(process, its_output_goes_where_it_is_sent)
{
    char path[] = "/tmp/coro-process-XXXXXX", text[64] = "";
    int fd = mkstemp(path);
    coro_process_options options = {.err = CORO_PROCESS_STDOUT, .in = CORO_PROCESS_DEVNULL};
    EQ(RUN_OS(says("echo out; echo err >&2; cat; echo end", &options)), 0);
    options.err = CORO_PROCESS_DEVNULL;
    EQ(RUN_OS(says("echo out; echo err >&2", &options)), 0);
    options.out = fd;
    options.err = CORO_PROCESS_STDOUT;
    EQ(RUN_OS(runs(CORO_ARGV("sh", "-c", "echo file; echo err >&2"), &options)), 0);
    EQ(pread(fd, text, sizeof text - 1, 0), 9);
    say("%s", text);
    SAID("out\nerr\nend\n=> 0\nout\n=> 0\n=> 0\nfile\nerr\n");
    close(fd);
    unlink(path);
}

/* Two that trade places, and one that is where the pipe of the error might be. */
Test(process, it_gets_descriptors_by_number_and_no_others)
{
    int a[2], b[2], other;
    char script[256];
    EQ(pipe(a), 0);
    EQ(pipe(b), 0);
    other = dup(0); /* somebody forgot O_CLOEXEC */
    EQ(write(a[1], "from a\n", 7), 7);
    EQ(write(b[1], "from b\n", 7), 7);
    close(a[1]);
    close(b[1]);
    snprintf(script, sizeof script,
             "cat /dev/fd/%d; cat /dev/fd/%d; cat /dev/fd/60; for i in %d %d %d; do "
             "[ -e /proc/self/fd/$i ] && echo $i; done; true", a[0], b[0], other, a[1], b[1]);
    {
        const coro_process_fd fds[] = {{a[0], b[0]}, {b[0], a[0]}, {a[0], 60}};
        coro_process_options options = {.fds = fds, .fds_count = 3};
        EQ(RUN_OS(says(script, &options)), 0);
    }
    SAID("from b\nfrom a\n=> 0\n");
    close(a[0]);
    close(b[0]);
    close(other);
}

ASYNC(hears_all, VARS(coro_process *child; coro_process_output output;))
{
    ASYNC_BEGIN;
    AWAIT(self->child,
          coro_create_subprocess_exec(CORO_ARGV("sh", "-c", "cat; echo err >&2"), &piped));
    AWAIT(coro_process_communicate(self->child, "in", 2, 100, &self->output));
    say("%s%s", self->output.out.data, self->output.err.data);
  ASYNC_FINALLY:
    coro_process_output_free(&self->output);
    AWAIT(coro_process_close(&self->child));
    ASYNC_END;
}

/* A daemon: the ends of the pipes have the numbers that the child's are to have. */
Test(process, c141_who_has_no_standard_descriptors_has_children_as_well)
{
    int in = fcntl(0, F_DUPFD_CLOEXEC, 100), out = fcntl(1, F_DUPFD_CLOEXEC, 100);
    close(0);
    close(1);
    EQ(RUN_OS(hears_all()), 0);
    EQ(dup2(in, 0), 0);
    EQ(dup2(out, 1), 1);
    SAID("inerr\n");
}

Test(process, its_signals_are_as_if_it_were_the_first)
{
    coro_process_options options = {.in = 0};
    sigset_t some;
    sigemptyset(&some);
    sigaddset(&some, SIGUSR1);
    sigprocmask(SIG_BLOCK, &some, NULL);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGUSR2, SIG_IGN);
    EQ(RUN_OS(says("kill -USR2 $$; echo alive; grep SigBlk /proc/self/status; kill -PIPE $$",
                   &options)), 0);
    SAID("alive\nSigBlk:\t0000000000000000\n=> -13\n");
    sigemptyset(&some);
    EQ(sigprocmask(SIG_SETMASK, NULL, &some), 0);
    HOLDS(sigismember(&some, SIGUSR1) && !sigismember(&some, SIGUSR2)); /* ours are as before */
}

#define GROUP "read p c s pp g sid rest < /proc/self/stat; echo $((p == g)) $((p == sid))"

Test(process, it_has_a_group_or_a_session_of_its_own_if_that_is_wanted)
{
    coro_process_options options = {.new_group = true};
    EQ(RUN_OS(says(GROUP, NULL)), 0);
    EQ(RUN_OS(says(GROUP, &options)), 0);
    options.new_session = true;
    EQ(RUN_OS(says(GROUP, &options)), 0);
    SAID("0 0\n=> 0\n1 0\n=> 0\n1 1\n=> 0\n");
}

ASYNC(talks_by_terminal, VARS(coro_process *child; coro_process_options options; size_t n;
                              int status, error; coro_process_output output;),
      SCRATCH(char text[128];))
{
    ASYNC_BEGIN;
    self->options.pty = true;
    self->options.columns = 132;
    AWAIT(self->child, coro_create_subprocess_shell(
                           "[ -t 0 ] && [ -t 1 ] && [ -t 2 ] && stty -echo && stty size; "
                           "read line; echo \"<$line>\" > /dev/tty; read line; echo never",
                           &self->options));
    HOLDS(coro_process_stdin(self->child) == coro_process_terminal(self->child));
    HOLDS(coro_process_stdout(self->child) == coro_process_stderr(self->child));
    AWAIT_CATCH(self->error, coro_process_communicate(self->child, NULL, 0, 9, &self->output));
    EQ(self->error, CORO_EINVAL);
    AWAIT(self->n, coro_stream_read_line(coro_process_terminal(self->child), self->text, 128));
    HOLDS(self->n == 8 && memcmp(self->text, "24 132\r\n", 8) == 0);
    AWAIT(coro_stream_write(coro_process_terminal(self->child), "hello\n", 6));
    AWAIT(self->n, coro_stream_read_line(coro_process_terminal(self->child), self->text, 128));
    HOLDS(self->n == 9 && memcmp(self->text, "<hello>\r\n", 9) == 0);
    AWAIT(coro_stream_write(coro_process_terminal(self->child), "\3", 1)); /* ^C */
    AWAIT(self->status, coro_process_wait(self->child));
    EQ(self->status, -SIGINT);
    do
        AWAIT(self->n, coro_stream_read(coro_process_terminal(self->child), self->text, 128));
    while (self->n > 0);
  ASYNC_FINALLY:
    AWAIT(coro_process_close(&self->child));
    ASYNC_END;
}

Test(process, it_may_have_a_terminal_of_its_own)
{
    EQ(RUN_OS(talks_by_terminal()), 0);
}

/* --- what cannot be started --------------------------------------------------------------- */

Test(process, f053_what_cannot_be_executed_is_an_error_of_the_creation)
{
    static const coro_process_fd bad[] = {{-1, 5}}, low[] = {{0, 1}}, closed[] = {{1000, 5}};
    coro_process_options options = piped;
    char path[] = "/tmp/coro-process-XXXXXX", *huge = malloc(3000000);
    close(mkstemp(path));
    memset(huge, 'x', 2999999);
    huge[2999999] = '\0';
    EQ(RUN_OS(runs(CORO_ARGV("/nowhere/at/all"), &options)), CORO_ENOENT);
    EQ(RUN_OS(runs(CORO_ARGV("no such program"), &options)), CORO_ENOENT);
    EQ(RUN_OS(runs(CORO_ARGV(""), &options)), CORO_ENOENT);
    EQ(RUN_OS(runs(CORO_ARGV(path), &options)), CORO_EACCES);
    EQ(RUN_OS(runs(CORO_ARGV("/tmp"), &options)), CORO_EACCES);
    EQ(RUN_OS(runs(CORO_ARGV("true", huge), &options)), CORO_E2BIG);
    EQ(RUN_OS(runs((const char *const[]){NULL}, &options)), CORO_EINVAL);
    EQ(RUN_OS(runs(NULL, &options)), CORO_EINVAL);
    options.directory = "/nowhere";
    EQ(RUN_OS(runs(CORO_ARGV("true"), &options)), CORO_ENOENT);
    options = (coro_process_options){.out = CORO_PROCESS_STDOUT};
    EQ(RUN_OS(runs(CORO_ARGV("true"), &options)), CORO_EINVAL);
    options = (coro_process_options){.out = -4};
    EQ(RUN_OS(runs(CORO_ARGV("true"), &options)), CORO_EINVAL);
    options = (coro_process_options){.pty = true, .out = CORO_PROCESS_PIPE};
    EQ(RUN_OS(runs(CORO_ARGV("true"), &options)), CORO_EINVAL);
    options = (coro_process_options){.fds = bad, .fds_count = 1};
    EQ(RUN_OS(runs(CORO_ARGV("true"), &options)), CORO_EINVAL);
    options.fds = low;
    EQ(RUN_OS(runs(CORO_ARGV("true"), &options)), CORO_EINVAL);
    options.fds = closed;
    EQ(RUN_OS(runs(CORO_ARGV("true"), &options)), CORO_EBADF);
    options.fds_count = CORO_PROCESS_FDS_MAX + 1;
    EQ(RUN_OS(runs(CORO_ARGV("true"), &options)), CORO_EINVAL);
    SAID("");
    unlink(path);
    free(huge);
}

Test(process, f053_what_the_system_does_not_grant_is_an_error_of_the_creation)
{
    break_system();
    fail_next("vfork", EAGAIN);
    EQ(RUN_OS(runs(CORO_ARGV("true"), &piped)), CORO_EAGAIN);
    for (int at = 1; at <= 4; at++) { /* three pipes, and that for the error */
        fail_next("pipe2", EMFILE);
        fault.at = at;
        EQ(RUN_OS(runs(CORO_ARGV("true"), &piped)), CORO_EMFILE);
    }
    SAID("");
}

ASYNC(everything, VARS(coro_process *child; coro_process_options options;
                       coro_process_output output; int status;))
{
    ASYNC_BEGIN;
    self->options = piped;
    self->options.err = CORO_PROCESS_DEVNULL;
    self->options.new_group = true;
    AWAIT(self->child, coro_create_subprocess_exec(CORO_ARGV("cat"), &self->options));
    AWAIT(coro_process_communicate(self->child, "abc", 3, 10, &self->output));
    HOLDS(self->output.out.size == 3 && self->output.returncode == 0);
    AWAIT(coro_process_close(&self->child));
    self->options = (coro_process_options){.pty = true};
    AWAIT(self->child, coro_create_subprocess_exec(CORO_ARGV("sleep", "1000"), &self->options));
    (void)coro_process_terminate(self->child);
    AWAIT(self->status, coro_process_wait_exit(self->child));
    HOLDS(self->status == -SIGTERM || self->status == -SIGHUP);
  ASYNC_FINALLY:
    coro_process_abort(&self->child);
    coro_process_output_free(&self->output);
    ASYNC_END;
}

ASYNC(everything_in_time)
{
    ASYNC_BEGIN;
    AWAIT(coro_wait_for(everything(), CORO_SECONDS(6)));
    ASYNC_END;
}

Test(process, each_system_call_that_fails_is_an_error_and_nothing_is_left)
{
    static const char *const names[] = {"pipe2",      "fcntl", "fstat",     "vfork", "open",
                                        "pidfd_open", "ioctl", "sigaction", "read",  "write"};
    break_system();
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        EACH_CALL_FAILS(names[i], EIO, everything_in_time());
    EACH_CALL_FAILS("pidfd_open", ENOSYS, everything_in_time());
    EACH_CALL_FAILS("waitid", EINTR, everything_in_time());
    EACH_CALL_FAILS("read", EINTR, everything_in_time());
    EACH_CALL_FAILS("epoll_ctl", ENOSPC, everything_in_time());
}

Test(process, each_allocation_may_fail)
{
    int result, failed = 0;
    for (size_t n = 1;; n++) {
        memset(&memory, 0, sizeof memory);
        memory.fail_at = n;
        result = RUN_NET_LOUD(everything_in_time());
        no_children();
        HOLDS(result == 0 || result == CORO_ENOMEM);
        failed += result != 0;
        if (memory.calls < n)
            break;
    }
    HOLDS(failed > 3);
    EQ(result, 0);
}
