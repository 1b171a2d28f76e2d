/* SPDX-License-Identifier: MIT */
/* Standard streams, sizes, modes: and that others find all of it as it was. */
#define _GNU_SOURCE
#include "os_fixture.h"

#include <coro/terminal.h>

#include <pty.h>
#include <sys/resource.h>
#include <termios.h>

SUITE(terminal);

static bool is_non_blocking(int fd)
{
    return (fcntl(fd, F_GETFL) & O_NONBLOCK) != 0;
}

/* This test's own descriptors 0 to 2, for a while. */
static int kept[3];

static void stand_in(int standard, int fd)
{
    kept[standard] = dup(standard);
    EQ(dup2(fd, standard), standard);
}

static void put_back(int standard)
{
    EQ(dup2(kept[standard], standard), standard);
    close(kept[standard]);
}

/* --- streams ------------------------------------------------------------------------------ */

ASYNC(talks, ARGS(int, fd), VARS(coro_stream *in, *out, *err; size_t n;), SCRATCH(char text[16];))
{
    ASYNC_BEGIN;
    EQ(coro_stream_stdin(&self->in), 0);
    EQ(coro_stream_stdout(&self->out), 0);
    EQ(coro_stream_stderr(&self->err), 0);
    say("%d%d%d ", is_non_blocking(0), is_non_blocking(1), is_non_blocking(2));
    AWAIT(self->n, coro_stream_read_line(self->in, self->text, sizeof self->text));
    AWAIT(coro_stream_write(self->out, self->text, self->n));
    AWAIT(coro_stream_close(&self->out));
    AWAIT(coro_stream_write(self->err, "err\n", 4));
  ASYNC_FINALLY:
    AWAIT(coro_stream_close(&self->in));
    AWAIT(coro_stream_close(&self->out));
    AWAIT(coro_stream_close(&self->err));
    ASYNC_END;
}

static void talk_by(int in, int out)
{
    int error;
    stand_in(0, in);
    stand_in(1, out);
    stand_in(2, out);
    error = RUN_OS(talks(out));
    say("%d%d%d ", is_non_blocking(0), is_non_blocking(1), is_non_blocking(2));
    put_back(2);
    put_back(1);
    put_back(0);
    EQ(error, 0);
}

static void read_back(int fd)
{
    char text[64];
    ssize_t size = read(fd, text, sizeof text - 1);
    HOLDS(size >= 0);
    text[size] = '\0';
    say("%s", text);
}

Test(terminal, the_standard_streams_are_pipes)
{
    int in[2], out[2];
    EQ(pipe2(in, O_CLOEXEC), 0);
    EQ(pipe2(out, O_CLOEXEC), 0);
    EQ(write(in[1], "line\n", 5), 5);
    talk_by(in[0], out[1]);
    read_back(out[0]);
    SAID("000 000 line\nerr\n");
}

Test(terminal, what_cannot_be_opened_again_is_marked_for_as_long_as_the_stream_is_open)
{
    int in[2], out[2];
    EQ(pipe2(in, O_CLOEXEC), 0);
    EQ(pipe2(out, O_CLOEXEC), 0);
    EQ(write(in[1], "line\n", 5), 5);
    break_system();
    fail_next("open", ENOENT); /* no /proc */
    fault.goes_on = true;
    talk_by(in[0], out[1]);
    HOLDS(fault.hits == 3);
    read_back(out[0]);
    SAID("111 000 line\nerr\n");
}

Test(terminal, they_are_sockets_or_files)
{
    int fds[2], file = open("/tmp", O_TMPFILE | O_RDWR, 0600);
    HOLDS(file >= 0);
    EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
    EQ(write(fds[1], "line\n", 5), 5);
    talk_by(fds[0], file);
    EQ(lseek(file, 0, SEEK_SET), 0);
    read_back(file);
    SAID("000 000 line\nerr\n");
}

Test(terminal, they_are_a_terminal)
{
    int master, slave;
    char text[64];
    EQ(openpty(&master, &slave, NULL, NULL, NULL), 0);
    EQ(write(master, "line\n", 5), 5);
    talk_by(slave, slave);
    for (ssize_t size, got = 0; got < 17; got += size) /* "line\r\n" is its echo */
        HOLDS((size = read(master, text + got, sizeof text - (size_t)got)) > 0);
    HOLDS(memcmp(text, "line\r\nline\r\nerr\r\n", 17) == 0);
    SAID("000 000 ");
}

ASYNC(lacks, VARS(coro_stream *stream; struct rlimit before, few; int keep[3];))
{
    ASYNC_BEGIN;
    for (int i = 0; i < 3; i++) {
        self->keep[i] = fcntl(i, F_DUPFD_CLOEXEC, 3);
        close(i);
    }
    EQ(coro_stream_stdin(&self->stream), CORO_EBADF);
    EQ(coro_stream_stdout(&self->stream), CORO_EBADF);
    EQ(coro_stream_stderr(&self->stream), CORO_EBADF);
    for (int i = 0; i < 3; i++) {
        EQ(dup2(self->keep[i], i), i);
        close(self->keep[i]);
    }
    EQ(getrlimit(RLIMIT_NOFILE, &self->before), 0);
    self->few = self->before;
    self->few.rlim_cur = 4;
    EQ(setrlimit(RLIMIT_NOFILE, &self->few), 0);
    EQ(coro_stream_stdin(&self->stream), CORO_EMFILE);
    EQ(coro_stream_stdout(&self->stream), CORO_EMFILE);
    EQ(coro_stream_stderr(&self->stream), CORO_EMFILE);
    EQ(setrlimit(RLIMIT_NOFILE, &self->before), 0);
    exhaust_memory();
    EQ(coro_stream_stdin(&self->stream), CORO_ENOMEM);
    EQ(coro_stream_stdout(&self->stream), CORO_ENOMEM);
    EQ(coro_stream_stderr(&self->stream), CORO_ENOMEM);
    memory.fail_from = 0;
    ASYNC_END;
}

Test(terminal, a_lack_of_anything_is_said)
{
    coro_loop_options options = {.allocator = {fixture_resize, NULL},
                                 .backend = coro_backend_named("epoll")};
    descriptors before = open_descriptors();
    EQ(coro_run_with(lacks(), &options), 0);
    no_new_descriptors(&before);
}

/* A program that ends by exit leaves no mark behind, though it did not close its streams. */
ASYNC(leaves, VARS(coro_stream *stream;))
{
    ASYNC_BEGIN;
    EQ(coro_stream_stdin(&self->stream), 0);
    HOLDS(is_non_blocking(0));
    EQ(coro_terminal_raw(0), 0);
    exit(0);
    ASYNC_END;
}

/* Behind the library's own: a sanitizer would look for leaks of the whole framework. */
static void leave_at_once(void)
{
    _exit(0);
}

Test(terminal, an_exit_puts_marks_and_modes_back)
{
    struct termios mode, after;
    int master, slave, status;
    pid_t child;
    EQ(openpty(&master, &slave, NULL, NULL, NULL), 0);
    EQ(tcgetattr(slave, &mode), 0);
    child = fork();
    if (child == 0) {
        EQ(dup2(slave, 0), 0);
        EQ(atexit(leave_at_once), 0);
        break_system();
        fail_next("open", ENOENT);
        fault.goes_on = true;
        (void)coro_run(leaves());
        _exit(1);
    }
    EQ(waitpid(child, &status, 0), child);
    HOLDS(WIFEXITED(status));
    HOLDS(!is_non_blocking(slave));
    EQ(tcgetattr(slave, &after), 0);
    EQ(after.c_lflag, mode.c_lflag);
}

/* --- sizes and modes ------------------------------------------------------------------------ */

Test(terminal, it_has_a_size)
{
    unsigned rows = 0, columns = 0;
    int master, slave, fds[2];
    EQ(openpty(&master, &slave, NULL, NULL, NULL), 0);
    EQ(pipe(fds), 0);
    HOLDS(coro_terminal_is(slave) && !coro_terminal_is(fds[0]) && !coro_terminal_is(-1));
    EQ(coro_terminal_set_size(slave, 50, 132), 0);
    EQ(coro_terminal_size(master, &rows, &columns), 0);
    HOLDS(rows == 50 && columns == 132);
    EQ(coro_terminal_set_size(slave, 65536, 1), CORO_ERANGE);
    EQ(coro_terminal_size(-1, &rows, &columns), CORO_EBADF);
    EQ(coro_terminal_set_size(-1, 1, 1), CORO_EBADF);
    EQ(coro_terminal_size(fds[0], &rows, &columns), -ENOTTY);
}

Test(terminal, raw_is_undone)
{
    struct termios before, during, after;
    int masters[9], slaves[9], fds[2];
    EQ(pipe(fds), 0);
    for (int i = 0; i < 9; i++)
        EQ(openpty(&masters[i], &slaves[i], NULL, NULL, NULL), 0);
    EQ(tcgetattr(slaves[0], &before), 0);
    HOLDS(!coro_terminal_restore(slaves[0]));
    for (int twice = 0; twice < 2; twice++)
        for (int i = 0; i < 8; i++)
            EQ(coro_terminal_raw(slaves[i]), 0);
    EQ(coro_terminal_raw(slaves[8]), CORO_ENOBUFS);
    EQ(coro_terminal_raw(fds[0]), -ENOTTY);
    EQ(coro_terminal_raw(-1), CORO_EBADF);
    EQ(tcgetattr(slaves[0], &during), 0);
    HOLDS(!(during.c_lflag & (ICANON | ECHO | ISIG)));
    for (int i = 0; i < 8; i++)
        HOLDS(coro_terminal_restore(slaves[i]));
    EQ(tcgetattr(slaves[0], &after), 0);
    EQ(after.c_lflag, before.c_lflag);
    EQ(after.c_iflag, before.c_iflag);
    HOLDS(!coro_terminal_restore(slaves[0]));
}
