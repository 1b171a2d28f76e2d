/* SPDX-License-Identifier: MIT */
/*
 * test_debug.c: a program with a planted fault says which task, where it was made, at which
 * await it stands, and what to do.
 */
#define _POSIX_C_SOURCE 200809L

#include "debug_fixture.h"

#include <coro/callback.h>
#include <coro/lock.h>
#include <coro/run.h>

#include <criterion/redirect.h>
#include <pthread.h>
#include <signal.h>

SUITE(debug);

/* --- deadlocks ---------------------------------------------------------------------------- */

static coro_lock locks[2];

ASYNC(takes_two, ARGS(int, first), VARS(int i;))
{
    ASYNC_BEGIN;
    AWAIT(coro_lock_acquire(&locks[self->first]));
    AWAIT(coro_yield());
    HERE(a); AWAIT(coro_lock_acquire(&locks[1 - self->first]));
  ASYNC_FINALLY:
    for (self->i = 0; self->i < 2; self->i++)
        (void)coro_lock_release(&locks[self->i]);
    ASYNC_END;
}

ASYNC(crosses_locks, VARS(coro_task *tasks[2];))
{
    ASYNC_BEGIN;
    HERE(b); self->tasks[0] = coro_create_task(takes_two(0));
    HERE(c); self->tasks[1] = coro_create_task(takes_two(1));
    coro_task_set_name(self->tasks[0], "left");
    coro_task_set_name(self->tasks[1], "right");
    HERE(d); AWAIT(coro_task_join(self->tasks[0]));
  ASYNC_FINALLY:
    coro_task_release(self->tasks[0]);
    coro_task_release(self->tasks[1]);
    ASYNC_END;
}

Test(debug, two_locks_taken_in_opposite_order_are_named_as_a_ring)
{
    EQ(RUN_WATCHED(crosses_locks()), CORO_EDEADLK);
    has(reported, "coro: crosses_locks: nothing can wake the tasks that are left (CORO_EDEADLK)\n"
                  "3 tasks, at 1000.000 s\n");
    has(reported, "- crosses_locks: join of left\n");
    has(reported, "    %s:%d crosses_locks\n", __FILE__, lines.d);
    has(reported, "  - left: lock 0x");
    has(reported, " held by right, made at %s:%d\n", __FILE__, lines.b);
    has(reported, "\n- right: lock 0x");
    has(reported, " held by left, made at %s:%d\n", __FILE__, lines.c);
    has(reported, "    %s:%d takes_two\n", __FILE__, lines.a);
    has(reported, "a ring that nothing outside can end: ");
    HOLDS(strstr(reported, "left waits for right, which waits for left\n") != NULL ||
          strstr(reported, "right waits for left, which waits for right\n") != NULL);
    has(reported, "to do: let somebody end one of these waits");
}

static coro_task *joined[2];

ASYNC(joins_other, ARGS(int, other))
{
    ASYNC_BEGIN;
    AWAIT(coro_task_join(joined[self->other]));
    ASYNC_END;
}

ASYNC(crosses_joins)
{
    ASYNC_BEGIN;
    joined[0] = coro_create_task(joins_other(1));
    joined[1] = coro_create_task(joins_other(0));
    coro_task_set_name(joined[0], "a");
    coro_task_set_name(joined[1], "b");
    coro_task_release(joined[0]); /* they live on, and nobody will come to a FINALLY */
    coro_task_release(joined[1]);
    AWAIT(coro_sleep(CORO_FOREVER));
    ASYNC_END;
}

Test(debug, tasks_that_join_each_other_are_printed_once_and_named_as_a_ring)
{
    EQ(RUN_WATCHED(crosses_joins()), CORO_EDEADLK);
    has(reported, ": see above\n");
    HOLDS(strstr(reported, "a waits for b, which waits for a\n") != NULL ||
          strstr(reported, "b waits for a, which waits for b\n") != NULL);
    has(reported, "- crosses_joins: sleep, for ever\n");
}

ASYNC(joins_parent, ARGS(coro_task *, parent))
{
    ASYNC_BEGIN;
    AWAIT(coro_task_join(self->parent));
    ASYNC_END;
}

ASYNC(owns_a_group, VARS(coro_group group;))
{
    ASYNC_BEGIN;
    CORO_GROUP(self->group) {
        coro_group_create_task(&self->group, joins_parent(coro_current_task()));
    }
    ASYNC_END;
}

Test(debug, a_child_that_joins_the_task_of_its_group_is_named_as_a_ring)
{
    EQ(RUN_WATCHED(owns_a_group()), CORO_EDEADLK);
    has(reported, "owns_a_group: group of 1 task");
    has(reported, "joins_parent waits for owns_a_group, which waits for joins_parent\n");
}

ASYNC(gathers_one_that_joins_it)
{
    ASYNC_BEGIN;
    AWAIT(coro_gather(coro_only(joins_parent(coro_current_task()))));
    ASYNC_END;
}

Test(debug, a_gathered_call_that_joins_its_task_is_named_as_a_ring)
{
    EQ(RUN_WATCHED(gathers_one_that_joins_it()), CORO_EDEADLK);
    has(reported, "gathers_one_that_joins_it: gather of 1 task");
    has(reported, "joins_parent waits for gathers_one_that_joins_it, which waits for ");
}

ASYNC(gets_from_nobody, VARS(coro_queue queue; int buffer[1]; int item;))
{
    ASYNC_BEGIN;
    coro_queue_init(&self->queue, self->buffer, sizeof(int), 1);
    HERE(a); AWAIT(coro_queue_get(&self->queue, &self->item));
    ASYNC_END;
}

Test(debug, a_queue_that_nobody_puts_into_is_in_the_report_of_the_deadlock)
{
    EQ(RUN_WATCHED(gets_from_nobody()), CORO_EDEADLK);
    has(reported, "- gets_from_nobody: queue get 0x");
    has(reported, "    %s:%d gets_from_nobody\n", __FILE__, lines.a);
    HOLDS(strstr(reported, "a ring") == NULL);
}

ASYNC(joins_itself)
{
    ASYNC_BEGIN;
    HERE(a); AWAIT(coro_task_join(coro_current_task()));
    ASYNC_END;
}

ASYNC(lets_go_of, ARGS(coro_any *, call), VARS(coro_task *task;))
{
    ASYNC_BEGIN;
    HERE(b); self->task = coro_create_task(self->call);
    AWAIT(coro_yield());
    coro_task_release(self->task);
    AWAIT(coro_yield());
    AWAIT(coro_yield());
    ASYNC_END;
}

#define LETS_GO_OF(call) lets_go_of((coro_any *)(void *)(call))

Test(debug, a_task_that_awaits_itself_is_told_so)
{
    EQ(RUN_WATCHED(LETS_GO_OF(joins_itself())), 0);
    EQ(reports, 1);
    has(reported, "coro: joins_itself: ended with an error that nobody took: "
                  "awaiting this would wait for itself (CORO_ELOOP)\n");
    has(reported, "  made at %s:%d\n", __FILE__, lines.b);
    has(reported, "  %s:%d joins_itself\n", __FILE__, lines.a);
}

/* --- lost errors -------------------------------------------------------------------------- */

ASYNC(raises, ARGS(int, error))
{
    ASYNC_BEGIN;
    AWAIT(coro_yield());
    HERE(c); ASYNC_THROW(self->error);
    ASYNC_END;
}

ASYNC(calls_raises, ARGS(int, error))
{
    ASYNC_BEGIN;
    HERE(d); AWAIT(raises(self->error));
    ASYNC_END;
}

ASYNC(lets_two_fail, VARS(coro_task *tasks[2];))
{
    ASYNC_BEGIN;
    HERE(a); self->tasks[0] = coro_create_task(calls_raises(CORO_EPIPE));
    HERE(b); self->tasks[1] = coro_create_task(raises(CORO_EIO));
    AWAIT(coro_sleep(CORO_MS(1)));
    coro_task_release(self->tasks[0]);
    EQ(reports, 1);
    has(reported, "coro: calls_raises: ended with an error that nobody took: ");
    has(reported, "(CORO_EPIPE)\n  made at %s:%d\n  %s:%d raises\n  %s:%d calls_raises\n"
                  "  to do: join the task", __FILE__, lines.a, __FILE__, lines.c, __FILE__,
        lines.d);
    reported[0] = '\0';
    coro_task_release(self->tasks[1]);
    EQ(reports, 2);
    has(reported, "(CORO_EIO)\n  made at %s:%d\n  %s:%d raises\n  to do", __FILE__, lines.b,
        __FILE__, lines.c);
    ASYNC_END;
}

Test(debug, each_lost_error_keeps_its_own_trace)
{
    EQ(RUN_WATCHED(lets_two_fail()), 0);
}

/* --- never awaited ------------------------------------------------------------------------ */

ASYNC(forgotten)
{
    ASYNC_BEGIN;
    ASYNC_END;
}

static coro_header *forgot;

/* What was forgotten still counts as live; but its memory must be given back. */
static void run_forgetful(coro_header *call)
{
    open_watched(NULL);
    EQ(coro_loop_run_until_complete_(&loop, call), 0);
    coro_loop_close(&loop);
    EQ(memory.blocks, 0);
    EQ(reports, 1);
}

#define RUN_FORGETFUL(call) run_forgetful(&(call)->coro)

ASYNC(forgets, VARS(int i;))
{
    ASYNC_BEGIN;
    for (self->i = 0; self->i < 4; self->i++)
        AWAIT(forgotten()); /* which leaves a free block */
    forgot = &forgotten()->coro;
    coro_discard(forgotten());
    AWAIT(coro_yield());
    ASYNC_END;
}

Test(debug, a_call_that_was_never_awaited_is_found_at_close)
{
    RUN_FORGETFUL(forgets());
    has(reported, "coro: loop: a call of forgotten (defined in %s) was made, but never awaited\n",
        __FILE__);
    has(reported, "to do: await the call");
}

ASYNC(forgets_a_sleep, VARS(coro_void *call;))
{
    ASYNC_BEGIN;
    AWAIT(coro_yield());
    self->call = coro_sleep(CORO_MS(1));
    ASYNC_END;
}

Test(debug, a_call_of_the_library_that_was_never_awaited_is_found_too)
{
    RUN_FORGETFUL(forgets_a_sleep());
    has(reported, "a call of coro_sleep");
}

ASYNC(large, SCRATCH(char bytes[4096];))
{
    ASYNC_BEGIN;
    ASYNC_END;
}

ASYNC(forgets_large)
{
    ASYNC_BEGIN;
    AWAIT(large());
    forgot = &large()->coro;
    ASYNC_END;
}

Test(debug, a_forgotten_call_that_the_pool_has_no_list_for_is_reported_and_freed)
{
    RUN_FORGETFUL(forgets_large());
    has(reported, "a call of large");
}

ASYNC(does_all_well, VARS(coro_task *task; coro_group group; int i;))
{
    ASYNC_BEGIN;
    for (self->i = 0; self->i < 300; self->i++) {
        AWAIT(forgotten());
        self->task = coro_create_task(forgotten());
        AWAIT(coro_wait_for(coro_task_join(self->task), CORO_SECONDS(1)));
        coro_task_release(self->task);
    }
    CORO_GROUP(self->group) {
        for (self->i = 0; self->i < 300; self->i++)
            coro_group_create_task(&self->group, forgotten());
    }
    AWAIT(coro_gather(coro_only(forgotten()), coro_only(large())));
    ASYNC_END;
}

Test(debug, a_program_without_faults_is_not_reported)
{
    EQ(RUN_WATCHED(does_all_well()), 0);
    cr_assert(eq(sz, reports, 0), "%s", reported);
}

/* --- slow, alive, and other reports ------------------------------------------------------- */

ASYNC(computes, ARGS(coro_duration, time))
{
    ASYNC_BEGIN;
    HERE(a); AWAIT(coro_yield());
    crunch(self->time);
    HERE(b); AWAIT(coro_yield());
    crunch(self->time);
    ASYNC_END;
}

Test(debug, a_resume_of_100_ms_is_slow_and_one_of_99_is_not)
{
    EQ(RUN_WATCHED(computes(CORO_MS(99))), 0);
    EQ(reports, 0);
    EQ(RUN_WATCHED(computes(CORO_MS(100))), 0);
    EQ(reports, 2);
    has(reported, "coro: computes: kept the loop busy for 0.100 s, from %s:%d computes to %s:%d "
                  "computes\n", __FILE__, lines.a, __FILE__, lines.b);
    has(reported, "from %s:%d computes to its end\n", __FILE__, lines.b);
    has(reported, "to do: await between the parts of long work");
}

Test(debug, the_threshold_of_slow_can_be_set)
{
    coro_debug_options options = {.slow = CORO_MS(10)};
    EQ(run_watched_(&computes(CORO_MS(9))->coro, &options), 0);
    EQ(reports, 0);
    EQ(run_watched_(&computes(CORO_MS(10))->coro, &options), 0);
    EQ(reports, 2);
}

ASYNC(is_eager)
{
    ASYNC_BEGIN;
    crunch(CORO_MS(60));
    AWAIT(coro_yield());
    ASYNC_END;
}

ASYNC(makes_an_eager_task, VARS(coro_task *task;))
{
    ASYNC_BEGIN;
    crunch(CORO_MS(60));
    self->task = coro_create_task_eager(is_eager());
    AWAIT(coro_task_join(self->task));
    coro_task_release(self->task);
    ASYNC_END;
}

Test(debug, what_an_eager_task_takes_is_part_of_its_makers_time)
{
    EQ(RUN_WATCHED(makes_an_eager_task()), 0);
    EQ(reports, 1);
    has(reported, "coro: makes_an_eager_task: kept the loop busy for 0.120 s");
}

static void busy(void *context)
{
    (void)context;
    crunch(CORO_MS(150));
}

Test(debug, a_slow_callback_is_reported)
{
    static coro_handle handle;
    open_watched(NULL);
    coro_loop_call_soon(&loop, &handle, busy, NULL);
    EQ(coro_loop_run_until_complete(&loop, computes(0)), 0);
    close_loop();
    EQ(reports, 1);
    has(reported, "callback 0x%lx kept the loop busy for 0.150 s\n",
        (unsigned long)(uintptr_t)busy);
}

/* --- turning it on ------------------------------------------------------------------------ */

Test(debug, it_is_turned_on_once)
{
    open_loop();
    EQ(coro_debug_enable(&loop, NULL), 0);
    EQ(coro_debug_enable(&loop, NULL), CORO_EALREADY);
    close_loop();
}

Test(debug, without_memory_it_stays_off)
{
    open_loop();
    for (size_t i = 1; i <= 2; i++) {
        memory.fail_at = memory.calls + i;
        EQ(coro_debug_enable(&loop, NULL), CORO_ENOMEM);
    }
    memory.fail_at = 0;
    EQ(coro_debug_enable(&loop, NULL), 0);
    close_loop();
}

Test(debug, without_memory_for_its_table_a_program_runs_all_the_same)
{
    size_t calls = 1;
    for (size_t n = 3; n <= calls; n++) {
        open_watched(NULL);
        memory.calls = 2; /* those of coro_debug_enable */
        memory.fail_at = n;
        coro_loop_run_until_complete(&loop, does_all_well());
        close_loop();
        calls = memory.calls < 40 ? memory.calls : 40;
    }
    cr_assert(eq(sz, reports, 0), "%s", reported);
}

static void redirect(void)
{
    cr_redirect_stderr();
}

Test(debug, the_environment_turns_it_on_for_coro_main, .init = redirect)
{
    char text[1024];
    size_t size;
    FILE *file;
    setenv("CORO_DEBUG", "1", 1);
    EQ(coro_main(LETS_GO_OF(forgets_a_sleep())), 0);
    fflush(stderr);
    file = cr_get_redirected_stderr();
    size = fread(text, 1, sizeof text - 1, file);
    text[size] = '\0';
    has(text, "coro: loop: a call of coro_sleep");
}

Test(debug, the_environment_may_say_0, .init = redirect)
{
    setenv("CORO_DEBUG", "0", 1);
    EQ(coro_main(LETS_GO_OF(forgets_a_sleep())), 0);
    fflush(stderr);
    EQ(fgetc(cr_get_redirected_stderr()), EOF);
}

/* --- the wrong thread --------------------------------------------------------------------- */

static void *uses_the_loop(void *context)
{
    coro_check_thread(context);
    return NULL;
}

Test(debug, the_wrong_thread_is_told_whose_the_loop_is, .signal = SIGABRT)
{
    pthread_t thread;
    open_watched(NULL);
    pthread_create(&thread, NULL, uses_the_loop, &loop);
    pthread_join(thread, NULL);
}
