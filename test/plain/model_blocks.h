/* SPDX-License-Identifier: MIT */
/*
 * model_blocks.h - the model's blocks, groups, tasks and timers, and its ready queue.
 *
 * A block pushes a node and pops it; a group knows its children. Which timer is next is
 * found by looking at all of them. A turn's batch is what has become ready since the
 * last one, in that order; whom one event has woken, in any.
 */
#ifndef CORO_TEST_PLAIN_MODEL_BLOCKS_H
#define CORO_TEST_PLAIN_MODEL_BLOCKS_H

#include "model_reference.h"

/* --- blocks --------------------------------------------------------------------------------- */

static void model_enter(actor_task *task, node *at, node_kind kind)
{
    memset(at, 0, sizeof *at);
    at->kind = kind;
    at->parent = task->inner;
    at->task = task;
    at->deadline = CORO_FOREVER;
    at->entered = cancels;
    task->inner = at;
}

static void model_expire(node *at)
{
    at->deadline = CORO_FOREVER;
    at->expired = true;
    model_cancel_node(at);
}

static void model_limit(node *at, coro_duration delay)
{
    at->deadline = now + delay;
    at->timer = ++timers;
    if (delay <= 0)
        model_expire(at);
}

static void model_enter_timeout(actor_task *task, node *at, coro_duration delay)
{
    model_enter(task, at, TIMEOUT);
    model_limit(at, delay);
}

/* The block is left with this error, or 0; what goes on outwards. */
static int model_leave(actor_task *task, node *at, int error)
{
    if (task->inner != at)
        fail("a block was left before one inside of it", 0, 0);
    task->inner = at->parent;
    if (at->cancelled != 0 && error == CORO_ECANCELED && !at->own && !reached(at->parent))
        return at->expired ? CORO_ETIMEDOUT : 0;
    return error;
}

/* --- groups --------------------------------------------------------------------------------- */

static void group_fail(node *group, int error)
{
    if (group->error == 0)
        group->error = error;
    model_cancel_node(group);
}

/* The body is over; its children are waited for. */
static void model_group_body(actor_task *task, node *group, int error)
{
    if (error == CORO_ECANCELED) {
        group->own = group->cancelled == 0;
        model_cancel_node(group);
    }
    if (error != 0 && error != CORO_ECANCELED)
        group_fail(group, error);
    task->outcome = 0;
    if (group->children.count > 0)
        wait_in(task, GROUP_JOIN, group, NULL);
}

static int model_group_leave(actor_task *task, node *group, int error, bool returns)
{
    if (group->children.count != 0)
        fail("a group was left before its children had ended", 0, group->children.count);
    if (group->error != 0)
        error = group->error;
    else if (error == 0 && !returns && reached(group->parent))
        error = CORO_ECANCELED;
    return model_leave(task, group, error);
}

/* --- tasks ---------------------------------------------------------------------------------- */

static actor_task *model_spawn(node *group)
{
    actor_task *task = &tasks[task_count];
    memset(task, 0, sizeof *task);
    task->number = task_count++;
    task->root.kind = TASK;
    task->root.task = task;
    task->root.parent = group;
    task->root.deadline = CORO_FOREVER;
    task->inner = &task->root;
    make_ready(task);
    if (group != NULL)
        line_push(&group->children, task);
    return task;
}

static void model_end(actor_task *task, int error)
{
    node *group = task->root.parent;
    actor_task *joiner;
    task->state = DONE;
    task->error = error;
    while ((joiner = line_pop(&task->joiners)) != NULL)
        decide(joiner, error);
    if (group == NULL)
        return;
    line_remove(&group->children, task);
    if (error != 0 && error != CORO_ECANCELED)
        group_fail(group, error);
    if (group->children.count == 0 && group->task->state == WAITING &&
        group->task->wait == GROUP_JOIN && group->task->object == group)
        decide(group->task, 0);
}

static void model_join(actor_task *task, actor_task *other, bool shield)
{
    bool may = may_wait(task);
    if (other->state == DONE) {
        if (may)
            task->outcome = other->error;
    } else if (may || !shield) {
        wait_in(task, shield ? SHIELD_JOIN : JOIN, other, &other->joiners);
        if (!may) {
            bool outer = one_event;
            events += !outer;
            one_event = true;
            forward = other;
            pass_on();
            one_event = outer;
        }
    }
}

/* --- time ----------------------------------------------------------------------------------- */

static void model_sleep(actor_task *task, coro_duration delay)
{
    if (!may_wait(task))
        return;
    if (delay <= 0) {
        make_ready(task);
        return;
    }
    wait_in(task, SLEEP, NULL, NULL);
    task->deadline = now + delay;
    task->timer = ++timers;
}

typedef struct due {
    coro_time deadline;
    unsigned long timer;
    actor_task *task; /* a sleep's, or... */
    node *scope;
} due;

static void sooner(due *best, coro_time deadline, unsigned long timer, actor_task *task,
                   node *scope)
{
    if (deadline > best->deadline || (deadline == best->deadline && timer > best->timer))
        return;
    *best = (due){deadline, timer, task, scope};
}

static due model_next(void)
{
    due best = {CORO_FOREVER, 0, NULL, NULL};
    for (unsigned i = 0; i < task_count; i++) {
        actor_task *task = &tasks[i];
        if (task->state == DONE)
            continue;
        if (task->state == WAITING && task->wait == SLEEP)
            sooner(&best, task->deadline, task->timer, task, NULL);
        for (node *at = task->inner; at != &task->root; at = at->parent)
            if (at->kind == TIMEOUT && at->deadline != CORO_FOREVER)
                sooner(&best, at->deadline, at->timer, NULL, at);
    }
    return best;
}

static void model_expire_due(void)
{
    for (due next; (next = model_next()).deadline <= now;)
        if (next.task != NULL)
            decide(next.task, 0);
        else
            model_expire(next.scope);
}

/* --- the ready queue ------------------------------------------------------------------------ */

/* The turn begins with these tasks; inside of an event in any order. */
static void model_batch(const coro_task *first)
{
    check("tasks that were ready and did not run", 0, batched);
    for (unsigned i = 0; i < ready_count; i++, first = first->next) {
        unsigned j = i;
        if (first == NULL)
            fail("tasks that are ready (a wake was lost)", ready_count, i);
        while (j < ready_count && ready[j].event == ready[i].event &&
               ready[j].task->real != first)
            j++;
        if (j == ready_count || ready[j].event != ready[i].event)
            fail("the wrong task is ready, or too early; number", ready[i].task->number, i);
        actor_task *task = ready[j].task;
        ready[j].task = ready[i].task;
        ready[i].task = task;
        task->state = BATCHED;
    }
    if (first != NULL)
        fail("a task is ready that should wait; tasks that are ready", ready_count, -1);
    batched = ready_count;
    ready_count = 0;
}

#endif
