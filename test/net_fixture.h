/* SPDX-License-Identifier: MIT */
/*
 * net_fixture.h: real sockets on 127.0.0.1, in a loop whose memory, descriptors and
 * reports are counted: after a run none of the first two is left.
 *
 *     RUN_NET(call)           no report may come
 *     RUN_NET_LOUD(call)      heard.list has them
 *     port_text(server)       "40123", good until the next call
 */
#ifndef CORO_TEST_NET_FIXTURE_H
#define CORO_TEST_NET_FIXTURE_H

#ifndef _GNU_SOURCE
#error "define _GNU_SOURCE before the first #include"
#endif

#include "poll/sys.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>

#include "loop_fixture.h"

#include <coro/net.h>
#include <coro/run.h>

/* Those that are open; the framework has some of its own, and closes one or the other. */
typedef struct descriptors {
    bool open[1024];
} descriptors;

static inline descriptors open_descriptors(void)
{
    descriptors set = {{false}};
    DIR *directory = opendir("/proc/self/fd");
    HOLDS(directory != NULL);
    for (struct dirent *each; (each = readdir(directory)) != NULL;)
        if (each->d_name[0] != '.' && atol(each->d_name) != dirfd(directory))
            set.open[atol(each->d_name) % 1024] = true;
    closedir(directory);
    return set;
}

/* A thread that has looked a name up may still be on its way out: it has a second. */
static inline void no_new_descriptors(const descriptors *before)
{
    int left = -1;
    for (int tries = 0; tries < 1000 && (tries == 0 || left >= 0); tries++) {
        descriptors now = open_descriptors();
        left = -1;
        for (int i = 0; i < 1024; i++)
            left = now.open[i] && !before->open[i] ? i : left;
        if (left >= 0)
            usleep(1000);
    }
    cr_assert(eq(int, left, -1), "descriptor %d is left", left);
}

static inline int run_net_loud_(coro_header *call)
{
    coro_loop_options options = {
        .allocator = {fixture_resize, NULL},
        .backend = coro_backend_named("epoll"),
        .report = fixture_report,
    };
    descriptors before = open_descriptors();
    int error;
    error = coro_loop_init(&loop, &options);
    if (error != 0) {
        coro_discard_(call);
        EQ(memory.blocks, 0);
    } else {
        error = coro_loop_run_until_complete_(&loop, call);
        close_loop();
    }
    no_new_descriptors(&before);
    return error;
}

static inline int run_net_(coro_header *call)
{
    int error = run_net_loud_(call);
    cr_assert(eq(sz, heard.count, 0), "report of %d from %s", heard.list[0].error,
              heard.list[0].name);
    return error;
}

#define RUN_NET(call) run_net_(&(call)->coro)
#define RUN_NET_LOUD(call) run_net_loud_(&(call)->coro)

static inline const char *port_text(const coro_server *server)
{
    static char text[8];
    snprintf(text, sizeof text, "%u", (unsigned)coro_server_port(server));
    return text;
}

/* A listening socket of ours; *port is where. */
static inline int listen_somewhere(int backlog, struct sockaddr_in *at)
{
    socklen_t size = sizeof *at;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    HOLDS(fd >= 0);
    memset(at, 0, sizeof *at);
    at->sin_family = AF_INET;
    at->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EQ(bind(fd, (struct sockaddr *)at, sizeof *at), 0);
    EQ(getsockname(fd, (struct sockaddr *)at, &size), 0);
    EQ(listen(fd, backlog), 0);
    return fd;
}

/* Two ends of a connection over TCP, blocking. */
static inline void connect_two(int *one, int *other)
{
    struct sockaddr_in at;
    int listener = listen_somewhere(1, &at);
    *one = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    EQ(connect(*one, (struct sockaddr *)&at, sizeof at), 0);
    *other = accept(listener, NULL, NULL);
    HOLDS(*other >= 0);
    close(listener);
}

/* A stream over TCP, whose other end is a descriptor, blocking. */
static inline void connect_half(coro_stream **stream, int *other)
{
    int fd;
    connect_two(&fd, other);
    EQ(coro_stream_from_fd(stream, fd), 0);
}

/* Two streams over TCP. */
static inline void connect_streams(coro_stream **one, coro_stream **other)
{
    int a, b;
    connect_two(&a, &b);
    EQ(coro_stream_from_fd(one, a), 0);
    EQ(coro_stream_from_fd(other, b), 0);
}

static inline void reset_by(int fd)
{
    struct linger at_once = {1, 0};
    EQ(setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once), 0);
    close(fd);
}

/* Writes back what it reads. */
CORO_ASYNC(echo, ARGS(coro_stream *, stream, void *, context), VARS(size_t n; char *data;))
{
    CORO_ASYNC_BEGIN;
    for (;;) {
        CORO_AWAIT(self->n, coro_stream_peek(self->stream, 1));
        if (self->n == 0)
            break;
        self->data = malloc(self->n);
        memcpy(self->data, coro_stream_buffered(self->stream, &self->n), self->n);
        coro_stream_consume(self->stream, self->n);
        CORO_AWAIT(coro_stream_write(self->stream, self->data, self->n));
        free(self->data);
        self->data = NULL;
    }
  CORO_ASYNC_FINALLY:
    free(self->data);
    CORO_ASYNC_END;
}

/* Sends `size` bytes and reads as many back. */
CORO_ASYNC(exchange, ARGS(const char *, port, size_t, size),
           VARS(coro_stream *stream; char *out, *in; coro_group group;))
{
    CORO_ASYNC_BEGIN;
    self->out = malloc(self->size);
    self->in = malloc(self->size);
    for (size_t i = 0; i < self->size; i++)
        self->out[i] = (char)(i * 7 + i / 256);
    CORO_AWAIT(self->stream, coro_open_connection("127.0.0.1", self->port, NULL));
    CORO_GROUP(self->group) {
        coro_group_create_task(&self->group,
                               coro_stream_write(self->stream, self->out, self->size));
        CORO_AWAIT(coro_stream_read_exactly(self->stream, self->in, self->size));
    }
    HOLDS(memcmp(self->in, self->out, self->size) == 0);
  CORO_ASYNC_FINALLY:
    CORO_AWAIT(coro_stream_close(&self->stream));
    free(self->out);
    free(self->in);
    CORO_ASYNC_END;
}

#endif
