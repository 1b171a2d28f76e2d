/* SPDX-License-Identifier: MIT */
/*
 * urgent.c - two loops on a Cortex-M: one in main(), and one in PendSV, the interrupt of the
 * lowest priority, whose tasks preempt those of main. Status 0: all held.
 *
 *     SysTick ──flag──► sampler ──ring──► collector        counts: none lost, in order
 *     (an interrupt)    (PendSV's loop)   (main's loop)
 *
 * A third task keeps main's loop busy for many ticks at a time: the sampler must not wait for it.
 */
#include "systick.h"
#include "quiet_bench.h"

#include <coro/task.h>

#define TICKS 500
#define BUSY_TICKS 7

static uint8_t memory[64];
static coro_ring samples = CORO_RING_INIT(memory);
static coro_flag ticked = CORO_FLAG_INIT;
static coro_loop calm, urgent;
static volatile uint16_t ticks, sampled;
static uint16_t collected, hogged;
static volatile bool hogs;
static uint8_t failed;

void on_urgent(void);

/* Who sets a flag of a loop that runs in an interrupt starts that interrupt. */
static void start_urgent(void)
{
    REGISTER(0xe000ed04) = 1u << 28; /* ICSR: PendSV */
}

void bench_tick_from_isr(void)
{
    if (ticks == TICKS)
        return;
    ticks++;
    coro_flag_set_from_isr(&ticked);
    start_urgent();
}

/* PendSV. The loop of main stands still meanwhile, wherever it was. */
void on_urgent(void)
{
    coro_loop *outer = coro_loop_current();
    while (coro_loop_run_once(&urgent, false)) {
    }
    EXPECT(coro_loop_current() == outer, 1);
}

/* In time for every tick, whatever main's tasks do: two looks never see the same number. */
ASYNC(sampler)
{
    ASYNC_BEGIN;
    for (;;) {
        AWAIT(coro_flag_wait(&ticked));
        EXPECT(coro_loop_current() == &urgent, 2);
        EXPECT((uint16_t)(sampled + 1) == ticks, 3);
        sampled = ticks;
        EXPECT(coro_ring_put_from_isr(&samples, (uint8_t)sampled), 4);
        hogged = (uint16_t)(hogged + hogs);
    }
    ASYNC_END;
}

ASYNC(collector, VARS(int byte;))
{
    ASYNC_BEGIN;
    for (;;) {
        AWAIT(coro_ring_wait(&samples));
        EXPECT(coro_loop_current() == &calm, 5);
        while ((self->byte = coro_ring_get_nowait(&samples)) >= 0) {
            collected++;
            EXPECT((uint8_t)collected == self->byte, 6);
        }
    }
    ASYNC_END;
}

ASYNC(hog, VARS(coro_time until;))
{
    ASYNC_BEGIN;
    for (;;) {
        self->until = (coro_time)(coro_bare_now() + BUSY_TICKS);
        hogs = true;
        while (!coro_time_reached(coro_bare_now(), self->until)) {
        }
        hogs = false;
        AWAIT(coro_sleep(2));
    }
    ASYNC_END;
}

static coro_task sampler_task, collector_task, hog_task;
static struct sampler sampler_frame;
static struct collector collector_frame;
static struct hog hog_frame;

int main(void)
{
    EXPECT(coro_loop_init(&calm, NULL) == 0 && coro_loop_init(&urgent, NULL) == 0, 7);
    (void)coro_task_start_at(&urgent, &sampler_task, sampler_at(&sampler_frame));
    (void)coro_task_start_at(&calm, &collector_task, collector_at(&collector_frame));
    (void)coro_task_start_at(&calm, &hog_task, hog_at(&hog_frame));
    REGISTER(0xe000ed20) = 0xc0u << 16; /* SHPR3: PendSV below SysTick, which stays at 0 */
    start_urgent();
    board_init(&calm);
    while (collected < TICKS && failed == 0)
        (void)coro_loop_run_once(&calm, true);
    EXPECT(sampled == TICKS && samples.lost == 0, 8);
    EXPECT(hogged > TICKS / 2, 9); /* it did preempt */
    board_exit(failed);
}
