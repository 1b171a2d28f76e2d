/* SPDX-License-Identifier: MIT */
/*
 * A member of a local struct is set before an await and read after it.
 *
 *   gcc -O0: silent
 *   gcc -O2: warning may be used uninitialized
 *   clang -O0: silent
 *   clang -O2: silent
 *   tcc: silent
 *   lint: finds local-across-await
 */
#include <coro/task.h>

struct point {
    int x, y;
};
int ask(void);
int use(int);

ASYNC(wrong, VARS(struct point at;))
{
    ASYNC_BEGIN;
#ifdef FIXED
    self->at.x = ask();
    AWAIT(coro_yield());
    use(self->at.x);
#else
    struct point at;
    at.x = ask();
    AWAIT(coro_yield());
    use(at.x);
#endif
    ASYNC_END;
}

struct wrong *start(void)
{
    return wrong();
}
