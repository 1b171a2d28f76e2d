/* SPDX-License-Identifier: MIT */
/*
 * A local array of variable length lives across an await.
 *
 *   gcc -O0: error variably modified
 *   gcc -O2: error variably modified
 *   clang -O0: error cannot jump from switch statement
 *   clang -O2: error cannot jump from switch statement
 *   tcc: silent
 *   lint: finds local-across-await
 */
#include <coro/task.h>

void fill(char *, int);

ASYNC(wrong, ARGS(int, n), SCRATCH(char text[64];))
{
    ASYNC_BEGIN;
#ifdef FIXED
    fill(self->text, self->n);
    AWAIT(coro_yield());
    fill(self->text, self->n);
#else
    char text[self->n];
    fill(text, self->n);
    AWAIT(coro_yield());
    fill(text, self->n);
#endif
    ASYNC_END;
}

struct wrong *start(int n)
{
    return wrong(n);
}
