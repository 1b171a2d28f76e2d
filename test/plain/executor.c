/* SPDX-License-Identifier: MIT */
/*
 * executor.c - functions in threads: values, errors, cancels, shutdown. For TSan and valgrind.
 */
#include "require.h"

#include <coro/context.h>
#include <coro/executor.h>
#include <coro/group.h>
#include <coro/run.h>
#include <coro/test.h>

#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static atomic_int begun, worked, most, inside;
static sem_t gate;

static void start(void)
{
    atomic_store(&begun, 0);
    atomic_store(&worked, 0);
    atomic_store(&most, 0);
    atomic_store(&inside, 0);
    sem_init(&gate, 0, 0);
}

static void pass_gate(void)
{
    while (sem_wait(&gate) != 0)
        continue;
}

ASYNC(until_begun, ARGS(int, count))
{
    ASYNC_BEGIN;
    while (atomic_load(&begun) < self->count)
        AWAIT(coro_sleep(CORO_MS(1)));
    ASYNC_END;
}

/* --- values and errors -------------------------------------------------------------------- */

static int square(void *argument, void **result)
{
    int *number = argument;
    atomic_fetch_add(&worked, 1);
    if (*number < 0)
        return CORO_ERANGE;
    *number *= *number;
    *result = number;
    return 0;
}

ASYNC(values, VARS(int number, error; int *result;))
{
    ASYNC_BEGIN;
    self->number = 7;
    AWAIT(self->result, coro_to_thread(square, &self->number));
    REQUIRE(self->result == &self->number && self->number == 49);
    self->number = -1;
    AWAIT_CATCH(self->error, self->result, coro_to_thread(square, &self->number));
    REQUIRE(self->error == CORO_ERANGE && *self->result == -1); /* untouched */
    REQUIRE(atomic_load(&worked) == 2);
    REQUIRE(!coro_thread_cancelled());
    coro_discard(coro_to_thread(square, &self->number));
    ASYNC_END;
}

static void c148_a_thread_gives_a_value_or_an_error_and_runs_once(void)
{
    start();
    REQUIRE(coro_run(values()) == 0);
    start();
    REQUIRE(coro_test_run(values()) == 0);
}

static int meet(void *argument, void **result)
{
    int now = atomic_fetch_add(&inside, 1) + 1;
    (void)argument, (void)result;
    while (atomic_load(&most) < now)
        atomic_store(&most, now);
    while (atomic_load(&most) < 3) /* all three are in here at the same time */
        pause_ms(1);
    return 0;
}

ASYNC(three, VARS(coro_group group; int i;))
{
    ASYNC_BEGIN;
    CORO_GROUP(self->group) {
        for (self->i = 0; self->i < 3; self->i++)
            REQUIRE(coro_group_create_task(&self->group, coro_to_thread(meet, NULL)) != NULL);
    }
    ASYNC_END;
}

CORO_CONTEXT_VAR(int, request, -1);

static int reads_request(void *argument, void **result)
{
    *(int *)argument = coro_context_get(request);
    *result = argument;
    return coro_context_set(request, 99, NULL); /* in its own copy */
}

ASYNC(carries, ARGS(int, number), VARS(int seen; int *result;))
{
    ASYNC_BEGIN;
    if (self->number >= 0)
        REQUIRE(coro_context_set(request, self->number, NULL) == 0);
    AWAIT(self->result, coro_to_thread(reads_request, &self->seen));
    REQUIRE(self->seen == self->number && coro_context_get(request) == self->number);
    ASYNC_END;
}

ASYNC(carries_twice, VARS(coro_group group;))
{
    ASYNC_BEGIN;
    CORO_GROUP(self->group) {
        coro_group_create_task(&self->group, carries(1));
        coro_group_create_task(&self->group, carries(2));
        AWAIT(carries(-1));
    }
    ASYNC_END;
}

static void c148_context_variables_go_along(void)
{
    REQUIRE(coro_run(carries_twice()) == 0);
    REQUIRE(coro_test_run(carries_twice()) == 0);
}

static void c148_three_at_once(void)
{
    start();
    REQUIRE(coro_run(three()) == 0);
    REQUIRE(atomic_load(&inside) == 3);
}

/* --- room --------------------------------------------------------------------------------- */

#define MANY 300

static int add(void *argument, void **result)
{
    int now = atomic_fetch_add(&inside, 1) + 1;
    (void)result;
    if (atomic_load(&most) < now)
        atomic_store(&most, now);
    atomic_fetch_add(&worked, *(int *)argument);
    atomic_fetch_sub(&inside, 1);
    return 0;
}

static int ones[MANY];

ASYNC(many, VARS(coro_executor *executor; coro_group group; int i;))
{
    ASYNC_BEGIN;
    self->executor = coro_executor_new(coro_loop_current(), 2, 3);
    REQUIRE(self->executor != NULL);
    CORO_GROUP(self->group) {
        for (self->i = 0; self->i < MANY; self->i++) {
            ones[self->i] = 1;
            REQUIRE(coro_group_create_task(&self->group,
                                           coro_run_in_executor(self->executor, add,
                                                                &ones[self->i])) != NULL);
        }
    }
    REQUIRE(atomic_load(&worked) == MANY && atomic_load(&most) <= 2);
    ASYNC_END;
}

static void more_than_there_is_room_for_waits_for_it(void)
{
    start();
    REQUIRE(coro_run(many()) == 0);
    start();
    for (uint64_t seed = 1; seed < 5; seed++) {
        atomic_store(&worked, 0);
        REQUIRE(coro_test_run_seed(many(), seed) == 0);
    }
}

/* --- cancelled ---------------------------------------------------------------------------- */

static int wait_at_gate(void *argument, void **result)
{
    atomic_fetch_add(&begun, 1);
    pass_gate();
    *(int *)argument = 1; /* the caller's memory is still there */
    *result = argument;
    atomic_fetch_add(&worked, 1);
    return 0;
}

static int until_cancelled(void *argument, void **result)
{
    (void)argument, (void)result;
    atomic_fetch_add(&begun, 1);
    while (!coro_thread_cancelled())
        pause_ms(1);
    atomic_fetch_add(&worked, 1);
    return CORO_ECANCELED;
}

ASYNC(waits_at_gate, RETURNS(int), ARGS(coro_executor *, executor),
      VARS(int passed, error; void *got;))
{
    ASYNC_BEGIN;
    AWAIT(self->got, coro_run_in_executor(self->executor, wait_at_gate, &self->passed));
    REQUIRE(self->got == &self->passed);
    AWAIT_CATCH(self->error, coro_yield()); /* the next wait fails: a cancel is a level */
    ASYNC_RETURN(self->error == CORO_ECANCELED ? self->passed : -1);
    ASYNC_END;
}

ASYNC(cancels, VARS(coro_executor *executor; coro_task *running, *queued, *waiting, *asks;
                    int error, passed; void *result;))
{
    ASYNC_BEGIN;
    self->executor = coro_executor_new(coro_loop_current(), 1, 1);
    self->running = coro_create_task(waits_at_gate(self->executor));
    AWAIT(until_begun(1));
    self->queued = coro_create_task(waits_at_gate(self->executor));
    self->waiting = coro_create_task(waits_at_gate(self->executor)); /* no room in the queue */
    AWAIT(coro_sleep(CORO_MS(1)));
    coro_task_cancel(self->waiting);
    coro_task_cancel(self->queued);
    AWAIT_CATCH(self->error, coro_task_join(self->queued));
    REQUIRE(self->error == CORO_ECANCELED);
    AWAIT_CATCH(self->error, coro_task_join(self->waiting));
    REQUIRE(self->error == CORO_ECANCELED);
    coro_task_cancel(self->running);
    coro_task_cancel(self->running);
    AWAIT(coro_sleep(CORO_MS(5)));
    REQUIRE(!coro_task_done(self->running)); /* its thread has its memory */
    sem_post(&gate);
    CORO_JOIN(self->passed, waits_at_gate, self->running); /* what has arrived is delivered */
    REQUIRE(self->passed == 1 && atomic_load(&begun) == 1 && atomic_load(&worked) == 1);
    self->asks = coro_create_task(coro_run_in_executor(self->executor, until_cancelled, NULL));
    AWAIT(until_begun(2));
    coro_task_cancel(self->asks);
    AWAIT_CATCH(self->error, coro_task_join(self->asks));
    REQUIRE(self->error == CORO_ECANCELED && atomic_load(&worked) == 2);
    coro_task_release(self->running);
    coro_task_release(self->queued);
    coro_task_release(self->waiting);
    coro_task_release(self->asks);
    ASYNC_END;
}

static void a_cancel_takes_out_what_waits_and_waits_for_what_runs(void)
{
    start();
    REQUIRE(coro_run(cancels()) == 0);
}

/* --- left behind -------------------------------------------------------------------------- */

typedef struct errand {
    coro_job job; /* first */
    bool saw_cancel;
} errand;

static atomic_int dropped, dropped_cancelled;

static void do_errand(coro_job *job)
{
    atomic_fetch_add(&begun, 1);
    pass_gate();
    ((errand *)job)->saw_cancel = coro_thread_cancelled();
    atomic_fetch_add(&worked, 1);
}

static void drop_errand(coro_job *job)
{
    atomic_fetch_add(&dropped_cancelled, ((errand *)job)->saw_cancel);
    atomic_fetch_add(&dropped, 1);
    free(job);
}

ASYNC(runs_errand, ARGS(coro_executor *, executor), VARS(errand *errand;))
{
    ASYNC_BEGIN;
    self->errand = calloc(1, sizeof *self->errand);
    coro_job_init(&self->errand->job, do_errand, drop_errand);
    AWAIT(coro_executor_run(self->executor, &self->errand->job));
    REQUIRE(!self->errand->saw_cancel);
  ASYNC_FINALLY:
    coro_job_release(&self->errand->job);
    ASYNC_END;
}

ASYNC(abandons, VARS(coro_task *task; int error; size_t left; coro_executor *executor;))
{
    ASYNC_BEGIN;
    self->executor = coro_executor_new(coro_loop_current(), 1, 8);
    self->task = coro_create_task(runs_errand(self->executor));
    AWAIT(until_begun(1));
    coro_task_cancel(self->task);
    AWAIT_CATCH(self->error, coro_task_join(self->task));
    REQUIRE(self->error == CORO_ECANCELED && atomic_load(&dropped) == 0);
    coro_task_release(self->task);
    AWAIT(self->left, coro_executor_shutdown(self->executor, CORO_MS(10)));
    REQUIRE(self->left == 1); /* it is still at work */
    sem_post(&gate);
    AWAIT(self->left, coro_executor_shutdown(self->executor, CORO_SECONDS(60)));
    REQUIRE(self->left == 0 && atomic_load(&worked) == 1);
    AWAIT_CATCH(self->error, runs_errand(self->executor));
    REQUIRE(self->error == CORO_ECLOSED);
    REQUIRE(atomic_load(&dropped) == 2);
    REQUIRE(atomic_load(&dropped_cancelled) == 1); /* its thread could have asked */
    ASYNC_END;
}

static unsigned reports;

static void count_report(void *context, const coro_report *report)
{
    (void)context;
    REQUIRE(report->error == CORO_ETIMEDOUT && report->kind == CORO_REPORT_CALLBACK);
    reports++;
}

static void work_that_was_left_goes_on_with_its_own_memory(void)
{
    coro_loop_options options = {.report = count_report};
    start();
    reports = 0;
    REQUIRE(coro_run_with(abandons(), &options) == 0);
    REQUIRE(reports == 1);
}

ASYNC(leaves_at_close, VARS(coro_task *task;))
{
    ASYNC_BEGIN;
    self->task = coro_create_task(runs_errand(NULL));
    AWAIT(until_begun(1));
    coro_task_release(self->task);
    ASYNC_END;
}

static void a_loop_closes_although_a_thread_is_stuck_with_what_was_abandoned(void)
{
    start();
    atomic_store(&dropped, 0);
    REQUIRE(coro_run(leaves_at_close()) == 0);
    REQUIRE(atomic_load(&dropped) == 0);
    sem_post(&gate);
    for (int i = 0; i < 10000 && atomic_load(&dropped) == 0; i++)
        pause_ms(1);
    REQUIRE(atomic_load(&dropped) == 1);
}

/* --- shutdown ----------------------------------------------------------------------------- */

ASYNC(c017, VARS(coro_task *stuck; size_t left; coro_time before; int error, passed; void *result;))
{
    ASYNC_BEGIN;
    self->stuck = coro_create_task(coro_to_thread(wait_at_gate, &self->passed));
    AWAIT(until_begun(1));
    self->before = coro_loop_time(coro_loop_current());
    AWAIT(self->left, coro_executor_shutdown(NULL, CORO_MS(10)));
    REQUIRE(self->left == 1);
    REQUIRE(coro_loop_time(coro_loop_current()) - self->before >= CORO_MS(10));
    AWAIT_CATCH(self->error, self->result, coro_to_thread(square, &self->passed));
    REQUIRE(self->error == CORO_ECLOSED);
    sem_post(&gate);
    AWAIT(self->left, coro_executor_shutdown(NULL, CORO_FOREVER));
    REQUIRE(self->left == 0);
    AWAIT(coro_task_join(self->stuck));
    REQUIRE(self->passed == 1);
    coro_task_release(self->stuck);
    AWAIT(self->left, coro_executor_shutdown(NULL, 0)); /* nothing is left: no time is needed */
    REQUIRE(self->left == 0);
    ASYNC_END;
}

static void c017_a_shutdown_ends_in_time_with_a_report(void)
{
    coro_loop_options options = {.report = count_report};
    start();
    reports = 0;
    REQUIRE(coro_run_with(c017(), &options) == 0);
    REQUIRE(reports == 1);
}

ASYNC(shuts_with_work, VARS(coro_executor *executor; coro_task *task[6], *shutdown; int i;
                            size_t left;))
{
    ASYNC_BEGIN;
    self->executor = coro_executor_new(coro_loop_current(), 1, 1);
    for (self->i = 0; self->i < 6; self->i++) {
        ones[self->i] = 1;
        self->task[self->i] =
            coro_create_task(coro_run_in_executor(self->executor, add, &ones[self->i]));
    }
    AWAIT(coro_yield());
    self->shutdown = coro_create_task(coro_executor_shutdown(self->executor, CORO_FOREVER));
    AWAIT(self->left, coro_executor_shutdown(self->executor, CORO_FOREVER));
    REQUIRE(self->left == 0 && atomic_load(&worked) == 6); /* what was accepted is done */
    AWAIT(coro_task_join(self->shutdown));
    for (self->i = 0; self->i < 6; self->i++) {
        AWAIT(coro_task_join(self->task[self->i]));
        coro_task_release(self->task[self->i]);
    }
    coro_task_release(self->shutdown);
    ASYNC_END;
}

static void a_shutdown_waits_for_what_was_accepted(void)
{
    for (int i = 0; i < 50; i++) {
        start();
        REQUIRE(coro_run(shuts_with_work()) == 0);
    }
}

int main(void)
{
    c148_a_thread_gives_a_value_or_an_error_and_runs_once();
    c148_three_at_once();
    c148_context_variables_go_along();
    more_than_there_is_room_for_waits_for_it();
    a_cancel_takes_out_what_waits_and_waits_for_what_runs();
    work_that_was_left_goes_on_with_its_own_memory();
    a_loop_closes_although_a_thread_is_stuck_with_what_was_abandoned();
    c017_a_shutdown_ends_in_time_with_a_report();
    a_shutdown_waits_for_what_was_accepted();
    puts("executor: ok");
    return 0;
}
