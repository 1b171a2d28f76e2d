/* SPDX-License-Identifier: MIT */
/*
 * check.c - what waits answer in the small configurations, where a task has no room for an error
 * of its own, links share their place, and ticks wrap; and that a task which suspends for nobody
 * traps. Status 0: as they should.
 *
 * test/targets.sh runs it on the host. The clock jumps from deadline to deadline, and begins just
 * before it wraps.
 */
#include "kernel/kernel.h"

#include <coro/flag.h>
#include <coro/future.h>
#include <coro/queue.h>
#include <coro/semaphore.h>

#include <stdlib.h>

static coro_time ticks = (coro_time)-7;
static unsigned failed_line;
static unsigned char ended;

#define EXPECT(condition)                                                                          \
    do {                                                                                           \
        if (!(condition) && failed_line == 0)                                                      \
            failed_line = __LINE__;                                                                \
    } while (0)

coro_time coro_bare_now(void)
{
    return ticks;
}

void coro_bare_wait(coro_loop *loop)
{
    coro_time deadline;
    if (ended < 6 && coro_timers_next(loop, &deadline))
        ticks = deadline;
}

/* --- tasks -------------------------------------------------------------------------------- */

static int items[2];
static coro_queue queue;
static coro_future future = CORO_FUTURE_INIT;
static coro_semaphore semaphore = CORO_SEMAPHORE_INIT(1);
static coro_flag flag = CORO_FLAG_INIT;
static unsigned char order[4], ordered;

/* The first item is handed over while it waits; then the queue is shut down under it. */
ASYNC(getter, VARS(int item, error;))
{
    ASYNC_BEGIN;
    AWAIT(coro_queue_get(&queue, &self->item));
    EXPECT(self->item == 42);
    AWAIT_CATCH(self->error, coro_queue_get(&queue, &self->item));
    EXPECT(self->error == CORO_ECLOSED);
    EXPECT(self->item == 42);
    AWAIT_CATCH(self->error, coro_sleep(CORO_MS(1)));
    EXPECT(self->error == 0);
    ended++;
    ASYNC_END;
}

/* A future that fails under its waiter, and one that has failed before. */
ASYNC(waiter, VARS(int error; void *result;))
{
    ASYNC_BEGIN;
    self->result = &items;
    AWAIT_CATCH(self->error, self->result, coro_future_wait(&future));
    EXPECT(self->error == CORO_EPIPE);
    EXPECT(self->result == &items);
    ASYNC_TRY;
    AWAIT(coro_future_wait(&future));
    EXPECT(false);
    ASYNC_CATCH(self->error);
    EXPECT(self->error == CORO_EPIPE);
    ASYNC_END_TRY;
    ended++;
    ASYNC_END;
}

/* Sleeps in one list, and permits in another, across the wrap of the clock. */
ASYNC(sleeper, ARGS(unsigned char, number, coro_duration, delay), VARS(coro_time begin;))
{
    ASYNC_BEGIN;
    AWAIT(coro_semaphore_acquire(&semaphore));
    self->begin = ticks;
    coro_semaphore_release(&semaphore);
    AWAIT(coro_sleep(self->delay));
    EXPECT(coro_time_reached(ticks, (coro_time)(self->begin + (coro_time)self->delay)));
    order[ordered++] = self->number;
    ended++;
    ASYNC_END;
}

static coro_task getter_task, waiter_task, sleeper_task[3], main_task;
static struct getter getter_frame;
static struct waiter waiter_frame;
static struct sleeper sleeper_frame[3];
static coro_loop loop;

/* Makes the others happen; its own calls are made in another order than they are awaited in. */
ASYNC(main_async, VARS(struct sleeper inner; int item, error;))
{
    ASYNC_BEGIN;
    AWAIT(coro_sleep(CORO_MS(2)));
    self->item = 42;
    EXPECT(coro_queue_put_nowait(&queue, &self->item) == 0);
    AWAIT(coro_yield());
    AWAIT(coro_yield());
    coro_queue_shutdown(&queue, false);
    EXPECT(coro_future_set_error(&future, CORO_EPIPE) == 0);
    AWAIT_CATCH(self->error, coro_queue_put(&queue, &self->item));
    EXPECT(self->error == CORO_ECLOSED);
    coro_flag_set(&flag);
    AWAIT(coro_flag_wait(&flag));
    AWAIT(sleeper_at(&self->inner, 3, CORO_MS(30)));
    EXPECT(coro_current_task() == &main_task);
    ASYNC_END;
}

static struct main_async main_frame;

/* --- a bug -------------------------------------------------------------------------------- */

/* Nobody will ever resume it. */
ASYNC(suspends)
{
    ASYNC_BEGIN;
    ASYNC_SUSPEND;
    ASYNC_END;
}

static struct suspends suspends_frame;
static bool is_to_trap;

void coro_trap(const char *file, int line, const char *what)
{
    (void)file, (void)line, (void)what;
    exit(is_to_trap ? 0 : 2);
}

/* The program ends in coro_trap; or this is its status. */
static int suspend_for_nobody(void)
{
    static coro_task task;
    is_to_trap = true;
    if (coro_task_start_at(&loop, &task, suspends_at(&suspends_frame)) == 0)
        (void)coro_loop_run_once(&loop, false);
    return __LINE__ % 256;
}

int main(void)
{
    int error = coro_loop_init(&loop, NULL);
    coro_queue_init(&queue, items, sizeof items[0], 2);
    error |= coro_task_start_at(&loop, &getter_task, getter_at(&getter_frame));
    error |= coro_task_start_at(&loop, &waiter_task, waiter_at(&waiter_frame));
    for (unsigned char i = 0; i < 3; i++) {
        coro_duration delay = (coro_duration)(20 - 8 * i);
        error |= coro_task_start_at(&loop, &sleeper_task[i],
                                    sleeper_at(&sleeper_frame[i], i, delay));
    }
    error |= coro_task_start_at(&loop, &main_task, main_async_at(&main_frame));
    for (unsigned turns = 0; error == 0 && ended < 6 && turns < 1000; turns++)
        (void)coro_loop_run_once(&loop, true);
    EXPECT(error == 0 && ended == 6);
    EXPECT(order[0] == 2 && order[1] == 1 && order[2] == 0 && order[3] == 3);
    EXPECT(coro_time_reached(ticks, 20));
    if (failed_line != 0)
        return failed_line % 256 == 0 ? 1 : (int)(failed_line % 256);
    return suspend_for_nobody();
}
