/* SPDX-License-Identifier: MIT */
/*
 * test_generator_misuse.c: what only a bug in a generator or its consumer does traps.
 */
#include "generator_fixture.h"

#include <signal.h>

SUITE(generator_misuse);

static coro_generator shared;

#define TRAPS(name, call)                                                                          \
    Test(generator_misuse, name, .signal = SIGABRT)                                                \
    {                                                                                              \
        (void)RUN(call);                                                                           \
    }

ASYNC(yields_in_a_timeout, YIELDS(int), VARS(coro_scope limit;))
{
    ASYNC_BEGIN;
    CORO_TIMEOUT(self->limit, CORO_SECONDS(1)) {
        YIELD(1);
    }
    ASYNC_END;
}

ASYNC(yields_in_a_group, YIELDS(int), VARS(coro_group group;))
{
    ASYNC_BEGIN;
    CORO_GROUP(self->group) {
        YIELD(1);
    }
    ASYNC_END;
}

ASYNC(yields_in_a_shield, YIELDS(int), VARS(coro_scope scope; coro_generator slot; int item;))
{
    ASYNC_BEGIN;
    CORO_SHIELD(self->scope) {
        CORO_FOR_AWAIT(self->item, self->slot, counts(1, 0, 0, 0)) {
            YIELD(1);
        }
    }
    ASYNC_END;
}

ASYNC(yields_in_finally, YIELDS(int))
{
    ASYNC_BEGIN;
  ASYNC_FINALLY:
    YIELD(1);
    ASYNC_END;
}

ASYNC(yields_while_closed, YIELDS(int), VARS(coro_generator slot; int item;))
{
    ASYNC_BEGIN;
    YIELD(1);
  ASYNC_FINALLY:
    CORO_FOR_AWAIT(self->item, self->slot, counts(1, 0, 0, 0)) {
        YIELD(2);
    }
    ASYNC_END;
}

ASYNC(consumes_one, ARGS(struct counts *, generator), VARS(coro_generator slot; int item;))
{
    ASYNC_BEGIN;
    CORO_FOR_AWAIT(self->item, self->slot, self->generator) {
        break;
    }
    ASYNC_END;
}

#define CONSUME(call) consumes_one((struct counts *)(void *)(call))
TRAPS(yield_in_a_timeout_traps, CONSUME(yields_in_a_timeout()))
TRAPS(yield_in_a_group_traps, CONSUME(yields_in_a_group()))
TRAPS(yield_in_a_loop_in_a_shield_traps, CONSUME(yields_in_a_shield()))
TRAPS(yield_in_finally_traps, CONSUME(yields_in_finally()))
TRAPS(yield_while_it_is_closed_traps, CONSUME(yields_while_closed()))
TRAPS(consuming_what_is_no_generator_traps, CONSUME(fails(0)))
TRAPS(consuming_null_traps, CONSUME(NULL))
TRAPS(consuming_items_of_another_size_traps, CONSUME(bigs()))

ASYNC(takes_the_wrong_size, VARS(coro_generator slot; char item; bool more;))
{
    ASYNC_BEGIN;
    coro_generator_open(&self->slot, counts(1, 0, 0, 0));
    AWAIT(self->more, coro_generator_next(&self->slot, &self->item));
    ASYNC_END;
}
TRAPS(next_into_an_item_of_another_size_traps, takes_the_wrong_size())

ASYNC(awaits_a_generator)
{
    ASYNC_BEGIN;
    AWAIT(counts(1, 0, 0, 0));
    ASYNC_END;
}
TRAPS(awaiting_a_generator_as_if_it_were_a_call_traps, awaits_a_generator())

ASYNC(opens_twice, VARS(coro_generator slot;))
{
    ASYNC_BEGIN;
    coro_generator_open(&self->slot, counts(1, 0, 0, 0));
    coro_generator_open(&self->slot, counts(1, 0, 0, 0));
    ASYNC_END;
}
TRAPS(opening_a_slot_twice_traps, opens_twice())

ASYNC(leaves_by_goto, VARS(coro_generator slot; int item;))
{
    ASYNC_BEGIN;
    CORO_FOR_AWAIT(self->item, self->slot, counts(1, 0, 0, 0)) {
        goto out;
    }
out:
    AWAIT(coro_yield());
    ASYNC_END;
}
TRAPS(goto_out_of_the_loop_traps_at_the_next_await, leaves_by_goto())

Test(generator_misuse, opening_one_without_a_loop_traps, .signal = SIGABRT)
{
    coro_generator_open(&shared, counts(1, 0, 0, 0));
}

#if CORO_HOSTED /* a heap */
Test(generator_misuse, a_wait_of_the_library_in_a_plain_for_traps, .signal = SIGABRT)
{
    int item;
    CORO_FOR(item, shared, counts(1, 1, 0, 0))
        say("%d", item);
}
#endif
