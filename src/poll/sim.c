/* SPDX-License-Identifier: MIT */
/*
 * sim.c - a clock that jumps: the backend of coro/test.h.
 *
 *     now ──────────────► deadline             nothing is ready: time becomes the deadline
 *     now ─ ─ (asleep) ─ ─► wake               only a thread can go on: really wait for it
 *
 * Nothing here asks the system for the time, so a run depends on nothing but its
 * program and its seed. While a job is with another thread the clock stands
 * (as Tokio's paused clock does): its result is not late by chance.
 *
 * Order: tasks that are ready together are dealt into 16 piles at random, four
 * times over, as one sorts by a random key of 16 bits; linear, in place, fair
 * enough for a search. The numbers are SplitMix64 (Steele, Lea, Flood 2014).
 */
#include "poll.h"

#include <coro/test.h>

#include <errno.h>
#include <semaphore.h>
#include <stdlib.h>

#define PILES 16
#define DEALS 4

typedef struct sim_waker {
    coro_waker waker;
    sem_t posted;
} sim_waker;

typedef struct sim {
    coro_time now;
    uint64_t random; /* 0: no shuffling */
    sim_waker *waker;
} sim;

static int sim_open(coro_loop *loop, const coro_loop_options *options)
{
    const coro_sim_options *own = options->backend_options;
    coro_allocator *memory = &loop->pool.allocator;
    sim *self = memory->resize(memory->context, NULL, 0, sizeof *self);
    if (self == NULL)
        return CORO_ENOMEM;
    *self = (sim){0, own != NULL ? own->seed : 0, NULL};
    loop->backend_data = self;
    return 0;
}

static void sim_close(coro_loop *loop)
{
    coro_allocator *memory = &loop->pool.allocator;
    memory->resize(memory->context, loop->backend_data, sizeof(sim), 0);
    loop->backend_data = NULL;
}

static coro_time sim_now(coro_loop *loop)
{
    return ((sim *)loop->backend_data)->now;
}

static void sim_wait(coro_loop *loop, coro_time deadline)
{
    sim *self = loop->backend_data;
    coro_inbox *inbox = loop->inbox;
    if (deadline <= self->now)
        return;
    if (inbox != NULL) {
        bool blocks = deadline == CORO_FOREVER || inbox->jobs > 0;
        bool empty = inbox->sleep(inbox);
        if (empty && blocks)
            while (sem_wait(&self->waker->posted) != 0 && errno == EINTR && inbox->sleep(inbox))
                continue;
        inbox->awake(inbox);
        if (!empty || blocks)
            return;
    }
    if (deadline != CORO_FOREVER)
        self->now = deadline;
}

/* --- waking ------------------------------------------------------------------------------- */

static void sim_wake(coro_waker *waker)
{
    int saved = errno; /* a signal handler may be calling */
    sem_post(&((sim_waker *)waker)->posted);
    errno = saved;
}

static void sim_waker_free(coro_waker *waker)
{
    sem_destroy(&((sim_waker *)waker)->posted);
    free(waker);
}

/* From the heap, not from the loop: it outlives the loop. */
static coro_waker *sim_waker_new(coro_loop *loop)
{
    sim *self = loop->backend_data;
    sim_waker *waker = malloc(sizeof *waker);
    if (waker == NULL)
        return NULL;
    waker->waker = (coro_waker){sim_wake, sim_waker_free};
    if (sem_init(&waker->posted, 0, 0) != 0) {
        free(waker);
        return NULL;
    }
    self->waker = waker;
    return &waker->waker;
}

/* --- order -------------------------------------------------------------------------------- */

static uint64_t next_random(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static coro_task *deal(uint64_t *random, coro_task *batch)
{
    coro_task *first[PILES] = {NULL}, *last[PILES] = {NULL}, *all = NULL;
    uint64_t digits = 0;
    for (unsigned count = 0; batch != NULL; count++, digits /= PILES) {
        coro_task *task = batch;
        unsigned pile;
        batch = task->next;
        if (count % 16 == 0)
            digits = next_random(random);
        pile = digits % PILES;
        task->next = NULL;
        if (last[pile] != NULL)
            last[pile]->next = task;
        else
            first[pile] = task;
        last[pile] = task;
    }
    for (unsigned pile = PILES; pile-- > 0;)
        if (last[pile] != NULL) {
            last[pile]->next = all;
            all = first[pile];
        }
    return all;
}

static coro_task *sim_reorder(coro_loop *loop, coro_task *batch)
{
    sim *self = loop->backend_data;
    if (self->random == 0 || batch == NULL || batch->next == NULL)
        return batch;
    for (unsigned round = 0; round < DEALS; round++)
        batch = deal(&self->random, batch);
    return batch;
}

const coro_backend coro_sim_backend = {
    .name = "sim",
    .open = sim_open,
    .close = sim_close,
    .now = sim_now,
    .wait = sim_wait,
    .reorder = sim_reorder,
    .waker = sim_waker_new,
};

void coro_test_advance(coro_loop *loop, coro_duration time)
{
    CORO_CHECK(loop->backend == &coro_sim_backend, "coro_test_advance needs the virtual clock");
    CORO_CHECK(time >= 0, "coro_test_advance goes forwards only");
    ((sim *)loop->backend_data)->now += time;
}
