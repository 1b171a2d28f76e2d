/* SPDX-License-Identifier: MIT */
/*
 * test_datagram_open.c: where a datagram socket is and whom it hears: addresses, options, groups;
 * and each system call and allocation that may fail.
 */
#define _GNU_SOURCE
#include "datagram_fixture.h"

#include <sys/stat.h>
#include <sys/un.h>

SUITE(datagram_open);

ASYNC(opens, ARGS(coro_datagram_options, options), VARS(coro_datagram *one;))
{
    ASYNC_BEGIN;
    AWAIT(self->one, coro_datagram_open(&self->options));
  ASYNC_FINALLY:
    coro_datagram_close(&self->one);
    ASYNC_END;
}

#define OPEN(...) RUN_NET(opens((coro_datagram_options){__VA_ARGS__}))

Test(datagram_open, what_cannot_be_opened_says_why)
{
    char path[200] = "unix:/";
    EQ(OPEN(.family = AF_INET), CORO_EINVAL);
    EQ(OPEN(.remote_host = "127.0.0.1"), CORO_EINVAL); /* no port */
    EQ(OPEN(.local_host = "127.0.0.1", .remote_host = "::1", .remote_service = "9"), CORO_EINVAL);
    EQ(OPEN(.local_host = "no such name."), CORO_ENAME);
    EQ(OPEN(.local_host = "203.0.113.7"), CORO_EADDRNOTAVAIL);
    EQ(OPEN(.local_host = "127.0.0.1", .local_service = "0", .remote_host = "unix:@x"),
       CORO_EINVAL);
    memset(path + 6, 'x', 150);
    EQ(OPEN(.local_host = path), CORO_EINVAL);
    EQ(OPEN(.local_host = "unix:/no/such/folder/x"), CORO_ENOENT);
    EQ(OPEN(.local_service = "0"), 0); /* all addresses of this machine */
    EQ(OPEN(.local_host = "", .family = AF_INET6), 0);
}

ASYNC(taken, VARS(coro_datagram *one, *other, *third; int error;))
{
    ASYNC_BEGIN;
    AWAIT(self->one, open_at("127.0.0.1"));
    AWAIT_CATCH(self->error, self->other,
                coro_datagram_open(&(coro_datagram_options){
                    .local_host = "127.0.0.1", .local_service = port_of(self->one)}));
    EQ(self->error, CORO_EADDRINUSE);
    coro_datagram_close(&self->one);
    AWAIT(self->one, coro_datagram_open(&(coro_datagram_options){
                         .local_host = "127.0.0.1", .local_service = "0", .reuse_port = true}));
    AWAIT(self->other, coro_datagram_open(&(coro_datagram_options){
                           .local_host = "127.0.0.1", .local_service = port_of(self->one),
                           .reuse_port = true}));
  ASYNC_FINALLY:
    coro_datagram_close(&self->one);
    coro_datagram_close(&self->other);
    ASYNC_END;
}

Test(datagram_open, a_port_is_shared_only_by_who_says_so)
{
    EQ(RUN_NET(taken()), 0);
}

ASYNC(broadcasts, VARS(coro_datagram *one, *other; size_t n; coro_address from, to; char text[9];))
{
    ASYNC_BEGIN;
    AWAIT(self->one, coro_datagram_open(&(coro_datagram_options){
                         .local_host = "", .local_service = "0", .family = AF_INET}));
    AWAIT(self->other, coro_datagram_open(&(coro_datagram_options){
                           .local_host = "127.0.0.1", .remote_host = "127.255.255.255",
                           .remote_service = port_of(self->one), .broadcast = true}));
    EQ(coro_datagram_remote(self->other, &self->to), 0);
    AWAIT(coro_datagram_send(self->other, "all", 3));
    AWAIT(self->n, coro_datagram_receive_from(self->one, self->text, 9, &self->from));
    EQ(self->n, 3);
    AWAIT(coro_datagram_send_to(self->one, "me", 2, &self->from));
    AWAIT(self->n, coro_datagram_receive(self->other, self->text, 9)); /* from 127.0.0.1 */
    EQ(self->n, 2);
  ASYNC_FINALLY:
    coro_datagram_close(&self->one);
    coro_datagram_close(&self->other);
    ASYNC_END;
}

Test(datagram_open, one_that_broadcasts_hears_answers_from_anywhere)
{
    EQ(RUN_NET(broadcasts()), 0);
}

/* --- Unix paths --------------------------------------------------------------------------- */

static void leave_dead_socket(const char *path)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    strncpy(at.sun_path, path, sizeof at.sun_path - 1);
    EQ(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    close(fd);
}

ASYNC(paths, ARGS(const char *, path), VARS(coro_datagram *one, *other; int error, fd;))
{
    ASYNC_BEGIN;
    leave_dead_socket(self->path + 5);
    AWAIT(self->one, coro_datagram_open(&(coro_datagram_options){.local_host = self->path}));
    AWAIT_CATCH(self->error, self->other,
                coro_datagram_open(&(coro_datagram_options){.local_host = self->path}));
    EQ(self->error, CORO_EADDRINUSE); /* it lives */
    unlink(self->path + 5);
    leave_dead_socket(self->path + 5);
    coro_datagram_close(&self->one);
    EQ(access(self->path + 5, F_OK), 0); /* it is somebody else's now */
    unlink(self->path + 5);
    self->fd = open(self->path + 5, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    close(self->fd);
    AWAIT_CATCH(self->error, self->other,
                coro_datagram_open(&(coro_datagram_options){.local_host = self->path}));
    EQ(self->error, CORO_EADDRINUSE); /* a file is no socket */
    EQ(access(self->path + 5, F_OK), 0);
    unlink(self->path + 5);
    ASYNC_END;
}

Test(datagram_open, a_dead_sockets_path_is_taken_over_and_nobody_elses)
{
    char path[64];
    snprintf(path, sizeof path, "%s", unix_text("path"));
    EQ(RUN_NET(paths(path)), 0);
}

/* --- groups ------------------------------------------------------------------------------- */

ASYNC(groups, ARGS(const char *, host, const char *, group),
      VARS(coro_datagram *one, *other; coro_address to; size_t n; int error; char text[9];))
{
    ASYNC_BEGIN;
    AWAIT(self->one, coro_datagram_open(&(coro_datagram_options){
                         .local_host = self->host, .local_service = "0", .reuse_address = true}));
    AWAIT(self->other, coro_datagram_open(&(coro_datagram_options){.local_host = self->host}));
    EQ(coro_address_parse(&self->to, self->group, (uint16_t)atoi(port_of(self->one))), 0);
    EQ(coro_datagram_join(self->one, self->group, "lo"), 0);
    EQ(coro_datagram_join(self->one, self->group, "lo"), CORO_EADDRINUSE);
    EQ(coro_datagram_set_multicast_interface(self->other, "lo"), 0);
    EQ(coro_datagram_set_multicast_ttl(self->other, 0), 0);
    EQ(coro_datagram_set_multicast_loop(self->other, true), 0);
    EQ(coro_datagram_set_ttl(self->other, 3), 0);
    AWAIT_CATCH(self->error, coro_datagram_send_to(self->other, "all", 3, &self->to));
    if (self->error == 0) {
        AWAIT(self->n, coro_datagram_receive(self->one, self->text, 9));
        EQ(self->n, 3);
    } else { /* many machines have no way for IPv6 groups through "lo" */
        HOLDS(self->error == -ENETUNREACH && coro_address_family(&self->to) == AF_INET6);
    }
    EQ(coro_datagram_leave(self->one, self->group, "lo"), 0);
    EQ(coro_datagram_leave(self->one, self->group, "lo"), CORO_EADDRNOTAVAIL);
    EQ(coro_datagram_join(self->one, self->group, "no such"), CORO_ENODEV);
    EQ(coro_datagram_set_multicast_interface(self->one, "no such"), CORO_ENODEV);
    EQ(coro_datagram_join(self->one, "nonsense", NULL), CORO_EINVAL);
    EQ(coro_datagram_join(self->one, "127.0.0.1", "lo"), CORO_EINVAL);
    EQ(coro_datagram_set_multicast_ttl(self->one, 256), CORO_EINVAL);
    EQ(coro_datagram_set_ttl(self->one, 0), CORO_EINVAL);
  ASYNC_FINALLY:
    coro_datagram_close(&self->one);
    coro_datagram_close(&self->other);
    ASYNC_END;
}

Test(datagram_open, a_group_is_heard_while_it_is_joined)
{
    EQ(RUN_NET(groups("0.0.0.0", "239.1.2.3")), 0);
    EQ(RUN_NET(groups("::", "ff02::1234")), 0);
}

ASYNC(no_groups, VARS(coro_datagram *one, *other;))
{
    ASYNC_BEGIN;
    open_unix_pair(&self->one, &self->other);
    EQ(coro_datagram_join(self->one, "unix:@x", NULL), CORO_EINVAL);
    EQ(coro_datagram_set_multicast_loop(self->one, true), CORO_EINVAL);
    EQ(coro_datagram_set_ttl(self->one, 1), CORO_EINVAL);
    EQ(coro_datagram_set_multicast_interface(self->one, NULL), CORO_EINVAL);
    coro_datagram_close(&self->one);
    coro_datagram_close(&self->other);
    ASYNC_END;
}

Test(datagram_open, unix_sockets_have_no_groups)
{
    EQ(RUN_NET(no_groups()), 0);
}

/* --- faults ------------------------------------------------------------------------------- */

static coro_sys_table real;

static struct {
    const char *name;
    int at; /* counts down: at 1 the call fails */
    int error, hits;
} fault;

static bool fails_now(const char *name)
{
    if (fault.name == NULL || strcmp(name, fault.name) != 0 || fault.at == 0 || --fault.at > 0)
        return false;
    fault.hits++;
    errno = fault.error;
    return true;
}

#define FAULTY(X)                                                                                  \
    X(int, epoll_ctl, (int p, int op, int fd, struct epoll_event *event), (p, op, fd, event))      \
    X(ssize_t, recvmsg, (int fd, struct msghdr *m, int flags), (fd, m, flags))                     \
    X(ssize_t, sendmsg, (int fd, const struct msghdr *m, int flags), (fd, m, flags))               \
    X(int, recvmmsg, (int fd, struct mmsghdr *m, unsigned n, int flags, struct timespec *t),       \
      (fd, m, n, flags, t))                                                                        \
    X(int, sendmmsg, (int fd, struct mmsghdr *m, unsigned n, int flags), (fd, m, n, flags))        \
    X(int, socket, (int domain, int type, int protocol), (domain, type, protocol))                 \
    X(int, getsockopt, (int fd, int level, int name, void *value, socklen_t *size),                \
      (fd, level, name, value, size))                                                              \
    X(int, setsockopt, (int fd, int level, int name, const void *value, socklen_t size),           \
      (fd, level, name, value, size))                                                              \
    X(int, bind, (int fd, const struct sockaddr *at, socklen_t size), (fd, at, size))              \
    X(int, connect, (int fd, const struct sockaddr *at, socklen_t size), (fd, at, size))           \
    X(int, lstat, (const char *path, struct stat *status), (path, status))                         \
    X(int, unlink, (const char *path), (path))                                                     \
    X(int, getsockname, (int fd, struct sockaddr *at, socklen_t *size), (fd, at, size))

#define FAULTY_FUNCTION(result, name, parameters, arguments)                                       \
    static result faulty_##name parameters                                                         \
    {                                                                                              \
        return fails_now(#name) ? -1 : real.name arguments;                                        \
    }
FAULTY(FAULTY_FUNCTION)
#define FAULTY_ENTRY(result, name, parameters, arguments) coro_sys.name = faulty_##name;
#define FAULTY_NAME(result, name, parameters, arguments) #name,

ASYNC(echoes, ARGS(coro_datagram *, at, int, count),
      VARS(coro_datagram_message in[2]; size_t n, done; char text[2][99];))
{
    ASYNC_BEGIN;
    for (int i = 0; i < 2; i++) {
        self->in[i].data = self->text[i];
        self->in[i].room = 99;
    }
    for (; (int)self->done < self->count; self->done += self->n) {
        AWAIT(self->n, coro_datagram_receive_batch(self->at, self->in, 2));
        AWAIT(self->n, coro_datagram_send_batch(self->at, self->in, self->n));
    }
    ASYNC_END;
}

/* Everything once: a path, options, singles, batches. */
ASYNC(all_of_it, ARGS(const char *, path),
      VARS(coro_datagram *server, *client; coro_task *task; coro_address own; size_t n; int i;
           char text[99];))
{
    ASYNC_BEGIN;
    leave_dead_socket(self->path + 5);
    AWAIT(self->server, coro_datagram_open(&(coro_datagram_options){.local_host = self->path}));
    coro_datagram_close(&self->server);
    AWAIT(self->server, coro_datagram_open(&(coro_datagram_options){
                            .local_host = "127.0.0.1", .local_service = "0", .reuse_port = true,
                            .reuse_address = true, .broadcast = true}));
    if (coro_datagram_local(self->server, &self->own) != 0)
        ASYNC_THROW(CORO_EIO);
    snprintf(self->text, sizeof self->text, "%u", (unsigned)coro_address_port(&self->own));
    AWAIT(self->client, coro_datagram_open(&(coro_datagram_options){
                            .remote_host = "127.0.0.1", .remote_service = self->text}));
    self->task = coro_create_task(echoes(self->server, 3));
    if (self->task == NULL)
        ASYNC_THROW(CORO_ENOMEM);
    for (; self->i < 3; self->i++) {
        AWAIT(coro_datagram_send(self->client, "ping", 4));
        AWAIT(self->n, coro_datagram_receive(self->client, self->text, 99));
    }
    AWAIT(coro_task_join(self->task));
  ASYNC_FINALLY:
    unlink(self->path + 5);
    coro_task_release(self->task);
    coro_datagram_close(&self->server);
    coro_datagram_close(&self->client);
    ASYNC_END;
}

ASYNC(all_in_time, ARGS(const char *, path))
{
    ASYNC_BEGIN;
    AWAIT(coro_wait_for(all_of_it(self->path), CORO_MS(300)));
    ASYNC_END;
}

static void each_call_fails(const char *name, int error, const char *path)
{
    for (int at = 1;; at++) {
        int result;
        memset(&memory, 0, sizeof memory);
        fault.name = name;
        fault.at = at;
        fault.error = error;
        fault.hits = 0;
        result = RUN_NET_LOUD(all_in_time(path));
        if (fault.hits == 0) {
            EQ(result, 0);
            break;
        }
        /* (the echo's task has the error, and the client waits in vain) */
        HOLDS(result == 0 || result == -error || result == CORO_ETIMEDOUT ||
              result == CORO_EADDRINUSE || result == CORO_EIO);
        if (error == EINTR && strstr(name, "msg") != NULL)
            EQ(result, 0);
    }
}

Test(datagram_open, each_system_call_that_fails_is_an_error_and_nothing_leaks, .timeout = 60)
{
    static const char *const names[] = {FAULTY(FAULTY_NAME)};
    static const int errors[] = {EINTR, EIO, ENOMEM};
    char path[64];
    snprintf(path, sizeof path, "%s", unix_text("fault"));
    real = coro_sys;
    FAULTY(FAULTY_ENTRY)
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        for (size_t k = 0; k < 3; k++)
            each_call_fails(names[i], errors[k], path);
}

Test(datagram_open, each_allocation_that_fails_is_an_error_and_nothing_leaks)
{
    char path[64];
    snprintf(path, sizeof path, "%s", unix_text("memory"));
    for (size_t n = 1;; n++) {
        int result;
        memset(&memory, 0, sizeof memory);
        memory.fail_at = n;
        result = RUN_NET_LOUD(all_in_time(path));
        HOLDS(result == 0 || result == CORO_ENOMEM || result == CORO_ETIMEDOUT);
        if (memory.calls < n)
            break;
    }
}
