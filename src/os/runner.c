/* SPDX-License-Identifier: MIT */
/*
 * runner.c - runs of a loop, and what ^C does to them.
 *
 *     SIGINT ─► handler: count++, wake the loop ─► the loop, before it waits again:
 *                 (any thread)                        1: cancel the main task
 *               at the 2nd: SIG_DFL again             2: fail the run
 *
 * The handler knows the one runner that has SIGINT by `interrupted`, and touches
 * nothing but the count and the backend's waker, which may be used in handlers. A ^C
 * that may come is nothing to wait for: a loop that only it could end is deadlocked.
 */
#define _GNU_SOURCE
#include <coro/runner.h>

#include "internal.h"

#include <signal.h>
#include <stdatomic.h>

/* --- interrupts ----------------------------------------------------------------------------- */

static _Atomic(coro_runner *) interrupted; /* who has SIGINT */
static _Atomic(coro_waker *) waker;        /* of its loop */
static atomic_uint handling, count;
static unsigned seen;

static void on_interrupt(int signo)
{
    struct sigaction defaults = {.sa_handler = SIG_DFL};
    int saved = errno;
    coro_waker *wakes;
    atomic_fetch_add(&handling, 1);
    if (atomic_fetch_add(&count, 1) + 1 >= 2)
        sigaction(signo, &defaults, NULL);
    wakes = atomic_load(&waker);
    if (wakes != NULL)
        wakes->wake(wakes);
    atomic_fetch_sub(&handling, 1);
    errno = saved;
}

static void look_for_interrupts(coro_loop *loop)
{
    coro_runner *runner = atomic_load(&interrupted);
    unsigned now = atomic_load(&count);
    if (now == seen)
        return;
    if (seen == 0)
        coro_task_cancel(runner->main_task);
    if (now >= 2)
        coro_loop_fail(loop, CORO_EINTR);
    seen = now;
}

/* From here on SIGINT is the runner's, if nobody else has it. */
static bool take_interrupts(coro_runner *runner)
{
    struct sigaction ours = {.sa_handler = on_interrupt, .sa_flags = SA_RESTART}, now;
    coro_runner *nobody = NULL;
    coro_waker *fresh;
    if (coro_sys.sigaction(SIGINT, NULL, &now) != 0 || now.sa_handler != SIG_DFL ||
        runner->loop.backend->waker == NULL ||
        !atomic_compare_exchange_strong(&interrupted, &nobody, runner))
        return false;
    fresh = runner->loop.backend->waker(&runner->loop);
    atomic_store(&count, 0);
    seen = 0;
    atomic_store(&waker, fresh);
    sigfillset(&ours.sa_mask);
    if (fresh != NULL && coro_sys.sigaction(SIGINT, &ours, NULL) == 0) {
        runner->loop.outside = look_for_interrupts;
        return true;
    }
    atomic_store(&waker, NULL);
    if (fresh != NULL)
        fresh->free(fresh);
    atomic_store(&interrupted, NULL);
    return false;
}

static void give_interrupts_back(coro_runner *runner)
{
    struct sigaction defaults = {.sa_handler = SIG_DFL}, now;
    coro_waker *wakes = atomic_load(&waker);
    if (coro_sys.sigaction(SIGINT, NULL, &now) == 0 && now.sa_handler == on_interrupt)
        coro_sys.sigaction(SIGINT, &defaults, NULL);
    runner->loop.outside = NULL;
    atomic_store(&waker, NULL);
    while (atomic_load(&handling) > 0) /* in another thread, for a moment */
        ;
    wakes->free(wakes);
    atomic_store(&interrupted, NULL);
}

coro_waker *coro_runner_waker(const coro_loop *loop)
{
    const coro_runner *runner = atomic_load(&interrupted);
    return runner != NULL && &runner->loop == loop ? atomic_load(&waker) : NULL;
}

/* What a run answers that was interrupted: a cancel by somebody else is one all the same. */
static int interrupted_error(coro_task *task, int error)
{
    if (seen > 0 && error == CORO_ECANCELED && coro_task_done(task) &&
        coro_task_uncancel(task) == 0)
        return CORO_EINTR;
    return error;
}

/* --- runs ------------------------------------------------------------------------------------ */

void coro_runner_init(coro_runner *runner, const coro_runner_options *options)
{
    coro_zero_(runner, sizeof *runner);
    if (options != NULL)
        runner->options = *options;
}

static int make_loop(coro_runner *runner)
{
    int error;
    if (runner->closed)
        return CORO_ECLOSED;
    if (runner->open)
        return 0;
    error = coro_loop_init(&runner->loop, &runner->options.loop);
    runner->open = error == 0;
    if (runner->open)
        coro_debug_from_environment_(&runner->loop);
    return error;
}

coro_loop *coro_runner_loop(coro_runner *runner)
{
    return make_loop(runner) == 0 ? &runner->loop : NULL;
}

static int run_task(coro_runner *runner, coro_task *task)
{
    bool sigint = runner->options.sigint && take_interrupts(runner);
    int error;
    runner->main_task = task;
    error = coro_loop_run_task(&runner->loop, task);
    runner->main_task = NULL;
    if (!sigint)
        return error;
    give_interrupts_back(runner);
    return interrupted_error(task, error);
}

int coro_runner_run_(coro_runner *runner, coro_header *call)
{
    coro_task *task;
    int error = coro_loop_current() != NULL ? CORO_EBUSY : make_loop(runner);
    if (error != 0) {
        coro_discard_(call);
        return error;
    }
    task = coro_create_task_in_(&runner->loop, &runner->context, call);
    if (task == NULL)
        return CORO_ENOMEM;
    error = run_task(runner, task);
    coro_task_release(task);
    return error;
}

void coro_runner_close(coro_runner *runner)
{
    if (runner->open && !runner->closed)
        coro_loop_close(&runner->loop);
    coro_context_clear(&runner->context);
    runner->closed = true;
}
