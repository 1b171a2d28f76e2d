/* SPDX-License-Identifier: MIT */
/*
 * test_frame.c: frames: how deep they go, whose memory they are, and chains of them that
 * are driven without a loop.
 */
#include "loop_fixture.h"

SUITE(frame);

ASYNC(add, RETURNS(int), ARGS(int, a, int, b))
{
    ASYNC_BEGIN;
    ASYNC_RETURN(self->a + self->b);
    ASYNC_END;
}

ASYNC(add_slowly, RETURNS(int), ARGS(int, a, int, b))
{
    ASYNC_BEGIN;
    AWAIT(coro_sleep(CORO_MS(10)));
    ASYNC_RETURN(self->a + self->b);
    ASYNC_END;
}

/* --- depth --------------------------------------------------------------------------------- */

static size_t lowest_stack = SIZE_MAX;

static void note_stack(void)
{
    uintptr_t address = (uintptr_t)__builtin_frame_address(0);
    if (address < lowest_stack)
        lowest_stack = address;
}

ASYNC(descend, RETURNS(int), ARGS(int, depth, bool, suspends), VARS(int below;))
{
    ASYNC_BEGIN;
    note_stack();
    if (self->depth > 0)
        AWAIT(self->below, descend(self->depth - 1, self->suspends));
    else if (self->suspends)
        AWAIT(coro_sleep(CORO_MS(1)));
    ASYNC_RETURN(self->below + 1);
    ASYNC_END;
}

ASYNC(check_depth, ARGS(int, depth, bool, suspends), VARS(int levels; size_t first;))
{
    ASYNC_BEGIN;
    lowest_stack = SIZE_MAX;
    note_stack();
    self->first = lowest_stack;
    AWAIT(self->levels, descend(self->depth, self->suspends));
    EQ(self->levels, self->depth + 1);
    HOLDS(self->first - lowest_stack < 256 * 1024);
    ASYNC_END;
}

Test(frame, a_hundred_thousand_levels_need_no_deep_stack)
{
    EQ(RUN(check_depth(100000, false)), 0);
    EQ(RUN(check_depth(100000, true)), 0);
    EQ(RUN(check_depth(63, true)), 0);
    EQ(RUN(check_depth(64, true)), 0);
    EQ(RUN(check_depth(65, true)), 0);
}

ASYNC(nothing)
{
    ASYNC_BEGIN;
    note_stack();
    ASYNC_END;
}

#if defined(__SANITIZE_ADDRESS__) || !defined(__OPTIMIZE__)
#define MANY 1000000
#else
#define MANY 10000000
#endif

ASYNC(many_at_once, VARS(int i, sum; size_t first;))
{
    ASYNC_BEGIN;
    note_stack();
    self->first = lowest_stack;
    for (self->i = 0; self->i < MANY; self->i++)
        AWAIT(nothing());
    HOLDS(self->first - lowest_stack < 16 * 1024);
    say("%d", self->i == MANY);
    ASYNC_END;
}

Test(frame, ten_million_awaits_that_complete_at_once_need_no_stack)
{
    EQ(RUN(many_at_once()), 0);
    SAID("1");
}

/* --- frames of the caller's ---------------------------------------------------------------- */

static struct add_slowly add_frame, other_frame;

ASYNC(caller_owned, VARS(int a;))
{
    ASYNC_BEGIN;
    AWAIT(self->a, add_slowly_at(&add_frame, 3, 4));
    say("%d ", self->a);
    AWAIT(self->a, add_slowly_at(&add_frame, 5, 6)); /* the same memory, made anew */
    say("%d ", self->a);
    ASYNC_END;
}

Test(frame, a_frame_may_be_the_callers)
{
    EQ(RUN(caller_owned()), 0);
    EQ(RUN(add_slowly_at(&other_frame, 16, 17)), 0);
    say("%d", other_frame.result); /* and the result is there afterwards */
    SAID("7 11 33");
}

ASYNC_DECLARE(split, RETURNS(int), ARGS(int, a), VARS(int b;));

ASYNC(call_split, VARS(int a;))
{
    ASYNC_BEGIN;
    AWAIT(self->a, split(20));
    say("%d", self->a);
    ASYNC_END;
}

ASYNC_DEFINE(split)
{
    ASYNC_BEGIN;
    AWAIT(self->b, add_slowly(self->a, 1));
    ASYNC_RETURN(2 * self->b);
    ASYNC_END;
}

Test(frame, declared_in_a_header_and_defined_elsewhere)
{
    EQ(RUN(call_split()), 0);
    SAID("42");
}

/* --- calls that are never awaited ---------------------------------------------------------- */

ASYNC(discard_some)
{
    ASYNC_BEGIN;
    coro_discard(add(1, 2));
    coro_discard(coro_sleep(CORO_MS(1)));
    coro_discard(coro_wait_for(add(1, 2), CORO_MS(1)));
    coro_discard(coro_wait_for(coro_wait_for(coro_sleep(1), CORO_MS(1)), CORO_MS(2)));
    coro_discard(coro_gather(coro_only(add(1, 2)), coro_only(coro_sleep(1))));
    coro_discard_(NULL);
    AWAIT(coro_sleep(CORO_MS(1))); /* the loop's own record is free again */
    ASYNC_END;
}

Test(frame, a_discarded_call_is_freed_with_all_that_it_holds)
{
    EQ(RUN(discard_some()), 0);
    EQ(now_ms(), 1);
}

/* --- without a loop ------------------------------------------------------------------------ */

ASYNC(count_to, YIELDS(int), ARGS(int, end), VARS(int i;))
{
    ASYNC_BEGIN;
    for (self->i = 0; self->i < self->end; self->i++)
        YIELD(self->i);
    ASYNC_END;
}

Test(frame, a_generator_is_driven_without_a_loop)
{
    coro_driver driver;
    struct count_to *count = count_to(4);
    coro_driver_init(&driver, &count->coro);
    while (coro_resume(&driver))
        say("%d ", count->result);
    coro_driver_close(&driver);
    SAID("0 1 2 3 ");
}

ASYNC(step)
{
    ASYNC_BEGIN;
    say("in ");
    ASYNC_SUSPEND;
    say("out ");
    ASYNC_END;
}

ASYNC(steps, ARGS(int, depth))
{
    ASYNC_BEGIN;
    if (self->depth > 0)
        AWAIT(steps(self->depth - 1));
    else
        AWAIT(step());
    AWAIT(step());
    if (self->depth == 1)
        ASYNC_THROW(CORO_EIO);
    ASYNC_END;
}

Test(frame, a_chain_is_driven_without_a_loop_and_given_up_in_the_middle)
{
    coro_driver driver;
    int resumes = 0;
    coro_driver_init(&driver, &steps(2)->coro);
    while (coro_resume(&driver))
        resumes++;
    EQ(driver.frame->error, CORO_EIO);
    EQ(resumes, 3);
    coro_driver_close(&driver);
    SAID("in out in out in out ");

    coro_driver_init(&driver, &steps(100)->coro);
    HOLDS(coro_resume(&driver));
    coro_driver_close(&driver);
    coro_driver_init(&driver, &steps(0)->coro); /* never begun */
    coro_driver_close(&driver);
}
