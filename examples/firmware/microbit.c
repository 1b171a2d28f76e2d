/* SPDX-License-Identifier: MIT */
/* microbit.c - BBC micro:bit: an nRF51822, which is a Cortex-M0 at 16 MHz. */
#include "systick.h"

#define UART(offset) REGISTER(0x40002000 + (offset))
#define GPIO(offset) REGISTER(0x50000000 + (offset))
#define LAMP (1u << 21)
#define BUTTON (1u << 17)
#define SENT 0x11c /* events of the line; software can only clear them */
#define RECEIVED 0x108

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
    UART(RECEIVED) = 0;
    coro_ring_put_from_isr(&board_received, (uint8_t)UART(0x518));
}

void board_init(coro_loop *loop)
{
    (void)loop;
    UART(0x500) = 4; /* enable; start both ways; interrupt when a byte has come: number 2 */
    UART(0x000) = 1;
    UART(0x008) = 1;
    UART(0x304) = 4;
    interrupt_enable(2);
    systick_init(16000000);
}

void board_lamp_toggle(void)
{
    GPIO(0x504) ^= LAMP;
    bench_lamp_toggled();
}

bool board_button_is_down(void)
{
#ifdef BOARD_TEST
    return bench_button_is_down();
#else
    return !(GPIO(0x510) & BUTTON);
#endif
}

void board_put(uint8_t byte)
{
    bench_put(byte);
    UART(SENT) = 0;
    UART(0x51c) = byte;
    while (!UART(SENT)) {
    }
}
