/* SPDX-License-Identifier: MIT */
/*
 * footprint.c - a program of tasks and sleeps alone. It only has to run; what it links is looked
 * at by test/footprint.sh.
 */
#include <coro/loop.h>
#include <coro/task.h>

ASYNC(naps)
{
    ASYNC_BEGIN;
    AWAIT(coro_sleep(CORO_MS(1)));
    ASYNC_END;
}

ASYNC(main_async, VARS(coro_task *task;))
{
    ASYNC_BEGIN;
    self->task = coro_create_task(naps());
    AWAIT(coro_task_join(self->task));
    coro_task_release(self->task);
    ASYNC_END;
}

int main(void)
{
    static coro_loop loop;
    int error = coro_loop_init(&loop, NULL);
    if (error == 0)
        error = coro_loop_run_until_complete(&loop, main_async());
    coro_loop_close(&loop);
    return error != 0;
}
