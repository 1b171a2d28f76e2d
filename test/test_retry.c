/* SPDX-License-Identifier: MIT */
/*
 * test_retry.c: how often, after how long, and for which errors.
 */
#include "loop_fixture.h"

#include <coro/retry.h>

#include <signal.h>

SUITE(retry);

static int outcomes[32]; /* of the attempts, in order */
static unsigned attempts;

ASYNC(attempt, RETURNS(int))
{
    ASYNC_BEGIN;
    say("%ld ", now_ms());
    AWAIT(coro_yield());
    if (outcomes[attempts++] != 0)
        ASYNC_THROW(outcomes[attempts - 1]);
    ASYNC_RETURN(42);
    ASYNC_END;
}

ASYNC(tries, ARGS(const coro_retry_options *, options),
      VARS(coro_retry retry; int error, again, n;))
{
    ASYNC_BEGIN;
    coro_retry_init(&self->retry, self->options);
    do {
        AWAIT_CATCH(self->error, self->n, attempt());
        AWAIT(self->again, coro_retry_next(&self->retry, self->error));
    } while (self->again);
    EQ(self->n, 42);
    ASYNC_END;
}

static void fail_times(unsigned times, int error)
{
    attempts = 0;
    for (unsigned i = 0; i < 32; i++)
        outcomes[i] = i < times ? error : 0;
    said_size = 0;
    said[0] = '\0';
    virtual_now = CLOCK_START;
}

Test(retry, what_goes_well_is_done_once)
{
    fail_times(0, 0);
    EQ(RUN(tries(NULL)), 0);
    SAID("0 ");
}

Test(retry, the_wait_doubles_from_100_ms_up_to_30_s)
{
    fail_times(11, CORO_EIO);
    EQ(RUN(tries(NULL)), 0);
    SAID("0 100 300 700 1500 3100 6300 12700 25500 51100 81100 111100 ");
}

Test(retry, base_cap_and_growth_are_the_callers)
{
    coro_retry_options options = {.base = CORO_MS(8), .cap = CORO_MS(20), .growth = 150};
    fail_times(5, CORO_EIO);
    EQ(RUN(tries(&options)), 0);
    SAID("0 8 20 38 58 78 ");
    options = (coro_retry_options){.base = CORO_MS(50), .cap = CORO_MS(20)};
    fail_times(2, CORO_EIO);
    EQ(RUN(tries(&options)), 0);
    SAID("0 20 40 ");
    options = (coro_retry_options){.base = CORO_MS(5), .growth = 100};
    fail_times(3, CORO_EIO);
    EQ(RUN(tries(&options)), 0);
    SAID("0 5 10 15 ");
}

Test(retry, a_wait_grows_to_the_longest_there_is_and_not_beyond)
{
    coro_retry retry;
    coro_retry_options options = {.base = CORO_FOREVER / 3, .cap = CORO_FOREVER, .growth = 4000};
    coro_retry_init(&retry, &options);
    fail_times(1, CORO_EIO);
    RUN_CANCELLED(tries(&options), 5, -1);
    SAID("0 => -125 at 5");
}

Test(retry, the_last_attempts_error_is_the_outcome)
{
    coro_retry_options options = {.attempts = 3, .base = CORO_MS(1)};
    fail_times(5, CORO_ECONNRESET);
    outcomes[2] = CORO_EPIPE;
    EQ(RUN(tries(&options)), CORO_EPIPE);
    EQ(attempts, 3);
    fail_times(2, CORO_ECONNRESET);
    EQ(RUN(tries(&options)), 0);
    options.attempts = 1;
    fail_times(1, CORO_EIO);
    EQ(RUN(tries(&options)), CORO_EIO);
    SAID("0 ");
}

static bool only_io(void *context, int error)
{
    ++*(int *)context;
    return error == CORO_EIO;
}

Test(retry, the_caller_says_which_errors_are_worth_it)
{
    int asked = 0;
    coro_retry_options options = {.base = CORO_MS(1), .retries = only_io, .context = &asked};
    fail_times(3, CORO_EIO);
    outcomes[2] = CORO_EINVAL;
    EQ(RUN(tries(&options)), CORO_EINVAL);
    EQ(attempts, 3);
    EQ(asked, 3);
    fail_times(1, CORO_ECANCELED);
    EQ(RUN(tries(&options)), CORO_ECANCELED);
    EQ(asked, 3); /* a cancel is nobody's choice */
}

Test(retry, transient_errors_are_those_that_time_may_heal)
{
    coro_retry_options options = {.base = CORO_MS(1), .retries = coro_retry_transient};
    fail_times(2, CORO_ECONNREFUSED);
    EQ(RUN(tries(&options)), 0);
    fail_times(2, CORO_ENAMEAGAIN);
    EQ(RUN(tries(&options)), 0);
    fail_times(2, CORO_ENAME);
    EQ(RUN(tries(&options)), CORO_ENAME);
    fail_times(2, CORO_EINVAL);
    EQ(RUN(tries(&options)), CORO_EINVAL);
    EQ(coro_retry_transient(NULL, CORO_ETIMEDOUT), true);
    EQ(coro_retry_transient(NULL, CORO_EACCES), false);
    EQ(coro_retry_transient(NULL, CORO_ECANCELED), false);
}

Test(retry, jitter_makes_waits_shorter_and_the_seed_makes_them_again)
{
    char first[sizeof said];
    coro_retry_options options = {
        .base = CORO_MS(100), .growth = 100, .jitter = 50, .seed = 7};
    fail_times(20, CORO_EIO);
    EQ(RUN(tries(&options)), 0);
    HOLDS(now_ms() > 20 * 50 && now_ms() < 20 * 100);
    memcpy(first, said, sizeof said);
    fail_times(20, CORO_EIO);
    EQ(RUN(tries(&options)), 0);
    SAID(first);
    options.seed = 8;
    fail_times(20, CORO_EIO);
    EQ(RUN(tries(&options)), 0);
    HOLDS(strcmp(first, said) != 0);
}

Test(retry, full_jitter_uses_the_whole_range)
{
    coro_retry_options options = {.base = CORO_MS(100), .growth = 100, .jitter = 100};
    long low = 1000, high = -1, sum = 0;
    for (options.seed = 0; options.seed < 200; options.seed++) {
        fail_times(1, CORO_EIO);
        EQ(RUN(tries(&options)), 0);
        low = now_ms() < low ? now_ms() : low;
        high = now_ms() > high ? now_ms() : high;
        sum += now_ms();
    }
    HOLDS(low >= 0 && low < 10 && high > 90 && high <= 100);
    HOLDS(sum / 200 > 40 && sum / 200 < 60);
}

ASYNC(limited, VARS(coro_scope limit;))
{
    ASYNC_BEGIN;
    CORO_TIMEOUT(self->limit, CORO_SECONDS(1)) {
        AWAIT(tries(NULL));
    }
    ASYNC_END;
}

Test(retry, a_deadline_bounds_attempts_and_waits_together)
{
    fail_times(32, CORO_EIO);
    EQ(RUN(limited()), CORO_ETIMEDOUT);
    SAID("0 100 300 700 ");
    EQ(now_ms(), 1000);
}

Test(retry, a_cancel_ends_the_wait)
{
    fail_times(32, CORO_EIO);
    RUN_CANCELLED(tries(NULL), 150, -1);
    SAID("0 100 => -125 at 150");
}

ASYNC(twice, VARS(coro_retry retry; coro_retry_options options; int error, again, n, i;))
{
    ASYNC_BEGIN;
    self->options = (coro_retry_options){.attempts = 3, .base = CORO_MS(1)};
    coro_retry_init(&self->retry, &self->options);
    for (self->i = 0; self->i < 2; self->i++) {
        do {
            AWAIT_CATCH(self->error, self->n, attempt());
            AWAIT(self->again, coro_retry_next(&self->retry, self->error));
        } while (self->again);
    }
    ASYNC_END;
}

Test(retry, begins_anew_after_a_success)
{
    fail_times(5, CORO_EIO);
    outcomes[2] = 0;
    EQ(RUN(twice()), 0);
    SAID("0 1 3 3 4 6 ");
}

#define TRAPS(name, ...)                                                                           \
    Test(retry, name, .signal = SIGABRT)                                                           \
    {                                                                                              \
        coro_retry retry;                                                                          \
        coro_retry_options options = {__VA_ARGS__};                                                \
        coro_retry_init(&retry, &options);                                                         \
    }

TRAPS(a_negative_base_traps, .base = -1)
TRAPS(a_negative_cap_traps, .cap = -1)
TRAPS(shrinking_traps, .growth = 99)
TRAPS(more_than_all_jitter_traps, .jitter = 101)

ASYNC(no_error, VARS(coro_retry retry; int again;))
{
    ASYNC_BEGIN;
    coro_retry_init(&self->retry, NULL);
    AWAIT(self->again, coro_retry_next(&self->retry, 5));
    ASYNC_END;
}

Test(retry, an_error_that_is_none_traps, .signal = SIGABRT)
{
    (void)RUN(no_error());
}
