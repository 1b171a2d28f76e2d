/* SPDX-License-Identifier: MIT */
/*
 * test_sock_calls.c: each call of a bare socket: its edges, its cancel, its faults.
 */
#define _GNU_SOURCE
#include "net_fixture.h"

SUITE(sock_calls);

static coro_sys_table real;

static int new_socket(int family, int type)
{
    int fd = socket(family, type | SOCK_CLOEXEC, 0);
    HOLDS(fd >= 0);
    return fd;
}

/* --- cancel ------------------------------------------------------------------------------- */

ASYNC(accepts, ARGS(coro_socket *, listener), VARS(int fd, error;))
{
    ASYNC_BEGIN;
    AWAIT_CATCH(self->error, self->fd, coro_sock_accept(self->listener));
    say("%s ", self->error != 0 ? coro_error_name(self->error) : "accepted");
    if (self->error == 0)
        close(self->fd);
    ASYNC_END;
}

ASYNC(accepts_after_a_cancel, VARS(coro_socket *listener; struct sockaddr_in at; coro_task *task;
                                   int client; uint32_t sources;))
{
    ASYNC_BEGIN;
    EQ(coro_socket_from_fd(&self->listener, listen_somewhere(9, &self->at)), 0);
    self->sources = loop.sources;
    self->task = coro_create_task(accepts(self->listener));
    AWAIT(coro_sleep(CORO_MS(1)));
    EQ(loop.sources, self->sources + 1);
    coro_task_cancel(self->task);
    EQ(loop.sources, self->sources);
    AWAIT(coro_task_join(self->task));
    self->client = new_socket(AF_INET, SOCK_STREAM);
    EQ(connect(self->client, (struct sockaddr *)&self->at, sizeof self->at), 0);
    AWAIT(coro_sleep(CORO_MS(1))); /* nobody takes it */
    SAID("CORO_ECANCELED ");
    AWAIT(accepts(self->listener));
    SAID("CORO_ECANCELED accepted ");
  ASYNC_FINALLY:
    coro_task_release(self->task);
    coro_socket_close(&self->listener);
    close(self->client);
    ASYNC_END;
}

Test(sock_calls, c133_a_cancelled_accept_leaves_no_watcher)
{
    EQ(RUN_NET(accepts_after_a_cancel()), 0);
}

ASYNC(receives, ARGS(coro_socket *, sock), VARS(size_t n; int error; char text[16];))
{
    ASYNC_BEGIN;
    AWAIT_CATCH(self->error, self->n, coro_sock_recv(self->sock, self->text, sizeof self->text));
    if (self->error != 0)
        say("%s ", coro_error_name(self->error));
    else
        say("\"%.*s\" ", (int)self->n, self->text);
    ASYNC_END;
}

ASYNC(receives_again, VARS(coro_socket *sock; int fd, other; coro_task *first, *second;))
{
    ASYNC_BEGIN;
    connect_two(&self->fd, &self->other);
    EQ(coro_socket_from_fd(&self->sock, self->fd), 0);
    self->first = coro_create_task(receives(self->sock));
    AWAIT(coro_sleep(CORO_MS(1)));
    coro_task_cancel(self->first);
    self->second = coro_create_task(receives(self->sock)); /* before the first has cleaned up */
    AWAIT(coro_sleep(CORO_MS(1)));
    EQ(write(self->other, "data", 4), 4);
    AWAIT(coro_task_join(self->second));
    SAID("CORO_ECANCELED \"data\" ");
  ASYNC_FINALLY:
    coro_task_release(self->first);
    coro_task_release(self->second);
    coro_socket_close(&self->sock);
    close(self->other);
    ASYNC_END;
}

Test(sock_calls, c133_a_recv_right_after_a_cancelled_one_gets_the_data)
{
    EQ(RUN_NET(receives_again()), 0);
}

/* --- datagrams ---------------------------------------------------------------------------- */

ASYNC(exchanges, ARGS(int, family, const char *, any),
      VARS(coro_socket *a, *b; coro_address at_a, at_b, from; size_t n; char text[16];
           coro_task *task;))
{
    ASYNC_BEGIN;
    {
        int fds[2] = {new_socket(self->family, SOCK_DGRAM), new_socket(self->family, SOCK_DGRAM)};
        EQ(coro_address_parse(&self->at_a, self->any, 0), 0);
        EQ(bind(fds[0], coro_address_any(&self->at_a), self->at_a.size), 0);
        EQ(bind(fds[1], coro_address_any(&self->at_a), self->at_a.size), 0);
        self->at_a.size = self->at_b.size = sizeof self->at_a.bytes;
        EQ(getsockname(fds[0], coro_address_any(&self->at_a), &self->at_a.size), 0);
        EQ(getsockname(fds[1], coro_address_any(&self->at_b), &self->at_b.size), 0);
        EQ(coro_socket_from_fd(&self->a, fds[0]), 0);
        EQ(coro_socket_from_fd(&self->b, fds[1]), 0);
    }
    self->task = coro_create_task(receives(self->b));
    AWAIT(coro_sleep(CORO_MS(1)));
    AWAIT(self->n, coro_sock_sendto(self->a, "first", 5, &self->at_b));
    EQ(self->n, 5);
    AWAIT(coro_task_join(self->task));
    SAID("\"first\" ");
    /* Three wait: a short read of one is no sign that there are no more. */
    AWAIT(self->n, coro_sock_sendto(self->a, "one", 3, &self->at_b));
    AWAIT(self->n, coro_sock_sendto(self->a, "", 0, &self->at_b));
    AWAIT(self->n, coro_sock_sendto(self->a, "three is cut off", 16, &self->at_b));
    AWAIT(self->n, coro_sock_recvfrom(self->b, self->text, 16, &self->from));
    EQ(self->n, 3);
    EQ(self->from.size, self->at_a.size);
    HOLDS(memcmp(self->from.bytes, self->at_a.bytes, self->at_a.size) == 0);
    AWAIT(self->n, coro_sock_recv(self->b, self->text, 16));
    EQ(self->n, 0);
    AWAIT(self->n, coro_sock_recv(self->b, self->text, 5));
    EQ(self->n, 5);
    AWAIT(coro_sock_connect(self->b, coro_address_any(&self->at_a), self->at_a.size));
    AWAIT(self->n, coro_sock_sendto(self->b, "back", 4, NULL));
    AWAIT(self->n, coro_sock_recvfrom(self->a, self->text, 16, &self->from));
    EQ(self->n, 4);
    HOLDS(memcmp(self->from.bytes, self->at_b.bytes, self->at_b.size) == 0);
  ASYNC_FINALLY:
    coro_task_release(self->task);
    coro_socket_close(&self->a);
    coro_socket_close(&self->b);
    ASYNC_END;
}

Test(sock_calls, datagrams_come_one_by_one_with_their_senders)
{
    EQ(RUN_NET(exchanges(AF_INET, "127.0.0.1:0")), 0);
}

ASYNC(waits_for_a_sender, VARS(coro_socket *a; coro_address at, from; coro_task *task;
                               char text[16]; int fd;))
{
    ASYNC_BEGIN;
    self->fd = new_socket(AF_INET, SOCK_DGRAM);
    EQ(coro_address_parse(&self->at, "127.0.0.1:0", 0), 0);
    EQ(bind(self->fd, coro_address_any(&self->at), self->at.size), 0);
    EQ(getsockname(self->fd, coro_address_any(&self->at), &self->at.size), 0);
    EQ(coro_socket_from_fd(&self->a, self->fd), 0);
    self->task = coro_create_task(
        coro_sock_recvfrom(self->a, self->text, sizeof self->text, &self->from));
    AWAIT(coro_sleep(CORO_MS(1)));
    self->fd = new_socket(AF_INET, SOCK_DGRAM);
    EQ(sendto(self->fd, "hi", 2, 0, coro_address_any(&self->at), self->at.size), 2);
    close(self->fd);
    AWAIT(coro_task_join(self->task));
    EQ(coro_address_family(&self->from), AF_INET);
  ASYNC_FINALLY:
    coro_task_release(self->task);
    coro_socket_close(&self->a);
    ASYNC_END;
}

Test(sock_calls, who_waits_for_a_datagram_learns_its_sender)
{
    EQ(RUN_NET(waits_for_a_sender()), 0);
}

/* A socket pair of datagrams whose buffer is full: a send waits until the other side reads. */
ASYNC(sends_when_there_is_room, VARS(coro_socket *a; int ends[2]; coro_task *task; size_t sent, n;
                                     char data[1000]; int error;))
{
    ASYNC_BEGIN;
    EQ(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, self->ends), 0);
    EQ(coro_socket_from_fd(&self->a, self->ends[0]), 0);
    while (send(self->ends[0], self->data, sizeof self->data, 0) > 0)
        ;
    self->task = coro_create_task(coro_sock_sendto(self->a, self->data, 7, NULL));
    AWAIT(coro_sleep(CORO_MS(1)));
    AWAIT_CATCH(self->error, self->n, coro_sock_sendto(self->a, "!", 1, NULL));
    EQ(self->error, CORO_EBUSY);
    HOLDS(!coro_task_done(self->task));
    while (recv(self->ends[1], self->data, sizeof self->data, 0) > 0)
        ;
    AWAIT(coro_task_join(self->task));
    EQ(recv(self->ends[1], self->data, sizeof self->data, 0), 7);
    while (send(self->ends[0], self->data, sizeof self->data, 0) > 0)
        ;
    AWAIT_CATCH(self->error, self->n,
                coro_wait_for(coro_sock_sendto(self->a, self->data, 7, NULL), CORO_MS(2)));
    EQ(self->error, CORO_ETIMEDOUT);
  ASYNC_FINALLY:
    coro_task_release(self->task);
    coro_socket_close(&self->a);
    close(self->ends[1]);
    ASYNC_END;
}

Test(sock_calls, a_datagram_waits_for_room)
{
    EQ(RUN_NET(sends_when_there_is_room()), 0);
}

/* --- the rest ----------------------------------------------------------------------------- */

ASYNC(says_the_end, VARS(coro_socket *sock; int fd, other; char byte; size_t n; coro_address from;))
{
    ASYNC_BEGIN;
    connect_two(&self->fd, &self->other);
    EQ(coro_socket_from_fd(&self->sock, self->fd), 0);
    EQ(coro_sock_shutdown(self->sock, SHUT_WR), 0);
    EQ(read(self->other, &self->byte, 1), 0);
    EQ(write(self->other, "x", 1), 1);
    AWAIT(self->n, coro_sock_recvfrom(self->sock, &self->byte, 1, &self->from));
    EQ(self->n, 1);
    EQ(self->from.size, 0); /* a connection has one other side only */
    EQ(coro_sock_shutdown(self->sock, 77), CORO_EINVAL);
    EQ(coro_sock_shutdown(NULL, SHUT_WR), CORO_ECLOSED);
  ASYNC_FINALLY:
    coro_socket_close(&self->sock);
    close(self->other);
    ASYNC_END;
}

Test(sock_calls, a_shutdown_is_an_end_for_the_other_side)
{
    EQ(RUN_NET(says_the_end()), 0);
}

ASYNC(uses_nothing, VARS(size_t n; int fd, error; coro_address at;))
{
    ASYNC_BEGIN;
    AWAIT_CATCH(self->error, self->n, coro_sock_recv(NULL, &self->at, 1));
    EQ(self->error, CORO_ECLOSED);
    AWAIT_CATCH(self->error, self->n, coro_sock_recvfrom(NULL, &self->at, 1, &self->at));
    EQ(self->error, CORO_ECLOSED);
    AWAIT_CATCH(self->error, self->n, coro_sock_sendto(NULL, "", 0, NULL));
    EQ(self->error, CORO_ECLOSED);
    AWAIT_CATCH(self->error, coro_sock_sendall(NULL, "", 0));
    EQ(self->error, CORO_ECLOSED);
    AWAIT_CATCH(self->error, coro_sock_connect(NULL, coro_address_any(&self->at), 0));
    EQ(self->error, CORO_ECLOSED);
    AWAIT_CATCH(self->error, self->fd, coro_sock_accept(NULL));
    EQ(self->error, CORO_ECLOSED);
    ASYNC_END;
}

Test(sock_calls, a_socket_that_is_none_is_closed)
{
    EQ(RUN_NET(uses_nothing()), 0);
}

ASYNC(takes_no_file, VARS(coro_socket *sock; int fds[2];))
{
    ASYNC_BEGIN;
    EQ(pipe2(self->fds, O_CLOEXEC), 0);
    EQ(coro_socket_from_fd(&self->sock, self->fds[0]), -ENOTSOCK);
    HOLDS(self->sock == NULL);
    close(self->fds[0]);
    close(self->fds[1]);
    ASYNC_END;
}

Test(sock_calls, a_pipe_is_no_socket)
{
    EQ(RUN_NET(takes_no_file()), 0);
}

/* --- when the system fails ---------------------------------------------------------------- */

static int fault; /* errno of each call of one kind, as long as it is not 0 */
static const char *faulty;
static int faults; /* so many */

static bool fails(const char *name)
{
    if (faults == 0 || strcmp(faulty, name) != 0)
        return false;
    faults--;
    errno = fault;
    return true;
}

static ssize_t faulty_recv(int fd, void *buffer, size_t size, int flags)
{
    return fails("recv") ? -1 : real.recv(fd, buffer, size, flags);
}

static ssize_t faulty_recvmsg(int fd, struct msghdr *message, int flags)
{
    return fails("recvmsg") ? -1 : real.recvmsg(fd, message, flags);
}

static ssize_t faulty_send(int fd, const void *data, size_t size, int flags)
{
    return fails("send") ? -1 : real.send(fd, data, size, flags);
}

static ssize_t faulty_sendmsg(int fd, const struct msghdr *message, int flags)
{
    return fails("sendmsg") ? -1 : real.sendmsg(fd, message, flags);
}

static int faulty_accept4(int fd, struct sockaddr *at, socklen_t *size, int flags)
{
    return fails("accept4") ? -1 : real.accept4(fd, at, size, flags);
}

static int faulty_connect(int fd, const struct sockaddr *at, socklen_t size)
{
    return fails("connect") ? -1 : real.connect(fd, at, size);
}

static int faulty_epoll_ctl(int epoll, int op, int fd, struct epoll_event *event)
{
    return op != EPOLL_CTL_DEL && fails("epoll_ctl") ? -1 : real.epoll_ctl(epoll, op, fd, event);
}

static void break_system(void)
{
    real = coro_sys;
    coro_sys.recv = faulty_recv;
    coro_sys.recvmsg = faulty_recvmsg;
    coro_sys.send = faulty_send;
    coro_sys.sendmsg = faulty_sendmsg;
    coro_sys.accept4 = faulty_accept4;
    coro_sys.connect = faulty_connect;
    coro_sys.epoll_ctl = faulty_epoll_ctl;
}

static void next_fault(const char *name, int error, int count)
{
    faulty = name;
    fault = error;
    faults = count;
}

ASYNC(meets_faults, ARGS(int, errno_),
      VARS(coro_socket *sock, *listener; int fd, other, error, client; size_t n; char byte;
           struct sockaddr_in at; coro_address from;))
{
    ASYNC_BEGIN;
    connect_two(&self->fd, &self->other);
    EQ(coro_socket_from_fd(&self->sock, self->fd), 0);
    EQ(write(self->other, "xy", 2), 2);
    next_fault("recv", self->errno_, 1);
    AWAIT_CATCH(self->error, self->n, coro_sock_recv(self->sock, &self->byte, 1));
    EQ(self->error, self->errno_ == EINTR ? 0 : -self->errno_);
    next_fault("recvmsg", self->errno_, 1);
    AWAIT_CATCH(self->error, self->n, coro_sock_recvfrom(self->sock, &self->byte, 1, &self->from));
    EQ(self->error, self->errno_ == EINTR ? 0 : -self->errno_);
    next_fault("send", self->errno_, 1);
    AWAIT_CATCH(self->error, coro_sock_sendall(self->sock, "z", 1));
    EQ(self->error, self->errno_ == EINTR ? 0 : -self->errno_);
    next_fault("sendmsg", self->errno_, 1);
    AWAIT_CATCH(self->error, self->n, coro_sock_sendto(self->sock, "z", 1, NULL));
    EQ(self->error, self->errno_ == EINTR ? 0 : -self->errno_);
    EQ(coro_socket_from_fd(&self->listener, listen_somewhere(9, &self->at)), 0);
    self->client = new_socket(AF_INET, SOCK_STREAM);
    EQ(connect(self->client, (struct sockaddr *)&self->at, sizeof self->at), 0);
    next_fault("accept4", self->errno_, 1);
    AWAIT_CATCH(self->error, self->fd, coro_sock_accept(self->listener));
    EQ(self->error, self->errno_ == EINTR ? 0 : -self->errno_);
    if (self->error == 0)
        close(self->fd);
  ASYNC_FINALLY:
    coro_socket_close(&self->sock);
    coro_socket_close(&self->listener);
    close(self->other);
    close(self->client);
    ASYNC_END;
}

Test(sock_calls, f025_an_interrupted_call_goes_on_and_one_that_fails_says_why)
{
    static const int errors[] = {EINTR, EIO, ENOMEM, ECONNRESET};
    break_system();
    for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++)
        EQ(RUN_NET(meets_faults(errors[i])), 0);
}

static int connects;

/* Interrupted, it goes on in the system. */
static int interrupted_connect(int fd, const struct sockaddr *at, socklen_t size)
{
    int result = real.connect(fd, at, size);
    connects++;
    if (result == 0 || errno == EINPROGRESS) {
        errno = EINTR;
        return -1;
    }
    return result;
}

ASYNC(connects_once, VARS(coro_socket *sock; int listener, error; struct sockaddr_in at;))
{
    ASYNC_BEGIN;
    self->listener = listen_somewhere(9, &self->at);
    EQ(coro_socket_from_fd(&self->sock, new_socket(AF_INET, SOCK_STREAM)), 0);
    AWAIT(coro_sock_connect(self->sock, (struct sockaddr *)&self->at, sizeof self->at));
    EQ(connects, 1);
    AWAIT(coro_sock_sendall(self->sock, "hello", 5));
  ASYNC_FINALLY:
    coro_socket_close(&self->sock);
    close(self->listener);
    ASYNC_END;
}

Test(sock_calls, f025_an_interrupted_connect_is_waited_for_and_not_called_twice)
{
    real = coro_sys;
    coro_sys.connect = interrupted_connect;
    EQ(RUN_NET(connects_once()), 0);
}

ASYNC(cannot_watch, VARS(coro_socket *sock; int fd, other, error; size_t n; char byte;))
{
    ASYNC_BEGIN;
    connect_two(&self->fd, &self->other);
    EQ(coro_socket_from_fd(&self->sock, self->fd), 0);
    next_fault("epoll_ctl", ENOSPC, 1);
    AWAIT_CATCH(self->error, self->n, coro_sock_recv(self->sock, &self->byte, 1));
    EQ(self->error, -ENOSPC);
    next_fault("epoll_ctl", ENOMEM, 1);
    AWAIT_CATCH(self->error, self->fd, coro_sock_accept(self->sock));
    HOLDS(self->error != 0);
    EQ(write(self->other, "x", 1), 1);
    faults = 0;
    AWAIT(self->n, coro_sock_recv(self->sock, &self->byte, 1));
    EQ(self->n, 1);
  ASYNC_FINALLY:
    coro_socket_close(&self->sock);
    close(self->other);
    ASYNC_END;
}

Test(sock_calls, f041_a_watch_that_the_system_refuses_fails_one_call)
{
    break_system();
    EQ(RUN_NET(cannot_watch()), 0);
}

ASYNC(is_closed_behind, VARS(coro_socket *sock; int fd, other, error; size_t n; char byte;))
{
    ASYNC_BEGIN;
    connect_two(&self->fd, &self->other);
    EQ(coro_socket_from_fd(&self->sock, self->fd), 0);
    close(self->fd);
    AWAIT_CATCH(self->error, self->n, coro_sock_recv(self->sock, &self->byte, 1));
    EQ(self->error, CORO_EBADF);
    AWAIT_CATCH(self->error, self->n, coro_sock_sendto(self->sock, "x", 1, NULL));
    EQ(self->error, CORO_EBADF);
    AWAIT_CATCH(self->error, coro_sock_sendall(self->sock, "x", 1));
    EQ(self->error, CORO_EBADF);
    AWAIT_CATCH(self->error, self->fd, coro_sock_accept(self->sock));
    EQ(self->error, CORO_EBADF);
    EQ(coro_sock_shutdown(self->sock, SHUT_WR), CORO_EBADF);
  ASYNC_FINALLY:
    coro_socket_close(&self->sock);
    close(self->other);
    ASYNC_END;
}

Test(sock_calls, f042_a_descriptor_that_was_closed_behind_our_back_is_an_error)
{
    EQ(RUN_NET(is_closed_behind()), 0);
}
