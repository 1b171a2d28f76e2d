/* SPDX-License-Identifier: MIT */
/*
 * test_once.c: the first one does it, the others wait; if it fails, the next one tries.
 */
#include "sync_fixture.h"

SUITE(once);

static coro_once once;
static int runs;
static coro_task *tasks[4];

ASYNC(work, ARGS(char, name, int, error), SCRATCH(char large[900];))
{
    ASYNC_BEGIN;
    runs++;
    say("%c(", self->name);
    AWAIT(coro_sleep(CORO_MS(1)));
    if (self->error != 0)
        ASYNC_THROW(self->error);
    say("done");
  ASYNC_FINALLY:
    say(") ");
    ASYNC_END;
}

ASYNC(caller, ARGS(char, name, int, error), VARS(int caught;))
{
    ASYNC_BEGIN;
    AWAIT_CATCH(self->caught, coro_once_run(&once, work(self->name, self->error)));
    say("%c%d ", self->name, self->caught);
    ASYNC_END;
}

/* Three callers; the call of those in `fails` fails; one may be cancelled. */
ASYNC(callers, ARGS(const char *, fails, int, cancel), VARS(int i;))
{
    ASYNC_BEGIN;
    for (self->i = 0; self->i < 3; self->i++) {
        char name = (char)('a' + self->i);
        tasks[self->i] =
            coro_create_task(caller(name, strchr(self->fails, name) != NULL ? CORO_EIO : 0));
    }
    AWAIT(coro_yield());
    cr_assert(eq(str, TEXT(tasks[1]->wait_type->verb), TEXT("once")));
    EQ(tasks[1]->wait.object == &once, true);
    EQ(coro_once_done(&once), false);
    if (self->cancel >= 0)
        coro_task_cancel(tasks[self->cancel]);
    for (self->i = 0; self->i < 3; self->i++) {
        AWAIT(coro_task_join(tasks[self->i]));
        coro_task_release(tasks[self->i]);
    }
    ASYNC_END;
}

Test(once, runs_the_first_call_while_the_others_wait)
{
    EQ(RUN(callers("", -1)), 0);
    SAID("a(done) a0 b0 c0 ");
    EQ(coro_once_done(&once), true);
    EQ(RUN(coro_once_run(&once, work('d', CORO_EIO))), 0); /* never started */
    EQ(runs, 1);
    coro_once_init(&once);
    EQ(coro_once_done(&once), false);
}

Test(once, a_failed_call_is_its_callers_error_and_the_next_one_tries)
{
    EQ(RUN(callers("ab", -1)), 0);
    SAID("a() a-5 b() b-5 c(done) c0 ");
    EQ(coro_once_done(&once), true);
}

Test(once, if_all_fail_it_is_not_done_and_may_be_tried_again)
{
    EQ(RUN(callers("abc", -1)), 0);
    EQ(coro_once_done(&once), false);
    EQ(once.runner == NULL && once.waiters.first == NULL, true);
    EQ(RUN(coro_once_run(&once, work('d', 0))), 0);
    EQ(coro_once_done(&once), true);
    EQ(runs, 4);
}

Test(once, a_cancelled_run_lets_the_next_one_try)
{
    EQ(RUN(callers("", 0)), 0);
    SAID("a() a-125 b(done) b0 c0 ");
}

Test(once, a_cancelled_waiter_is_passed_over)
{
    EQ(RUN(callers("a", 1)), 0);
    SAID("a(b-125 ) a-5 c(done) c0 ");
}

/* --- begin, end ------------------------------------------------------------------------------- */

ASYNC(beginner, ARGS(char, name, int, error), VARS(int mine, error_of_wait;))
{
    ASYNC_BEGIN;
    AWAIT_CATCH(self->error_of_wait, self->mine, coro_once_begin(&once));
    say("%c%d,%d ", self->name, self->error_of_wait, self->mine);
    if (self->mine)
        EQ(coro_once_end(&once, self->error), 0);
    EQ(coro_once_end(&once, 0), CORO_EPERM);
    ASYNC_END;
}

ASYNC(hands_over, VARS(int mine, error;))
{
    ASYNC_BEGIN;
    AWAIT(self->mine, coro_once_begin(&once));
    EQ(self->mine, 1);
    AWAIT_CATCH(self->error, self->mine, coro_once_begin(&once));
    EQ(self->error, CORO_EDEADLK);
    AWAIT_CATCH(self->error, coro_once_run(&once, work('x', 0)));
    EQ(self->error, CORO_EDEADLK);
    tasks[0] = coro_create_task(beginner('a', CORO_EIO));
    tasks[1] = coro_create_task(beginner('b', 0));
    tasks[2] = coro_create_task(beginner('c', 0));
    AWAIT(coro_yield());
    EQ(coro_once_end(&once, CORO_EIO), 0);
    coro_task_cancel(tasks[0]); /* too late: it is its turn */
    for (self->mine = 0; self->mine < 3; self->mine++) {
        AWAIT(coro_task_join(tasks[self->mine]));
        coro_task_release(tasks[self->mine]);
    }
    AWAIT(self->mine, coro_once_begin(&once));
    EQ(self->mine, 0);
    ASYNC_END;
}

Test(once, begin_and_end_are_what_is_beneath)
{
    coro_once fresh = CORO_ONCE_INIT;
    EQ(coro_once_end(&fresh, 0), CORO_EPERM);
    EQ(RUN(hands_over()), 0);
    SAID("a0,1 b0,1 c0,0 ");
    EQ(runs, 0);
}

ASYNC(cancelled_before, VARS(int error;))
{
    ASYNC_BEGIN;
    coro_task_cancel(coro_current_task());
    AWAIT_CATCH(self->error, coro_once_run(&once, work('a', 0)));
    EQ(self->error, CORO_ECANCELED);
    EQ(once.runner == NULL, true);
    ASYNC_END;
}

Test(once, a_cancelled_task_does_not_begin)
{
    EQ(RUN(cancelled_before()), 0);
    EQ(runs, 0);
}

ASYNC(discards)
{
    ASYNC_BEGIN;
    coro_discard(coro_once_run(&once, work('a', 0)));
    ASYNC_END;
}

Test(once, a_run_that_is_discarded_discards_its_call)
{
    EQ(RUN(discards()), 0);
    EQ(runs, 0);
}

/* The call may be one of the library, which lives in the loop's record until it is awaited. */
Test(once, runs_calls_of_the_library_too)
{
    EQ(RUN(coro_once_run(&once, coro_sleep(CORO_MS(3)))), 0);
    EQ(now_ms(), 3);
    EQ(coro_once_done(&once), true);
}

ASYNC(three_times, VARS(int i;))
{
    ASYNC_BEGIN;
    for (self->i = 0; self->i < 3; self->i++)
        AWAIT(coro_once_run(&once, work('a', 0)));
    ASYNC_END;
}

Test(once, lack_of_memory_leaves_it_to_be_done_again)
{
    int errors = 0;
    open_loop();
    for (size_t fail = 1; fail < 12; fail++) {
        int error;
        coro_once_init(&once);
        memory.fail_at = memory.calls + fail;
        error = coro_loop_run_until_complete(&loop, three_times());
        memory.fail_at = 0;
        HOLDS(coro_once_done(&once) || error != 0); /* a later call may have failed, too */
        EQ(once.runner == NULL, true);
        HOLDS(error == 0 || error == CORO_ENOMEM);
        errors += error != 0;
        EQ(coro_loop_run_until_complete(&loop, three_times()), 0);
        close_loop();
        open_loop();
    }
    close_loop();
    HOLDS(errors > 0);
}

/* --- at random -------------------------------------------------------------------------------- */

static int running, well;

ASYNC(random_work, VARS(int error;))
{
    ASYNC_BEGIN;
    CHAOS_EQ(++running, 1);
    AWAIT_CATCH(self->error, moment());
    running--;
    if (self->error != 0 || dice(6) != 0)
        ASYNC_THROW(self->error != 0 ? self->error : CORO_ECANCELED);
    well++;
    ASYNC_END;
}

ASYNC(random_caller, VARS(coro_scope limit;))
{
    ASYNC_BEGIN;
    if (coro_once_done(&once) && once.waiters.first == NULL) { /* and once more */
        CHAOS_EQ(well, 1);
        well = 0;
        coro_once_init(&once);
    }
    CORO_TIMEOUT(self->limit, dice(2) ? CORO_MS(1 + dice(9)) : CORO_FOREVER) {
        AWAIT(coro_once_run(&once, random_work()));
        AWAIT(coro_yield());
    }
    ASYNC_END;
}

static coro_any *make_random_caller(void)
{
    return (coro_any *)(void *)random_caller();
}

Test(once, is_done_once_whoever_is_cancelled)
{
    make_worker = make_random_caller;
    CHAOS({
        CHAOS_EQ(once.runner == NULL && once.waiters.first == NULL, true);
        CHAOS_EQ(running, 0);
        CHAOS_EQ(well, coro_once_done(&once));
    });
}
