/* SPDX-License-Identifier: MIT */
/*
 * timer_list.c - which timer is next? For small targets: sorted lists.
 *
 *     sleeps    ──► timer ──► timer ──► NULL     of tasks that sleep
 *     deadlines ──► timer ──► NULL               of scopes
 *
 * A handful of timers needs no heap: setting is O(n), the rest O(1), and a timer
 * is two words inside the task. Ticks wrap: points in time are compared by the
 * sign of their difference, so no delay may exceed half the range; longer ones
 * are cut to it (the sleeper looks again).
 */
#include "kernel.h"

#if CORO_TIME_BITS != 64

#if CORO_SCOPES
static coro_timer **list_of(coro_loop *loop, int kind)
{
    bool sleeps = kind == CORO_TIMER_SLEEP || !CORO_USES_(deadlines);
    return sleeps ? &loop->timers.sleeps : &loop->timers.deadlines;
}
#else
#define list_of(loop, kind) ((void)(kind), &(loop)->timers.sleeps)
#endif

void coro_timer_set(coro_loop *loop, int kind, coro_timer *timer, coro_time deadline)
{
    coro_timer **place = list_of(loop, kind);
    while (*place != NULL && coro_time_reached(deadline, (*place)->deadline))
        place = &(*place)->next;
    timer->deadline = deadline;
    timer->next = *place;
    *place = timer;
}

#if CORO_SCOPES
bool coro_timer_clear(coro_loop *loop, int kind, coro_timer *timer)
{
    coro_timer **place = list_of(loop, kind);
    while (*place != NULL && *place != timer)
        place = &(*place)->next;
    if (*place == NULL)
        return false;
    *place = timer->next;
    return true;
}

bool coro_timers_next(const coro_loop *loop, coro_time *deadline)
{
    const coro_timer *sleep = loop->timers.sleeps;
    const coro_timer *scope = CORO_USES_(deadlines) ? loop->timers.deadlines : NULL;
    if (sleep == NULL && scope == NULL)
        return false;
    if (sleep == NULL || (scope != NULL && !coro_time_reached(scope->deadline, sleep->deadline)))
        *deadline = scope->deadline;
    else
        *deadline = sleep->deadline;
    return true;
}

/* The earlier of both; among equals the deadline: it was there before the sleep inside of it. */
int coro_timers_expire(coro_loop *loop, coro_time now, coro_timer **timer)
{
    coro_timer **list = &loop->timers.sleeps, *scope = loop->timers.deadlines;
    int kind = CORO_TIMER_SLEEP;
    if (!CORO_USES_(deadlines))
        scope = NULL;
    if (scope != NULL && (*list == NULL || coro_time_reached((*list)->deadline, scope->deadline))) {
        list = &loop->timers.deadlines;
        kind = CORO_TIMER_SCOPE;
    }
    if (*list == NULL || !coro_time_reached(now, (*list)->deadline))
        return -1;
    *timer = *list;
    *list = (*list)->next;
    return kind;
}

#else
bool coro_timers_next(const coro_loop *loop, coro_time *deadline)
{
    if (loop->timers.sleeps == NULL)
        return false;
    *deadline = loop->timers.sleeps->deadline;
    return true;
}

void coro_timers_wake(coro_loop *loop)
{
    coro_timer *first;
    while ((first = loop->timers.sleeps) != NULL) {
        coro_time now = coro_backend_now(loop);
        if (!coro_time_reached(now, first->deadline))
            return;
        loop->timers.sleeps = first->next;
        coro_sleep_expired(coro_timer_task(first));
    }
}
#endif

void coro_timers_close(coro_loop *loop)
{
    (void)loop;
}

coro_time coro_time_after(coro_time now, coro_duration delay)
{
    return delay <= 0 ? now : (coro_time)(now + (coro_time)delay);
}

#endif
