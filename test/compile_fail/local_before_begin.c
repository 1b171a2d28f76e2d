/* SPDX-License-Identifier: MIT */
/*
 * A local is initialised before ASYNC_BEGIN: again at every resume.
 *
 *   gcc -O0: silent
 *   gcc -O2: silent
 *   clang -O0: silent
 *   clang -O2: silent
 *   tcc: silent
 *   lint: finds before-begin
 *   lint: finds local-across-await
 */
#include <coro/task.h>

int use(int);

ASYNC(wrong, VARS(int i;))
{
#ifndef FIXED
    int i = 0;
#endif
    ASYNC_BEGIN;
#ifdef FIXED
    self->i++;
    AWAIT(coro_yield());
    use(self->i);
#else
    i++;
    AWAIT(coro_yield());
    use(i);
#endif
    ASYNC_END;
}

struct wrong *start(void)
{
    return wrong();
}
