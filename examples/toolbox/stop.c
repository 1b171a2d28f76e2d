/* SPDX-License-Identifier: MIT */
/* stop.c: a loop that runs for ever, until a task stops it; what is left is ended by its close. */
#include <coro/coro.h>
#include <stdio.h>

ASYNC(ticks, VARS(int n;))
{
    ASYNC_BEGIN;
    for (;;) {
        printf("tick %d\n", ++self->n);
        AWAIT(coro_sleep(CORO_MS(100)));
    }
  ASYNC_FINALLY:
    puts("the ticks have ended");
    ASYNC_END;
}

ASYNC(stops_it)
{
    ASYNC_BEGIN;
    AWAIT(coro_sleep(CORO_MS(250)));
    puts("stop");
    coro_loop_stop(coro_loop_current());
    ASYNC_END;
}

int main(void)
{
    static coro_loop loop;
    int error = coro_loop_init(&loop, NULL);
    if (error != 0) {
        fprintf(stderr, "no loop: %s\n", coro_strerror(error));
        return 1;
    }
    coro_task_release(coro_loop_create_task(&loop, ticks()));
    coro_task_release(coro_loop_create_task(&loop, stops_it()));
    error = coro_loop_run_forever(&loop);
    printf("the run has ended: %s\n", error == 0 ? "stopped" : coro_strerror(error));
    coro_loop_close(&loop);
    return error != 0;
}
