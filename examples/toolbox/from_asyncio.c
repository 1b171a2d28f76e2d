/* SPDX-License-Identifier: MIT */
/*
 * from_asyncio.c: the commonest idioms of asyncio, in C. doc/from-asyncio.md sets each beside its
 * Python; a test sees to it that what stands there stands here, and is run.
 */
#include <coro/coro.h>
#include <stdio.h>

ASYNC(fetch, RETURNS(int), ARGS(int, number))
{
    ASYNC_BEGIN;
    AWAIT(coro_sleep(CORO_MS(10) * self->number));
    ASYNC_RETURN(self->number * 10);
    ASYNC_END;
}

ASYNC(log_it, ARGS(const char *, text))
{
    ASYNC_BEGIN;
    AWAIT(coro_sleep(CORO_MS(1)));
    printf("log: %s\n", self->text);
    ASYNC_END;
}

ASYNC(with_task, VARS(coro_task *task; int page;))
{
    ASYNC_BEGIN;
    self->task = coro_create_task(fetch(1));
    AWAIT(log_it("started"));
    CORO_JOIN(self->page, fetch, self->task);
    printf("page %d\n", self->page);
  ASYNC_FINALLY:
    coro_task_release(self->task);
    ASYNC_END;
}

ASYNC(with_gather, VARS(int a, b;))
{
    ASYNC_BEGIN;
    AWAIT(coro_gather(coro_into(&self->a, fetch(1)),
                      coro_into(&self->b, fetch(2))));
    printf("pages %d, %d\n", self->a, self->b);
    ASYNC_END;
}

ASYNC(with_group, VARS(coro_group group;))
{
    ASYNC_BEGIN;
    CORO_GROUP(self->group) {
        coro_group_create_task(&self->group, log_it("one"));
        coro_group_create_task(&self->group, log_it("two"));
    }
    puts("both have ended");
    ASYNC_END;
}

ASYNC(with_timeout, VARS(coro_scope limit; int page, error;))
{
    ASYNC_BEGIN;
    ASYNC_TRY;
    CORO_TIMEOUT(self->limit, CORO_SECONDS(1)) {
        AWAIT(self->page, fetch(1000));
    }
    ASYNC_CATCH(self->error);
    if (self->error != CORO_ETIMEDOUT)
        ASYNC_THROW(self->error);
    puts("too slow");
    ASYNC_END_TRY;

    AWAIT_CATCH(self->error, self->page, coro_wait_for(fetch(1000), CORO_SECONDS(1)));
    printf("page: %s\n", coro_strerror(self->error));
    ASYNC_END;
}

ASYNC(worker, ARGS(coro_queue *, jobs), VARS(int job;))
{
    ASYNC_BEGIN;
    for (;;) {
        AWAIT(coro_queue_get(self->jobs, &self->job));
        printf("job %d\n", self->job);
        coro_queue_task_done(self->jobs);
    }
    ASYNC_END;
}

ASYNC(with_queue, VARS(int buffer[10]; coro_queue jobs; coro_group group; int i;))
{
    ASYNC_BEGIN;
    coro_queue_init(&self->jobs, self->buffer, sizeof self->buffer[0], 10);
    CORO_GROUP(self->group) {
        coro_group_create_task(&self->group, worker(&self->jobs));
        for (self->i = 0; self->i < 3; self->i++)
            AWAIT(coro_queue_put(&self->jobs, &self->i));
        AWAIT(coro_queue_join(&self->jobs));
        coro_group_cancel(&self->group);
    }
    ASYNC_END;
}

static coro_lock lock = CORO_LOCK_INIT;

ASYNC(with_lock, VARS(coro_guard guard;))
{
    ASYNC_BEGIN;
    CORO_LOCKED(self->guard, &lock) {
        AWAIT(log_it("nobody else is in here"));
    }
    ASYNC_END;
}

struct sum {
    int numbers[3], total;
};

static int add_up(void *argument, void **result)
{
    struct sum *sum = argument;
    for (int i = 0; i < 3; i++)
        sum->total += sum->numbers[i]; /* or anything that blocks */
    (void)result; /* it is in *sum */
    return 0;
}

ASYNC(with_thread, VARS(struct sum sum;))
{
    ASYNC_BEGIN;
    self->sum = (struct sum){{1, 2, 3}, 0};
    AWAIT(coro_to_thread(add_up, &self->sum));
    printf("the sum is %d\n", self->sum.total);
    ASYNC_END;
}

ASYNC(main_async)
{
    ASYNC_BEGIN;
    AWAIT(with_task());
    AWAIT(with_gather());
    AWAIT(with_group());
    AWAIT(with_timeout());
    AWAIT(with_queue());
    AWAIT(with_lock());
    AWAIT(with_thread());
    ASYNC_END;
}

int main(void)
{
    return coro_main(main_async());
}
