/* SPDX-License-Identifier: MIT */
/*
 * cortex_m.c - from reset to main() on a Cortex-M: the table of vectors, memory, and how a
 * test ends. A fault ends it too, where a firmware of yours would reset.
 */
#include "systick.h"

extern uint32_t stack_top, data_image, data_begin, data_end, bss_begin, bss_end;

int main(void);
void on_reset(void);
void on_tick(void);
void on_receive(void);
void on_urgent(void);

static void on_fault(void)
{
#ifdef BOARD_TEST
    board_exit(99);
#else
    for (;;) {
    }
#endif
}

/* PendSV: a program may run a second loop there, see coro/bare.h. */
__attribute__((weak, alias("on_fault"))) void on_urgent(void);

void on_reset(void)
{
    uint32_t *from = &data_image;
    for (uint32_t *to = &data_begin; to < &data_end;)
        *to++ = *from++;
    for (volatile uint32_t *to = &bss_begin; to < (volatile uint32_t *)&bss_end;)
        *to++ = 0; /* volatile: no call of memset may come of it */
    main();
    on_fault();
}

/* The stack, 15 exceptions of the processor, and the chip's interrupts as far as a board of this
 * folder lets them in: the serial lines are among the first three. */
__attribute__((section(".vectors"), used)) static const void *const vectors[16 + INTERRUPTS] = {
    &stack_top,
    [1] = (void *)on_reset,
    [2 ... 13] = (void *)on_fault,
    [14] = (void *)on_urgent,
    [15] = (void *)on_tick,
    [16 ... 15 + INTERRUPTS] = (void *)on_receive,
};

#ifdef BOARD_TEST
/* SYS_EXIT_EXTENDED of ARM's semihosting: qemu ends with this status. */
void board_exit(int status)
{
    const uint32_t block[2] = {0x20026, (uint32_t)status};
    register int operation __asm__("r0") = 0x20;
    register const void *argument __asm__("r1") = block;
    __asm__ volatile("bkpt 0xab" ::"r"(operation), "r"(argument) : "memory");
    for (;;) {
    }
}
#endif
