/* SPDX-License-Identifier: MIT */
/*
 * The address of a local is given to an await.
 *
 *   gcc -O0: silent
 *   gcc -O2: silent
 *   clang -O0: silent
 *   clang -O2: silent
 *   tcc: silent
 *   lint: finds local-across-await
 */
#include <coro/queue.h>

ASYNC(wrong, ARGS(coro_queue *, queue), VARS(int item;))
{
    ASYNC_BEGIN;
#ifdef FIXED
    self->item = 3;
    AWAIT(coro_queue_put(self->queue, &self->item));
#else
    int item;
    item = 3;
    AWAIT(coro_queue_put(self->queue, &item));
#endif
    ASYNC_END;
}

struct wrong *start(coro_queue * queue)
{
    return wrong(queue);
}
