/* SPDX-License-Identifier: MIT */
/*
 * idle.c - what a connection costs that has been used and says nothing now: task, frames, stream
 * and all else, at most 600 bytes; and no buffer, for there is nothing in it.
 *
 * The clients are another process, for theirs is not to be counted. Counted is what the loop asks
 * its allocator for, and, where the C library tells, all that is allocated in the process.
 */
#define _GNU_SOURCE
#include "require.h"

#include <coro/net.h>
#include <coro/run.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#if defined(__GLIBC__) && __GLIBC_PREREQ(2, 33)
#include <malloc.h>
#endif

enum { CONNECTIONS = 2000, BYTES_MAX = 600 };

/* --- what there is ------------------------------------------------------------------------ */

static size_t bytes; /* of the loop's memory */

static void *counting_resize(void *context, void *block, size_t old, size_t fresh)
{
    (void)context;
    bytes += fresh - old;
    if (fresh > 0)
        return realloc(block, fresh);
    free(block);
    return NULL;
}

/* What the C library has given to the process, if it says so. */
static size_t process_bytes(void)
{
#if defined(__GLIBC__) && __GLIBC_PREREQ(2, 33) && !defined(__SANITIZE_ADDRESS__) &&               \
    !defined(__SANITIZE_THREAD__) && !defined(CORO_TEST_COVERAGE) /* there each frame is malloc's */
    struct mallinfo2 all = mallinfo2();
    return all.uordblks + all.hblkhd;
#else
    return 0;
#endif
}

/* What is left of the pool's newest chunk is for those who come next. */
static size_t left_bytes(void)
{
    const coro_pool *pool = &coro_loop_current()->pool;
    return (size_t)(pool->chunk_end - pool->chunk);
}

typedef struct inventory {
    size_t loop, process;
} inventory;

static inventory take_inventory(void)
{
    return (inventory){bytes - left_bytes(), process_bytes() - left_bytes()};
}

static void none_is_dear(inventory first, inventory last)
{
    size_t loop = (last.loop - first.loop) / (CONNECTIONS - 1);
    size_t process = (last.process - first.process) / (CONNECTIONS - 1);
    bool is_known = process_bytes() != 0;
    printf("an idle connection: %zu bytes of the loop's", loop);
    printf(is_known ? ", %zu of the process's\n" : "\n", process);
    REQUIRE(loop <= BYTES_MAX);
    REQUIRE(!is_known || process <= BYTES_MAX);
}

/* --- clients, in another process ---------------------------------------------------------- */

static void read_whole(int fd, void *into, size_t size)
{
    REQUIRE(recv(fd, into, size, MSG_WAITALL) == (ssize_t)size);
}

/* Each says something, gets it back, and falls silent; then all stay until they are told to go. */
static void be_clients(int control)
{
    static int fds[CONNECTIONS];
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    char text[5];
    read_whole(control, &at.sin_port, sizeof at.sin_port);
    for (int i = 0; i < CONNECTIONS; i++) {
        fds[i] = socket(AF_INET, SOCK_STREAM, 0);
        REQUIRE(fds[i] >= 0 && connect(fds[i], (struct sockaddr *)&at, sizeof at) == 0);
        REQUIRE(send(fds[i], "hello", 5, 0) == 5);
        read_whole(fds[i], text, 5);
        if (i == 0 || i == CONNECTIONS - 1) {
            REQUIRE(send(control, "!", 1, 0) == 1); /* look */
            read_whole(control, text, 1);
        }
    }
}

/* --- the server --------------------------------------------------------------------------- */

ASYNC(echo, ARGS(coro_stream *, stream, void *, context), VARS(const char *data; size_t size;))
{
    ASYNC_BEGIN;
    for (;;) {
        AWAIT(self->size, coro_stream_peek(self->stream, 1));
        if (self->size == 0)
            break;
        self->data = coro_stream_buffered(self->stream, &self->size);
        AWAIT(coro_stream_write(self->stream, self->data, self->size));
        coro_stream_consume(self->stream, self->size);
    }
    ASYNC_END;
}

ASYNC(serve, ARGS(int, control),
      VARS(coro_server *server; coro_stream *clients; inventory first; uint16_t port; char byte;))
{
    ASYNC_BEGIN;
    AWAIT(self->server, coro_start_server(CORO_HANDLER(echo), NULL, "127.0.0.1", "0", NULL));
    REQUIRE(coro_stream_from_fd(&self->clients, self->control) == 0);
    self->port = htons(coro_server_port(self->server));
    AWAIT(coro_stream_write(self->clients, &self->port, sizeof self->port));
    AWAIT(coro_stream_read_exactly(self->clients, &self->byte, 1)); /* the first is there */
    self->first = take_inventory();
    AWAIT(coro_stream_write(self->clients, "!", 1));
    AWAIT(coro_stream_read_exactly(self->clients, &self->byte, 1)); /* and now the last */
    REQUIRE(coro_server_connections(self->server) == CONNECTIONS);
    none_is_dear(self->first, take_inventory());
    AWAIT(coro_stream_write(self->clients, "!", 1));
  ASYNC_FINALLY:
    AWAIT(coro_stream_close(&self->clients));
    AWAIT(coro_server_shutdown(self->server, CORO_SECONDS(1)));
    ASYNC_END;
}

int main(void)
{
    static const coro_loop_options options = {.allocator = {counting_resize, NULL}};
    struct rlimit files;
    int ends[2], status;
    pid_t child;
    REQUIRE(getrlimit(RLIMIT_NOFILE, &files) == 0);
    if (files.rlim_max < CONNECTIONS + 100)
        return 77; /* so many descriptors are not to be had */
    files.rlim_cur = files.rlim_max;
    REQUIRE(setrlimit(RLIMIT_NOFILE, &files) == 0);
    REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
    child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        close(ends[0]);
        be_clients(ends[1]);
        _exit(0);
    }
    close(ends[1]);
    REQUIRE(coro_run_with(serve(ends[0]), &options) == 0);
    REQUIRE(bytes == 0);
    REQUIRE(waitpid(child, &status, 0) == child && status == 0);
    return 0;
}
