/* SPDX-License-Identifier: MIT */
/*
 * test_misuse.c: what only a bug in the program does stops the program, with file, line and
 * what to do. What a correct program can meet by timing is an error, and tested elsewhere.
 */
#include "loop_fixture.h"

#include <pthread.h>
#include <signal.h>

SUITE(misuse);

#define TRAPS(name) Test(misuse, name, .signal = SIGABRT)

ASYNC(nothing)
{
    ASYNC_BEGIN;
    ASYNC_END;
}

ASYNC(number, RETURNS(int))
{
    ASYNC_BEGIN;
    ASYNC_RETURN(1);
    ASYNC_END;
}

/* --- awaiting ------------------------------------------------------------------------------ */

static struct nothing *the_same;

ASYNC(awaits, ARGS(int, times))
{
    ASYNC_BEGIN;
    while (self->times-- > 0)
        AWAIT(the_same);
    ASYNC_END;
}

TRAPS(awaiting_null)
{
    (void)RUN(awaits(1));
}

TRAPS(awaiting_a_call_that_has_finished)
{
    static struct nothing frame;
    the_same = nothing_at(&frame);
    (void)RUN(awaits(2));
}

static coro_header *itself;

ASYNC(awaits_itself)
{
    ASYNC_BEGIN;
    itself = &self->coro;
    AWAIT((coro_any *)itself);
    ASYNC_END;
}

TRAPS(awaiting_ones_own_frame)
{
    (void)RUN(awaits_itself());
}

TRAPS(a_frame_at_null)
{
    (void)RUN(nothing_at(NULL));
}

ASYNC(starts_a_task_of, ARGS(coro_any *, call))
{
    ASYNC_BEGIN;
    coro_task_release(coro_create_task(self->call));
    ASYNC_END;
}

TRAPS(a_task_of_null)
{
    (void)RUN(starts_a_task_of(NULL));
}

ASYNC(gathers_null)
{
    ASYNC_BEGIN;
    AWAIT(coro_gather(coro_only(the_same)));
    ASYNC_END;
}

TRAPS(a_gather_of_null)
{
    (void)RUN(gathers_null());
}

ASYNC(discards_itself)
{
    ASYNC_BEGIN;
    AWAIT(coro_yield());
    coro_discard(self);
    ASYNC_END;
}

TRAPS(discarding_a_call_that_was_started)
{
    (void)RUN(discards_itself());
}

/* --- resuming ------------------------------------------------------------------------------ */

TRAPS(resuming_a_finished_chain)
{
    static struct nothing frame;
    coro_driver driver;
    coro_driver_init(&driver, &nothing_at(&frame)->coro);
    EQ(coro_resume(&driver), false);
    (void)coro_resume(&driver);
}

TRAPS(resuming_a_frame_that_was_overwritten)
{
    static struct nothing frame;
    coro_driver driver;
    coro_driver_init(&driver, &nothing_at(&frame)->coro);
    frame.coro.state = 12345;
    (void)coro_resume(&driver);
}

ASYNC(sleeps)
{
    ASYNC_BEGIN;
    AWAIT(coro_sleep(CORO_MS(1)));
    ASYNC_END;
}

TRAPS(a_sleep_without_a_loop)
{
    coro_driver driver;
    coro_driver_init(&driver, &sleeps()->coro);
    (void)coro_resume(&driver);
}

ASYNC(limits, VARS(coro_scope scope;))
{
    ASYNC_BEGIN;
    CORO_TIMEOUT(self->scope, CORO_MS(1)) {
        AWAIT(nothing());
    }
    ASYNC_END;
}

TRAPS(a_timeout_without_a_loop)
{
    coro_driver driver;
    coro_driver_init(&driver, &limits()->coro);
    (void)coro_resume(&driver);
}

ASYNC(suspends)
{
    ASYNC_BEGIN;
    ASYNC_SUSPEND;
    ASYNC_END;
}

TRAPS(suspending_in_a_task_with_nothing_to_wait_for)
{
    (void)RUN(suspends());
}

/* --- results ------------------------------------------------------------------------------- */

ASYNC(falls_off, RETURNS(int), ARGS(bool, falls))
{
    ASYNC_BEGIN;
    AWAIT(coro_yield());
    if (!self->falls)
        ASYNC_RETURN(1);
    ASYNC_END;
}

TRAPS(falling_off_the_end_where_a_result_is_due)
{
    (void)RUN(falls_off(true));
}

ASYNC(returns_nothing, RETURNS(int))
{
    ASYNC_BEGIN;
    ASYNC_RETURN();
  ASYNC_FINALLY:
    ASYNC_END;
}

TRAPS(an_empty_return_where_a_result_is_due)
{
    (void)RUN(returns_nothing());
}

ASYNC(returns_in_finally)
{
    ASYNC_BEGIN;
  ASYNC_FINALLY:
    AWAIT(coro_yield());
    ASYNC_RETURN();
    ASYNC_END;
}

TRAPS(return_in_finally)
{
    (void)RUN(returns_in_finally());
}

ASYNC(returns_in_a_block_in_finally, VARS(coro_scope scope;))
{
    ASYNC_BEGIN;
  ASYNC_FINALLY:
    CORO_TIMEOUT(self->scope, CORO_MS(1)) {
        AWAIT(coro_yield());
        ASYNC_RETURN();
    }
    ASYNC_END;
}

TRAPS(return_in_a_block_in_finally)
{
    (void)RUN(returns_in_a_block_in_finally());
}

ASYNC(throws_in_finally)
{
    ASYNC_BEGIN;
  ASYNC_FINALLY:
    AWAIT(coro_yield());
    ASYNC_THROW(CORO_EIO);
    ASYNC_END;
}

TRAPS(throw_in_finally)
{
    (void)RUN(throws_in_finally());
}

ASYNC(throws, ARGS(int, error))
{
    ASYNC_BEGIN;
    ASYNC_THROW(self->error);
    ASYNC_END;
}

TRAPS(throwing_no_error)
{
    (void)RUN(throws(0));
}

TRAPS(throwing_a_positive_number)
{
    (void)RUN(throws(5));
}

TRAPS(failing_a_future_with_no_error)
{
    coro_future future = CORO_FUTURE_INIT;
    coro_future_set_error(&future, 0);
}

/* --- blocks -------------------------------------------------------------------------------- */

ASYNC(leaves_by_goto, ARGS(bool, awaits), VARS(coro_scope scope;))
{
    ASYNC_BEGIN;
    CORO_TIMEOUT(self->scope, CORO_MS(1)) {
        AWAIT(coro_yield());
        goto out;
    }
out:
    if (self->awaits)
        AWAIT(coro_yield());
    ASYNC_END;
}

TRAPS(goto_out_of_a_block_traps_at_the_next_await)
{
    (void)RUN(leaves_by_goto(true));
}

TRAPS(goto_out_of_a_block_traps_at_the_end)
{
    (void)RUN(leaves_by_goto(false));
}

ASYNC(enters_twice, VARS(coro_scope scope;))
{
    ASYNC_BEGIN;
    CORO_SHIELD(self->scope) {
        CORO_TIMEOUT(self->scope, CORO_MS(1)) {
            AWAIT(coro_yield());
        }
    }
    ASYNC_END;
}

TRAPS(entering_a_scope_twice)
{
    (void)RUN(enters_twice());
}

ASYNC(enters_a_group_twice, VARS(coro_group group;))
{
    ASYNC_BEGIN;
    CORO_GROUP(self->group) {
        CORO_GROUP(self->group) {
            AWAIT(coro_yield());
        }
    }
    ASYNC_END;
}

TRAPS(entering_a_group_twice)
{
    (void)RUN(enters_a_group_twice());
}

/* --- tasks and loops ----------------------------------------------------------------------- */

ASYNC(joins_as_another, VARS(coro_task *task; int result;))
{
    ASYNC_BEGIN;
    self->task = coro_create_task(falls_off(false));
    CORO_JOIN(self->result, number, self->task);
    ASYNC_END;
}

TRAPS(joining_with_the_name_of_another_function)
{
    (void)RUN(joins_as_another());
}

ASYNC(releases_twice, VARS(coro_task *task;))
{
    ASYNC_BEGIN;
    self->task = coro_create_task(sleeps());
    coro_task_release(self->task);
    coro_task_release(self->task);
    ASYNC_END;
}

TRAPS(releasing_a_task_twice)
{
    (void)RUN(releases_twice());
}

ASYNC(closes_the_loop)
{
    ASYNC_BEGIN;
    coro_loop_close(&loop);
    ASYNC_END;
}

TRAPS(closing_a_loop_that_runs)
{
    (void)RUN(closes_the_loop());
}

TRAPS(running_a_loop_that_is_closed)
{
    open_loop();
    close_loop();
    (void)coro_loop_run_once(&loop, false);
}

TRAPS(a_task_without_a_loop)
{
    coro_task_release(coro_create_task(nothing()));
}

TRAPS(a_queue_without_room)
{
    coro_queue queue;
    int item;
    coro_queue_init(&queue, &item, sizeof item, 0);
}

/* --- threads ------------------------------------------------------------------------------- */

static coro_task *the_task;
static coro_future the_future;

static void *cancel_it(void *unused)
{
    coro_task_cancel(the_task);
    return unused;
}

static void *release_it(void *unused)
{
    coro_task_release(the_task);
    return unused;
}

static void *wake_it(void *unused)
{
    coro_future_set_result(&the_future, NULL);
    return unused;
}

static void *create_one(void *unused)
{
    coro_task_release(coro_loop_create_task(&loop, nothing()));
    return unused;
}

static void *run_it(void *unused)
{
    (void)coro_loop_run_task(&loop, the_task);
    return unused;
}

static void *close_it(void *unused)
{
    coro_loop_close(&loop);
    return unused;
}

ASYNC(waits_for_the_future)
{
    ASYNC_BEGIN;
    AWAIT(coro_future_wait(&the_future));
    ASYNC_END;
}

static void in_another_thread(void *(*function)(void *))
{
    pthread_t thread;
    open_loop();
    the_task = coro_loop_create_task(&loop, waits_for_the_future());
    (void)coro_loop_run_once(&loop, false);
    EQ(pthread_create(&thread, NULL, function, NULL), 0);
    EQ(pthread_join(thread, NULL), 0);
}

TRAPS(cancelling_a_task_of_another_thread)
{
    in_another_thread(cancel_it);
}

TRAPS(releasing_a_task_of_another_thread)
{
    in_another_thread(release_it);
}

TRAPS(waking_a_task_of_another_thread)
{
    in_another_thread(wake_it);
}

TRAPS(creating_a_task_for_another_thread)
{
    in_another_thread(create_one);
}

TRAPS(running_the_loop_of_another_thread)
{
    in_another_thread(run_it);
}

TRAPS(closing_the_loop_of_another_thread)
{
    in_another_thread(close_it);
}
