/* SPDX-License-Identifier: MIT */
/*
 * test_memory.c: a program that uses most of the kernel, with each of its allocations failing
 * in turn: it ends well or with CORO_ENOMEM, loses nothing, leaks nothing, and the loop lives
 * on. And: once warm, the kernel allocates nothing.
 */
#define _GNU_SOURCE
#include "poll/sys.h"

#include "loop_fixture.h"

#include <coro/test.h>

#include <errno.h>

SUITE(memory);

/* --- things that must not be lost ------------------------------------------------------------- */

static int opened, closed;

static void drop_thing(int thing)
{
    (void)thing;
    closed++;
}

ASYNC(open_thing, RETURNS(int, drop_thing), ARGS(long, ms), SCRATCH(char large[2000];))
{
    ASYNC_BEGIN;
    AWAIT(coro_sleep(CORO_MS(self->ms)));
    memset(self->large, 1, sizeof self->large);
    opened++;
    ASYNC_RETURN(opened);
    ASYNC_END;
}

ASYNC(use_thing, ARGS(long, ms), VARS(int thing;), SCRATCH(char large[1500];))
{
    ASYNC_BEGIN;
    AWAIT(self->thing, open_thing(self->ms));
    AWAIT(coro_sleep(CORO_MS(1)));
  ASYNC_FINALLY:
    if (self->thing != 0)
        drop_thing(self->thing);
    AWAIT(coro_sleep(CORO_MS(1)));
    ASYNC_END;
}

/* --- the program ------------------------------------------------------------------------------ */

static coro_queue queue;
static int places[2], taken;

ASYNC(produce, ARGS(int, count), VARS(int i;))
{
    ASYNC_BEGIN;
    for (self->i = 0; self->i < self->count; self->i++)
        AWAIT(coro_queue_put(&queue, &self->i));
  ASYNC_FINALLY:
    coro_queue_shutdown(&queue, false);
    ASYNC_END;
}

ASYNC(consume, VARS(int item, error;))
{
    ASYNC_BEGIN;
    for (;;) {
        AWAIT_CATCH(self->error, coro_queue_get(&queue, &self->item));
        if (self->error != 0)
            break;
        EQ(self->item, taken);
        taken++;
        AWAIT(coro_yield());
    }
    if (self->error != CORO_ECLOSED)
        ASYNC_THROW(self->error);
    ASYNC_END;
}

ASYNC(deep, ARGS(int, depth))
{
    ASYNC_BEGIN;
    if (self->depth > 0)
        AWAIT(deep(self->depth - 1));
    else
        AWAIT(coro_sleep(CORO_MS(1)));
    ASYNC_END;
}

ASYNC(queue_part, VARS(coro_group group;))
{
    ASYNC_BEGIN;
    coro_queue_init(&queue, places, sizeof places[0], 2);
    taken = 0;
    CORO_GROUP(self->group) {
        coro_group_create_task(&self->group, produce(10));
        coro_group_create_task(&self->group, consume());
    }
    EQ(taken, 10);
    ASYNC_END;
}

ASYNC(gather_part, VARS(int a, b, c; int errors[3]; coro_task *task;))
{
    ASYNC_BEGIN;
    AWAIT(coro_gather(coro_into(&self->a, open_thing(3)), coro_only(open_thing(1)),
                      coro_only(use_thing(2)), coro_only(coro_sleep(CORO_MS(5)))));
    AWAIT(coro_gather_errors(self->errors, coro_into(&self->b, open_thing(1)),
                             coro_into(&self->c, coro_wait_for(open_thing(9), CORO_MS(5))),
                             coro_only(deep(70))));
  ASYNC_FINALLY:
    closed += (self->a != 0) + (self->b != 0) + (self->c != 0);
    for (int i = 0; i < 3; i++) /* cancelled: when another one found no memory to begin with */
        HOLDS(self->errors[i] == 0 || self->errors[i] == CORO_ETIMEDOUT ||
              self->errors[i] == CORO_ENOMEM || self->errors[i] == CORO_ECANCELED);
    ASYNC_END;
}

ASYNC(task_part, VARS(coro_task *a, *b, *c; int thing;))
{
    ASYNC_BEGIN;
    self->a = coro_create_task(open_thing(2));
    self->b = coro_create_task(use_thing(50));
    self->c = coro_create_task(coro_wait_for(use_thing(1), CORO_MS(30)));
    CORO_JOIN(self->thing, open_thing, self->a);
    closed++;
    AWAIT(coro_wait_for(coro_task_join(self->c), CORO_SECONDS(1)));
    AWAIT(coro_wait_for(coro_shield(self->c), CORO_SECONDS(1)));
  ASYNC_FINALLY:
    if (self->b != NULL)
        coro_task_cancel(self->b);
    coro_task_release(self->a);
    coro_task_release(self->b);
    coro_task_release(self->c);
    ASYNC_END;
}

ASYNC(block_part, VARS(coro_scope limit, shield; coro_group group; int error;))
{
    ASYNC_BEGIN;
    ASYNC_TRY;
    CORO_TIMEOUT(self->limit, CORO_MS(20)) {
        CORO_SHIELD(self->shield) {
            CORO_GROUP(self->group) {
                coro_group_create_task(&self->group, use_thing(1));
                coro_group_create_task(&self->group, use_thing(2));
                coro_group_create_task(&self->group, open_thing(3));
                AWAIT(use_thing(4));
            }
        }
        AWAIT(use_thing(1000));
    }
    ASYNC_CATCH(self->error);
    if (self->error != CORO_ETIMEDOUT)
        ASYNC_THROW(self->error);
    ASYNC_END_TRY;
    ASYNC_END;
}

ASYNC(program)
{
    ASYNC_BEGIN;
    AWAIT(queue_part());
    AWAIT(gather_part());
    AWAIT(task_part());
    AWAIT(block_part());
    ASYNC_END;
}

/* --- each allocation fails in turn ------------------------------------------------------------ */

/* How the program ended, with the n-th allocation failing, or all from there. */
static int run_with_failure(size_t n, bool all_that_follow)
{
    static struct program frame, again;
    int error;
    opened = closed = 0;
    memset(&memory, 0, sizeof memory);
    memory.fail_at = all_that_follow ? 0 : n;
    memory.fail_from = all_that_follow ? n : 0;
    open_loop();
    error = coro_loop_run_until_complete(&loop, program_at(&frame));
    memory.fail_at = memory.fail_from = 0;
    EQ(coro_loop_run_until_complete(&loop, program_at(&again)), 0); /* the loop lives on */
    close_loop();
    EQ(opened, closed);
    return error;
}

static void fail_each(bool all_that_follow)
{
    size_t n = 1, failures = 0;
    for (;; n++) {
        int error = run_with_failure(n, all_that_follow);
        cr_assert(error == 0 || error == CORO_ENOMEM, "allocation %zu: %d", n, error);
        failures += error != 0;
        if (memory.failed == 0)
            break;
    }
    HOLDS(failures > 10 && n > 10);
    for (size_t i = 0; i < heard.count && i < 16; i++)
        EQ(heard.list[i].error, CORO_ENOMEM);
}

Test(memory, each_allocation_may_fail, .timeout = 60)
{
    fail_each(false);
}

Test(memory, all_may_fail_from_each_on, .timeout = 60)
{
    fail_each(true);
}

/* --- what must never need memory -------------------------------------------------------------- */

ASYNC(needs_none, VARS(coro_group group; coro_scope limit; coro_task *task; int error;))
{
    ASYNC_BEGIN;
    self->task = coro_create_task(use_thing(1000));
    ASYNC_TRY;
    CORO_TIMEOUT(self->limit, CORO_SECONDS(1)) {
        CORO_GROUP(self->group) {
            coro_group_create_task(&self->group, use_thing(1000));
            coro_group_create_task(&self->group, use_thing(1000));
            AWAIT(coro_sleep(CORO_MS(1)));
            memory.fail_from = 1;
            coro_scope_cancel(&self->limit);
            EQ(coro_timeout_reschedule(&self->limit, CORO_MS(50)), 0);
        }
    }
    ASYNC_CATCH(self->error);
    ASYNC_END_TRY;
    EQ(self->error, 0);
    AWAIT(coro_sleep(CORO_MS(1)));
    AWAIT(coro_yield());
    EQ(coro_task_cancel(self->task), true);
    AWAIT_CATCH(self->error, coro_task_join(self->task));
    EQ(self->error, CORO_ECANCELED);
    coro_task_release(self->task);
    EQ(memory.failed, 0);
    ASYNC_END;
}

/* Close, release, cancel, leaving a scope, joining, sleeping: none of them allocates. */
Test(memory, what_ends_things_needs_none)
{
    EQ(RUN(needs_none()), 0);
}

/* --- steady state ----------------------------------------------------------------------------- */

ASYNC(steady, ARGS(int, rounds), VARS(size_t calls, blocks, live; int i;))
{
    ASYNC_BEGIN;
    for (self->i = 0; self->i < 20; self->i++)
        AWAIT(program());
    self->calls = memory.calls;
    self->blocks = memory.blocks;
    self->live = loop.pool.live;
    for (self->i = 0; self->i < self->rounds; self->i++) {
        AWAIT(queue_part());
        AWAIT(deep(30));
    }
#if CORO_POOL_LISTS_
    EQ(memory.calls, self->calls);
#endif
    EQ(memory.blocks, self->blocks);
    EQ(loop.pool.live, self->live);
    ASYNC_END;
}

Test(memory, in_steady_state_nothing_is_allocated)
{
    EQ(RUN(steady(1000)), 0);
}

ASYNC(grows, VARS(coro_task *tasks[1000]; int i, round; size_t bytes;))
{
    ASYNC_BEGIN;
    for (self->round = 0; self->round < 10; self->round++) {
        for (self->i = 0; self->i < 1000; self->i++)
            self->tasks[self->i] = coro_create_task(deep(self->i % 8));
        for (self->i = 0; self->i < 1000; self->i++) {
            AWAIT(coro_task_join(self->tasks[self->i]));
            coro_task_release(self->tasks[self->i]);
        }
        if (self->round == 0)
            self->bytes = memory.bytes;
        EQ(memory.bytes, self->bytes);
    }
    ASYNC_END;
}

Test(memory, what_was_used_once_is_used_again)
{
    EQ(RUN(grows()), 0);
}

Test(memory, a_loop_that_was_only_opened_is_closed_without_a_trace)
{
    open_loop();
    close_loop();
    EQ(memory.failed, 0);
}

/* --- pages ------------------------------------------------------------------------------------ */

static struct {
    unsigned calls;
    size_t bytes;
} asked;

/* As an old system: it does not know the advice. */
static int refuses(void *block, size_t size, int advice)
{
    (void)advice;
    EQ((uintptr_t)block % 4096, 0);
    EQ(size % 4096, 0);
    asked.calls++;
    asked.bytes += size;
    errno = EINVAL;
    return -1;
}

static size_t make_many(const coro_loop_options *options)
{
    coro_loop own;
    size_t bytes;
    coro_sys.madvise = refuses;
    EQ(coro_loop_init(&own, options), 0);
    for (int i = 0; i < 10000; i++)
        coro_task_release(coro_loop_create_task(&own, deep(0)));
    EQ(coro_loop_run_until_complete(&own, deep(1)), 0);
    bytes = own.pool.bytes;
    coro_loop_close(&own);
    return bytes;
}

Test(memory, the_pages_of_a_large_chunk_are_asked_for_together_and_need_not_be_given)
{
    size_t bytes = make_many(NULL);
#if CORO_POOL_LISTS_
    HOLDS(asked.calls > 0 && asked.calls < 20);
    HOLDS(asked.bytes < bytes && asked.bytes > bytes / 2);
#else
    (void)bytes;
    EQ(asked.calls, 0);
#endif
}

Test(memory, who_brings_memory_has_it_left_alone)
{
    coro_test_allocator own_memory = {0};
    coro_loop_options options = {.allocator = coro_test_allocator_of(&own_memory)};
    make_many(&options);
    EQ(asked.calls, 0);
}

/* --- large blocks ----------------------------------------------------------------------------- */

#if CORO_POOL_LISTS_
#define LARGE ((size_t)64 * 1024)

static void take_large(coro_pool *pool, void **blocks, int count, size_t size)
{
    for (int i = 0; i < count; i++) {
        blocks[i] = coro_pool_take_(pool, size);
        HOLDS(blocks[i] != NULL);
    }
}

static void give_large(coro_pool *pool, void **blocks, int count, size_t size)
{
    for (int i = 0; i < count; i++)
        coro_pool_give_(pool, blocks[i], size);
}

Test(memory, half_a_megabyte_of_large_blocks_is_kept_for_the_next_ones)
{
    coro_test_allocator own_memory = {0};
    coro_loop_options options = {.allocator = coro_test_allocator_of(&own_memory)};
    coro_loop own;
    void *blocks[20], *again[20];
    size_t before, count;
    EQ(coro_loop_init(&own, &options), 0);
    before = own_memory.bytes;
    take_large(&own.pool, blocks, 20, LARGE);
    EQ(own_memory.bytes - before, 20 * LARGE);
    give_large(&own.pool, blocks, 20, LARGE);
    EQ(own_memory.bytes - before, 8 * LARGE);
    EQ(own.pool.live, 0);
    count = own_memory.count;
    take_large(&own.pool, again, 8, LARGE);
    EQ(own_memory.count, count);
    take_large(&own.pool, again + 8, 1, LARGE);
    HOLDS(own_memory.count > count);
    give_large(&own.pool, again, 9, LARGE);
    /* Of one size alone, and not of odd ones. */
    count = own_memory.count;
    take_large(&own.pool, blocks, 1, LARGE / 2);
    take_large(&own.pool, blocks + 1, 1, 3000);
    EQ(own_memory.count, count + 2);
    give_large(&own.pool, blocks, 1, LARGE / 2);
    give_large(&own.pool, blocks + 1, 1, 3000);
    EQ(own_memory.bytes - before, 8 * LARGE);
    coro_loop_close(&own);
    EQ(own_memory.live, 0);
}
#endif
