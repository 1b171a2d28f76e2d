/* SPDX-License-Identifier: MIT */
/*
 * test_flag.c: one bit, one waiter: a level that is kept until somebody takes it.
 */
#include "loop_fixture.h"

#include <coro/flag.h>

SUITE(flag);

static coro_flag flag;

ASYNC(waits, ARGS(char, name), VARS(int error;))
{
    ASYNC_BEGIN;
    AWAIT_CATCH(self->error, coro_flag_wait(&flag));
    say("%c%d@%ld ", self->name, self->error, now_ms());
    ASYNC_END;
}

ASYNC(set_before_wait)
{
    ASYNC_BEGIN;
    coro_flag_set(&flag);
    coro_flag_set(&flag); /* twice is once */
    AWAIT(waits('a'));
    EQ(flag.set, false);
    AWAIT(coro_wait_for(waits('b'), CORO_MS(5)));
    ASYNC_END;
}

Test(flag, a_set_that_nobody_waits_for_is_kept_for_one_wait)
{
    EQ(RUN(set_before_wait()), 0);
    SAID("a0@0 b-125@5 ");
}

static coro_task *tasks[2];

static void release_tasks(void)
{
    coro_task_release(tasks[0]);
    coro_task_release(tasks[1]);
}

ASYNC(set_while_waiting)
{
    ASYNC_BEGIN;
    tasks[0] = coro_create_task(waits('a'));
    tasks[1] = coro_create_task(waits('b')); /* one too many */
    AWAIT(coro_sleep(CORO_MS(1)));
    coro_flag_set(&flag);
    EQ(flag.set, false); /* it is the waiter's already */
    coro_task_cancel(tasks[0]);
    coro_flag_set(&flag);
    AWAIT(coro_yield());
    EQ(flag.set, true);
    release_tasks();
    ASYNC_END;
}

Test(flag, wakes_the_one_who_waits_and_a_second_is_refused)
{
    EQ(RUN(set_while_waiting()), 0);
    SAID("b-16@0 a0@1 ");
}

ASYNC(cancel_the_waiter)
{
    ASYNC_BEGIN;
    tasks[0] = coro_create_task(waits('a'));
    AWAIT(coro_yield());
    coro_task_cancel(tasks[0]);
    coro_flag_set(&flag); /* not lost with the waiter that has gone */
    tasks[1] = coro_create_task(waits('b'));
    AWAIT(coro_sleep(CORO_MS(1)));
    release_tasks();
    ASYNC_END;
}

Test(flag, a_cancelled_wait_takes_nothing)
{
    EQ(RUN(cancel_the_waiter()), 0);
    SAID("a-125@0 b0@0 ");
}
