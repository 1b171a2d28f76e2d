/* SPDX-License-Identifier: MIT */
/*
 * helper.h: what every unit test includes first.
 *
 * The one place that knows which test framework is in use:
 *
 *     #include "helper.h"
 *     #include <coro/queue.h>
 *
 *     SUITE(queue);                            // a test that takes more than 10 s has hung
 *
 *     Test(queue, get_takes_items_in_the_order_of_put)
 *     {
 *         cr_assert(eq(int, coro_run(main_async()), 0));
 *     }
 *
 * Laws, each learned the hard way:
 *  - every test is a process of its own, executed anew: static data of a parameter survives
 *    by its bytes only, so tables are loops of cr_expect(..., "row %s", label) in one test;
 *  - no array asserts, eq(int[3], ...): they leak and are undefined behaviour; use memcmp;
 *  - the child starts with two threads and some descriptors open: compare before and after;
 *  - no .timeout on a single test: the runner leaks, which fails the program under ASan; use
 *    SUITE_LASTING(queue, 60) for a suite with a long test;
 *  - TSan and valgrind do not see into these processes: threads are tested in plain/.
 */
#ifndef CORO_TEST_HELPER_H
#define CORO_TEST_HELPER_H

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#ifdef CORO_TEST_COVERAGE
#include <signal.h>

/* A test that traps leaves its counts, too: scripts/coverage.py. */
void __gcov_dump(void);

static void leave_counts(int signo)
{
    __gcov_dump();
    signal(signo, SIG_DFL);
    raise(signo);
}

__attribute__((constructor)) static void leave_counts_of_traps(void)
{
    signal(SIGABRT, leave_counts);
}
#endif

#define TEST_TIMEOUT_S 10.0

/* Sanitizers and a loaded machine make a test slow, but not a hundred times. */
#define SUITE(noun) SUITE_LASTING(noun, TEST_TIMEOUT_S)
#define SUITE_LASTING(noun, seconds) TestSuite(noun, .timeout = (seconds))

#endif
