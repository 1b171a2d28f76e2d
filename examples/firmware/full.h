/* SPDX-License-Identifier: MIT */
/* full.h - CORO_CONFIG_FILE of a firmware with cancel, timeouts, groups and joins. */
#define CORO_HOSTED 0
#define CORO_STATE_BITS 16
#define CORO_TICKS_PER_SECOND 1000
