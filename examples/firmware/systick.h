/* SPDX-License-Identifier: MIT */
/* systick.h - the timer that every Cortex-M has; the chip's first interrupts; one register. */
#ifndef SYSTICK_H
#define SYSTICK_H

#include "board.h"

#define REGISTER(address) (*(volatile uint32_t *)(address))

static inline void systick_init(uint32_t clock_hz)
{
    REGISTER(0xe000e014) = clock_hz / CORO_TICKS_PER_SECOND - 1;
    REGISTER(0xe000e018) = 0;
    REGISTER(0xe000e010) = 7; /* the processor's clock, interrupt, on */
}

/* Of the chip's interrupts, those that the table of vectors has a place for (cortex_m.c). */
#define INTERRUPTS 3

/* One that has no place there does not compile. */
#define interrupt_enable(number)                                                                   \
    (void)(REGISTER(0xe000e100) = 1u << (number) / ((number) < INTERRUPTS))

#endif
