/* SPDX-License-Identifier: MIT */
/*
 * test_macros_long.c: the macros that have short names, by their long ones, with the short
 * ones free for others; and all as a compiler without __typeof__ sees them.
 */
#define CORO_NO_SHORT_NAMES
#define CORO_HAS_TYPEOF 0

#include "helper.h"

#include <coro/coro.h>
#include <coro/test.h>

#include <signal.h>

SUITE(macros_long);

/* These belong to whoever wants them. */
enum { ASYNC = 1, AWAIT, ASYNC_BEGIN, ASYNC_END, ASYNC_RETURN, ASYNC_THROW, ASYNC_TRY };
enum { ASYNC_CATCH, ASYNC_END_TRY, ASYNC_FINALLY, ASYNC_SUSPEND, AWAIT_CATCH, YIELD };
enum { ASYNC_DECLARE, ASYNC_DEFINE };

#define CHECK(condition) cr_assert(ne(int, (condition) ? 1 : 0, 0), "%s", #condition)

CORO_ASYNC(bare)
{
    CORO_ASYNC_BEGIN;
    CORO_ASYNC_END;
}

typedef struct triple {
    char a;
    double b;
    short c;
} triple;

CORO_ASYNC(make_triple, RETURNS(triple), ARGS(double, b), VARS(triple t;), SCRATCH(char s[9];))
{
    CORO_ASYNC_BEGIN;
    self->t.a = 'a';
    self->t.b = self->b;
    self->t.c = 3;
    CORO_AWAIT(coro_yield());
    self->s[0] = 0;
    CORO_ASYNC_RETURN(self->t);
  CORO_ASYNC_FINALLY:
    CORO_AWAIT(coro_yield());
    CORO_ASYNC_END;
}

CORO_ASYNC_DECLARE(one_letter, RETURNS(char), ARGS(char, letter, bool, suspends));

CORO_ASYNC_DEFINE(one_letter)
{
    CORO_ASYNC_BEGIN;
    if (self->suspends)
        CORO_AWAIT(coro_yield());
    CORO_ASYNC_RETURN(self->letter);
    CORO_ASYNC_END;
}

CORO_ASYNC(throws, ARGS(int, error))
{
    CORO_ASYNC_BEGIN;
    CORO_ASYNC_THROW(self->error);
    CORO_ASYNC_END;
}

CORO_ASYNC(generates, YIELDS(char))
{
    CORO_ASYNC_BEGIN;
    CORO_YIELD('x');
    CORO_ASYNC_SUSPEND;
    CORO_ASYNC_END;
}

Test(macros_long, a_chain_without_a_loop)
{
    coro_driver driver;
    struct generates *generator = generates();
    coro_driver_init(&driver, &generator->coro);
    CHECK(coro_resume(&driver) && generator->result == 'x');
    CHECK(coro_resume(&driver) && !coro_resume(&driver));
    coro_driver_close(&driver);
}

CORO_ASYNC(takes_results, VARS(triple t; char c; int error; void *result; coro_future future;
                               coro_task *task; coro_scope limit; coro_group group;))
{
    CORO_ASYNC_BEGIN;
    CORO_AWAIT(self->t, make_triple(2.5));
    CHECK(self->t.a == 'a' && self->t.b == 2.5 && self->t.c == 3);
    CORO_AWAIT(self->c, one_letter('p', false));
    CHECK(self->c == 'p');
    CORO_AWAIT_CATCH(self->error, self->c, one_letter('q', true));
    CHECK(self->error == 0 && self->c == 'q');
    CORO_ASYNC_TRY;
    CORO_AWAIT(throws(CORO_EIO));
    CORO_ASYNC_CATCH(self->error);
    CHECK(self->error == CORO_EIO);
    CORO_ASYNC_END_TRY;
    coro_future_set_result(&self->future, self);
    CORO_AWAIT(self->result, coro_future_wait(&self->future));
    CHECK(self->result == self);
    CORO_AWAIT(coro_gather(coro_into(&self->t, make_triple(3.5)),
                           coro_into(&self->c, one_letter('r', true)), coro_only(bare())));
    CHECK(self->t.b == 3.5 && self->c == 'r');
    self->task = coro_create_task(one_letter('s', true));
    CORO_JOIN(self->c, one_letter, self->task);
    CHECK(self->c == 's');
    coro_task_release(self->task);
    CORO_AWAIT_CATCH(self->error, coro_wait_for(coro_sleep(CORO_SECONDS(9)), CORO_MS(1)));
    CHECK(self->error == CORO_ETIMEDOUT);
    CORO_TIMEOUT(self->limit, CORO_SECONDS(1)) {
        CORO_GROUP(self->group) {
            coro_group_create_task(&self->group, bare());
        }
    }
    CORO_ASYNC_END;
}

static coro_future late;

CORO_ASYNC(sets_late)
{
    CORO_ASYNC_BEGIN;
    coro_future_set_result(&late, &late);
    CORO_ASYNC_END;
}

/* Results of the library's own calls, after a wait. */
CORO_ASYNC(takes_late_results, VARS(void *result; coro_stream *a, *b; size_t n; char text[8];
                                    coro_signals signals; int signo;))
{
    CORO_ASYNC_BEGIN;
    coro_task_release(coro_create_task(sets_late()));
    CORO_AWAIT(self->result, coro_future_wait(&late));
    CHECK(self->result == &late);
    CHECK(coro_stream_pair(&self->a, &self->b, 16) == 0);
    CORO_AWAIT(coro_stream_write(self->a, "abc", 3));
    CORO_AWAIT(self->n, coro_stream_read(self->b, self->text, sizeof self->text));
    CHECK(self->n == 3);
    CORO_AWAIT(coro_stream_close(&self->a));
    CORO_AWAIT(coro_stream_close(&self->b));
    CHECK(coro_signals_open(&self->signals, CORO_SIGNAL(SIGUSR1)) == 0);
    raise(SIGUSR1);
    CORO_AWAIT(self->signo, coro_signals_next(&self->signals));
    CHECK(self->signo == SIGUSR1);
    coro_signals_close(&self->signals);
    CORO_ASYNC_END;
}

Test(macros_long, runs)
{
    CHECK(ASYNC == 1 && YIELD > 0 && ASYNC_DEFINE > ASYNC_DECLARE);
    CHECK(coro_test_run(takes_results()) == 0);
    CHECK(coro_run(takes_late_results()) == 0);
}

CORO_ASYNC(takes_wrong_size, VARS(int wide;))
{
    CORO_ASYNC_BEGIN;
    CORO_AWAIT(self->wide, one_letter('t', true)); /* a char is due */
    CORO_ASYNC_END;
}

Test(macros_long, an_lvalue_of_another_size_traps, .signal = SIGABRT)
{
    (void)coro_test_run(takes_wrong_size());
}
