/* SPDX-License-Identifier: MIT */
/*
 * test_tree.c: the tree of tasks, to a descriptor, a FILE and a buffer.
 */
#define _POSIX_C_SOURCE 200809L

#include "debug_fixture.h"

#include <unistd.h>

SUITE(tree);

ASYNC(unstarted)
{
    ASYNC_BEGIN;
    ASYNC_END;
}

static char printed[4096];

ASYNC(prints, VARS(coro_task *task; int pipe[2]; FILE *file; size_t size; char text[4096];))
{
    ASYNC_BEGIN;
    self->task = coro_create_task(unstarted());
    coro_format_tasks(coro_loop_current(), printed, sizeof printed);
    EQ(pipe(self->pipe), 0);
    coro_print_tasks_fd(self->pipe[1]);
    EQ(read(self->pipe[0], self->text, sizeof self->text), (long)strlen(printed));
    EQ(memcmp(self->text, printed, strlen(printed)), 0);
    close(self->pipe[0]);
    close(self->pipe[1]);
    self->file = tmpfile();
    coro_print_tasks(self->file);
    EQ(ftell(self->file), (long)strlen(printed));
    fclose(self->file);
    AWAIT(coro_task_join(self->task));
    coro_task_release(self->task);
    ASYNC_END;
}

Test(tree, descriptor_file_and_buffer_get_the_same_tree)
{
    EQ(RUN(prints()), 0);
    has(printed, "2 tasks, at 1000.000 s\n- prints: running\n    %s prints\n", __FILE__);
    has(printed, "\n- unstarted: ready, not started\n    %s unstarted\n", __FILE__);
}

Test(tree, a_buffer_that_is_too_small_gets_what_fits)
{
    char small[8] = "xxxxxxx";
    size_t whole;
    open_loop();
    whole = coro_format_tasks(&loop, NULL, 0);
    HOLDS(whole > sizeof small);
    EQ(coro_format_tasks(&loop, small, sizeof small), whole);
    EQ(strlen(small), sizeof small - 1);
    EQ(memcmp(small, "0 tasks", 7), 0);
    close_loop();
}

Test(tree, where_no_loop_runs_there_is_no_tree)
{
    HOLDS(coro_format_tasks(NULL, printed, sizeof printed) > 0);
    has(printed, "no loop runs");
}

ASYNC(deep, ARGS(int, levels))
{
    ASYNC_BEGIN;
    if (self->levels > 0)
        AWAIT(deep(self->levels - 1));
    else
        AWAIT(coro_sleep(CORO_MS(1500)));
    ASYNC_END;
}

ASYNC(prints_deep, VARS(coro_task *task;))
{
    ASYNC_BEGIN;
    self->task = coro_create_task(deep(1000));
    AWAIT(coro_sleep(CORO_MS(300)));
    coro_format_tasks(coro_loop_current(), printed, sizeof printed);
    AWAIT(coro_task_join(self->task));
    coro_task_release(self->task);
    ASYNC_END;
}

Test(tree, a_deep_chain_is_cut_and_a_sleep_tells_the_time_left)
{
    EQ(RUN(prints_deep()), 0);
    has(printed, "- deep: sleep, 1.200 s left\n");
    has(printed, "... and those that await it\n");
}
