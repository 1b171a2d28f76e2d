/* SPDX-License-Identifier: MIT */
/*
 * process.c - children of two loops in two threads at the same time, a pool of workers, and
 * a loop in a forked child: what valgrind and TSan should see.
 */
#include "require.h"

#include <coro/process.h>
#include <coro/process_pool.h>
#include <coro/run.h>

#include <pthread.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ROUNDS = 10 };

ASYNC(speaks, ARGS(const char *, text),
      VARS(coro_process *cat; coro_process_options options; coro_process_output output; int i;))
{
    ASYNC_BEGIN;
    self->options.in = self->options.out = CORO_PROCESS_PIPE;
    self->options.new_group = true;
    for (; self->i < ROUNDS; self->i++) {
        AWAIT(self->cat, coro_create_subprocess_exec(CORO_ARGV("cat"), &self->options));
        AWAIT(coro_process_communicate(self->cat, self->text, strlen(self->text), 100,
                                       &self->output));
        REQUIRE(strcmp(self->output.out.data, self->text) == 0);
        REQUIRE(self->output.returncode == 0);
        coro_process_output_free(&self->output);
        AWAIT(coro_process_close(&self->cat));
    }
  ASYNC_FINALLY:
    AWAIT(coro_process_close(&self->cat));
    coro_process_output_free(&self->output);
    ASYNC_END;
}

ASYNC(fails_to_start, VARS(coro_process *none; int error;))
{
    ASYNC_BEGIN;
    AWAIT_CATCH(self->error, self->none,
                coro_create_subprocess_exec(CORO_ARGV("no such program"), NULL));
    REQUIRE(self->error == CORO_ENOENT);
    ASYNC_END;
}

static void *other_thread(void *text)
{
    REQUIRE(coro_run(speaks(text)) == 0);
    return NULL;
}

static void *short_thread(void *unused)
{
    REQUIRE(coro_run(fails_to_start()) == 0);
    return unused;
}

static void two_threads_have_children(void)
{
    pthread_t thread;
    char other[] = "other";
    REQUIRE(pthread_create(&thread, NULL, other_thread, other) == 0);
    REQUIRE(coro_run(speaks("one")) == 0);
    REQUIRE(pthread_join(thread, NULL) == 0);
    REQUIRE(coro_run(fails_to_start()) == 0);
}

/* Not joined while children are made: TSan, for which a vfork is a fork, must see no race. */
static void another_thread_has_ended(void)
{
    pthread_t thread;
    REQUIRE(pthread_create(&thread, NULL, short_thread, NULL) == 0);
    REQUIRE(coro_run(speaks("one")) == 0);
    REQUIRE(pthread_join(thread, NULL) == 0);
}

/* --- workers ------------------------------------------------------------------------------ */

static int twice(const void *data, size_t size, coro_bytes *reply)
{
    int error = coro_bytes_append(reply, data, size);
    return error != 0 ? error : coro_bytes_append(reply, data, size);
}

static const coro_worker workers[] = {{"twice", twice}, {NULL, NULL}};

ASYNC(asks_workers, VARS(coro_process_pool *pool; coro_bytes reply; int i;))
{
    ASYNC_BEGIN;
    self->pool = coro_process_pool_new(2);
    REQUIRE(self->pool != NULL);
    for (; self->i < ROUNDS; self->i++) {
        AWAIT(coro_process_pool_call(self->pool, "twice", "ab", 2, 9, &self->reply));
        REQUIRE(strcmp(self->reply.data, "abab") == 0);
        coro_bytes_free(&self->reply);
    }
  ASYNC_FINALLY:
    coro_bytes_free(&self->reply);
    AWAIT(coro_process_pool_close(&self->pool));
    ASYNC_END;
}

int main(int argc, char **argv)
{
    coro_worker_main(argc, argv, workers);
    two_threads_have_children();
    another_thread_has_ended();
    REQUIRE(coro_run(asks_workers()) == 0);
    REQUIRE(waitpid(-1, NULL, WNOHANG) == -1); /* nobody is left */
    puts("process: ok");
    return 0;
}
