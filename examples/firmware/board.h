/* SPDX-License-Identifier: MIT */
/*
 * board.h - what the firmware asks of a board: a lamp, a button, a serial line, a clock.
 *
 * One file a board: microbit.c, mps2.c, virt.c, avr.c; and test/targets/host.c, a board that is
 * made up, in virtual time. The serial line's receive interrupt puts its bytes into
 * board_received; a timer's interrupt counts CORO_TICKS_PER_SECOND ticks.
 */
#ifndef BOARD_H
#define BOARD_H

#include <coro/bare.h>
#include <coro/ring.h>

extern coro_ring board_received;

/* Start the hardware, and let interrupts in. */
void board_init(coro_loop *loop);

void board_lamp_toggle(void);
bool board_button_is_down(void);
void board_put(uint8_t byte); /* as soon as the line has room */

/* A board of flesh and blood runs for ever, on the loop that its port gives it. */
#if CORO_HOSTED
bool board_is_on(void);
const coro_loop_options *board_loop_options(void);
#else
#define board_is_on() true
#define board_loop_options() NULL
#endif

/* In a test (-DBOARD_TEST) test/targets/bench.c looks on, presses the button, and ends it. */
#ifdef BOARD_TEST
void bench_tick_from_isr(void);
void bench_lamp_toggled(void);
bool bench_button_is_down(void);
void bench_put(uint8_t byte);
CORO_NORETURN void board_exit(int status);
#else
#define bench_tick_from_isr() (void)0
#define bench_lamp_toggled() (void)0
#define bench_put(byte) (void)(byte)
#endif

#endif
