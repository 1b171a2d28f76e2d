/* SPDX-License-Identifier: MIT */
/* Signals as something to wait for. Storms and threads: plain/signals.c. */
#define _GNU_SOURCE
#include "helper.h"

#include <coro/flag.h>
#include <coro/gather.h>
#include <coro/run.h>
#include <coro/scope.h>
#include <coro/signals.h>
#include <coro/test.h>

#include "poll/sys.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/wait.h>

#define EQ(actual, expected) cr_assert(eq(long, (long)(actual), (long)(expected)))
#define HOLDS(condition) cr_assert(ne(int, (condition) ? 1 : 0, 0), "%s", #condition)

SUITE(signals);

static bool is_default(int signo)
{
    struct sigaction now;
    EQ(sigaction(signo, NULL, &now), 0);
    return now.sa_handler == SIG_DFL;
}

/* --- the first of a set ------------------------------------------------------------------- */

ASYNC(raise_later, ARGS(int, signo))
{
    ASYNC_BEGIN;
    AWAIT(coro_sleep(CORO_MS(1)));
    raise(self->signo);
    ASYNC_END;
}

ASYNC(wait_for_one, VARS(int signo; coro_task *other;))
{
    ASYNC_BEGIN;
    self->other = coro_create_task(raise_later(SIGUSR2));
    AWAIT(self->signo, coro_signal_wait(CORO_SIGNAL(SIGUSR1) | CORO_SIGNAL(SIGUSR2)));
    EQ(self->signo, SIGUSR2);
    HOLDS(is_default(SIGUSR1) && is_default(SIGUSR2));
    coro_task_release(self->other);
    ASYNC_END;
}

Test(signals, the_first_of_a_set_ends_the_wait)
{
    EQ(coro_run(wait_for_one()), 0);
}

Test(signals, they_come_under_the_virtual_clock_as_well)
{
    EQ(coro_test_run(wait_for_one()), 0);
}

ASYNC(wait_for_set, ARGS(uint64_t, set), VARS(int signo;))
{
    ASYNC_BEGIN;
    AWAIT(self->signo, coro_signal_wait(self->set));
    ASYNC_END;
}

Test(signals, sets_that_cannot_be_waited_for_are_refused)
{
    static const int never[] = {SIGKILL, SIGSTOP, SIGSEGV, SIGBUS, SIGFPE, SIGILL};
    EQ(coro_run(wait_for_set(0)), CORO_EINVAL);
    for (unsigned i = 0; i < sizeof never / sizeof *never; i++)
        EQ(coro_run(wait_for_set(CORO_SIGNAL(never[i]) | CORO_SIGNAL(SIGUSR1))), CORO_EINVAL);
    HOLDS(is_default(SIGUSR1));
}

Test(signals, a_signal_that_does_not_exist_is_refused_and_the_others_put_back)
{
    EQ(coro_run(wait_for_set(CORO_SIGNAL(SIGUSR1) | CORO_SIGNAL(32))), CORO_EINVAL);
    HOLDS(is_default(SIGUSR1)); /* 32 and 33 are the C library's own */
}

ASYNC(wait_in_vain, VARS(int error, signo; coro_task *task;))
{
    ASYNC_BEGIN;
    AWAIT_CATCH(self->error, self->signo,
                coro_wait_for(coro_signal_wait(CORO_SIGNAL(SIGUSR1)), CORO_MS(1)));
    EQ(self->error, CORO_ETIMEDOUT);
    HOLDS(is_default(SIGUSR1));
    self->task = coro_create_task(wait_for_set(CORO_SIGNAL(SIGUSR1)));
    AWAIT(coro_yield());
    HOLDS(!is_default(SIGUSR1));
    coro_task_cancel(self->task);
    AWAIT_CATCH(self->error, coro_task_join(self->task));
    EQ(self->error, CORO_ECANCELED);
    HOLDS(is_default(SIGUSR1));
    AWAIT(coro_yield());
    EQ(coro_loop_current()->sources, 0);
    coro_task_release(self->task);
    ASYNC_END;
}

Test(signals, a_wait_that_is_given_up_puts_the_handler_back)
{
    EQ(coro_test_run(wait_in_vain()), 0);
}

ASYNC(wait_for_several, VARS(coro_task *a, *b, *c;))
{
    ASYNC_BEGIN;
    self->a = coro_create_task(wait_for_set(CORO_SIGNAL(SIGUSR1)));
    self->b = coro_create_task(wait_for_set(CORO_SIGNAL(SIGUSR1) | CORO_SIGNAL(SIGUSR2)));
    self->c = coro_create_task(wait_for_set(CORO_SIGNAL(SIGUSR2) | CORO_SIGNAL(64)));
    AWAIT(coro_yield());
    raise(SIGUSR1);
    AWAIT(coro_task_join(self->a));
    AWAIT(coro_task_join(self->b));
    HOLDS(!coro_task_done(self->c));
    raise(64);
    AWAIT(coro_task_join(self->c));
    coro_task_release(self->a);
    coro_task_release(self->b);
    coro_task_release(self->c);
    ASYNC_END;
}

Test(signals, all_who_wait_for_it_hear_it)
{
    EQ(coro_run(wait_for_several()), 0);
    HOLDS(is_default(SIGUSR1) && is_default(SIGUSR2) && is_default(64));
}

/* --- listeners ---------------------------------------------------------------------------- */

ASYNC(c016, VARS(coro_signals signals; int signo; int error;))
{
    ASYNC_BEGIN;
    EQ(coro_signals_open(&self->signals, CORO_SIGNAL(SIGUSR1) | CORO_SIGNAL(SIGHUP)), 0);
    raise(SIGUSR1);
    raise(SIGUSR1);
    raise(SIGHUP);
    AWAIT(self->signo, coro_signals_next(&self->signals));
    EQ(self->signo, SIGHUP); /* the lowest number first */
    AWAIT(self->signo, coro_signals_next(&self->signals));
    EQ(self->signo, SIGUSR1); /* two are one */
    AWAIT_CATCH(self->error, self->signo,
                coro_wait_for(coro_signals_next(&self->signals), CORO_MS(1)));
    EQ(self->error, CORO_ETIMEDOUT);
    raise(SIGUSR1); /* while nobody waits */
    AWAIT(coro_sleep(CORO_MS(1)));
    AWAIT(self->signo, coro_signals_next(&self->signals));
    EQ(self->signo, SIGUSR1);
    coro_signals_close(&self->signals);
    HOLDS(is_default(SIGUSR1) && is_default(SIGHUP));
    HOLDS(!coro_signals_close(&self->signals)); /* closed: nothing */
    AWAIT_CATCH(self->error, self->signo, coro_signals_next(&self->signals));
    EQ(self->error, CORO_ECLOSED);
    EQ(coro_signals_open(&self->signals, CORO_SIGNAL(SIGKILL)), CORO_EINVAL);
    ASYNC_END;
}

Test(signals, c016_a_listener_hears_each_signal_until_it_is_closed)
{
    signal(SIGHUP, SIG_DFL); /* nohup has it ignored, and so would we find it again */
    EQ(coro_run(c016()), 0);
}

ASYNC(next_of, RETURNS(int), ARGS(coro_signals *, signals), VARS(int signo;))
{
    ASYNC_BEGIN;
    AWAIT(self->signo, coro_signals_next(self->signals));
    ASYNC_RETURN(self->signo);
    ASYNC_END;
}

ASYNC(two_listeners, VARS(coro_signals a, b; int signo_a, signo_b;))
{
    ASYNC_BEGIN;
    EQ(coro_signals_open(&self->a, CORO_SIGNAL(SIGUSR1)), 0);
    EQ(coro_signals_open(&self->b, CORO_SIGNAL(SIGUSR1) | CORO_SIGNAL(SIGUSR2)), 0);
    raise(SIGUSR1);
    AWAIT(coro_gather(coro_into(&self->signo_a, next_of(&self->a)),
                      coro_into(&self->signo_b, next_of(&self->b))));
    EQ(self->signo_a, SIGUSR1);
    EQ(self->signo_b, SIGUSR1);
    coro_signals_close(&self->a);
    HOLDS(!is_default(SIGUSR1)); /* b listens still */
    raise(SIGUSR1);
    AWAIT(self->signo_b, next_of(&self->b));
    coro_signals_close(&self->b);
    HOLDS(is_default(SIGUSR1));
    ASYNC_END;
}

Test(signals, each_listener_hears_it)
{
    EQ(coro_run(two_listeners()), 0);
}

ASYNC(close_under_waiter, VARS(coro_signals signals; coro_task *waiter; int error, signo;))
{
    ASYNC_BEGIN;
    EQ(coro_signals_open(&self->signals, CORO_SIGNAL(SIGUSR1)), 0);
    self->waiter = coro_create_task(next_of(&self->signals));
    AWAIT(coro_yield());
    AWAIT_CATCH(self->error, self->signo, coro_signals_next(&self->signals));
    EQ(self->error, CORO_EBUSY);
    coro_signals_close(&self->signals);
    AWAIT_CATCH(self->error, coro_task_join(self->waiter));
    EQ(self->error, CORO_ECLOSED);
    coro_task_release(self->waiter);
    ASYNC_END;
}

Test(signals, one_task_waits_at_a_listener_and_its_close_tells_it)
{
    EQ(coro_run(close_under_waiter()), 0);
}

/* --- functions ---------------------------------------------------------------------------- */

typedef struct ear {
    coro_signals signals;
    int heard[SIGUSR2 + 1], count;
    bool once;
} ear;

static void hear(int signo, void *context)
{
    ear *self = context;
    HOLDS(coro_loop_current() != NULL && coro_current_task() == NULL); /* in the loop, in no task */
    self->heard[signo]++;
    self->count++;
    if (self->once)
        HOLDS(coro_signals_close(&self->signals));
}

ASYNC(c016_by_functions, VARS(ear usr, hup;))
{
    ASYNC_BEGIN;
    EQ(coro_signals_call(coro_loop_current(), &self->usr.signals, CORO_SIGNAL(SIGUSR1), hear,
                         &self->usr), 0);
    EQ(coro_signals_call(coro_loop_current(), &self->hup.signals, CORO_SIGNAL(SIGHUP), hear,
                         &self->hup), 0);
    raise(SIGUSR1);
    raise(SIGHUP);
    EQ(self->usr.count + self->hup.count, 0); /* not inside of the handler */
    AWAIT(coro_sleep(CORO_MS(1)));
    raise(SIGUSR1);
    AWAIT(coro_sleep(CORO_MS(1)));
    EQ(self->usr.heard[SIGUSR1], 2);
    EQ(self->hup.heard[SIGHUP], 1);
    EQ(self->usr.count + self->hup.count, 3);
    HOLDS(coro_signals_close(&self->usr.signals));
    HOLDS(!coro_signals_close(&self->usr.signals));
    HOLDS(coro_signals_close(&self->hup.signals) && is_default(SIGHUP) && is_default(SIGUSR1));
    EQ(coro_signals_call(coro_loop_current(), &self->usr.signals, CORO_SIGNAL(SIGKILL), hear,
                         &self->usr), CORO_EINVAL);
    ASYNC_END;
}

Test(signals, c016_functions_are_called_in_the_loop_until_they_are_removed)
{
    signal(SIGHUP, SIG_DFL);
    EQ(coro_run(c016_by_functions()), 0);
    EQ(coro_test_run(c016_by_functions()), 0);
}

ASYNC(call_and_close, VARS(ear *a, *b, *c; int signo, error; coro_signals open;))
{
    ASYNC_BEGIN;
    self->a = calloc(1, sizeof *self->a);
    self->b = calloc(1, sizeof *self->b);
    self->c = calloc(1, sizeof *self->c);
    for (int i = 0; i < 3; i++) {
        ear *one = i == 0 ? self->a : i == 1 ? self->b : self->c;
        one->once = one == self->b;
        EQ(coro_signals_call(coro_loop_current(), &one->signals,
                             CORO_SIGNAL(SIGUSR1) | CORO_SIGNAL(SIGUSR2), hear, one), 0);
    }
    EQ(coro_signals_open(&self->open, CORO_SIGNAL(SIGUSR2)), 0);
    AWAIT_CATCH(self->error, self->signo, coro_signals_next(&self->a->signals));
    EQ(self->error, CORO_EINVAL);
    raise(SIGUSR2);
    raise(SIGUSR1);
    AWAIT(self->signo, coro_signals_next(&self->open));
    EQ(self->signo, SIGUSR2);
    EQ(self->a->count, 2);
    EQ(self->b->count, 1); /* it closed itself; what was still pending is forgotten */
    EQ(self->b->heard[SIGUSR1], 1);
    EQ(self->c->count, 2);
    HOLDS(coro_signals_close(&self->a->signals) && coro_signals_close(&self->c->signals));
    HOLDS(coro_signals_close(&self->open) && is_default(SIGUSR1) && is_default(SIGUSR2));
  ASYNC_FINALLY:
    free(self->a);
    free(self->b);
    free(self->c);
    ASYNC_END;
}

Test(signals, a_function_may_close_its_own_listener_and_the_others_hear_all)
{
    EQ(coro_run(call_and_close()), 0);
}

static coro_loop callback_loop;

static void stop_at_once(int signo, void *context)
{
    coro_signals *signals = context;
    EQ(signo, SIGUSR1);
    coro_signals_close(signals);
    coro_loop_stop(&callback_loop);
}

Test(signals, a_program_without_a_task_may_listen_before_it_runs)
{
    coro_signals signals;
    EQ(coro_loop_init(&callback_loop, NULL), 0);
    EQ(coro_signals_call(&callback_loop, &signals, CORO_SIGNAL(SIGUSR1), stop_at_once, &signals),
       0);
    raise(SIGUSR1);
    EQ(coro_loop_run_forever(&callback_loop), 0);
    HOLDS(is_default(SIGUSR1));
    coro_loop_close(&callback_loop);
}

/* --- handlers of others ------------------------------------------------------------------- */

static int heard_by_others;

static void other_handler(int signo)
{
    heard_by_others = signo;
}

ASYNC(listen_and_raise, VARS(coro_signals signals; int signo;))
{
    ASYNC_BEGIN;
    EQ(coro_signals_open(&self->signals, CORO_SIGNAL(SIGUSR1)), 0);
    raise(SIGUSR1);
    AWAIT(self->signo, coro_signals_next(&self->signals));
    coro_signals_close(&self->signals);
    ASYNC_END;
}

Test(signals, a_handler_that_was_there_is_put_back)
{
    struct sigaction other = {.sa_handler = other_handler};
    EQ(sigaction(SIGUSR1, &other, NULL), 0);
    EQ(coro_run(listen_and_raise()), 0);
    EQ(heard_by_others, 0);
    raise(SIGUSR1);
    EQ(heard_by_others, SIGUSR1);
}

ASYNC(replace_handler, VARS(coro_signals signals;))
{
    ASYNC_BEGIN;
    EQ(coro_signals_open(&self->signals, CORO_SIGNAL(SIGUSR1)), 0);
    signal(SIGUSR1, other_handler);
    coro_signals_close(&self->signals);
    raise(SIGUSR1);
    EQ(heard_by_others, SIGUSR1);
    ASYNC_END;
}

Test(signals, a_handler_that_was_put_over_ours_stays)
{
    EQ(coro_run(replace_handler()), 0);
}

/* --- faults ------------------------------------------------------------------------------- */

static int (*real_sigaction)(int, const struct sigaction *, struct sigaction *);

static int failing_sigaction(int signo, const struct sigaction *fresh, struct sigaction *old)
{
    if (signo == SIGUSR2 && fresh != NULL) {
        errno = EINVAL;
        return -1;
    }
    return real_sigaction(signo, fresh, old);
}

ASYNC(open_and_fail, VARS(coro_signals signals; int signo;))
{
    ASYNC_BEGIN;
    EQ(coro_signals_open(&self->signals, CORO_SIGNAL(SIGUSR1) | CORO_SIGNAL(SIGUSR2)),
       CORO_EINVAL);
    HOLDS(is_default(SIGUSR1));
    coro_signals_close(&self->signals); /* never opened: nothing */
    ASYNC_END;
}

Test(signals, what_the_system_refuses_leaves_nothing_behind)
{
    real_sigaction = coro_sys.sigaction;
    coro_sys.sigaction = failing_sigaction;
    EQ(coro_run(open_and_fail()), 0);
    EQ(coro_run(open_and_fail()), 0);
}

ASYNC(forget_to_close, ARGS(coro_signals *, signals))
{
    ASYNC_BEGIN;
    EQ(coro_signals_open(self->signals, CORO_SIGNAL(SIGUSR1)), 0);
    ASYNC_END;
}

Test(signals, a_listener_may_be_closed_after_its_loop)
{
    coro_signals signals;
    EQ(coro_run(forget_to_close(&signals)), 0);
    raise(SIGUSR1); /* the loop is gone: nobody hears it, nothing breaks */
    EQ(coro_run(listen_and_raise()), 0);
    HOLDS(!is_default(SIGUSR1));
    coro_signals_close(&signals);
    HOLDS(is_default(SIGUSR1));
}

static coro_flag never = CORO_FLAG_INIT;

ASYNC(listen_for_ever, VARS(coro_signals signals; coro_task *raiser; int signo;))
{
    ASYNC_BEGIN;
    EQ(coro_signals_open(&self->signals, CORO_SIGNAL(SIGUSR1)), 0);
    AWAIT(coro_flag_wait(&never));
  ASYNC_FINALLY:
    coro_signals_close(&self->signals);
    ASYNC_END;
}

/* A signal from outside would end this wait: it is no deadlock. */
Test(signals, a_loop_that_listens_is_not_deadlocked)
{
    pid_t child = fork();
    int status;
    HOLDS(child >= 0);
    if (child == 0) {
        alarm(1);
        coro_run(listen_for_ever());
        _exit(1);
    }
    EQ(waitpid(child, &status, 0), child);
    HOLDS(WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM);
}
