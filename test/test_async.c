/* SPDX-License-Identifier: MIT */
/*
 * test_async.c: calls, results and errors of coroutines, beneath tasks and timers. Frames
 * are in test_frame.c, FINALLY in test_finally.c, what only a bug does in test_misuse.c.
 */
#include "loop_fixture.h"

SUITE_LASTING(async, 60.0);

/* --- calls and results --------------------------------------------------------------------- */

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

ASYNC(sum_all, RETURNS(int), VARS(int sum, part;))
{
    ASYNC_BEGIN;
    AWAIT(self->sum, add(1, 2));
    AWAIT(self->part, add_slowly(10, 20));
    AWAIT(self->sum, add_slowly(self->sum, self->part));
    ASYNC_RETURN(self->sum);
    ASYNC_END;
}

ASYNC(result_is_typed, VARS(int a;))
{
    ASYNC_BEGIN;
    AWAIT(self->a, sum_all());
    say("%d", self->a);
    ASYNC_END;
}

Test(async, a_result_comes_back_whether_the_callee_suspends_or_not)
{
    EQ(RUN(result_is_typed()), 0);
    SAID("33");
    EQ(now_ms(), 20);
}

typedef struct point {
    double x, y, z;
    char name[5];
} point;

ASYNC(make_point, RETURNS(point), ARGS(double, x, char, letter), VARS(point p;))
{
    ASYNC_BEGIN;
    self->p.x = self->x;
    self->p.y = 2 * self->x;
    self->p.z = 3 * self->x;
    self->p.name[0] = self->letter;
    AWAIT(coro_yield());
    ASYNC_RETURN(self->p);
    ASYNC_END;
}

ASYNC(use_point, VARS(point p; int error;))
{
    ASYNC_BEGIN;
    AWAIT(self->p, make_point(1.5, 'p'));
    say("%.1f %.1f %.1f %s ", self->p.x, self->p.y, self->p.z, self->p.name);
    AWAIT_CATCH(self->error, self->p, make_point(2.5, 'q'));
    say("%.1f %s %d", self->p.z, self->p.name, self->error);
    ASYNC_END;
}

Test(async, a_struct_is_a_result_like_any_other)
{
    EQ(RUN(use_point()), 0);
    SAID("1.5 3.0 4.5 p 7.5 q 0");
}

ASYNC(eight, RETURNS(long),
      ARGS(char, a, short, b, int, c, long, d, unsigned char, e, unsigned, f, size_t, g,
           const char *, h))
{
    ASYNC_BEGIN;
    AWAIT(coro_yield());
    ASYNC_RETURN(self->a + self->b + self->c + self->d + self->e + (long)self->f +
                 (long)self->g + (long)strlen(self->h));
    ASYNC_END;
}

ASYNC(call_eight, VARS(long sum;))
{
    ASYNC_BEGIN;
    AWAIT(self->sum, eight(1, 20, 300, 4000, 5, 60, 700, "12345678"));
    say("%ld", self->sum);
    ASYNC_END;
}

Test(async, eight_arguments_arrive)
{
    EQ(RUN(call_eight()), 0);
    SAID("5094");
}

ASYNC(clauses_in_another_order, SCRATCH(char buffer[100];), VARS(int a; char *p; double d;),
      ARGS(int, x), RETURNS(int))
{
    ASYNC_BEGIN;
    say("%d %d %d ", self->a, self->p == NULL, self->d == 0);
    memset(self->buffer, 0x55, sizeof self->buffer);
    self->a = 0x1234;
    self->d = 1e9;
    AWAIT(coro_yield());
    say("%d %d ", self->a, self->buffer[99]);
    ASYNC_RETURN(self->x);
    ASYNC_END;
}

ASYNC(call_it_twice, VARS(int a, b;))
{
    ASYNC_BEGIN;
    AWAIT(self->a, clauses_in_another_order(7));
    AWAIT(self->b, clauses_in_another_order(8));
    say("%d %d", self->a, self->b);
    ASYNC_END;
}

Test(async, vars_are_zeroed_anew_in_a_frame_that_is_used_again)
{
    EQ(RUN(call_it_twice()), 0);
    SAID("0 1 1 4660 85 0 1 1 4660 85 7 8");
}

/* --- errors -------------------------------------------------------------------------------- */

ASYNC(fail_with, RETURNS(int), ARGS(int, error, coro_duration, delay))
{
    ASYNC_BEGIN;
    if (self->delay >= 0)
        AWAIT(coro_sleep(self->delay));
    ASYNC_THROW(self->error);
    ASYNC_END;
}

ASYNC(keep_lvalue, VARS(int value, error;))
{
    ASYNC_BEGIN;
    self->value = 5;
    AWAIT_CATCH(self->error, self->value, fail_with(CORO_EIO, -1));
    say("%d %d ", self->value, self->error);
    AWAIT_CATCH(self->error, self->value, fail_with(CORO_EPIPE, CORO_MS(1)));
    say("%d %d ", self->value, self->error);
    ASYNC_TRY;
    AWAIT(self->value, fail_with(CORO_EPERM, -1));
    say("never");
    ASYNC_CATCH(self->error);
    say("%d %d ", self->value, self->error);
    ASYNC_END_TRY;
    AWAIT_CATCH(self->error, add(1, 1));
    say("%d", self->error);
    ASYNC_END;
}

Test(async, a_failed_await_leaves_the_lvalue_alone)
{
    EQ(RUN(keep_lvalue()), 0);
    SAID("5 -5 5 -32 5 -1 0");
}

ASYNC(three_deep, ARGS(int, depth, coro_duration, delay))
{
    ASYNC_BEGIN;
    if (self->depth == 0)
        AWAIT(fail_with(CORO_EIO, self->delay));
    else
        AWAIT(three_deep(self->depth - 1, self->delay));
    say("never");
    ASYNC_END;
}

Test(async, an_error_unwinds_all_frames_at_once_and_after_a_wait)
{
    EQ(RUN(three_deep(3, -1)), CORO_EIO);
    EQ(RUN(three_deep(200, -1)), CORO_EIO);
    EQ(RUN(three_deep(200, CORO_MS(1))), CORO_EIO);
    SAID("");
}

ASYNC(nested_try, VARS(int e1, e2, e3;))
{
    ASYNC_BEGIN;
    ASYNC_TRY;
    {
        ASYNC_TRY;
        {
            ASYNC_TRY;
            AWAIT(fail_with(CORO_EIO, CORO_MS(1)));
            say("never ");
            ASYNC_CATCH(self->e1);
            say("inner %d ", self->e1);
            AWAIT(coro_sleep(CORO_MS(1)));
            ASYNC_THROW(CORO_EPIPE);
            ASYNC_END_TRY;
            say("never ");
        }
        ASYNC_CATCH(self->e2);
        say("middle %d ", self->e2);
        AWAIT(fail_with(CORO_EPERM, -1));
        say("never ");
        ASYNC_END_TRY;
    }
    ASYNC_CATCH(self->e3);
    say("outer %d ", self->e3);
    ASYNC_END_TRY;
    say("on");
    ASYNC_END;
}

Test(async, an_error_in_a_catch_goes_outwards)
{
    EQ(RUN(nested_try()), 0);
    SAID("inner -5 middle -32 outer -1 on");
}

ASYNC(try_in_catch, VARS(int e1, e2;))
{
    ASYNC_BEGIN;
    ASYNC_TRY;
    ASYNC_THROW(CORO_EIO);
    ASYNC_CATCH(self->e1);
    ASYNC_TRY;
    ASYNC_THROW(CORO_EPIPE);
    ASYNC_CATCH(self->e2);
    say("%d %d ", self->e1, self->e2);
    ASYNC_END_TRY;
    say("still here ");
    ASYNC_THROW(self->e1);
    ASYNC_END_TRY;
    ASYNC_END;
}

Test(async, a_catch_may_try_and_may_throw_again)
{
    EQ(RUN(try_in_catch()), CORO_EIO);
    SAID("-5 -32 still here ");
}

ASYNC(try_in_a_loop, VARS(int i, error, failures;))
{
    ASYNC_BEGIN;
    for (self->i = 0; self->i < 6; self->i++) {
        ASYNC_TRY;
        if (self->i == 4)
            break; /* leaves the try, and the loop */
        if (self->i % 2)
            AWAIT(fail_with(CORO_EIO, CORO_MS(1)));
        else
            continue;
        ASYNC_CATCH(self->error);
        self->failures++;
        ASYNC_END_TRY;
    }
    say("%d %d ", self->i, self->failures);
    ASYNC_THROW(CORO_EPERM); /* not caught by a try that has been left */
    ASYNC_END;
}

Test(async, break_and_continue_leave_a_try)
{
    EQ(RUN(try_in_a_loop()), CORO_EPERM);
    SAID("4 2 ");
}

ASYNC(return_from_try, RETURNS(int), ARGS(bool, from_catch), VARS(int error;))
{
    ASYNC_BEGIN;
    ASYNC_TRY;
    if (self->from_catch)
        ASYNC_THROW(CORO_EIO);
    ASYNC_RETURN(1);
    ASYNC_CATCH(self->error);
    ASYNC_RETURN(2);
    ASYNC_END_TRY;
    ASYNC_END;
}

ASYNC(return_both_ways, VARS(int a, b;))
{
    ASYNC_BEGIN;
    AWAIT(self->a, return_from_try(false));
    AWAIT(self->b, return_from_try(true));
    say("%d %d", self->a, self->b);
    ASYNC_END;
}

Test(async, return_inside_try_and_catch_returns)
{
    EQ(RUN(return_both_ways()), 0);
    SAID("1 2");
}

ASYNC(after_if, ARGS(int, which), VARS(int error;))
{
    ASYNC_BEGIN;
    if (self->which == 0)
        AWAIT(coro_sleep(CORO_MS(1)));
    else if (self->which == 1)
        AWAIT_CATCH(self->error, fail_with(CORO_EIO, -1));
    else
        ASYNC_THROW(CORO_EPIPE);
    while (self->which++ < 3)
        AWAIT(coro_yield());
    do
        AWAIT(coro_yield());
    while (self->which++ < 6);
    say("%d ", self->which);
    ASYNC_END;
}

Test(async, an_await_is_one_statement)
{
    EQ(RUN(after_if(0)), 0);
    EQ(RUN(after_if(1)), 0);
    EQ(RUN(after_if(2)), CORO_EPIPE);
    SAID("7 7 ");
}
