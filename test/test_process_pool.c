/* SPDX-License-Identifier: MIT */
/* Calls in worker processes, which are this program: it finds out before its main(). */
#define _GNU_SOURCE
#include "os_fixture.h"

#include <coro/process_pool.h>

SUITE_LASTING(process_pool, 30);

/* --- in a worker ---------------------------------------------------------------------------- */

static int echo_back(const void *data, size_t size, coro_bytes *reply)
{
    return coro_bytes_append(reply, data, size);
}

static int say_pid(const void *data, size_t size, coro_bytes *reply)
{
    char text[16];
    (void)data, (void)size;
    usleep(20000);
    return coro_bytes_append(reply, text, (size_t)snprintf(text, sizeof text, "%d", getpid()));
}

static int fail(const void *data, size_t size, coro_bytes *reply)
{
    (void)data, (void)size, (void)reply;
    return CORO_EIO;
}

static int crash(const void *data, size_t size, coro_bytes *reply)
{
    (void)data, (void)size, (void)reply;
    raise(SIGKILL);
    return 0;
}

static int last(const void *data, size_t size, coro_bytes *reply)
{
    (void)data, (void)size, (void)reply;
    for (;;)
        pause();
    return 0;
}

static const coro_worker workers[] = {{"echo", echo_back}, {"pid", say_pid}, {"fail", fail},
                                      {"crash", crash},    {"last", last},   {NULL, NULL}};

__attribute__((constructor)) static void may_be_a_worker(int argc, char **argv)
{
    coro_worker_main(argc, argv, workers);
}

/* --- bytes --------------------------------------------------------------------------------- */

ASYNC(gathers_bytes, VARS(coro_bytes bytes;))
{
    ASYNC_BEGIN;
    EQ(coro_bytes_append(&self->bytes, "one", 3), 0);
    exhaust_memory();
    EQ(coro_bytes_append(&self->bytes, said, sizeof said), CORO_ENOMEM);
    memory.fail_from = 0;
    HOLDS(self->bytes.size == 3 && strcmp(self->bytes.data, "one") == 0);
    coro_bytes_free(&self->bytes);
    ASYNC_END;
}

Test(process_pool, bytes_that_do_not_fit_are_not_appended)
{
    coro_loop_options options = {.allocator = {fixture_resize, NULL},
                                 .backend = coro_backend_named("epoll")};
    EQ(coro_run_with(gathers_bytes(), &options), 0);
}

/* --- calls ---------------------------------------------------------------------------------- */

ASYNC(asks, ARGS(coro_process_pool *, pool, const char *, name), VARS(coro_bytes reply; int error;))
{
    ASYNC_BEGIN;
    AWAIT_CATCH(self->error, coro_process_pool_call(self->pool, self->name, "data", 4, 16,
                                                    &self->reply));
    say("%d%s ", self->error, self->reply.size > 0 ? self->reply.data : "");
    coro_bytes_free(&self->reply);
    if (self->error != 0)
        ASYNC_THROW(self->error);
    ASYNC_END;
}

ASYNC(calls, VARS(coro_process_pool *pool; coro_bytes reply; char *data; int error;))
{
    ASYNC_BEGIN;
    self->pool = coro_process_pool_new(1);
    EQ(coro_process_pool_workers(self->pool), 0);
    AWAIT(asks(self->pool, "echo"));
    EQ(coro_process_pool_workers(self->pool), 1);
    AWAIT_CATCH(self->error, coro_process_pool_call(self->pool, "fail", NULL, 0, 0, &self->reply));
    EQ(self->error, CORO_EIO);
    coro_bytes_free(&self->reply);
    AWAIT_CATCH(self->error, coro_process_pool_call(self->pool, "none", NULL, 0, 0, &self->reply));
    EQ(self->error, CORO_ENOENT);
    EQ(coro_process_pool_workers(self->pool), 1); /* that was no fault of its */
    self->data = malloc(1000000);
    memset(self->data, 'x', 1000000);
    AWAIT(coro_process_pool_call(self->pool, "echo", self->data, 1000000, 1000000, &self->reply));
    HOLDS(self->reply.size == 1000000 && memcmp(self->reply.data, self->data, 1000000) == 0);
    coro_bytes_free(&self->reply);
    AWAIT_CATCH(self->error, coro_process_pool_call(self->pool, "echo", self->data, 1000000, 999999,
                                                    &self->reply));
    EQ(self->error, CORO_ELIMIT);
    EQ(coro_process_pool_workers(self->pool), 0);
    AWAIT(asks(self->pool, "echo"));
    SAID("0data 0data ");
  ASYNC_FINALLY:
    free(self->data);
    coro_bytes_free(&self->reply);
    AWAIT(coro_process_pool_close(&self->pool));
    ASYNC_END;
}

Test(process_pool, a_function_is_called_and_its_answer_comes_back)
{
    EQ(RUN_OS(calls()), 0);
}

ASYNC(calls_many, VARS(coro_process_pool *pool; coro_group group;))
{
    ASYNC_BEGIN;
    self->pool = coro_process_pool_new(3);
    CORO_GROUP(self->group) {
        for (int i = 0; i < 12; i++)
            coro_group_create_task(&self->group, asks(self->pool, "pid"));
    }
    EQ(coro_process_pool_workers(self->pool), 3);
  ASYNC_FINALLY:
    AWAIT(coro_process_pool_close(&self->pool));
    HOLDS(self->pool == NULL);
    ASYNC_END;
}

Test(process_pool, no_more_workers_than_its_number)
{
    EQ(RUN_OS(calls_many()), 0);
    HOLDS(strstr(said, "-") == NULL);
}

ASYNC(crashes, VARS(coro_process_pool *pool; int error; coro_task *task;))
{
    ASYNC_BEGIN;
    self->pool = coro_process_pool_new(1);
    AWAIT_CATCH(self->error, asks(self->pool, "crash"));
    EQ(self->error, CORO_ECRASHED);
    AWAIT(asks(self->pool, "echo")); /* by a fresh one */
    self->task = coro_create_task(asks(self->pool, "last"));
    AWAIT(coro_sleep(CORO_MS(20)));
    coro_task_cancel(self->task);
    AWAIT_CATCH(self->error, coro_task_join(self->task));
    EQ(self->error, CORO_ECANCELED);
    EQ(coro_process_pool_workers(self->pool), 0);
    AWAIT(asks(self->pool, "echo"));
  ASYNC_FINALLY:
    coro_task_release(self->task);
    AWAIT(coro_process_pool_close(&self->pool));
    ASYNC_END;
}

Test(process_pool, a_worker_that_crashes_or_whose_call_is_cancelled_is_replaced)
{
    EQ(RUN_OS(crashes()), 0);
}

/* Who dies between two calls is not missed. */
ASYNC(dies_idle, VARS(coro_process_pool *pool; coro_bytes reply;))
{
    ASYNC_BEGIN;
    self->pool = coro_process_pool_new(1);
    AWAIT(coro_process_pool_call(self->pool, "pid", NULL, 0, 16, &self->reply));
    EQ(kill((pid_t)atol(self->reply.data), SIGKILL), 0);
    while (coro_process_pool_workers(self->pool) > 0)
        AWAIT(coro_sleep(CORO_MS(1)));
    AWAIT(asks(self->pool, "echo"));
  ASYNC_FINALLY:
    coro_bytes_free(&self->reply);
    AWAIT(coro_process_pool_close(&self->pool));
    ASYNC_END;
}

Test(process_pool, a_worker_that_dies_while_it_is_idle_is_replaced)
{
    EQ(RUN_OS(dies_idle()), 0);
}

ASYNC(closes_early, VARS(coro_process_pool *pool, *again; coro_task *running, *waiting; int error;))
{
    ASYNC_BEGIN;
    self->pool = coro_process_pool_new(1);
    self->again = self->pool;
    self->running = coro_create_task(asks(self->pool, "last"));
    self->waiting = coro_create_task(asks(self->pool, "echo"));
    AWAIT(coro_sleep(CORO_MS(20)));
    AWAIT(coro_process_pool_close(&self->pool));
    AWAIT_CATCH(self->error, coro_task_join(self->running));
    EQ(self->error, CORO_ECLOSED);
    AWAIT_CATCH(self->error, coro_task_join(self->waiting));
    EQ(self->error, CORO_ECLOSED);
    AWAIT_CATCH(self->error, asks(self->pool, "echo"));
    EQ(self->error, CORO_ECLOSED);
    AWAIT(coro_process_pool_close(&self->pool));
  ASYNC_FINALLY:
    coro_task_release(self->running);
    coro_task_release(self->waiting);
    ASYNC_END;
}

ASYNC(never_called, VARS(coro_bytes reply; int error;))
{
    ASYNC_BEGIN;
    AWAIT_CATCH(self->error, coro_process_pool_call(NULL, "echo", "", 0, 9, &self->reply));
    EQ(self->error, CORO_ECLOSED);
    ASYNC_END;
}

static coro_process_pool *foreign;

ASYNC(makes_foreign)
{
    ASYNC_BEGIN;
    foreign = coro_process_pool_new(1);
    HOLDS(foreign != NULL);
    ASYNC_END;
}

ASYNC(calls_foreign, VARS(int error;))
{
    ASYNC_BEGIN;
    AWAIT_CATCH(self->error, asks(foreign, "echo"));
    EQ(self->error, CORO_EWRONGLOOP);
    EQ(coro_process_pool_workers(foreign), 0);
    ASYNC_END;
}

Test(process_pool, another_loops_pool_is_refused)
{
    coro_loop other;
    EQ(coro_loop_init(&other, NULL), 0);
    EQ(coro_loop_run_until_complete(&other, makes_foreign()), 0);
    EQ(RUN_OS(calls_foreign()), 0);
    EQ(coro_loop_run_until_complete(&other, coro_process_pool_close(&foreign)), 0);
    coro_loop_close(&other);
}

Test(process_pool, its_close_ends_the_calls_that_run_or_wait)
{
    EQ(RUN_OS(closes_early()), 0);
    EQ(RUN_OS(never_called()), 0);
}

ASYNC(calls_once, VARS(coro_process_pool *pool;))
{
    ASYNC_BEGIN;
    self->pool = coro_process_pool_new(2);
    if (self->pool == NULL)
        ASYNC_THROW(CORO_ENOMEM);
    AWAIT(coro_wait_for(asks(self->pool, "echo"), CORO_SECONDS(6)));
  ASYNC_FINALLY:
    AWAIT(coro_process_pool_close(&self->pool));
    ASYNC_END;
}

Test(process_pool, each_allocation_may_fail)
{
    int result, failed = 0;
    for (size_t n = 1;; n++) {
        memset(&memory, 0, sizeof memory);
        memory.fail_at = n;
        result = RUN_NET_LOUD(calls_once());
        no_children();
        HOLDS(result == 0 || result == CORO_ENOMEM);
        failed += result != 0;
        if (memory.calls < n)
            break;
    }
    HOLDS(failed > 2);
    EQ(result, 0);
}
