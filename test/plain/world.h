/* SPDX-License-Identifier: MIT */
/*
 * world.h - what kernel.c runs in: a clock that jumps, memory from one array, a log.
 *
 *     begin();
 *     START(sleeps('a', 10));
 *     FINISH("a10 ");            // runs all to the end; then nothing may be left
 */
#ifndef CORO_TEST_PLAIN_WORLD_H
#define CORO_TEST_PLAIN_WORLD_H

#include "kernel/backend.h"

#include <coro/future.h>
#include <coro/gather.h>
#include <coro/group.h>
#include <coro/loop.h>
#include <coro/queue.h>
#include <coro/semaphore.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- the world ------------------------------------------------------------------------------ */

#if CORO_TIME_BITS == 64
#define CLOCK_START CORO_SECONDS(5)
#elif CORO_TIME_BITS == 32
#define CLOCK_START 0xfffffff0u /* it wraps in the middle of the tests */
#else
#define CLOCK_START 0xfff0u
#endif

static coro_time now;
static coro_loop loop;
static char log_text[256];
static size_t log_size;

static void fail(int line, const char *what)
{
    fprintf(stderr, "kernel: line %d: %s; the log is \"%s\"\n", line, what, log_text);
    exit(1);
}

#define CHECK(condition) ((condition) ? (void)0 : fail(__LINE__, #condition))

static void say(char letter, int number)
{
    if (log_size + 8 < sizeof log_text)
        log_size += (size_t)sprintf(log_text + log_size, "%c%d ", letter, number);
}

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

static void world_wait(coro_loop *of, coro_time deadline)
{
    (void)of;
    if (!coro_time_reached(now, deadline))
        now = deadline;
}

static const coro_backend world = {
    .name = "world", .open = world_open, .close = world_close, .now = world_now,
    .wait = world_wait,
};

/* Blocks of an array that are never used again: a target without a heap has no more. */
static union {
    long double align;
    char bytes[4 << 20];
} arena;
static size_t arena_used, blocks;

static void *arena_resize(void *context, void *block, size_t old, size_t fresh)
{
    char *place = arena.bytes + arena_used;
    (void)context;
    if (fresh == 0) {
        blocks -= block != NULL;
        return NULL;
    }
    fresh = (fresh + 15) / 16 * 16;
    if (arena_used + fresh > sizeof arena.bytes)
        return NULL;
    arena_used += fresh;
    if (block != NULL)
        memcpy(place, block, old);
    else
        blocks++;
    return place;
}

static int reports, reported;

static void hear(void *context, const coro_report *report)
{
    (void)context;
    reports++;
    reported = report->error;
}

static void begin(void)
{
    coro_loop_options options;
    memset(&options, 0, sizeof options);
    options.allocator.resize = arena_resize;
    options.backend = &world;
    options.report = hear;
    arena_used = blocks = log_size = 0;
    reports = 0;
    log_text[0] = 0;
    now = (coro_time)CLOCK_START;
    CHECK(coro_loop_init(&loop, &options) == 0);
    coro_pool_current_ = &loop.pool; /* calls are made from the loop's memory, not the heap */
}

/* Run what was started until all of it has ended. */
static void finish(int line, const char *expected)
{
    unsigned turns = 0;
    while (loop.task_count > 0 && turns++ < 1000000u)
        coro_loop_run_once(&loop, true);
    if (loop.task_count > 0)
        fail(line, "a task hangs");
    if (strcmp(log_text, expected) != 0)
        fail(line, expected);
    if (loop.pool.live != 0)
        fail(line, "something was not given back");
    coro_pool_current_ = NULL;
    coro_loop_close(&loop);
    if (blocks != 0)
        fail(line, "memory was left");
}

#define FINISH(expected) finish(__LINE__, (expected))

static void start(coro_header *call)
{
#if CORO_JOINS
    coro_task_release(coro_create_task_(&loop, call));
#else
    CHECK(coro_create_task_(&loop, call) != NULL);
#endif
}

#define START(call) start(&(call)->coro)

static int elapsed(void)
{
    return (int)((coro_duration)(coro_time)(now - (coro_time)CLOCK_START) / CORO_MS(1));
}

#endif
