/* SPDX-License-Identifier: MIT */
/* interval.c: ticks that do not drift, however long the work in between takes; what came too late
 * is counted. */
#include <coro/coro.h>
#include <stdio.h>

ASYNC(main_async, VARS(coro_interval beat; coro_time began; size_t periods; int i;))
{
    static const int work_ms[] = {30, 30, 250, 30, 30};
    ASYNC_BEGIN;
    coro_interval_init(&self->beat, CORO_MS(100), CORO_MISSED_SKIP);
    self->began = coro_loop_time(coro_loop_current());
    for (self->i = 0; self->i < 5; self->i++) {
        AWAIT(self->periods, coro_interval_tick(&self->beat));
        printf("at %.2f s: %zu period%s\n",
               (double)(coro_loop_time(coro_loop_current()) - self->began) / CORO_SECONDS(1),
               self->periods, self->periods == 1 ? "" : "s");
        AWAIT(coro_sleep(CORO_MS(work_ms[self->i])));
    }
    ASYNC_END;
}

int main(void)
{
    return coro_main(main_async());
}
