/* SPDX-License-Identifier: MIT */
/*
 * model_acts.h - what a task of model.c can do at once: cancel, spawn, give, set, put, notify...
 * Each is told to the model first, which says what the call will answer.
 */
#ifndef CORO_TEST_PLAIN_MODEL_ACTS_H
#define CORO_TEST_PLAIN_MODEL_ACTS_H

#include "model_world.h"

/* --- what a task can do --------------------------------------------------------------------- */

/* What is done at once; DO_; waits; blocks, which have others inside. */
#define ACTS(X)                                                                                    \
    X(END) X(THROW) X(DO_CANCEL) X(DO_CANCEL_BLOCK) X(DO_RESCHEDULE) X(DO_SPAWN)                   \
    X(DO_SPAWN_CHILD) X(DO_GIVE_PERMIT) X(DO_SET) X(DO_CLEAR) X(DO_PUT) X(DO_GET)                  \
    X(DO_TASK_DONE) X(DO_SHUTDOWN) X(DO_NOTIFY) X(AWAIT_YIELD) X(AWAIT_SLEEP) X(AWAIT_JOIN)        \
    X(AWAIT_SHIELD) X(AWAIT_PERMIT) X(AWAIT_EVENT) X(AWAIT_PUT) X(AWAIT_GET)                       \
    X(AWAIT_QUEUE_JOIN) X(AWAIT_CONDITION) X(BLOCK_TIMEOUT) X(BLOCK_SHIELD) X(BLOCK_GROUP)         \
    X(BLOCK_FINALLY) X(BLOCK_LOCK)

#define ACT(name) name,
#define NAME(name) #name,
typedef enum { ACTS(ACT) ACTS_END } act;
static const char *const act_names[] = {ACTS(NAME)};

static const uint8_t menu[] = {
    END, END, THROW,
    DO_CANCEL, DO_CANCEL, DO_CANCEL, DO_CANCEL, DO_CANCEL_BLOCK, DO_RESCHEDULE,
    DO_SPAWN, DO_SPAWN, DO_SPAWN, DO_SPAWN, DO_SPAWN_CHILD, DO_SPAWN_CHILD, DO_SPAWN_CHILD,
    DO_GIVE_PERMIT, DO_GIVE_PERMIT, DO_SET, DO_CLEAR,
    DO_PUT, DO_GET, DO_TASK_DONE, DO_TASK_DONE, DO_SHUTDOWN, DO_NOTIFY, DO_NOTIFY,
    AWAIT_YIELD, AWAIT_SLEEP, AWAIT_SLEEP, AWAIT_SLEEP, AWAIT_SLEEP,
    AWAIT_JOIN, AWAIT_JOIN, AWAIT_SHIELD,
    AWAIT_PERMIT, AWAIT_PERMIT, AWAIT_PERMIT, AWAIT_EVENT, AWAIT_EVENT,
    AWAIT_PUT, AWAIT_PUT, AWAIT_PUT, AWAIT_GET, AWAIT_GET, AWAIT_GET, AWAIT_QUEUE_JOIN,
    AWAIT_CONDITION, AWAIT_CONDITION,
    BLOCK_TIMEOUT, BLOCK_TIMEOUT, BLOCK_TIMEOUT, BLOCK_SHIELD, BLOCK_GROUP, BLOCK_GROUP,
    BLOCK_GROUP, BLOCK_FINALLY, BLOCK_FINALLY, BLOCK_LOCK, BLOCK_LOCK, BLOCK_LOCK,
};

/* A run leaves about half of the acts out, so that there is more of the others. */
static uint32_t theme;

static void draw_theme(void)
{
    theme = UINT32_MAX;
    if (draw(4) != 0)
        for (unsigned i = 0; i < 4; i++)
            theme = theme << 8 | draw(256);
    theme |= 1u << END | 1u << AWAIT_SLEEP;
}

/* What would hang, whatever is cancelled, is a bug of the program: it sleeps instead. */
static act allowed(const actor_task *me, unsigned depth, act chosen)
{
    if (chosen == AWAIT_SLEEP && me->holds == 1 && theme >> AWAIT_CONDITION & 1)
        chosen = AWAIT_CONDITION; /* where else */
    bool waits_long = chosen == AWAIT_JOIN || chosen == AWAIT_SHIELD || chosen == BLOCK_GROUP;
    if (waits_long && me->holds != 0)
        return AWAIT_SLEEP;
    if (chosen == AWAIT_CONDITION && (me->holds != 1 || shielded(me->inner)))
        return AWAIT_SLEEP;
    if (chosen >= BLOCK_TIMEOUT && depth >= DEPTH)
        return AWAIT_SLEEP;
    if ((chosen == AWAIT_JOIN || chosen == AWAIT_SHIELD) && me->number + 1 >= task_count)
        return AWAIT_SLEEP;
    return chosen;
}

static act next_act(const actor_task *me, unsigned depth)
{
    act chosen;
    if (steps_left == 0)
        return END;
    steps_left--;
    steps_made++;
    chosen = (act)menu[draw(sizeof menu)];
    for (unsigned tries = 0; !(theme >> chosen & 1) && tries < 3; tries++)
        chosen = (act)menu[draw(sizeof menu)];
    chosen = allowed(me, depth, theme >> chosen & 1 ? chosen : AWAIT_SLEEP);
    if (loud)
        printf("%6.1f ms  task %u, depth %u: %s\n", (double)(now - BEGINNING) / 1e6, me->number,
               depth, act_names[chosen]);
    return chosen;
}

ASYNC_DECLARE(actor, RETURNS(long), ARGS(actor_task *, me), VARS(int error;));

static void spawn(bool as_child, actor_task *me)
{
    node *group = as_child ? me->inner : NULL;
    actor_task *task;
    bool refused;
    while (group != NULL && group->kind != GROUP)
        group = group->parent;
    if (task_count == TASKS || (as_child && group == NULL))
        return;
    tasks_made++;
    refused = group != NULL && group->cancelled != 0;
    if (refused) {
        check("a child of a group that comes down", true,
              coro_group_create_task(group->group, actor(me)) == NULL);
        return;
    }
    task = model_spawn(group);
    task->real = group == NULL
                     ? coro_create_task(actor(task))
                     : coro_task_retain(coro_group_create_task(group->group, actor(task)));
}

static void cancel_block(bool reschedule)
{
    actor_task *task = &tasks[draw(task_count)];
    unsigned up = draw(3);
    node *at = task->state == DONE ? &task->root : task->inner;
    coro_duration delay = CORO_MS(draw(10));
    while (at != &task->root && (up > 0 || at->scope == NULL)) {
        up -= up > 0;
        at = at->parent;
    }
    if (at->scope == NULL || (reschedule && at->kind != TIMEOUT))
        return;
    if (reschedule) {
        check("reschedule", at->expired ? CORO_EALREADY : 0,
              coro_timeout_reschedule(at->scope, delay));
        if (!at->expired)
            model_limit(at, delay);
        return;
    }
    bool first = at->cancelled == 0;
    if (loud)
        printf("    cancel block kind %d of task %u\n", at->kind, task->number);
    model_cancel_node(at);
    check("cancel of a block", first, coro_scope_cancel(at->scope));
}

static void cancel(actor_task *task)
{
    bool runs = task->state != DONE;
    if (loud)
        printf("    cancel task %u\n", task->number);
    if (runs)
        model_cancel_task(task);
    check("cancel", runs, coro_task_cancel(task->real));
}

static item item_of(long value)
{
    return (item){value, ~value};
}

static void check_item(const model_queue *queue, long wanted, item got)
{
    check("the item", wanted, got.value);
    if (queue == &objects.queues[1])
        check("the item's second word", ~wanted, got.more);
}

static void put_or_get(act what)
{
    unsigned which = draw(2);
    model_queue *queue = &objects.queues[which];
    item one = item_of(++next_item);
    long wanted = 0;
    int error;
    if (what == DO_PUT) {
        error = queue_put(queue, next_item);
        check("put_nowait", error, coro_queue_put_nowait(&queues[which], &one));
    } else {
        error = queue_get(queue, &wanted);
        check("get_nowait", error, coro_queue_get_nowait(&queues[which], &one));
        if (error == 0)
            check_item(queue, wanted, one);
    }
}

static void notify(actor_task *me)
{
    unsigned count = 1 + draw(2);
    bool owns = objects.locks[0].owner == me;
    for (unsigned i = 0; owns && i < count; i++)
        notify_one(&objects.condition);
    check("notify", owns ? 0 : CORO_EPERM, coro_condition_notify(&condition, count));
}

static void do_at_once(actor_task *me, act what)
{
    unsigned which = 0;
    if (what == DO_TASK_DONE || what == DO_SHUTDOWN)
        which = draw(2);
    switch (what) {
    case DO_CANCEL: cancel(draw(4) == 1 ? me : &tasks[draw(task_count)]); break;
    case DO_CANCEL_BLOCK:
    case DO_RESCHEDULE: cancel_block(what == DO_RESCHEDULE); break;
    case DO_SPAWN:
    case DO_SPAWN_CHILD: spawn(what == DO_SPAWN_CHILD, me); break;
    case DO_GIVE_PERMIT:
        model_give_permit();
        coro_semaphore_release(&semaphore);
        break;
    case DO_SET:
        model_set_event();
        coro_event_set(&event);
        break;
    case DO_CLEAR:
        objects.set = false;
        coro_event_clear(&event);
        break;
    case DO_PUT:
    case DO_GET: put_or_get(what); break;
    case DO_TASK_DONE:
        check("task_done", model_task_done(&objects.queues[which]),
              coro_queue_task_done(&queues[which]));
        break;
    case DO_SHUTDOWN:
        if (draw(3) == 1) {
            bool immediate = draw(2);
            model_shutdown(&objects.queues[which], immediate);
            coro_queue_shutdown(&queues[which], immediate);
        }
        break;
    default: notify(me); break;
    }
}

#endif
