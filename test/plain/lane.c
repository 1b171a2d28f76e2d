/* SPDX-License-Identifier: MIT */
/*
 * lane.c - work in other threads: done, refused, left behind, and freed once.
 */
#include "require.h"

#include <coro/group.h>
#include <coro/run.h>
#include <coro/scope.h>
#include <coro/test.h>

#include "thread/thread.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

typedef struct errand {
    coro_job job; /* first */
    sem_t *gate;  /* work() waits here, if it is set */
    int number, square;
} errand;

static atomic_int begun, worked, dropped;

static void work(coro_job *job)
{
    errand *self = (errand *)job;
    atomic_fetch_add(&begun, 1);
    if (self->gate != NULL)
        while (sem_wait(self->gate) != 0)
            continue;
    self->square = self->number * self->number;
    atomic_fetch_add(&worked, 1);
}

static void drop(coro_job *job)
{
    atomic_fetch_add(&dropped, 1);
    free(job);
}

static errand *errand_new(int number, sem_t *gate)
{
    errand *self = malloc(sizeof *self);
    REQUIRE(self != NULL);
    coro_job_init(&self->job, work, drop);
    self->gate = gate;
    self->number = number;
    return self;
}

ASYNC(square, RETURNS(int), ARGS(coro_lane *, lane, int, number, sem_t *, gate),
      VARS(errand *errand;))
{
    ASYNC_BEGIN;
    self->errand = errand_new(self->number, self->gate);
    AWAIT(coro_lane_run(self->lane, &self->errand->job));
    ASYNC_RETURN(self->errand->square);
  ASYNC_FINALLY:
    coro_job_release(&self->errand->job);
    ASYNC_END;
}

static void start(void)
{
    atomic_store(&begun, 0);
    atomic_store(&worked, 0);
    atomic_store(&dropped, 0);
}

ASYNC(until_begun, ARGS(int, count))
{
    ASYNC_BEGIN;
    while (atomic_load(&begun) < self->count)
        AWAIT(coro_sleep(CORO_MS(1)));
    ASYNC_END;
}

/* Threads that were left behind end when they can. */
static void wait_for_drops(int count)
{
    struct timespec pause = {0, 1000000};
    for (int i = 0; i < 10000 && atomic_load(&dropped) < count; i++)
        nanosleep(&pause, NULL);
    REQUIRE(atomic_load(&dropped) == count);
}

/* --- all of it is done -------------------------------------------------------------------- */

#define MANY 500

static long sum;

ASYNC(add_square, ARGS(coro_lane *, lane, int, number), VARS(int result;))
{
    ASYNC_BEGIN;
    AWAIT(self->result, square(self->lane, self->number, NULL));
    sum += self->result;
    ASYNC_END;
}

ASYNC(many, VARS(coro_lane *lane; coro_group group; int i;))
{
    ASYNC_BEGIN;
    self->lane = coro_lane_new(coro_loop_current(), 3, MANY);
    REQUIRE(self->lane != NULL);
    CORO_GROUP(self->group) {
        for (self->i = 1; self->i <= MANY; self->i++)
            REQUIRE(coro_group_create_task(&self->group, add_square(self->lane, self->i)) != NULL);
    }
    ASYNC_END;
}

static void all_jobs_are_done(void)
{
    start();
    sum = 0;
    REQUIRE(coro_run(many()) == 0);
    REQUIRE(sum == (long)MANY * (MANY + 1) * (2 * MANY + 1) / 6);
    REQUIRE(atomic_load(&worked) == MANY && atomic_load(&dropped) == MANY);
}

/* --- too many ----------------------------------------------------------------------------- */

ASYNC(fill, ARGS(sem_t *, gate), VARS(coro_lane *lane; coro_task *first, *second; int error, n;))
{
    ASYNC_BEGIN;
    self->lane = coro_lane_new(coro_loop_current(), 1, 1);
    self->first = coro_create_task(square(self->lane, 2, self->gate));
    AWAIT(until_begun(1));
    self->second = coro_create_task(square(self->lane, 3, NULL));
    AWAIT(coro_yield());
    AWAIT_CATCH(self->error, self->n, square(self->lane, 4, NULL));
    REQUIRE(self->error == CORO_EFULL);
    sem_post(self->gate);
    CORO_JOIN(self->n, square, self->first);
    REQUIRE(self->n == 4);
    CORO_JOIN(self->n, square, self->second);
    REQUIRE(self->n == 9);
    coro_task_release(self->first);
    coro_task_release(self->second);
    ASYNC_END;
}

static void a_full_queue_refuses(void)
{
    sem_t gate;
    start();
    sem_init(&gate, 0, 0);
    REQUIRE(coro_run(fill(&gate)) == 0);
    REQUIRE(atomic_load(&worked) == 2 && atomic_load(&dropped) == 3);
    sem_destroy(&gate);
}

/* --- cancelled ---------------------------------------------------------------------------- */

ASYNC(f058, ARGS(sem_t *, gate), VARS(coro_lane *lane; coro_task *running, *queued; int error;))
{
    ASYNC_BEGIN;
    self->lane = coro_lane_new(coro_loop_current(), 1, 8);
    self->running = coro_create_task(square(self->lane, 2, self->gate));
    AWAIT(until_begun(1));
    self->queued = coro_create_task(square(self->lane, 3, NULL));
    AWAIT(coro_yield());
    coro_task_cancel(self->queued);
    AWAIT_CATCH(self->error, coro_task_join(self->queued));
    REQUIRE(self->error == CORO_ECANCELED && atomic_load(&dropped) == 1);
    coro_task_cancel(self->running);
    AWAIT_CATCH(self->error, coro_task_join(self->running));
    REQUIRE(self->error == CORO_ECANCELED && atomic_load(&dropped) == 1); /* its thread has it */
    coro_task_release(self->running);
    coro_task_release(self->queued);
    sem_post(self->gate);
    ASYNC_END;
}

static void f058_cancelled_before_start_and_while_running(void)
{
    sem_t gate;
    start();
    sem_init(&gate, 0, 0);
    REQUIRE(coro_run(f058(&gate)) == 0);
    wait_for_drops(2);
    REQUIRE(atomic_load(&worked) == 1);
    sem_destroy(&gate);
}

ASYNC(f057, ARGS(sem_t *, gate), VARS(coro_lane *lane; coro_task *task[3]; int i;))
{
    ASYNC_BEGIN;
    self->lane = coro_lane_new(coro_loop_current(), 2, 8);
    for (self->i = 0; self->i < 3; self->i++)
        self->task[self->i] = coro_create_task(square(self->lane, self->i, self->gate));
    AWAIT(until_begun(2));
    for (self->i = 0; self->i < 3; self->i++)
        coro_task_release(self->task[self->i]);
    ASYNC_END;
}

/* Two threads are stuck, one job waits: the loop closes all the same. */
static void f057_a_loop_closes_although_jobs_are_stuck(void)
{
    sem_t gate;
    start();
    sem_init(&gate, 0, 0);
    REQUIRE(coro_run(f057(&gate)) == 0);
    REQUIRE(atomic_load(&worked) == 0 && atomic_load(&dropped) == 1);
    sem_post(&gate);
    sem_post(&gate);
    wait_for_drops(3);
    sem_destroy(&gate);
}

/* --- a loop that is not let end ----------------------------------------------------------- */

static void drop_nothing(coro_job *job)
{
    (void)job;
}

static errand kept;

ASYNC(goes_on, VARS(int error;))
{
    ASYNC_BEGIN;
    for (;;)
        AWAIT_CATCH(self->error, coro_yield());
    ASYNC_END;
}

ASYNC(leaves_kept, ARGS(sem_t *, gate), VARS(coro_task *works, *goes_on;))
{
    ASYNC_BEGIN;
    coro_job_init(&kept.job, work, drop_nothing);
    kept.job.kept = true;
    kept.gate = self->gate;
    self->works = coro_create_task(coro_lane_run(coro_lane_new(coro_loop_current(), 1, 8),
                                                 &kept.job));
    self->goes_on = coro_create_task(goes_on());
    AWAIT(until_begun(1));
    coro_task_release(self->works);
    coro_task_release(self->goes_on);
    ASYNC_END;
}

static void count_report(void *context, const coro_report *report)
{
    REQUIRE(report->error == CORO_EDEADLK);
    atomic_fetch_add((atomic_int *)context, 1);
}

static atomic_int stubborn;

static void *open_gate_later(void *gate)
{
    while (atomic_load(&stubborn) == 0)
        pause_ms(1);
    pause_ms(100);
    sem_post(gate);
    return NULL;
}

/* Its tasks are freed as they stand, but not while a thread is at work on what they have. */
static void a_loop_that_is_not_let_end_waits_for_a_thread_that_has_its_memory(void)
{
    coro_loop_options options = {.report = count_report, .context = &stubborn};
    pthread_t opener;
    sem_t gate;
    start();
    sem_init(&gate, 0, 0);
    REQUIRE(pthread_create(&opener, NULL, open_gate_later, &gate) == 0);
    REQUIRE(coro_run_with(leaves_kept(&gate), &options) == 0);
    REQUIRE(atomic_load(&worked) == 1);
    REQUIRE(pthread_join(opener, NULL) == 0);
    sem_destroy(&gate);
}

/* --- time --------------------------------------------------------------------------------- */

static void slow_work(coro_job *job)
{
    struct timespec pause = {0, 30000000};
    nanosleep(&pause, NULL);
    ((errand *)job)->square = 1;
}

ASYNC(slow, RETURNS(int), ARGS(coro_lane *, lane), VARS(errand *errand;))
{
    ASYNC_BEGIN;
    self->errand = errand_new(1, NULL);
    self->errand->job.work = slow_work;
    AWAIT(coro_lane_run(self->lane, &self->errand->job));
    ASYNC_RETURN(self->errand->square);
  ASYNC_FINALLY:
    coro_job_release(&self->errand->job);
    ASYNC_END;
}

ASYNC(patient, VARS(coro_lane *lane; int n;))
{
    ASYNC_BEGIN;
    self->lane = coro_lane_new(coro_loop_current(), 1, 8);
    AWAIT(self->n, coro_wait_for(slow(self->lane), CORO_MS(1)));
    REQUIRE(self->n == 1 && coro_loop_time(coro_loop_current()) == 0);
    ASYNC_END;
}

static void a_virtual_clock_stands_while_a_job_runs(void)
{
    REQUIRE(coro_test_run(patient()) == 0);
}

ASYNC(idle_lane, VARS(coro_lane *lane; int n; coro_flag flag;))
{
    ASYNC_BEGIN;
    self->lane = coro_lane_new(coro_loop_current(), 1, 8);
    AWAIT(self->n, square(self->lane, 5, NULL));
    AWAIT(coro_flag_wait(&self->flag)); /* nobody will set it */
    ASYNC_END;
}

static void quiet(void *context, const coro_report *report)
{
    *(coro_report_kind *)context = report->kind;
}

static void an_idle_lane_does_not_hide_a_deadlock(void)
{
    coro_report_kind kind = CORO_REPORT_TASK_ERROR;
    coro_loop_options options = {.report = quiet, .context = &kind};
    REQUIRE(coro_run_with(idle_lane(), &options) == CORO_EDEADLK);
    REQUIRE(kind == CORO_REPORT_DEADLOCK);
}

int main(void)
{
    all_jobs_are_done();
    a_full_queue_refuses();
    f058_cancelled_before_start_and_while_running();
    f057_a_loop_closes_although_jobs_are_stuck();
    a_loop_that_is_not_let_end_waits_for_a_thread_that_has_its_memory();
    a_virtual_clock_stands_while_a_job_runs();
    an_idle_lane_does_not_hide_a_deadlock();
    puts("lane: ok");
    return 0;
}
