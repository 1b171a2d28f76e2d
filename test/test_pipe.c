/* SPDX-License-Identifier: MIT */
/* Streams over pipes, devices, files, and over sockets by read and write. */
#define _GNU_SOURCE
#include "os_fixture.h"

#include <pty.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <termios.h>

SUITE(pipe);

#define MUCH ((size_t)300000)

/* --- bytes -------------------------------------------------------------------------------- */

ASYNC(goes_through, VARS(coro_stream *in, *out; size_t n; int error;), SCRATCH(char text[16];))
{
    ASYNC_BEGIN;
    EQ(coro_pipe(&self->in, &self->out), 0);
    AWAIT(coro_stream_write(self->out, "one\ntwo\n", 8));
    AWAIT(self->n, coro_stream_read_line(self->in, self->text, sizeof self->text));
    EQ(self->n, 4);
    AWAIT(coro_stream_shutdown_write(self->out));
    EQ(coro_stream_fd(self->out), -1);
    AWAIT_CATCH(self->error, coro_stream_write(self->out, "x", 1));
    EQ(self->error, CORO_EPIPE);
    AWAIT(self->n, coro_stream_read(self->in, self->text, sizeof self->text));
    HOLDS(self->n == 4 && memcmp(self->text, "two\n", 4) == 0);
    AWAIT(self->n, coro_stream_read(self->in, self->text, sizeof self->text));
    EQ(self->n, 0);
    AWAIT_CATCH(self->error, coro_stream_write(self->in, "x", 1));
    AWAIT_CATCH(self->error, coro_stream_drain(self->in));
    EQ(self->error, CORO_EBADF); /* that end is for reading */
  ASYNC_FINALLY:
    coro_stream_abort(&self->in);
    AWAIT(coro_stream_close(&self->out));
    ASYNC_END;
}

Test(pipe, what_is_written_comes_out_and_the_end_behind_it)
{
    EQ(RUN_OS(goes_through()), 0);
}

ASYNC(writes_much, ARGS(coro_stream *, out), VARS(char *data; coro_slice slices[3];))
{
    ASYNC_BEGIN;
    self->data = malloc(MUCH);
    for (size_t i = 0; i < MUCH; i++)
        self->data[i] = (char)(i * 7 + i / 256);
    self->slices[0] = (coro_slice){self->data, MUCH / 3};
    self->slices[2] = (coro_slice){self->data + MUCH / 3, MUCH - MUCH / 3};
    AWAIT(coro_stream_writev(self->out, self->slices, 3));
  ASYNC_FINALLY:
    free(self->data);
    AWAIT(coro_stream_close(&self->out));
    ASYNC_END;
}

ASYNC(reads_much, ARGS(coro_stream *, in), VARS(size_t n, got;), SCRATCH(char data[10000];))
{
    ASYNC_BEGIN;
    for (;;) {
        AWAIT(self->n, coro_stream_read(self->in, self->data, sizeof self->data));
        if (self->n == 0)
            break;
        for (size_t i = 0; i < self->n; i++, self->got++)
            HOLDS(self->data[i] == (char)(self->got * 7 + self->got / 256));
    }
    EQ(self->got, MUCH);
  ASYNC_FINALLY:
    AWAIT(coro_stream_close(&self->in));
    ASYNC_END;
}

ASYNC(moves_much, VARS(coro_stream *in, *out; coro_group group;))
{
    ASYNC_BEGIN;
    AWAIT(coro_yield());
    if (coro_pipe(&self->in, &self->out) != 0)
        ASYNC_THROW(CORO_EIO);
    CORO_GROUP(self->group) {
        if (coro_group_create_task(&self->group, writes_much(self->out)) == NULL)
            coro_stream_abort(&self->out);
        self->out = NULL;
        if (coro_group_create_task(&self->group, reads_much(self->in)) == NULL)
            coro_stream_abort(&self->in);
        self->in = NULL;
    }
  ASYNC_FINALLY:
    coro_stream_abort(&self->in);
    coro_stream_abort(&self->out);
    ASYNC_END;
}

ASYNC(moves_much_in_time)
{
    ASYNC_BEGIN;
    AWAIT(coro_wait_for(moves_much(), CORO_SECONDS(5)));
    ASYNC_END;
}

Test(pipe, a_reader_holds_the_writer_back_and_all_of_it_arrives)
{
    EQ(RUN_OS(moves_much()), 0);
}

static ssize_t short_write(int fd, const void *data, size_t size)
{
    return real.write(fd, data, size > 1013 ? 1013 : size);
}

static ssize_t short_writev(int fd, const struct iovec *parts, int count)
{
    (void)count;
    return short_write(fd, parts[0].iov_base, parts[0].iov_len);
}

Test(pipe, short_writes_lose_nothing)
{
    real = coro_sys;
    coro_sys.write = short_write;
    coro_sys.writev = short_writev;
    EQ(RUN_OS(moves_much()), 0);
}

Test(pipe, each_system_call_that_fails_is_an_error_and_nothing_leaks)
{
    static const char *const names[] = {"read",  "write", "writev", "pipe2",    "fstat",
                                        "fcntl", "ioctl", "poll",   "sigaction"};
    break_system();
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        EACH_CALL_FAILS(names[i], EINTR, moves_much_in_time());
        EACH_CALL_FAILS(names[i], EIO, moves_much_in_time());
    }
    EACH_CALL_FAILS("epoll_ctl", ENOSPC, moves_much_in_time());
}

static void fail_each_allocation(coro_header *(*make)(void))
{
    int result, failed = 0;
    for (size_t n = 1;; n++) {
        memset(&memory, 0, sizeof memory);
        memory.fail_at = n;
        result = run_net_loud_(make());
        failed += result == CORO_ENOMEM;
        if (memory.calls < n)
            break;
    }
    HOLDS(failed > 0);
    EQ(result, 0);
}

ASYNC(makes_and_says, VARS(coro_stream *in, *out, *again; int error, copy;))
{
    ASYNC_BEGIN;
    self->error = coro_pipe(&self->in, &self->out);
    if (self->error == 0) {
        self->copy = dup(coro_stream_fd(self->in));
        self->error = coro_stream_from_pipe(&self->again, self->copy);
        if (self->error != 0)
            close(self->copy);
    }
    EQ(self->error == CORO_ENOMEM ? 0 : self->error, 0);
    if (self->error != 0)
        ASYNC_THROW(self->error);
    AWAIT_CATCH(self->error, coro_wait_for(coro_pipe_wait_hangup(self->again), CORO_MS(1)));
    HOLDS(self->error == CORO_ENOMEM || self->error == CORO_ETIMEDOUT);
    if (self->error == CORO_ENOMEM)
        ASYNC_THROW(self->error);
  ASYNC_FINALLY:
    coro_stream_abort(&self->in);
    coro_stream_abort(&self->out);
    coro_stream_abort(&self->again);
    ASYNC_END;
}

static coro_header *make_and_say(void)
{
    return &makes_and_says()->coro;
}

Test(pipe, each_allocation_may_fail)
{
    fail_each_allocation(make_and_say);
}

/* --- descriptors that are no pipes -------------------------------------------------------- */

ASYNC(lacks_descriptors, VARS(coro_stream *in, *out, *other, *another; int error;
                              struct rlimit before, none;))
{
    ASYNC_BEGIN;
    EQ(coro_stream_from_pipe(&self->in, -1), CORO_EBADF);
    EQ(coro_stream_fd(NULL), -1);
    EQ(coro_stream_pair(&self->in, &self->out, 1), 0);
    EQ(coro_stream_fd(self->in), -1);
    AWAIT_CATCH(self->error, coro_pipe_wait_hangup(self->in));
    EQ(self->error, CORO_EINVAL);
    coro_stream_abort(&self->in);
    coro_stream_abort(&self->out);
    EQ(coro_pipe(&self->in, &self->out), 0);
    EQ(getrlimit(RLIMIT_NOFILE, &self->before), 0);
    self->none = self->before;
    self->none.rlim_cur = 3;
    EQ(setrlimit(RLIMIT_NOFILE, &self->none), 0);
    EQ(coro_pipe(&self->other, &self->another), CORO_EMFILE);
    AWAIT_CATCH(self->error, coro_pipe_wait_hangup(self->in));
    EQ(self->error, CORO_EMFILE);
    EQ(setrlimit(RLIMIT_NOFILE, &self->before), 0);
  ASYNC_FINALLY:
    coro_stream_abort(&self->in);
    coro_stream_abort(&self->out);
    ASYNC_END;
}

Test(pipe, what_is_no_descriptor_is_refused_and_a_lack_of_them_is_said)
{
    EQ(RUN_OS(lacks_descriptors()), 0);
}

ASYNC(f039, VARS(coro_stream *stream; char path[32]; int fd, error; size_t n;),
      SCRATCH(char text[16];))
{
    ASYNC_BEGIN;
    strcpy(self->path, "/tmp/coro-pipe-XXXXXX");
    self->fd = mkstemp(self->path);
    HOLDS(self->fd >= 0);
    EQ(coro_stream_from_pipe(&self->stream, self->fd), 0);
    AWAIT(coro_stream_write(self->stream, "a file\n", 7));
    AWAIT(coro_stream_drain(self->stream));
    AWAIT(coro_stream_shutdown_write(self->stream)); /* it is read as well */
    AWAIT_CATCH(self->error, coro_pipe_wait_hangup(self->stream));
    EQ(self->error, CORO_EINVAL);
    EQ(lseek(self->fd, 0, SEEK_SET), 0);
    AWAIT(self->n, coro_stream_read_line(self->stream, self->text, sizeof self->text));
    EQ(self->n, 7);
    AWAIT(self->n, coro_stream_read(self->stream, self->text, sizeof self->text));
    EQ(self->n, 0);
    AWAIT(coro_stream_close(&self->stream));
    EQ(coro_stream_from_pipe(&self->stream, open("/", O_RDONLY)), 0);
    AWAIT_CATCH(self->error, self->n, coro_stream_read(self->stream, self->text, 1));
    EQ(self->error, -EISDIR);
    coro_stream_abort(&self->stream);
    EQ(coro_stream_from_pipe(&self->stream, open("/dev/zero", O_RDWR)), 0);
    AWAIT(coro_stream_read_exactly(self->stream, self->text, sizeof self->text));
    EQ(self->text[15], 0);
    AWAIT(coro_stream_write(self->stream, "into the void", 13));
  ASYNC_FINALLY:
    AWAIT(coro_stream_close(&self->stream));
    unlink(self->path);
    ASYNC_END;
}

Test(pipe, f039_a_file_a_directory_and_a_device_are_always_ready)
{
    EQ(RUN_OS(f039()), 0);
}

ASYNC(uses_a_socket, VARS(coro_stream *a, *b; int fds[2], error; size_t n;),
      SCRATCH(char text[16];))
{
    ASYNC_BEGIN;
    EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, self->fds), 0);
    EQ(coro_stream_from_pipe(&self->a, self->fds[0]), 0);
    EQ(coro_stream_from_pipe(&self->b, self->fds[1]), 0);
    AWAIT(coro_stream_writev(self->a, (const coro_slice[]){{"so", 2}, {"cket", 4}}, 2));
    AWAIT(coro_stream_shutdown_write(self->a));
    AWAIT(coro_stream_read_exactly(self->b, self->text, 6));
    AWAIT(self->n, coro_stream_read(self->b, self->text, 6));
    EQ(self->n, 0);
    AWAIT(coro_pipe_wait_hangup(self->b));
    AWAIT(coro_stream_close(&self->a));
    AWAIT_CATCH(self->error, coro_stream_write(self->b, "x", 1));
    AWAIT_CATCH(self->error, coro_stream_drain(self->b));
    EQ(self->error, CORO_EPIPE);
  ASYNC_FINALLY:
    coro_stream_abort(&self->a);
    coro_stream_abort(&self->b);
    ASYNC_END;
}

Test(pipe, a_socket_is_served_as_well)
{
    EQ(RUN_OS(uses_a_socket()), 0);
}

/* --- terminals ---------------------------------------------------------------------------- */

ASYNC(talks_to_a_terminal,
      VARS(coro_stream *master, *slave; int fds[2], error; size_t n; char *much;),
      SCRATCH(char text[64];))
{
    ASYNC_BEGIN;
    EQ(openpty(&self->fds[0], &self->fds[1], NULL, NULL, NULL), 0);
    EQ(coro_stream_from_pipe(&self->master, self->fds[0]), 0);
    EQ(coro_stream_from_pipe(&self->slave, self->fds[1]), 0);
    AWAIT(coro_stream_write(self->master, "one\ntwo\n", 8));
    AWAIT(self->n, coro_stream_read_line(self->slave, self->text, sizeof self->text));
    HOLDS(self->n == 4 && memcmp(self->text, "one\n", 4) == 0);
    AWAIT(self->n, coro_stream_read_line(self->slave, self->text, sizeof self->text));
    HOLDS(self->n == 4 && memcmp(self->text, "two\n", 4) == 0);
    AWAIT(coro_stream_write(self->slave, "bye", 3));
    AWAIT(coro_stream_close(&self->slave));
    AWAIT(coro_pipe_wait_hangup(self->master));
    AWAIT(coro_stream_read_exactly(self->master, self->text, 13)); /* the echo, and what was said */
    HOLDS(memcmp(self->text, "one\r\ntwo\r\nbye", 13) == 0);
    AWAIT(self->n, coro_stream_read(self->master, self->text, sizeof self->text));
    EQ(self->n, 0);
    self->much = calloc(1, MUCH); /* more than the terminal of nobody takes */
    AWAIT_CATCH(self->error, coro_stream_write(self->master, self->much, MUCH));
    EQ(self->error, CORO_EPIPE);
  ASYNC_FINALLY:
    free(self->much);
    AWAIT(coro_stream_close(&self->slave));
    AWAIT_CATCH(self->error, coro_stream_close(&self->master));
    ASYNC_END;
}

Test(pipe, a_terminal_gives_line_after_line_and_its_master_an_end)
{
    EQ(RUN_OS(talks_to_a_terminal()), 0);
}

/* --- others ------------------------------------------------------------------------------- */

/* An inotify gives whole events: a read is short though there are more. */
ASYNC(hears_events, VARS(coro_stream *stream; int fd; size_t n, total; char folder[32];),
      SCRATCH(char events[50];))
{
    ASYNC_BEGIN;
    strcpy(self->folder, "/tmp/coro-pipe-XXXXXX");
    HOLDS(mkdtemp(self->folder) != NULL);
    self->fd = inotify_init1(IN_CLOEXEC);
    HOLDS(inotify_add_watch(self->fd, self->folder, IN_ATTRIB | IN_OPEN) > 0);
    EQ(coro_stream_from_pipe(&self->stream, self->fd), 0);
    for (int i = 0; i < 3; i++) {
        close(open(self->folder, O_RDONLY | O_CLOEXEC));
        EQ(chmod(self->folder, 0700), 0);
    }
    while (self->total < 6 * sizeof(struct inotify_event)) {
        AWAIT(self->n, coro_wait_for(coro_stream_read(self->stream, self->events,
                                                      sizeof(struct inotify_event) + 8),
                                     CORO_SECONDS(5)));
        self->total += self->n;
    }
  ASYNC_FINALLY:
    coro_stream_abort(&self->stream);
    rmdir(self->folder);
    ASYNC_END;
}

Test(pipe, a_short_read_of_what_is_no_pipe_says_nothing)
{
    EQ(RUN_OS(hears_events()), 0);
}

/* --- the other side goes ------------------------------------------------------------------ */

ASYNC(writes_to_nobody, VARS(coro_stream *in, *out; int error; char *data; coro_task *task;))
{
    ASYNC_BEGIN;
    self->data = calloc(1, MUCH);
    EQ(coro_pipe(&self->in, &self->out), 0);
    self->task = coro_create_task(coro_stream_write(self->out, self->data, MUCH));
    AWAIT(coro_sleep(CORO_MS(1)));
    HOLDS(!coro_task_done(self->task));
    coro_stream_abort(&self->in);
    AWAIT_CATCH(self->error, coro_task_join(self->task));
    EQ(self->error, CORO_EPIPE);
    AWAIT_CATCH(self->error, coro_stream_write(self->out, "x", 1));
    EQ(self->error, CORO_EPIPE);
  ASYNC_FINALLY:
    coro_task_release(self->task);
    coro_stream_abort(&self->out);
    free(self->data);
    ASYNC_END;
}

Test(pipe, a_write_to_nobody_is_an_error_and_no_signal)
{
    struct sigaction now;
    EQ(RUN_OS(writes_to_nobody()), 0);
    EQ(sigaction(SIGPIPE, NULL, &now), 0);
    HOLDS(now.sa_handler == SIG_IGN);
}

static void my_own(int signo)
{
    (void)signo;
}

Test(pipe, a_handler_of_the_programs_own_for_sigpipe_stays)
{
    struct sigaction now;
    signal(SIGPIPE, my_own);
    EQ(RUN_OS(writes_to_nobody()), 0);
    EQ(sigaction(SIGPIPE, NULL, &now), 0);
    HOLDS(now.sa_handler == my_own);
}

ASYNC(waits_for_the_other, VARS(coro_stream *in, *out; coro_task *a, *b, *c; int error; size_t n;),
      SCRATCH(char text[8];))
{
    ASYNC_BEGIN;
    EQ(coro_pipe(&self->in, &self->out), 0);
    self->a = coro_create_task(coro_pipe_wait_hangup(self->out));
    self->b = coro_create_task(coro_pipe_wait_hangup(self->in));
    self->c = coro_create_task(coro_pipe_wait_hangup(self->in));
    AWAIT(coro_stream_write(self->out, "unread", 6));
    AWAIT(coro_sleep(CORO_MS(2)));
    coro_task_cancel(self->c);
    AWAIT_CATCH(self->error, coro_task_join(self->c));
    EQ(self->error, CORO_ECANCELED);
    HOLDS(!coro_task_done(self->a) && !coro_task_done(self->b));
    AWAIT(self->n, coro_stream_read(self->in, self->text, 3)); /* beside who waits for the end */
    EQ(self->n, 3);
    AWAIT(coro_stream_close(&self->out)); /* ends the first wait as well */
    AWAIT(coro_task_join(self->a));
    AWAIT(coro_task_join(self->b));
    AWAIT(coro_pipe_wait_hangup(self->in));
    AWAIT(self->n, coro_stream_read(self->in, self->text, 8));
    EQ(self->n, 3);
    AWAIT(coro_stream_close(&self->in));
    AWAIT(coro_pipe_wait_hangup(self->in));
    EQ(coro_pipe(&self->in, &self->out), 0);
    coro_task_release(self->a);
    self->a = coro_create_task(coro_pipe_wait_hangup(self->out));
    AWAIT(coro_yield());
    coro_stream_abort(&self->in); /* a write end notices that its reader has gone */
    AWAIT(coro_task_join(self->a));
  ASYNC_FINALLY:
    coro_task_release(self->a);
    coro_task_release(self->b);
    coro_task_release(self->c);
    coro_stream_abort(&self->in);
    coro_stream_abort(&self->out);
    ASYNC_END;
}

Test(pipe, who_waits_for_the_other_side_to_go_is_told_and_reads_nothing)
{
    EQ(RUN_OS(waits_for_the_other()), 0);
}

static coro_stream *foreign[2];

ASYNC(makes_foreign_pipe)
{
    ASYNC_BEGIN;
    EQ(coro_pipe(&foreign[0], &foreign[1]), 0);
    ASYNC_END;
}

ASYNC(waits_for_foreign_pipe, VARS(int error;))
{
    ASYNC_BEGIN;
    AWAIT_CATCH(self->error, coro_pipe_wait_hangup(foreign[0]));
    EQ(self->error, CORO_EWRONGLOOP);
    ASYNC_END;
}

ASYNC(closes_foreign_pipe)
{
    ASYNC_BEGIN;
    coro_stream_abort(&foreign[0]);
    coro_stream_abort(&foreign[1]);
    ASYNC_END;
}

Test(pipe, another_loops_pipe_is_refused)
{
    coro_loop other;
    EQ(coro_loop_init(&other, NULL), 0);
    EQ(coro_loop_run_until_complete(&other, makes_foreign_pipe()), 0);
    EQ(RUN_OS(waits_for_foreign_pipe()), 0);
    EQ(coro_loop_run_until_complete(&other, closes_foreign_pipe()), 0);
    coro_loop_close(&other);
}
