/* SPDX-License-Identifier: MIT */
/* The tree of a group's errors as an object that outlives group and task: coro_error_group. */
#include "loop_fixture.h"

#include <signal.h>

SUITE(error_group);

static void show(void *context, unsigned depth, int error, const char *name)
{
    (void)context;
    say("%u:%s:%d ", depth, name, error);
}

ASYNC(fails, ARGS(int, error, long, ms))
{
    ASYNC_BEGIN;
    AWAIT(coro_sleep(CORO_MS(self->ms)));
    ASYNC_THROW(self->error);
    ASYNC_END;
}

ASYNC(fails_by_two, VARS(coro_group group;))
{
    ASYNC_BEGIN;
    CORO_GROUP_COLLECT(self->group) {
        coro_group_create_task(&self->group, fails(CORO_EPIPE, 1));
        coro_group_create_task(&self->group, fails(CORO_EIO, 2));
    }
    ASYNC_END;
}

static coro_error_group kept;

ASYNC(keeps_its_errors, VARS(coro_group group; int error;))
{
    ASYNC_BEGIN;
    ASYNC_TRY;
    CORO_GROUP_COLLECT(self->group) {
        coro_group_create_task(&self->group, fails_by_two());
        coro_group_create_task(&self->group, fails(CORO_EINVAL, 5));
        AWAIT(coro_sleep(CORO_MS(9)));
        ASYNC_THROW(CORO_EACCES);
    }
    ASYNC_CATCH(self->error);
    coro_group_take_errors(&self->group, &kept);
    EQ(coro_group_errors(&self->group, NULL, NULL), 0);
    ASYNC_END_TRY;
    EQ(self->error, CORO_EPIPE);
    ASYNC_END;
}

Test(error_group, the_tree_outlives_the_group_and_its_task)
{
    open_loop();
    EQ(coro_loop_run_until_complete(&loop, keeps_its_errors()), 0);
    EQ(coro_error_group_visit(&kept, show, NULL), 5);
    SAID("0:fails_by_two:-32 1:fails:-32 1:fails:-5 0:fails:-22 0:body:-13 ");
    coro_error_group_close(&kept);
    EQ(coro_error_group_visit(&kept, show, NULL), 0);
    coro_error_group_close(&kept);
    close_loop();
    EQ(heard.count, 0);
}

ASYNC(fails_again, VARS(coro_group group; int error, i; coro_error_group first;))
{
    ASYNC_BEGIN;
    for (self->i = 0; self->i < 2; self->i++) {
        ASYNC_TRY;
        CORO_GROUP(self->group) {
            coro_group_create_task(&self->group, fails(self->i == 0 ? CORO_EIO : CORO_EPIPE, 1));
        }
        ASYNC_CATCH(self->error);
        if (self->i == 0)
            coro_group_take_errors(&self->group, &self->first);
        ASYNC_END_TRY;
    }
    coro_error_group_visit(&self->first, show, NULL);
    coro_group_errors(&self->group, show, NULL);
  ASYNC_FINALLY:
    coro_error_group_close(&self->first);
    ASYNC_END;
}

Test(error_group, what_was_taken_is_not_the_next_failures)
{
    EQ(RUN(fails_again()), 0);
    SAID("0:fails:-5 0:fails:-32 ");
}

ASYNC(takes_of_nothing, VARS(coro_group group; coro_error_group errors;))
{
    ASYNC_BEGIN;
    CORO_GROUP(self->group) {
        AWAIT(coro_yield());
    }
    coro_group_take_errors(&self->group, &self->errors);
    EQ(coro_error_group_visit(&self->errors, show, NULL), 0);
    coro_error_group_close(&self->errors);
    ASYNC_END;
}

Test(error_group, a_group_without_errors_gives_none)
{
    EQ(RUN(takes_of_nothing()), 0);
    SAID("");
}

ASYNC(takes_inside, VARS(coro_group group; coro_error_group errors;))
{
    ASYNC_BEGIN;
    CORO_GROUP(self->group) {
        coro_group_take_errors(&self->group, &self->errors);
        AWAIT(coro_yield());
    }
    ASYNC_END;
}

Test(error_group, taking_them_inside_of_the_block_traps, .signal = SIGABRT)
{
    (void)RUN(takes_inside());
}
