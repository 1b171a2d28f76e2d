/* SPDX-License-Identifier: MIT */
/*
 * coro/bare.h - the port: what a machine without an operating system gives to its loops.
 *
 *     ISR(TIMER0_COMPA_vect) { coro_bare_tick_from_isr(); }     // CORO_TICKS_PER_SECOND
 *
 *     int main(void)
 *     {
 *         coro_loop_init(&loop, NULL);
 *         coro_task_start_at(&loop, &blink_task, blink_at(&blink_frame));
 *         for (;;)
 *             coro_loop_run_once(&loop, true);
 *     }
 *
 * One loop a level of interrupts: an interrupt may run a loop of its own, whose tasks preempt
 * those of main. It calls coro_loop_run_once(&urgent, false) until that says false; who sets one
 * of its flags, and its timer, must start that interrupt. Nothing else is shared, and a flag or
 * ring (coro/flag.h, coro/ring.h) is how one level tells the other.
 *
 * Five hooks. The macros are yours to define, in CORO_CONFIG_FILE; the functions are weak, so that
 * a definition of yours takes their place. SDCC has nothing weak: there coro_bare_idle is yours to
 * define, and coro_trap; the clock is what was counted, also by your coro_bare_idle.
 *
 *     CORO_CRITICAL_ENTER()     hold interrupts back; what it returns, a CORO_CRITICAL, goes to
 *     CORO_CRITICAL_EXIT(was)   which puts them back as they were: they nest
 *     CORO_WATCHDOG()           once a turn of each loop; nothing, unless you define it
 *     coro_bare_now()           the clock; by itself what coro_bare_tick_from_isr has counted
 *     coro_bare_idle(ticks)     sleep; by itself until the next interrupt
 *
 * Memory: none. An object's size is a constant, `sizeof(struct name)` for the frame of a coroutine.
 */
#ifndef CORO_BARE_H
#define CORO_BARE_H

#include <coro/loop.h>

#if !CORO_HOSTED

CORO_BEGIN_DECLS

/* Hold interrupts back, for a few instructions. */
#ifndef CORO_CRITICAL_ENTER
#if defined(__AVR__)
#define CORO_CRITICAL uint8_t
static inline uint8_t coro_critical_enter_(void)
{
    uint8_t was;
    __asm__ volatile("in %0, 0x3f\n\tcli" : "=r"(was)::"memory");
    return was;
}
#define CORO_CRITICAL_EXIT(was) __asm__ volatile("out 0x3f, %0" ::"r"(was) : "memory")
#elif defined(__arm__) && defined(__ARM_ARCH_PROFILE) && __ARM_ARCH_PROFILE == 'M'
#define CORO_CRITICAL uint32_t
static inline uint32_t coro_critical_enter_(void)
{
    uint32_t was;
    __asm__ volatile("mrs %0, primask\n\tcpsid i" : "=r"(was)::"memory");
    return was;
}
#define CORO_CRITICAL_EXIT(was) __asm__ volatile("msr primask, %0" ::"r"(was) : "memory")
#elif defined(__riscv)
#define CORO_CRITICAL uintptr_t
static inline uintptr_t coro_critical_enter_(void)
{
    uintptr_t was;
    __asm__ volatile("csrrci %0, mstatus, 8" : "=r"(was)::"memory");
    return was & 8;
}
#define CORO_CRITICAL_EXIT(was) __asm__ volatile("csrs mstatus, %0" ::"r"(was) : "memory")
#else
#error "CORO_CONFIG_FILE must define CORO_CRITICAL, CORO_CRITICAL_ENTER and CORO_CRITICAL_EXIT"
#endif
#define CORO_CRITICAL_ENTER() coro_critical_enter_()
#endif

/* Where the clock begins: tests let it wrap soon. */
#ifndef CORO_FIRST_TICK
#define CORO_FIRST_TICK 0
#endif

/* One tick of the clock has passed. From one interrupt, CORO_TICKS_PER_SECOND times a second. */
void coro_bare_tick_from_isr(void);

/* The clock: ticks, wrapping at the width of coro_time. From anywhere. */
coro_time coro_bare_now(void);

/*
 * Sleep until something interrupts, for `ticks` at most; sooner is fine. Called with interrupts
 * held back, in which state it must return; it may let them in meanwhile, in one step with falling
 * asleep, if that is how the processor wakes (an AVR does; a Cortex-M and RISC-V need not). A port
 * without a ticking timer sets one for `ticks`, and moves its clock when it is back.
 */
void coro_bare_idle(coro_duration ticks);

CORO_END_DECLS

#endif

#endif
