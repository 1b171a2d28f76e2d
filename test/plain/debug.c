/* SPDX-License-Identifier: MIT */
/*
 * debug.c - the tree of tasks, printed by a signal handler in the middle of anything.
 *
 * A timer interrupts tasks that spawn, join, gather, lock, time out and fail; each time the
 * handler prints the whole tree. What it would break is found by a sanitizer, or by a crash.
 */
#define _XOPEN_SOURCE 700

#include "require.h"

#include <coro/coro.h>
#include <coro/debug.h>

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

static int nowhere;
static volatile sig_atomic_t interrupts;

static void print_tree(int signo)
{
    coro_print_tasks_fd(nowhere);
    interrupts += signo == SIGALRM;
}

static void interrupt_every(long us)
{
    struct itimerval every = {{0, us}, {0, us}};
    REQUIRE(setitimer(ITIMER_REAL, &every, NULL) == 0);
}

/* --- a busy program ----------------------------------------------------------------------- */

static coro_lock lock = CORO_LOCK_INIT;

ASYNC(works, ARGS(int, n), VARS(int i; coro_scope limit;))
{
    ASYNC_BEGIN;
    for (self->i = 0; self->i < self->n % 5; self->i++)
        AWAIT(coro_yield());
    AWAIT(coro_lock_acquire(&lock));
    CORO_TIMEOUT(self->limit, CORO_SECONDS(60)) {
        AWAIT(coro_yield());
    }
    if (self->n % 7 == 0)
        ASYNC_THROW(CORO_EIO);
  ASYNC_FINALLY:
    (void)coro_lock_release(&lock);
    ASYNC_END;
}

ASYNC(nests, ARGS(int, depth), VARS(coro_task *task; int error;))
{
    ASYNC_BEGIN;
    if (self->depth == 0)
        AWAIT(coro_sleep(CORO_MS(1) / 100));
    else if (self->depth % 2)
        AWAIT(nests(self->depth - 1));
    else {
        self->task = coro_create_task(nests(self->depth - 1));
        AWAIT_CATCH(self->error, coro_task_join(self->task));
        coro_task_release(self->task);
    }
    ASYNC_END;
}

ASYNC(round_of_all, VARS(coro_group group; int i; int error; int errors[3];))
{
    ASYNC_BEGIN;
    ASYNC_TRY;
        CORO_GROUP(self->group) {
            for (self->i = 0; self->i < 20; self->i++)
                coro_group_create_task(&self->group, works(self->i + 1));
            AWAIT(coro_sleep(CORO_MS(1) / 100));
        }
    ASYNC_CATCH(self->error);
    ASYNC_END_TRY;
    AWAIT(coro_gather_errors(self->errors, coro_only(works(1)), coro_only(works(7)),
                             coro_only(nests(9))));
    raise(SIGUSR1);
    ASYNC_END;
}

ASYNC(until_interrupted, ARGS(int, times))
{
    ASYNC_BEGIN;
    while (interrupts < self->times)
        AWAIT(round_of_all());
    ASYNC_END;
}

static void survives(bool debug)
{
    coro_loop loop;
    interrupts = 0;
    REQUIRE(coro_loop_init(&loop, NULL) == 0);
    if (debug)
        REQUIRE(coro_debug_enable(&loop, NULL) == 0);
    interrupt_every(getenv("CORO_TEST_SLOW") != NULL ? 20000 : 200);
    REQUIRE(coro_loop_run_until_complete(
                &loop, until_interrupted(getenv("CORO_TEST_SLOW") != NULL ? 30 : 3000)) == 0);
    interrupt_every(0);
    coro_loop_close(&loop);
}

/* --- the wrong thread --------------------------------------------------------------------- */

static void *uses(void *loop)
{
    coro_check_thread(loop);
    return NULL;
}

static void in_child(bool debug)
{
    coro_loop loop;
    pthread_t thread;
    REQUIRE(coro_loop_init(&loop, NULL) == 0);
    if (debug)
        REQUIRE(coro_debug_enable(&loop, NULL) == 0);
    REQUIRE(pthread_create(&thread, NULL, uses, &loop) == 0);
    pthread_join(thread, NULL);
    _exit(0);
}

/* The trap's text names the loop's thread, and what to do. */
static void traps(bool debug)
{
    char text[1024], id[32];
    int ends[2], status;
    size_t size = 0;
    ssize_t got;
    pid_t child;
    REQUIRE(pipe(ends) == 0);
    child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        dup2(ends[1], 2);
        in_child(debug);
    }
    close(ends[1]);
    while ((got = read(ends[0], text + size, sizeof text - 1 - size)) > 0)
        size += (size_t)got;
    text[size] = '\0';
    close(ends[0]);
    REQUIRE(waitpid(child, &status, 0) == child);
    REQUIRE(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    REQUIRE(strstr(text, "another thread than its own") != NULL);
    REQUIRE(strstr(text, "coro_remote_post") != NULL);
    snprintf(id, sizeof id, "(%ld)", (long)child); /* a process's first thread has its number */
    REQUIRE((strstr(text, id) != NULL) == debug);
}

int main(void)
{
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = print_tree;
    action.sa_flags = SA_RESTART;
    nowhere = open("/dev/null", O_WRONLY);
    REQUIRE(nowhere >= 0);
    REQUIRE(sigaction(SIGALRM, &action, NULL) == 0);
    REQUIRE(sigaction(SIGUSR1, &action, NULL) == 0);
    print_tree(SIGUSR1); /* no loop runs */
    survives(false);
    survives(true);
    traps(false);
    traps(true);
    close(nowhere);
    return 0;
}
