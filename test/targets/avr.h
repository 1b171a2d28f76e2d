/* SPDX-License-Identifier: MIT */
/*
 * avr.h - an 8-bit AVR with 2 KiB of memory, everything built in.
 *
 *     -DCORO_CONFIG_FILE='"avr.h"'
 */
#define CORO_HOSTED 0
#define CORO_STATE_BITS 16
#define CORO_TIME_BITS 16 /* delays of up to 32 seconds */
#define CORO_TICKS_PER_SECOND 1000
#define CORO_DESCENT 8
#define CORO_POOL_CLASSES 8
