/* SPDX-License-Identifier: MIT */
/*
 * model_waits.h - what a task of model.c can wait for, plainly or with coro_wait_for around it.
 */
#ifndef CORO_TEST_PLAIN_MODEL_WAITS_H
#define CORO_TEST_PLAIN_MODEL_WAITS_H

#include "model_acts.h"

/* --- waits ---------------------------------------------------------------------------------- */

/* A wait, perhaps with a limit of its own, that is its parent in the model. */
typedef struct leaf {
    bool limited, unstarted;
    coro_duration limit, delay;
    unsigned which;
    item item;
    actor_task *other;
    node scope;
} leaf;

static void tell(actor_task *me, act what, leaf *with)
{
    model_queue *queue = &objects.queues[with->which];
    switch (what) {
    case AWAIT_YIELD: model_sleep(me, 0); break;
    case AWAIT_SLEEP: model_sleep(me, with->delay); break;
    case AWAIT_JOIN:
    case AWAIT_SHIELD: model_join(me, with->other, what == AWAIT_SHIELD); break;
    case AWAIT_PERMIT: model_take_permit(me); break;
    case AWAIT_EVENT: model_wait_event(me); break;
    case AWAIT_PUT: model_put(me, queue, with->item.value); break;
    case AWAIT_GET: model_get(me, queue); break;
    case AWAIT_QUEUE_JOIN: model_join_queue(me, queue); break;
    case AWAIT_CONDITION: model_wait_condition(me); break;
    default: model_acquire(me, &objects.locks[with->which]);
    }
}

static void begin(actor_task *me, act what, leaf *with)
{
    memset(with, 0, sizeof *with);
    with->limited = draw(3) == 1;
    with->limit = CORO_MS(draw(10));
    with->which = draw(2);
    with->delay = CORO_MS(draw(8));
    if (what == AWAIT_JOIN || what == AWAIT_SHIELD)
        with->other = &tasks[me->number + 1 + draw(task_count - me->number - 1)];
    if (what == AWAIT_PUT)
        with->item = item_of(++next_item);
    if (with->other != NULL && with->limited && with->limit == 0 && with->other->state == DONE) {
        with->limit = -1; /* no need of a limit: it gives its value */
        model_join(me, with->other, what == AWAIT_SHIELD);
        return;
    }
    with->unstarted = with->limited && with->limit <= 0 && what != AWAIT_JOIN;
    me->outcome = CORO_ETIMEDOUT;
    if (with->unstarted)
        return;
    if (with->limited && loud)
        printf("    limit %.1f ms\n", (double)with->limit / 1e6);
    if (with->limited)
        model_enter_timeout(me, &with->scope, with->limit);
    tell(me, what, with);
}

static void end(actor_task *me, act what, leaf *with, int error)
{
    if (with->limited && !with->unstarted && with->limit >= 0)
        me->outcome = model_leave(me, &with->scope, me->outcome);
    if (loud)
        printf("%6.1f ms  task %u: outcome %d\n", (double)(now - BEGINNING) / 1e6, me->number,
               error);
    went_on(me, "a wait's outcome", error);
    if (error == 0 && what == AWAIT_GET)
        check_item(&objects.queues[with->which], me->item, with->item);
    if (error == 0 && with->other != NULL)
        check("a task's result", with->other->number,
              *(const long *)coro_task_result(with->other->real, &actor_descriptor));
}

#define LEAF(name, call)                                                                           \
    if (self->what == name) {                                                                      \
        if (self->with.limited)                                                                    \
            AWAIT_CATCH(self->error, coro_wait_for(call, self->with.limit));                       \
        else                                                                                       \
            AWAIT_CATCH(self->error, call);                                                        \
    }

ASYNC(wait_once, ARGS(actor_task *, me, act, what), VARS(int error; leaf with;))
{
    ASYNC_BEGIN;
    begin(self->me, self->what, &self->with);
    LEAF(AWAIT_YIELD, coro_yield());
    LEAF(AWAIT_SLEEP, coro_sleep(self->with.delay));
    LEAF(AWAIT_JOIN, coro_task_join(self->with.other->real));
    LEAF(AWAIT_SHIELD, coro_shield(self->with.other->real));
    LEAF(AWAIT_PERMIT, coro_semaphore_acquire(&semaphore));
    LEAF(AWAIT_EVENT, coro_event_wait(&event));
    LEAF(AWAIT_PUT, coro_queue_put(&queues[self->with.which], &self->with.item));
    LEAF(AWAIT_GET, coro_queue_get(&queues[self->with.which], &self->with.item));
    LEAF(AWAIT_QUEUE_JOIN, coro_queue_join(&queues[self->with.which]));
    LEAF(AWAIT_CONDITION, coro_condition_wait(&condition));
    end(self->me, self->what, &self->with, self->error);
    if (self->error != 0)
        ASYNC_THROW(self->error);
    ASYNC_END;
}

#endif
