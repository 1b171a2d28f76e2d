/* SPDX-License-Identifier: MIT */
/*
 * model_reference.h - what a wait and a cancel should do: the model that model.c compares with.
 *
 *     node: what a wait is inside of, from the innermost block outwards
 *
 *     [timeout] ─► [finally] ─► [task] ─► [group] ─► [shield] ─► [task]
 *
 *     a wait fails when the way outwards meets a cancelled node before a shield; a
 *     finally hides what was cancelled before it was entered: cancels have numbers
 *
 * The real tasks tell the model what they are about to do; it says how that ends, and
 * in which order tasks become ready. Nothing of the library's insides is looked at:
 * lists are arrays, and questions are answered by walking over everything.
 *
 * Where an order is nobody's promise (whom one cancel wakes first) any order is fine:
 * entries of `ready` with the same `event` are a set.
 */
#ifndef CORO_TEST_PLAIN_MODEL_REFERENCE_H
#define CORO_TEST_PLAIN_MODEL_REFERENCE_H

#include "chance.h"

#include <coro/condition.h>
#include <coro/event.h>
#include <coro/group.h>
#include <coro/loop.h>
#include <coro/queue.h>
#include <coro/semaphore.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TASKS 24

typedef enum { TASK, GROUP, TIMEOUT, SHIELD, FINALLY } node_kind;
typedef enum { RUNNING, WAITING, READY, BATCHED, DONE } task_state;
typedef enum {
    SLEEP,
    JOIN,
    SHIELD_JOIN,
    GROUP_JOIN,
    LOCK,
    CONDITION,
    RELOCK, /* a condition's waiter, in its lock's line */
    SEMAPHORE,
    PUT,
    GET,
    QUEUE_JOIN,
    EVENT
} wait_kind;

typedef struct actor_task actor_task;

typedef struct line { /* tasks, first come first served */
    actor_task *at[TASKS];
    unsigned count;
} line;

typedef struct node {
    node_kind kind;
    struct node *parent;
    actor_task *task;       /* whose block it is */
    unsigned long cancelled; /* the number of its last cancel; 0: none */
    unsigned long entered;   /* the last cancel before it was entered */
    bool expired;
    bool own; /* of a group: the body ended cancelled before anybody cancelled the group */
    coro_time deadline;
    unsigned long timer;  /* the order among equal deadlines */
    coro_scope *scope;    /* the real one */
    coro_group *group;
    line children;
    int error; /* of a group: its first */
} node;

struct actor_task {
    node root;
    node *inner; /* the innermost */
    coro_task *real;
    unsigned number;
    task_state state;
    wait_kind wait;
    void *object; /* waited for */
    line *in;     /* the line in which it stands */
    int outcome;  /* of the wait */
    long item;    /* to put; or what was got */
    coro_time deadline;
    unsigned long timer;
    line joiners;
    int error; /* how it ended */
    int thrown; /* how its last sequence of steps ended */
    bool visited;
    unsigned holds; /* locks, a bit each */
};

static actor_task tasks[TASKS];
static unsigned task_count;
static unsigned long cancels, timers, events;
static bool one_event; /* all that is woken now is one event */
static struct {
    actor_task *task;
    unsigned long event;
} ready[TASKS];
static unsigned ready_count, batched;
static actor_task *forward; /* the next one that a cancel goes on to */

static void fail(const char *what, long wanted, long got)
{
    fflush(stdout);
    fprintf(stderr, "model: seed %llu: %s: the model says %ld, the library %ld\n",
            (unsigned long long)seed, what, wanted, got);
#ifdef CORO_FUZZ
    abort();
#else
    exit(1);
#endif
}

static void check(const char *what, long wanted, long got)
{
    if (wanted != got)
        fail(what, wanted, got);
}

/* --- lines ---------------------------------------------------------------------------------- */

static void line_push(line *in, actor_task *task)
{
    in->at[in->count++] = task;
}

static void line_remove(line *in, const actor_task *task)
{
    unsigned i = 0;
    while (i < in->count && in->at[i] != task)
        i++;
    if (i == in->count)
        return;
    in->count--;
    for (; i < in->count; i++)
        in->at[i] = in->at[i + 1];
}

static actor_task *line_pop(line *in)
{
    actor_task *task = in->count > 0 ? in->at[0] : NULL;
    line_remove(in, task);
    return task;
}

/* --- waits ---------------------------------------------------------------------------------- */

static void make_ready(actor_task *task)
{
    task->state = READY;
    ready[ready_count].task = task;
    ready[ready_count++].event = one_event ? events : ++events;
}

static void decide(actor_task *task, int outcome)
{
    task->outcome = outcome;
    make_ready(task);
}

static void wait_in(actor_task *task, wait_kind wait, void *object, line *in)
{
    task->state = WAITING;
    task->wait = wait;
    task->object = object;
    task->in = in;
    if (in != NULL)
        line_push(in, task);
}

/* Would a wait in here fail? */
static bool reached(const node *at)
{
    unsigned long hidden = 0;
    for (; at != NULL; at = at->parent) {
        if (at->kind == FINALLY && at->entered > hidden)
            hidden = at->entered;
        if (at->cancelled > hidden)
            return true;
        if (at->kind == SHIELD)
            return false;
    }
    return false;
}

static bool shielded(const node *at)
{
    while (at != NULL && at->kind != SHIELD)
        at = at->parent;
    return at != NULL;
}

/* The wait that has ended, or did not begin, ends so. The task runs. */
static void went_on(actor_task *task, const char *what, int got)
{
    if (task->state != RUNNING && task->state != BATCHED)
        fail("a wait ended too early", task->state, got);
    batched -= task->state == BATCHED;
    task->state = RUNNING;
    check(what, task->outcome, got);
}

/* A wait begins. False: it fails at once. */
static bool may_wait(actor_task *task)
{
    if (task->state != RUNNING)
        fail("a task runs that should wait", task->state, RUNNING);
    task->outcome = reached(task->inner) ? CORO_ECANCELED : 0;
    return task->outcome == 0;
}

/* --- cancelling ----------------------------------------------------------------------------- */

static void cancel_task(actor_task *task);
static void cancel_wait_of_condition(actor_task *task);
static void notify_one(line *waiters);

/* The cancel reaches a task that waits. */
static void cancel_wait(actor_task *task)
{
    switch (task->wait) {
    case JOIN: /* passed on; its end ends the wait */
        if (forward == NULL)
            forward = task->object;
        else
            cancel_task(task->object);
        break;
    case GROUP_JOIN: /* the children are cancelled as well */
        break;
    case CONDITION:
    case RELOCK:
        cancel_wait_of_condition(task);
        break;
    default:
        if (task->in != NULL)
            line_remove(task->in, task);
        decide(task, CORO_ECANCELED);
    }
}

/* A cancel of `last` goes inwards, as far as the outermost shield. */
static void cancel_from(actor_task *task, const node *last)
{
    node *from = task->inner;
    for (node *at = from; at != last && at != NULL && at->task == task; at = at->parent)
        if (at->kind == SHIELD)
            from = at->parent;
    if (from == task->inner && task->state == WAITING && reached(from))
        cancel_wait(task);
    for (node *at = from; at != NULL && at->task == task; at = at->parent) {
        line children = at->children;
        for (unsigned i = 0; i < children.count; i++)
            cancel_from(children.at[i], NULL);
        if (at == last)
            break;
    }
}

/* Along a chain of joins, each once. */
static void cancel_task(actor_task *task)
{
    actor_task *outer = forward;
    line chain = {{NULL}, 0};
    while (task != NULL && task->state != DONE && !task->visited) {
        line_push(&chain, task);
        task->visited = true;
        task->root.cancelled = ++cancels;
        forward = NULL;
        cancel_from(task, NULL);
        task = forward;
    }
    while (chain.count > 0)
        chain.at[--chain.count]->visited = false;
    forward = outer;
}

static void pass_on(void)
{
    while (forward != NULL) {
        actor_task *next = forward;
        forward = NULL;
        cancel_task(next);
    }
}

/* Cancels from outside of the model come by these two. */
static void model_cancel_task(actor_task *task)
{
    bool outer = one_event;
    events += !outer;
    one_event = true;
    cancel_task(task);
    one_event = outer;
}

static void model_cancel_node(node *at)
{
    bool outer = one_event;
    if (at->cancelled != 0)
        return;
    events += !outer;
    one_event = true;
    at->cancelled = ++cancels;
    cancel_from(at->task, at);
    pass_on();
    one_event = outer;
}

#endif
