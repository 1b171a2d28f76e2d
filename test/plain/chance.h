/* SPDX-License-Identifier: MIT */
/*
 * chance.h - numbers from a seed, and another order for a turn: for random.c and model.c.
 */
#ifndef CORO_TEST_PLAIN_CHANCE_H
#define CORO_TEST_PLAIN_CHANCE_H

#include "../../src/kernel/backend.h"

#include <coro/loop.h>

static uint64_t seed, state;
static coro_time now;

static void begin_with(uint64_t number)
{
    seed = number;
    state = number * 0x9e3779b97f4a7c15ull + 1;
}

static unsigned dice(unsigned sides) /* xorshift64* */
{
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return (unsigned)((state * 2685821657736338717ull) >> 33) % sides;
}

/* Swap neighbours at random: another legal order. */
static coro_task *shuffled(coro_task *batch, unsigned (*draw)(unsigned sides))
{
    for (coro_task **place = &batch; *place != NULL && (*place)->next != NULL;
         place = &(*place)->next)
        if (draw(2)) {
            coro_task *first = *place, *second = first->next;
            first->next = second->next;
            second->next = first;
            *place = second;
        }
    return batch;
}

/* --- what is alike in both backends --------------------------------------------------------- */

static int world_open(coro_loop *of, const coro_loop_options *options)
{
    (void)of, (void)options;
    return 0;
}

static void world_close(coro_loop *of)
{
    (void)of;
}

static coro_time world_now(coro_loop *of)
{
    (void)of;
    return now;
}

#endif
