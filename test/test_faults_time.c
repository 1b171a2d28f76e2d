/* SPDX-License-Identifier: MIT */
/*
 * test_faults_time.c: clocks that jump, and timers that meddle with each other, or all want to be
 * first.
 */
#define _GNU_SOURCE
#include "net_fixture.h"

#include "kernel/kernel.h"

#include <coro/callback.h>
#include <coro/interval.h>

SUITE_LASTING(faults_time, 60);

static coro_sys_table real;

/* --- clocks ------------------------------------------------------------------------------- */

static int asked;
static bool is_asleep; /* the machine: its monotonic clock stands, all others go on */

/* A wall clock that is an hour ahead, then an hour behind; asked for any, we notice. */
static int jumping_clock(clockid_t clock, struct timespec *time)
{
    int result = real.clock_gettime(clock, time);
    asked++;
    if (clock == CLOCK_MONOTONIC)
        return result;
    time->tv_sec += is_asleep ? 600 : asked % 2 == 0 ? 3600 : -3600;
    return result;
}

ASYNC(naps, VARS(coro_time before; int i;))
{
    ASYNC_BEGIN;
    for (self->i = 0; self->i < 20; self->i++) {
        self->before = coro_loop_time(coro_loop_current());
        AWAIT(coro_sleep(CORO_MS(1)));
        self->before = coro_loop_time(coro_loop_current()) - self->before;
        HOLDS(self->before >= CORO_MS(1) && self->before < CORO_SECONDS(5));
    }
    ASYNC_END;
}

Test(faults_time, f029_a_wall_clock_that_jumps_moves_no_timer)
{
    real = coro_sys;
    coro_sys.clock_gettime = jumping_clock;
    EQ(RUN_NET(naps()), 0);
    HOLDS(asked > 20);
}

Test(faults_time, f030_a_machine_that_was_suspended_is_not_late)
{
    real = coro_sys;
    coro_sys.clock_gettime = jumping_clock;
    is_asleep = true;
    EQ(RUN_NET(naps()), 0);
}

static coro_interval interval;

ASYNC(ticks, VARS(int i; size_t n;))
{
    ASYNC_BEGIN;
    for (self->i = 0; self->i < 4; self->i++) {
        AWAIT(self->n, coro_interval_tick(&interval));
        say("%zu@%ld ", self->n, now_ms() / 1000);
        if (self->i == 0)
            crunch(CORO_SECONDS(600)); /* as where the clock goes on meanwhile */
    }
    ASYNC_END;
}

Test(faults_time, f030_where_the_clock_went_on_there_is_no_burst_but_on_request)
{
    coro_interval_init(&interval, CORO_SECONDS(1), CORO_MISSED_SKIP);
    EQ(RUN(ticks()), 0);
    SAID("1@0 600@600 1@601 1@602 ");
}

/* --- timers that meddle ------------------------------------------------------------------- */

static coro_handle pair[2];
static int fired;

static void cancels_the_other(void *context)
{
    fired++;
    HOLDS(coro_handle_cancel(context));
}

static void stops(void *context)
{
    (void)context;
    coro_loop_stop(&loop);
}

static void run_until(coro_time when)
{
    coro_handle end = CORO_HANDLE_INIT;
    EQ(coro_loop_call_at(&loop, &end, when, stops, NULL), 0);
    EQ(coro_loop_run_forever(&loop), 0);
}

Test(faults_time, f033_a_timer_that_is_cancelled_in_the_batch_in_which_it_became_due_does_not_fire)
{
    open_loop();
    for (int i = 0; i < 2; i++)
        EQ(coro_loop_call_later(&loop, &pair[i], CORO_MS(1), cancels_the_other, &pair[1 - i]), 0);
    run_until(CLOCK_START + CORO_MS(5));
    EQ(fired, 1);
    close_loop();
}

/* Each timer that fires sets and cancels some of the others, as a model does. */
#define SIBLINGS 200

static coro_handle siblings[SIBLINGS];
static struct entry {
    coro_time when; /* 0: not set */
    unsigned order;
} model[SIBLINGS];
static unsigned orders, random_state = 20261127;
static long fires;

static unsigned dice(unsigned sides)
{
    random_state = random_state * 1664525u + 1013904223u;
    return (random_state >> 8) % sides;
}

static void meddles(void *context);

static void set(unsigned i, coro_time when)
{
    EQ(coro_handle_cancel(&siblings[i]), model[i].when != 0);
    EQ(coro_loop_call_at(&loop, &siblings[i], when, meddles, &model[i]), 0);
    model[i].when = when;
    model[i].order = orders++;
}

static void meddles(void *context)
{
    size_t me = (size_t)((struct entry *)context - model);
    for (size_t i = 0; i < SIBLINGS; i++)
        HOLDS(i == me || model[i].when == 0 || model[i].when > model[me].when ||
              (model[i].when == model[me].when && model[i].order > model[me].order));
    HOLDS(model[me].when != 0 && model[me].when <= virtual_now);
    model[me].when = 0;
    if (++fires > 20000)
        return;
    for (int i = 0; i < 3; i++) {
        unsigned other = dice(SIBLINGS);
        if (dice(3) > 0) {
            set(other, virtual_now + 1 + dice(50));
        } else {
            EQ(coro_handle_cancel(&siblings[other]), model[other].when != 0);
            model[other].when = 0;
        }
    }
}

Test(faults_time, f034_timers_that_set_and_cancel_each_other_agree_with_a_model)
{
    open_loop();
    for (unsigned i = 0; i < SIBLINGS; i++)
        set(i, virtual_now + 1 + dice(50));
    run_until(CLOCK_START + CORO_MS(1));
    HOLDS(fires > 20000);
    close_loop();
}

/* --- very many, all at once --------------------------------------------------------------- */

#define MILLION 1000000

static coro_handle *million;
static int next_of_million, longest_batch;

static void in_order(void *context)
{
    EQ((coro_handle *)context - million, next_of_million);
    next_of_million++;
}

/* How many timers fire between two answers of the other side. */
ASYNC(ping, VARS(coro_stream *a, *b; int before; char byte;))
{
    ASYNC_BEGIN;
    connect_streams(&self->a, &self->b);
    while (next_of_million < MILLION) {
        self->before = next_of_million;
        AWAIT(coro_stream_write(self->a, "x", 1));
        AWAIT(coro_stream_read_exactly(self->b, &self->byte, 1));
        AWAIT(coro_yield());
        if (next_of_million - self->before > longest_batch)
            longest_batch = next_of_million - self->before;
    }
  ASYNC_FINALLY:
    coro_stream_abort(&self->a);
    coro_stream_abort(&self->b);
    ASYNC_END;
}

ASYNC(a_million, VARS(coro_time when;))
{
    ASYNC_BEGIN;
    million = calloc(MILLION, sizeof *million);
    self->when = coro_loop_time(coro_loop_current());
    for (int i = 0; i < MILLION; i++)
        EQ(coro_loop_call_at(&loop, &million[i], self->when, in_order, &million[i]), 0);
    AWAIT(ping());
  ASYNC_FINALLY:
    free(million);
    ASYNC_END;
}

Test(faults_time, f035_a_million_equal_deadlines_fire_in_order_and_io_has_its_turns_between)
{
    EQ(RUN_NET(a_million()), 0);
    EQ(next_of_million, MILLION);
    HOLDS(longest_batch <= 5 * 1024);
}
