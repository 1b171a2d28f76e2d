/* SPDX-License-Identifier: MIT */
/*
 * test_move_on.c: blocks whose time may be up without an error; and is a cancel pending?
 */
#include "loop_fixture.h"

SUITE(move_on);

ASYNC(moves_on, ARGS(coro_duration, delay, long, ms, int, error, bool, at),
      VARS(coro_scope scope; int caught;))
{
    ASYNC_BEGIN;
    ASYNC_TRY;
    if (self->at) {
        CORO_MOVE_ON_AT(self->scope, coro_loop_time(&loop) + self->delay) {
            AWAIT(coro_sleep(CORO_MS(self->ms)));
            if (self->error != 0)
                ASYNC_THROW(self->error);
            say("through ");
        }
    } else {
        CORO_MOVE_ON_AFTER(self->scope, self->delay) {
            AWAIT(coro_sleep(CORO_MS(self->ms)));
            if (self->error != 0)
                ASYNC_THROW(self->error);
            say("through ");
        }
    }
    say("behind ");
    ASYNC_CATCH(self->caught);
    ASYNC_END_TRY;
    say("%d,%d@%ld ", self->caught, coro_timeout_expired(&self->scope), now_ms());
    ASYNC_END;
}

Test(move_on, the_block_is_left_without_an_error_when_its_time_is_up)
{
    EQ(RUN(moves_on(CORO_MS(10), 20, 0, false)), 0);
    EQ(RUN(moves_on(CORO_MS(10), 20, 0, true)), 0);
    EQ(RUN(moves_on(0, 20, 0, false)), 0);
    SAID("behind 0,1@10 behind 0,1@20 behind 0,1@20 ");
}

Test(move_on, in_time_is_as_without_it)
{
    EQ(RUN(moves_on(CORO_MS(10), 5, 0, false)), 0);
    EQ(RUN(moves_on(CORO_FOREVER, 5, CORO_EIO, false)), 0);
    EQ(RUN(moves_on(CORO_MS(10), 5, CORO_EIO, true)), 0);
    SAID("through behind 0,0@5 -5,0@10 -5,0@15 ");
}

Test(move_on, no_duration_at_all_is_an_error)
{
    EQ(RUN(moves_on(CORO_DURATION_INVALID, 5, 0, false)), 0);
    SAID("-22,0@0 ");
}

Test(move_on, a_cancel_from_outside_goes_through)
{
    RUN_CANCELLED(moves_on(CORO_MS(50), 100, 0, false), 10, -1);
    SAID("-125,0@10 => 0 at 10");
}

ASYNC(nested, ARGS(long, outer_ms, long, inner_ms), VARS(coro_scope outer, inner; int error;))
{
    ASYNC_BEGIN;
    ASYNC_TRY;
    CORO_TIMEOUT(self->outer, CORO_MS(self->outer_ms)) {
        CORO_MOVE_ON_AFTER(self->inner, CORO_MS(self->inner_ms)) {
            EQ(coro_timeout_reschedule(&self->inner, CORO_MS(self->inner_ms)), 0);
            AWAIT(coro_sleep(CORO_SECONDS(10)));
        }
        say("between ");
    }
    ASYNC_CATCH(self->error);
    ASYNC_END_TRY;
    say("%d@%ld ", self->error, now_ms());
    ASYNC_END;
}

Test(move_on, an_outer_timeout_is_still_raised)
{
    EQ(RUN(nested(20, 10)), 0);
    EQ(RUN(nested(10, 20)), 0);
    EQ(RUN(nested(10, 10)), 0);
    SAID("between 0@10 -110@20 -110@30 ");
}

/* --- is a cancel pending? --------------------------------------------------------------------- */

ASYNC(asks, VARS(int error; coro_scope shield;))
{
    ASYNC_BEGIN;
    say("%d%d ", coro_cancel_pending(), CORO_CANCEL_PENDING());
    AWAIT_CATCH(self->error, coro_sleep(CORO_SECONDS(1)));
    say("%d%d ", coro_cancel_pending(), CORO_CANCEL_PENDING());
    CORO_SHIELD(self->shield) {
        say("%d%d ", coro_cancel_pending(), CORO_CANCEL_PENDING());
    }
  ASYNC_FINALLY:
    say("%d%d ", coro_cancel_pending(), CORO_CANCEL_PENDING());
    AWAIT(coro_sleep(CORO_MS(1)));
    ASYNC_END;
}

Test(move_on, whether_a_cancel_is_pending_is_known_exactly_in_a_coroutine)
{
    RUN_CANCELLED(asks(), 5, -1);
    SAID("00 11 00 10 => 0 at 6");
}
