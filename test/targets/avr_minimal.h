/* SPDX-License-Identifier: MIT */
/*
 * avr_minimal.h - an 8-bit AVR with the smallest tasks: no cancellation, no timeouts, no groups,
 * no joins, and all frames in memory of the program's own.
 */
#define CORO_SCOPES 0
#define CORO_JOINS 0
#define CORO_POOL_CLASSES 0

#define CORO_HOSTED 0
#define CORO_STATE_BITS 16
#define CORO_TIME_BITS 16
#define CORO_TICKS_PER_SECOND 1000
#define CORO_DESCENT 8
