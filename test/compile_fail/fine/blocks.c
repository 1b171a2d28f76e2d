/* SPDX-License-Identifier: MIT */
/*
 * Tries, timeouts, shields and groups in each other, left in all ways; nothing shadows anything
 * that is the user's.
 */
#include <coro/gather.h>
#include <coro/group.h>

int use(int);

ASYNC(work, RETURNS(int), ARGS(int, n))
{
    ASYNC_BEGIN;
    AWAIT(coro_sleep(CORO_MS(self->n)));
    if (self->n > 7)
        ASYNC_THROW(CORO_EINVAL);
    ASYNC_RETURN(self->n);
    ASYNC_END;
}

ASYNC(tries, VARS(int error, inner;))
{
    ASYNC_BEGIN;
    ASYNC_TRY;
    AWAIT(work(1));
    ASYNC_TRY;
    AWAIT(work(2));
    ASYNC_CATCH(self->inner);
    AWAIT(work(3));
    ASYNC_TRY;
    AWAIT(work(4));
    ASYNC_CATCH(self->inner);
    ASYNC_THROW(self->inner);
    ASYNC_END_TRY;
    ASYNC_END_TRY;
    ASYNC_CATCH(self->error);
    if (self->error == CORO_ECANCELED)
        ASYNC_THROW(self->error);
    ASYNC_END_TRY;
  ASYNC_FINALLY:
    ASYNC_TRY;
    AWAIT(work(5));
    ASYNC_CATCH(self->error);
    use(self->error);
    ASYNC_END_TRY;
    ASYNC_END;
}

ASYNC(nested, RETURNS(int), ARGS(int, kind),
      VARS(coro_scope outer, inner; coro_group group, other; int error, i, n;))
{
    ASYNC_BEGIN;
    CORO_TIMEOUT(self->outer, CORO_SECONDS(2)) {
        CORO_GROUP(self->group) {
            coro_group_create_task(&self->group, work(1));
            CORO_TIMEOUT(self->inner, CORO_SECONDS(1)) {
                CORO_GROUP(self->other) {
                    coro_group_create_task(&self->other, work(2));
                    AWAIT(self->n, work(3));
                }
                if (self->n == 3)
                    break;
            }
            ASYNC_TRY;
            CORO_TIMEOUT(self->inner, CORO_MS(1))
                AWAIT(work(4));
            ASYNC_CATCH(self->error);
            use(self->error);
            ASYNC_END_TRY;
        }
        CORO_SHIELD(self->inner) {
            AWAIT(work(5));
        }
        if (self->kind > 3)
            ASYNC_RETURN(3);
    }
    if (self->kind > 1) {
        CORO_TIMEOUT(self->inner, CORO_MS(1))
            AWAIT(work(6));
    } else
        AWAIT(work(6));
    for (self->i = 0; self->i < 3; self->i++)
        CORO_TIMEOUT(self->inner, CORO_MS(1)) {
            if (self->i == 1)
                continue;
            AWAIT(work(7));
        }
    ASYNC_RETURN(0);
  ASYNC_FINALLY:
    CORO_TIMEOUT(self->outer, CORO_MS(1)) {
        AWAIT(work(8));
    }
    ASYNC_END;
}

ASYNC(all, VARS(int a, b, n, error;))
{
    ASYNC_BEGIN;
    AWAIT(coro_gather(coro_into(&self->a, work(1)), coro_into(&self->b, work(2)),
                      coro_only(tries())));
    AWAIT(self->n, coro_wait_for(nested(1), CORO_SECONDS(2)));
    AWAIT_CATCH(self->error, self->n, coro_wait_for(nested(2), CORO_SECONDS(2)));
    ASYNC_END;
}

struct all *start(void);

struct all *start(void)
{
    return all();
}
