/* SPDX-License-Identifier: MIT */
/*
 * test_with.c: CORO_WITH acquires first, and releases once, whatever way the block is left.
 */
#include "loop_fixture.h"

#include <coro/with.h>

#include <signal.h>

SUITE(with);

static int acquired, released;

ASYNC(take, ARGS(int, error, bool, waits))
{
    ASYNC_BEGIN;
    if (self->waits)
        AWAIT(coro_sleep(CORO_MS(1)));
    if (self->error != 0)
        ASYNC_THROW(self->error);
    acquired++;
    ASYNC_END;
}

static void give(void)
{
    released++;
    say("given@%ld ", now_ms());
}

#define TAKING(guard) CORO_WITH(guard, take(0, false), give())

/* --- ways out --------------------------------------------------------------------------------- */

ASYNC(leaves, ARGS(char, way), VARS(coro_guard guard; coro_scope limit; int i, error;))
{
    ASYNC_BEGIN;
    for (self->i = 0; self->i < 2; self->i++) {
        CORO_TIMEOUT(self->limit, CORO_MS(5)) {
            TAKING(self->guard) {
                AWAIT(coro_sleep(CORO_MS(1)));
                EQ(acquired, released + 1);
                if (self->way == 'b')
                    break;
                if (self->way == 'c')
                    continue;
                if (self->way == 'r')
                    ASYNC_RETURN();
                if (self->way == 't')
                    ASYNC_THROW(CORO_EIO);
                if (self->way == 's')
                    AWAIT(coro_sleep(CORO_SECONDS(1)));
                say("end ");
            }
            say("behind ");
        }
    }
  ASYNC_FINALLY:
    EQ(acquired, released);
    ASYNC_END;
}

Test(with, the_end_of_the_block_releases)
{
    EQ(RUN(leaves('e')), 0);
    SAID("end given@1 behind end given@2 behind ");
}

Test(with, break_and_continue_release)
{
    EQ(RUN(leaves('b')), 0);
    EQ(RUN(leaves('c')), 0);
    SAID("given@1 behind given@2 behind given@3 behind given@4 behind ");
}

Test(with, return_releases)
{
    EQ(RUN(leaves('r')), 0);
    SAID("given@1 ");
}

Test(with, an_error_releases)
{
    EQ(RUN(leaves('t')), CORO_EIO);
    SAID("given@1 ");
}

Test(with, a_timeout_releases)
{
    EQ(RUN(leaves('s')), CORO_ETIMEDOUT);
    SAID("given@5 ");
}

Test(with, a_cancel_releases)
{
    RUN_CANCELLED(leaves('s'), 3, -1);
    SAID("given@3 => -125 at 3");
    EQ(released, 1);
}

/* --- acquiring -------------------------------------------------------------------------------- */

ASYNC(acquires, ARGS(int, error, bool, waits), VARS(coro_guard guard; int caught;))
{
    ASYNC_BEGIN;
    ASYNC_TRY;
        CORO_WITH(self->guard, take(self->error, self->waits), give()) {
            say("in ");
            AWAIT(coro_yield());
        }
    ASYNC_CATCH(self->caught);
        say("caught%d ", self->caught);
    ASYNC_END_TRY;
    TAKING(self->guard) /* the guard is as new */
        say("again ");
    ASYNC_END;
}

Test(with, an_acquire_that_suspends_comes_back_to_its_block)
{
    EQ(RUN(acquires(0, true)), 0);
    SAID("in given@1 again given@1 ");
}

Test(with, an_acquire_that_fails_is_an_error_like_any_other_and_releases_nothing)
{
    EQ(RUN(acquires(CORO_EIO, false)), 0);
    EQ(RUN(acquires(CORO_EIO, true)), 0);
    EQ(released, 2);
    SAID("caught-5 again given@0 caught-5 again given@1 ");
}

Test(with, a_cancel_while_it_acquires_releases_nothing)
{
    RUN_CANCELLED(acquires(0, true), 0, -1);
    SAID("caught-125 again given@0 => 0 at 0");
}

ASYNC(in_finally, VARS(coro_guard guard;))
{
    ASYNC_BEGIN;
    ASYNC_THROW(CORO_EPIPE);
  ASYNC_FINALLY:
    CORO_WITH(self->guard, take(CORO_EIO, true), give()) {
        say("no ");
    }
    CORO_WITH(self->guard, take(0, true), give()) {
        AWAIT(coro_sleep(CORO_MS(1)));
        say("yes ");
    }
    ASYNC_END;
}

Test(with, in_finally_a_failed_acquire_skips_the_block)
{
    EQ(RUN_LOUD(in_finally()), CORO_EPIPE);
    EQ(heard.count, 1);
    EQ(heard.list[0].error, CORO_EIO);
    SAID("yes given@3 ");
}

ASYNC(nests, VARS(coro_guard outer, inner;))
{
    ASYNC_BEGIN;
    TAKING(self->outer) {
        TAKING(self->inner) {
            AWAIT(coro_yield());
            EQ(acquired, released + 2);
            ASYNC_RETURN();
        }
    }
  ASYNC_FINALLY:
    EQ(released, 2);
    ASYNC_END;
}

Test(with, nests)
{
    EQ(RUN(nests()), 0);
}

Test(with, lack_of_memory_in_the_acquire_is_its_error)
{
    open_loop();
    memory.fail_at = 0;
    EQ(coro_loop_run_until_complete(&loop, nests()), 0);
    for (size_t fail = 1; fail < 20; fail++) {
        int error;
        memory.calls = 0;
        memory.fail_at = fail;
        acquired = released = 0;
        error = coro_loop_run_until_complete(&loop, acquires(0, true));
        HOLDS(error == 0 || error == CORO_ENOMEM);
        EQ(acquired, released);
    }
    memory.fail_at = 0;
    close_loop();
}

/* --- misuse ----------------------------------------------------------------------------------- */

ASYNC(uses_a_guard_twice, VARS(coro_guard guard;))
{
    ASYNC_BEGIN;
    TAKING(self->guard) {
        TAKING(self->guard) {
            AWAIT(coro_yield());
        }
    }
    ASYNC_END;
}

Test(with, a_guard_of_an_open_block_traps, .signal = SIGABRT)
{
    (void)RUN(uses_a_guard_twice());
}

ASYNC(leaves_by_goto, VARS(coro_guard guard;))
{
    ASYNC_BEGIN;
    TAKING(self->guard) {
        AWAIT(coro_yield());
        goto out;
    }
out:
    AWAIT(coro_yield());
    ASYNC_END;
}

Test(with, goto_out_of_the_block_traps, .signal = SIGABRT)
{
    (void)RUN(leaves_by_goto());
}
