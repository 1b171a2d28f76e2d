/* SPDX-License-Identifier: MIT */
/* queue.c: one producer, two consumers, room for two jobs between them. The producer waits while
 * the queue is full, then until all its jobs are done; a shutdown sends the consumers home. */
#include <coro/coro.h>
#include <stdio.h>

ASYNC(consumer, ARGS(coro_queue *, jobs, int, number), VARS(int job, error, done;))
{
    ASYNC_BEGIN;
    for (;;) {
        AWAIT_CATCH(self->error, coro_queue_get(self->jobs, &self->job));
        if (self->error == CORO_ECLOSED)
            break;
        if (self->error != 0)
            ASYNC_THROW(self->error);
        printf("  consumer %d: job %d\n", self->number, self->job);
        AWAIT(coro_sleep(CORO_MS(10) * self->job));
        self->done++;
        coro_queue_task_done(self->jobs);
    }
    printf("  consumer %d has done %d\n", self->number, self->done);
    ASYNC_END;
}

ASYNC(producer, ARGS(coro_queue *, jobs), VARS(int job;))
{
    ASYNC_BEGIN;
    for (self->job = 1; self->job <= 6; self->job++) {
        AWAIT(coro_queue_put(self->jobs, &self->job));
        printf("job %d is in the queue\n", self->job);
    }
    puts("waiting until all is done");
    AWAIT(coro_queue_join(self->jobs));
    puts("all is done");
    coro_queue_shutdown(self->jobs, false);
    ASYNC_END;
}

ASYNC(main_async, VARS(int buffer[2]; coro_queue jobs; coro_group group;))
{
    ASYNC_BEGIN;
    coro_queue_init(&self->jobs, self->buffer, sizeof self->buffer[0], 2);
    CORO_GROUP(self->group) {
        coro_group_create_task(&self->group, consumer(&self->jobs, 0));
        coro_group_create_task(&self->group, consumer(&self->jobs, 1));
        coro_group_create_task(&self->group, producer(&self->jobs));
    }
    ASYNC_END;
}

int main(void)
{
    return coro_main(main_async());
}
