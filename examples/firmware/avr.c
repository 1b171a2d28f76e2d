/* SPDX-License-Identifier: MIT */
/* avr.c - an ATmega328P at 16 MHz, as on an Arduino Uno: lamp on PB5, button on PD2. */
#include "board.h"

#include <avr/interrupt.h>
#include <avr/io.h>

static uint8_t bytes[16];
coro_ring board_received = CORO_RING_INIT(bytes);

ISR(TIMER0_COMPA_vect)
{
    coro_bare_tick_from_isr();
    bench_tick_from_isr();
}

ISR(USART_RX_vect)
{
    coro_ring_put_from_isr(&board_received, UDR0);
}

void board_init(coro_loop *loop)
{
    (void)loop;
    DDRB = _BV(5);
    PORTD = _BV(2); /* pulled up: a press reads as 0 */
    UBRR0L = 8;     /* 115,200 baud; the upper half is 0 */
    UCSR0B = _BV(TXEN0) | _BV(RXEN0) | _BV(RXCIE0);
    TCCR0A = _BV(WGM01); /* 16 MHz / 64 / 250 = 1 kHz */
    TCCR0B = _BV(CS01) | _BV(CS00);
    OCR0A = 249;
    TIMSK0 = _BV(OCIE0A);
    sei();
}

void board_lamp_toggle(void)
{
    PINB = _BV(5); /* writing a 1 there toggles */
    bench_lamp_toggled();
}

bool board_button_is_down(void)
{
#ifdef BOARD_TEST
    return bench_button_is_down();
#else
    return !(PIND & _BV(2));
#endif
}

void board_put(uint8_t byte)
{
    bench_put(byte);
    while (!(UCSR0A & _BV(UDRE0))) {
    }
    UDR0 = byte;
}

#ifdef BOARD_TEST
/* Sleep without interrupts: the simulator's end. What it is to answer stands in a register. */
void board_exit(int status)
{
    cli();
    GPIOR0 = (uint8_t)status;
    SMCR = 1;
    for (;;)
        __asm__ volatile("sleep");
}
#endif
