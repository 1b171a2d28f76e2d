/* SPDX-License-Identifier: MIT */
/* The virtual clock, shuffled orders, memory that fails: coro/test.h. */
#define _POSIX_C_SOURCE 200809L
#include "helper.h"

#include <coro/flag.h>
#include <coro/gather.h>
#include <coro/remote.h>
#include <coro/scope.h>
#include <coro/test.h>

#include <criterion/redirect.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define EQ(actual, expected) cr_assert(eq(long, (long)(actual), (long)(expected)))
#define HOLDS(condition) cr_assert(ne(int, (condition) ? 1 : 0, 0), "%s", #condition)

SUITE(sim);

static coro_time now(void)
{
    return coro_loop_time(coro_loop_current());
}

static void no_report(void *context, const coro_report *report)
{
    (void)context, (void)report;
}

/* --- time --------------------------------------------------------------------------------- */

ASYNC(long_sleep)
{
    ASYNC_BEGIN;
    EQ(now(), 0);
    AWAIT(coro_sleep(CORO_SECONDS(3600)));
    EQ(now(), CORO_SECONDS(3600));
    AWAIT(coro_sleep(1));
    EQ(now(), CORO_SECONDS(3600) + 1);
    AWAIT(coro_yield());
    EQ(now(), CORO_SECONDS(3600) + 1);
    ASYNC_END;
}

Test(sim, time_jumps_to_the_next_deadline_and_stands_otherwise)
{
    time_t begin = time(NULL);
    EQ(coro_test_run(long_sleep()), 0);
    HOLDS(time(NULL) - begin < 60);
}

ASYNC(blocked, VARS(int error;))
{
    ASYNC_BEGIN;
    AWAIT_CATCH(self->error, coro_wait_for(coro_sleep(CORO_SECONDS(5)), CORO_SECONDS(1)));
    EQ(self->error, CORO_ETIMEDOUT);
    EQ(now(), CORO_SECONDS(1));
    coro_test_advance(coro_loop_current(), CORO_SECONDS(7));
    EQ(now(), CORO_SECONDS(8));
    AWAIT(coro_sleep(CORO_SECONDS(1)));
    EQ(now(), CORO_SECONDS(9));
    ASYNC_END;
}

Test(sim, a_computation_can_be_made_to_take_time)
{
    EQ(coro_test_run(blocked()), 0);
}

Test(sim, time_does_not_run_backwards, .signal = SIGABRT)
{
    coro_loop loop;
    EQ(coro_test_loop_init(&loop, 0), 0);
    coro_test_advance(&loop, -1);
}

ASYNC(sleep_twice)
{
    ASYNC_BEGIN;
    AWAIT(coro_sleep(CORO_FOREVER - 1));
    EQ(now(), CORO_FOREVER - 1);
    AWAIT(coro_sleep(CORO_FOREVER - 1)); /* saturates: never comes */
    ASYNC_END;
}

Test(sim, f031_the_end_of_time_never_comes)
{
    coro_test_options options = {.report = no_report};
    EQ(coro_test_run_with(sleep_twice(), &options), CORO_EDEADLK);
}

ASYNC(sleep_oddly)
{
    ASYNC_BEGIN;
    AWAIT(coro_sleep(-CORO_FOREVER));
    AWAIT(coro_sleep(coro_seconds(-1e300)));
    EQ(now(), 0);
    AWAIT(coro_sleep(CORO_DURATION_INVALID));
    ASYNC_END;
}

Test(sim, f031_negative_delays_are_none_and_nan_is_an_error)
{
    EQ(coro_test_run(sleep_oddly()), CORO_EINVAL);
}

/* --- threads ------------------------------------------------------------------------------ */

static coro_remote *remote;
static coro_remote_flag flag;

static void *set_flag(void *unused)
{
    struct timespec pause = {0, 5000000};
    nanosleep(&pause, NULL);
    coro_remote_flag_set(remote, &flag);
    return unused;
}

ASYNC(wait_for_thread, VARS(pthread_t thread; int error;))
{
    ASYNC_BEGIN;
    remote = coro_remote_open(coro_loop_current());
    HOLDS(remote != NULL);
    coro_remote_flag_init(&flag);
    EQ(pthread_create(&self->thread, NULL, set_flag, NULL), 0);
    AWAIT(coro_remote_flag_wait(&flag)); /* nothing else can go on: really waits */
    EQ(now(), 0);
    EQ(pthread_join(self->thread, NULL), 0);
    EQ(coro_remote_flag_set(remote, &flag), 0); /* posted before it looks: no jump */
    AWAIT(coro_wait_for(coro_remote_flag_wait(&flag), CORO_SECONDS(1)));
    EQ(now(), 0);
    AWAIT_CATCH(self->error,
                coro_wait_for(coro_remote_flag_wait(&flag), CORO_SECONDS(1))); /* jumps */
    EQ(self->error, CORO_ETIMEDOUT);
    EQ(now(), CORO_SECONDS(1));
    coro_remote_release(remote);
    ASYNC_END;
}

Test(sim, a_loop_that_waits_for_a_thread_alone_really_waits)
{
    EQ(coro_test_run(wait_for_thread()), 0);
}

/* --- order -------------------------------------------------------------------------------- */

static char order[64];

ASYNC(note, ARGS(char, letter))
{
    ASYNC_BEGIN;
    order[strlen(order)] = self->letter;
    ASYNC_END;
}

ASYNC(three)
{
    ASYNC_BEGIN;
    memset(order, 0, sizeof order);
    AWAIT(coro_gather(coro_only(note('a')), coro_only(note('b')), coro_only(note('c'))));
    ASYNC_END;
}

Test(sim, seed_0_is_first_come_first_served)
{
    for (int i = 0; i < 10; i++) {
        EQ(coro_test_run(three()), 0);
        EQ(strcmp(order, "abc"), 0);
    }
}

Test(sim, every_order_has_a_seed)
{
    static const char *const orders[] = {"abc", "acb", "bac", "bca", "cab", "cba"};
    int seen[6] = {0};
    for (uint64_t seed = 1; seed <= 600; seed++) {
        EQ(coro_test_run_seed(three(), seed), 0);
        for (int i = 0; i < 6; i++)
            seen[i] += strcmp(order, orders[i]) == 0;
    }
    for (int i = 0; i < 6; i++) /* 100 each, if it is fair */
        cr_expect(all(gt(int, seen[i], 60), lt(int, seen[i], 140)), "%s: %d", orders[i], seen[i]);
}

ASYNC(wander, ARGS(char, letter, int, steps))
{
    ASYNC_BEGIN;
    while (self->steps-- > 0) {
        order[strlen(order)] = self->letter;
        AWAIT(coro_yield());
    }
    ASYNC_END;
}

ASYNC(wanderers)
{
    ASYNC_BEGIN;
    memset(order, 0, sizeof order);
    AWAIT(coro_gather(coro_only(wander('a', 9)), coro_only(wander('b', 9)),
                      coro_only(wander('c', 9)), coro_only(wander('d', 9))));
    ASYNC_END;
}

Test(sim, a_seed_replays_exactly)
{
    char first[64], other[64];
    EQ(coro_test_run_seed(wanderers(), 42), 0);
    memcpy(first, order, sizeof first);
    EQ(strlen(first), 36);
    EQ(coro_test_run_seed(wanderers(), 43), 0);
    memcpy(other, order, sizeof other);
    EQ(coro_test_run_seed(wanderers(), 42), 0);
    EQ(memcmp(first, order, sizeof first), 0);
    HOLDS(memcmp(first, other, sizeof first) != 0);
}

#define CROWD 1000
static unsigned been[CROWD];

ASYNC(visit, ARGS(unsigned, number))
{
    ASYNC_BEGIN;
    been[self->number]++;
    ASYNC_END;
}

ASYNC(crowd, VARS(coro_task *task; unsigned i;))
{
    ASYNC_BEGIN;
    for (self->i = 0; self->i < CROWD; self->i++)
        coro_task_release(coro_create_task(visit(self->i)));
    AWAIT(coro_yield());
    AWAIT(coro_yield());
    ASYNC_END;
}

Test(sim, nobody_is_lost_in_the_shuffle)
{
    EQ(coro_test_run_seed(crowd(), 7), 0);
    for (unsigned i = 0; i < CROWD; i++)
        EQ(been[i], 1);
}

ASYNC(fails)
{
    ASYNC_BEGIN;
    ASYNC_THROW(CORO_EPIPE);
    ASYNC_END;
}

static void redirect(void)
{
    cr_redirect_stderr();
}

Test(sim, a_failing_seed_is_printed, .init = redirect)
{
    EQ(coro_test_run_seed(fails(), 1234567890123456789u), CORO_EPIPE);
    fflush(stderr);
    cr_assert_stderr_eq_str("coro: failed with seed 1234567890123456789: "
                            "coro_test_run_seed(..., 1234567890123456789)\n");
}

/* --- memory ------------------------------------------------------------------------------- */

ASYNC(steps)
{
    ASYNC_BEGIN;
    AWAIT(coro_gather(coro_only(coro_sleep(1)), coro_only(coro_sleep(2))));
    ASYNC_END;
}

Test(sim, each_allocation_may_fail)
{
    size_t n = 0;
    int error;
    do {
        coro_test_allocator memory = {.fail_at = ++n};
        coro_test_options options = {.memory = &memory};
        error = coro_test_run_with(steps(), &options);
        EQ(memory.live, 0);
        EQ(memory.bytes, 0);
        EQ(error, memory.failed > 0 ? CORO_ENOMEM : 0);
        EQ(memory.fail_at, error != 0 ? 0 : n - memory.count);
        HOLDS(memory.bytes_max > 0 || n == 1);
    } while (error != 0);
    HOLDS(n > 2);
}

Test(sim, memory_may_be_gone_for_good)
{
    coro_test_allocator memory = {.fail_from = 2};
    coro_test_options options = {.memory = &memory};
    EQ(coro_test_run_with(steps(), &options), CORO_ENOMEM);
    EQ(memory.fail_from, 1);
    EQ(coro_test_run_with(steps(), &options), CORO_ENOMEM);
    EQ(memory.failed, 2);
}

Test(sim, memory_moves_when_it_grows_and_keeps_what_it_holds)
{
    coro_test_allocator memory = {0};
    coro_allocator allocator = coro_test_allocator_of(&memory);
    char *block = allocator.resize(allocator.context, NULL, 0, 4), *moved;
    uintptr_t before = (uintptr_t)block;
    EQ((unsigned char)block[0], 0xa5);
    memcpy(block, "abc", 4);
    moved = allocator.resize(allocator.context, block, 4, 1000);
    HOLDS((uintptr_t)moved != before);
    EQ(memcmp(moved, "abc", 4), 0);
    EQ((unsigned char)moved[4], 0xa5);
    EQ(memory.live, 1);
    EQ(memory.bytes, 1000);
    moved = allocator.resize(allocator.context, moved, 1000, 2);
    EQ(memcmp(moved, "ab", 2), 0);
    allocator.resize(allocator.context, moved, 2, 0);
    EQ(memory.live, 0);
    EQ(memory.bytes, 0);
    EQ(memory.bytes_max, 1000);
    EQ(memory.count, 3);
}

Test(sim, a_block_given_back_with_another_size_traps, .signal = SIGABRT)
{
    coro_test_allocator memory = {0};
    coro_allocator allocator = coro_test_allocator_of(&memory);
    void *block = allocator.resize(allocator.context, NULL, 0, 16);
    allocator.resize(allocator.context, block, 17, 0);
}

ASYNC(idle)
{
    ASYNC_BEGIN;
    ASYNC_END;
}

Test(sim, memory_that_is_not_given_back_is_an_error, .init = redirect)
{
    coro_test_allocator memory = {0};
    coro_test_options options = {.memory = &memory};
    coro_allocator allocator = coro_test_allocator_of(&memory);
    void *block = allocator.resize(allocator.context, NULL, 0, 16);
    EQ(coro_test_run_with(idle(), &options), CORO_ELEAK);
    fflush(stderr);
    cr_assert_stderr_eq_str("coro: 0 frames and 1 blocks (16 bytes) were not given back\n");
    allocator.resize(allocator.context, block, 16, 0);
}

#if CORO_POOL_LISTS_ /* else it would be a leak indeed */
ASYNC(lose_a_frame)
{
    ASYNC_BEGIN;
    HOLDS(idle() != NULL);
    ASYNC_END;
}

Test(sim, a_frame_that_is_not_given_back_is_an_error, .init = redirect)
{
    EQ(coro_test_run(lose_a_frame()), CORO_ELEAK);
}
#endif

/* --- misuse ------------------------------------------------------------------------------- */

ASYNC(run_inside, VARS(int error;))
{
    ASYNC_BEGIN;
    self->error = coro_test_run(idle());
    EQ(self->error, CORO_EBUSY);
    ASYNC_END;
}

Test(sim, a_run_inside_of_a_run_is_refused)
{
    EQ(coro_test_run(run_inside()), 0);
}
