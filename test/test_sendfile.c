/* SPDX-License-Identifier: MIT */
/*
 * test_sendfile.c: a file into a stream, over real sockets and pipes, and where the system
 * cannot; each way, with each call that may fail.
 */
#define _GNU_SOURCE
#include "net_fixture.h"

#include <coro/pipe.h>

SUITE(sendfile);

enum { FILE_SIZE = 300000 };

static coro_sys_table real;
static char content[FILE_SIZE], got[FILE_SIZE];

/* A file of ours, of `size` bytes; it has no name any more. */
static int make_file(size_t size)
{
    char path[] = "/tmp/coro-test-sendfile-XXXXXX";
    int fd = mkostemp(path, O_CLOEXEC);
    HOLDS(fd >= 0);
    unlink(path);
    for (size_t i = 0; i < FILE_SIZE; i++)
        content[i] = (char)(i * 31 + i / 251);
    EQ(write(fd, content, size), size);
    EQ(lseek(fd, 7, SEEK_SET), 7);
    return fd;
}

static long position(int fd)
{
    return (long)lseek(fd, 0, SEEK_CUR);
}

/* What beneath: sendfile, or a copy because the system cannot. */
enum { BY_SYSTEM, COPIED, WAYS };

static ssize_t no_sendfile(int out, int in, off_t *offset, size_t count)
{
    (void)out, (void)in, (void)offset, (void)count;
    errno = EINVAL;
    return -1;
}

static void choose(int way)
{
    real = coro_sys;
    if (way == COPIED)
        coro_sys.sendfile = no_sendfile;
}

#define EXPECT(error_, ...)                                                                        \
    AWAIT_CATCH(self->error, __VA_ARGS__);                                                         \
    EQ(self->error, error_)

/* --- the happy way ------------------------------------------------------------------------ */

ASYNC(sends_part, VARS(coro_stream *a, *b; int file; size_t n;))
{
    ASYNC_BEGIN;
    self->file = make_file(5000);
    connect_streams(&self->a, &self->b);
    AWAIT(coro_stream_write(self->a, "before ", 7)); /* still corked: it leaves first */
    AWAIT(self->n, coro_stream_sendfile(self->a, self->file, 1000, 100));
    EQ(self->n, 100);
    EQ(position(self->file), 1100);
    EQ(coro_stream_sent(self->a), 107);
    AWAIT(coro_stream_write(self->a, " after", 6));
    AWAIT(coro_stream_read_exactly(self->b, got, 113));
    HOLDS(memcmp(got, "before ", 7) == 0);
    HOLDS(memcmp(got + 7, content + 1000, 100) == 0);
    HOLDS(memcmp(got + 107, " after", 6) == 0);
    AWAIT(self->n, coro_stream_sendfile(self->a, self->file, 4900, 1000)); /* more than there is */
    EQ(self->n, 100);
    EQ(position(self->file), 5000);
  ASYNC_FINALLY:
    AWAIT(coro_stream_close(&self->a));
    AWAIT(coro_stream_close(&self->b));
    close(self->file);
    ASYNC_END;
}

Test(sendfile, c134_offset_and_count_and_the_position_of_the_file)
{
    for (int way = 0; way < WAYS; way++) {
        choose(way);
        EQ(RUN_NET(sends_part()), 0);
        coro_sys = real;
    }
}

ASYNC(sends_nothing, VARS(coro_stream *a, *b; int file; size_t n; int error;))
{
    ASYNC_BEGIN;
    self->file = make_file(0);
    connect_streams(&self->a, &self->b);
    AWAIT(self->n, coro_stream_sendfile(self->a, self->file, 0, SIZE_MAX));
    EQ(self->n, 0);
    AWAIT(self->n, coro_stream_sendfile(self->a, self->file, 0, 0));
    EQ(self->n, 0);
    AWAIT(self->n, coro_stream_sendfile(self->a, self->file, 100, SIZE_MAX)); /* behind its end */
    EQ(self->n, 0);
    EQ(position(self->file), 7);
    AWAIT_CATCH(self->error, self->n, coro_stream_sendfile(self->a, self->file, -1, 1));
    EQ(self->error, CORO_EINVAL);
    EXPECT(CORO_EPIPE, self->n, coro_stream_sendfile(NULL, self->file, 0, 1));
    EXPECT(CORO_EBADF, self->n, coro_stream_sendfile(self->a, -1, 0, 1));
    AWAIT(coro_stream_write(self->a, "x", 1)); /* the file's errors are not the stream's */
    AWAIT(coro_stream_read_exactly(self->b, got, 1));
    AWAIT(coro_stream_shutdown_write(self->a));
    EXPECT(CORO_EPIPE, self->n, coro_stream_sendfile(self->a, self->file, 0, 1));
  ASYNC_FINALLY:
    AWAIT(coro_stream_close(&self->a));
    AWAIT(coro_stream_close(&self->b));
    close(self->file);
    ASYNC_END;
}

Test(sendfile, c134_an_empty_file_is_zero)
{
    for (int way = 0; way < WAYS; way++) {
        choose(way);
        EQ(RUN_NET(sends_nothing()), 0);
        coro_sys = real;
    }
}

/* --- a stream that is full ---------------------------------------------------------------- */

enum { OVER_SOCKETS, OVER_A_PIPE, OVER_MEMORY, STREAMS };

static void make_small(const coro_stream *stream, int option)
{
    int size = 4000;
    EQ(setsockopt(coro_stream_fd(stream), SOL_SOCKET, option, &size, sizeof size), 0);
}

static int open_two(int kind, coro_stream **a, coro_stream **b)
{
    if (kind == OVER_MEMORY)
        return coro_stream_pair(a, b, 1000);
    if (kind == OVER_A_PIPE)
        return coro_pipe(b, a);
    connect_streams(a, b);
    make_small(*a, SO_SNDBUF);
    make_small(*b, SO_RCVBUF);
    return 0;
}

ASYNC(sends, ARGS(coro_stream *, stream, int, file), VARS(size_t n; int error;))
{
    ASYNC_BEGIN;
    AWAIT_CATCH(self->error, self->n, coro_stream_sendfile(self->stream, self->file, 0, SIZE_MAX));
    if (self->error == CORO_ENOMEM)
        ASYNC_THROW(CORO_ENOMEM);
    say("%zu/%d ", self->n, self->error);
    ASYNC_END;
}

ASYNC(sends_all, ARGS(int, kind, int, file),
      VARS(coro_stream *a, *b; coro_group group; int error; size_t n;))
{
    ASYNC_BEGIN;
    self->error = open_two(self->kind, &self->a, &self->b);
    if (self->error != 0)
        ASYNC_THROW(self->error);
    CORO_GROUP(self->group) {
        coro_group_create_task(&self->group, sends(self->a, self->file));
        AWAIT(coro_yield());
        if (memory.fail_at == 0) { /* else there may be no such task */
            EXPECT(CORO_EBUSY, coro_stream_write(self->a, "x", 1));
            EXPECT(CORO_EBUSY, coro_stream_printf(self->a, "x"));
            AWAIT_CATCH(self->error, self->n, coro_stream_sendfile(self->a, self->file, 0, 1));
            EQ(self->error, CORO_EBUSY);
        }
        if (self->kind != OVER_A_PIPE) { /* the opposite direction is free */
            AWAIT(coro_stream_write(self->b, "y", 1));
            AWAIT(coro_stream_read_exactly(self->a, got, 1));
        }
        AWAIT(coro_stream_read_exactly(self->b, got, FILE_SIZE));
    }
    HOLDS(memcmp(got, content, FILE_SIZE) == 0);
    AWAIT(coro_stream_write(self->a, "x", 1));
    AWAIT(coro_stream_read_exactly(self->b, got, 1));
  ASYNC_FINALLY:
    AWAIT(coro_stream_close(&self->a));
    AWAIT(coro_stream_close(&self->b));
    ASYNC_END;
}

static ssize_t short_sendfile(int out, int in, off_t *offset, size_t count)
{
    static int calls;
    if (++calls % 3 == 0) {
        errno = EINTR;
        return -1;
    }
    return real.sendfile(out, in, offset, count < 7777 ? count : 7777);
}

static ssize_t short_pread(int fd, void *buffer, size_t size, off_t offset)
{
    static int calls;
    if (++calls % 3 == 0) {
        errno = EINTR;
        return -1;
    }
    return real.pread(fd, buffer, size < 7777 ? size : 7777, offset);
}

Test(sendfile, c134_a_write_meanwhile_is_an_error_and_all_of_a_file_arrives)
{
    int file = make_file(FILE_SIZE);
    real = coro_sys;
    for (int way = 0; way < WAYS; way++)
        for (int kind = 0; kind < STREAMS; kind++) {
            said_size = 0;
            coro_sys = real;
            coro_sys.sendfile = way == COPIED ? no_sendfile : short_sendfile;
            coro_sys.pread = short_pread;
            EQ(RUN_NET(sends_all(kind, file)), 0);
            SAID("300000/0 ");
            EQ(position(file), FILE_SIZE);
        }
    close(file);
}

Test(sendfile, without_memory_it_fails_and_nothing_leaks)
{
    int error = CORO_ENOMEM, file = make_file(FILE_SIZE);
    choose(COPIED);
    for (size_t n = 1; n < 200 && (error != 0 || memory.failed > 0); n++) {
        memset(&memory, 0, sizeof memory);
        memory.fail_at = n;
        error = RUN_NET_LOUD(sends_all(OVER_MEMORY, file));
        HOLDS(error == 0 || error == CORO_ENOMEM || error == CORO_ECANCELED);
    }
    EQ(error, 0);
    close(file);
}

/* --- cut short ---------------------------------------------------------------------------- */

enum { PEER_RESETS, PEER_CLOSES, CANCELLED, ABORTED, CLOSED, ENDINGS };

ASYNC(is_cut_short, ARGS(int, how, int, file),
      VARS(coro_stream *a; int fds[2]; coro_task *task; int error; size_t n;))
{
    ASYNC_BEGIN;
    connect_two(&self->fds[0], &self->fds[1]);
    EQ(coro_stream_from_fd(&self->a, self->fds[0]), 0);
    make_small(self->a, SO_SNDBUF);
    self->task = coro_create_task(sends(self->a, self->file));
    AWAIT(coro_sleep(CORO_MS(5)));
    HOLDS(!coro_task_done(self->task));
    if (self->how == PEER_RESETS)
        reset_by(self->fds[1]);
    else if (self->how == PEER_CLOSES)
        close(self->fds[1]); /* unread: a reset, too */
    else if (self->how == CANCELLED)
        coro_task_cancel(self->task);
    else if (self->how == ABORTED)
        coro_stream_abort(&self->a);
    else
        AWAIT(coro_stream_close(&self->a));
    AWAIT(coro_task_join(self->task));
    HOLDS(position(self->file) > 0 && position(self->file) < FILE_SIZE);
    if (self->how == CANCELLED)
        EQ(position(self->file), coro_stream_sent(self->a));
  ASYNC_FINALLY:
    coro_task_release(self->task);
    coro_stream_abort(&self->a);
    if (self->how != PEER_RESETS && self->how != PEER_CLOSES)
        close(self->fds[1]);
    ASYNC_END;
}

Test(sendfile, c134_who_closes_in_the_middle_leaves_the_position_between)
{
    static const char *const ends[ENDINGS] = {"-104 ", "-104 ", "-125 ", "-32 ", "-32 "};
    int file = make_file(FILE_SIZE);
    real = coro_sys;
    for (int way = 0; way < WAYS; way++)
        for (int how = 0; how < ENDINGS; how++) {
            said_size = 0;
            coro_sys.sendfile = way == COPIED ? no_sendfile : real.sendfile;
            EQ(lseek(file, 0, SEEK_SET), 0);
            EQ(RUN_NET(is_cut_short(how, file)), 0);
            cr_expect(eq(str, said + 2, TEXT(ends[how])), "way %d, ending %d: %s", way, how, said);
        }
    close(file);
}

ASYNC(tries_again, ARGS(int, file), VARS(coro_stream *a, *b; size_t n; int error; long before;))
{
    ASYNC_BEGIN;
    EQ(open_two(OVER_A_PIPE, &self->a, &self->b), 0);
    EXPECT(CORO_ETIMEDOUT, self->n,
           coro_wait_for(coro_stream_sendfile(self->a, self->file, 0, SIZE_MAX), CORO_MS(5)));
    self->before = position(self->file);
    HOLDS(self->before > 0 && self->before < FILE_SIZE);
    coro_sys.sendfile = no_sendfile; /* nobody asks: that it is full is known */
    EXPECT(CORO_ETIMEDOUT, self->n,
           coro_wait_for(coro_stream_sendfile(self->a, self->file, self->before, SIZE_MAX),
                         CORO_MS(5)));
    EQ(position(self->file), self->before);
    coro_sys.sendfile = real.sendfile;
    AWAIT(coro_stream_read_exactly(self->b, got, (size_t)self->before));
    AWAIT(self->n, coro_stream_sendfile(self->a, self->file, self->before, 9));
    AWAIT(coro_stream_read_exactly(self->b, got + self->before, 9));
    HOLDS(memcmp(got, content, (size_t)self->before + 9) == 0);
  ASYNC_FINALLY:
    AWAIT(coro_stream_close(&self->a));
    AWAIT(coro_stream_close(&self->b));
    ASYNC_END;
}

Test(sendfile, into_what_was_full_it_waits_at_once)
{
    int file = make_file(FILE_SIZE);
    real = coro_sys;
    EQ(RUN_NET(tries_again(file)), 0);
    close(file);
}

/* The process keeps its SIGPIPE, and gets none from us. */
static int signals_of;

static void count_signal(int signo)
{
    (void)signo;
    signals_of++;
}

ASYNC(sends_to_nobody, ARGS(int, file), VARS(coro_stream *a; int fds[2], error; size_t n;))
{
    ASYNC_BEGIN;
    connect_two(&self->fds[0], &self->fds[1]);
    EQ(coro_stream_from_fd(&self->a, self->fds[0]), 0);
    reset_by(self->fds[1]);
    AWAIT(coro_sleep(CORO_MS(1)));
    AWAIT_CATCH(self->error, self->n, coro_stream_read(self->a, got, 1)); /* takes ECONNRESET */
    EXPECT(CORO_EPIPE, self->n, coro_stream_sendfile(self->a, self->file, 0, SIZE_MAX));
    EXPECT(CORO_EPIPE, coro_stream_write(self->a, "x", 1));
  ASYNC_FINALLY:
    coro_stream_abort(&self->a);
    ASYNC_END;
}

Test(sendfile, f011_to_a_peer_that_is_gone_it_is_epipe_and_no_signal)
{
    int file = make_file(FILE_SIZE);
    signal(SIGPIPE, count_signal);
    EQ(RUN_NET(sends_to_nobody(file)), 0);
    EQ(signals_of, 0);
    raise(SIGPIPE);
    EQ(signals_of, 1);
    close(file);
}

/* --- each call fails ---------------------------------------------------------------------- */

static int fail_at, fail_with, calls_of;

static bool fails(void)
{
    errno = fail_with;
    return ++calls_of == fail_at;
}

static ssize_t failing_sendfile(int out, int in, off_t *offset, size_t count)
{
    return fails() ? -1 : real.sendfile(out, in, offset, count < 100000 ? count : 100000);
}

static ssize_t failing_pread(int fd, void *buffer, size_t size, off_t offset)
{
    return fails() ? -1 : real.pread(fd, buffer, size, offset);
}

ASYNC(sends_in_spite, ARGS(int, file), VARS(coro_stream *a, *b; coro_task *task; int error;
                                            size_t n, total;))
{
    ASYNC_BEGIN;
    connect_streams(&self->a, &self->b);
    self->task = coro_create_task(sends(self->a, self->file));
    while (!coro_task_done(self->task)) {
        AWAIT_CATCH(self->error, self->n, coro_wait_for(
            coro_stream_read(self->b, got + self->total, FILE_SIZE - self->total), CORO_MS(5)));
        self->total += self->error == 0 ? self->n : 0;
    }
    EQ(position(self->file), coro_stream_sent(self->a));
    HOLDS(memcmp(got, content, self->total) == 0);
  ASYNC_FINALLY:
    coro_task_release(self->task);
    coro_stream_abort(&self->a);
    coro_stream_abort(&self->b);
    ASYNC_END;
}

Test(sendfile, each_call_that_fails_is_an_error_or_a_copy)
{
    static const int errors[] = {EINVAL, ENOSYS, EIO, ENOMEM, EOVERFLOW, EAGAIN, EINTR, EPIPE,
                                 ECONNRESET};
    int file = make_file(FILE_SIZE);
    real = coro_sys;
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++)
        for (fail_at = 1; fail_at <= 3; fail_at++) {
            said_size = calls_of = 0;
            fail_with = errors[i];
            coro_sys.sendfile = failing_sendfile;
            EQ(lseek(file, 0, SEEK_SET), 0);
            EQ(RUN_NET(sends_in_spite(file)), 0);
            if (fail_with == EPIPE || fail_with == ECONNRESET)
                EQ(atoi(said + 2), -fail_with);
            else
                SAID("300000/0 ");
        }
    for (fail_at = 1; fail_at <= 3; fail_at++) {
        said_size = calls_of = 0;
        fail_with = EIO;
        coro_sys.sendfile = no_sendfile;
        coro_sys.pread = failing_pread;
        EQ(lseek(file, 0, SEEK_SET), 0);
        EQ(RUN_NET(sends_in_spite(file)), 0);
        SAID("0/-5 ");
    }
    close(file);
}

ASYNC(of_another_loop, VARS(coro_stream *a, *b; coro_loop *own; int error; size_t n;))
{
    ASYNC_BEGIN;
    EQ(coro_stream_pair(&self->a, &self->b, 4), 0);
    self->own = self->a->loop;
    self->a->loop = NULL;
    EXPECT(CORO_EWRONGLOOP, self->n, coro_stream_sendfile(self->a, 0, 0, 1));
    self->a->loop = self->own;
  ASYNC_FINALLY:
    coro_stream_abort(&self->a);
    coro_stream_abort(&self->b);
    ASYNC_END;
}

Test(sendfile, the_stream_is_of_the_running_loop)
{
    EQ(RUN_NET(of_another_loop()), 0);
}
