/* SPDX-License-Identifier: MIT */
/*
 * A local that was assigned a call's value is read after an await.
 *
 *   gcc -O0: silent
 *   gcc -O2: warning may be used uninitialized
 *   clang -O0: error may be uninitialized
 *   clang -O2: error may be uninitialized
 *   tcc: silent
 *   lint: finds local-across-await
 */
#include <coro/task.h>

int ask(void);
int use(int);

ASYNC(wrong, VARS(int i;))
{
    ASYNC_BEGIN;
#ifdef FIXED
    self->i = ask();
    AWAIT(coro_yield());
    use(self->i);
#else
    int i;
    i = ask();
    AWAIT(coro_yield());
    use(i);
#endif
    ASYNC_END;
}

struct wrong *start(void)
{
    return wrong();
}
