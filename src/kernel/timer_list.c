/* SPDX-License-Identifier: MIT */
/*
 * timer_list.c - which timer is next? For small targets: sorted lists.
 *
 *     SLEEP ──► timer ──► timer ──► NULL     of tasks that sleep
 *     SCOPE ──► timer ──► NULL               of blocks with a deadline
 *
 * A handful of timers needs no heap: setting is O(n), the rest O(1), and a timer
 * is two words inside the task. Ticks wrap: points in time are compared by the
 * sign of their difference, so no delay may exceed half the range; longer ones
 * are cut to it (the sleeper looks again).
 */
#include "kernel.h"

#if CORO_TIME_BITS != 64

void coro_timer_set(coro_loop *loop, int kind, coro_timer *timer, coro_time deadline)
{
    coro_timer **place = &loop->timers.first[kind];
    while (*place != NULL && coro_time_reached(deadline, (*place)->deadline))
        place = &(*place)->next;
    timer->deadline = deadline;
    timer->next = *place;
    *place = timer;
}

#if CORO_SCOPES
bool coro_timer_clear(coro_loop *loop, int kind, coro_timer *timer)
{
    coro_timer **place = &loop->timers.first[kind];
    while (*place != NULL && *place != timer)
        place = &(*place)->next;
    if (*place == NULL)
        return false;
    *place = timer->next;
    return true;
}

/* Is the earliest of all a deadline? Among equals it is: it was there before the sleep inside of
 * it. */
static bool scope_is_next(const coro_loop *loop)
{
    const coro_timer *sleep = loop->timers.first[CORO_TIMER_SLEEP];
    const coro_timer *scope = loop->timers.first[CORO_TIMER_SCOPE];
    return CORO_USES_(deadlines) && scope != NULL &&
           (sleep == NULL || coro_time_reached(sleep->deadline, scope->deadline));
}

_Static_assert(CORO_TIMER_SLEEP == false && CORO_TIMER_SCOPE == true, "the kinds are its answers");

bool coro_timers_next(const coro_loop *loop, coro_time *deadline)
{
    const coro_timer *first = loop->timers.first[scope_is_next(loop)];
    if (first == NULL)
        return false;
    *deadline = first->deadline;
    return true;
}

int coro_timers_expire(coro_loop *loop, coro_time now, coro_timer **timer)
{
    bool kind = scope_is_next(loop);
    coro_timer *first = loop->timers.first[kind];
    if (first == NULL || !coro_time_reached(now, first->deadline))
        return -1;
    *timer = first;
    loop->timers.first[kind] = first->next;
    return kind;
}

#else
bool coro_timers_next(const coro_loop *loop, coro_time *deadline)
{
    if (loop->timers.first[0] == NULL)
        return false;
    *deadline = loop->timers.first[0]->deadline;
    return true;
}

void coro_timers_wake(coro_loop *loop)
{
    coro_timer *first;
    while ((first = loop->timers.first[0]) != NULL) {
        coro_time now = coro_backend_now(loop);
        if (!coro_time_reached(now, first->deadline))
            return;
        loop->timers.first[0] = first->next;
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
