/* SPDX-License-Identifier: MIT */
/*
 * Locals that no await loses: dead before it, in a block without one, assigned anew behind it.
 */
#include <coro/queue.h>

int ask(void);
int use(int);
void fill(char *, int);

ASYNC(before, ARGS(coro_queue *, queue), VARS(int sum;))
{
    ASYNC_BEGIN;
    {
        int first = ask();
        int second = ask() + first;
        self->sum = first * second;
    }
    AWAIT(coro_yield());
    for (int i = 0; i < 3; i++)
        self->sum += use(i);
    AWAIT(coro_yield());
    {
        char text[8];
        fill(text, 8);
        use(text[0]);
    }
    AWAIT(coro_queue_put(self->queue, &self->sum));
    ASYNC_END;
}

ASYNC(anew, VARS(int i;))
{
    ASYNC_BEGIN;
    for (self->i = 0; self->i < 3; self->i++) {
        int n;
        n = ask();
        use(n);
        AWAIT(coro_yield());
        n = ask();
        use(n);
    }
    {
        int n;
        AWAIT(coro_yield());
        n = ask();
        if (n > 0)
            AWAIT(coro_sleep(n));
        else
            ASYNC_RETURN();
    }
    ASYNC_END;
}

ASYNC(conditional, ARGS(int, kind))
{
    ASYNC_BEGIN;
    AWAIT(coro_yield());
    {
        const char *name = self->kind ? "one" : "none";
        use(name[0]);
    }
    if (self->kind > 1) {
        int n;
        if (self->kind > 2)
            n = ask();
        else
            n = 3;
        use(n);
    }
    AWAIT(coro_yield());
  ASYNC_FINALLY:
    {
        int n = ask();
        use(n);
    }
    AWAIT(coro_yield());
    ASYNC_END;
}

struct before *start(coro_queue *queue);
struct anew *start_anew(void);
struct conditional *start_conditional(int kind);

struct before *start(coro_queue *queue)
{
    return before(queue);
}

struct anew *start_anew(void)
{
    return anew();
}

struct conditional *start_conditional(int kind)
{
    return conditional(kind);
}
