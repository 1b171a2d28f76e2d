/* SPDX-License-Identifier: MIT */
/*
 * test_context.c: variables of a task and of what it starts: inherited, set, set back; shared
 * contexts; callbacks, threads, and no memory.
 */
#include "loop_fixture.h"

#include <coro/callback.h>
#include <coro/context.h>

#include <pthread.h>
#include <signal.h>

SUITE(context);

typedef struct pair {
    double x;
    char name[20];
} pair;

CORO_CONTEXT_VAR(int, level, -1);
CORO_CONTEXT_VAR(const char *, user, "nobody");
static const pair zero_pair = {0, "zero"};
CORO_CONTEXT_VAR(pair, place, {1.5, "default"});

#define GET coro_context_get(level)
#define SET(value) EQ(coro_context_set(level, value, NULL), 0)

/* --- tasks ------------------------------------------------------------------------------------ */

ASYNC(child, ARGS(char, name, int, value))
{
    ASYNC_BEGIN;
    say("%c%d ", self->name, GET);
    AWAIT(coro_yield());
    SET(self->value);
    AWAIT(coro_yield());
    AWAIT(coro_yield());
    say("%c%d ", self->name, GET);
    ASYNC_END;
}

ASYNC(callee)
{
    ASYNC_BEGIN;
    AWAIT(coro_yield());
    SET(GET + 1);
    ASYNC_END;
}

ASYNC(inherits, VARS(coro_task *a, *b;))
{
    ASYNC_BEGIN;
    say("%d %s ", GET, coro_context_get(user));
    SET(5);
    self->a = coro_create_task(child('a', 10));
    SET(6); /* the child was made before */
    self->b = coro_create_task(child('b', 20));
    AWAIT(coro_task_join(self->a));
    AWAIT(coro_task_join(self->b));
    say("%d ", GET);
    AWAIT(callee()); /* a callee is the same task */
    say("%d", GET);
    coro_task_release(self->a);
    coro_task_release(self->b);
    ASYNC_END;
}

Test(context, a_task_begins_with_its_makers_values_and_has_its_own_from_then_on)
{
    EQ(RUN(inherits()), 0);
    SAID("-1 nobody a5 b6 a10 b20 6 7");
}

ASYNC(in_a_group, VARS(coro_group group;))
{
    ASYNC_BEGIN;
    SET(3);
    CORO_GROUP(self->group) {
        coro_group_create_task(&self->group, child('a', 1));
        coro_group_create_task(&self->group, child('b', 2));
    }
    say("%d", GET);
    ASYNC_END;
}

Test(context, children_of_groups_inherit_too)
{
    EQ(RUN(in_a_group()), 0);
    SAID("a3 b3 a1 b2 3");
}

ASYNC(several)
{
    ASYNC_BEGIN;
    cr_assert(eq(str, TEXT(coro_context_get(place).name), TEXT("default")));
    EQ(coro_context_set(place, zero_pair, NULL), 0);
    EQ(coro_context_set(user, "me", NULL), 0);
    SET(1);
    cr_assert(eq(str, TEXT(coro_context_get(place).name), TEXT("zero")));
    cr_assert(eq(str, TEXT(coro_context_get(user)), TEXT("me")));
    EQ(coro_context_set(user, "you", NULL), 0);
    cr_assert(eq(str, TEXT(coro_context_get(user)), TEXT("you")));
    EQ(GET, 1);
    AWAIT(coro_yield());
    EQ(GET, 1);
    ASYNC_END;
}

Test(context, variables_of_any_type_stand_side_by_side)
{
    EQ(RUN(several()), 0);
}

/* --- memory ----------------------------------------------------------------------------------- */

static coro_task *kept;

ASYNC(waits_until_cancelled, VARS(coro_future future;))
{
    ASYNC_BEGIN;
    AWAIT(coro_future_wait(&self->future));
    ASYNC_END;
}

ASYNC(sets_for_ever, VARS(int i; size_t live;))
{
    ASYNC_BEGIN;
    EQ(coro_context_set(user, "x", NULL), 0);
    SET(0);
    for (self->i = 0; self->i < 1000; self->i++) {
        kept = coro_create_task(waits_until_cancelled()); /* it shares the list as it is */
        AWAIT(coro_yield());
        SET(self->i);
        EQ(coro_context_set(user, "y", NULL), 0);
        EQ(GET, self->i);
        coro_task_cancel(kept);
        AWAIT(coro_yield());
        coro_task_release(kept);
        if (self->i == 10)
            self->live = loop.pool.live;
    }
    EQ(loop.pool.live, self->live);
    ASYNC_END;
}

Test(context, what_is_set_again_and_again_takes_no_more_memory)
{
    EQ(RUN(sets_for_ever()), 0);
}

ASYNC(sets_without_memory, VARS(coro_context_token first, token; int i, error;))
{
    ASYNC_BEGIN;
    SET(0);
    EQ(coro_context_set(level, 1, &self->first), 0);
    EQ(coro_context_set(user, "me", NULL), 0);
    kept = coro_create_task(waits_until_cancelled());
    AWAIT(coro_yield());
    memory.fail_from = memory.calls + 1;
    while (coro_pool_take_(&loop.pool, 48) != NULL) { /* freed with the pool */
    }
    for (self->i = 0; self->error == 0 && self->i < 9; self->i++)
        self->error = coro_context_set(level, 7, &self->token);
    EQ(self->error, CORO_ENOMEM);
    EQ(GET, 1);
    EQ(coro_context_reset(&self->token), CORO_EALREADY);
    EQ(coro_context_reset(&self->first), CORO_ENOMEM);
    EQ(GET, 1);
    memory.fail_from = 0;
    EQ(coro_context_reset(&self->first), 0); /* it could be used still */
    EQ(GET, 0);
    coro_task_release(kept);
    ASYNC_END;
}

Test(context, without_memory_nothing_is_changed)
{
    open_loop();
    EQ(coro_loop_run_until_complete(&loop, sets_without_memory()), 0);
    coro_loop_close(&loop);
    EQ(memory.blocks, 0);
}

ASYNC(copies_without_memory, VARS(void *block; int error;))
{
    ASYNC_BEGIN;
    SET(1);
    EQ(coro_context_set(user, "me", NULL), 0);
    kept = coro_create_task(waits_until_cancelled());
    AWAIT(coro_yield());
    self->block = coro_pool_take_(&loop.pool, 48);
    exhaust_memory();
    coro_pool_give_(&loop.pool, self->block, 48); /* for level's; none for a copy of user's */
    memory.fail_from = CORO_POOL_LISTS_ ? memory.fail_from : memory.calls + 2;
    EQ(coro_context_set(level, 7, NULL), CORO_ENOMEM);
    memory.fail_from = 0;
    EQ(GET, 1);
    HOLDS(strcmp(coro_context_get(user), "me") == 0);
    coro_task_release(kept);
    ASYNC_END;
}

Test(context, a_shared_list_that_cannot_be_copied_stays)
{
    open_loop();
    EQ(coro_loop_run_until_complete(&loop, copies_without_memory()), 0);
    coro_loop_close(&loop);
    EQ(memory.blocks, 0);
}

/* --- tokens ----------------------------------------------------------------------------------- */

static coro_context_token others;

ASYNC(resets_anothers)
{
    ASYNC_BEGIN;
    EQ(coro_context_reset(&others), CORO_EINVAL);
    ASYNC_END;
}

ASYNC(resets, VARS(coro_context_token a, b, c, unused;))
{
    ASYNC_BEGIN;
    EQ(coro_context_set(level, 1, &self->a), 0);
    EQ(coro_context_set(user, "me", &self->c), 0);
    EQ(coro_context_set(level, 2, &self->b), 0);
    AWAIT(coro_yield());
    EQ(coro_context_reset(&self->b), 0);
    EQ(GET, 1);
    cr_assert(eq(str, TEXT(coro_context_get(user)), TEXT("me"))); /* it stays */
    EQ(coro_context_reset(&self->b), CORO_EALREADY);
    EQ(coro_context_reset(&self->a), 0);
    EQ(GET, -1);
    EQ(coro_context_reset(&self->c), 0);
    cr_assert(eq(str, TEXT(coro_context_get(user)), TEXT("nobody")));
    EQ(coro_context_reset(&self->unused), CORO_EALREADY);
    coro_context_forget(&self->unused);
    EQ(coro_context_set(level, 3, &others), 0);
    EQ(coro_context_set(level, 4, &self->a), 0);
    kept = coro_create_task(resets_anothers());
    AWAIT(coro_task_join(kept));
    coro_task_release(kept);
    coro_context_forget(&self->a);
    EQ(coro_context_reset(&others), 0); /* out of order is fine */
    EQ(GET, -1);
    ASYNC_END;
}

Test(context, a_token_sets_one_variable_back_once_where_it_was_made)
{
    EQ(RUN(resets()), 0);
}

/* --- callbacks -------------------------------------------------------------------------------- */

static void called(void *context)
{
    (void)context;
    say("c%d ", GET);
    SET(GET + 10);
    coro_task_release(coro_create_task(child('t', 1)));
}

static coro_handle first, second;

ASYNC(calls_back)
{
    ASYNC_BEGIN;
    SET(1);
    coro_loop_call_soon(&loop, &first, called, NULL);
    coro_loop_call_soon(&loop, &second, called, NULL);
    AWAIT(coro_sleep(CORO_MS(1)));
    say("%d", GET);
    ASYNC_END;
}

Test(context, plain_callbacks_have_the_loops_context)
{
    EQ(RUN(calls_back()), 0);
    SAID("c-1 c9 t9 t19 t1 t1 1");
}

/* --- contexts as objects ---------------------------------------------------------------------- */

ASYNC(counts_up)
{
    ASYNC_BEGIN;
    say("%d ", GET);
    AWAIT(coro_yield());
    SET(GET < 0 ? 1 : GET + 1);
    ASYNC_END;
}

Test(conformance, c146_run_keeps_context)
{
    coro_context context = CORO_CONTEXT_INIT;
    open_loop();
    for (int i = 0; i < 3; i++) {
        coro_task *task = coro_create_task_in(&loop, &context, counts_up());
        EQ(coro_loop_run_task(&loop, task), 0);
        coro_task_release(task);
    }
    SAID("-1 1 2 ");
    close_loop();
    EQ(GET, -1);
    EQ(coro_context_enter(&context), 0);
    EQ(GET, 3); /* it outlives the loop */
    coro_context_leave(&context);
    coro_context_clear(&context);
    coro_context_clear(&context);
}

static coro_context common;

ASYNC(shares, VARS(coro_task *a, *b;))
{
    ASYNC_BEGIN;
    SET(100);
    self->a = coro_create_task_in(NULL, &common, callee());
    self->b = coro_create_task_in(NULL, &common, callee());
    AWAIT(coro_task_join(self->a));
    AWAIT(coro_task_join(self->b));
    coro_task_release(self->a);
    coro_task_release(self->b);
    say("%d ", GET);
    EQ(coro_context_enter(&common), 0);
    EQ(coro_context_enter(&common), CORO_EBUSY);
    AWAIT(coro_yield());
    say("%d ", GET); /* also over an await */
    SET(50);
    kept = coro_create_task(child('k', 51));
    coro_context_leave(&common);
    AWAIT(coro_task_join(kept));
    coro_task_release(kept);
    say("%d", GET);
    ASYNC_END;
}

Test(context, several_tasks_share_one)
{
    EQ(RUN(shares()), 0);
    SAID("100 1 k50 k51 100");
    coro_context_clear(&common);
}

static void says_and_sets(void *argument)
{
    int *value = argument;
    say("%d ", GET);
    SET(*value);
}

Test(context, a_function_runs_in_one)
{
    coro_context inner = CORO_CONTEXT_INIT;
    int one = 1, two = 2;
    EQ(coro_context_run(&inner, says_and_sets, &one), 0);
    EQ(coro_context_run(&inner, says_and_sets, &two), 0);
    EQ(coro_context_enter(&inner), 0);
    EQ(coro_context_run(&inner, says_and_sets, &two), CORO_EBUSY);
    coro_context_leave(&inner);
    EQ(GET, -1);
    SAID("-1 1 ");
    coro_context_clear(&inner);
}

static void *in_thread(void *argument)
{
    coro_context *context = argument;
    EQ(GET, -1);
    EQ(coro_context_enter(context), 0);
    EQ(GET, 8);
    SET(9);
    EQ(coro_context_set(user, "thread", NULL), 0);
    coro_context_leave(context);
    return NULL;
}

ASYNC(goes_to_a_thread, VARS(coro_context copy; pthread_t thread;))
{
    ASYNC_BEGIN;
    SET(8);
    EQ(coro_context_set(place, zero_pair, NULL), 0);
    EQ(coro_context_copy(&self->copy), 0);
    EQ(pthread_create(&self->thread, NULL, in_thread, &self->copy), 0);
    SET(1);
    EQ(pthread_join(self->thread, NULL), 0);
    EQ(GET, 1);
    cr_assert(eq(str, TEXT(coro_context_get(user)), TEXT("nobody")));
    EQ(coro_context_enter(&self->copy), 0);
    EQ(GET, 9);
    cr_assert(eq(str, TEXT(coro_context_get(place).name), TEXT("zero")));
    coro_context_leave(&self->copy);
    coro_context_clear(&self->copy);
    ASYNC_END;
}

Test(context, a_copy_is_carried_into_a_thread)
{
    EQ(RUN(goes_to_a_thread()), 0);
}

ASYNC(says_it)
{
    ASYNC_BEGIN;
    say("%d ", GET);
    SET(1);
    ASYNC_END;
}

Test(context, a_loop_begins_with_its_threads_values)
{
    coro_context_token token;
    EQ(coro_context_set(level, 77, &token), 0);
    EQ(RUN(says_it()), 0);
    EQ(GET, 77);
    EQ(coro_context_reset(&token), 0);
    EQ(RUN(says_it()), 0);
    SAID("77 -1 ");
}

/* --- misuse ----------------------------------------------------------------------------------- */

Test(context, leaving_what_was_not_entered_last_traps, .signal = SIGABRT)
{
    coro_context a = CORO_CONTEXT_INIT, b = CORO_CONTEXT_INIT;
    (void)coro_context_enter(&a);
    (void)coro_context_enter(&b);
    coro_context_leave(&a);
}

Test(context, clearing_one_that_is_entered_traps, .signal = SIGABRT)
{
    coro_context a = CORO_CONTEXT_INIT;
    (void)coro_context_enter(&a);
    coro_context_clear(&a);
}

Test(context, copying_into_one_that_is_not_empty_traps, .signal = SIGABRT)
{
    coro_context a = CORO_CONTEXT_INIT;
    SET(1);
    EQ(coro_context_copy(&a), 0);
    (void)coro_context_copy(&a);
}
