/* SPDX-License-Identifier: MIT */
/* mps2.c - ARM's MPS2 board with the image AN385: a Cortex-M3 at 25 MHz, CMSDK's serial line. */
#include "systick.h"

#define UART(offset) REGISTER(0x40004000 + (offset))
#define GPIO(offset) REGISTER(0x40010000 + (offset))
#define LAMP 1u
#define BUTTON 2u

static uint8_t bytes[16];
coro_ring board_received = CORO_RING_INIT(bytes);

void on_tick(void);
void on_receive(void);

void on_tick(void)
{
    coro_bare_tick_from_isr();
    bench_tick_from_isr();
}

void on_receive(void)
{
    UART(0xc) = 2; /* the interrupt is taken */
    coro_ring_put_from_isr(&board_received, (uint8_t)UART(0));
}

void board_init(coro_loop *loop)
{
    (void)loop;
    UART(0x10) = 16; /* the divider, the least; both ways, interrupt when a byte has come: 0 */
    UART(0x8) = 1 | 2 | 8;
    interrupt_enable(0);
    systick_init(25000000);
}

void board_lamp_toggle(void)
{
    GPIO(0x4) ^= LAMP;
    bench_lamp_toggled();
}

bool board_button_is_down(void)
{
#ifdef BOARD_TEST
    return bench_button_is_down();
#else
    return !(GPIO(0) & BUTTON);
#endif
}

void board_put(uint8_t byte)
{
    bench_put(byte);
    while (UART(0x4) & 1) {
    }
    UART(0) = byte;
}
