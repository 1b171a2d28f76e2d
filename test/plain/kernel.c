/* SPDX-License-Identifier: MIT */
/*
 * kernel.c - the kernel without a test framework: for valgrind, for cross compilers, for
 * configurations that no host has (16-bit ticks, no heap, no scopes, no joins).
 *
 * One program a section; what it writes to the log is compared.
 */
#include "world.h"

/* --- turns and time -------------------------------------------------------------------------- */

ASYNC(takes_turns, ARGS(char, name), VARS(int i;))
{
    ASYNC_BEGIN;
    for (self->i = 0; self->i < 3; self->i++) {
        say(self->name, self->i);
        AWAIT(coro_yield());
    }
    ASYNC_END;
}

ASYNC(sleeps, ARGS(char, name, int, ms))
{
    ASYNC_BEGIN;
    AWAIT(coro_sleep(CORO_MS(self->ms)));
    say(self->name, elapsed());
    ASYNC_END;
}

static void test_turns_and_time(void)
{
    begin();
    START(takes_turns('a'));
    START(takes_turns('b'));
    FINISH("a0 b0 a1 b1 a2 b2 ");

    begin();
    START(sleeps('a', 30));
    START(sleeps('b', 10));
    START(sleeps('c', 20));
    START(sleeps('d', 10));
    START(sleeps('e', 0));
    START(sleeps('f', 1000));
    FINISH("e0 b10 d10 c20 a30 f1000 ");
}

/* --- calls ----------------------------------------------------------------------------------- */

ASYNC(sum_to, RETURNS(long), ARGS(int, n), VARS(long rest;))
{
    ASYNC_BEGIN;
    if (self->n == 0)
        AWAIT(coro_sleep(CORO_MS(1)));
    else
        AWAIT(self->rest, sum_to(self->n - 1));
    ASYNC_RETURN(self->rest + self->n);
    ASYNC_END;
}

ASYNC(fails, ARGS(int, error, int, ms))
{
    ASYNC_BEGIN;
    if (self->ms > 0)
        AWAIT(coro_sleep(CORO_MS(self->ms)));
    ASYNC_THROW(self->error);
  ASYNC_FINALLY:
    AWAIT(coro_sleep(CORO_MS(1)));
    say('f', 0);
    ASYNC_END;
}

ASYNC(calls, VARS(long sum; int error;))
{
    ASYNC_BEGIN;
    AWAIT(self->sum, sum_to(100));
    say('s', (int)self->sum);
    AWAIT(self->sum, sum_to(1000));
    say('s', self->sum == 500500L);
    ASYNC_TRY;
    AWAIT(fails(CORO_EIO, 1));
    say('n', 0);
    ASYNC_CATCH(self->error);
    say('e', -self->error);
    ASYNC_END_TRY;
    AWAIT_CATCH(self->error, fails(CORO_EPIPE, 0));
    say('e', -self->error);
    ASYNC_END;
}

ASYNC(generates, YIELDS(int), VARS(int i;))
{
    ASYNC_BEGIN;
    for (self->i = 0; self->i < 3; self->i++)
        YIELD(self->i * self->i);
    ASYNC_END;
}

static void test_calls(void)
{
    static struct generates frame;
    coro_driver driver;
    begin();
    START(calls());
    FINISH("s5050 s1 f0 e5 f0 e32 ");

    begin();
    coro_driver_init(&driver, &generates_at(&frame)->coro);
    while (coro_resume(&driver))
        say('g', frame.result);
    coro_driver_close(&driver);
    FINISH("g0 g1 g4 ");
}

/* --- meeting places -------------------------------------------------------------------------- */

static coro_queue queue;
static int places[2];
static coro_semaphore semaphore;
static coro_future future;

ASYNC(produces, VARS(int i;))
{
    ASYNC_BEGIN;
    for (self->i = 0; self->i < 6; self->i++)
        AWAIT(coro_queue_put(&queue, &self->i));
    coro_queue_shutdown(&queue, false);
    ASYNC_END;
}

ASYNC(consumes, ARGS(char, name), VARS(int item, error;))
{
    ASYNC_BEGIN;
    for (;;) {
        AWAIT_CATCH(self->error, coro_queue_get(&queue, &self->item));
        if (self->error != 0)
            break;
        say(self->name, self->item);
    }
    CHECK(self->error == CORO_ECLOSED);
    ASYNC_END;
}

ASYNC(uses, ARGS(char, name))
{
    ASYNC_BEGIN;
    AWAIT(coro_semaphore_acquire(&semaphore));
    AWAIT(coro_sleep(CORO_MS(5)));
    say(self->name, elapsed());
    coro_semaphore_release(&semaphore);
    ASYNC_END;
}

ASYNC(awaits_future, ARGS(char, name), VARS(int *value;))
{
    ASYNC_BEGIN;
    AWAIT(self->value, coro_future_wait(&future));
    say(self->name, *self->value);
    ASYNC_END;
}

ASYNC(sets_future)
{
    ASYNC_BEGIN;
    AWAIT(coro_sleep(CORO_MS(5)));
    coro_future_set_result(&future, &places[0]);
    ASYNC_END;
}

static void test_meeting_places(void)
{
    begin();
    coro_queue_init(&queue, places, sizeof places[0], 2);
    START(consumes('a'));
    START(produces());
    START(consumes('b'));
    FINISH("b1 b2 b3 a0 b4 a5 ");

    begin();
    coro_semaphore_init(&semaphore, 1);
    START(uses('a'));
    START(uses('b'));
    START(uses('c'));
    FINISH("a5 b10 c15 ");

    begin();
    memset(&future, 0, sizeof future);
    places[0] = 7;
    START(awaits_future('a'));
    START(awaits_future('b'));
    START(sets_future());
    FINISH("a7 b7 ");
}

#if CORO_SCOPES && CORO_JOINS

/* --- cancelling ------------------------------------------------------------------------------ */

ASYNC(lasts, ARGS(char, name))
{
    ASYNC_BEGIN;
    AWAIT(coro_sleep(CORO_FOREVER));
    say('n', 0);
  ASYNC_FINALLY:
    AWAIT(coro_sleep(CORO_MS(5)));
    say(self->name, elapsed());
    ASYNC_END;
}

ASYNC(limits, VARS(coro_scope limit, shield; int error;))
{
    ASYNC_BEGIN;
    ASYNC_TRY;
    CORO_TIMEOUT(self->limit, CORO_MS(10)) {
        AWAIT(lasts('a'));
    }
    ASYNC_CATCH(self->error);
    say('e', -self->error);
    ASYNC_END_TRY;
    AWAIT_CATCH(self->error, coro_wait_for(lasts('b'), CORO_MS(10)));
    say('e', -self->error);
    CORO_TIMEOUT(self->limit, CORO_MS(10)) {
        CORO_SHIELD(self->shield) {
            AWAIT_CATCH(self->error, coro_sleep(CORO_MS(20)));
            say('s', self->error);
        }
        AWAIT_CATCH(self->error, coro_sleep(CORO_MS(20)));
        say('e', -self->error);
        break;
    }
    say('x', coro_timeout_expired(&self->limit));
    ASYNC_END;
}

ASYNC(cancels, VARS(coro_task *task; int error;))
{
    ASYNC_BEGIN;
    self->task = coro_create_task(lasts('c'));
    AWAIT(coro_sleep(CORO_MS(10)));
    CHECK(coro_task_cancel(self->task));
    AWAIT_CATCH(self->error, coro_task_join(self->task));
    say('e', -self->error);
    coro_task_release(self->task);
    self->task = coro_create_task(fails(CORO_EIO, 1));
    coro_task_release(self->task);
    ASYNC_END;
}

/* The sleep and the timeout are due at once: the earlier one counts. */
ASYNC(late, VARS(coro_scope limit; int error;))
{
    ASYNC_BEGIN;
    ASYNC_TRY;
    CORO_TIMEOUT(self->limit, CORO_MS(10)) {
        now = (coro_time)(now + (coro_time)CORO_MS(1));
        AWAIT(coro_sleep(CORO_MS(15)));
        say('n', 0);
    }
    ASYNC_CATCH(self->error);
    say('e', -self->error);
    ASYNC_END_TRY;
    ASYNC_END;
}

ASYNC(keeps_busy)
{
    ASYNC_BEGIN;
    AWAIT(coro_sleep(CORO_MS(5)));
    now = (coro_time)(now + (coro_time)CORO_MS(50));
    ASYNC_END;
}

static void test_cancelling(void)
{
    begin();
    START(limits());
    FINISH("a15 e110 b30 e110 s0 e125 x1 ");

    begin();
    START(cancels());
    FINISH("c15 e125 f0 ");
    CHECK(reports == 1 && reported == CORO_EIO);

    begin();
    START(late());
    START(keeps_busy());
    FINISH("e110 ");

    begin(); /* what is left is cancelled by the close */
    START(lasts('c'));
    coro_loop_run_once(&loop, false);
    coro_pool_current_ = NULL;
    coro_loop_close(&loop);
    CHECK(strcmp(log_text, "c5 ") == 0 && loop.pool.live == 0 && blocks == 0);
}

/* --- groups ---------------------------------------------------------------------------------- */

ASYNC(groups, VARS(coro_group group; int error; long a, b;))
{
    ASYNC_BEGIN;
    CORO_GROUP(self->group) {
        coro_group_create_task(&self->group, sleeps('a', 10));
        coro_group_create_task(&self->group, sleeps('b', 5));
    }
    say('g', elapsed());
    ASYNC_TRY;
    CORO_GROUP(self->group) {
        coro_group_create_task(&self->group, lasts('l'));
        coro_group_create_task(&self->group, fails(CORO_EIO, 5));
        AWAIT(coro_sleep(CORO_MS(100)));
    }
    ASYNC_CATCH(self->error);
    say('e', -self->error);
    ASYNC_END_TRY;
#if CORO_HOSTED
    CHECK(coro_group_errors(&self->group, NULL, NULL) == 1);
#endif
    AWAIT(coro_gather(coro_into(&self->a, sum_to(4)), coro_into(&self->b, sum_to(5)),
                      coro_only(coro_sleep(CORO_MS(3)))));
    say('s', (int)(10 * self->a + self->b));
    ASYNC_END;
}

static void test_groups(void)
{
    begin();
    START(groups());
    FINISH("b5 a10 g10 f0 l21 e5 s115 ");
}

/* --- without memory -------------------------------------------------------------------------- */

static coro_task task_of_ours;
static struct sum_to frame_of_ours;

ASYNC(eats_all, VARS(int error;))
{
    ASYNC_BEGIN;
    AWAIT_CATCH(self->error, sum_to(30000));
    say('e', -self->error);
    AWAIT_CATCH(self->error, coro_sleep(CORO_MS(1))); /* needs none */
    say('e', -self->error);
    ASYNC_END;
}

static void test_memory(void)
{
    begin();
    arena_used = sizeof arena.bytes - 100000;
    START(eats_all());
    FINISH("e12 e0 ");

    begin();
    CHECK(coro_task_start_at(&loop, &task_of_ours, sum_to_at(&frame_of_ours, 0)) == 0);
    FINISH("");
    CHECK(coro_task_done(&task_of_ours) && frame_of_ours.result == 0);
}

#else
#define test_cancelling() (void)0
#define test_groups() (void)0
#define test_memory() (void)0
#endif

int main(void)
{
    test_turns_and_time();
    test_calls();
    test_meeting_places();
    test_cancelling();
    test_groups();
    test_memory();
    puts("ok");
    return 0;
}
