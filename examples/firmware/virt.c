/* SPDX-License-Identifier: MIT */
/*
 * virt.c - qemu's RISC-V machine `virt`: a 16550 serial line behind the interrupt controller
 * (PLIC, line 10), a timer of 10 MHz. It has neither lamp nor button.
 */
#include "board.h"

#define UART(offset) (*(volatile uint8_t *)(0x10000000 + (offset)))
#define WORD(address) (*(volatile uint32_t *)(address))
#define CLAIM 0xc200004
#define PER_TICK (10000000u / CORO_TICKS_PER_SECOND)

static uint8_t bytes[16];
coro_ring board_received = CORO_RING_INIT(bytes);

void on_trap(uintptr_t cause);

static uint64_t next_tick;

/* The comparison is 64 bits wide and set in two steps: far away meanwhile. */
static void set_timer(void)
{
    next_tick += PER_TICK;
    WORD(0x2004004) = 0xffffffff;
    WORD(0x2004000) = (uint32_t)next_tick;
    WORD(0x2004004) = (uint32_t)(next_tick >> 32);
}

void on_trap(uintptr_t cause)
{
    uint32_t line;
    switch (cause) {
    case 0x80000007:
        coro_bare_tick_from_isr();
        bench_tick_from_isr();
        set_timer();
        break;
    case 0x8000000b:
        line = WORD(CLAIM);
        while (UART(5) & 1)
            coro_ring_put_from_isr(&board_received, UART(0));
        WORD(CLAIM) = line;
        break;
    default:
#ifdef BOARD_TEST
        board_exit(99);
#else
        for (;;) {
        }
#endif
    }
}

void board_init(coro_loop *loop)
{
    (void)loop;
    WORD(0xc000000 + 4 * 10) = 1; /* the line's priority; let it through */
    WORD(0xc002000) = 1u << 10;
    UART(1) = 1;
    next_tick = WORD(0x200bff8);
    set_timer();
    __asm__ volatile("csrs mie, %0" ::"r"(0x880)); /* timer and controller */
    __asm__ volatile("csrs mstatus, %0" ::"r"(8));
}

void board_lamp_toggle(void)
{
    bench_lamp_toggled();
}

bool board_button_is_down(void)
{
#ifdef BOARD_TEST
    return bench_button_is_down();
#else
    return false;
#endif
}

void board_put(uint8_t byte)
{
    bench_put(byte);
    while (!(UART(5) & 0x20)) {
    }
    UART(0) = byte;
}

#ifdef BOARD_TEST
void board_exit(int status)
{
    WORD(0x100000) = status == 0 ? 0x5555u : ((uint32_t)status << 16 | 0x3333u);
    for (;;) {
    }
}
#endif
