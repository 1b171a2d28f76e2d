/* SPDX-License-Identifier: MIT */
/*
 * coro/test.h - test programs that wait, without waiting.
 *
 *     assert(coro_test_run(polite_client()) == 0);       // an hour of sleeps, at once
 *     for (uint64_t seed = 1; seed <= 1000; seed++)
 *         assert(coro_test_run_seed(two_writers(), seed) == 0);
 *
 * A virtual clock: nothing runs by itself, so when no task is ready the time
 * jumps to the next deadline. It starts at 0. A loop that waits for another
 * thread (a remote, a job of a lane) really waits for it.
 *
 * A seed shuffles the tasks that are ready in the same turn: every order that
 * it makes may happen, and a bug that needs a certain one has a number by which
 * it comes again. Seed 0 is first come first served.
 *
 * There are no descriptors here: use coro_stream_pair (coro/stream.h).
 *
 * Memory: a run counts what it takes, and fails with CORO_ELEAK when something
 * is not given back. Threads: any, one loop at a time in each.
 */
#ifndef CORO_TEST_H
#define CORO_TEST_H

#include <coro/loop.h>

#if CORO_HOSTED

CORO_BEGIN_DECLS

/*
 * Counts what is taken from it, and can be made to fail. Zeroed is ready:
 *
 *     coro_test_allocator memory = {.fail_at = 3};       // the 3rd from now on fails
 *     coro_loop_options options = {.allocator = coro_test_allocator_of(&memory)};
 *
 * It fills fresh and freed memory with 0xa5 and 0x5a, and traps when a block is
 * given back with another size than it was taken with. Threads: one at a time.
 */
typedef struct coro_test_allocator {
    size_t live, bytes;   /* now */
    size_t bytes_max;     /* at most, so far */
    size_t count;         /* allocations and growths so far, failed ones too */
    size_t fail_at;       /* counts down: at 1 the next one fails; 0: none will */
    size_t fail_from;     /* the same, but all later ones fail as well */
    size_t failed;        /* so many have */
} coro_test_allocator;

CORO_API coro_allocator coro_test_allocator_of(coro_test_allocator *memory);

typedef struct coro_test_options {
    uint64_t seed;
    coro_test_allocator *memory; /* NULL: one of its own, which never fails */
    coro_report_function report; /* NULL: stderr */
    void *context;
} coro_test_options;

/*
 * Run a call in a fresh loop with the virtual clock, as coro_run does. The
 * call's error; CORO_ELEAK, and a line on stderr, when it ended well but memory
 * was left. Takes the call.
 */
#define coro_test_run(call) coro_test_run_(&(call)->coro, NULL)
#define coro_test_run_with(call, options) coro_test_run_(&(call)->coro, (options))
CORO_API int coro_test_run_(coro_header *call, const coro_test_options *options);

/* The same with a seed, which is printed on stderr when the call fails. */
#define coro_test_run_seed(call, seed) coro_test_run_seed_(&(call)->coro, (seed))
CORO_API int coro_test_run_seed_(coro_header *call, uint64_t seed);

/* A loop with the virtual clock and the heap; as coro_loop_init. */
CORO_API int coro_test_loop_init(coro_loop *loop, uint64_t seed);

/*
 * Let time pass while nobody waits: a computation that blocks the loop. Timers
 * fire at the loop's next look at the clock. Loop thread; traps on another clock.
 */
CORO_API void coro_test_advance(coro_loop *loop, coro_duration time);

CORO_END_DECLS

#endif

#endif
