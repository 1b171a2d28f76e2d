/* SPDX-License-Identifier: MIT */
/*
 * test_timer.c: sleeps and deadlines: in order, never early, none lost; the heap beneath
 * against a model.
 */
#include "loop_fixture.h"

#include "kernel/kernel.h"

SUITE(timer);

ASYNC(sleeps, ARGS(int, number, coro_duration, delay))
{
    ASYNC_BEGIN;
    AWAIT(coro_sleep(self->delay));
    say("%d ", self->number);
    ASYNC_END;
}

ASYNC(sleeps_in_order, ARGS(const long *, delays, int, count), VARS(int i; coro_group group;))
{
    ASYNC_BEGIN;
    CORO_GROUP(self->group) {
        for (self->i = 0; self->i < self->count; self->i++)
            coro_group_create_task(&self->group,
                                   sleeps(self->i, CORO_MS(self->delays[self->i])));
    }
    ASYNC_END;
}

Test(timer, fires_in_order_of_deadline_and_among_equals_of_creation)
{
    static const long delays[] = {50, 10, 30, 10, 20, 50, 10, 0, -5, 30};
    EQ(RUN(sleeps_in_order(delays, 10)), 0);
    SAID("7 8 1 3 6 4 2 9 0 5 ");
    EQ(now_ms(), 50);
}

/* --- extremes ------------------------------------------------------------------------------ */

ASYNC(sleeps_oddly, VARS(int error; uint64_t before;))
{
    ASYNC_BEGIN;
    AWAIT_CATCH(self->error, coro_sleep(CORO_DURATION_INVALID));
    say("%d ", self->error);
    AWAIT_CATCH(self->error, coro_sleep(coro_seconds(0.0 / (double)now_ms())));
    say("%d ", self->error);
    self->before = turns();
    AWAIT(coro_sleep(-CORO_FOREVER));
    say("%d ", (int)(turns() - self->before));
    AWAIT(coro_sleep(coro_seconds(-1e300)));
    say("%d ", (int)(turns() - self->before));
    AWAIT(coro_sleep(1));
    say("%ld", (long)(virtual_now - CLOCK_START));
    ASYNC_END;
}

Test(timer, nan_is_an_error_and_the_past_is_a_turn)
{
    EQ(RUN(sleeps_oddly()), 0);
    SAID("-22 -22 1 2 1");
}

Test(timer, seconds_saturate)
{
    EQ(coro_seconds(1e300) == CORO_FOREVER, true);
    EQ(coro_seconds(-1e300) == -CORO_FOREVER, true);
    EQ(coro_seconds(1.5), 1500000000);
    EQ(CORO_SECONDS(0.25), 250000000);
    EQ(CORO_MS(3), 3000000);
    EQ(CORO_US(7), 7000);
    EQ(coro_time_after(5, CORO_FOREVER) == CORO_FOREVER, true);
    EQ(coro_time_after(CORO_FOREVER - 1, 5) == CORO_FOREVER, true);
    EQ(coro_time_after(5, -7), 5);
}

ASYNC(sleeps_long, ARGS(coro_duration, delay), VARS(coro_scope limit; int error;))
{
    ASYNC_BEGIN;
    ASYNC_TRY;
    CORO_TIMEOUT(self->limit, CORO_SECONDS(3600)) {
        AWAIT(coro_sleep(self->delay));
    }
    ASYNC_CATCH(self->error);
    say("%d at %ld ", self->error, now_ms() / 1000);
    ASYNC_END_TRY;
    ASYNC_END;
}

Test(timer, a_sleep_of_292_years_does_not_wrap)
{
    EQ(RUN(sleeps_long(CORO_FOREVER)), 0);
    EQ(RUN(sleeps_long(CORO_FOREVER - 1)), 0);
    SAID("-110 at 3600 -110 at 7200 ");
}

/* --- never early --------------------------------------------------------------------------- */

#if CORO_HOSTED /* a backend of its own */
/* A clock that moves by itself: each look is 300 us later. */
static coro_time moving_now(coro_loop *unused)
{
    (void)unused;
    return virtual_now += CORO_US(300);
}

ASYNC(sleeps_on_a_moving_clock, VARS(coro_time before; int i;))
{
    ASYNC_BEGIN;
    for (self->i = 0; self->i < 100; self->i++) {
        self->before = virtual_now;
        AWAIT(coro_sleep(CORO_US(1000 + 7 * self->i)));
        HOLDS(virtual_now - self->before >= CORO_US(1000 + 7 * self->i));
        crunch(CORO_US(self->i * 13));
    }
    ASYNC_END;
}

Test(timer, never_fires_early)
{
    coro_backend moving = fixture_backend;
    coro_loop_options options = {.allocator = {fixture_resize, NULL}, .backend = &moving};
    moving.now = moving_now;
    EQ(coro_loop_init(&loop, &options), 0);
    EQ(coro_loop_run_until_complete(&loop, sleeps_on_a_moving_clock()), 0);
    close_loop();
}
#endif

ASYNC(computes_then_sleeps)
{
    ASYNC_BEGIN;
    crunch(CORO_MS(50)); /* the turn's time is old by now */
    AWAIT(coro_sleep(CORO_MS(10)));
    say("%ld", now_ms());
    ASYNC_END;
}

Test(timer, a_sleep_counts_from_now_not_from_the_beginning_of_the_turn)
{
    EQ(RUN(computes_then_sleeps()), 0);
    SAID("60");
}

/* --- cancelled in time --------------------------------------------------------------------- */

static coro_task *victim;

ASYNC(cancels_victim, ARGS(long, ms))
{
    ASYNC_BEGIN;
    AWAIT(coro_sleep(CORO_MS(self->ms)));
    say("%d ", coro_task_cancel(victim));
    ASYNC_END;
}

ASYNC(is_cancelled, ARGS(long, ms), VARS(int error;))
{
    ASYNC_BEGIN;
    AWAIT_CATCH(self->error, coro_sleep(CORO_MS(self->ms)));
    say("%d@%ld ", self->error, now_ms());
    ASYNC_END;
}

ASYNC(same_deadline, ARGS(bool, cancel_first), VARS(coro_task *a;))
{
    ASYNC_BEGIN;
    if (self->cancel_first)
        self->a = coro_create_task(cancels_victim(10));
    victim = coro_create_task(is_cancelled(10));
    if (!self->cancel_first)
        self->a = coro_create_task(cancels_victim(10));
    AWAIT(coro_task_join(self->a));
    AWAIT(coro_task_join(victim));
    coro_task_release(self->a);
    coro_task_release(victim);
    ASYNC_END;
}

/* Both timers expired together: the sleep is over, and that beats a cancel that comes later. */
Test(timer, a_sleep_that_is_over_is_not_cancelled_any_more)
{
    EQ(RUN(same_deadline(true)), 0);
    EQ(RUN(same_deadline(false)), 0);
    SAID("1 0@10 0@20 0 ");
}

ASYNC(cancelled_early, VARS(coro_task *a;))
{
    ASYNC_BEGIN;
    self->a = coro_create_task(cancels_victim(9));
    victim = coro_create_task(is_cancelled(10));
    AWAIT(coro_task_join(victim));
    coro_task_release(self->a);
    coro_task_release(victim);
    EQ(loop.timers.count, 0);
    ASYNC_END;
}

Test(timer, a_cancelled_sleep_takes_its_timer_along)
{
    EQ(RUN(cancelled_early()), 0);
    SAID("1 -125@9 ");
}

/* --- many ---------------------------------------------------------------------------------- */

#define MANY CROWD_OF(100000)
static int next_of_many;

ASYNC(one_of_many, ARGS(int, number))
{
    ASYNC_BEGIN;
    AWAIT(coro_sleep(CORO_MS(1)));
    EQ(self->number, next_of_many);
    next_of_many++;
    ASYNC_END;
}

ASYNC(makes_many, VARS(int i; coro_group group;))
{
    ASYNC_BEGIN;
    CORO_GROUP(self->group) {
        for (self->i = 0; self->i < MANY; self->i++)
            coro_group_create_task(&self->group, one_of_many(self->i));
    }
    EQ(next_of_many, MANY);
    ASYNC_END;
}

Test(timer, a_hundred_thousand_equal_deadlines_fire_in_order)
{
    EQ(RUN(makes_many()), 0);
}

/* --- the heap against a model --------------------------------------------------------------- */

#define TIMERS 300

static struct model {
    coro_timer timer;
    coro_time deadline;
    uint64_t order;
    bool set;
} model[TIMERS];

static struct model *first_of_model(void)
{
    struct model *first = NULL;
    for (int i = 0; i < TIMERS; i++)
        if (model[i].set && (first == NULL || model[i].deadline < first->deadline ||
                             (model[i].deadline == first->deadline &&
                              model[i].order < first->order)))
            first = &model[i];
    return first;
}

static void check_heap(void)
{
    const coro_timers *timers = &loop.timers;
    size_t dead = 0;
    HOLDS(timers->count == 0 || timers->heap[1].timer != NULL);
    HOLDS(timers->reserved + timers->dead <= timers->capacity);
    for (size_t i = 1; i <= timers->count; i++) {
        if (timers->heap[i].timer != NULL)
            EQ(timers->heap[i].timer->index, i);
        else
            dead++;
        if (i > 1) {
            const coro_timer_entry *parent = &timers->heap[(i + 2) / 4];
            HOLDS(parent->deadline < timers->heap[i].deadline ||
                  (parent->deadline == timers->heap[i].deadline &&
                   parent->sequence < timers->heap[i].sequence));
        }
    }
    EQ(dead, timers->dead);
}

static void expire_one(coro_time now)
{
    struct model *expected = first_of_model();
    coro_timer *timer = NULL;
    coro_time next;
    EQ(coro_timers_next(&loop, &next), expected != NULL);
    if (expected != NULL)
        EQ(next, expected->deadline);
    if (coro_timers_expire(&loop, now, &timer) < 0) {
        HOLDS(expected == NULL || expected->deadline > now);
        return;
    }
    HOLDS(expected != NULL && timer == &expected->timer && expected->deadline <= now);
    expected->set = false;
}

Test(timer, the_heap_agrees_with_a_model)
{
    unsigned random = 12345;
    uint64_t order = 0;
    coro_time now = 0;
    open_loop();
    for (int i = 0; i < TIMERS; i++)
        EQ(coro_timers_reserve(&loop), 0);
    for (int round = 0; round < 20000; round++) {
        struct model *each;
        random = random * 1103515245u + 12345u;
        each = &model[(random >> 16) % TIMERS];
        if ((random >> 8) % 4 == 0) {
            now += (random >> 4) % 8;
            expire_one(now);
        } else if (each->set) {
            EQ(coro_timer_clear(&loop, CORO_TIMER_SLEEP, &each->timer), true);
            EQ(coro_timer_clear(&loop, CORO_TIMER_SLEEP, &each->timer), false);
            each->set = false;
        } else {
            each->deadline = now + (random >> 20) % 64;
            each->order = order++;
            each->set = true;
            coro_timer_set(&loop, CORO_TIMER_SLEEP, &each->timer, each->deadline);
        }
        if (round % 64 == 0)
            check_heap();
    }
    while (first_of_model() != NULL)
        expire_one(CORO_FOREVER - 1);
    EQ(loop.timers.count, 0);
    for (int i = 0; i < TIMERS; i++)
        coro_timers_unreserve(&loop);
    close_loop();
}
