/* SPDX-License-Identifier: MIT */
/*
 * test_serve_threads.c: a server in several threads: how it fails, and how it ends. Those that
 * are about threads themselves are in plain/serve_threads.c.
 */
#define _GNU_SOURCE
#include "net_fixture.h"

#include <coro/serve_threads.h>

#include <pthread.h>
#include <stdatomic.h>

SUITE(serve_threads);

ASYNC(never_runs)
{
    ASYNC_BEGIN;
    HOLDS(false);
    ASYNC_END;
}

/* --- the start ---------------------------------------------------------------------------- */

ASYNC(at_a_taken_port, VARS(coro_server *server; char port[8]; int error;))
{
    ASYNC_BEGIN;
    AWAIT(self->server, coro_start_server(CORO_HANDLER(echo), NULL, "127.0.0.1", "0", NULL));
    memcpy(self->port, port_text(self->server), 8);
    AWAIT_CATCH(self->error, coro_serve_threads(CORO_HANDLER(echo), NULL, "127.0.0.1", self->port,
                                                NULL, never_runs()));
    EQ(self->error, CORO_EADDRINUSE);
    AWAIT_CATCH(self->error, coro_serve_threads(CORO_HANDLER(echo), NULL, "300.1.1.1.1", "0",
                                                NULL, never_runs()));
    EQ(self->error, CORO_ENAME);
  ASYNC_FINALLY:
    coro_server_release(self->server);
    ASYNC_END;
}

Test(serve_threads, what_hinders_the_start_is_its_error_and_nothing_is_left)
{
    EQ(RUN_NET(at_a_taken_port()), 0);
}

Test(serve_threads, a_call_that_is_not_awaited_can_be_discarded)
{
    coro_discard(coro_serve_threads(CORO_HANDLER(echo), NULL, NULL, "0", NULL, never_runs()));
    coro_discard(coro_serve_threads(CORO_HANDLER(echo), NULL, NULL, "0", NULL, coro_sleep(1)));
}

static coro_threads_options two = {.threads = 2};

int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                          void *(*function)(void *), void *argument);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                          void *(*function)(void *), void *argument);
static int threads_left = 1000;

int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                          void *(*function)(void *), void *argument)
{
    return threads_left-- > 0 ? __real_pthread_create(thread, attributes, function, argument)
                              : EAGAIN;
}

Test(serve_threads, without_a_thread_for_each_none_serves)
{
    for (int given = 0; given < 2; given++) {
        threads_left = given;
        EQ(RUN_NET(coro_serve_threads(CORO_HANDLER(echo), NULL, "127.0.0.1", "0", &two,
                                      never_runs())), CORO_EAGAIN);
    }
}

Test(serve_threads, without_memory_in_the_callers_loop_nothing_is_left)
{
    memory.fail_at = 0;
    do {
        int error;
        memory.calls = memory.failed = 0;
        memory.fail_at++;
        error = RUN_NET_LOUD(coro_serve_threads(CORO_HANDLER(echo), NULL, "127.0.0.1", "0", &two,
                                                coro_sleep(1)));
        HOLDS(error == 0 || error == CORO_ENOMEM);
    } while (memory.failed > 0);
    HOLDS(memory.fail_at > 2);
}

static atomic_int allocations_left;

static void *resize_while_there_are(void *context, void *block, size_t old, size_t fresh)
{
    (void)context, (void)old;
    if (fresh == 0) {
        free(block);
        return NULL;
    }
    if (atomic_fetch_sub(&allocations_left, 1) == 1)
        return NULL;
    return realloc(block, fresh);
}

Test(serve_threads, without_memory_in_a_threads_loop_all_are_stopped)
{
    static const coro_loop_options loop_options = {.allocator = {resize_while_there_are, NULL}};
    int error, n = 0;
    two.loop = &loop_options;
    do {
        atomic_store(&allocations_left, ++n);
        error = RUN_NET_LOUD(coro_serve_threads(CORO_HANDLER(echo), NULL, "127.0.0.1", "0", &two,
                                                coro_sleep(1)));
        HOLDS(error == 0 || error == CORO_ENOMEM);
    } while (atomic_load(&allocations_left) <= 0);
    HOLDS(n > 2);
}

void *__real_calloc(size_t count, size_t size);
void *__real_aligned_alloc(size_t alignment, size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_aligned_alloc(size_t alignment, size_t size);
static atomic_int blocks_left; /* at 1 the next one fails; no loop's allocator gives these */

void *__wrap_calloc(size_t count, size_t size)
{
    return atomic_fetch_sub(&blocks_left, 1) == 1 ? NULL : __real_calloc(count, size);
}

void *__wrap_aligned_alloc(size_t alignment, size_t size)
{
    return atomic_fetch_sub(&blocks_left, 1) == 1 ? NULL : __real_aligned_alloc(alignment, size);
}

Test(serve_threads, without_memory_for_what_threads_share_all_are_stopped)
{
    int n = 0, lacked = 0;
    do {
        int error;
        atomic_store(&blocks_left, ++n);
        error = RUN_NET_LOUD(coro_serve_threads(CORO_HANDLER(echo), NULL, "127.0.0.1", "0", &two,
                                                coro_sleep(1)));
        HOLDS(error == 0 || error == CORO_ENOMEM);
        lacked += error == CORO_ENOMEM;
    } while (atomic_load(&blocks_left) <= 0);
    HOLDS(lacked > 4); /* home; of each: a lane, a remote */
}

/* --- the end ------------------------------------------------------------------------------ */

ASYNC(fails)
{
    ASYNC_BEGIN;
    AWAIT(coro_sleep(CORO_MS(1)));
    ASYNC_THROW(CORO_EIO);
    ASYNC_END;
}

Test(serve_threads, when_until_fails_all_are_stopped)
{
    EQ(RUN_NET(coro_serve_threads(CORO_HANDLER(echo), NULL, "127.0.0.1", "0", &two, fails())),
       CORO_EIO);
}

static char port[8];

static void note_port(void *context, uint16_t number)
{
    (void)context;
    snprintf(port, sizeof port, "%u", number);
}

/* Leaves a connection behind whose handler has to be sent home. */
ASYNC(connects, ARGS(int *, client), VARS(struct sockaddr_in at; char byte;))
{
    ASYNC_BEGIN;
    self->at.sin_family = AF_INET;
    self->at.sin_port = htons((uint16_t)atoi(port));
    self->at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    *self->client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    EQ(connect(*self->client, (struct sockaddr *)&self->at, sizeof self->at), 0);
    EQ(write(*self->client, "x", 1), 1);
    EQ(read(*self->client, &self->byte, 1), 1); /* it is being served, in a thread */
    ASYNC_END;
}

ASYNC(leaves_a_client, VARS(int client; coro_threads_options options; char byte;))
{
    ASYNC_BEGIN;
    self->options = (coro_threads_options){.threads = 2, .grace = CORO_MS(20),
                                           .started = note_port};
    AWAIT(coro_serve_threads(CORO_HANDLER(echo), NULL, "127.0.0.1", "0", &self->options,
                             connects(&self->client)));
    EQ(read(self->client, &self->byte, 1), -1);
    EQ(errno, ECONNRESET);
    close(self->client);
    ASYNC_END;
}

Test(serve_threads, who_outlives_the_grace_is_sent_home)
{
    EQ(RUN_NET(leaves_a_client()), 0);
}
