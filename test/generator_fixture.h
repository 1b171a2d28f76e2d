/* SPDX-License-Identifier: MIT */
/*
 * generator_fixture.h: generators, and a coroutine that fails, for the tests of generators.
 */
#ifndef CORO_TEST_GENERATOR_FIXTURE_H
#define CORO_TEST_GENERATOR_FIXTURE_H

#include "loop_fixture.h"

#include <coro/generator.h>

/* Ways out of a loop. */
enum { END, BREAK, CONTINUE, RETURN, FAIL, THROW };

/* Yields 0, 1, ...; says where it is. `ms` between two; fails with `error` at the end. */
ASYNC(counts, YIELDS(int), ARGS(int, end, long, ms, int, error, int, cleanup_error), VARS(int i;))
{
    ASYNC_BEGIN;
    say("[");
    for (self->i = 0; self->i < self->end; self->i++) {
        if (self->ms > 0)
            AWAIT(coro_sleep(CORO_MS(self->ms)));
        YIELD(self->i);
    }
    if (self->error != 0)
        ASYNC_THROW(self->error);
  ASYNC_FINALLY:
    if (self->ms > 0)
        AWAIT(coro_sleep(CORO_MS(self->ms)));
    say("]@%ld ", now_ms());
    if (self->cleanup_error != 0)
        AWAIT(coro_sleep(CORO_DURATION_INVALID)); /* fails with CORO_EINVAL */
    ASYNC_END;
}

ASYNC(fails, ARGS(int, error))
{
    ASYNC_BEGIN;
    AWAIT(coro_yield());
    ASYNC_THROW(self->error);
    ASYNC_END;
}

typedef struct big {
    int number;
    char text[60];
} big;

ASYNC(bigs, YIELDS(big), VARS(big item;))
{
    ASYNC_BEGIN;
    for (; self->item.number < 3; self->item.number++) {
        snprintf(self->item.text, sizeof self->item.text, "n%d", self->item.number);
        YIELD(self->item);
    }
    ASYNC_END;
}

#endif
