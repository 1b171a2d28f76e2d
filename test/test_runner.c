/* SPDX-License-Identifier: MIT */
/*
 * test_runner.c: several runs on one loop and one context, and what ^C does to them. The clock is
 * virtual, the signals are real.
 */
#define _POSIX_C_SOURCE 200809L
#include "helper.h"

#include <coro/callback.h>
#include <coro/flag.h>
#include <coro/run.h>
#include <coro/runner.h>
#include <coro/signals.h>

#include "poll/poll.h"

#include <criterion/redirect.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define EQ(actual, expected) cr_assert(eq(long, (long)(actual), (long)(expected)))
#define HOLDS(condition) cr_assert(ne(int, (condition) ? 1 : 0, 0), "%s", #condition)

/* nohup and background shells leave SIGINT ignored; the runner would leave it alone. */
static void interruptible(void)
{
    signal(SIGINT, SIG_DFL);
}

TestSuite(runner, .timeout = TEST_TIMEOUT_S, .init = interruptible);

static coro_runner runner;

static void open_runner(bool sigint)
{
    coro_runner_options options = {.sigint = sigint};
    options.loop.backend = &coro_sim_backend;
    coro_runner_init(&runner, &options);
}

/* --- runs ------------------------------------------------------------------------------------ */

CORO_CONTEXT_VAR(int, depth, -1);

ASYNC(reads_and_adds, RETURNS(int), ARGS(int *, out))
{
    ASYNC_BEGIN;
    *self->out = coro_context_get(depth);
    EQ(coro_context_set(depth, *self->out < 0 ? 1 : *self->out + 1, NULL), 0);
    AWAIT(coro_sleep(CORO_MS(1)));
    ASYNC_RETURN(0);
    ASYNC_END;
}

Test(runner, c146_runs_share_one_context)
{
    int seen[3];
    open_runner(false);
    for (int i = 0; i < 3; i++)
        EQ(coro_runner_run(&runner, reads_and_adds(&seen[i])), 0);
    EQ(seen[0], -1);
    EQ(seen[1], 1);
    EQ(seen[2], 2);
    coro_runner_close(&runner);
}

ASYNC(fails, ARGS(int, error))
{
    ASYNC_BEGIN;
    AWAIT(coro_yield());
    ASYNC_THROW(self->error);
    ASYNC_END;
}

Test(runner, c146_a_closed_runner_refuses_and_closing_it_twice_is_fine)
{
    open_runner(false);
    EQ(coro_runner_run(&runner, fails(CORO_EPIPE)), CORO_EPIPE);
    HOLDS(coro_runner_loop(&runner) == &runner.loop);
    coro_runner_close(&runner);
    EQ(coro_runner_run(&runner, fails(CORO_EPIPE)), CORO_ECLOSED);
    HOLDS(coro_runner_loop(&runner) == NULL);
    coro_runner_close(&runner);
}

ASYNC(runs_inside, VARS(coro_runner inner;))
{
    ASYNC_BEGIN;
    coro_runner_init(&self->inner, NULL);
    EQ(coro_runner_run(&self->inner, fails(CORO_EPIPE)), CORO_EBUSY);
    EQ(coro_runner_run(&runner, fails(CORO_EPIPE)), CORO_EBUSY);
    coro_runner_close(&self->inner);
    AWAIT(coro_sleep(CORO_MS(1)));
    ASYNC_THROW(CORO_EIO);
    ASYNC_END;
}

Test(runner, c146_a_run_inside_of_a_run_is_refused_and_the_outer_one_goes_on)
{
    open_runner(false);
    EQ(coro_runner_run(&runner, runs_inside()), CORO_EIO);
    coro_runner_close(&runner);
}

static int ended;

ASYNC(stays)
{
    ASYNC_BEGIN;
    AWAIT(coro_sleep(CORO_SECONDS(3600)));
  ASYNC_FINALLY:
    AWAIT(coro_sleep(CORO_MS(1)));
    ended++;
    ASYNC_END;
}

ASYNC(leaves_a_task)
{
    ASYNC_BEGIN;
    coro_task_release(coro_create_task(stays()));
    AWAIT(coro_yield());
    ASYNC_END;
}

Test(runner, what_a_run_leaves_lives_until_the_close)
{
    open_runner(false);
    EQ(coro_runner_run(&runner, leaves_a_task()), 0);
    EQ(coro_runner_run(&runner, leaves_a_task()), 0);
    EQ(ended, 0);
    coro_runner_close(&runner);
    EQ(ended, 2);
}

Test(runner, a_runner_that_ran_nothing_has_nothing_to_close)
{
    open_runner(true);
    coro_runner_close(&runner);
}

/* --- ^C -------------------------------------------------------------------------------------- */

static coro_handle interrupt;
static coro_task *the_task;
static int times;

static void raises(void *context)
{
    (void)context;
    for (int i = 0; i < times; i++)
        raise(SIGINT);
}

ASYNC(is_interrupted, ARGS(coro_duration, after, coro_duration, clean_up))
{
    ASYNC_BEGIN;
    the_task = coro_current_task();
    EQ(coro_loop_call_later(coro_loop_current(), &interrupt, self->after, raises, NULL), 0);
    AWAIT(coro_sleep(CORO_SECONDS(3600)));
  ASYNC_FINALLY:
    AWAIT(coro_sleep(self->clean_up));
    ended++;
    ASYNC_END;
}

Test(runner, c145_an_interrupt_cancels_the_call_and_its_clean_up_runs)
{
    coro_time began;
    open_runner(true);
    began = coro_loop_time(coro_runner_loop(&runner));
    times = 1;
    EQ(coro_runner_run(&runner, is_interrupted(CORO_MS(100), CORO_MS(10))), CORO_EINTR);
    EQ(ended, 1);
    EQ(coro_loop_time(&runner.loop) - began, CORO_MS(110));
    EQ(coro_runner_run(&runner, is_interrupted(0, CORO_MS(10))), CORO_EINTR);
    EQ(ended, 2);
    coro_runner_close(&runner);
}

Test(runner, c145_the_second_interrupt_ends_the_run)
{
    open_runner(true);
    times = 2;
    EQ(coro_runner_run(&runner, is_interrupted(CORO_MS(100), CORO_SECONDS(3600))), CORO_EINTR);
    EQ(ended, 0);
    coro_runner_close(&runner); /* which waits for the clean-up: time is virtual here */
    EQ(ended, 1);
}

static void cancels(void *context)
{
    (void)context;
    coro_task_cancel(the_task);
}

ASYNC(is_cancelled_too, ARGS(bool, first), VARS(coro_handle cancel;))
{
    ASYNC_BEGIN;
    the_task = coro_current_task();
    times = 1;
    EQ(coro_loop_call_later(coro_loop_current(), &interrupt, CORO_MS(2), raises, NULL), 0);
    EQ(coro_loop_call_later(coro_loop_current(), &self->cancel, CORO_MS(self->first ? 1 : 3),
                            cancels, NULL),
       0);
    AWAIT(coro_sleep(CORO_SECONDS(3600)));
  ASYNC_FINALLY:
    AWAIT(coro_sleep(CORO_MS(5)));
    ASYNC_END;
}

Test(runner, c145_a_cancel_by_somebody_else_stays_a_cancel)
{
    open_runner(true);
    EQ(coro_runner_run(&runner, is_cancelled_too(true)), CORO_ECANCELED);
    EQ(coro_runner_run(&runner, is_cancelled_too(false)), CORO_ECANCELED);
    coro_runner_close(&runner);
}

static unsigned long turned;

ASYNC(never_waits)
{
    ASYNC_BEGIN;
    raise(SIGINT);
    for (;;) {
        turned++;
        AWAIT(coro_yield());
    }
    ASYNC_END;
}

Test(runner, c145_a_task_that_is_always_ready_is_interrupted_too)
{
    open_runner(true);
    EQ(coro_runner_run(&runner, never_waits()), CORO_EINTR);
    HOLDS(turned < 1000);
    coro_runner_close(&runner);
}

static void default_again(void)
{
    struct sigaction now;
    EQ(sigaction(SIGINT, NULL, &now), 0);
    HOLDS(now.sa_handler == SIG_DFL);
}

Test(runner, after_the_run_the_default_is_back)
{
    open_runner(true);
    times = 1;
    EQ(coro_runner_run(&runner, is_interrupted(CORO_MS(1), 0)), CORO_EINTR);
    default_again();
    coro_runner_close(&runner);
    default_again();
}

static void programs_own(int signo)
{
    (void)signo;
    ended++;
}

Test(runner, a_handler_of_the_programs_own_is_left_alone)
{
    signal(SIGINT, programs_own);
    open_runner(true);
    times = 1;
    EQ(coro_runner_run(&runner, fails(CORO_EIO)), CORO_EIO);
    raise(SIGINT);
    EQ(ended, 1);
    coro_runner_close(&runner);
}

ASYNC(listens, RETURNS(int), VARS(int signo;))
{
    ASYNC_BEGIN;
    EQ(coro_loop_call_later(coro_loop_current(), &interrupt, CORO_MS(10), raises, NULL), 0);
    AWAIT(self->signo, coro_signal_wait(CORO_SIGNAL(SIGINT)));
    AWAIT(coro_sleep(CORO_MS(10)));
    EQ(self->signo, SIGINT);
    ended++;
    ASYNC_RETURN(self->signo);
    ASYNC_END;
}

Test(runner, a_program_that_listens_hears_it_instead)
{
    coro_runner_options options = {.sigint = true}; /* the real clock: signals come by epoll */
    coro_runner_init(&runner, &options);
    times = 1;
    EQ(coro_runner_run(&runner, listens()), 0);
    EQ(ended, 1);
    default_again();
    coro_runner_close(&runner);
}

ASYNC(waits_for_nothing, VARS(coro_flag flag;))
{
    ASYNC_BEGIN;
    AWAIT(coro_flag_wait(&self->flag));
    ASYNC_END;
}

static void hears(void *context, const coro_report *report)
{
    *(int *)context = report->kind == CORO_REPORT_DEADLOCK;
}

Test(runner, an_interrupt_that_may_come_is_nothing_to_wait_for)
{
    int heard = 0;
    coro_runner_options options = {.sigint = true};
    options.loop.report = hears;
    options.loop.context = &heard;
    coro_runner_init(&runner, &options);
    EQ(coro_runner_run(&runner, waits_for_nothing()), CORO_EDEADLK);
    EQ(heard, 1);
    coro_runner_close(&runner);
}

static int as_main(void)
{
    return coro_main(is_interrupted(CORO_MS(1), 0));
}

Test(runner, coro_main_answers_130_after_an_interrupt_as_shells_have_it)
{
    times = 1;
    EQ(as_main(), 130);
    EQ(ended, 1);
}
