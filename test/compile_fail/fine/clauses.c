/* SPDX-License-Identifier: MIT */
/*
 * All clauses, in any order, and all types that a clause can name.
 */
#include <coro/task.h>

struct point {
    int x, y;
};
typedef int (*callback)(void *context);

void close_it(int number);
int use(int);

static void close_point(struct point point)
{
    use(point.x);
}

ASYNC(scratch_first, SCRATCH(char text[16];), VARS(int n; struct point at;), RETURNS(struct point))
{
    ASYNC_BEGIN;
    self->text[0] = 'a';
    self->n++;
    AWAIT(coro_yield());
    self->at.x = self->text[0];
    ASYNC_RETURN(self->at);
    ASYNC_END;
}

ASYNC(dropped, RETURNS(int, close_it), ARGS(int, n))
{
    ASYNC_BEGIN;
    ASYNC_RETURN(self->n);
    ASYNC_END;
}

ASYNC(dropped_point, RETURNS(struct point, close_point))
{
    ASYNC_BEGIN;
    ASYNC_RETURN((struct point){1, 2});
    ASYNC_END;
}

ASYNC(eight, ARGS(char, a, short, b, long, c, const char *, d, callback, e, struct point, f, double,
                  g, bool, h))
{
    ASYNC_BEGIN;
    AWAIT(coro_sleep(CORO_MS(self->a + self->b + self->c)));
    use(self->e((void *)self->d) + self->f.x + (int)self->g + self->h);
    ASYNC_END;
}

ASYNC(numbers, YIELDS(int), ARGS(int, end), VARS(int i;))
{
    ASYNC_BEGIN;
    for (self->i = 0; self->i < self->end; self->i++)
        YIELD(self->i);
    ASYNC_END;
}

ASYNC(suspends)
{
    ASYNC_BEGIN;
    ASYNC_SUSPEND;
    if (use(3))
        ASYNC_SUSPEND;
    ASYNC_END;
}

ASYNC_DECLARE(declared, RETURNS(const char *), ARGS(const char *, name));

ASYNC_DEFINE(declared)
{
    ASYNC_BEGIN;
    AWAIT(coro_yield());
    ASYNC_RETURN(self->name);
  ASYNC_FINALLY:
    AWAIT(coro_yield());
    ASYNC_END;
}

ASYNC_DECLARE(bare);

ASYNC_DEFINE(bare)
{
    ASYNC_BEGIN;
    AWAIT(coro_yield());
    ASYNC_END;
}

ASYNC(all, VARS(struct point at; struct dropped place; int n; const char *name; coro_task *task;))
{
    ASYNC_BEGIN;
    AWAIT(self->at, scratch_first());
    AWAIT(self->n, dropped_at(&self->place, 3));
    AWAIT(self->at, dropped_point());
    AWAIT(eight('a', 1, 2, "d", NULL, self->at, 1.5, true));
    AWAIT(self->name, declared("name"));
    AWAIT(bare());
    self->task = coro_create_task(declared("task"));
    CORO_JOIN(self->name, declared, self->task);
    coro_task_release(self->task);
    ASYNC_END;
}

struct all *start(void);
struct numbers *start_numbers(void);
struct suspends *start_suspends(void);

struct all *start(void)
{
    return all();
}

struct numbers *start_numbers(void)
{
    return numbers(3);
}

struct suspends *start_suspends(void)
{
    return suspends();
}
