/* SPDX-License-Identifier: MIT */
/*
 * test_conformance_group.c: asyncio's cases for TaskGroup. Where the comment says "level",
 * asyncio's cancel is an edge: there a clean-up may wait, here it must be shielded or stand
 * in a FINALLY, and a cancel from outside reaches body and children in the same moment.
 */
#include "loop_fixture.h"

TestSuite(conformance, .timeout = TEST_TIMEOUT_S);

#define ZERO_DIVISION CORO_EIO
#define MY_ERROR CORO_EPIPE

static int cancelled_count;

/* Sleep; count it when that is cancelled. */
ASYNC(counted_sleep, ARGS(long, ms), VARS(int error;))
{
    ASYNC_BEGIN;
    AWAIT_CATCH(self->error, coro_sleep(CORO_MS(self->ms)));
    cancelled_count += self->error == CORO_ECANCELED;
    if (self->error != 0)
        ASYNC_THROW(self->error);
    ASYNC_END;
}

ASYNC(crash_after, ARGS(long, ms))
{
    ASYNC_BEGIN;
    AWAIT(coro_sleep(CORO_MS(self->ms)));
    ASYNC_THROW(ZERO_DIVISION);
    ASYNC_END;
}

#if CORO_HOSTED /* coro_group_errors */
static void show(void *context, unsigned depth, int error, const char *name)
{
    (void)context, (void)name;
    say("%u/%d ", depth, error);
}
#endif

#if CORO_HOSTED /* coro_group_errors */
/* --- a child fails ---------------------------------------------------------------------------- */

ASYNC(child_fails, ARGS(int, siblings, bool, body_waits), VARS(coro_group group; int i;))
{
    ASYNC_BEGIN;
    CORO_GROUP(self->group) {
        coro_group_create_task(&self->group, crash_after(100));
        for (self->i = 0; self->i < self->siblings; self->i++)
            coro_group_create_task(&self->group, counted_sleep(1000));
        if (self->body_waits) {
            AWAIT(counted_sleep(10000));
            say("never ");
        }
    }
    say("never ");
  ASYNC_FINALLY:
    coro_group_errors(&self->group, show, NULL);
    say("cancelled %d@%ld ", cancelled_count, now_ms());
    ASYNC_END;
}

Test(conformance, c088_a_child_that_fails_cancels_its_siblings)
{
    EQ(RUN(child_fails(1, false)), ZERO_DIVISION);
    SAID("0/-5 cancelled 1@100 ");
}

Test(conformance, c088_and_the_body)
{
    EQ(RUN(child_fails(3, true)), ZERO_DIVISION);
    SAID("0/-5 cancelled 4@100 ");
}

/* --- the parent is cancelled ------------------------------------------------------------------ */

ASYNC(five_children, ARGS(bool, body_waits), VARS(coro_group group; int i;))
{
    ASYNC_BEGIN;
    CORO_GROUP(self->group) {
        for (self->i = 0; self->i < 5; self->i++)
            coro_group_create_task(&self->group, counted_sleep(10000));
        if (self->body_waits)
            AWAIT(counted_sleep(10000));
    }
    say("never ");
  ASYNC_FINALLY:
    say("errors %d cancelled %d ", (int)coro_group_errors(&self->group, NULL, NULL),
        cancelled_count);
    ASYNC_END;
}

Test(conformance, c089_a_cancel_of_the_parent_reaches_children_and_body)
{
    RUN_CANCELLED(five_children(true), 100, -1);
    SAID("errors 0 cancelled 6 => -125 at 100");
}

Test(conformance, c089_also_while_the_block_waits_for_its_children)
{
    RUN_CANCELLED(five_children(false), 100, -1);
    SAID("errors 0 cancelled 5 => -125 at 100");
}

Test(conformance, c089_also_before_it_has_begun)
{
    RUN_CANCELLED(five_children(true), 0, -1);
    SAID("errors 0 cancelled 6 => -125 at 0");
}

Test(conformance, c089_also_children_that_are_made_when_all_around_is_cancelled)
{
    RUN_CANCELLED(five_children(false), 0, -1);
    SAID("errors 0 cancelled 5 => -125 at 0");
}
#endif

ASYNC(stubborn, ARGS(int, error, long, ms), VARS(coro_scope shield;))
{
    ASYNC_BEGIN;
    CORO_SHIELD(self->shield) {
        AWAIT(coro_sleep(CORO_MS(self->ms)));
    }
    if (self->error != 0)
        ASYNC_THROW(self->error);
    ASYNC_END;
}

ASYNC(stubborn_child, ARGS(int, error), VARS(coro_group group;))
{
    ASYNC_BEGIN;
    CORO_GROUP(self->group) {
        coro_group_create_task(&self->group, stubborn(self->error, 300));
    }
    say("end ");
    ASYNC_END;
}

/* The children ended well, but the cancel must not be lost in the group. */
Test(conformance, c089_a_cancel_survives_a_group_whose_children_end_well)
{
    RUN_CANCELLED(stubborn_child(0), 100, -1);
    SAID("=> -125 at 300");
}

Test(conformance, c090_an_error_is_not_hidden_by_a_cancel)
{
    RUN_CANCELLED(stubborn_child(ZERO_DIVISION), 100, -1);
    SAID("=> -5 at 300");
}

/* --- the body fails --------------------------------------------------------------------------- */

#if CORO_HOSTED /* coro_group_errors */
ASYNC(body_fails, ARGS(long, ms), VARS(coro_group group; coro_task *a, *b;))
{
    ASYNC_BEGIN;
    CORO_GROUP(self->group) {
        self->a = coro_task_retain(coro_group_create_task(&self->group, counted_sleep(1000)));
        self->b = coro_task_retain(coro_group_create_task(&self->group, counted_sleep(2000)));
        if (self->ms > 0)
            AWAIT(coro_sleep(CORO_MS(self->ms)));
        ASYNC_THROW(ZERO_DIVISION);
    }
    say("never ");
  ASYNC_FINALLY:
    coro_group_errors(&self->group, show, NULL);
    say("%d %d@%ld ", coro_task_cancelled(self->a), coro_task_cancelled(self->b), now_ms());
    coro_task_release(self->a);
    coro_task_release(self->b);
    ASYNC_END;
}

Test(conformance, c091_a_body_that_fails_cancels_the_children)
{
    EQ(RUN(body_fails(100)), ZERO_DIVISION);
    EQ(RUN(body_fails(0)), ZERO_DIVISION);
    SAID("0/-5 1 1@100 0/-5 1 1@100 ");
}

/* --- nested ----------------------------------------------------------------------------------- */

ASYNC(nested, ARGS(long, outer_ms, long, inner_ms), VARS(coro_group g1, g2; int error;))
{
    ASYNC_BEGIN;
    ASYNC_TRY;
    CORO_GROUP(self->g1) {
        if (self->outer_ms > 0)
            coro_group_create_task(&self->g1, crash_after(self->outer_ms));
        else
            coro_group_create_task(&self->g1, counted_sleep(10000));
        CORO_GROUP(self->g2) {
            if (self->inner_ms > 0)
                coro_group_create_task(&self->g2, crash_after(self->inner_ms));
            else
                coro_group_create_task(&self->g2, counted_sleep(10000));
            AWAIT(counted_sleep(10000));
        }
        say("never ");
    }
    ASYNC_CATCH(self->error);
    coro_group_errors(&self->g1, show, NULL);
    say("cancelled %d@%ld ", cancelled_count, now_ms());
    ASYNC_THROW(self->error);
    ASYNC_END_TRY;
    ASYNC_END;
}

Test(conformance, c092_a_cancel_of_nested_groups)
{
    RUN_CANCELLED(nested(0, 0), 100, -1);
    SAID("cancelled 3@100 => -125 at 100");
}

Test(conformance, c092_an_inner_error_arrives_as_a_group_within_the_group)
{
    EQ(RUN(nested(0, 100)), ZERO_DIVISION);
    SAID("0/-5 1/-5 cancelled 2@100 ");
}

Test(conformance, c093_an_outer_error_cancels_the_inner_group)
{
    EQ(RUN(nested(100, 0)), ZERO_DIVISION);
    SAID("0/-5 cancelled 2@100 ");
}

Test(conformance, c092_the_inner_error_cancels_the_outer_sibling)
{
    EQ(RUN(nested(1000, 100)), ZERO_DIVISION);
    SAID("0/-5 1/-5 cancelled 1@100 ");
}
#endif

/* --- errors against cancels ------------------------------------------------------------------- */

/* Cancelled, it goes on for a while, and fails. */
ASYNC(crash_when_cancelled, ARGS(long, ms), VARS(coro_scope shield; int error;))
{
    ASYNC_BEGIN;
    ASYNC_TRY;
    AWAIT(coro_sleep(CORO_SECONDS(10)));
    ASYNC_CATCH(self->error);
    CORO_SHIELD(self->shield) {
        AWAIT(coro_sleep(CORO_MS(self->ms)));
    }
    ASYNC_THROW(ZERO_DIVISION);
    ASYNC_END_TRY;
    ASYNC_END;
}

#if CORO_HOSTED /* coro_group_errors */
ASYNC(slow_clean_up, ARGS(bool, shielded),
      VARS(coro_group group; coro_scope shield; int error, inner;))
{
    ASYNC_BEGIN;
    CORO_GROUP(self->group) {
        coro_group_create_task(&self->group, crash_when_cancelled(200));
        ASYNC_TRY;
        AWAIT(coro_sleep(CORO_SECONDS(10)));
        ASYNC_CATCH(self->error);
        if (self->shielded) {
            CORO_SHIELD(self->shield) {
                AWAIT_CATCH(self->inner, coro_sleep(CORO_MS(500)));
            }
        } else {
            AWAIT_CATCH(self->inner, coro_sleep(CORO_MS(500)));
        }
        say("clean-up %d@%ld ", self->inner, now_ms());
        ASYNC_THROW(self->error);
        ASYNC_END_TRY;
    }
  ASYNC_FINALLY:
    coro_group_errors(&self->group, show, NULL);
    ASYNC_END;
}

/* Level: the child fails at 0.3, the body's clean-up lasts until 0.6. */
Test(conformance, c094_a_childs_error_during_the_clean_up_of_a_cancel_wins)
{
    RUN_CANCELLED(slow_clean_up(true), 100, -1);
    SAID("clean-up 0@600 0/-5 => -5 at 600");
}

Test(conformance, c094_an_unshielded_clean_up_is_cut_short)
{
    RUN_CANCELLED(slow_clean_up(false), 100, -1);
    SAID("clean-up -125@100 0/-5 => -5 at 300");
}

ASYNC(turns_cancel_into_error, ARGS(bool, child_crashes), VARS(coro_group group; int error;))
{
    ASYNC_BEGIN;
    CORO_GROUP(self->group) {
        if (self->child_crashes)
            coro_group_create_task(&self->group, crash_after(100));
        ASYNC_TRY;
        AWAIT(coro_sleep(CORO_SECONDS(10)));
        ASYNC_CATCH(self->error);
        EQ(self->error, CORO_ECANCELED);
        ASYNC_THROW(MY_ERROR);
        ASYNC_END_TRY;
    }
  ASYNC_FINALLY:
    coro_group_errors(&self->group, show, NULL);
    ASYNC_END;
}

Test(conformance, c095_a_body_that_turns_the_cancel_into_an_error)
{
    RUN_CANCELLED(turns_cancel_into_error(false), 100, -1);
    SAID("0/-32 => -32 at 100");
}

Test(conformance, c095_beside_a_childs_error)
{
    EQ(RUN(turns_cancel_into_error(true)), ZERO_DIVISION);
    SAID("0/-5 0/-32 ");
}
#endif

/* --- many children ---------------------------------------------------------------------------- */

ASYNC(do_job, ARGS(long, ms))
{
    ASYNC_BEGIN;
    AWAIT(coro_sleep(CORO_MS(self->ms)));
    ASYNC_END;
}

ASYNC(finished_children, VARS(coro_group group; int i; size_t blocks;))
{
    ASYNC_BEGIN;
    CORO_GROUP(self->group) {
        for (self->i = 0; self->i < 10; self->i++) {
            AWAIT(coro_sleep(CORO_MS(100)));
            coro_group_create_task(&self->group, do_job(300));
            if (self->i == 5)
                HOLDS(coro_group_count(&self->group) < 5);
        }
        AWAIT(coro_sleep(CORO_MS(1350)));
        EQ(coro_group_count(&self->group), 0);
        self->blocks = loop.pool.live;
        for (self->i = 0; self->i < 1000; self->i++) {
            coro_group_create_task(&self->group, do_job(1));
            AWAIT(coro_sleep(CORO_MS(2)));
        }
        EQ(loop.pool.live, self->blocks);
    }
    ASYNC_END;
}

Test(conformance, c097_finished_children_are_let_go)
{
    EQ(RUN(finished_children()), 0);
}

ASYNC(spawns_while_exiting, ARGS(coro_group *, group))
{
    ASYNC_BEGIN;
    AWAIT(coro_sleep(CORO_MS(100)));
    EQ(coro_group_try_create_task(self->group, NULL, counted_sleep(100)), 0);
    EQ(coro_group_try_create_task(self->group, NULL, counted_sleep(200)), 0);
    ASYNC_END;
}

ASYNC(late_children, VARS(coro_group group;))
{
    ASYNC_BEGIN;
    CORO_GROUP(self->group) {
        coro_group_create_task(&self->group, spawns_while_exiting(&self->group));
    }
    say("%ld ", now_ms());
    ASYNC_END;
}

Test(conformance, c097_children_make_children_while_the_block_waits)
{
    EQ(RUN(late_children()), 0);
    SAID("300 ");
}

static int hydras;

ASYNC(hydra, ARGS(coro_group *, group))
{
    ASYNC_BEGIN;
    hydras++;
    AWAIT(coro_sleep(CORO_MS(10)));
    coro_group_create_task(self->group, hydra(self->group));
    coro_group_create_task(self->group, hydra(self->group));
    ASYNC_END;
}

ASYNC(hercules)
{
    ASYNC_BEGIN;
    while (hydras < 10)
        AWAIT(coro_sleep(CORO_MS(15)));
    ASYNC_THROW(ZERO_DIVISION);
    ASYNC_END;
}

ASYNC(fight, VARS(coro_group group;))
{
    ASYNC_BEGIN;
    CORO_GROUP(self->group) {
        coro_group_create_task(&self->group, hydra(&self->group));
        coro_group_create_task(&self->group, hercules());
    }
    ASYNC_END;
}

Test(conformance, c097_a_runaway_spawner_is_stopped_by_one_failure)
{
    EQ(RUN(fight()), ZERO_DIVISION);
    HOLDS(hydras >= 10 && hydras < 100);
}

/* --- create_task when it is too late, or too early -------------------------------------------- */

ASYNC(misused, VARS(coro_group group; coro_task *task; int error, i;))
{
    ASYNC_BEGIN;
    EQ(coro_group_try_create_task(&self->group, &self->task, do_job(1)), CORO_EINVAL);
    EQ(self->task == NULL, true);
    EQ(coro_group_create_task(&self->group, coro_sleep(1)) == NULL, true);
    for (self->i = 0; self->i < 2; self->i++) { /* entering again is fine */
        ASYNC_TRY;
        CORO_GROUP(self->group) {
            coro_group_create_task(&self->group, crash_after(1));
            AWAIT_CATCH(self->error, coro_sleep(CORO_MS(10)));
            say("%d ", self->error);
            EQ(coro_group_try_create_task(&self->group, &self->task, do_job(1)), CORO_ECANCELED);
            EQ(self->task == NULL, true);
            EQ(coro_group_create_task(&self->group, do_job(1)) == NULL, true);
        }
        ASYNC_CATCH(self->error);
        say("%d ", self->error);
        ASYNC_END_TRY;
        EQ(coro_group_try_create_task(&self->group, NULL, do_job(1)), CORO_EFINISHED);
        EQ(coro_group_try_create_task(&self->group, NULL, coro_wait_for(do_job(1), 5)),
           CORO_EFINISHED);
    }
    ASYNC_END;
}

Test(conformance, c098_no_create_task_before_entry_after_failure_or_when_finished)
{
    EQ(RUN(misused()), 0);
    SAID("-125 -5 -125 -5 ");
}

/* --- coro_group_cancel ------------------------------------------------------------------------ */

ASYNC(cancels_group, ARGS(bool, from_body, long, child_ms),
      VARS(coro_group group; coro_scope limit; int error;))
{
    ASYNC_BEGIN;
    ASYNC_TRY;
    CORO_TIMEOUT(self->limit, CORO_MS(500)) {
        CORO_GROUP(self->group) {
            coro_group_create_task(&self->group, stubborn(0, self->child_ms));
            coro_group_create_task(&self->group, counted_sleep(10000));
            AWAIT(coro_yield());
            coro_group_cancel(&self->group);
            coro_group_cancel(&self->group);
            if (self->from_body)
                AWAIT(counted_sleep(10000));
        }
        say("left@%ld ", now_ms());
    }
    coro_group_cancel(&self->group);
    ASYNC_CATCH(self->error);
    say("%d@%ld ", self->error, now_ms());
    ASYNC_END_TRY;
    say("cancelled %d ", cancelled_count);
    ASYNC_END;
}

Test(conformance, c100_a_group_that_is_cancelled_is_left_normally)
{
    EQ(RUN(cancels_group(true, 10)), 0);
    EQ(RUN(cancels_group(false, 10)), 0);
    SAID("left@10 cancelled 2 left@20 cancelled 3 ");
}

Test(conformance, c100_a_timeout_around_it_must_still_be_raised)
{
    EQ(RUN(cancels_group(true, 1000)), 0);
    EQ(RUN(cancels_group(false, 1000)), 0);
    SAID("-110@1000 cancelled 2 -110@2000 cancelled 3 ");
}
