/* SPDX-License-Identifier: MIT */
/*
 * test_tls_offload.c: handshakes in threads: the loop goes on, one thread at a time has the SSL
 * object, and whatever ends a handshake waits until its thread has let go.
 *
 * SSL_do_handshake is a function of this test before it is OpenSSL's: each step can be held at a
 * gate. The other tests of TLS run once more with handshakes in threads: meson.build.
 */
#define _GNU_SOURCE
#include "tls_fixture.h"

#include <coro/scope.h>
#include <coro/task.h>

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>

static pthread_t loop_thread;
static atomic_int steps, steps_elsewhere;
static atomic_int to_hold, held; /* steps that shall wait at the gate, that are there or were */
static sem_t gate;
static atomic_int ticks, ticks_wanted, steps_with_ticks;
static atomic_bool no_threads, no_memory, no_executor;
static _Thread_local bool is_in_step;

/* --- OpenSSL, the system -------------------------------------------------------------------- */

int __real_SSL_do_handshake(SSL *ssl);
int __wrap_SSL_do_handshake(SSL *ssl);
int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                          void *(*run)(void *), void *argument);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                          void *(*run)(void *), void *argument);
void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__real_realloc(void *block, size_t size);
void *__wrap_realloc(void *block, size_t size);

/* As long as it takes the loop to make some turns: for ever, if it does not. */
static void wait_for_ticks(void)
{
    int before = atomic_load(&ticks), wanted = atomic_load(&ticks_wanted);
    for (int tries = 0; tries < 5000 && atomic_load(&ticks) < before + wanted; tries++)
        usleep(1000);
    if (wanted > 0 && atomic_load(&ticks) >= before + wanted)
        atomic_fetch_add(&steps_with_ticks, 1);
}

int __wrap_SSL_do_handshake(SSL *ssl)
{
    int result;
    atomic_fetch_add(&steps, 1);
    if (!pthread_equal(pthread_self(), loop_thread))
        atomic_fetch_add(&steps_elsewhere, 1);
    wait_for_ticks();
    if (atomic_fetch_sub(&to_hold, 1) > 0) {
        atomic_fetch_add(&held, 1);
        while (sem_wait(&gate) != 0)
            continue;
    }
    is_in_step = true;
    result = __real_SSL_do_handshake(ssl);
    is_in_step = false;
    return result;
}

int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                          void *(*run)(void *), void *argument)
{
    return atomic_load(&no_threads) ? EAGAIN
                                    : __real_pthread_create(thread, attributes, run, argument);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return atomic_load(&no_executor) ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *block, size_t size)
{
    return is_in_step && atomic_load(&no_memory) ? NULL : __real_realloc(block, size);
}

static void begin(void)
{
    setenv("CORO_TEST_BACKEND", "sim", 1); /* one that other threads can wake */
    setenv("CORO_TEST_TLS_THREADS", "1", 1);
    loop_thread = pthread_self();
    sem_init(&gate, 0, 0);
    make_world();
}

TestSuite(tls_offload, .timeout = TEST_TIMEOUT_S, .init = begin, .fini = end_world);

/* --- the loop goes on ----------------------------------------------------------------------- */

ASYNC(talk)
{
    ASYNC_BEGIN;
    AWAIT(open_ends(100000));
    fill_message();
    AWAIT(move(ends.client, ends.server, sizeof message));
    AWAIT(move(ends.server, ends.client, sizeof message));
    AWAIT(close_ends());
  ASYNC_FINALLY:
    coro_stream_abort(&ends.client);
    coro_stream_abort(&ends.server);
    ASYNC_END;
}

Test(tls_offload, each_step_is_done_in_a_thread)
{
    EQ(RUN(talk()), 0);
    HOLDS(atomic_load(&steps) >= 4);
    EQ(atomic_load(&steps), atomic_load(&steps_elsewhere));
    TRUST(.max_version = CORO_TLS_1_2);
    EQ(RUN(talk()), 0);
    EQ(atomic_load(&steps), atomic_load(&steps_elsewhere));
}

Test(tls_offload, without_the_option_each_step_is_done_in_the_loop)
{
    unsetenv("CORO_TEST_TLS_THREADS");
    end_world();
    make_world();
    EQ(RUN(talk()), 0);
    HOLDS(atomic_load(&steps) >= 4);
    EQ(atomic_load(&steps_elsewhere), 0);
}

static bool is_over;

ASYNC(tick)
{
    ASYNC_BEGIN;
    while (!is_over) {
        atomic_fetch_add(&ticks, 1);
        AWAIT(coro_yield());
    }
    ASYNC_END;
}

ASYNC(talk_while_it_ticks, VARS(coro_group group;))
{
    ASYNC_BEGIN;
    CORO_GROUP(self->group) {
        HOLDS(coro_group_create_task(&self->group, tick()) != NULL);
        AWAIT(open_ends(100000));
        is_over = true;
    }
    AWAIT(close_ends());
    ASYNC_END;
}

/* No step ends before the loop has made ten turns more. */
Test(tls_offload, other_tasks_have_turns_while_a_step_lasts)
{
    atomic_store(&ticks_wanted, 10);
    EQ(RUN(talk_while_it_ticks()), 0);
    EQ(atomic_load(&steps_with_ticks), atomic_load(&steps));
}

/* --- ended while a thread has it ------------------------------------------------------------ */

ASYNC(until_held, ARGS(int, count))
{
    ASYNC_BEGIN;
    while (atomic_load(&held) < self->count)
        AWAIT(coro_yield()); /* a virtual clock stands meanwhile */
    ASYNC_END;
}

ASYNC(turn_often, VARS(int i;))
{
    ASYNC_BEGIN;
    for (; self->i < 100; self->i++)
        AWAIT(coro_yield());
    ASYNC_END;
}

/* A client whose first step is at the gate, and its other side, which says nothing. */
static struct {
    coro_stream *inner, *other;
    coro_task *task;
    int error;
} held_one;

ASYNC(hold_one)
{
    ASYNC_BEGIN;
    atomic_store(&to_hold, 1);
    atomic_store(&held, 0);
    EQ(coro_stream_pair(&ends.client, &held_one.other, 100000), 0);
    held_one.inner = ends.client;
    ends.options.server_name = "localhost";
    held_one.task = coro_create_task(coro_start_tls(&ends.client, client_context, &ends.options));
    AWAIT(until_held(1));
    ASYNC_END;
}

ASYNC(end_held_one, VARS(size_t n; int error;))
{
    ASYNC_BEGIN;
    AWAIT(turn_often());
    HOLDS(!coro_task_done(held_one.task)); /* its thread has it */
    sem_post(&gate);
    AWAIT_CATCH(held_one.error, coro_task_join(held_one.task));
    HOLDS(ends.client == NULL);
    do
        AWAIT_CATCH(self->error, self->n, coro_stream_read(held_one.other, heard_bytes, 1000));
    while (self->error == 0 && self->n > 0);
    EQ(self->error, CORO_ECONNRESET);
  ASYNC_FINALLY:
    coro_task_release(held_one.task);
    coro_stream_abort(&held_one.other);
    ASYNC_END;
}

ASYNC(is_cancelled)
{
    ASYNC_BEGIN;
    AWAIT(hold_one());
    coro_task_cancel(held_one.task);
    AWAIT(end_held_one());
    EQ(held_one.error, CORO_ECANCELED);
    ASYNC_END;
}

Test(tls_offload, a_cancel_waits_until_the_thread_has_let_go)
{
    EQ(RUN(is_cancelled()), 0);
}

ASYNC(is_late)
{
    ASYNC_BEGIN;
    AWAIT(hold_one());
    AWAIT(coro_sleep(CORO_MS(1200)));
    AWAIT(end_held_one());
    EQ(held_one.error, CORO_ETIMEDOUT);
    ASYNC_END;
}

Test(tls_offload, c137_so_does_the_time_limit)
{
    TRUST(.handshake_timeout = CORO_SECONDS(1)); /* the thread must have come to the gate by then */
    EQ(RUN_NET(is_late()), 0);
}

/* The stream beneath, by the address that it had before. */
ASYNC(is_aborted)
{
    ASYNC_BEGIN;
    AWAIT(hold_one());
    coro_stream_abort(&held_one.inner);
    AWAIT(end_held_one());
    EQ(held_one.error, CORO_ECONNABORTED);
    ASYNC_END;
}

Test(tls_offload, c139_a_stream_beneath_that_is_aborted_meanwhile_fails_the_handshake)
{
    EQ(RUN(is_aborted()), 0);
}

/* The other side is there as long as the handshake. */
ASYNC(stays)
{
    ASYNC_BEGIN;
    AWAIT(coro_sleep(CORO_SECONDS(3600)));
  ASYNC_FINALLY:
    AWAIT_CATCH(held_one.error, coro_task_join(held_one.task));
    EQ(held_one.error, CORO_ECANCELED);
    coro_task_release(held_one.task);
    coro_stream_abort(&held_one.other);
    ASYNC_END;
}

ASYNC(leaves, VARS(coro_task *task;))
{
    ASYNC_BEGIN;
    AWAIT(hold_one());
    self->task = coro_create_task(stays());
    AWAIT(coro_yield());
    coro_task_release(self->task);
    ASYNC_END;
}

static void *open_gate(void *argument)
{
    (void)argument;
    usleep(20000);
    sem_post(&gate);
    return NULL;
}

Test(tls_offload, a_loop_that_closes_waits_for_the_thread_and_loses_nothing)
{
    pthread_t opener;
    __real_pthread_create(&opener, NULL, open_gate, NULL);
    EQ(RUN(leaves()), 0);
    EQ(pthread_join(opener, NULL), 0);
    HOLDS(ends.client == NULL);
}

/* --- waiting for a thread ------------------------------------------------------------------- */

enum { MANY = 64 };

typedef struct client {
    coro_stream *near, *far;
    coro_task *task;
} client;

/* More clients than there are threads: the last one waits, and is cancelled. */
ASYNC(is_in_line, ARGS(int, threads), VARS(client clients[MANY + 1]; int i, error;))
{
    ASYNC_BEGIN;
    atomic_store(&to_hold, self->threads);
    ends.options.server_name = "localhost";
    for (int i = 0; i <= self->threads; i++) {
        client *each = &self->clients[i];
        EQ(coro_stream_pair(&each->near, &each->far, 100000), 0);
        each->task = coro_create_task(coro_start_tls(&each->near, client_context, &ends.options));
        HOLDS(each->task != NULL);
    }
    AWAIT(until_held(self->threads));
    coro_task_cancel(self->clients[self->threads].task);
    AWAIT_CATCH(self->error, coro_task_join(self->clients[self->threads].task));
    EQ(self->error, CORO_ECANCELED);
    EQ(atomic_load(&steps), self->threads); /* its own never began */
    for (int i = 0; i <= self->threads; i++) {
        coro_task_cancel(self->clients[i].task);
        sem_post(&gate); /* for any of those that are held */
    }
    for (self->i = 0; self->i <= self->threads; self->i++) {
        AWAIT_CATCH(self->error, coro_task_join(self->clients[self->i].task));
        EQ(self->error, CORO_ECANCELED);
        coro_task_release(self->clients[self->i].task);
        HOLDS(self->clients[self->i].near == NULL);
        coro_stream_abort(&self->clients[self->i].far);
    }
    ASYNC_END;
}

Test(tls_offload, a_handshake_that_waits_for_a_thread_is_cancelled_at_once)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    if (processors <= MANY)
        EQ(RUN(is_in_line((int)processors)), 0);
}

Test(tls_offload, where_the_system_gives_no_thread_the_loop_shakes_hands)
{
    atomic_store(&no_threads, true);
    EQ(RUN(talk()), 0);
    EQ(atomic_load(&steps_elsewhere), 0);
}

/* --- bytes and memory ----------------------------------------------------------------------- */

/* A client that sends data together with the end of its handshake, to an OpenSSL that takes no more
 * than it needs. */
ASYNC(begins_early, VARS(coro_task *task; int error;))
{
    ASYNC_BEGIN;
    fill_message();
    EQ(coro_stream_pair(&ends.client, &ends.server, 100000), 0);
    ends.options.server_name = "localhost";
    self->task = coro_create_task(coro_start_tls(&ends.server, server_context, NULL));
    AWAIT(coro_start_tls(&ends.client, client_context, &ends.options));
    AWAIT(coro_stream_write(ends.client, message, 3000));
    AWAIT(coro_task_join(self->task));
    coro_task_release(self->task);
    HOLDS(coro_tls_of(ends.server)->desk != NULL);
    AWAIT(coro_stream_read_exactly(ends.server, heard_bytes, 3000));
    HOLDS(memcmp(message, heard_bytes, 3000) == 0);
    AWAIT(move(ends.client, ends.server, sizeof message));
    HOLDS(coro_tls_of(ends.server)->desk == NULL);
    AWAIT(coro_stream_write(ends.client, "x", 1));
    AWAIT(close_ends());
    ASYNC_END;
}

Test(tls_offload, data_behind_the_handshake_are_the_first_to_be_read)
{
    unsetenv("CORO_TEST_TLS_THREADS"); /* the client's last step and its data leave in one turn */
    TRUST(.ca_path = NULL);
    SSL_CTX_set_read_ahead(server_context->ssl, 0);
    EQ(RUN(begins_early()), 0);
}

Test(tls_offload, no_memory_is_an_error_and_leaves_nothing)
{
    static struct talk frame;
    FAIL_EACH_ALLOCATION(talk_at(&frame));
}

ASYNC(has_no_memory, VARS(coro_stream *other; int error;))
{
    ASYNC_BEGIN;
    EQ(coro_stream_pair(&ends.client, &self->other, 100000), 0);
    ends.options.server_name = "localhost";
    AWAIT_CATCH(self->error, coro_start_tls(&ends.client, client_context, &ends.options));
    EQ(self->error, CORO_ENOMEM);
    HOLDS(ends.client == NULL);
    coro_stream_abort(&self->other);
    ASYNC_END;
}

Test(tls_offload, no_memory_in_the_thread_is_an_error_of_the_handshake)
{
    atomic_store(&no_memory, true);
    EQ(RUN(has_no_memory()), 0);
}

ASYNC(has_no_executor)
{
    ASYNC_BEGIN;
    atomic_store(&no_executor, true);
    AWAIT(has_no_memory());
    ASYNC_END;
}

Test(tls_offload, no_memory_for_the_threads_is_an_error_of_the_handshake)
{
    EQ(RUN(has_no_executor()), 0);
    EQ(atomic_load(&steps), 0);
}

Test(tls_offload, what_a_thread_may_say_is_bounded)
{
    coro_tls_desk desk = {.head = 0};
    EQ(coro_tls_desk_write(&desk, message, sizeof message), CORO_EPROTO);
    EQ(coro_tls_desk_write(&desk, message, CORO_TLS_UNSENT_MAX), 0);
    EQ(coro_tls_desk_write(&desk, message, 1), CORO_EPROTO);
    free(desk.out);
}
