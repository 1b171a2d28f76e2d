/* SPDX-License-Identifier: MIT */
/*
 * test_unix.c: servers and connections at Unix sockets, and what becomes of their files.
 */
#define _GNU_SOURCE
#include "net_fixture.h"

#include <sys/stat.h>
#include <sys/un.h>

SUITE(unix);

static coro_sys_table real;
static char folder[] = "/tmp/coro-unix-XXXXXX", path[64];

static void make_folder(void)
{
    HOLDS(mkdtemp(folder) != NULL);
    snprintf(path, sizeof path, "%s/socket", folder);
}

static void remove_folder(void)
{
    unlink(path);
    EQ(rmdir(folder), 0);
}

TestSuite(unix_file, .init = make_folder, .fini = remove_folder, .timeout = TEST_TIMEOUT_S);

static bool exists(void)
{
    struct stat status;
    return lstat(path, &status) == 0;
}

/* A socket of somebody else's at a path. */
static int bind_there(const char *where)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    snprintf(at.sun_path, sizeof at.sun_path, "%s", where);
    EQ(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    return fd;
}

ASYNC(touch, ARGS(const char *, where), VARS(coro_stream *stream; char bytes[5];))
{
    ASYNC_BEGIN;
    AWAIT(self->stream, coro_open_unix_connection(self->where));
    AWAIT(coro_stream_write(self->stream, "hello", 5));
    AWAIT(coro_stream_read_exactly(self->stream, self->bytes, 5));
    HOLDS(memcmp(self->bytes, "hello", 5) == 0);
  ASYNC_FINALLY:
    AWAIT(coro_stream_close(&self->stream));
    ASYNC_END;
}

/* Start, talk, say the mode, have `between` done, close; say whether a file is left. */
typedef void (*deed)(void);

ASYNC(serves, ARGS(const char *, where, const coro_server_options *, options, deed, between),
      VARS(coro_server *server; struct stat status;))
{
    ASYNC_BEGIN;
    AWAIT(self->server,
          coro_start_unix_server(CORO_HANDLER(echo), NULL, self->where, self->options));
    EQ(coro_server_port(self->server), 0);
    EQ(coro_server_sockets(self->server), 1);
    AWAIT(touch(self->where));
    if (lstat(self->where, &self->status) == 0)
        say("%o ", self->status.st_mode & 0777);
    if (self->between != NULL)
        self->between();
    coro_server_close(self->server);
    say("%d ", exists());
  ASYNC_FINALLY:
    AWAIT(coro_server_shutdown(self->server, CORO_SECONDS(2)));
    ASYNC_END;
}

/* --- files -------------------------------------------------------------------------------- */

Test(unix_file, c130_a_server_removes_its_file_when_it_is_closed)
{
    umask(022);
    EQ(RUN_NET(serves(path, NULL, NULL)), 0);
    SAID("755 0 ");
}

Test(unix_file, c130_unless_it_is_told_to_keep_it)
{
    static const coro_server_options keep = {.keep_file = true, .mode = 0600};
    EQ(RUN_NET(serves(path, &keep, NULL)), 0);
    SAID("600 1 ");
}

static void take_away(void)
{
    EQ(unlink(path), 0);
}

Test(unix_file, c130_a_file_that_is_gone_is_no_error)
{
    EQ(RUN_NET(serves(path, NULL, take_away)), 0);
    HOLDS(strstr(said, " 0 ") != NULL);
}

static void replace(void)
{
    EQ(unlink(path), 0);
    close(bind_there(path));
}

Test(unix_file, c130_a_file_that_somebody_has_put_there_since_stays)
{
    EQ(RUN_NET(serves(path, NULL, replace)), 0);
    HOLDS(strstr(said, " 1 ") != NULL);
}

ASYNC(takes_over, VARS(coro_server *first, *second;))
{
    ASYNC_BEGIN;
    AWAIT(self->first, coro_start_unix_server(CORO_HANDLER(echo), NULL, path, NULL));
    AWAIT(self->second, coro_start_unix_server(CORO_HANDLER(echo), NULL, path, NULL));
    coro_server_close(self->first);
    HOLDS(exists());
    AWAIT(touch(path));
    coro_server_close(self->second);
    HOLDS(!exists());
  ASYNC_FINALLY:
    coro_server_release(self->first);
    coro_server_release(self->second);
    ASYNC_END;
}

Test(unix_file, c130_a_server_leaves_the_file_of_the_one_that_took_its_place)
{
    EQ(RUN_NET(takes_over()), 0);
}

Test(unix_file, the_socket_file_of_a_dead_server_is_replaced)
{
    close(bind_there(path));
    HOLDS(exists());
    EQ(RUN_NET(serves(path, NULL, NULL)), 0);
    HOLDS(strstr(said, " 0 ") != NULL);
}

Test(unix_file, no_other_file_is_replaced)
{
    FILE *file = fopen(path, "w");
    fputs("precious", file);
    fclose(file);
    EQ(RUN_NET(serves(path, NULL, NULL)), CORO_EADDRINUSE);
    HOLDS(exists());
    SAID("");
}

Test(unix_file, nobody_listens_at_a_file_that_was_left)
{
    close(bind_there(path));
    EQ(RUN_NET(touch(path)), CORO_ECONNREFUSED);
}

/* --- names -------------------------------------------------------------------------------- */

Test(unix, a_name_may_be_on_no_disk)
{
    char name[40];
    snprintf(name, sizeof name, "@coro-test-%d", (int)getpid());
    EQ(RUN_NET(serves(name, NULL, NULL)), 0);
    EQ(RUN_NET(touch(name)), CORO_ECONNREFUSED);
}

/* A recv ends behind a message with a descriptor, though more has come. */
static void pass_descriptor(int fd)
{
    union {
        char bytes[CMSG_SPACE(sizeof fd)];
        struct cmsghdr first;
    } control;
    struct iovec part = {TEXT("ab"), 2};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = sizeof control};
    memset(&control, 0, sizeof control);
    control.first.cmsg_level = SOL_SOCKET;
    control.first.cmsg_type = SCM_RIGHTS;
    control.first.cmsg_len = CMSG_LEN(sizeof fd);
    memcpy(CMSG_DATA(&control.first), &fd, sizeof fd);
    EQ(sendmsg(fd, &message, 0), 2);
    EQ(write(fd, "cd", 2), 2);
}

ASYNC(is_passed_one, VARS(coro_server *server; coro_stream *stream; coro_socket *sock; size_t n;
                          int other, error; char name[40], text[9];))
{
    int fds[2];
    ASYNC_BEGIN;
    snprintf(self->name, sizeof self->name, "@coro-pass-%d", (int)getpid());
    AWAIT(self->server, coro_start_unix_server(CORO_HANDLER(echo), NULL, self->name, NULL));
    AWAIT(self->stream, coro_open_unix_connection(self->name));
    AWAIT(coro_stream_write(self->stream, "x", 1));
    AWAIT(coro_stream_read_exactly(self->stream, self->text, 1)); /* both wait for edges now */
    pass_descriptor(coro_stream_fd(self->stream));
    AWAIT(coro_wait_for(coro_stream_read_exactly(self->stream, self->text, 4), CORO_SECONDS(5)));
    HOLDS(memcmp(self->text, "abcd", 4) == 0);
    AWAIT(coro_stream_close(&self->stream));
    EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
    self->other = fds[1];
    EQ(coro_socket_from_fd(&self->sock, fds[0]), 0);
    AWAIT_CATCH(self->error, self->n,
                coro_wait_for(coro_sock_recv(self->sock, self->text, 9), CORO_MS(1)));
    pass_descriptor(self->other);
    AWAIT(coro_sleep(CORO_MS(1)));
    AWAIT(self->n, coro_sock_recv(self->sock, self->text, 9));
    EQ(self->n, 2);
    AWAIT(self->n, coro_wait_for(coro_sock_recv(self->sock, self->text, 9), CORO_SECONDS(5)));
    EQ(self->n, 2);
  ASYNC_FINALLY:
    coro_stream_abort(&self->stream);
    coro_socket_close(&self->sock);
    close(self->other);
    AWAIT(coro_server_shutdown(self->server, CORO_SECONDS(1)));
    ASYNC_END;
}

Test(unix, what_comes_behind_a_descriptor_is_read_and_the_descriptor_is_closed)
{
    EQ(RUN_NET(is_passed_one()), 0);
}

ASYNC(tries_path, ARGS(const char *, where),
      VARS(coro_server *server; coro_stream *stream; int error;))
{
    ASYNC_BEGIN;
    AWAIT_CATCH(self->error, self->server,
                coro_start_unix_server(CORO_HANDLER(echo), NULL, self->where, NULL));
    say("%d ", self->error);
    AWAIT_CATCH(self->error, self->stream, coro_open_unix_connection(self->where));
    say("%d ", self->error);
    ASYNC_END;
}

Test(unix, a_bad_path_is_an_error)
{
    char large[300];
    memset(large, 'x', sizeof large - 1);
    large[sizeof large - 1] = '\0';
    EQ(RUN_NET(tries_path("")), 0);
    EQ(RUN_NET(tries_path(NULL)), 0);
    EQ(RUN_NET(tries_path(large)), 0);
    large[109] = '\0';
    EQ(RUN_NET(tries_path(large)), 0);
    EQ(RUN_NET(tries_path("/nonexistent/socket")), 0);
    SAID("-22 -22 -22 -22 -22 -22 -22 -22 -2 -2 ");
}

/* --- a full backlog ----------------------------------------------------------------------- */

static int full_until;

static int full_connect(int fd, const struct sockaddr *at, socklen_t size)
{
    if (full_until-- > 0) {
        errno = full_until % 2 ? EAGAIN : EINTR;
        return -1;
    }
    return real.connect(fd, at, size);
}

Test(unix_file, a_full_backlog_is_waited_for)
{
    real = coro_sys;
    coro_sys.connect = full_connect;
    full_until = 5;
    EQ(RUN_NET(serves(path, NULL, NULL)), 0);
    HOLDS(full_until <= 0);
}

ASYNC(waits_for_room, VARS(coro_task *tasks[9]; int listener, i, error;))
{
    ASYNC_BEGIN;
    self->listener = bind_there(path);
    EQ(listen(self->listener, 1), 0);
    for (int i = 0; i < 9; i++)
        self->tasks[i] = coro_create_task(coro_open_unix_connection(path));
    AWAIT(coro_sleep(CORO_MS(20)));
    HOLDS(!coro_task_done(self->tasks[8]));
    coro_task_cancel(self->tasks[8]);
    AWAIT_CATCH(self->error, coro_task_join(self->tasks[8]));
    EQ(self->error, CORO_ECANCELED);
    EQ(fcntl(self->listener, F_SETFL, O_NONBLOCK), 0);
    for (self->i = 0; self->i < 8;) {
        if (close(accept(self->listener, NULL, NULL)) == 0)
            self->i++;
        else
            AWAIT(coro_sleep(CORO_MS(1)));
    }
  ASYNC_FINALLY:
    for (int i = 0; i < 9; i++)
        coro_task_release(self->tasks[i]);
    close(self->listener);
    ASYNC_END;
}

Test(unix_file, who_waits_for_room_in_a_backlog_gets_it_or_is_cancelled)
{
    EQ(RUN_NET(waits_for_room()), 0);
}

/* --- descriptors -------------------------------------------------------------------------- */

ASYNC(adopts_socket, ARGS(const coro_server_options *, options),
      VARS(coro_server *server; int fd;))
{
    ASYNC_BEGIN;
    self->fd = bind_there(path);
    AWAIT(self->server, coro_start_server_fd(CORO_HANDLER(echo), NULL, self->fd, self->options));
    AWAIT(touch(path));
    coro_server_close(self->server);
    say("%d ", exists());
  ASYNC_FINALLY:
    AWAIT(coro_server_shutdown(self->server, CORO_SECONDS(2)));
    ASYNC_END;
}

Test(unix_file, c130_a_socket_that_was_bound_before_takes_its_file_with_it_too)
{
    static const coro_server_options keep = {.keep_file = true};
    EQ(RUN_NET(adopts_socket(NULL)), 0);
    EQ(RUN_NET(adopts_socket(&keep)), 0);
    SAID("0 1 ");
}

/* --- faults ------------------------------------------------------------------------------- */

static int countdown, fired, fault;

static bool fires(void)
{
    bool now = countdown-- == 1;
    fired += now;
    errno = now ? fault : errno;
    return now;
}

static int failing_socket(int domain, int type, int protocol)
{
    return fires() ? -1 : real.socket(domain, type, protocol);
}

static int failing_bind(int fd, const struct sockaddr *at, socklen_t size)
{
    return fires() ? -1 : real.bind(fd, at, size);
}

static int failing_chmod(const char *where, mode_t mode)
{
    return fires() ? -1 : real.chmod(where, mode);
}

static int failing_listen(int fd, int backlog)
{
    return fires() ? -1 : real.listen(fd, backlog);
}

static int failing_unlink(const char *where)
{
    return fires() ? -1 : real.unlink(where);
}

static int failing_connect(int fd, const struct sockaddr *at, socklen_t size)
{
    return fires() ? -1 : real.connect(fd, at, size);
}

Test(unix_file, each_system_call_that_fails_is_an_error_and_leaves_no_file)
{
    static const coro_server_options options = {.mode = 0600};
    real = coro_sys;
    coro_sys.socket = failing_socket;
    coro_sys.bind = failing_bind;
    coro_sys.chmod = failing_chmod;
    coro_sys.listen = failing_listen;
    coro_sys.unlink = failing_unlink;
    coro_sys.connect = failing_connect;
    fault = EACCES;
    for (int n = 1; n == 1 || fired > 0; n++) {
        int error;
        said_size = 0;
        countdown = 0;
        close(bind_there(path)); /* that there is something to remove, too */
        countdown = n;
        fired = 0;
        error = RUN_NET(serves(path, &options, NULL));
        HOLDS(error == 0 || error == CORO_EACCES);
        if (exists())
            EQ(unlink(path), 0); /* it could not be removed */
        HOLDS(n > 2 || error == CORO_EACCES);
    }
}

Test(unix_file, without_memory_nothing_is_left)
{
    memory.fail_at = 0;
    do {
        int error;
        memory.calls = memory.failed = 0;
        memory.fail_at++;
        said_size = 0;
        error = RUN_NET_LOUD(serves(path, NULL, NULL));
        HOLDS(error == 0 || memory.failed > 0);
        HOLDS(!exists());
    } while (memory.failed > 0);
    HOLDS(memory.fail_at > 3);
}
