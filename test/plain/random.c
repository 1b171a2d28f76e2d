/* SPDX-License-Identifier: MIT */
/*
 * random.c - random programs, big ones: nothing is lost, whatever is cancelled when. What each
 * wait's outcome must be is checked by model.c, in smaller ones; here frames, permits and items
 * are counted, and memory is what it is for: results, gathers, tasks that are let go.
 *
 * A tree of tasks, each doing random things: waits, queues, permits, timeouts,
 * shields, groups, gathers, clean-ups that wait, cancels of anybody. Whatever
 * happens, each run must end, no frame may be left, every permit must be back,
 * and what was put into the queue must equal what was got and what is left.
 *
 *     random [runs] [first seed]
 *
 * A failure prints the seed; `random 1 SEED` runs it again, exactly.
 */
#include <coro/gather.h>
#include <coro/group.h>
#include <coro/queue.h>
#include <coro/semaphore.h>

#include "chance.h"

#include <stdio.h>
#include <stdlib.h>

/* --- the world ---------------------------------------------------------------------------- */

#define KNOWN 16

static coro_loop loop;
static coro_queue queue;
static long slots[4];
static coro_semaphore permits;
static long put_sum, got_sum, made;
static coro_task *known[KNOWN]; /* references, for cancels from anywhere */

static void fail(const char *what)
{
    fprintf(stderr, "random: seed %llu: %s\n", (unsigned long long)seed, what);
    exit(1);
}

static void world_wait(coro_loop *of, coro_time deadline)
{
    (void)of;
    if (deadline != CORO_FOREVER && deadline > now)
        now = deadline;
}
static coro_task *world_reorder(coro_loop *of, coro_task *batch)
{
    (void)of;
    return shuffled(batch, dice);
}

static const coro_backend world = {.name = "random",
                                   .open = world_open,
                                   .close = world_close,
                                   .now = world_now,
                                   .wait = world_wait,
                                   .reorder = world_reorder};

static void know(coro_task *task)
{
    unsigned place = dice(KNOWN);
    if (task == NULL)
        return;
    coro_task_release(known[place]);
    known[place] = coro_task_retain(task);
}

static void cancel_somebody(void)
{
    coro_task *task = known[dice(KNOWN)];
    if (task != NULL)
        coro_task_cancel(task);
}

/* --- what tasks do ------------------------------------------------------------------------ */

ASYNC_DECLARE(anything, RETURNS(int), ARGS(unsigned, depth),
              VARS(unsigned i, steps; int error, value; long item; coro_scope scope, inner;
                   coro_group group; coro_task *task;));

ASYNC(with_permit, VARS(bool has;))
{
    ASYNC_BEGIN;
    AWAIT(coro_semaphore_acquire(&permits));
    self->has = true;
    AWAIT(coro_sleep(CORO_MS(dice(20))));
    if (dice(4) == 0)
        ASYNC_THROW(CORO_EPIPE);
  ASYNC_FINALLY:
    AWAIT(coro_yield());
    if (self->has)
        coro_semaphore_release(&permits);
    ASYNC_END;
}

ASYNC(clean_up_slowly)
{
    ASYNC_BEGIN;
    AWAIT(coro_sleep(CORO_MS(dice(30))));
    if (dice(8) == 0)
        ASYNC_THROW(CORO_EIO);
  ASYNC_FINALLY:
    AWAIT(coro_sleep(CORO_MS(dice(10))));
    AWAIT(coro_yield());
    ASYNC_END;
}

ASYNC_DEFINE(anything)
{
    ASYNC_BEGIN;
    made++;
    self->steps = 1 + dice(5);
    for (self->i = 0; self->i < self->steps; self->i++) {
        if (dice(3) == 0)
            AWAIT(coro_yield());
        if (dice(3) == 0)
            AWAIT(coro_sleep(CORO_MS(dice(15))));
        if (dice(3) == 0) {
            self->item = (long)dice(1000);
            AWAIT_CATCH(self->error, coro_wait_for(coro_queue_put(&queue, &self->item),
                                                   CORO_MS(dice(20))));
            if (self->error == 0)
                put_sum += self->item;
        }
        if (dice(3) == 0) {
            AWAIT_CATCH(self->error, coro_wait_for(coro_queue_get(&queue, &self->item),
                                                   CORO_MS(dice(20))));
            if (self->error == 0)
                got_sum += self->item;
        }
        if (dice(4) == 0)
            cancel_somebody();
        if (dice(4) == 0)
            AWAIT_CATCH(self->error, with_permit());
        if (dice(6) == 0)
            AWAIT(clean_up_slowly());
        if (self->depth > 0 && dice(3) == 0) {
            ASYNC_TRY;
                CORO_TIMEOUT(self->scope, CORO_MS(dice(40))) {
                    CORO_GROUP(self->group) {
                        know(coro_group_create_task(&self->group, anything(self->depth - 1)));
                        know(coro_group_create_task(&self->group, clean_up_slowly()));
                        AWAIT(anything(self->depth - 1));
                        if (dice(5) == 0)
                            break;
                        if (dice(9) == 0)
                            ASYNC_RETURN(7);
                    }
                }
            ASYNC_CATCH(self->error);
                AWAIT(coro_yield());
            ASYNC_END_TRY;
        }
        if (self->depth > 0 && dice(4) == 0) {
            CORO_SHIELD(self->inner) {
                AWAIT_CATCH(self->error,
                            coro_gather(coro_into(&self->value, anything(self->depth - 1)),
                                        coro_only(coro_sleep(CORO_MS(dice(20)))),
                                        coro_only(clean_up_slowly())));
            }
        }
        if (self->depth > 0 && dice(4) == 0) {
            self->task = coro_create_task(anything(self->depth - 1));
            know(self->task);
            if (dice(2))
                AWAIT_CATCH(self->error, coro_task_join(self->task));
            else
                AWAIT_CATCH(self->error, coro_shield(self->task));
            coro_task_release(self->task);
            self->task = NULL;
        }
    }
    ASYNC_RETURN((int)self->i);
  ASYNC_FINALLY:
    coro_task_release(self->task);
    AWAIT(coro_sleep(CORO_MS(dice(3))));
    ASYNC_END;
}

/* --- one run ------------------------------------------------------------------------------ */

static void hear_nothing(void *context, const coro_report *report)
{
    (void)context, (void)report;
}

static void run(uint64_t number)
{
    static const coro_loop_options options = {.backend = &world, .report = hear_nothing};
    long left = 0, item;
    int error;
    begin_with(number);
    now = 0;
    put_sum = got_sum = 0;
    if (coro_loop_init(&loop, &options) != 0)
        fail("no loop");
    coro_queue_init(&queue, slots, sizeof slots[0], 1 + dice(4));
    coro_semaphore_init(&permits, 2);
    error = coro_loop_run_until_complete(&loop, anything(4));
    if (error == CORO_EDEADLK)
        fail("deadlock");
    coro_loop_run_once(&loop, false);
    for (unsigned i = 0; i < KNOWN; i++)
        if (known[i] != NULL)
            coro_task_cancel(known[i]);
    for (unsigned turns = 0; loop.task_count > 0; turns++) {
        coro_loop_run_once(&loop, true);
        if (turns > 100000)
            fail("tasks are left that do not end");
    }
    for (unsigned i = 0; i < KNOWN; i++) {
        coro_task_release(known[i]);
        known[i] = NULL;
    }
    while (coro_queue_get_nowait(&queue, &item) == 0)
        left += item;
    if (put_sum != got_sum + left)
        fail("an item was lost or doubled");
    if (permits.value != 2 || permits.waiters.first != NULL)
        fail("a permit was lost or doubled");
    if (loop.pool.live != 0)
        fail("frames are left");
    if (loop.timers.count != 0 || loop.timers.reserved != 0)
        fail("timers are left");
    coro_loop_close(&loop);
}

int main(int argc, char **argv)
{
    uint64_t runs = argc > 1 ? strtoull(argv[1], NULL, 10) : 2000;
    uint64_t first = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
    for (uint64_t i = 0; i < runs; i++)
        run(first + i);
    printf("random: %llu runs, %ld tasks\n", (unsigned long long)runs, made);
    return 0;
}
