/* SPDX-License-Identifier: MIT */
/* postman_task.c - the body: coroutines are C, for C++ has no way to jump into a block. */
#include "postman_task.h"

ASYNC_DEFINE(deliver)
{
    ASYNC_BEGIN;
    for (;;) {
        AWAIT_CATCH(self->error, coro_queue_get(self->bag, &self->letter));
        if (self->error == CORO_ECLOSED)
            break;
        if (self->error != 0)
            ASYNC_THROW(self->error);
        AWAIT(coro_sleep(CORO_MS(100)));
        self->read(self->context, self->letter);
        self->count++;
    }
    ASYNC_RETURN(self->count);
    ASYNC_END;
}
