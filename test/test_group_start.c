/* SPDX-License-Identifier: MIT */
/*
 * test_group_start.c: children that say when they are ready; groups that collect; a
 * cancel before the block.
 */
#include "loop_fixture.h"

SUITE(group_start);

/* Ready after `ms`; ends `rest_ms` after that. */
ASYNC(server, ARGS(long, ms, int, port, long, rest_ms, int, error), VARS(int listening;))
{
    ASYNC_BEGIN;
    AWAIT(coro_sleep(CORO_MS(self->ms)));
    self->listening = self->port;
    if (self->port < 0)
        ASYNC_THROW(self->port);
    if (self->port > 0) {
        EQ(coro_group_started(&self->listening), true);
        EQ(coro_group_started(&self->listening), false);
    }
    AWAIT(coro_sleep(CORO_MS(self->rest_ms)));
    say("end@%ld ", now_ms());
    if (self->error != 0)
        ASYNC_THROW(self->error);
  ASYNC_FINALLY:
    AWAIT(coro_sleep(CORO_MS(2)));
    ASYNC_END;
}

ASYNC(starts, ARGS(int, port, int, later), VARS(coro_group group; int *ready; int error;))
{
    ASYNC_BEGIN;
    CORO_GROUP(self->group) {
        AWAIT_CATCH(self->error, self->ready,
                    coro_group_start(&self->group, server(10, self->port, 20, self->later)));
        say("%d %d@%ld ", self->error, self->ready != NULL ? *self->ready : 0, now_ms());
        AWAIT(coro_sleep(CORO_MS(5)));
        say("body@%ld ", now_ms());
    }
    ASYNC_END;
}

Test(group_start, waits_for_the_childs_word_and_gives_its_value)
{
    EQ(RUN(starts(80, 0)), 0);
    SAID("0 80@10 body@15 end@30 ");
}

Test(group_start, a_child_that_fails_before_its_word_fails_its_starter_and_not_the_group)
{
    EQ(RUN(starts(CORO_EIO, 0)), 0);
    SAID("-5 0@12 body@17 ");
}

Test(group_start, a_child_that_ends_without_its_word_is_an_error)
{
    EQ(RUN(starts(0, 0)), 0);
    SAID("end@30 -1005 0@32 body@37 ");
}

Test(group_start, a_child_that_fails_after_its_word_fails_the_group)
{
    EQ(RUN(starts(80, CORO_EPIPE)), CORO_EPIPE);
    SAID("0 80@10 body@15 end@30 ");
}

Test(group_start, a_cancel_of_the_starter_cancels_the_child_and_waits_for_it)
{
    RUN_CANCELLED(starts(80, 0), 5, -1);
    SAID("-125 0@7 => -125 at 7");
}

ASYNC(starts_limited, VARS(coro_group group; void *ready; int error;))
{
    ASYNC_BEGIN;
    CORO_GROUP(self->group) {
        AWAIT_CATCH(self->error, self->ready,
                    coro_wait_for(coro_group_start(&self->group, server(10, 80, 20, 0)),
                                  CORO_MS(5)));
        say("%d@%ld ", self->error, now_ms());
        EQ(coro_group_count(&self->group), 0);
        AWAIT(coro_sleep(CORO_MS(5)));
    }
    say("left@%ld", now_ms());
    ASYNC_END;
}

Test(group_start, may_have_a_limit_and_the_group_lives_on)
{
    EQ(RUN(starts_limited()), 0);
    SAID("-110@7 left@12");
}

ASYNC(word_then_cancel, VARS(coro_task *task; int error;))
{
    ASYNC_BEGIN;
    self->task = coro_create_task(starts(80, 0));
    AWAIT(coro_sleep(CORO_MS(10)));
    AWAIT(coro_yield()); /* the child has given its word; the starter has not run since */
    coro_task_cancel(self->task);
    AWAIT_CATCH(self->error, coro_task_join(self->task));
    say("%d", self->error);
    coro_task_release(self->task);
    ASYNC_END;
}

Test(group_start, a_word_that_was_given_beats_the_cancel)
{
    EQ(RUN(word_then_cancel()), 0);
    SAID("0 80@10 -125");
}

ASYNC(refused, VARS(coro_group group; void *ready; int error;))
{
    ASYNC_BEGIN;
    AWAIT_CATCH(self->error, self->ready, coro_group_start(&self->group, server(1, 2, 3, 0)));
    EQ(self->error, CORO_EINVAL);
    CORO_GROUP(self->group) {
        EQ(coro_group_started(NULL), false); /* nobody has started this one */
        AWAIT_CATCH(self->error, self->ready, coro_group_start(&self->group, coro_sleep(1)));
        EQ(self->error, CORO_EFINISHED); /* a call of the library gives no word */
        coro_discard(coro_group_start(&self->group, server(1, 2, 3, 0)));
        coro_group_cancel(&self->group);
        AWAIT_CATCH(self->error, self->ready, coro_group_start(&self->group, server(1, 2, 3, 0)));
        EQ(self->error, CORO_ECANCELED);
    }
    AWAIT_CATCH(self->error, self->ready, coro_group_start(&self->group, server(1, 2, 3, 0)));
    EQ(self->error, CORO_EFINISHED);
    ASYNC_END;
}

Test(group_start, is_refused_when_the_group_is_not_open)
{
    EQ(RUN(refused()), 0);
    SAID("");
}

ASYNC(short_of_memory, VARS(coro_group group; void *ready;))
{
    ASYNC_BEGIN;
    CORO_GROUP(self->group) {
        AWAIT(self->ready, coro_group_start(&self->group, server(1, 2, 3, 0)));
    }
    ASYNC_END;
}

Test(group_start, each_allocation_may_fail)
{
    static struct short_of_memory frame;
    FAIL_EACH_ALLOCATION(short_of_memory_at(&frame));
}

/* --- collect ---------------------------------------------------------------------------------- */

#if CORO_HOSTED /* coro_group_errors */
static void show(void *context, unsigned depth, int error, const char *name)
{
    (void)context;
    say("%u/%d/%s ", depth, error, name);
}
#endif

ASYNC(worker, ARGS(long, ms, int, error))
{
    ASYNC_BEGIN;
    AWAIT(coro_sleep(CORO_MS(self->ms)));
    if (self->error != 0)
        ASYNC_THROW(self->error);
    say("well@%ld ", now_ms());
    ASYNC_END;
}

#if CORO_HOSTED /* coro_group_errors */
ASYNC(collects, ARGS(int, body_error), VARS(coro_group group; int error;))
{
    ASYNC_BEGIN;
    ASYNC_TRY;
    CORO_GROUP_COLLECT(self->group) {
        coro_group_create_task(&self->group, worker(10, CORO_EIO));
        coro_group_create_task(&self->group, worker(20, 0));
        coro_group_create_task(&self->group, worker(30, CORO_EPIPE));
        if (self->body_error != 0)
            ASYNC_THROW(self->body_error);
        AWAIT(coro_sleep(CORO_MS(15)));
        coro_group_create_task(&self->group, worker(25, 0)); /* still open */
    }
    ASYNC_CATCH(self->error);
    say("%d@%ld ", self->error, now_ms());
    coro_group_errors(&self->group, show, NULL);
    ASYNC_THROW(self->error);
    ASYNC_END_TRY;
    ASYNC_END;
}

Test(group_start, a_group_that_collects_waits_for_all_and_keeps_all_errors)
{
    EQ(RUN(collects(0)), CORO_EIO);
    SAID("well@20 well@40 -5@40 0/-5/worker 0/-32/worker ");
}

Test(group_start, a_body_that_fails_cancels_nobody_there)
{
    EQ(RUN(collects(CORO_EPERM)), CORO_EPERM);
    SAID("well@20 -1@30 0/-5/worker 0/-32/worker 0/-1/body ");
}

Test(group_start, a_cancel_reaches_all_there_too)
{
    RUN_CANCELLED(collects(0), 5, -1);
    SAID("-125@5 => -125 at 5");
}
#endif

/* --- a cancel before the block ---------------------------------------------------------------- */

ASYNC(cancelled_before, VARS(coro_group group; int i;))
{
    ASYNC_BEGIN;
    coro_group_cancel(&self->group);
    coro_group_cancel(&self->group);
    for (self->i = 0; self->i < 2; self->i++) {
        CORO_GROUP(self->group) {
            say("in ");
            EQ(coro_group_create_task(&self->group, worker(1, 0)) == NULL, self->i == 0);
            AWAIT(coro_sleep(CORO_MS(5)));
            say("through ");
        }
        say("out@%ld ", now_ms());
        coro_group_cancel(&self->group); /* behind it: nothing */
    }
    ASYNC_END;
}

Test(group_start, c100_a_cancel_before_the_block_cancels_on_enter_and_is_nothing_behind_it)
{
    EQ(RUN(cancelled_before()), 0);
    SAID("in out@0 in well@1 through out@5 ");
}
