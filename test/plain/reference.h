/* SPDX-License-Identifier: MIT */
/*
 * reference.h - how tasks, scopes and time should behave: the model that model.c compares with.
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
#ifndef CORO_TEST_PLAIN_REFERENCE_H
#define CORO_TEST_PLAIN_REFERENCE_H

#include <coro/coro.h>

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

static unsigned long long seed;
static coro_time now;
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

/* Replaced where a failure must not end the process. */
static void fail(const char *what, long wanted, long got)
{
    fprintf(stderr, "model: seed %llu: %s: the model says %ld, the library %ld\n", seed, what,
            wanted, got);
    abort();
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

static void cancel_from(actor_task *task, const node *last)
{
    if (task->state == WAITING && reached(task->inner))
        cancel_wait(task);
    for (node *at = task->inner; at != NULL && at->task == task; at = at->parent) {
        line children = at->children;
        for (unsigned i = 0; i < children.count; i++)
            cancel_from(children.at[i], NULL);
        if (at == last)
            break;
    }
}

/* Along a chain of joins, each once. */
static void cancel_chain(actor_task *task)
{
    while (task != NULL && task->state != DONE && !task->visited) {
        task->visited = true;
        task->root.cancelled = ++cancels;
        forward = NULL;
        cancel_from(task, NULL);
        task = forward;
    }
}

static void cancel_task(actor_task *task)
{
    actor_task *outer = forward;
    bool visited = task->visited;
    cancel_chain(task);
    for (actor_task *each = task; !visited && each != NULL && each->visited;) {
        each->visited = false;
        each = each->state == WAITING && each->wait == JOIN ? each->object : NULL;
    }
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

static void model_limit(node *at, coro_duration delay)
{
    at->deadline = now + delay;
    at->timer = ++timers;
}

static void model_expire(node *at)
{
    at->deadline = CORO_FOREVER;
    at->expired = true;
    model_cancel_node(at);
}

static void model_enter_timeout(actor_task *task, node *at, coro_duration delay)
{
    model_enter(task, at, TIMEOUT);
    if (delay > 0)
        model_limit(at, delay);
    else
        model_expire(at);
}

/* The block is left with this error, or 0; what goes on outwards. */
static int model_leave(actor_task *task, node *at, int error)
{
    if (task->inner != at)
        fail("a block was left before one inside of it", 0, 0);
    task->inner = at->parent;
    if (at->cancelled != 0 && error == CORO_ECANCELED && !reached(at->parent))
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
    if (error == CORO_ECANCELED)
        model_cancel_node(group);
    else if (error != 0)
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
