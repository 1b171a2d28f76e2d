/* SPDX-License-Identifier: MIT */
/* Why a task was cancelled: coro_task_cancel_because. */
#include "loop_fixture.h"

#include <signal.h>

SUITE(reason);

ASYNC(sleeps)
{
    ASYNC_BEGIN;
    AWAIT(coro_sleep(CORO_SECONDS(9)));
    ASYNC_END;
}

ASYNC(is_told, VARS(coro_task *task, *other; int error;))
{
    ASYNC_BEGIN;
    self->task = coro_create_task(sleeps());
    self->other = coro_create_task(sleeps());
    HOLDS(coro_task_cancel_reason(self->task) == NULL);
    HOLDS(coro_task_cancel_because(self->task, "the user left"));
    HOLDS(coro_task_cancel_because(self->task, "and something else"));
    HOLDS(coro_task_cancel(self->other));
    AWAIT_CATCH(self->error, coro_task_join(self->task));
    EQ(self->error, CORO_ECANCELED);
    say("%s", coro_task_cancel_reason(self->task));
    HOLDS(!coro_task_cancel_because(self->task, "too late"));
    AWAIT_CATCH(self->error, coro_task_join(self->other));
    HOLDS(coro_task_cancel_reason(self->other) == NULL);
    HOLDS(!coro_task_cancel_because(self->other, "too late"));
  ASYNC_FINALLY:
    coro_task_release(self->task);
    coro_task_release(self->other);
    ASYNC_END;
}

Test(reason, whoever_joins_a_cancelled_task_can_ask_for_the_first_reason)
{
    EQ(RUN(is_told()), 0);
    SAID("the user left");
}

ASYNC(takes_back, VARS(coro_task *task;))
{
    ASYNC_BEGIN;
    self->task = coro_create_task(sleeps());
    coro_task_cancel_because(self->task, "in error");
    EQ(coro_task_uncancel(self->task), 0);
    HOLDS(coro_task_cancel_reason(self->task) == NULL);
    coro_task_cancel_because(self->task, "now really");
    coro_task_cancel(self->task);
    EQ(coro_task_uncancel(self->task), 1);
    say("%s", coro_task_cancel_reason(self->task));
    coro_task_release(self->task);
    ASYNC_END;
}

Test(reason, a_cancel_that_is_taken_back_takes_its_reason_along)
{
    EQ(RUN(takes_back()), 0);
    SAID("now really");
}

ASYNC(asks_itself)
{
    ASYNC_BEGIN;
    AWAIT(coro_sleep(CORO_SECONDS(9)));
  ASYNC_FINALLY:
    say("%s", coro_task_cancel_reason(coro_current_task()));
    ASYNC_END;
}

ASYNC(cancels_many, VARS(coro_task *tasks[100]; int i;))
{
    ASYNC_BEGIN;
    for (self->i = 0; self->i < 100; self->i++)
        self->tasks[self->i] = coro_create_task(self->i == 50 ? (coro_any *)asks_itself()
                                                              : (coro_any *)sleeps());
    AWAIT(coro_yield());
    for (self->i = 0; self->i < 100; self->i++)
        coro_task_cancel_because(self->tasks[self->i], self->i == 50 ? "fifty" : "another");
    for (self->i = 99; self->i >= 0; self->i--)
        coro_task_release(self->tasks[self->i]);
    AWAIT(coro_yield());
    ASYNC_END;
}

Test(reason, each_of_many_tasks_has_its_own_and_all_notes_are_given_back)
{
    EQ(RUN(cancels_many()), 0);
    SAID("fifty");
}

Test(reason, without_memory_the_task_is_cancelled_all_the_same)
{
    coro_task *tasks[1000];
    int count = 0, noted = 0;
    open_loop();
    tasks[count++] = coro_loop_create_task(&loop, sleeps());
    memory.fail_from = memory.calls + 1;
    while (count < 1000 && (tasks[count] = coro_loop_create_task(&loop, sleeps())) != NULL)
        count++;
    for (int i = 0; i < count; i++) {
        HOLDS(coro_task_cancel_because(tasks[i], "why not"));
        noted += coro_task_cancel_reason(tasks[i]) != NULL;
    }
    HOLDS(noted < count);
    memory.fail_from = 0;
    for (int i = 0; i < count; i++) {
        EQ(coro_loop_run_task(&loop, tasks[i]), CORO_ECANCELED);
        coro_task_release(tasks[i]);
    }
    close_loop();
}

Test(reason, a_reason_that_is_no_text_traps, .signal = SIGABRT)
{
    open_loop();
    coro_task_cancel_because(coro_loop_create_task(&loop, sleeps()), NULL);
}
