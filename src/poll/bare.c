/* SPDX-License-Identifier: MIT */
/*
 * bare.c - how a loop waits where there is no operating system: until an interrupt.
 *
 *     interrupts held back ─► a flag is set? ──yes──► back to the loop
 *                                  │ no
 *                                  ▼
 *                     sleep: an interrupt that came meanwhile, or comes, ends it
 *
 * An interrupt between the question and the sleep is held back, and ends the sleep at
 * once: no wake is lost. It runs when interrupts are let in again, and the loop looks
 * at the flags behind that.
 */
#include "kernel/kernel.h"

#include <coro/bare.h>

#if !CORO_HOSTED

static volatile coro_time ticks = (coro_time)(CORO_FIRST_TICK);

void coro_bare_tick_from_isr(void)
{
    ticks = (coro_time)(ticks + 1);
}

#if CORO_TIME_BITS <= 32 && UINT_MAX > 0xffffu
CORO_WEAK coro_time coro_bare_now(void)
{
    return ticks;
}
#else
/* A machine may take several steps to read it, and be interrupted between them. */
CORO_WEAK CORO_NOINLINE coro_time coro_bare_now(void)
{
    CORO_CRITICAL was = CORO_CRITICAL_ENTER();
    coro_time now = ticks;
    CORO_CRITICAL_EXIT(was);
    return now;
}
#endif

#if CORO_HAS_WEAK_
CORO_WEAK void coro_bare_idle(coro_duration for_ticks)
{
    (void)for_ticks;
#if defined(__AVR__) /* SMCR: idle mode, enabled; the instruction behind `sei` still comes first */
    __asm__ volatile("out 0x33, %0\n\tsei\n\tsleep\n\tcli\n\tout 0x33, __zero_reg__" ::"r"(
                         (uint8_t)1)
                     : "memory");
#elif defined(__arm__) || defined(__riscv)
    __asm__ volatile("wfi" ::: "memory");
#endif
}
#endif

void coro_bare_wait(coro_loop *loop)
{
    CORO_CRITICAL was = CORO_CRITICAL_ENTER();
    if (!coro_flags_any(loop)) {
        coro_duration left = CORO_FOREVER; /* wrapping ticks: half the range */
        coro_time deadline;
        if (coro_timers_next(loop, &deadline))
            left = (coro_duration)(coro_time)(deadline - coro_bare_now());
        if (left > 0)
            coro_bare_idle(left);
    }
    CORO_CRITICAL_EXIT(was);
}

#endif
