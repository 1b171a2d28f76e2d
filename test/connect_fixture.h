/* SPDX-License-Identifier: MIT */
/*
 * connect_fixture.h: a network that does what a test says. The sockets are real, the clock jumps.
 *
 *     pretend_net()             the hosts file has: one, two, three, mixed
 *     net.behaviour[N]          how 127.0.0.1N and fd00::N behave: they answer, keep silent, refuse
 *     RUN_JUMPING(call)         said: "1@0 six2@250", who was tried when
 */
#ifndef CORO_TEST_CONNECT_FIXTURE_H
#define CORO_TEST_CONNECT_FIXTURE_H

#include "names_fixture.h"

enum { ANSWERS, SILENT = -1 }; /* or an errno: connect fails with it at once */

static coro_sys_table real;
static struct {
    int behaviour[10]; /* of 127.0.0.1N and of fd00::N */
    struct sockaddr_in there, deaf;
    int listener, deaf_listener, fillers[4];
    int sockets, closed; /* of this machine's own, by the library */
} net;

static int net_socket(int domain, int type, int protocol)
{
    net.sockets++;
    return real.socket(domain == AF_INET6 ? AF_INET : domain, type, protocol);
}

static int net_close(int fd)
{
    net.closed += getsockopt(fd, SOL_SOCKET, SO_TYPE, &(int){0}, &(socklen_t){sizeof(int)}) == 0;
    return real.close(fd);
}

static int net_connect(int fd, const struct sockaddr *at, socklen_t size)
{
    coro_address address;
    const struct sockaddr_in *to = &net.there;
    char text[CORO_ADDRESS_TEXT_MAX];
    int number;
    EQ(coro_address_set(&address, at, size), 0);
    EQ(coro_address_format(&address, text, sizeof text), 0);
    number = strchr(text, ']') != NULL ? strchr(text, ']')[-1] - '0' : strrchr(text, ':')[-1] - '0';
    say("%s%d@%ld ", at->sa_family == AF_INET6 ? "six" : "", number, now_ms());
    if (net.behaviour[number] > 0) {
        errno = net.behaviour[number];
        return -1;
    }
    if (net.behaviour[number] == SILENT)
        to = &net.deaf;
    return real.connect(fd, (const struct sockaddr *)to, sizeof *to);
}

/* A listener whose queue is full: who comes now is not answered. */
static inline void listen_deaf(void)
{
    net.deaf_listener = listen_somewhere(0, &net.deaf);
    for (int i = 0; i < 4; i++) {
        net.fillers[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        (void)connect(net.fillers[i], (struct sockaddr *)&net.deaf, sizeof net.deaf);
    }
    usleep(20000);
}

static inline void pretend_net(void)
{
    real = coro_sys;
    net.listener = listen_somewhere(99, &net.there);
    listen_deaf();
    coro_sys.socket = net_socket;
    coro_sys.close = net_close;
    coro_sys.connect = net_connect;
    pretend_names();
    pretend_hosts("127.0.0.11 two three\n127.0.0.12 two three\n127.0.0.13 three\n"
                  "fd00::1 mixed\nfd00::2 mixed\nfd00::3 mixed\n"
                  "127.0.0.14 mixed\n127.0.0.15 mixed\n127.0.0.11 one\n");
}

static inline void close_net(void)
{
    unlink(hosts_path);
    real.close(net.listener);
    real.close(net.deaf_listener);
    for (int i = 0; i < 4; i++)
        real.close(net.fillers[i]);
}

/* The system has 30 real ms to answer before the clock jumps. */
static void jumping_wait(coro_loop *self, coro_time deadline)
{
    struct pollfd one = {.fd = coro_epoll_backend.descriptor(self), .events = POLLIN};
    if (deadline > virtual_now)
        poll(&one, 1, deadline == CORO_FOREVER ? 5000 : 30);
    on_epoll_wait(self, deadline);
}

static inline int run_jumping(coro_header *call)
{
    coro_backend backend = coro_epoll_backend;
    coro_loop_options options = {.allocator = {fixture_resize, NULL}, .backend = &backend};
    descriptors before = open_descriptors();
    int error;
    backend.now = fixture_now;
    backend.wait = jumping_wait;
    error = coro_loop_init(&loop, &options);
    if (error != 0) {
        coro_discard_(call);
        return error;
    }
    error = coro_loop_run_until_complete_(&loop, call);
    close_loop();
    no_new_descriptors(&before);
    return error;
}

#define RUN_JUMPING(call) run_jumping(&(call)->coro)

#endif
