/* SPDX-License-Identifier: MIT */
/* From main() into a loop and back; which backend there is. */
#define _POSIX_C_SOURCE 200809L
#include "helper.h"

#include <coro/flag.h>
#include <coro/gather.h>
#include <coro/group.h>
#include <coro/run.h>
#include <coro/task.h>

#include "poll/poll.h"

#include <criterion/redirect.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EQ(actual, expected) cr_assert(eq(long, (long)(actual), (long)(expected)))
#define HOLDS(condition) cr_assert(ne(int, (condition) ? 1 : 0, 0), "%s", #condition)

SUITE(run);

static void redirect(void)
{
    cr_redirect_stderr();
}

/* --- results ------------------------------------------------------------------------------ */

ASYNC(sleep_a_little, ARGS(int, error))
{
    ASYNC_BEGIN;
    AWAIT(coro_sleep(CORO_MS(1)));
    if (self->error != 0)
        ASYNC_THROW(self->error);
    ASYNC_END;
}

Test(run, returns_the_error_of_the_call)
{
    EQ(coro_run(sleep_a_little(0)), 0);
    EQ(coro_run(sleep_a_little(CORO_EPIPE)), CORO_EPIPE);
    HOLDS(coro_loop_current() == NULL);
}

static int ended;

ASYNC(background)
{
    ASYNC_BEGIN;
    AWAIT(coro_sleep(CORO_SECONDS(3600)));
  ASYNC_FINALLY:
    AWAIT(coro_sleep(CORO_MS(1)));
    ended++;
    ASYNC_END;
}

ASYNC(leave_tasks, VARS(int i;))
{
    ASYNC_BEGIN;
    for (self->i = 0; self->i < 3; self->i++)
        coro_task_release(coro_create_task(background()));
    AWAIT(coro_yield());
    ASYNC_END;
}

Test(run, cancels_what_is_left_and_lets_it_clean_up)
{
    EQ(coro_run(leave_tasks()), 0);
    EQ(ended, 3);
}

ASYNC(nested, VARS(int error;))
{
    ASYNC_BEGIN;
    self->error = coro_run(sleep_a_little(0));
    EQ(self->error, CORO_EBUSY);
    self->error = coro_run_with(sleep_a_little(0), NULL);
    EQ(self->error, CORO_EBUSY);
    AWAIT(coro_yield()); /* the outer loop is unharmed */
    ASYNC_END;
}

Test(run, is_refused_inside_of_a_running_loop)
{
    EQ(coro_run(nested()), 0);
}

ASYNC(wait_for_nobody, VARS(coro_flag flag;))
{
    ASYNC_BEGIN;
    AWAIT(coro_flag_wait(&self->flag));
    ASYNC_END;
}

Test(run, says_so_when_nothing_can_wake_it, .init = redirect)
{
    EQ(coro_run(wait_for_nobody()), CORO_EDEADLK);
}

static void *no_memory(void *context, void *block, size_t old, size_t fresh)
{
    (void)context, (void)block, (void)old, (void)fresh;
    return NULL;
}

Test(run, without_memory_the_call_is_freed_and_the_error_returned)
{
    coro_loop_options options = {.allocator = {no_memory, NULL}};
    EQ(coro_run_with(sleep_a_little(0), &options), CORO_ENOMEM);
}

/* --- main --------------------------------------------------------------------------------- */

static int line_of_throw, line_of_await;

ASYNC(inner)
{
    ASYNC_BEGIN;
    AWAIT(coro_yield());
    line_of_throw = __LINE__ + 1;
    ASYNC_THROW(CORO_ETIMEDOUT);
    ASYNC_END;
}

ASYNC(outer)
{
    ASYNC_BEGIN;
    line_of_await = __LINE__ + 1;
    AWAIT(inner());
    ASYNC_END;
}

Test(run, main_prints_the_error_and_its_way, .init = redirect)
{
    char text[2048];
    EQ(coro_main(outer()), 1);
    fflush(stderr);
    snprintf(text, sizeof text,
             "error: timed out (CORO_ETIMEDOUT)\n  %s:%d inner\n  %s:%d outer\n", __FILE__,
             line_of_throw, __FILE__, line_of_await);
    cr_assert_stderr_eq_str(text);
}

ASYNC(clean_up)
{
    ASYNC_BEGIN;
    line_of_await = __LINE__ + 1;
    AWAIT(inner());
  ASYNC_FINALLY:
    AWAIT(sleep_a_little(0));
    ASYNC_END;
}

Test(run, main_prints_a_trace_that_clean_ups_leave_alone, .init = redirect)
{
    char text[2048];
    EQ(coro_main(clean_up()), 1);
    fflush(stderr);
    snprintf(text, sizeof text,
             "error: timed out (CORO_ETIMEDOUT)\n  %s:%d inner\n  %s:%d clean_up\n",
             __FILE__, line_of_throw, __FILE__, line_of_await);
    cr_assert_stderr_eq_str(text);
}

Test(run, main_of_a_call_without_an_error_is_0_and_silent, .init = redirect)
{
    EQ(coro_main(sleep_a_little(0)), 0);
    fflush(stderr);
    cr_assert_stderr_eq_str("");
}

ASYNC(fail_with, ARGS(int, error))
{
    ASYNC_BEGIN;
    ASYNC_THROW(self->error);
    ASYNC_END;
}

Test(run, main_names_an_error_that_the_list_does_not_have, .init = redirect)
{
    static char text[4096];
    size_t size;
    FILE *said;
    EQ(coro_main(fail_with(-8)), 1); /* ENOEXEC */
    fflush(stderr);
    said = cr_get_redirected_stderr();
    size = fread(text, 1, sizeof text - 1, said);
    HOLDS(size > 0 && strstr(text, "error: ") == text && strstr(text, " (-8)\n  ") != NULL);
}

/* --- backends ----------------------------------------------------------------------------- */

Test(run, backends_have_names)
{
    HOLDS(coro_backend_named("epoll") == &coro_epoll_backend);
    HOLDS(coro_backend_named("sim") == &coro_sim_backend);
    HOLDS(coro_backend_named("") == NULL);
    HOLDS(coro_backend_named("kqueue") == NULL);
}

Test(run, the_environment_names_the_backend)
{
    unsetenv("CORO_POLL");
    HOLDS(coro_backend_default() == &coro_epoll_backend);
    setenv("CORO_POLL", "", 1);
    HOLDS(coro_backend_default() == &coro_epoll_backend);
    setenv("CORO_POLL", "sim", 1);
    HOLDS(coro_backend_default() == &coro_sim_backend);
}

Test(run, a_backend_that_is_not_known_is_reported, .init = redirect)
{
    setenv("CORO_POLL", "magic", 1);
    HOLDS(coro_backend_default() == &coro_epoll_backend);
    fflush(stderr);
    cr_assert_stderr_eq_str("coro: CORO_POLL=magic is not known here; using epoll\n");
}

Test(run, a_loop_needs_no_options)
{
    coro_loop loop;
    unsetenv("CORO_POLL");
    EQ(coro_loop_init(&loop, NULL), 0);
    HOLDS(loop.backend == &coro_epoll_backend);
    EQ(coro_loop_run_until_complete(&loop, sleep_a_little(0)), 0);
    EQ(coro_loop_run_until_complete(&loop, sleep_a_little(CORO_EIO)), CORO_EIO);
    coro_loop_close(&loop);
    coro_loop_close(&loop); /* closed: nothing */
}

/* --- from task to task ------------------------------------------------------------------------ */

ASYNC(waits_for_long)
{
    ASYNC_BEGIN;
    AWAIT(coro_sleep(CORO_SECONDS(3600)));
    ASYNC_END;
}

static int line_of_group, line_of_join;

ASYNC(groups, VARS(coro_group group;))
{
    ASYNC_BEGIN;
    line_of_group = __LINE__ + 1;
    CORO_GROUP(self->group) {
        coro_group_create_task(&self->group, waits_for_long());
        coro_group_create_task(&self->group, inner());
        coro_group_create_task(&self->group, waits_for_long());
    }
    ASYNC_END;
}

ASYNC(joins, VARS(coro_task *task;))
{
    ASYNC_BEGIN;
    self->task = coro_create_task(groups());
    line_of_join = __LINE__ + 1;
    AWAIT(coro_task_join(self->task));
  ASYNC_FINALLY:
    coro_task_release(self->task);
    ASYNC_END;
}

Test(run, a_trace_goes_on_from_a_child_to_its_group_and_from_a_task_to_who_joins_it,
     .init = redirect)
{
    char text[2048];
    EQ(coro_main(joins()), 1);
    fflush(stderr);
    snprintf(text, sizeof text,
             "error: timed out (CORO_ETIMEDOUT)\n  %s:%d inner\n  %s:%d groups\n  %s:%d joins\n",
             __FILE__, line_of_throw, __FILE__, line_of_group, __FILE__, line_of_join);
    cr_assert_stderr_eq_str(text);
}

ASYNC(fails_in_the_body, VARS(coro_group group;))
{
    ASYNC_BEGIN;
    CORO_GROUP(self->group) {
        coro_group_create_task(&self->group, waits_for_long());
        AWAIT(coro_yield());
        line_of_await = __LINE__ + 1;
        AWAIT(inner());
    }
    ASYNC_END;
}

Test(run, a_trace_of_a_groups_body_is_not_overwritten_by_the_children_that_it_cancels,
     .init = redirect)
{
    char text[2048];
    EQ(coro_main(fails_in_the_body()), 1);
    fflush(stderr);
    snprintf(text, sizeof text,
             "error: timed out (CORO_ETIMEDOUT)\n  %s:%d inner\n  %s:%d fails_in_the_body\n",
             __FILE__, line_of_throw, __FILE__, line_of_await);
    cr_assert_stderr_eq_str(text);
}

ASYNC(gathers)
{
    ASYNC_BEGIN;
    line_of_await = __LINE__ + 1;
    AWAIT(coro_gather(coro_only(waits_for_long()), coro_only(inner())));
    ASYNC_END;
}

Test(run, a_trace_goes_on_through_a_gather, .init = redirect)
{
    char first[512], last[512], text[4096] = "";
    FILE *said;
    EQ(coro_main(gathers()), 1);
    fflush(stderr);
    said = cr_get_redirected_stderr();
    HOLDS(fread(text, 1, sizeof text - 1, said) > 0);
    snprintf(first, sizeof first, "  %s:%d inner\n", __FILE__, line_of_throw);
    snprintf(last, sizeof last, "  %s:%d gathers\n", __FILE__, line_of_await);
    HOLDS(strstr(text, first) != NULL);
    HOLDS(strstr(text, " coro_gather\n") != NULL);
    HOLDS(strstr(text, last) != NULL);
}
