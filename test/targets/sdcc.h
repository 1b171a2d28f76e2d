/* SPDX-License-Identifier: MIT */
/*
 * sdcc.h - the smallest tasks on an 8-bit machine of SDCC's. There are no interrupts in this test:
 * nothing has to be held back. A program has `__critical`, or its processor's register.
 */
#define CORO_HOSTED 0
#define CORO_SCOPES 0
#define CORO_STATE_BITS 16
#define CORO_TIME_BITS 16
#define CORO_TICKS_PER_SECOND 1000

#define CORO_CRITICAL unsigned char
#define CORO_CRITICAL_ENTER() 0
#define CORO_CRITICAL_EXIT(was) (void)(was)

/* The clock wraps in the second round. */
#define CORO_FIRST_TICK (-45)
