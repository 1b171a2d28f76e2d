/* SPDX-License-Identifier: MIT */
/*
 * A local array is filled before an await and read after it.
 *
 *   gcc -O0: silent
 *   gcc -O2: silent
 *   clang -O0: silent
 *   clang -O2: silent
 *   tcc: silent
 *   lint: finds local-across-await
 */
#include <coro/task.h>

void fill(char *, int);
int use(int);

ASYNC(wrong, SCRATCH(char text[8];))
{
    ASYNC_BEGIN;
#ifdef FIXED
    fill(self->text, 8);
    AWAIT(coro_yield());
    use(self->text[3]);
#else
    char text[8];
    fill(text, 8);
    AWAIT(coro_yield());
    use(text[3]);
#endif
    ASYNC_END;
}

struct wrong *start(void)
{
    return wrong();
}
