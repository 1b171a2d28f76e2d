/* SPDX-License-Identifier: MIT */
/*
 * test_conformance_wait.c: asyncio's cases for wait() and as_completed(), and what
 * else their headers promise.
 */
#include "loop_fixture.h"

#include <coro/as_completed.h>
#include <coro/wait.h>

#include <signal.h>

TestSuite(conformance, .timeout = TEST_TIMEOUT_S);

ASYNC(sleeper, RETURNS(long), ARGS(long, ms, int, error))
{
    ASYNC_BEGIN;
    AWAIT(coro_sleep(CORO_MS(self->ms)));
    if (self->error != 0)
        ASYNC_THROW(self->error);
    ASYNC_RETURN(self->ms);
    ASYNC_END;
}

ASYNC(yielder, ARGS(int, times))
{
    ASYNC_BEGIN;
    while (self->times-- > 0)
        AWAIT(coro_yield());
    ASYNC_END;
}

static coro_task *start(long ms)
{
    coro_task *task = coro_create_task(sleeper(ms, 0));
    HOLDS(task != NULL);
    return task;
}

static void release(coro_task **tasks, int count)
{
    for (int i = 0; i < count; i++)
        coro_task_release(tasks[i]);
}

static void say_done(const bool *done, int count)
{
    for (int i = 0; i < count; i++)
        say("%d", done[i]);
    say("@%ld ", now_ms());
}

/* --- wait ------------------------------------------------------------------------------------- */

ASYNC(first_completed, VARS(coro_task *t[2]; bool done[2]; size_t count;))
{
    ASYNC_BEGIN;
    self->t[0] = coro_create_task(yielder(1));
    self->t[1] = coro_create_task(yielder(2));
    AWAIT(self->count, coro_wait(self->t, 2, CORO_FOREVER, CORO_FIRST_COMPLETED, self->done));
    say("%zu ", self->count);
    say_done(self->done, 2);
    release(self->t, 2);
    ASYNC_END;
}

/* It takes a turn more to wake, as asyncio's does. */
Test(conformance, c059_wait_tells_all_that_are_done_when_it_returns)
{
    EQ(RUN(first_completed()), 0);
    SAID("2 11@0 ");
}

ASYNC(of_three, ARGS(coro_wait_mode, mode, coro_duration, timeout, int, error),
      VARS(coro_task *t[3]; bool done[3]; size_t count; int i;))
{
    ASYNC_BEGIN;
    self->t[0] = coro_create_task(sleeper(10, 0));
    self->t[1] = coro_create_task(sleeper(20, self->error));
    self->t[2] = coro_create_task(sleeper(30, 0));
    AWAIT(self->count, coro_wait(self->t, 3, self->timeout, self->mode, self->done));
    say("%zu ", self->count);
    say_done(self->done, 3);
    for (self->i = 0; self->i < 3; self->i++) /* nobody was cancelled */
        EQ(coro_task_cancelling(self->t[self->i]), 0);
    AWAIT(self->count, coro_wait(self->t, 3, CORO_FOREVER, CORO_ALL_COMPLETED, NULL));
    EQ(self->count, 3);
    EQ(coro_task_error(self->t[1]), self->error);
    EQ(coro_task_error(self->t[2]), 0);
    release(self->t, 3);
    ASYNC_END;
}

Test(conformance, c060_wait_ends_at_the_first_error_or_with_all)
{
    EQ(RUN(of_three(CORO_FIRST_ERROR, CORO_FOREVER, CORO_EIO)), 0);
    EQ(RUN(of_three(CORO_FIRST_ERROR, CORO_FOREVER, CORO_ECANCELED)), 0); /* no error */
    EQ(RUN(of_three(CORO_FIRST_ERROR, CORO_FOREVER, 0)), 0);
    EQ(RUN(of_three(CORO_FIRST_COMPLETED, CORO_FOREVER, CORO_EIO)), 0);
    EQ(RUN(of_three(CORO_ALL_COMPLETED, CORO_FOREVER, CORO_EIO)), 0);
    SAID("2 110@20 3 111@60 3 111@90 1 100@100 3 111@150 ");
}

Test(conformance, c060_wait_for_the_first_or_all_under_a_limit)
{
    EQ(RUN(of_three(CORO_FIRST_COMPLETED, CORO_MS(5), 0)), 0);
    EQ(RUN(of_three(CORO_ALL_COMPLETED, 0, 0)), 0);
    EQ(RUN(of_three(CORO_ALL_COMPLETED, -5, 0)), 0);
    SAID("0 000@5 0 000@30 0 000@60 ");
}

ASYNC(limited, ARGS(long, limit_ms), VARS(coro_task *t[2]; bool done[2]; size_t count;))
{
    ASYNC_BEGIN;
    self->t[0] = start(100);
    self->t[1] = start(150);
    AWAIT(coro_yield());
    AWAIT(self->count,
          coro_wait(self->t, 2, CORO_MS(self->limit_ms), CORO_ALL_COMPLETED, self->done));
    say("%zu ", self->count);
    say_done(self->done, 2);
    EQ(coro_task_cancelling(self->t[1]), 0);
    AWAIT(coro_task_join(self->t[1]));
    say("%ld ", now_ms());
    release(self->t, 2);
    ASYNC_END;
}

Test(conformance, c061_wait_with_timeout_is_no_error_and_cancels_nobody)
{
    EQ(RUN(limited(110)), 0);
    SAID("1 10@110 150 ");
}

Test(conformance, c061_wait_concurrent_complete)
{
    EQ(RUN(limited(100)), 0);
    SAID("1 10@100 150 ");
}

ASYNC(waits_for, ARGS(coro_task **, tasks, int, count), VARS(size_t n;))
{
    ASYNC_BEGIN;
    AWAIT(self->n, coro_wait(self->tasks, (size_t)self->count, CORO_FOREVER, CORO_ALL_COMPLETED,
                             NULL));
    say("%zu ", self->n);
    ASYNC_END;
}

ASYNC(cancel_the_waiter, VARS(coro_task *t[2], *waiter; int error; long ms;))
{
    ASYNC_BEGIN;
    self->t[0] = start(100);
    self->t[1] = start(150);
    self->waiter = coro_create_task(waits_for(self->t, 2));
    AWAIT(coro_sleep(CORO_MS(10)));
    coro_task_cancel(self->waiter);
    AWAIT_CATCH(self->error, coro_task_join(self->waiter));
    say("%d@%ld ", self->error, now_ms());
    CORO_JOIN(self->ms, sleeper, self->t[0]);
    CORO_JOIN(self->ms, sleeper, self->t[1]);
    say("%ld@%ld", self->ms, now_ms());
    release(self->t, 2);
    coro_task_release(self->waiter);
    ASYNC_END;
}

Test(conformance, c062_a_cancel_of_the_waiter_leaves_the_members_running)
{
    EQ(RUN(cancel_the_waiter()), 0);
    SAID("-125@10 150@150");
}

ASYNC(let_go_meanwhile, VARS(coro_task *t[2], *waiter;))
{
    ASYNC_BEGIN;
    self->t[0] = start(10);
    self->t[1] = start(20);
    self->waiter = coro_create_task(waits_for(self->t, 2));
    AWAIT(coro_yield());
    release(self->t, 2); /* the wait holds them */
    self->t[0] = self->t[1] = NULL;
    AWAIT(coro_task_join(self->waiter));
    coro_task_release(self->waiter);
    ASYNC_END;
}

Test(conformance, wait_holds_the_tasks_that_it_waits_for)
{
    EQ(RUN(let_go_meanwhile()), 0);
    SAID("2 ");
}

ASYNC(two_wait, VARS(coro_task *t[2], *a, *b; long ms;))
{
    ASYNC_BEGIN;
    self->t[0] = start(10);
    self->t[1] = start(20);
    self->a = coro_create_task(waits_for(self->t, 1));
    self->b = coro_create_task(waits_for(self->t, 2));
    CORO_JOIN(self->ms, sleeper, self->t[0]); /* in one line with them */
    say("joined ");
    AWAIT(coro_task_join(self->b));
    release(self->t, 2);
    coro_task_release(self->a);
    coro_task_release(self->b);
    ASYNC_END;
}

Test(conformance, wait_stands_in_line_with_others_who_join)
{
    EQ(RUN(two_wait()), 0);
    SAID("joined 1 2 ");
}

ASYNC(wrong, VARS(coro_task *t[2]; size_t n; int error; bool done[1];))
{
    ASYNC_BEGIN;
    self->t[0] = coro_current_task();
    AWAIT_CATCH(self->error, self->n, coro_wait(self->t, 0, 1, CORO_ALL_COMPLETED, NULL));
    EQ(self->error, CORO_EINVAL);
    AWAIT_CATCH(self->error, self->n, coro_wait(self->t, 1, 1, CORO_ALL_COMPLETED, self->done));
    EQ(self->error, CORO_ELOOP);
    AWAIT_CATCH(self->error, self->n, coro_wait(self->t, 2, 1, CORO_ALL_COMPLETED, NULL));
    EQ(self->error, CORO_ENOMEM); /* the second is NULL */
    self->t[0] = start(1);
    AWAIT_CATCH(self->error, self->n, coro_wait(self->t, 1, 1, (coro_wait_mode)7, NULL));
    EQ(self->error, CORO_EINVAL);
    AWAIT_CATCH(self->error, self->n,
                coro_wait(self->t, 1, CORO_DURATION_INVALID, CORO_ALL_COMPLETED, NULL));
    EQ(self->error, CORO_EINVAL);
    coro_discard(coro_wait(self->t, 1, CORO_FOREVER, CORO_ALL_COMPLETED, NULL));
    AWAIT(self->n, coro_wait(self->t, 1, CORO_FOREVER, CORO_ALL_COMPLETED, NULL));
    AWAIT(self->n, coro_wait(self->t, 1, 0, CORO_FIRST_COMPLETED, self->done));
    EQ(self->n, 1);
    EQ(self->done[0], true);
    coro_task_release(self->t[0]);
    ASYNC_END;
}

Test(conformance, c060_wait_for_nothing_oneself_or_no_task_is_an_error)
{
    EQ(RUN(wrong()), 0);
}

static coro_loop other;

ASYNC(wrong_loop, ARGS(coro_task *, task), VARS(size_t n; int error; coro_as_completed it;))
{
    ASYNC_BEGIN;
    AWAIT_CATCH(self->error, self->n,
                coro_wait(&self->task, 1, CORO_FOREVER, CORO_ALL_COMPLETED, NULL));
    EQ(self->error, CORO_EWRONGLOOP);
    EQ(coro_as_completed_init(&self->it, &self->task, 1, CORO_FOREVER), CORO_EWRONGLOOP);
    ASYNC_END;
}

Test(conformance, c041_wait_for_a_task_of_another_loop_is_an_error)
{
    coro_task *task;
    open_loop();
    EQ(init_loop(&other), 0);
    task = coro_loop_create_task(&other, yielder(1));
    EQ(coro_loop_run_until_complete(&loop, wrong_loop(task)), 0);
    coro_task_release(task);
    coro_loop_close(&other);
    close_loop();
}

/* --- as_completed ----------------------------------------------------------------------------- */

ASYNC(as_they_come, ARGS(coro_duration, timeout),
      VARS(coro_task *t[3], *task; coro_as_completed it; int error; size_t calls;))
{
    ASYNC_BEGIN;
    self->t[0] = start(30);
    self->t[1] = start(10);
    self->t[2] = start(20);
    EQ(coro_as_completed_init(&self->it, self->t, 3, self->timeout), 0);
    EQ(coro_as_completed_init(&self->it, self->t, 3, self->timeout), CORO_EBUSY);
    self->calls = memory.calls;
    for (;;) {
        AWAIT_CATCH(self->error, self->task, coro_as_completed_next(&self->it));
        if (self->error != 0 || self->task == NULL)
            break;
        HOLDS(coro_task_done(self->task));
        say("%d@%ld ", self->task == self->t[0] ? 0 : self->task == self->t[1] ? 1 : 2, now_ms());
    }
    say("%d@%ld ", self->error, now_ms());
    EQ(memory.calls, self->calls); /* no step allocates */
    if (self->error != 0) {
        EQ(coro_task_cancelling(self->t[0]), 0);
        AWAIT(coro_task_join(self->t[0]));
        AWAIT(self->task, coro_as_completed_next(&self->it)); /* late, but not lost */
        EQ(self->task == self->t[0], true);
    }
    AWAIT(self->task, coro_as_completed_next(&self->it));
    EQ(self->task == NULL, true);
    coro_as_completed_close(&self->it);
    release(self->t, 3);
    ASYNC_END;
}

Test(conformance, c065_as_completed_gives_the_callers_own_handles_in_order_of_their_ends)
{
    EQ(RUN(as_they_come(CORO_FOREVER)), 0);
    SAID("1@10 2@20 0@30 0@30 ");
}

Test(conformance, c064_as_completed_with_timeout)
{
    EQ(RUN(as_they_come(CORO_MS(25))), 0);
    SAID("1@10 2@20 -110@25 ");
}

ASYNC(resumed, VARS(coro_task *t[5], *task; coro_as_completed it; int i, error; coro_scope limit;))
{
    ASYNC_BEGIN;
    for (self->i = 0; self->i < 5; self->i++)
        self->t[self->i] = start(50 - 10 * self->i);
    EQ(coro_as_completed_init(&self->it, self->t, 5, CORO_SECONDS(1)), 0);
    AWAIT(self->task, coro_as_completed_next(&self->it));
    say("%ld ", now_ms());
    AWAIT_CATCH(self->error, self->task,
                coro_wait_for(coro_as_completed_next(&self->it), CORO_MS(5)));
    say("%d@%ld ", self->error, now_ms());
    AWAIT(coro_sleep(CORO_MS(30))); /* three end meanwhile */
    for (self->i = 3; self->i >= 1; self->i--) {
        AWAIT(self->task, coro_as_completed_next(&self->it));
        EQ(self->task == self->t[self->i], true);
        EQ(now_ms(), 45);
    }
    coro_as_completed_close(&self->it); /* one is left */
    coro_as_completed_close(&self->it);
    AWAIT(self->task, coro_as_completed_next(&self->it));
    EQ(self->task == NULL, true);
    AWAIT(coro_task_join(self->t[0]));
    release(self->t, 5);
    ASYNC_END;
}

Test(conformance, c065_as_completed_is_resumed_after_a_break)
{
    EQ(RUN(resumed()), 0);
    SAID("10 -110@15 ");
}

ASYNC(steps, ARGS(coro_as_completed *, it), VARS(coro_task *task;))
{
    ASYNC_BEGIN;
    AWAIT(self->task, coro_as_completed_next(self->it));
    say("got ");
    AWAIT(coro_yield());
    say("never ");
    ASYNC_END;
}

ASYNC(cancelled_step, VARS(coro_task *t[1], *stepper, *task; coro_as_completed it; int error;))
{
    ASYNC_BEGIN;
    self->t[0] = start(20);
    EQ(coro_as_completed_init(&self->it, self->t, 1, CORO_FOREVER), 0);
    self->stepper = coro_create_task(steps(&self->it));
    AWAIT(coro_sleep(CORO_MS(10)));
    coro_task_cancel(self->stepper);
    AWAIT_CATCH(self->error, coro_task_join(self->stepper));
    say("%d@%ld ", self->error, now_ms());
    coro_task_release(self->stepper);
    AWAIT(self->task, coro_as_completed_next(&self->it));
    say("%ld", now_ms());
    EQ(self->task == self->t[0], true);
    coro_as_completed_close(&self->it);
    coro_task_release(self->t[0]);
    ASYNC_END;
}

Test(conformance, c065_a_cancelled_step_of_as_completed_loses_nothing)
{
    EQ(RUN(cancelled_step()), 0);
    SAID("-125@10 20");
}

ASYNC(wrong_steps, VARS(coro_task *t[2], *task; coro_as_completed it;))
{
    ASYNC_BEGIN;
    EQ(coro_as_completed_init(&self->it, self->t, 1, CORO_FOREVER), CORO_ENOMEM);
    self->t[0] = coro_current_task();
    EQ(coro_as_completed_init(&self->it, self->t, 1, CORO_FOREVER), CORO_ELOOP);
    EQ(coro_as_completed_init(&self->it, self->t, 0, CORO_DURATION_INVALID), CORO_EINVAL);
    EQ(coro_as_completed_init(&self->it, self->t, 0, 0), 0);
    AWAIT(self->task, coro_as_completed_next(&self->it));
    EQ(self->task == NULL, true);
    ASYNC_END;
}

Test(conformance, c065_as_completed_of_nothing_oneself_or_no_task)
{
    EQ(RUN(wrong_steps()), 0);
}

/* --- memory ----------------------------------------------------------------------------------- */

ASYNC(program, VARS(coro_task *t[2], *task; coro_as_completed it; size_t n; int error;))
{
    ASYNC_BEGIN;
    self->t[0] = coro_create_task(sleeper(5, 0));
    self->t[1] = coro_create_task(sleeper(10, 0));
    AWAIT_CATCH(self->error, self->n,
                coro_wait(self->t, 2, CORO_MS(7), CORO_ALL_COMPLETED, NULL));
    HOLDS(self->error == CORO_ENOMEM || (self->error == 0 && self->n == 1));
    self->error = coro_as_completed_init(&self->it, self->t, 2, CORO_SECONDS(1));
    HOLDS(self->error == 0 || self->error == CORO_ENOMEM);
    if (self->error == 0) {
        AWAIT_CATCH(self->error, self->task, coro_as_completed_next(&self->it));
        HOLDS(self->error == 0 || self->error == CORO_ENOMEM);
    }
  ASYNC_FINALLY:
    coro_as_completed_close(&self->it);
    release(self->t, 2);
    ASYNC_END;
}

Test(conformance, wait_and_as_completed_may_find_no_memory)
{
    static struct program frame;
    FAIL_EACH_ALLOCATION(program_at(&frame));
}

/* --- between a step's wake and its task's turn ------------------------------------------------ */

static coro_as_completed shared;

ASYNC(steps_once, VARS(coro_task *task; int error;))
{
    ASYNC_BEGIN;
    AWAIT_CATCH(self->error, self->task, coro_as_completed_next(&shared));
    say("%d %d ", self->error, self->task != NULL);
    ASYNC_END;
}

typedef enum { CLOSE, CANCEL_AND_CLOSE, STEP, CANCEL_AND_STEP } meanwhile;

ASYNC(in_between, ARGS(meanwhile, what), VARS(coro_task *t[1], *stepper, *task;))
{
    ASYNC_BEGIN;
    self->t[0] = coro_create_task(yielder(3));
    EQ(coro_as_completed_init(&shared, self->t, 1, CORO_FOREVER), 0);
    self->stepper = coro_create_task(steps_once());
    if (self->what == CLOSE || self->what == STEP)
        while (!coro_task_done(self->t[0]))
            AWAIT(coro_yield());
    else
        AWAIT(coro_yield());
    if (self->what == CANCEL_AND_CLOSE || self->what == CANCEL_AND_STEP)
        coro_task_cancel(self->stepper);
    if (self->what == STEP || self->what == CANCEL_AND_STEP)
        AWAIT(self->task, coro_as_completed_next(&shared)); /* its frame is in use */
    coro_as_completed_close(&shared);
    EQ(coro_as_completed_init(&shared, self->t, 1, CORO_FOREVER), CORO_EBUSY);
    AWAIT(coro_task_join(self->stepper));
    EQ(coro_as_completed_init(&shared, self->t, 1, CORO_FOREVER), 0);
    AWAIT(self->task, coro_as_completed_next(&shared));
    EQ(self->task == self->t[0], true);
    coro_as_completed_close(&shared);
    coro_task_release(self->stepper);
    coro_task_release(self->t[0]);
    ASYNC_END;
}

Test(conformance, c066_as_completed_closed_before_a_woken_step_has_run)
{
    EQ(RUN(in_between(CLOSE)), 0);
    EQ(RUN(in_between(CANCEL_AND_CLOSE)), 0);
    SAID("0 0 -125 0 ");
}

Test(conformance, c066_a_second_step_before_a_woken_one_has_run_traps, .signal = SIGABRT)
{
    EQ(RUN(in_between(STEP)), 0);
}

Test(conformance, c066_and_so_does_one_beside_a_cancelled_step, .signal = SIGABRT)
{
    EQ(RUN(in_between(CANCEL_AND_STEP)), 0);
}
