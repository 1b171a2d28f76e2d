/* SPDX-License-Identifier: MIT */
/* retry.c: once more after a while that grows; errors that time does not heal come out at once. */
#include <coro/coro.h>
#include <stdio.h>

ASYNC(connect_to, RETURNS(int), ARGS(int *, failures, int, error))
{
    ASYNC_BEGIN;
    if (*self->failures > 0) {
        --*self->failures;
        ASYNC_THROW(self->error);
    }
    ASYNC_RETURN(7);
    ASYNC_END;
}

ASYNC(patient, RETURNS(int), ARGS(int, failures, int, error),
      VARS(coro_retry retry; coro_time began; int found, failed, again;))
{
    ASYNC_BEGIN;
    self->began = coro_loop_time(coro_loop_current());
    coro_retry_init(&self->retry, &(coro_retry_options){.attempts = 5, .base = CORO_MS(100),
                                                        .retries = coro_retry_transient});
    do {
        AWAIT_CATCH(self->failed, self->found, connect_to(&self->failures, self->error));
        printf("  after %.1f s: %s\n",
               (double)(coro_loop_time(coro_loop_current()) - self->began) / CORO_SECONDS(1),
               self->failed == 0 ? "connected" : coro_strerror(self->failed));
        AWAIT(self->again, coro_retry_next(&self->retry, self->failed));
    } while (self->again);
    ASYNC_RETURN(self->found);
    ASYNC_END;
}

ASYNC(main_async, VARS(int found, error;))
{
    ASYNC_BEGIN;
    AWAIT(self->found, patient(3, CORO_ECONNREFUSED));
    printf("found %d\n", self->found);
    AWAIT_CATCH(self->error, self->found, patient(3, CORO_EACCES));
    printf("given up: %s\n", coro_strerror(self->error));
    ASYNC_END;
}

int main(void)
{
    return coro_main(main_async());
}
