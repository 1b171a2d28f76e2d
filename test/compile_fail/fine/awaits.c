/* SPDX-License-Identifier: MIT */
/*
 * Awaits wherever C has a place for a statement: bare branches and loops, many on a line, all
 * forms. Nothing to complain of.
 */
#include <coro/task.h>

int ask(void);
int use(int);

ASYNC(count, RETURNS(int), ARGS(int, n))
{
    ASYNC_BEGIN;
    AWAIT(coro_yield());
    ASYNC_RETURN(self->n);
    ASYNC_END;
}

ASYNC(branches, ARGS(int, kind), VARS(int n, error;))
{
    ASYNC_BEGIN;
    if (self->kind == 0)
        AWAIT(coro_yield());
    else if (self->kind == 1)
        AWAIT(self->n, count(1));
    else
        AWAIT_CATCH(self->error, self->n, count(2));
    if (self->error != 0)
        ASYNC_THROW(self->error);
    else
        ASYNC_RETURN();
    ASYNC_END;
}

ASYNC(loops, ARGS(int, n), VARS(int i, sum, one;))
{
    ASYNC_BEGIN;
    while (self->i++ < self->n)
        AWAIT(self->one, count(self->i));
    do
        AWAIT(coro_yield());
    while (--self->i > 0);
    for (self->i = 0; self->i < self->n; self->i++) {
        if (self->i == 3)
            continue;
        AWAIT(self->one, count(self->i));
        self->sum += self->one;
        if (self->sum > 100)
            break;
    }
    ASYNC_END;
}

/* clang-format off */
ASYNC(sixteen_on_a_line)
{
    ASYNC_BEGIN;
#define TWO AWAIT(coro_yield()); AWAIT(count(2))
#define EIGHT TWO; TWO; TWO; TWO
    EIGHT; EIGHT;
    ASYNC_END;
}
/* clang-format on */

/* A switch of the user's own is fine where no await is in it. */
ASYNC(switches, ARGS(int, kind), VARS(int n;))
{
    ASYNC_BEGIN;
    switch (self->kind) {
    case 1:
        self->n = ask();
        break;
    case 2:
        ASYNC_RETURN();
    default:
        self->n = 0;
    }
    AWAIT(coro_sleep(CORO_MS(1) * self->n));
    ASYNC_END;
}

ASYNC(empty)
{
    ASYNC_BEGIN;
    ASYNC_END;
}

ASYNC(recursive, RETURNS(int), ARGS(int, n), VARS(int a, b;))
{
    ASYNC_BEGIN;
    if (self->n < 2)
        ASYNC_RETURN(self->n);
    AWAIT(self->a, recursive(self->n - 1));
    AWAIT(self->b, recursive(self->n - 2));
    ASYNC_RETURN(self->a + self->b);
    ASYNC_END;
}

ASYNC(all, VARS(int n;))
{
    ASYNC_BEGIN;
    AWAIT(branches(1));
    AWAIT(loops(2));
    AWAIT(sixteen_on_a_line());
    AWAIT(switches(3));
    AWAIT(empty());
    AWAIT(self->n, recursive(4));
    use(self->n);
    ASYNC_END;
}

struct all *start(void);

struct all *start(void)
{
    return all();
}
