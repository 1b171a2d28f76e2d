/* SPDX-License-Identifier: MIT */
/*
 * test_iterate.c: map, filter, take and collect over generators.
 */
#include "generator_fixture.h"

#include <coro/iterate.h>

SUITE(iterate);

static bool is_odd(void *context, const void *item)
{
    (void)context;
    return *(const int *)item % 2 == 1;
}

static void times(void *context, const void *item, void *result)
{
    *(double *)result = *(const double *)context * *(const int *)item;
}

static double half = 0.5;

ASYNC(chains, ARGS(long, ms, double, until), VARS(coro_generator slot; double x;))
{
    ASYNC_BEGIN;
    CORO_FOR_AWAIT(self->x, self->slot,
                   coro_take(coro_map(double, coro_filter(counts(9, self->ms, 0, 0), is_odd, NULL),
                                      times, &half),
                             3)) {
        say("%.1f ", self->x);
        if (self->x >= self->until)
            break;
    }
    say("after ");
    ASYNC_END;
}

Test(iterate, filter_map_and_take_stand_one_upon_the_other)
{
    EQ(RUN(chains(0, 99)), 0);
    EQ(RUN(chains(1, 99)), 0);
    SAID("[0.5 1.5 2.5 ]@0 after [0.5 1.5 2.5 ]@7 after ");
}

Test(iterate, a_break_closes_the_whole_chain)
{
    EQ(RUN(chains(0, 1)), 0);
    EQ(RUN(chains(1, 1)), 0);
    SAID("[0.5 1.5 ]@0 after [0.5 1.5 ]@5 after ");
}

Test(iterate, a_cancel_goes_through_the_whole_chain)
{
    RUN_CANCELLED(chains(4, 99), 10, -1);
    SAID("[0.5 ]@14 => -125 at 14");
}

ASYNC(collects, ARGS(size_t, capacity, int, error), VARS(int array[8]; size_t n; int caught;))
{
    ASYNC_BEGIN;
    AWAIT_CATCH(self->caught, self->n,
                coro_collect(self->array, self->capacity,
                             coro_filter(counts(6, 1, self->error, 0), is_odd, NULL)));
    say("%zu:%d:%d%d%d ", self->n, self->caught, self->array[0], self->array[1], self->array[2]);
    ASYNC_END;
}

Test(iterate, collect_stores_all_items_or_as_many_as_there_is_room_for)
{
    EQ(RUN(collects(8, 0)), 0);
    EQ(RUN(collects(3, 0)), 0);
    EQ(RUN(collects(1, 0)), 0);
    EQ(RUN(collects(0, 0)), 0);
    SAID("[]@7 3:0:135 []@14 3:0:135 []@17 1:0:100 0:0:000 ");
}

Test(iterate, an_error_of_the_source_comes_through_and_what_was_stored_stays)
{
    EQ(RUN(collects(8, CORO_EIO)), 0);
    SAID("[]@7 0:-5:135 ");
}

ASYNC(takes_none, VARS(coro_generator slot; int x;))
{
    ASYNC_BEGIN;
    CORO_FOR_AWAIT(self->x, self->slot, coro_take(counts(9, 0, 0, 0), 0))
        say("never ");
    coro_discard(coro_take(coro_filter(counts(9, 0, 0, 0), is_odd, NULL), 4));
    ASYNC_END;
}

Test(iterate, what_never_runs_is_freed)
{
    EQ(RUN(takes_none()), 0);
    SAID("");
}

/* Large frames: each needs memory of its own in a fresh loop. */
ASYNC(with_little_memory, ARGS(size_t, fail_at), VARS(double array[8]; size_t n; int caught;),
      SCRATCH(char large[900];))
{
    ASYNC_BEGIN;
    memory.fail_at = memory.calls + self->fail_at;
    AWAIT_CATCH(self->caught, self->n,
                coro_collect(self->array, 8,
                             coro_take(coro_map(double, coro_filter(counts(6, 1, 0, 0), is_odd,
                                                                    NULL),
                                                times, &half),
                                       2)));
    memory.fail_at = 0;
    HOLDS((self->caught == 0 && self->n == 2) || self->caught == CORO_ENOMEM);
    ASYNC_END;
}

Test(iterate, each_allocation_may_fail)
{
    for (size_t i = 1; i < 10; i++)
        EQ(RUN(with_little_memory(i)), 0);
}

/* The pool has one block left. */
ASYNC(with_no_memory_left, VARS(double array[8]; size_t n; int caught;))
{
    ASYNC_BEGIN;
    memory.fail_from = memory.calls + 1;
    for (int size = 1024; size >= 16; size -= 16) {
        void **block;
        while ((block = coro_pool_take_(&loop.pool, (size_t)size)) != NULL && size != 256)
            *block = NULL; /* freed with the pool */
        if (block != NULL)
            coro_pool_give_(&loop.pool, block, 256);
    }
    AWAIT_CATCH(self->caught, self->n,
                coro_collect(self->array, 8,
                             coro_map(double, counts(6, 0, 0, 0), times, &half)));
    HOLDS(self->caught == CORO_ENOMEM || self->n == 6);
    memory.fail_from = 0;
    ASYNC_END;
}

Test(iterate, no_memory_at_all_is_an_error_and_no_more)
{
    open_loop();
    EQ(coro_loop_run_until_complete(&loop, with_no_memory_left()), 0);
    coro_loop_close(&loop);
    EQ(memory.blocks, 0);
}
