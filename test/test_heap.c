/* SPDX-License-Identifier: MIT */
/*
 * test_heap.c: the memory that no loop's allocator gives: frames where no loop runs, objects of
 * several threads, the loop's own without options. Each piece may fail, and so may threads.
 *
 * The linker puts the functions below before the C library's (--wrap in meson.build); they fail
 * in the test's own thread only.
 */
#define _GNU_SOURCE
#include "helper.h"

#include "net/internal.h"

#include <coro/context.h>
#include <coro/executor.h>
#include <coro/group.h>
#include <coro/names.h>
#include <coro/run.h>
#include <coro/runner.h>
#include <coro/signals.h>
#include <coro/thread_future.h>

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define EQ(actual, expected) cr_assert(eq(long, (long)(actual), (long)(expected)))
#define HOLDS(condition) cr_assert(ne(int, (condition) ? 1 : 0, 0), "%s", #condition)

SUITE(heap);

/* --- a heap that fails -------------------------------------------------------------------- */

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *block, size_t size);
void *__real_aligned_alloc(size_t alignment, size_t size);
char *__real_strdup(const char *text);
void __real_free(void *block);
int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                          void *(*function)(void *), void *argument);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *block, size_t size);
void *__wrap_aligned_alloc(size_t alignment, size_t size);
char *__wrap_strdup(const char *text);
void __wrap_free(void *block);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                          void *(*function)(void *), void *argument);

static _Thread_local size_t fail_at; /* counts down: at 1 the next one fails; 0: none will */
static _Thread_local bool fail_all;  /* from then on */
static _Thread_local size_t failed;
static atomic_long live;
static bool no_threads;

static bool fails(void)
{
    bool now = fail_at == 1;
    if (fail_at > 0 && !(now && fail_all))
        fail_at--;
    failed += now;
    return now;
}

static void *counted(void *block)
{
    atomic_fetch_add(&live, block != NULL);
    return block;
}

void *__wrap_malloc(size_t size)
{
    return fails() ? NULL : counted(__real_malloc(size));
}

void *__wrap_calloc(size_t count, size_t size)
{
    return fails() ? NULL : counted(__real_calloc(count, size));
}

void *__wrap_realloc(void *block, size_t size)
{
    if (fails())
        return NULL;
    return block == NULL ? counted(__real_malloc(size)) : __real_realloc(block, size);
}

void *__wrap_aligned_alloc(size_t alignment, size_t size)
{
    return fails() ? NULL : counted(__real_aligned_alloc(alignment, size));
}

char *__wrap_strdup(const char *text)
{
    return fails() ? NULL : counted(__real_strdup(text));
}

void __wrap_free(void *block)
{
    atomic_fetch_sub(&live, block != NULL);
    __real_free(block);
}

int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                          void *(*function)(void *), void *argument)
{
    return no_threads ? EAGAIN : __real_pthread_create(thread, attributes, function, argument);
}

/* A thread may still be on its way out: it has a second. */
static void nothing_is_left(void)
{
    static const struct timespec moment = {0, 1000000};
    for (int tries = 0; tries < 1000 && atomic_load(&live) != 0; tries++)
        nanosleep(&moment, NULL);
    cr_assert(eq(long, atomic_load(&live), 0));
}

/* Each allocation of `scenario` fails once, alone and with all that follow: it answers CORO_ENOMEM,
 * or goes well without, and nothing is left. With none that fails it goes well. */
static void each_fails(int (*scenario)(void))
{
    int lacked = 0;
    for (int all = 0; all < 2; all++) {
        for (size_t n = 1;; n++) {
            int error;
            failed = 0;
            fail_all = all;
            fail_at = n;
            error = scenario();
            fail_at = 0;
            cr_assert(error == 0 || error == CORO_ENOMEM, "allocation %zu: %d", n, error);
            lacked += error == CORO_ENOMEM;
            nothing_is_left();
            if (failed == 0) {
                EQ(error, 0);
                break;
            }
        }
    }
    HOLDS(lacked > 0);
}

/* --- runs --------------------------------------------------------------------------------- */

ASYNC(waits_a_moment)
{
    ASYNC_BEGIN;
    AWAIT(coro_sleep(CORO_US(10)));
    ASYNC_END;
}

ASYNC(has_children, VARS(coro_group group;))
{
    ASYNC_BEGIN;
    CORO_GROUP(self->group) {
        coro_group_create_task(&self->group, waits_a_moment());
        coro_group_create_task(&self->group, waits_a_moment());
    }
    ASYNC_END;
}

static int runs(void)
{
    return coro_run(has_children());
}

Test(heap, a_run_whose_memory_fails_says_so)
{
    fail_at = 1;
    EQ(coro_run(waits_a_moment()), CORO_ENOMEM); /* the frame of the call itself */
    each_fails(runs);
}

static int runs_twice(void)
{
    static coro_runner runner;
    int error, second;
    coro_runner_init(&runner, NULL);
    error = coro_runner_run(&runner, has_children());
    second = coro_runner_run(&runner, waits_a_moment());
    coro_runner_close(&runner);
    return error != 0 ? error : second;
}

Test(heap, a_runner_lives_on_when_a_run_had_no_memory)
{
    static coro_runner runner;
    coro_runner_init(&runner, NULL);
    fail_at = 1;
    EQ(coro_runner_run(&runner, waits_a_moment()), CORO_ENOMEM);
    EQ(coro_runner_run(&runner, waits_a_moment()), 0);
    coro_runner_close(&runner);
    nothing_is_left();
    each_fails(runs_twice);
}

/* --- contexts ----------------------------------------------------------------------------- */

CORO_CONTEXT_VAR(int, level, -1);
CORO_CONTEXT_VAR(int, height, -1);

static int sets_and_resets(void)
{
    coro_context_token first = {NULL, NULL, NULL}, token = {NULL, NULL, NULL};
    int error = coro_context_set(level, 1, &first);
    if (error == 0)
        error = coro_context_set(level, 2, &token);
    if (error == 0)
        error = coro_context_reset(&token);
    EQ(coro_context_get(level), first.var == NULL ? -1 : error == 0 || token.var == NULL ? 1 : 2);
    fail_at = 0;
    coro_context_forget(&token);
    if (first.var != NULL)
        EQ(coro_context_reset(&first), 0);
    return error;
}

Test(heap, a_variable_is_as_it_was_when_it_cannot_be_set_back)
{
    each_fails(sets_and_resets);
}

static int copies(void)
{
    coro_context context = CORO_CONTEXT_INIT;
    int error = coro_context_copy(&context);
    if (error == CORO_ENOMEM)
        EQ(context.bindings, 0);
    coro_context_clear(&context);
    return error;
}

Test(heap, a_context_that_cannot_be_copied_is_empty)
{
    coro_context_token one, other;
    EQ(coro_context_set(level, 1, &one), 0);
    EQ(coro_context_set(height, 2, &other), 0);
    atomic_store(&live, 0);
    fail_at = 2;
    EQ(copies(), CORO_ENOMEM);
    each_fails(copies);
}

/* --- threads ------------------------------------------------------------------------------ */

static int nothing(void *argument, void **result)
{
    (void)argument, (void)result;
    return 0;
}

ASYNC(in_a_thread, VARS(void *result;))
{
    ASYNC_BEGIN;
    if (coro_context_set(level, 5, NULL) != 0) /* the thread has it, too */
        ASYNC_THROW(CORO_ENOMEM);
    AWAIT(self->result, coro_to_thread(nothing, NULL));
    ASYNC_END;
}

static int works_in_a_thread(void)
{
    return coro_run(in_a_thread());
}

Test(heap, work_for_a_thread_without_memory_does_not_run)
{
    each_fails(works_in_a_thread);
}

Test(heap, work_for_which_the_system_gives_no_thread_does_not_run)
{
    no_threads = true;
    EQ(works_in_a_thread(), CORO_EAGAIN);
    no_threads = false;
    EQ(works_in_a_thread(), 0);
}

ASYNC(makes_executors)
{
    ASYNC_BEGIN;
    for (size_t n = 1; n <= 2; n++) { /* its own block, its lane's */
        fail_at = n;
        HOLDS(coro_executor_new(coro_loop_current(), 1, 1) == NULL);
        fail_at = n;
        HOLDS(coro_loop_default_executor(coro_loop_current()) == NULL);
    }
    HOLDS(coro_executor_new(coro_loop_current(), 1, 1) != NULL);
    HOLDS(coro_loop_default_executor(coro_loop_current()) != NULL);
    ASYNC_END;
}

Test(heap, no_memory_for_an_executor_is_null)
{
    EQ(coro_run(makes_executors()), 0);
    nothing_is_left();
}

ASYNC(shuts_down, VARS(size_t left;))
{
    ASYNC_BEGIN;
    AWAIT(self->left, coro_executor_shutdown(NULL, CORO_SECONDS(1)));
    ASYNC_END;
}

static int shuts_the_default_one_down(void)
{
    return coro_run(shuts_down());
}

Test(heap, a_shutdown_needs_memory_to_remember_it)
{
    each_fails(shuts_the_default_one_down);
}

ASYNC(gives_seven, RETURNS(int))
{
    ASYNC_BEGIN;
    AWAIT(coro_yield());
    ASYNC_RETURN(7);
    ASYNC_END;
}

static coro_any *makes(void *context, int *error)
{
    (void)context, (void)error;
    return (coro_any *)gives_seven();
}

ASYNC(sends_to_itself, ARGS(bool, factory),
      VARS(coro_remote *remote; coro_thread_future *future; void *result;))
{
    ASYNC_BEGIN;
    self->remote = coro_remote_open(coro_loop_current());
    if (self->remote == NULL)
        ASYNC_THROW(CORO_ENOMEM);
    self->future = self->factory
                       ? coro_run_factory_threadsafe(self->remote, makes, NULL)
                       : coro_run_coroutine_threadsafe(self->remote, gives_seven());
    if (self->future == NULL)
        ASYNC_THROW(CORO_ENOMEM);
    AWAIT(self->result, coro_thread_future_await(self->future));
    EQ(*(int *)self->result, 7);
  ASYNC_FINALLY:
    coro_thread_future_release(self->future);
    coro_remote_release(self->remote);
    ASYNC_END;
}

static int sends_a_call(void)
{
    return coro_run(sends_to_itself(false));
}

static int sends_a_factory(void)
{
    return coro_run(sends_to_itself(true));
}

Test(heap, a_call_into_a_loop_without_memory_is_freed)
{
    each_fails(sends_a_call);
    each_fails(sends_a_factory);
}

ASYNC(awaits, ARGS(coro_thread_future *, future), VARS(void *result; int error;))
{
    ASYNC_BEGIN;
    fail_all = true;
    fail_at = 1; /* there is no remote of this loop yet */
    AWAIT_CATCH(self->error, self->result, coro_thread_future_await(self->future));
    EQ(self->error, CORO_ENOMEM);
    fail_at = 0;
    HOLDS(!coro_thread_future_done(self->future)); /* it goes on, and can be awaited again */
    AWAIT_CATCH(self->error, self->result,
                coro_wait_for(coro_thread_future_await(self->future), CORO_MS(1)));
    EQ(self->error, CORO_ETIMEDOUT);
    ASYNC_END;
}

Test(heap, an_await_of_a_thread_without_memory_leaves_the_future_as_it_was)
{
    coro_thread_future *future;
    fail_at = 1;
    HOLDS(coro_thread_future_new() == NULL);
    future = coro_thread_future_new();
    EQ(coro_run(awaits(future)), 0);
    coro_thread_future_release(future);
    nothing_is_left();
}

/* --- names -------------------------------------------------------------------------------- */

static int knows_everybody(const char *host, const char *service, const struct addrinfo *hints,
                           struct addrinfo **found)
{
    return getaddrinfo(hints->ai_flags & AI_NUMERICHOST ? host : "127.0.0.9", service, hints,
                       found);
}

ASYNC(asks, ARGS(bool, both_ways),
      VARS(struct addrinfo *found; coro_nameinfo *name; coro_address address;))
{
    ASYNC_BEGIN;
    if (self->both_ways) {
        AWAIT(self->found, coro_getaddrinfo("localhost", "80", NULL));
        coro_freeaddrinfo(self->found);
        self->found = NULL;
        AWAIT(self->found, coro_getaddrinfo("some.test", "80", NULL));
    }
    EQ(coro_address_parse(&self->address, "127.0.0.1:47", 0), 0);
    AWAIT(self->name, coro_getnameinfo(coro_address_any(&self->address), self->address.size, 0));
  ASYNC_FINALLY:
    coro_freeaddrinfo(self->found);
    coro_freenameinfo(self->name);
    ASYNC_END;
}

static int names_both_ways(void)
{
    int error = coro_run(asks(false));
    return error != 0 ? error : coro_run(asks(true));
}

Test(heap, names_and_addresses_without_memory_are_not_found)
{
    coro_names.getaddrinfo = knows_everybody;
    each_fails(names_both_ways);
}

ASYNC(asks_no_thread, VARS(struct addrinfo *found; int error;))
{
    ASYNC_BEGIN;
    AWAIT_CATCH(self->error, self->found, coro_getaddrinfo("some.test", "80", NULL));
    EQ(self->error, CORO_EAGAIN);
    ASYNC_END;
}

Test(heap, a_name_that_no_thread_can_be_asked_for_says_so)
{
    no_threads = true;
    coro_names.getaddrinfo = knows_everybody;
    EQ(coro_run(asks_no_thread()), 0);
    no_threads = false;
    nothing_is_left();
}

/* --- signals ------------------------------------------------------------------------------ */

ASYNC(listens, ARGS(bool, once), VARS(coro_signals signals; int signo, error;))
{
    ASYNC_BEGIN;
    if (!self->once) {
        self->error = coro_signals_open(&self->signals, CORO_SIGNAL(SIGUSR1));
        if (self->error != 0)
            ASYNC_THROW(self->error);
        raise(SIGUSR1);
        AWAIT(self->signo, coro_signals_next(&self->signals));
    } else {
        AWAIT_CATCH(self->error, self->signo,
                    coro_wait_for(coro_signal_wait(CORO_SIGNAL(SIGUSR1)), CORO_US(10)));
        HOLDS(self->error == CORO_ETIMEDOUT || self->error == CORO_ENOMEM);
        if (self->error == CORO_ENOMEM)
            ASYNC_THROW(self->error);
    }
  ASYNC_FINALLY:
    coro_signals_close(&self->signals);
    ASYNC_END;
}

static int listens_on(void)
{
    return coro_run(listens(false));
}

static int listens_once(void)
{
    return coro_run(listens(true));
}

static bool is_default(void)
{
    struct sigaction now;
    EQ(sigaction(SIGUSR1, NULL, &now), 0);
    return now.sa_handler == SIG_DFL;
}

Test(heap, without_memory_nobody_listens_to_a_signal)
{
    each_fails(listens_on);
    HOLDS(is_default());
    each_fails(listens_once);
    HOLDS(is_default());
}
