/* SPDX-License-Identifier: MIT */
/*
 * model.c - random programs do what the model says: every wait, every block, every turn.
 *
 *     bytes ─► what each task does next ─┬─► the library ─► outcome ─┐
 *                                        └─► the model ─► outcome ───┴─► equal?
 *
 * A tree of tasks does what the bytes say: sleeps, joins, locks, conditions, permits, queues,
 * events; in timeouts, shields, groups and clean-ups; cancels of anybody. The model is told
 * of each step, and compared in each turn (who is ready, in which order), before each sleep
 * (until when), and after each wait and block (how it ended, with which item). Then the turn's
 * tasks are shuffled, for their order is nobody's promise. When nothing can happen any more
 * all is cancelled, set and shut down, until all tasks have ended; nothing may be left.
 *
 *     model [runs] [first seed]
 *
 * A failure prints the seed; `model 1 SEED` runs it again, exactly, and tells each step. With
 * CORO_FUZZ the bytes come from a fuzzer: test/fuzz/model.c. That this test can fail is shown
 * by test/mutants.
 */
#include "model_waits.h"

/* --- blocks --------------------------------------------------------------------------------- */

/* How the body of a block ends when its steps have ended well. */
typedef enum { FALL_OUT, BREAK, RETURN, RAISE } way;

typedef struct block {
    node scope;
    way way;
    unsigned lock;
    coro_duration limit;
} block;

ASYNC_DECLARE(steps, ARGS(actor_task *, me, unsigned, depth),
              VARS(act what; int error; block block;));

#define LEAVE_BY(way)                                                                              \
    if ((way) == BREAK)                                                                            \
        break;                                                                                     \
    if ((way) == RETURN)                                                                           \
        ASYNC_RETURN();                                                                            \
    if ((way) == RAISE) {                                                                          \
        self->me->thrown = CORO_EPIPE;                                                             \
        ASYNC_THROW(CORO_EPIPE);                                                                   \
    }

ASYNC(in_timeout, ARGS(actor_task *, me, unsigned, depth, block *, block), VARS(coro_scope scope;))
{
    ASYNC_BEGIN;
    CORO_TIMEOUT(self->scope, self->block->limit) {
        self->block->scope.scope = &self->scope;
        AWAIT(steps(self->me, self->depth));
        LEAVE_BY(self->block->way);
    }
    ASYNC_END;
}

ASYNC(in_shield, ARGS(actor_task *, me, unsigned, depth, block *, block), VARS(coro_scope scope;))
{
    ASYNC_BEGIN;
    CORO_SHIELD(self->scope) {
        AWAIT(steps(self->me, self->depth));
        LEAVE_BY(self->block->way);
    }
    ASYNC_END;
}

/* The model must know of the body's end before the children are waited for. */
ASYNC(in_group, ARGS(actor_task *, me, unsigned, depth, block *, block),
      VARS(coro_group group; int error;))
{
    ASYNC_BEGIN;
    CORO_GROUP(self->group) {
        self->block->scope.group = &self->group;
        self->block->scope.scope = &self->group.scope;
        AWAIT_CATCH(self->error, steps(self->me, self->depth));
        check("what the steps in a group threw", self->me->thrown, self->error);
        if (self->error == 0 && self->block->way == RAISE)
            self->error = self->me->thrown = CORO_EPIPE;
        model_group_body(self->me, &self->block->scope, self->error);
        if (self->error != 0)
            ASYNC_THROW(self->error);
        LEAVE_BY(self->block->way);
    }
    went_on(self->me, "the join of a group", 0);
    ASYNC_END;
}

ASYNC(in_finally, ARGS(actor_task *, me, unsigned, depth, block *, block),
      VARS(int first, error;))
{
    ASYNC_BEGIN;
    AWAIT(steps(self->me, self->depth));
    if (self->block->way == RETURN)
        ASYNC_RETURN();
  ASYNC_FINALLY:
    self->first = self->me->thrown;
    model_enter(self->me, &self->block->scope, FINALLY);
    if (self->block->way == RAISE) {
        AWAIT_CATCH(self->error, steps(self->me, self->depth));
        check("what the steps of a clean-up threw", self->me->thrown, self->error);
        self->me->thrown = 0;
    } else {
        AWAIT(steps(self->me, self->depth));
    }
    if (self->first != 0) /* the outcome is settled; a return without a result is none */
        self->me->thrown = self->first;
    (void)model_leave(self->me, &self->block->scope, 0);
    ASYNC_END;
}

ASYNC(in_lock, ARGS(actor_task *, me, unsigned, depth, block *, block), VARS(bool owns;))
{
    ASYNC_BEGIN;
    model_acquire(self->me, &objects.locks[self->block->lock]);
    AWAIT_CATCH(self->me->thrown, coro_lock_acquire(&locks[self->block->lock]));
    went_on(self->me, "a lock's outcome", self->me->thrown);
    if (self->me->thrown != 0)
        ASYNC_THROW(self->me->thrown);
    self->owns = true;
    self->me->holds |= 1u << self->block->lock;
    AWAIT(steps(self->me, self->depth));
  ASYNC_FINALLY:
    if (self->owns) {
        self->me->holds &= ~(1u << self->block->lock);
        model_release(&objects.locks[self->block->lock]);
        check("release", 0, coro_lock_release(&locks[self->block->lock]));
    }
    ASYNC_END;
}

/* The order of the locks: the first one before the second, or neither task could go on. */
static void prepare(actor_task *me, act what, block *with)
{
    with->way = (way)draw(8);
    with->limit = CORO_MS(draw(15));
    with->lock = draw(3) == 1;
    if (me->holds == 2)
        with->lock = 1;
    if (what == BLOCK_TIMEOUT)
        model_enter_timeout(me, &with->scope, with->limit);
    else if (what == BLOCK_SHIELD || what == BLOCK_GROUP)
        model_enter(me, &with->scope, what == BLOCK_SHIELD ? SHIELD : GROUP);
}

static void left(actor_task *me, act what, block *with, int error)
{
    int wanted = me->thrown;
    if (what == BLOCK_GROUP) {
        if (me->state != RUNNING) /* it was left by an error */
            went_on(me, "the join of a group", 0);
        wanted = model_group_leave(me, &with->scope, wanted,
                                   wanted == 0 && with->way == RETURN);
    } else if (what == BLOCK_TIMEOUT || what == BLOCK_SHIELD) {
        wanted = model_leave(me, &with->scope, wanted);
    }
    if (loud)
        printf("%6.1f ms  task %u: left %s by %d\n", (double)(now - BEGINNING) / 1e6, me->number,
               act_names[what], error);
    check("a block's outcome", wanted, error);
}

ASYNC_DEFINE(steps)
{
    ASYNC_BEGIN;
    while ((self->what = next_act(self->me, self->depth)) != END) {
        self->error = 0;
        if (draw(2)) /* asking must not change anything */
            check("whether a wait would fail", reached(self->me->inner), CORO_CANCEL_PENDING());
        if (self->what == THROW) {
            self->error = CORO_EIO;
        } else if (self->what < AWAIT_YIELD) {
            do_at_once(self->me, self->what);
        } else if (self->what < BLOCK_TIMEOUT) {
            AWAIT_CATCH(self->error, wait_once(self->me, self->what));
        } else {
            prepare(self->me, self->what, &self->block);
            if (self->what == BLOCK_TIMEOUT)
                AWAIT_CATCH(self->error, in_timeout(self->me, self->depth + 1, &self->block));
            else if (self->what == BLOCK_SHIELD)
                AWAIT_CATCH(self->error, in_shield(self->me, self->depth + 1, &self->block));
            else if (self->what == BLOCK_GROUP)
                AWAIT_CATCH(self->error, in_group(self->me, self->depth + 1, &self->block));
            else if (self->what == BLOCK_FINALLY)
                AWAIT_CATCH(self->error, in_finally(self->me, self->depth + 1, &self->block));
            else
                AWAIT_CATCH(self->error, in_lock(self->me, self->depth + 1, &self->block));
            left(self->me, self->what, &self->block, self->error);
        }
        self->me->thrown = self->error;
        if (self->error != 0 && draw(3) != 0)
            ASYNC_THROW(self->error);
    }
    self->me->thrown = 0;
    ASYNC_END;
}

ASYNC_DEFINE(actor)
{
    ASYNC_BEGIN;
    went_on(self->me, "the start of a task", 0);
    AWAIT_CATCH(self->error, steps(self->me, 0));
    check("what a task's steps threw", self->me->thrown, self->error);
    model_end(self->me, self->error);
    if (self->error != 0)
        ASYNC_THROW(self->error);
    ASYNC_RETURN((long)self->me->number);
    ASYNC_END;
}

/* --- one run -------------------------------------------------------------------------------- */

static void hear_nothing(void *context, const coro_report *report)
{
    (void)context, (void)report;
}

/* Nothing can happen any more: end it. */
static void drain(void)
{
    steps_left = 0;
    if (loud)
        printf("nothing can happen any more: all is ended\n");
    model_set_event();
    coro_event_set(&event);
    for (unsigned i = 0; i < 2; i++) {
        model_shutdown(&objects.queues[i], true);
        coro_queue_shutdown(&queues[i], true);
        while (model_task_done(&objects.queues[i]) == 0)
            coro_queue_task_done(&queues[i]);
    }
    while (objects.semaphore.count > 0) {
        model_give_permit();
        coro_semaphore_release(&semaphore);
    }
    for (unsigned i = 0; i < task_count; i++)
        cancel(&tasks[i]);
}

static void prepare_world(void)
{
    static const coro_loop_options options = {.backend = &world, .report = hear_nothing};
    now = BEGINNING;
    task_count = ready_count = batched = 0;
    cancels = timers = events = 0;
    one_event = stuck = false;
    forward = NULL;
    memset(&objects, 0, sizeof objects);
    check("the loop", 0, coro_loop_init(&loop, &options));
    shuffles = draw(4) != 0;
    objects.permits = draw(3);
    coro_semaphore_init(&semaphore, objects.permits);
    coro_event_init(&event);
    coro_condition_init(&condition, &locks[0]);
    for (unsigned i = 0; i < 2; i++) {
        coro_lock_init(&locks[i]);
        objects.queues[i].capacity = 1 + draw(ITEMS);
        coro_queue_init(&queues[i], buffers[i], i == 0 ? sizeof(long) : sizeof(item),
                        objects.queues[i].capacity);
    }
    draw_theme();
    steps_left = STEPS;
    for (unsigned i = 2 + draw(5); i > 0; i--) {
        actor_task *task = model_spawn(NULL);
        task->real = coro_loop_create_task(&loop, actor(task));
    }
}

static void check_end(void)
{
    for (unsigned i = 0; i < task_count; i++) {
        check("a task's error", tasks[i].error, coro_task_error(tasks[i].real));
        coro_task_release(tasks[i].real);
    }
    for (unsigned i = 0; i < 2; i++) {
        model_queue *queue = &objects.queues[i];
        check("a lock is left", false, coro_lock_locked(&locks[i]));
        check("items that are left", queue->count, (long)coro_queue_size(&queues[i]));
        for (unsigned j = 0; j < queue->count; j++) {
            item one = {0, 0};
            check("an item that is left", 0, coro_queue_get_nowait(&queues[i], &one));
            check_item(queue, queue->items[j], one);
        }
    }
    check("permits", objects.permits, (long)semaphore.value);
    check("frames that are left", 0, (long)loop.pool.live);
    check("timers that are left", 0, (long)(loop.timers.count + loop.timers.reserved));
    coro_loop_close(&loop);
}

static void run(void)
{
    unsigned drains = 0;
    prepare_world();
    while (loop.task_count > 0) {
        coro_loop_run_once(&loop, true);
        if (stuck && loop.task_count > 0) {
            if (++drains > DRAINS)
                fail("tasks do not end; how many", 0, (long)loop.task_count);
            drain();
        }
        stuck = false;
    }
    check_end();
}

#ifdef CORO_FUZZ
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    begin_with(size); /* it stands for the seed in what is printed */
    bytes = data;
    bytes_left = size;
    run();
    return 0;
}
#else
int main(int argc, char **argv)
{
    bool slow = getenv("CORO_TEST_SLOW") != NULL;
    uint64_t runs = argc > 1 ? strtoull(argv[1], NULL, 10) : slow ? 1000 : 100000;
    uint64_t first = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
    loud = runs == 1;
    for (uint64_t i = 0; i < runs; i++) {
        begin_with(first + i);
        run();
    }
    printf("model: %llu runs, %llu tasks, %llu steps\n", (unsigned long long)runs, tasks_made,
           steps_made);
    return 0;
}
#endif
