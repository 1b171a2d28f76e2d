/* SPDX-License-Identifier: MIT */
/*
 * cortex_m0.h - a Cortex-M0 without an operating system, everything built in.
 *
 *     -DCORO_CONFIG_FILE='"cortex_m0.h"'
 */
#define CORO_HOSTED 0
#define CORO_STATE_BITS 16 /* one await a line; a switch on 64 bits would be a long one here */
#define CORO_TIME_BITS 32
#define CORO_TICKS_PER_SECOND 1000
#define CORO_DESCENT 8
