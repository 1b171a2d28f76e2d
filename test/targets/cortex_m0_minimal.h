/* SPDX-License-Identifier: MIT */
/*
 * cortex_m0_minimal.h - a Cortex-M0 with the smallest tasks: no cancellation, no timeouts, no
 * groups, no joins, and all frames in memory of the program's own.
 */
#define CORO_SCOPES 0
#define CORO_JOINS 0
#define CORO_POOL_CLASSES 0

#include "cortex_m0.h"
