/* SPDX-License-Identifier: MIT */
/*
 * kernel_tests.h - CORO_CONFIG_FILE of the kernel's tests on a board: all that a firmware can have,
 * with the words of traps, and with time as wide as on a host, for the tests count nanoseconds.
 */
#define CORO_HOSTED 0
#define CORO_TIME_BITS 64
#define CORO_TEXTS 1
#define CORO_POOL_CLASSES 64

/* Once a turn of each loop: loop_fixture.h counts them. */
extern unsigned long fixture_turns;
#define CORO_WATCHDOG() fixture_turns++
