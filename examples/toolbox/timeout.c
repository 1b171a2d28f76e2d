/* SPDX-License-Identifier: MIT */
/* timeout.c: limits of time: of a block, as an error or not; of one call; and what is exempt. */
#include <coro/coro.h>
#include <stdio.h>

ASYNC(slow, RETURNS(int))
{
    ASYNC_BEGIN;
    AWAIT(coro_sleep(CORO_SECONDS(10)));
    ASYNC_RETURN(10);
    ASYNC_END;
}

ASYNC(main_async, VARS(coro_scope limit, shield; int result, error;))
{
    ASYNC_BEGIN;
    ASYNC_TRY;
    CORO_TIMEOUT(self->limit, CORO_SECONDS(1)) {
        AWAIT(self->result, slow());
    }
    ASYNC_CATCH(self->error);
    printf("a block: %s\n", coro_strerror(self->error));
    ASYNC_END_TRY;

    AWAIT_CATCH(self->error, self->result, coro_wait_for(slow(), CORO_SECONDS(1)));
    printf("a call: %s\n", coro_strerror(self->error));

    CORO_MOVE_ON_AFTER(self->limit, CORO_SECONDS(1)) {
        AWAIT(self->result, slow());
    }
    printf("a block that is just left: %s\n",
           coro_timeout_expired(&self->limit) ? "its time was up" : "it had ended");

    CORO_MOVE_ON_AFTER(self->limit, CORO_SECONDS(1)) {
        CORO_SHIELD(self->shield) {
            AWAIT(self->result, slow());
            printf("in a shield: %d s have passed\n", self->result);
        }
        AWAIT(coro_yield()); /* the first wait behind the shield */
        puts("never said");
    }
    ASYNC_END;
}

int main(void)
{
    return coro_main(main_async());
}
