/* SPDX-License-Identifier: MIT */
/*
 * An element of a local array is set before an await and read after it.
 *
 *   gcc -O0: silent
 *   gcc -O2: warning may be used uninitialized
 *   clang -O0: silent
 *   clang -O2: silent
 *   tcc: silent
 *   lint: finds local-across-await
 */
#include <coro/task.h>

int ask(void);
int use(int);

ASYNC(wrong, VARS(int numbers[4];))
{
    ASYNC_BEGIN;
#ifdef FIXED
    self->numbers[2] = ask();
    AWAIT(coro_yield());
    use(self->numbers[2]);
#else
    int numbers[4];
    numbers[2] = ask();
    AWAIT(coro_yield());
    use(numbers[2]);
#endif
    ASYNC_END;
}

struct wrong *start(void)
{
    return wrong();
}
