/* SPDX-License-Identifier: MIT */
/*
 * test_eager.c: tasks whose first step runs while they are made; all tasks of a loop; a loop that
 * is failed from inside.
 */
#include "loop_fixture.h"

#include <coro/context.h>

SUITE(eager);

CORO_CONTEXT_VAR(int, level, 0);

ASYNC(steps, RETURNS(int), ARGS(char, name, int, waits), VARS(int i;))
{
    ASYNC_BEGIN;
    say("%c%s ", self->name, coro_task_name(coro_current_task()));
    for (; self->i < self->waits; self->i++) {
        AWAIT(coro_yield());
        say("%c%d ", self->name, self->i);
    }
    ASYNC_RETURN(self->name);
    ASYNC_END;
}

ASYNC(makes, VARS(coro_task *a, *b; int result;))
{
    ASYNC_BEGIN;
    coro_task_set_name(coro_current_task(), "me");
    self->a = coro_create_task_eager(steps('a', 0));
    say("%s %d %d ", coro_task_name(coro_current_task()), coro_task_done(self->a),
        loop.ready == NULL);
    self->b = coro_create_task_eager(steps('b', 1));
    say("%d ", coro_task_done(self->b));
    CORO_JOIN(self->result, steps, self->a);
    say("%c ", self->result);
    CORO_JOIN(self->result, steps, self->b);
    say("%c", self->result);
    coro_task_release(self->a);
    coro_task_release(self->b);
    ASYNC_END;
}

Test(eager, the_first_step_runs_inside_of_create_and_one_that_ends_there_is_never_scheduled)
{
    EQ(RUN(makes()), 0);
    SAID("asteps me 1 1 bsteps 0 a b0 b");
}

Test(eager, starts_like_any_other_where_its_loop_does_not_run)
{
    coro_task *task;
    open_loop();
    task = coro_loop_create_task_eager(&loop, steps('a', 0));
    SAID("");
    EQ(coro_task_done(task), false);
    EQ(coro_loop_run_task(&loop, task), 0);
    SAID("asteps ");
    coro_task_release(task);
    close_loop();
}

ASYNC(sets, VARS(int error;))
{
    ASYNC_BEGIN;
    say("%d ", coro_context_get(level));
    EQ(coro_context_set(level, 2, NULL), 0);
    AWAIT_CATCH(self->error, coro_sleep(CORO_MS(5)));
    say("%d %d ", coro_context_get(level), self->error);
    ASYNC_END;
}

ASYNC(has_its_own_context, VARS(coro_task *task;))
{
    ASYNC_BEGIN;
    EQ(coro_context_set(level, 1, NULL), 0);
    self->task = coro_create_task_eager(sets());
    say("%d ", coro_context_get(level));
    coro_task_cancel(self->task);
    AWAIT(coro_task_join(self->task));
    coro_task_release(self->task);
    ASYNC_END;
}

Test(eager, has_a_context_of_its_own_and_can_be_cancelled_as_soon_as_it_waits)
{
    EQ(RUN(has_its_own_context()), 0);
    SAID("1 1 2 -125 ");
}

static int made;

ASYNC(makes_another, ARGS(int, left), VARS(coro_task *next;))
{
    ASYNC_BEGIN;
    made++;
    if (self->left > 0) {
        self->next = coro_create_task_eager(makes_another(self->left - 1));
        AWAIT(coro_task_join(self->next));
        coro_task_release(self->next);
    }
    ASYNC_END;
}

ASYNC(makes_many)
{
    ASYNC_BEGIN;
    coro_task_release(coro_create_task_eager(makes_another(10000)));
    say("%d ", made);
    AWAIT(coro_sleep(CORO_MS(1)));
    say("%d", made);
    ASYNC_END;
}

Test(eager, ten_thousand_one_inside_the_other_do_not_exhaust_the_stack)
{
    EQ(RUN(makes_many()), 0);
    SAID("16 10001");
}

ASYNC(fails_at_once)
{
    ASYNC_BEGIN;
    ASYNC_THROW(CORO_EIO);
    ASYNC_END;
}

ASYNC(lets_fail)
{
    ASYNC_BEGIN;
    coro_task_release(coro_create_task_eager(fails_at_once()));
    say("on ");
    ASYNC_END;
}

Test(eager, an_error_that_nobody_takes_is_reported)
{
    EQ(RUN_LOUD(lets_fail()), 0);
    EQ(heard.count, 1);
    EQ(heard.list[0].error, CORO_EIO);
    SAID("on ");
}

ASYNC(spends_its_budget, VARS(int i; coro_future done; coro_task *task;))
{
    ASYNC_BEGIN;
    coro_future_set_result(&self->done, NULL);
    for (self->i = 0; self->i < 1000; self->i++)
        AWAIT(coro_future_wait(&self->done));
    ASYNC_END;
}

ASYNC(ticks, VARS(int i;))
{
    ASYNC_BEGIN;
    for (; self->i < 20; self->i++) {
        say(".");
        AWAIT(coro_yield());
    }
    ASYNC_END;
}

ASYNC(goes_on, VARS(int i; coro_future done;))
{
    ASYNC_BEGIN;
    coro_future_set_result(&self->done, NULL);
    coro_task_release(coro_create_task(ticks()));
    coro_task_release(coro_create_task_eager(spends_its_budget()));
    say("|");
    for (self->i = 0; self->i < 1280; self->i++)
        AWAIT(coro_future_wait(&self->done));
    say("|");
    ASYNC_END;
}

Test(eager, shares_its_makers_budget)
{
    EQ(RUN(goes_on()), 0);
    cr_assert(eq(int, strncmp(said, "|..........", 10), 0), "%s", said);
}

/* --- in a group ------------------------------------------------------------------------------- */

ASYNC(c101_group, VARS(coro_group group; coro_task *task; int error;))
{
    ASYNC_BEGIN;
    ASYNC_TRY;
    CORO_GROUP(self->group) {
        EQ(coro_group_create_task_eager(&self->group, &self->task, steps('a', 1)), 0);
        EQ(self->task != NULL, true);
        EQ(coro_group_create_task_eager(&self->group, &self->task, steps('b', 0)), 0);
        EQ(self->task == NULL, true);
        EQ(coro_group_create_task_eager(&self->group, &self->task, fails_at_once()), 0);
        say("body ");
        EQ(coro_group_create_task_eager(&self->group, NULL, steps('c', 0)), CORO_ECANCELED);
        ASYNC_TRY;
        AWAIT(coro_sleep(CORO_MS(9)));
        say("never ");
        ASYNC_CATCH(self->error);
        say("%d ", self->error);
        ASYNC_END_TRY;
    }
    ASYNC_CATCH(self->error);
    say("%d %zu at %ld", self->error, coro_group_errors(&self->group, NULL, NULL), now_ms());
    ASYNC_END_TRY;
    ASYNC_END;
}

Test(conformance, c101_an_eager_child_that_fails_while_it_is_made)
{
    EQ(RUN(c101_group()), 0);
    SAID("asteps bsteps body -125 a0 -5 1 at 0"); /* a's value had arrived */
}

/* --- names and errors share a word ------------------------------------------------------------ */

static void visit_error(void *context, unsigned depth, int error, const char *name)
{
    (void)context;
    say("%u:%d:%s ", depth, error, name);
}

ASYNC(fails_in_a_group, ARGS(int, depth), VARS(coro_group group; int error;))
{
    ASYNC_BEGIN;
    coro_task_set_name(coro_current_task(), self->depth == 0 ? "leaf" : "node");
    if (self->depth == 0)
        ASYNC_THROW(CORO_EIO);
    CORO_GROUP(self->group) {
        coro_group_create_task(&self->group, fails_in_a_group(self->depth - 1));
        coro_group_create_task(&self->group, fails_in_a_group(self->depth - 1));
    }
    ASYNC_END;
}

ASYNC(keeps_its_name, VARS(coro_group group; int error, i;))
{
    ASYNC_BEGIN;
    coro_task_set_name(coro_current_task(), "first");
    for (; self->i < 2; self->i++) {
        ASYNC_TRY;
        CORO_GROUP(self->group) {
            coro_group_create_task(&self->group, fails_in_a_group(2));
        }
        ASYNC_CATCH(self->error);
        ASYNC_END_TRY;
        say("%s ", coro_task_name(coro_current_task()));
        coro_task_set_name(coro_current_task(), "second");
        say("%s ", coro_task_name(coro_current_task()));
        EQ(coro_group_errors(&self->group, visit_error, NULL), 7);
    }
    coro_task_set_name(coro_current_task(), NULL);
    say("%s", coro_task_name(coro_current_task()));
    ASYNC_END;
}

Test(eager, a_name_and_kept_errors_do_not_disturb_each_other)
{
    EQ(RUN(keeps_its_name()), 0);
#define NODES "0:-5:node 1:-5:node 2:-5:leaf 2:-5:leaf 1:-5:node 2:-5:leaf 2:-5:leaf "
    SAID("first second " NODES "second second " NODES "keeps_its_name");
}

/* --- all tasks -------------------------------------------------------------------------------- */

static void say_name(void *context, coro_task *task)
{
    EQ(coro_task_done(task), false);
    say("%s%s ", (const char *)context, coro_task_name(task));
}

ASYNC(sleeps, ARGS(const char *, name))
{
    ASYNC_BEGIN;
    coro_task_set_name(coro_current_task(), self->name);
    AWAIT(coro_sleep(CORO_MS(5)));
    ASYNC_END;
}

ASYNC(has_groups, VARS(coro_group outer, inner;))
{
    ASYNC_BEGIN;
    coro_task_set_name(coro_current_task(), "groups");
    CORO_GROUP(self->outer) {
        coro_group_create_task(&self->outer, sleeps("o1"));
        coro_group_create_task(&self->outer, sleeps("o2"));
        CORO_GROUP(self->inner) {
            coro_group_create_task(&self->inner, sleeps("i1"));
            coro_group_create_task(&self->inner, sleeps("i2"));
        }
    }
    ASYNC_END;
}

ASYNC(looks_at_all, VARS(coro_task *done, *groups, *last;))
{
    ASYNC_BEGIN;
    coro_task_set_name(coro_current_task(), "main");
    self->done = coro_create_task_eager(steps('d', 0));
    self->groups = coro_create_task(has_groups());
    self->last = coro_create_task_eager(sleeps("eager"));
    AWAIT(coro_sleep(CORO_MS(1)));
    say("%zu", coro_all_tasks(NULL, say_name, TEXT("")));
    AWAIT(coro_task_join(self->groups));
    coro_task_release(self->done);
    coro_task_release(self->groups);
    coro_task_release(self->last);
    ASYNC_END;
}

Test(eager, all_tasks_are_those_that_have_not_ended_in_groups_and_eager_ones_too)
{
    EQ(RUN(looks_at_all()), 0);
    SAID("dsteps main groups i1 i2 o1 o2 eager 7");
    open_loop();
    EQ(coro_all_tasks(&loop, say_name, TEXT("")), 0);
    close_loop();
}

static void cancel_it(void *context, coro_task *task)
{
    (void)context;
    if (task != coro_current_task())
        coro_task_cancel(task);
}

ASYNC(cancels_all, VARS(coro_task *groups; int error;))
{
    ASYNC_BEGIN;
    self->groups = coro_create_task(has_groups());
    AWAIT(coro_yield());
    AWAIT(coro_yield());
    EQ(coro_all_tasks(NULL, cancel_it, NULL), 6);
    AWAIT_CATCH(self->error, coro_task_join(self->groups));
    say("%d at %ld", self->error, now_ms());
    coro_task_release(self->groups);
    ASYNC_END;
}

Test(eager, all_tasks_may_be_cancelled_while_they_are_visited)
{
    EQ(RUN(cancels_all()), 0);
    SAID("-125 at 0");
}

/* --- a loop that is failed -------------------------------------------------------------------- */

static coro_task *failing;

ASYNC(fails_the_loop_in_its_cleanup, VARS(int error;))
{
    ASYNC_BEGIN;
    AWAIT_CATCH(self->error, coro_sleep(CORO_SECONDS(1)));
    if (self->error != CORO_ECANCELED)
        ASYNC_RETURN();
    coro_loop_fail(coro_loop_current(), CORO_EPERM);
    ASYNC_THROW(CORO_EPERM);
    ASYNC_END;
}

ASYNC(cancels_that)
{
    ASYNC_BEGIN;
    failing = coro_create_task(fails_the_loop_in_its_cleanup());
    AWAIT(coro_yield());
    coro_task_cancel(failing);
    AWAIT(coro_sleep(CORO_MS(1)));
    say("later");
    ASYNC_END;
}

Test(conformance, c040_a_fatal_error_during_cancel_escapes_the_run)
{
    coro_task *task;
    open_loop();
    task = coro_loop_create_task(&loop, cancels_that());
    EQ(coro_loop_run_task(&loop, task), CORO_EPERM);
    SAID("");
    EQ(coro_task_done(failing), true);
    EQ(coro_task_cancelled(failing), false);
    EQ(coro_task_error(failing), CORO_EPERM);
    EQ(coro_task_done(task), false);
    EQ(coro_loop_run_task(&loop, task), 0); /* the loop lives on */
    SAID("later");
    coro_task_release(failing);
    coro_task_release(task);
    close_loop();
}
