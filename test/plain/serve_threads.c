/* SPDX-License-Identifier: MIT */
/*
 * serve_threads.c - a server in several threads, and all the ways to stop it. For TSan.
 */
#define _GNU_SOURCE
#include "require.h"

#include <coro/net.h>
#include <coro/remote.h>
#include <coro/run.h>
#include <coro/scope.h>
#include <coro/serve_threads.h>
#include <coro/signals.h>

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>

/* --- the server --------------------------------------------------------------------------- */

enum { THREADS = 3, CLIENTS = 60 };

static atomic_uint served;
static coro_loop *_Atomic loops[THREADS]; /* that have served somebody */

static void note_loop(coro_loop *loop)
{
    for (int i = 0; i < THREADS; i++) {
        coro_loop *none = NULL;
        if (atomic_compare_exchange_strong(&loops[i], &none, loop) || none == loop)
            return;
    }
    REQUIRE(false);
}

static int loops_used(void)
{
    int used = 0;
    for (int i = 0; i < THREADS; i++) {
        used += atomic_load(&loops[i]) != NULL;
        atomic_store(&loops[i], NULL);
    }
    return used;
}

ASYNC(answer, ARGS(coro_stream *, stream, void *, context), VARS(char byte; int error;))
{
    ASYNC_BEGIN;
    REQUIRE(self->context == &served);
    note_loop(coro_loop_current());
    AWAIT(coro_stream_read_exactly(self->stream, &self->byte, 1));
    AWAIT(coro_stream_write(self->stream, &self->byte, 1));
    atomic_fetch_add(&served, 1);
    ASYNC_END;
}

static char port[8];

static void note_port(void *context, uint16_t number)
{
    REQUIRE(context == port);
    snprintf(port, sizeof port, "%u", number);
}

static const coro_threads_options options = {
    .threads = THREADS, .started = note_port, .started_context = port, .grace = CORO_SECONDS(5)};

#define SERVE(until)                                                                               \
    coro_serve_threads(CORO_HANDLER(answer), &served, "127.0.0.1", "0", &options, until)

/* --- until clients have been served ------------------------------------------------------- */

ASYNC(ask, VARS(coro_stream *stream; char byte;))
{
    ASYNC_BEGIN;
    AWAIT(self->stream, coro_open_connection("127.0.0.1", port, NULL));
    AWAIT(coro_stream_write(self->stream, "x", 1));
    AWAIT(coro_stream_read_exactly(self->stream, &self->byte, 1));
    REQUIRE(self->byte == 'x');
  ASYNC_FINALLY:
    AWAIT(coro_stream_close(&self->stream));
    ASYNC_END;
}

ASYNC(ask_often, VARS(int i;))
{
    ASYNC_BEGIN;
    for (; self->i < CLIENTS; self->i++)
        AWAIT(ask());
    ASYNC_END;
}

static void serves_in_several_loops(void)
{
    REQUIRE(coro_run(SERVE(ask_often())) == 0);
    REQUIRE(atomic_load(&served) == CLIENTS);
    REQUIRE(loops_used() >= 2); /* one of 3, 60 times: 3^-59 */
}

/* --- until it is told to stop ------------------------------------------------------------- */

static void note_and_kill(void *context, uint16_t number)
{
    note_port(context, number);
    REQUIRE(kill(getpid(), SIGTERM) == 0);
}

ASYNC(until_signal, RETURNS(int), VARS(coro_signals signals; coro_threads_options options;))
{
    ASYNC_BEGIN;
    REQUIRE(coro_signals_open(&self->signals, CORO_SIGNAL(SIGTERM)) == 0);
    self->options = options;
    self->options.started = note_and_kill;
    AWAIT(coro_serve_threads(CORO_HANDLER(answer), &served, "127.0.0.1", "0", &self->options,
                             coro_signals_next(&self->signals)));
    ASYNC_RETURN(0);
  ASYNC_FINALLY:
    coro_signals_close(&self->signals);
    ASYNC_END;
}

static void stops_at_a_signal(void)
{
    REQUIRE(coro_run(until_signal()) == 0);
}

static coro_remote *remote;
static coro_remote_flag flag;

static void *set_flag(void *unused)
{
    pause_ms(20);
    REQUIRE(coro_remote_flag_set(remote, &flag) == 0);
    return unused;
}

ASYNC(until_flag, VARS(pthread_t thread;))
{
    ASYNC_BEGIN;
    remote = coro_remote_open(coro_loop_current());
    REQUIRE(remote != NULL);
    coro_remote_flag_init(&flag);
    REQUIRE(pthread_create(&self->thread, NULL, set_flag, NULL) == 0);
    AWAIT(SERVE(coro_remote_flag_wait(&flag)));
    REQUIRE(pthread_join(self->thread, NULL) == 0);
    coro_remote_release(remote);
    ASYNC_END;
}

static void stops_when_another_thread_says_so(void)
{
    REQUIRE(coro_run(until_flag()) == 0);
}

/* However early the cancel comes. */
static void stops_when_it_is_cancelled(void)
{
    for (int i = 0; i < 20; i++) {
        int error = coro_run(coro_wait_for(SERVE(coro_sleep(CORO_FOREVER)), CORO_US(200) * i + 1));
        REQUIRE(error == CORO_ETIMEDOUT);
    }
    REQUIRE(coro_run(coro_wait_for(SERVE(coro_sleep(CORO_FOREVER)), CORO_MS(50))) ==
            CORO_ETIMEDOUT);
}

int main(void)
{
    serves_in_several_loops();
    stops_at_a_signal();
    stops_when_another_thread_says_so();
    stops_when_it_is_cancelled();
    return 0;
}
