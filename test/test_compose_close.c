/* SPDX-License-Identifier: MIT */
/*
 * test_compose_close.c: what awaits several tasks when its loop is closed and nobody will
 * end; and what traps.
 */
#include "loop_fixture.h"

#include <coro/as_completed.h>
#include <coro/select.h>
#include <coro/staggered.h>
#include <coro/wait.h>

#include <signal.h>

SUITE(compose_close);

static coro_future never;

ASYNC(stuck, RETURNS(int), VARS(coro_scope shield; void *value;))
{
    ASYNC_BEGIN;
    CORO_SHIELD(self->shield) {
        AWAIT(self->value, coro_future_wait(&never));
    }
    ASYNC_RETURN(1);
    ASYNC_END;
}

enum what { SELECT, RACE, STAGGERED, GATHER, WAIT, AS_COMPLETED, GROUP_START, KINDS };

ASYNC(awaits, ARGS(int, what),
      VARS(coro_scope shield; coro_group group; size_t which; coro_task *t[1], *task; void *value;
           coro_as_completed it;))
{
    ASYNC_BEGIN;
    self->t[0] = coro_create_task(stuck());
    CORO_SHIELD(self->shield) {
        if (self->what == SELECT)
            AWAIT(self->which, coro_select(coro_only(stuck()), coro_only(stuck())));
        if (self->what == RACE)
            AWAIT(self->which, coro_race(coro_only(stuck()), coro_only(stuck())));
        if (self->what == STAGGERED)
            AWAIT(self->which, coro_staggered_race(CORO_FOREVER, coro_only(stuck()),
                                                   coro_only(stuck())));
        if (self->what == GATHER)
            AWAIT(coro_gather_with(CORO_GATHER_CANCEL_REST, NULL, coro_only(stuck())));
        if (self->what == WAIT)
            AWAIT(self->which, coro_wait(self->t, 1, CORO_FOREVER, CORO_ALL_COMPLETED, NULL));
        if (self->what == AS_COMPLETED) {
            EQ(coro_as_completed_init(&self->it, self->t, 1, CORO_FOREVER), 0);
            AWAIT(self->task, coro_as_completed_next(&self->it));
        }
        if (self->what == GROUP_START) {
            CORO_GROUP(self->group) {
                AWAIT(self->value, coro_group_start(&self->group, stuck()));
            }
        }
    }
  ASYNC_FINALLY:
    coro_as_completed_close(&self->it);
    ASYNC_END;
}

static struct awaits frame;

ASYNC(begins, ARGS(int, what), VARS(coro_task *task;))
{
    ASYNC_BEGIN;
    self->task = coro_create_task(awaits_at(&frame, self->what));
    AWAIT(coro_yield());
    AWAIT(coro_yield());
    coro_task_release(self->task);
    ASYNC_END;
}

Test(compose_close, frees_all_as_it_stands)
{
    for (int what = 0; what < KINDS; what++) {
        heard.count = 0;
        coro_future_init(&never);
        open_loop();
        EQ(coro_loop_run_until_complete(&loop, begins(what)), 0);
        coro_task_release(frame.t[0]);
        close_loop(); /* nothing is left */
        HOLDS(heard.count > 0);
        HOLDS(never.waiters.first == NULL);
    }
}

/* --- traps ------------------------------------------------------------------------------------ */

ASYNC(steps, ARGS(coro_as_completed *, it), VARS(coro_task *task;))
{
    ASYNC_BEGIN;
    AWAIT(self->task, coro_as_completed_next(self->it));
    ASYNC_END;
}

ASYNC(misuses, ARGS(bool, closes), VARS(coro_task *t[1], *a, *b; coro_as_completed it;))
{
    ASYNC_BEGIN;
    coro_future_init(&never);
    self->t[0] = coro_create_task(stuck());
    EQ(coro_as_completed_init(&self->it, self->t, 1, CORO_FOREVER), 0);
    self->a = coro_create_task(steps(&self->it));
    AWAIT(coro_yield());
    if (self->closes)
        coro_as_completed_close(&self->it);
    self->b = coro_create_task(steps(&self->it));
    AWAIT(coro_yield());
    ASYNC_END;
}

Test(compose_close, closing_an_iterator_that_somebody_awaits_traps, .signal = SIGABRT)
{
    (void)RUN(misuses(true));
}

Test(compose_close, two_tasks_at_one_iterator_trap, .signal = SIGABRT)
{
    (void)RUN(misuses(false));
}

Test(compose_close, an_option_that_gather_does_not_know_traps, .signal = SIGABRT)
{
    open_loop();
    (void)!coro_gather_array_with(64, NULL, 0, NULL);
}

Test(compose_close, a_gather_without_a_loop_traps, .signal = SIGABRT)
{
    (void)!coro_gather_array(NULL, 0, NULL);
}

Test(compose_close, the_word_of_no_child_traps, .signal = SIGABRT)
{
    coro_group_started(NULL);
}
