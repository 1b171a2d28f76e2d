/* SPDX-License-Identifier: MIT */
/*
 * timer_heap.c - which timer is next? For hosts: a 4-ary heap.
 *
 *     heap[1] earliest
 *      ├─ heap[2] ── heap[6..9]        children of i: 4i-2 .. 4i+1
 *      ├─ heap[3] ...                  parent of i: (i+2)/4
 *      ├─ heap[4]
 *      └─ heap[5]
 *
 * The keys are in line, so that comparing touches no timer; a timer knows its
 * index, so that asking whether it is set is O(1). Four children instead of two
 * halve the levels, and share cache lines (LaMarca and Ladner, "The influence of
 * caches on the performance of heaps", 1996).
 *
 * Most timers are timeouts, and are cancelled. A cancel only marks its entry dead
 * where there is room to spare; when three of four are dead the rest are put in order
 * anew (R. W. Floyd, "Algorithm 245: Treesort 3", 1964): O(1) a cancel on average.
 *
 * Invariants. H1: no entry is before its parent, by (deadline, sequence).
 * H2: heap[i].timer is NULL (dead), or its index is i. H3: capacity >= reserved + dead
 * and >= count, so that setting a timer never fails: room is reserved when a task or a scope
 * is made. H4: heap[1] is alive.
 */
#include "kernel.h"

#if CORO_TIME_BITS == 64

#define HEAP_MIN 64
#define DEAD_MIN 64

static bool before(const coro_timer_entry *a, const coro_timer_entry *b)
{
    return a->deadline < b->deadline ||
           (a->deadline == b->deadline && a->sequence < b->sequence);
}

static void place(coro_timers *timers, size_t index, coro_timer_entry entry)
{
    timers->heap[index] = entry;
    if (entry.timer != NULL)
        entry.timer->index = (uint32_t)index;
}

static void sift_up(coro_timers *timers, size_t index, coro_timer_entry entry)
{
    while (index > 1) {
        size_t parent = (index + 2) / 4;
        if (!before(&entry, &timers->heap[parent]))
            break;
        place(timers, index, timers->heap[parent]);
        index = parent;
    }
    place(timers, index, entry);
}

static void sift_down(coro_timers *timers, size_t index, coro_timer_entry entry)
{
    for (;;) {
        size_t child = 4 * index - 2, least, end;
        if (child > timers->count)
            break;
        end = child + 3 < timers->count ? child + 3 : timers->count;
        least = child;
        while (++child <= end)
            if (before(&timers->heap[child], &timers->heap[least]))
                least = child;
        if (!before(&timers->heap[least], &entry))
            break;
        place(timers, index, timers->heap[least]);
        index = least;
    }
    place(timers, index, entry);
}

void coro_timer_set(coro_loop *loop, int kind, coro_timer *timer, coro_time deadline)
{
    coro_timers *timers = &loop->timers;
    coro_timer_entry entry = {deadline, timers->sequence++, timer};
    timer->kind = (uint8_t)kind;
    timer->index = 0;
    if (deadline == CORO_FOREVER) /* never comes; a loop that waits for it alone is stuck */
        return;
    sift_up(timers, ++timers->count, entry);
}

/* Take an entry out; the last one goes where it was. */
static void take_out(coro_timers *timers, size_t index)
{
    coro_timer_entry last = timers->heap[timers->count--];
    if (index > timers->count)
        return;
    if (index > 1 && before(&last, &timers->heap[(index + 2) / 4]))
        sift_up(timers, index, last);
    else
        sift_down(timers, index, last);
}

static void forget_dead(coro_timers *timers)
{
    size_t live = 0;
    for (size_t i = 1; i <= timers->count; i++)
        if (timers->heap[i].timer != NULL)
            place(timers, ++live, timers->heap[i]);
    timers->count = live;
    timers->dead = 0;
    for (size_t i = (live + 2) / 4; i >= 1; i--)
        sift_down(timers, i, timers->heap[i]);
}

/* H4, after the first entry has changed. */
static void bury_first(coro_timers *timers)
{
    while (timers->count > 0 && timers->heap[1].timer == NULL) {
        timers->dead--;
        take_out(timers, 1);
    }
}

bool coro_timer_clear(coro_loop *loop, int kind, coro_timer *timer)
{
    coro_timers *timers = &loop->timers;
    size_t index = timer->index;
    (void)kind;
    if (index == 0)
        return false;
    timer->index = 0;
    if (index == 1 || index == timers->count ||
        timers->reserved + timers->dead >= timers->capacity) {
        take_out(timers, index);
        bury_first(timers);
        return true;
    }
    timers->heap[index].timer = NULL;
    if (++timers->dead >= DEAD_MIN && timers->dead > timers->count / 4 * 3)
        forget_dead(timers);
    return true;
}

int coro_timers_reserve_slow(coro_loop *loop)
{
    coro_timers *timers = &loop->timers;
    coro_allocator *allocator = &loop->pool.allocator;
    size_t capacity;
    coro_timer_entry *heap, *fresh;
    if (timers->dead > timers->count / 2) {
        forget_dead(timers);
        timers->reserved++;
        return 0;
    }
    capacity = timers->capacity > 0 ? 2 * timers->capacity : HEAP_MIN;
    if (capacity >= UINT32_MAX || allocator->resize == NULL)
        return CORO_ENOMEM;
    heap = timers->heap;
    timers->heap = NULL; /* a signal handler may look at the tasks meanwhile: src/debug/tree.c */
    fresh = allocator->resize(allocator->context, heap,
                              (timers->capacity > 0 ? timers->capacity + 1 : 0) * sizeof *heap,
                              (capacity + 1) * sizeof *heap);
    timers->heap = fresh != NULL ? fresh : heap;
    if (fresh == NULL)
        return CORO_ENOMEM;
    timers->capacity = capacity;
    timers->reserved++;
    return 0;
}

coro_time coro_timer_when(const coro_loop *loop, const coro_timer *timer)
{
    return timer->index == 0 ? CORO_FOREVER : loop->timers.heap[timer->index].deadline;
}

bool coro_timers_next(const coro_loop *loop, coro_time *deadline)
{
    if (loop->timers.count == 0)
        return false;
    *deadline = loop->timers.heap[1].deadline;
    return true;
}

int coro_timers_expire(coro_loop *loop, coro_time now, coro_timer **timer)
{
    coro_timer *first;
    if (loop->timers.count == 0 || loop->timers.heap[1].deadline > now)
        return -1;
    first = loop->timers.heap[1].timer;
    coro_timer_clear(loop, first->kind, first);
    *timer = first;
    return first->kind;
}

void coro_timers_close(coro_loop *loop)
{
    coro_timers *timers = &loop->timers;
    coro_allocator *allocator = &loop->pool.allocator;
    if (timers->heap != NULL)
        allocator->resize(allocator->context, timers->heap,
                          (timers->capacity + 1) * sizeof *timers->heap, 0);
    timers->heap = NULL;
    timers->capacity = timers->count = timers->dead = timers->reserved = 0;
}

coro_time coro_time_after(coro_time now, coro_duration delay)
{
    if (delay <= 0)
        return now;
    return now > CORO_FOREVER - delay ? CORO_FOREVER : now + delay;
}

#endif
