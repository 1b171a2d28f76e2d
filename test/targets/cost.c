/* SPDX-License-Identifier: MIT */
/*
 * cost.c - what a resume costs: tasks that only yield, counted by the machine itself, the loop's
 * turns included. Says `3: 61\n`, of three tasks in a turn, and the same of one: instructions on
 * qemu's machines (-icount shift=0: one is a nanosecond), cycles on an AVR.
 */
#include "board.h"
#include "quiet_bench.h"

#include <coro/task.h>

#define TURNS 1000u

#if defined(__AVR__)
#include <avr/io.h>
#define UNIT(clocks) ((clocks) * 64) /* Timer 1 */
static void clock_start(void)
{
    TCCR1B = 3;
    TCNT1 = 0;
}
static uint32_t clock_stop(void)
{
    return TCNT1;
}
#elif defined(__arm__)
#include "systick.h"
#ifdef __ARM_ARCH_6M__
#define MHZ 16 /* the microbit's; the other is the mps2 */
#else
#define MHZ 25
#endif
#define UNIT(clocks) ((clocks) * 1000u / MHZ)
static void clock_start(void)
{
    REGISTER(0xe000e010) = 0;
    REGISTER(0xe000e014) = 0xffffff;
    REGISTER(0xe000e018) = 0;
    REGISTER(0xe000e010) = 5;
}
static uint32_t clock_stop(void)
{
    return 0xffffff - REGISTER(0xe000e018);
}
#else
#define UNIT(clocks) (clocks)
static uint32_t began;
static uint32_t instructions(void)
{
    uint32_t now;
    __asm__ volatile("csrr %0, minstret" : "=r"(now));
    return now;
}
static void clock_start(void)
{
    began = instructions();
}
static uint32_t clock_stop(void)
{
    return instructions() - began;
}
#endif

void bench_tick_from_isr(void)
{
}

ASYNC(yielder)
{
    ASYNC_BEGIN;
    for (;;)
        AWAIT(coro_yield());
    ASYNC_END;
}

static coro_loop loop;
static coro_task tasks[3];
static struct yielder frames[3];

static void say(uint32_t number)
{
    if (number >= 10)
        say(number / 10);
    board_put((uint8_t)('0' + number % 10));
}

/* With interrupts held back: nothing else is counted. */
static void measure(uint8_t ready)
{
    CORO_CRITICAL was = CORO_CRITICAL_ENTER();
    uint32_t clocks;
    (void)coro_loop_run_once(&loop, false);
    clock_start();
    for (uint16_t i = 0; i < TURNS; i++)
        (void)coro_loop_run_once(&loop, false);
    clocks = clock_stop();
    CORO_CRITICAL_EXIT(was);
    say(ready);
    board_put(':');
    board_put(' ');
    say((UNIT(clocks) + TURNS * ready / 2) / (TURNS * ready));
    board_put('\n');
}

int main(void)
{
    (void)coro_loop_init(&loop, NULL);
    board_init(&loop);
    for (uint8_t ready = 1; ready <= 3; ready++) {
        (void)coro_task_start_at(&loop, &tasks[ready - 1], yielder_at(&frames[ready - 1]));
        if (ready != 2)
            measure(ready);
    }
    board_exit(0);
}
