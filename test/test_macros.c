/* SPDX-License-Identifier: MIT */
/*
 * test_macros.c: every public macro, expanded once, by its short name where it has one, and
 * run. test_macros_long.c does the same with long names and without __typeof__.
 */
#include "helper.h"

#include <coro/coro.h>
#include <coro/test.h>

#include <signal.h>
#include <stdio.h>
#include <string.h>

SUITE(macros);

#define CHECK(condition) cr_assert(ne(int, (condition) ? 1 : 0, 0), "%s", #condition)

/* --- definition ------------------------------------------------------------------------------- */

static int dropped;

static void drop_it(int value)
{
    dropped += value;
}

ASYNC(bare)
{
    ASYNC_BEGIN;
    ASYNC_END;
}

ASYNC(all_clauses, RETURNS(int, drop_it), ARGS(int, a, const char *, text), VARS(int i, n;),
      SCRATCH(char buffer[32];))
{
    ASYNC_BEGIN;
    CHECK(self->i == 0 && self->n == 0);
    memset(self->buffer, self->a, sizeof self->buffer);
    AWAIT(coro_yield());
    ASYNC_RETURN(self->buffer[31] + (int)strlen(self->text));
  ASYNC_FINALLY:
    AWAIT(coro_yield());
    self->i = 1;
    ASYNC_END;
}

ASYNC_DECLARE(declared, RETURNS(long), ARGS(long, a));

ASYNC_DEFINE(declared)
{
    ASYNC_BEGIN;
    AWAIT(coro_sleep(CORO_US(10)));
    ASYNC_RETURN(self->a + 1);
    ASYNC_END;
}

ASYNC(squares, YIELDS(int), VARS(int i;))
{
    ASYNC_BEGIN;
    for (self->i = 1; self->i < 4; self->i++)
        YIELD(self->i * self->i);
    ASYNC_SUSPEND;
    ASYNC_END;
}

Test(macros, a_chain_without_a_loop)
{
    coro_driver driver;
    struct squares *generator = squares();
    int sum = 0, resumes = 0;
    coro_driver_init(&driver, &generator->coro);
    for (; coro_resume(&driver); resumes++)
        sum += resumes < 3 ? generator->result : 0;
    coro_driver_close(&driver);
    CHECK(sum == 14 && resumes == 4);
    coro_discard(bare());
}

/* --- errors and blocks ------------------------------------------------------------------------ */

ASYNC(throws, ARGS(int, error))
{
    ASYNC_BEGIN;
    ASYNC_THROW(self->error);
    ASYNC_END;
}

ASYNC(blocks, VARS(coro_scope a, b, c; coro_group group; int error, value; coro_task *child;))
{
    ASYNC_BEGIN;
    ASYNC_TRY;
    AWAIT(throws(CORO_EIO));
    ASYNC_CATCH(self->error);
    CHECK(self->error == CORO_EIO);
    ASYNC_END_TRY;
    CORO_TIMEOUT(self->a, CORO_SECONDS(1)) {
        CORO_TIMEOUT_AT(self->b, coro_loop_time(coro_loop_current()) + CORO_SECONDS(0.5)) {
            CORO_SHIELD(self->c) {
                CORO_GROUP(self->group) {
                    self->child = coro_group_create_task(&self->group, bare());
                    CHECK(coro_group_try_create_task(&self->group, &self->child, declared(1)) == 0);
                    CORO_JOIN(self->value, declared, self->child);
                    CHECK(self->value == 2);
                }
            }
        }
    }
    AWAIT_CATCH(self->error, throws(CORO_EPIPE));
    AWAIT_CATCH(self->error, self->value, all_clauses(1, "abc"));
    CHECK(self->error == 0 && self->value == 4);
    AWAIT(all_clauses(5, ""));
    CHECK(dropped == 5);
    ASYNC_END;
}

/* --- several at once -------------------------------------------------------------------------- */

static coro_task place;

ASYNC(several, VARS(int a; long b; int errors[2]; coro_task *task; long value; void *result;
                    coro_future future; coro_semaphore semaphore; coro_flag flag;))
{
    ASYNC_BEGIN;
    AWAIT(coro_gather(coro_into(&self->a, all_clauses(2, "x")), coro_into(&self->b, declared(4)),
                      coro_only(bare())));
    CHECK(self->a == 3 && self->b == 5);
    AWAIT(coro_gather_errors(self->errors, coro_only(throws(CORO_EIO)), coro_only(bare())));
    CHECK(self->errors[0] == CORO_EIO && self->errors[1] == 0);
    self->task = coro_create_task(declared(6));
    CORO_SHIELD_JOIN(self->value, declared, self->task);
    CHECK(self->value == 7);
    coro_task_release(self->task);
    self->task = coro_loop_create_task(coro_loop_current(), bare());
    AWAIT(coro_wait_for(coro_task_join(self->task), CORO_MS(5)));
    coro_task_release(self->task);
    CHECK(coro_task_start_at(coro_loop_current(), &place, declared(8)) == 0);
    CORO_JOIN(self->value, declared, &place);
    coro_task_release(&place);
    AWAIT(self->value, coro_wait_for(declared(9), CORO_FOREVER));
    CHECK(self->value == 10);

    self->future = (coro_future)CORO_FUTURE_INIT;
    self->semaphore = (coro_semaphore)CORO_SEMAPHORE_INIT(1);
    self->flag = (coro_flag)CORO_FLAG_INIT;
    coro_future_set_result(&self->future, &place);
    AWAIT(self->result, coro_future_wait(&self->future));
    CHECK(self->result == &place);
    AWAIT(coro_semaphore_acquire(&self->semaphore));
    coro_flag_set(&self->flag);
    AWAIT(coro_flag_wait(&self->flag));
    AWAIT_CATCH(self->errors[0], coro_sleep(CORO_DURATION_INVALID));
    CHECK(self->errors[0] == CORO_EINVAL);
    ASYNC_END;
}

/* --- the world outside ------------------------------------------------------------------------ */

ASYNC(handle, ARGS(coro_stream *, stream, void *, context))
{
    ASYNC_BEGIN;
    AWAIT(coro_stream_write(self->stream, "hi\n", 3));
    ASYNC_END;
}

ASYNC(serves, VARS(coro_server *server; coro_stream *stream; char port[8], line[8]; size_t n;
                   int signo, error; coro_signals signals;))
{
    ASYNC_BEGIN;
    AWAIT(self->server, coro_start_server(CORO_HANDLER(handle), NULL, "127.0.0.1", "0", NULL));
    snprintf(self->port, sizeof self->port, "%d", coro_server_port(self->server));
    AWAIT(self->stream, coro_open_connection("127.0.0.1", self->port, NULL));
    AWAIT(self->n, coro_stream_read_line(self->stream, self->line, sizeof self->line));
    CHECK(self->n == 3);
    AWAIT(coro_stream_close(&self->stream));
    AWAIT(coro_server_shutdown(self->server, CORO_SECONDS(1)));
    CHECK(coro_signals_open(&self->signals, CORO_SIGNAL(SIGUSR1)) == 0);
    raise(SIGUSR1);
    AWAIT(self->signo, coro_signals_next(&self->signals));
    CHECK(self->signo == SIGUSR1);
    coro_signals_close(&self->signals);
    AWAIT_CATCH(self->error, self->signo,
                coro_wait_for(coro_signal_wait(CORO_SIGNAL(SIGUSR2)), CORO_MS(1)));
    CHECK(self->error == CORO_ETIMEDOUT);
    ASYNC_END;
}

static const struct {
    const char *name;
    int number;
} errors[] = {
#define ROW(name, number, text) {"CORO_" #name, -(number)},
    CORO_ERRORS(ROW)
#undef ROW
};

Test(macros, errors_have_names_numbers_and_sentences)
{
    for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++) {
        cr_expect(eq(int, strcmp(coro_error_name(errors[i].number), errors[i].name), 0));
        CHECK(strlen(coro_strerror(errors[i].number)) > 3);
        CHECK(errors[i].number < 0);
    }
    CHECK(coro_error_name(0) == NULL && coro_error_name(-9999) == NULL);
    CHECK(strcmp(coro_strerror(0), "success") == 0);
    CHECK(strlen(coro_strerror(-9999)) > 0 && strlen(coro_strerror(-71)) > 0);
    CHECK(strlen(coro_strerror(17)) > 0);
}

Test(macros, runs)
{
    coro_test_options options = {.seed = 3};
    coro_loop_options plain = {.backend = NULL};
    coro_loop loop;
    CHECK(coro_test_run(blocks()) == 0);
    CHECK(coro_test_run_seed(several(), 7) == 0);
    CHECK(coro_test_run_with(several(), &options) == 0);
    CHECK(coro_run(serves()) == 0);
    CHECK(coro_run_with(bare(), &plain) == 0);
    CHECK(coro_main(bare()) == 0);
    CHECK(coro_loop_init(&loop, NULL) == 0);
    CHECK(coro_loop_run_until_complete(&loop, bare()) == 0);
    coro_loop_close(&loop);
    CORO_CHECK(true, "is never said");
}
