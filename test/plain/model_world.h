/* SPDX-License-Identifier: MIT */
/*
 * model_world.h - what model.c's tasks live in: bytes that decide, a clock that jumps, and a
 * backend that compares each turn and each sleep with the model.
 */
#ifndef CORO_TEST_PLAIN_MODEL_WORLD_H
#define CORO_TEST_PLAIN_MODEL_WORLD_H

#include "model_blocks.h"
#include "model_objects.h"

/* --- bytes ---------------------------------------------------------------------------------- */

#define STEPS 100 /* fewer awaits than a resume may have before it yields */
#define DEPTH 4
#define DRAINS 200
#define BEGINNING CORO_SECONDS(1)

static const uint8_t *bytes; /* instead of a seed */
static size_t bytes_left;
static unsigned steps_left;

static unsigned draw(unsigned sides)
{
    if (bytes != NULL) {
        if (bytes_left == 0)
            return 0;
        bytes_left--;
        return *bytes++ % sides;
    }
    return dice(sides);
}

/* --- the world ------------------------------------------------------------------------------ */

typedef struct item {
    long value, more;
} item;

static coro_loop loop;
static coro_lock locks[2];
static coro_condition condition;
static coro_semaphore semaphore;
static coro_queue queues[2]; /* of one word; of two */
static item buffers[2][ITEMS];
static coro_event event;
static bool shuffles, stuck, loud;
static long next_item;
static unsigned long long tasks_made, steps_made;

/* Sleep exactly until the model's next deadline, or a little longer. */
static void world_wait(coro_loop *of, coro_time deadline)
{
    due next = model_next();
    (void)of;
    check("tasks that were ready and did not run", 0, batched);
    if (ready_count > 0) {
        check("whether the loop may sleep", true, deadline <= now);
        return;
    }
    if (next.deadline != deadline)
        fail("the next deadline", (long)next.deadline, (long)deadline);
    stuck = deadline == CORO_FOREVER;
    if (stuck)
        return;
    if (deadline > now)
        now = deadline;
    if (draw(4) == 1)
        now += CORO_MS(draw(3));
    model_expire_due();
}

/* Compare; then any order will do. */
static coro_task *world_reorder(coro_loop *of, coro_task *batch)
{
    (void)of;
    model_batch(batch);
    return shuffles ? shuffled(batch, draw) : batch;
}

static const coro_backend world = {.name = "model",
                                   .open = world_open,
                                   .close = world_close,
                                   .now = world_now,
                                   .wait = world_wait,
                                   .reorder = world_reorder};

#endif
