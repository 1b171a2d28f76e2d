/* SPDX-License-Identifier: MIT */
/*
 * cortex_m.c - from reset to main() on a Cortex-M: the table of vectors, memory, and how a
 * test ends. A fault ends it too, where a firmware of yours would reset.
 */
#include "board.h"

extern uint32_t stack_top, data_image, data_begin, data_end, bss_begin, bss_end;

int main(void);
void on_reset(void);
void on_tick(void);
void on_receive(void);

static void on_fault(void)
{
#ifdef BOARD_TEST
    board_exit(99);
#else
    for (;;) {
    }
#endif
}

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

/* The stack, 15 exceptions of the processor, 32 interrupts of the chip. */
__attribute__((section(".vectors"), used)) static const void *const vectors[48] = {
    &stack_top,
    [1] = (void *)on_reset,
    [2 ... 14] = (void *)on_fault,
    [15] = (void *)on_tick,
    [16 ... 47] = (void *)on_receive,
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
