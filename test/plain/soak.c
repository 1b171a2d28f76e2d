/* SPDX-License-Identifier: MIT */
/*
 * soak.c - 100,000 connections opened, used and closed, at eight addresses: then descriptors,
 * tasks, frames and memory are where they were when it had warmed up. Once as fast as it
 * goes, once with a handler that is slow and a limit of connections (f007).
 *
 * Each address has its own 28,000 ports for connections that are still dying.
 */
#define _GNU_SOURCE
#include "require.h"

#include <coro/group.h>
#include <coro/net.h>
#include <coro/run.h>

#include <dirent.h>
#include <string.h>

enum { ADDRESSES = 8, CLIENTS = 32, LIMIT = 8 };

static char addresses[ADDRESSES][24];
static char port[8];

/* --- what there is ------------------------------------------------------------------------ */

static size_t bytes, bytes_max; /* of the loop's memory: now, and at most */

static void *counting_resize(void *context, void *block, size_t old, size_t fresh)
{
    (void)context;
    bytes += fresh - old;
    bytes_max = bytes > bytes_max ? bytes : bytes_max;
    if (fresh > 0)
        return realloc(block, fresh);
    free(block);
    return NULL;
}

static size_t descriptors(void)
{
    size_t count = 0;
    DIR *folder = opendir("/proc/self/fd");
    REQUIRE(folder != NULL);
    while (readdir(folder) != NULL)
        count++;
    closedir(folder);
    return count;
}

typedef struct inventory {
    size_t descriptors, tasks, frames;
} inventory;

static inventory take_inventory(void)
{
    coro_loop_metrics metrics;
    coro_loop_metrics_get(coro_loop_current(), &metrics);
    return (inventory){descriptors(), metrics.tasks, metrics.frames};
}

/* --- server and clients ------------------------------------------------------------------- */

ASYNC(answer, ARGS(coro_stream *, stream, void *, context), VARS(size_t n;),
      SCRATCH(char data[64];))
{
    ASYNC_BEGIN;
    AWAIT(self->n, coro_stream_read_line(self->stream, self->data, sizeof self->data));
    AWAIT(coro_stream_write(self->stream, self->data, self->n));
    ASYNC_END;
}

static coro_server *server_under_load;
static size_t most; /* connections at a time */

ASYNC(answer_slowly, ARGS(coro_stream *, stream, void *, context))
{
    ASYNC_BEGIN;
    if (coro_server_connections(server_under_load) > most)
        most = coro_server_connections(server_under_load);
    AWAIT(coro_sleep(CORO_US(100)));
    AWAIT(answer(self->stream, NULL));
    ASYNC_END;
}

/* Every second one waits for the server's end, the others go first. */
ASYNC(ask, ARGS(unsigned, number), VARS(coro_stream *stream; size_t n;), SCRATCH(char data[64];))
{
    ASYNC_BEGIN;
    AWAIT(self->stream, coro_open_connection(addresses[self->number % ADDRESSES], port, NULL));
    AWAIT(coro_stream_printf(self->stream, "number %u\n", self->number));
    AWAIT(self->n, coro_stream_read_line(self->stream, self->data, sizeof self->data));
    REQUIRE(self->n > 8 && strtoul(self->data + 7, NULL, 10) == self->number);
    if (self->number / ADDRESSES % 2 == 0) {
        AWAIT(self->n, coro_stream_read(self->stream, self->data, sizeof self->data));
        REQUIRE(self->n == 0);
    }
  ASYNC_FINALLY:
    AWAIT(coro_stream_close(&self->stream));
    ASYNC_END;
}

ASYNC(ask_all, ARGS(unsigned, first, unsigned, end))
{
    ASYNC_BEGIN;
    for (; self->first < self->end; self->first += CLIENTS)
        AWAIT(ask(self->first));
    ASYNC_END;
}

ASYNC(crowd, ARGS(coro_server *, server, unsigned, first, unsigned, end),
      VARS(coro_group group; unsigned i;))
{
    ASYNC_BEGIN;
    CORO_GROUP(self->group) {
        for (; self->i < CLIENTS; self->i++)
            coro_group_create_task(&self->group, ask_all(self->first + self->i, self->end));
    }
    while (coro_server_connections(self->server) > 0)
        AWAIT(coro_sleep(CORO_MS(1)));
    ASYNC_END;
}

ASYNC(soak, ARGS(coro_handler, handler, unsigned, rounds, size_t, limit),
      VARS(coro_server *server; coro_server_options options; inventory before, after;
           size_t bytes_before; const char *hosts[ADDRESSES + 1];))
{
    ASYNC_BEGIN;
    for (int i = 0; i < ADDRESSES; i++)
        self->hosts[i] = addresses[i];
    self->options.hosts = self->hosts;
    self->options.max_connections = self->limit;
    AWAIT(self->server, coro_start_server(self->handler, NULL, NULL, "0", &self->options));
    server_under_load = self->server;
    REQUIRE(coro_server_sockets(self->server) == ADDRESSES);
    snprintf(port, sizeof port, "%u", coro_server_port(self->server));
    AWAIT(crowd(self->server, 0, self->rounds / 10));
    self->before = take_inventory();
    self->bytes_before = bytes_max;
    AWAIT(crowd(self->server, self->rounds / 10, self->rounds));
    self->after = take_inventory();
    REQUIRE(self->after.descriptors == self->before.descriptors);
    REQUIRE(self->after.tasks == self->before.tasks);
    REQUIRE(self->after.frames == self->before.frames);
    REQUIRE(bytes_max <= self->bytes_before + 65536); /* one may be more at a time than before */
  ASYNC_FINALLY:
    AWAIT(coro_server_shutdown(self->server, CORO_SECONDS(1)));
    ASYNC_END;
}

/* Where each step is many times slower fewer will do. */
static unsigned rounds(void)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    return 5000;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
    return 5000;
#endif
#endif
    return getenv("CORO_TEST_SLOW") != NULL ? 2000 : 100000;
}

static void all_is_as_it_was_after(coro_handler handler, size_t limit)
{
    static const coro_loop_options options = {.allocator = {counting_resize, NULL}};
    size_t before = descriptors();
    bytes_max = 0;
    REQUIRE(coro_run_with(soak(handler, rounds(), limit), &options) == 0);
    REQUIRE(descriptors() == before);
    REQUIRE(bytes == 0);
}

/* Nobody is refused: the backlog absorbs those for whom there is no room yet. */
static void f007_a_slow_handler_has_no_more_connections_than_its_limit(void)
{
    all_is_as_it_was_after(CORO_HANDLER(answer_slowly), LIMIT);
    REQUIRE(most == LIMIT);
}

int main(void)
{
    for (int i = 0; i < ADDRESSES; i++)
        snprintf(addresses[i], sizeof addresses[i], "127.0.0.%d", i + 1);
    all_is_as_it_was_after(CORO_HANDLER(answer), 0);
    f007_a_slow_handler_has_no_more_connections_than_its_limit();
    return 0;
}
