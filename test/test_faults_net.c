/* SPDX-License-Identifier: MIT */
/*
 * test_faults_net.c: what servers and streams do when the system fails. The table of
 * system calls (sys.h) gets functions of this file, which fail as they are told.
 */
#define _GNU_SOURCE
#include "net_fixture.h"

SUITE(faults_net);

static coro_sys_table real;

/* --- the n-th call of one name fails ------------------------------------------------------ */

static struct {
    const char *name;
    int at;    /* counts down: at 1 the call fails */
    int error; /* errno */
    int count; /* calls of that name */
    int hits;
} fault;

static bool fails_now(const char *name)
{
    if (fault.name == NULL || strcmp(name, fault.name) != 0)
        return false;
    fault.count++;
    if (fault.at == 0 || --fault.at > 0)
        return false;
    fault.hits++;
    errno = fault.error;
    return true;
}

#define FAULTY(X)                                                                                  \
    X(int, epoll_ctl, (int p, int op, int fd, struct epoll_event *event), (p, op, fd, event))      \
    X(int, eventfd, (unsigned initial, int flags), (initial, flags))                               \
    X(ssize_t, recv, (int fd, void *buffer, size_t size, int flags), (fd, buffer, size, flags))    \
    X(ssize_t, send, (int fd, const void *data, size_t size, int flags), (fd, data, size, flags))  \
    X(ssize_t, sendmsg, (int fd, const struct msghdr *m, int flags), (fd, m, flags))               \
    X(int, socket, (int domain, int type, int protocol), (domain, type, protocol))                 \
    X(int, shutdown, (int fd, int how), (fd, how))                                                 \
    X(int, listen, (int fd, int backlog), (fd, backlog))                                           \
    X(int, getsockopt, (int fd, int level, int name, void *value, socklen_t *size),                \
      (fd, level, name, value, size))                                                              \
    X(int, setsockopt, (int fd, int level, int name, const void *value, socklen_t size),           \
      (fd, level, name, value, size))                                                              \
    X(int, bind, (int fd, const struct sockaddr *at, socklen_t size), (fd, at, size))              \
    X(int, connect, (int fd, const struct sockaddr *at, socklen_t size), (fd, at, size))           \
    X(int, accept4, (int fd, struct sockaddr *at, socklen_t *size, int flags),                     \
      (fd, at, size, flags))                                                                       \
    X(int, getsockname, (int fd, struct sockaddr *at, socklen_t *size), (fd, at, size))            \
    X(int, getpeername, (int fd, struct sockaddr *at, socklen_t *size), (fd, at, size))

#define FAULTY_FUNCTION(result, name, parameters, arguments)                                       \
    static result faulty_##name parameters                                                         \
    {                                                                                              \
        return fails_now(#name) ? -1 : real.name arguments;                                        \
    }
FAULTY(FAULTY_FUNCTION)

/* A close that fails has closed all the same. */
static int faulty_close(int fd)
{
    int result = real.close(fd);
    return fails_now("close") ? -1 : result;
}

#define FAULTY_ENTRY(result, name, parameters, arguments) coro_sys.name = faulty_##name;
#define FAULTY_NAME(result, name, parameters, arguments) #name,

static void break_system(void)
{
    real = coro_sys;
    FAULTY(FAULTY_ENTRY)
    coro_sys.close = faulty_close;
}

ASYNC(serves, ARGS(size_t, size), VARS(coro_server *server; char port[8];))
{
    ASYNC_BEGIN;
    AWAIT(self->server, coro_start_server(CORO_HANDLER(echo), NULL, "127.0.0.1", "0", NULL));
    memcpy(self->port, port_text(self->server), 8);
    AWAIT(exchange(self->port, self->size));
  ASYNC_FINALLY:
    AWAIT(coro_server_shutdown(self->server, CORO_MS(500)));
    ASYNC_END;
}

ASYNC(serves_in_time, ARGS(size_t, size))
{
    ASYNC_BEGIN;
    AWAIT(coro_wait_for(serves(self->size), CORO_SECONDS(4)));
    ASYNC_END;
}

static bool is_harmless(const char *name, int error)
{
    if (error == EINTR)
        return strcmp(name, "recv") == 0 || strcmp(name, "send") == 0 ||
               strcmp(name, "accept4") == 0 || strcmp(name, "close") == 0 ||
               strcmp(name, "eventfd") == 0;
    return strcmp(name, "close") == 0 || strcmp(name, "eventfd") == 0 ||
           (strcmp(name, "accept4") == 0 && error == ENOMEM);
}

/* Whatever fails: an error or none, in time, and nothing is left behind. */
static void each_call_fails(const char *name, int error)
{
    for (int at = 1;; at++) {
        int result;
        memset(&memory, 0, sizeof memory);
        fault.name = name;
        fault.at = at;
        fault.error = error;
        fault.hits = 0;
        result = RUN_NET_LOUD(serves_in_time(200000));
        if (fault.hits == 0) {
            EQ(result, 0);
            break;
        }
        cr_assert(ne(int, result, CORO_ETIMEDOUT), "%s %d of errno %d", name, at, error);
        if (is_harmless(name, error))
            cr_assert(eq(int, result, 0), "%s %d of errno %d: %d", name, at, error, result);
        if (at > 40)
            break; /* recv and send go on like that */
    }
}

Test(faults_net, each_system_call_that_fails_is_an_error_and_nothing_leaks, .timeout = 60)
{
    static const char *const names[] = {FAULTY(FAULTY_NAME) "close"};
    static const int errors[] = {EINTR, EIO, ENOMEM};
    break_system();
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        for (size_t k = 0; k < 3; k++)
            each_call_fails(names[i], errors[k]);
}

Test(faults_net, each_allocation_that_fails_is_an_error_and_nothing_leaks, .timeout = 60)
{
    int failed = 0;
    for (size_t n = 1;; n++) {
        int result;
        memset(&memory, 0, sizeof memory);
        memory.fail_at = n;
        result = RUN_NET_LOUD(serves_in_time(200000));
        HOLDS(result != CORO_ETIMEDOUT);
        failed += result != 0;
        if (memory.calls < n) {
            EQ(result, 0);
            break;
        }
    }
    HOLDS(failed > 0);
}

ASYNC(meets_refusals,
      VARS(coro_stream *stream; coro_server *server; coro_socket *sock; int fd, error;))
{
    ASYNC_BEGIN;
    fault.name = "socket";
    fault.error = EMFILE;
    fault.at = 1;
    AWAIT_CATCH(self->error, self->stream, coro_open_connection("127.0.0.1", "1", NULL));
    EQ(self->error, CORO_EMFILE);
    fault.name = "bind"; /* a port below 1024, for who is not root */
    fault.error = EACCES;
    fault.at = 1;
    AWAIT_CATCH(self->error, self->server,
                coro_start_server(CORO_HANDLER(echo), NULL, "127.0.0.1", "80", NULL));
    EQ(self->error, CORO_EACCES);
    EQ(fault.hits, 2);
    self->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    exhaust_memory();
    EQ(coro_stream_from_fd(&self->stream, self->fd), CORO_ENOMEM);
    EQ(coro_socket_from_fd(&self->sock, self->fd), CORO_ENOMEM);
    memory.fail_from = 0;
    HOLDS(self->stream == NULL && self->sock == NULL);
    EQ(close(self->fd), 0); /* it is still the caller's */
    ASYNC_END;
}

Test(faults_net, what_the_system_refuses_is_told_by_its_name)
{
    coro_loop_options options = {.allocator = {fixture_resize, NULL}};
    break_system();
    EQ(coro_run_with(meets_refusals(), &options), 0);
    EQ(memory.blocks, 0);
}

/* --- connections ------------------------------------------------------------------------- */

Test(faults_net, f003_a_broken_connection_is_skipped)
{
    static const int errors[] = {ECONNABORTED, EPROTO, EPERM, ENETDOWN, ENOPROTOOPT, EHOSTDOWN,
                                 EHOSTUNREACH, EOPNOTSUPP, ENETUNREACH, EINTR};
    break_system();
    for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++) {
        fault.name = "accept4";
        fault.at = 1;
        fault.error = errors[i];
        EQ(RUN_NET(serves_in_time(100)), 0);
    }
    EQ(fault.hits, 10);
}

/* --- sends -------------------------------------------------------------------------------- */

static size_t send_most;

static ssize_t short_send(int fd, const void *data, size_t size, int flags)
{
    return real.send(fd, data, size < send_most ? size : send_most, flags);
}

static ssize_t short_sendmsg(int fd, const struct msghdr *message, int flags)
{
    struct msghdr less = *message;
    struct iovec one = *message->msg_iov;
    if (send_most < one.iov_len)
        one.iov_len = send_most;
    less.msg_iov = &one;
    less.msg_iovlen = 1;
    return real.sendmsg(fd, &less, flags);
}

Test(faults_net, f018_sends_of_one_byte_keep_every_byte_in_order)
{
    real = coro_sys;
    coro_sys.send = short_send;
    coro_sys.sendmsg = short_sendmsg;
    send_most = 1;
    EQ(RUN_NET(serves_in_time(20000)), 0);
    send_most = 777;
    EQ(RUN_NET(serves_in_time(500000)), 0);
}

static int sends;
static size_t send_room;

static ssize_t full_send(int fd, const void *data, size_t size, int flags)
{
    sends++;
    if (send_room == 0) {
        errno = EAGAIN;
        return -1;
    }
    size = size < send_room ? size : send_room;
    send_room -= size;
    return real.send(fd, data, size, flags);
}

ASYNC(sends_in_vain, VARS(coro_stream *a, *b; int error; char *data; clock_t cpu;))
{
    ASYNC_BEGIN;
    connect_streams(&self->a, &self->b);
    self->data = calloc(1, 100000);
    send_room = 1234;
    self->cpu = clock();
    AWAIT_CATCH(self->error,
                coro_wait_for(coro_stream_write(self->a, self->data, 100000), CORO_MS(100)));
    EQ(self->error, CORO_ETIMEDOUT);
    EQ(coro_stream_sent(self->a), 1234);
    EQ(coro_stream_unsent(self->a), 100000 - 1234);
    HOLDS((double)(clock() - self->cpu) / CLOCKS_PER_SEC < 0.05);
    HOLDS(sends < 10);
  ASYNC_FINALLY:
    coro_stream_abort(&self->a);
    coro_stream_abort(&self->b);
    free(self->data);
    ASYNC_END;
}

Test(faults_net, f019_a_socket_that_stays_full_can_be_given_up_and_says_what_it_took)
{
    real = coro_sys;
    coro_sys.send = full_send;
    EQ(RUN_NET(sends_in_vain()), 0);
}

ASYNC(slow_reader, VARS(coro_stream *a, *b; size_t before, most, n, i, total; coro_task *writer;
                        char *data;))
{
    ASYNC_BEGIN;
    connect_streams(&self->a, &self->b);
    self->data = calloc(1, 300000);
    self->before = memory.bytes;
    self->writer = coro_create_task(coro_stream_write(self->a, self->data, 300000));
    for (; self->total < 20 * 300000; self->total += self->n) {
        if (coro_task_done(self->writer) && self->i < 19) {
            self->i++;
            coro_task_release(self->writer);
            self->writer = coro_create_task(coro_stream_write(self->a, self->data, 300000));
        }
        AWAIT(self->n, coro_stream_read(self->b, self->data, 3000));
        if (memory.bytes - self->before > self->most)
            self->most = memory.bytes - self->before;
    }
    HOLDS(self->most <= 2 * 65536 + 8192); /* a block of twice the high-water mark, a task */
  ASYNC_FINALLY:
    coro_task_release(self->writer);
    AWAIT(coro_stream_close(&self->a));
    AWAIT(coro_stream_close(&self->b));
    free(self->data);
    ASYNC_END;
}

Test(faults_net, f021_a_fast_writer_needs_no_more_memory_than_the_high_water_mark)
{
    EQ(RUN_NET(slow_reader()), 0);
}

/* --- the rest ----------------------------------------------------------------------------- */

static int closes_of;

static int eintr_close(int fd)
{
    closes_of++;
    real.close(fd);
    errno = EINTR;
    return -1;
}

ASYNC(opens_and_closes, VARS(coro_stream *a, *b; int before;))
{
    ASYNC_BEGIN;
    connect_streams(&self->a, &self->b);
    self->before = closes_of;
    AWAIT(coro_stream_close(&self->a));
    EQ(closes_of - self->before, 1);
  ASYNC_FINALLY:
    AWAIT(coro_stream_close(&self->b));
    ASYNC_END;
}

Test(faults_net, f025_an_interrupted_close_is_not_tried_again)
{
    real = coro_sys;
    coro_sys.close = eintr_close;
    EQ(RUN_NET(opens_and_closes()), 0);
}

/* The first call is interrupted, and goes on in the system. */
static int eintr_connect(int fd, const struct sockaddr *at, socklen_t size)
{
    int result = real.connect(fd, at, size);
    closes_of++;
    if (result < 0 && errno == EINPROGRESS)
        errno = EINTR;
    return result;
}

Test(faults_net, f025_an_interrupted_connect_is_waited_for_and_not_called_twice)
{
    real = coro_sys;
    coro_sys.connect = eintr_connect;
    EQ(RUN_NET(serves_in_time(1000)), 0);
    EQ(closes_of, 1);
}

ASYNC(closes_unread, VARS(coro_stream *a, *b; int error; size_t n; char text[9];))
{
    ASYNC_BEGIN;
    connect_streams(&self->a, &self->b);
    AWAIT(coro_stream_write(self->b, "unread", 6));
    AWAIT(coro_sleep(CORO_MS(2)));
    AWAIT(coro_stream_close(&self->a));
    AWAIT_CATCH(self->error, self->n, coro_stream_read(self->b, self->text, 9));
    EQ(self->error, CORO_ECONNRESET);
  ASYNC_FINALLY:
    coro_stream_abort(&self->b);
    ASYNC_END;
}

Test(faults_net, f017_a_close_with_unread_data_is_a_reset_for_the_other_side)
{
    EQ(RUN_NET(closes_unread()), 0);
}

ASYNC(closes_gracefully, VARS(coro_stream *a, *b; coro_task *task; size_t n; char text[9];))
{
    ASYNC_BEGIN;
    connect_streams(&self->a, &self->b);
    AWAIT(coro_stream_write(self->b, "unread", 6));
    AWAIT(coro_sleep(CORO_MS(2)));
    AWAIT(coro_stream_write(self->a, "bye", 3));
    self->task = coro_create_task(coro_stream_close_graceful(&self->a, CORO_SECONDS(5)));
    AWAIT(coro_stream_read_exactly(self->b, self->text, 3));
    AWAIT(self->n, coro_stream_read(self->b, self->text, 9));
    EQ(self->n, 0);
    HOLDS(!coro_task_done(self->task));
    AWAIT(coro_stream_write(self->b, "more", 4)); /* read, and thrown away */
    AWAIT(coro_stream_close(&self->b));
    AWAIT(coro_task_join(self->task));
    HOLDS(self->a == NULL);
  ASYNC_FINALLY:
    coro_task_release(self->task);
    coro_stream_abort(&self->a);
    coro_stream_abort(&self->b);
    ASYNC_END;
}

Test(faults_net, f017_a_graceful_close_drains_and_the_other_side_gets_all)
{
    EQ(RUN_NET(closes_gracefully()), 0);
}

ASYNC(closed_behind, ARGS(bool, reused), VARS(coro_stream *a, *b; int error, other[2]; size_t n;
                                              char text[9];))
{
    ASYNC_BEGIN;
    connect_streams(&self->a, &self->b);
    AWAIT(coro_stream_write(self->b, "x", 1));
    AWAIT(self->n, coro_stream_read(self->a, self->text, 9));
    {
        int fd = coro_stream_fd(self->a);
        close(fd);
        if (self->reused) /* the number is now another connection's */
            EQ(pipe2(self->other, O_NONBLOCK | O_CLOEXEC), 0);
    }
    AWAIT_CATCH(self->error, self->n,
                coro_wait_for(coro_stream_read(self->a, self->text, 9), CORO_MS(100)));
    say("%d ", self->error);
  ASYNC_FINALLY:
    coro_stream_abort(&self->a);
    coro_stream_abort(&self->b);
    if (self->reused)
        close(self->other[1]);
    ASYNC_END;
}

Test(faults_net, f042_a_descriptor_that_was_closed_behind_our_back_is_an_error)
{
    EQ(RUN_NET(closed_behind(false)), 0);
    HOLDS(strncmp(said, "-9 ", 3) == 0 || strncmp(said, "-110 ", 5) == 0);
}

static int watches;

static int full_epoll_ctl(int epoll, int op, int fd, struct epoll_event *event)
{
    if (op != EPOLL_CTL_DEL && watches > 0 && --watches == 0) {
        errno = ENOSPC;
        return -1;
    }
    return real.epoll_ctl(epoll, op, fd, event);
}

ASYNC(cannot_watch, VARS(coro_stream *a, *b; int error; size_t n; char text[9];))
{
    ASYNC_BEGIN;
    connect_streams(&self->a, &self->b);
    watches = 1;
    AWAIT_CATCH(self->error, self->n, coro_stream_read(self->a, self->text, 9));
    EQ(self->error, -ENOSPC);
    AWAIT(coro_stream_write(self->b, "hello", 5));
    AWAIT(self->n, coro_stream_read(self->a, self->text, 9));
    EQ(self->n, 5);
  ASYNC_FINALLY:
    coro_stream_abort(&self->a);
    coro_stream_abort(&self->b);
    ASYNC_END;
}

Test(faults_net, f041_a_watch_that_the_system_refuses_fails_one_read)
{
    real = coro_sys;
    coro_sys.epoll_ctl = full_epoll_ctl;
    EQ(RUN_NET(cannot_watch()), 0);
}
