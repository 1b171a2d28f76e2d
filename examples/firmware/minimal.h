/* SPDX-License-Identifier: MIT */
/* minimal.h - CORO_CONFIG_FILE of the smallest firmware: tasks, sleeps, flags and rings. */
#define CORO_HOSTED 0
#define CORO_SCOPES 0
#define CORO_STATE_BITS 16
#define CORO_TICKS_PER_SECOND 1000
