/* SPDX-License-Identifier: MIT */
/*
 * test_loop.c: the turn, its fairness, and the life of a loop: run, stop, run again, close.
 */
#include "loop_fixture.h"

SUITE_LASTING(loop, 60.0);

ASYNC(nothing)
{
    ASYNC_BEGIN;
    ASYNC_END;
}

/* --- the turn ------------------------------------------------------------------------------ */

ASYNC(spawns, ARGS(int, generation, char, name))
{
    ASYNC_BEGIN;
    say("%c%d@%d ", self->name, self->generation, (int)turns());
    if (self->generation < 2)
        coro_task_release(
            coro_create_task(spawns(self->generation + 1, (char)(self->name + 2))));
    ASYNC_END;
}

Test(loop, a_turn_runs_exactly_those_who_were_ready_when_it_began)
{
    open_loop();
    coro_task_release(coro_loop_create_task(&loop, spawns(0, 'a')));
    coro_task_release(coro_loop_create_task(&loop, spawns(0, 'b')));
    EQ(coro_loop_run_once(&loop, false), true);
    SAID("a0@0 b0@0 ");
    EQ(coro_loop_run_once(&loop, false), true);
    SAID("a0@0 b0@0 c1@1 d1@1 ");
    EQ(coro_loop_run_once(&loop, false), false);
    SAID("a0@0 b0@0 c1@1 d1@1 e2@2 f2@2 ");
    EQ(loop.task_count, 0);
    close_loop();
}

static void hook_runs(coro_hook *hook)
{
    (void)hook;
    say("hook ");
}

static coro_hook hook = {.run = hook_runs}, removed = {.run = hook_runs};

ASYNC(hooks)
{
    ASYNC_BEGIN;
    coro_loop_add_hook(&loop, &hook);
    coro_loop_add_hook(&loop, &hook);
    coro_loop_add_hook(&loop, &removed);
    coro_loop_remove_hook(&loop, &removed);
    coro_loop_remove_hook(&loop, &removed);
    say("one ");
    AWAIT(coro_yield());
    say("two ");
    AWAIT(coro_yield());
    coro_loop_add_hook(&loop, &hook);
    say("three ");
    AWAIT(coro_sleep(CORO_MS(1)));
    say("four ");
    ASYNC_END;
}

Test(loop, a_hook_runs_once_at_the_end_of_its_turn)
{
    EQ(RUN(hooks()), 0);
    SAID("one hook two three hook four ");
}

ASYNC(wakes_others, VARS(coro_future future;), ARGS(coro_future *, f))
{
    ASYNC_BEGIN;
    coro_future_set_result(self->f, NULL);
    say("set ");
    ASYNC_END;
}

ASYNC(waits_for, ARGS(coro_future *, f, char, name))
{
    ASYNC_BEGIN;
    AWAIT(coro_future_wait(self->f));
    say("%c ", self->name);
    ASYNC_END;
}

ASYNC(sleeps, ARGS(long, ms, char, name))
{
    ASYNC_BEGIN;
    AWAIT(coro_sleep(CORO_MS(self->ms)));
    say("%c ", self->name);
    ASYNC_END;
}

ASYNC(busy_until, ARGS(long, ms))
{
    ASYNC_BEGIN;
    AWAIT(coro_sleep(CORO_MS(1)));
    crunch(CORO_MS(self->ms - 1));
    ASYNC_END;
}

/* Timers that expire while the thread is busy come after those whom the turn has woken. */
Test(loop, who_was_woken_in_a_turn_comes_before_the_timers_that_expire_after_it)
{
    static coro_future future = CORO_FUTURE_INIT;
    open_loop();
    coro_task_release(coro_loop_create_task(&loop, sleeps(3, 'z')));
    coro_task_release(coro_loop_create_task(&loop, sleeps(2, 'y')));
    coro_task_release(coro_loop_create_task(&loop, waits_for(&future, 'a')));
    coro_task_release(coro_loop_create_task(&loop, sleeps(1, 'x')));
    coro_task_release(coro_loop_create_task(&loop, busy_until(10)));
    coro_loop_run_once(&loop, true);
    coro_task_release(coro_loop_create_task(&loop, wakes_others(&future)));
    EQ(coro_loop_run_until_complete(&loop, sleeps(20, 'm')), 0);
    SAID("x set a y z m ");
    close_loop();
}

/* --- fairness ------------------------------------------------------------------------------ */

static coro_queue queue;
static int queue_buffer[1000];
static bool greedy_is_done;

ASYNC(greedy, ARGS(int, count), VARS(int i;))
{
    ASYNC_BEGIN;
    for (self->i = 0; self->i < self->count; self->i++)
        AWAIT(coro_queue_put(&queue, &self->i));
    greedy_is_done = true;
    ASYNC_END;
}

ASYNC(counts_its_turns, VARS(int count;))
{
    ASYNC_BEGIN;
    while (!greedy_is_done) {
        self->count++;
        AWAIT(coro_yield());
    }
    say("%d ", self->count);
    ASYNC_END;
}

ASYNC(fair, ARGS(int, count), VARS(coro_group group;))
{
    ASYNC_BEGIN;
    coro_queue_init(&queue, queue_buffer, sizeof queue_buffer[0], 1000);
    greedy_is_done = false;
    CORO_GROUP(self->group) {
        coro_group_create_task(&self->group, greedy(self->count));
        coro_group_create_task(&self->group, counts_its_turns());
    }
    ASYNC_END;
}

/* Tasks 128 completions; the 129th gives others a turn. */
Test(loop, a_task_that_never_waits_gives_way_after_128_awaits)
{
    EQ(CORO_BUDGET, 128);
    EQ(RUN(fair(128)), 0);
    EQ(RUN(fair(129)), 0);
    EQ(RUN(fair(257)), 0);
    EQ(RUN(fair(258)), 0);
    EQ(RUN(fair(1000)), 0);
    SAID("0 1 1 2 7 ");
}

/* The result of the await that gives way is not lost. */
ASYNC(values_over_the_budget, VARS(int i, item; long sum;))
{
    ASYNC_BEGIN;
    coro_queue_init(&queue, queue_buffer, sizeof queue_buffer[0], 1000);
    for (self->i = 0; self->i < 1000; self->i++)
        EQ(coro_queue_put_nowait(&queue, &self->i), 0);
    for (self->i = 0; self->i < 1000; self->i++) {
        AWAIT(coro_queue_get(&queue, &self->item));
        EQ(self->item, self->i);
    }
    ASYNC_END;
}

static coro_future done_future = CORO_FUTURE_INIT;

ASYNC(result_over_the_budget, VARS(int i, error; void *result; coro_task *task; int value;))
{
    ASYNC_BEGIN;
    coro_future_set_result(&done_future, &queue);
    for (self->i = 0; self->i < 1000; self->i++) {
        self->result = NULL;
        AWAIT(self->result, coro_future_wait(&done_future));
        EQ(self->result == &queue, true);
    }
    self->task = coro_create_task(nothing());
    AWAIT(coro_yield());
    for (self->i = 0; self->i < 1000; self->i++)
        AWAIT(coro_task_join(self->task));
    coro_task_release(self->task);
    ASYNC_END;
}

ASYNC(error_over_the_budget, VARS(int i, error; coro_future future;))
{
    ASYNC_BEGIN;
    coro_future_set_error(&self->future, CORO_EIO);
    for (self->i = 0; self->i < 1000; self->i++) {
        AWAIT_CATCH(self->error, coro_future_wait(&self->future));
        EQ(self->error, CORO_EIO);
    }
    ASYNC_END;
}

Test(loop, giving_way_loses_neither_value_nor_result_nor_error)
{
    EQ(RUN(values_over_the_budget()), 0);
    EQ(RUN(result_over_the_budget()), 0);
    EQ(RUN(error_over_the_budget()), 0);
}

#if CORO_HOSTED /* metrics */
static long waits_seen;

ASYNC(yields, ARGS(int, count), VARS(coro_loop_metrics before, after; int i;))
{
    ASYNC_BEGIN;
    coro_loop_metrics_get(&loop, &self->before);
    for (self->i = 0; self->i < self->count; self->i++)
        AWAIT(coro_yield());
    coro_loop_metrics_get(&loop, &self->after);
    waits_seen = (long)(self->after.waits - self->before.waits);
    EQ(self->after.turns - self->before.turns, (uint64_t)self->count);
    ASYNC_END;
}

Test(loop, while_somebody_is_ready_the_system_is_asked_every_64th_turn)
{
    EQ(RUN(yields(6400)), 0);
    EQ(waits_seen, 100);
}

ASYNC(yields_in_a_crowd, VARS(int i;))
{
    ASYNC_BEGIN;
    for (self->i = 0; self->i < 10; self->i++)
        coro_task_release(coro_create_task(nothing()));
    for (self->i = 0; self->i < 511; self->i++)
        coro_task_release(coro_create_task(yields(64)));
    AWAIT(yields(63));
    ASYNC_END;
}

Test(loop, and_after_1024_resumes_even_so)
{
    EQ(RUN(yields_in_a_crowd()), 0);
    HOLDS(waits_seen >= 31 && waits_seen <= 33); /* 512 resumes a turn: every second one */
}
#endif

ASYNC(spins, ARGS(bool *, stop), VARS(long count;))
{
    ASYNC_BEGIN;
    while (!*self->stop) {
        crunch(CORO_US(10));
        AWAIT(coro_yield());
    }
    ASYNC_END;
}

ASYNC(sleeps_beside_a_spinner, VARS(coro_task *task; bool stop;))
{
    ASYNC_BEGIN;
    self->task = coro_create_task(spins(&self->stop));
    AWAIT(coro_sleep(CORO_MS(10)));
    self->stop = true;
    HOLDS(now_ms() >= 10 && now_ms() <= 11);
    AWAIT(coro_task_join(self->task));
    coro_task_release(self->task);
    ASYNC_END;
}

Test(loop, timers_fire_although_somebody_is_always_ready)
{
    EQ(RUN(sleeps_beside_a_spinner()), 0);
}

/* --- run, stop, run again ------------------------------------------------------------------ */

ASYNC(adds, RETURNS(int), ARGS(int, a, int, b))
{
    ASYNC_BEGIN;
    AWAIT(coro_sleep(CORO_MS(1)));
    ASYNC_RETURN(self->a + self->b);
    ASYNC_END;
}

ASYNC(fails, ARGS(int, error))
{
    ASYNC_BEGIN;
    AWAIT(coro_sleep(CORO_MS(1)));
    ASYNC_THROW(self->error);
    ASYNC_END;
}

Test(loop, runs_one_call_after_another_and_others_stay_between)
{
    static struct adds frame;
    open_loop();
    coro_task_release(coro_loop_create_task(&loop, sleeps(5, 'x')));
    EQ(coro_loop_run_until_complete(&loop, adds_at(&frame, 2, 3)), 0);
    EQ(frame.result, 5);
    EQ(loop.task_count, 1);
    EQ(coro_loop_run_until_complete(&loop, fails(CORO_EIO)), CORO_EIO);
    EQ(now_ms(), 2); /* and does not wait for what nobody asked for */
    EQ(coro_loop_run_until_complete(&loop, sleeps(5, 'y')), 0);
    SAID("x y ");
    close_loop();
    EQ(heard.count, 0);
}

ASYNC(stops_and_ends)
{
    ASYNC_BEGIN;
    coro_loop_stop(&loop);
    ASYNC_END;
}

Test(loop, a_stop_in_the_last_turn_is_no_error)
{
    open_loop();
    EQ(coro_loop_run_until_complete(&loop, stops_and_ends()), 0);
    EQ(coro_loop_run_until_complete(&loop, sleeps(1, 'a')), 0); /* and does not stay behind */
    close_loop();
}

/* --- deadlock ------------------------------------------------------------------------------ */

ASYNC(waits_for_ever, VARS(coro_future future;))
{
    ASYNC_BEGIN;
    AWAIT(coro_future_wait(&self->future));
  ASYNC_FINALLY:
    say("cleaned ");
    ASYNC_END;
}

Test(loop, says_so_when_nothing_can_wake_the_tasks_that_are_left)
{
    EQ(RUN_LOUD(waits_for_ever()), CORO_EDEADLK);
    EQ(heard.count, 1);
    EQ(heard.list[0].kind, CORO_REPORT_DEADLOCK);
    cr_assert(eq(str, heard.list[0].name, TEXT("waits_for_ever")));
    SAID("cleaned ");
}

ASYNC(sleeps_for_ever)
{
    ASYNC_BEGIN;
    AWAIT(coro_sleep(CORO_FOREVER));
    ASYNC_END;
}

Test(loop, a_sleep_for_ever_is_no_way_out_of_a_deadlock)
{
    EQ(RUN_LOUD(sleeps_for_ever()), CORO_EDEADLK);
}

/* --- close --------------------------------------------------------------------------------- */

ASYNC(cleans_up_slowly, ARGS(char, name))
{
    ASYNC_BEGIN;
    AWAIT(coro_sleep(CORO_SECONDS(100)));
  ASYNC_FINALLY:
    AWAIT(coro_sleep(CORO_MS(5)));
    say("%c@%ld ", self->name, now_ms());
    ASYNC_END;
}

Test(conformance, c046_a_task_that_is_alive_at_close_is_ended_with_its_clean_up)
{
    open_loop();
    coro_task_release(coro_loop_create_task(&loop, cleans_up_slowly('a')));
    coro_task_release(coro_loop_create_task(&loop, cleans_up_slowly('b')));
    coro_task_release(coro_loop_create_task(&loop, waits_for_ever()));
    coro_loop_run_once(&loop, false);
    close_loop();
    SAID("cleaned a@5 b@5 ");
}

ASYNC(refuses_to_end, VARS(int error;))
{
    ASYNC_BEGIN;
    for (;;)
        AWAIT_CATCH(self->error, coro_yield());
    ASYNC_END;
}

ASYNC(never_gets_there, VARS(int error; coro_future future;))
{
    ASYNC_BEGIN;
    for (;;) {
        AWAIT_CATCH(self->error, coro_future_wait(&self->future));
        coro_task_uncancel(coro_current_task());
        self->future = (coro_future)CORO_FUTURE_INIT;
    }
    ASYNC_END;
}

Test(loop, a_task_that_refuses_to_end_is_told_and_freed)
{
    open_loop();
    coro_task_release(coro_loop_create_task(&loop, never_gets_there()));
    coro_task_release(coro_loop_create_task(&loop, refuses_to_end()));
    coro_loop_run_once(&loop, false);
    close_loop();
    EQ(heard.count, 2);
    EQ(heard.list[0].error, CORO_EDEADLK);
    EQ(heard.list[1].error, CORO_EDEADLK);
}

ASYNC(stuck, VARS(coro_scope shield; coro_future future;))
{
    ASYNC_BEGIN;
    CORO_SHIELD(self->shield) {
        AWAIT(coro_future_wait(&self->future));
    }
    ASYNC_END;
}

ASYNC(holds_much, VARS(coro_group group;))
{
    ASYNC_BEGIN;
    CORO_GROUP(self->group) {
        coro_group_create_task(&self->group, stuck());
        coro_group_create_task(&self->group, coro_wait_for(stuck(), CORO_MS(1)));
        AWAIT(coro_gather(coro_only(stuck()), coro_only(coro_wait_for(stuck(), CORO_MS(1))),
                          coro_only(nothing())));
    }
    ASYNC_END;
}

Test(loop, what_is_freed_by_force_leaves_nothing_behind)
{
    open_loop();
    coro_task_release(coro_loop_create_task(&loop, holds_much()));
    for (int i = 0; i < 5; i++)
        coro_loop_run_once(&loop, false);
    close_loop();
    HOLDS(heard.count >= 1);
}

Test(loop, close_is_idempotent_and_an_unused_loop_closes)
{
    open_loop();
    close_loop();
    coro_loop_close(&loop);
    EQ(coro_loop_current() == NULL, true);
    EQ(coro_current_task() == NULL, true);
}
