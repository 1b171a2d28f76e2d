/* SPDX-License-Identifier: MIT */
/*
 * signals.c - signals from everywhere into two loops in two threads.
 */
#include "require.h"

#include <coro/run.h>
#include <coro/signals.h>

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static unsigned rounds(void)
{
    return getenv("CORO_TEST_SLOW") != NULL ? 1000 : 1000000;
}

static bool is_default(int signo)
{
    struct sigaction now;
    REQUIRE(sigaction(signo, NULL, &now) == 0);
    return now.sa_handler == SIG_DFL;
}

/* --- every loop that listens -------------------------------------------------------------- */

static atomic_int listening, heard;

ASYNC(listen_once, VARS(coro_signals signals; int signo;))
{
    ASYNC_BEGIN;
    REQUIRE(coro_signals_open(&self->signals, CORO_SIGNAL(SIGUSR1)) == 0);
    atomic_fetch_add(&listening, 1);
    AWAIT(self->signo, coro_signals_next(&self->signals));
    REQUIRE(self->signo == SIGUSR1);
    atomic_fetch_add(&heard, 1);
  ASYNC_FINALLY:
    coro_signals_close(&self->signals);
    ASYNC_END;
}

static void *run_listener(void *unused)
{
    REQUIRE(coro_run(listen_once()) == 0);
    return unused;
}

static void every_loop_that_listens_hears_it(void)
{
    struct timespec pause = {0, 1000000};
    pthread_t threads[3];
    for (int i = 0; i < 3; i++)
        REQUIRE(pthread_create(&threads[i], NULL, run_listener, NULL) == 0);
    while (atomic_load(&listening) < 3)
        nanosleep(&pause, NULL);
    REQUIRE(kill(getpid(), SIGUSR1) == 0);
    for (int i = 0; i < 3; i++)
        REQUIRE(pthread_join(threads[i], NULL) == 0);
    REQUIRE(atomic_load(&heard) == 3);
    REQUIRE(is_default(SIGUSR1));
}

/* --- a storm ------------------------------------------------------------------------------ */

static pthread_t loop_thread;
static atomic_bool calm;

static void *storm(void *unused)
{
    unsigned count = rounds();
    for (unsigned i = 0; i < count; i++)
        REQUIRE(pthread_kill(loop_thread, SIGUSR1) == 0);
    atomic_store(&calm, true);
    REQUIRE(pthread_kill(loop_thread, SIGUSR2) == 0);
    return unused;
}

ASYNC(f026, VARS(coro_signals signals; pthread_t thread; int signo; unsigned storms;))
{
    ASYNC_BEGIN;
    REQUIRE(coro_signals_open(&self->signals, CORO_SIGNAL(SIGUSR1) | CORO_SIGNAL(SIGUSR2)) == 0);
    loop_thread = pthread_self();
    REQUIRE(pthread_create(&self->thread, NULL, storm, NULL) == 0);
    do {
        AWAIT(self->signo, coro_signals_next(&self->signals));
        self->storms += self->signo == SIGUSR1;
    } while (self->signo != SIGUSR2);
    REQUIRE(atomic_load(&calm) && self->storms > 0 && self->storms <= rounds());
    REQUIRE(pthread_join(self->thread, NULL) == 0);
    printf("a storm of %u signals was heard %u times\n", rounds(), self->storms);
  ASYNC_FINALLY:
    coro_signals_close(&self->signals);
    ASYNC_END;
}

static void f026_a_storm_is_coalesced(void)
{
    REQUIRE(coro_run(f026()) == 0);
    REQUIRE(is_default(SIGUSR1) && is_default(SIGUSR2));
}

/* The handler runs inside of raise(). */
ASYNC(keep_errno, VARS(coro_signals signals; int i; int signo;))
{
    ASYNC_BEGIN;
    REQUIRE(coro_signals_open(&self->signals, CORO_SIGNAL(SIGUSR1)) == 0);
    for (self->i = 0; self->i < 1000; self->i++) {
        errno = ENOTTY;
        raise(SIGUSR1);
        REQUIRE(errno == ENOTTY);
    }
    AWAIT(self->signo, coro_signals_next(&self->signals));
  ASYNC_FINALLY:
    coro_signals_close(&self->signals);
    ASYNC_END;
}

/* --- the end of a loop -------------------------------------------------------------------- */

static atomic_bool stop;
static pid_t self_pid;

static void *pester(void *unused)
{
    while (!atomic_load(&stop))
        REQUIRE(kill(self_pid, SIGUSR1) == 0);
    return unused;
}

ASYNC(f027, VARS(coro_signals signals; int signo;))
{
    ASYNC_BEGIN;
    REQUIRE(coro_signals_open(&self->signals, CORO_SIGNAL(SIGUSR1)) == 0);
    AWAIT(self->signo, coro_signals_next(&self->signals));
  ASYNC_FINALLY:
    coro_signals_close(&self->signals);
    ASYNC_END;
}

/* Signals all the time while loops come and go: nobody writes to what was closed. */
static void f027_signals_during_the_end_of_a_loop(void)
{
    struct sigaction ignore = {.sa_handler = SIG_IGN}, before;
    pthread_t thread;
    unsigned count = getenv("CORO_TEST_SLOW") != NULL ? 20 : 500;
    self_pid = getpid();
    REQUIRE(sigaction(SIGUSR1, &ignore, &before) == 0);
    REQUIRE(pthread_create(&thread, NULL, pester, NULL) == 0);
    for (unsigned i = 0; i < count; i++)
        REQUIRE(coro_run(f027()) == 0);
    atomic_store(&stop, true);
    REQUIRE(pthread_join(thread, NULL) == 0);
    REQUIRE(sigaction(SIGUSR1, &before, &ignore) == 0);
    REQUIRE(ignore.sa_handler == SIG_IGN); /* put back each time */
}

int main(void)
{
    every_loop_that_listens_hears_it();
    REQUIRE(coro_run(keep_errno()) == 0);
    f026_a_storm_is_coalesced();
    f027_signals_during_the_end_of_a_loop();
    puts("signals: ok");
    return 0;
}
