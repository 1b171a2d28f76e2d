/* SPDX-License-Identifier: MIT */
/*
 * test_readers.c: functions that the loop calls while a descriptor can be read or written.
 */
#define _GNU_SOURCE
#include "readiness_fixture.h"

SUITE(readers);

typedef struct drain {
    coro_loop *loop;
    int fd, calls, left; /* that many bytes it takes, one a call; then it removes itself */
    bool add_again;
} drain;

static void drains(void *context)
{
    drain *self = context;
    HOLDS(coro_current_task() == NULL);
    self->calls++;
    take(self->fd);
    if (--self->left > 0)
        return;
    HOLDS(coro_loop_remove_reader(self->loop, self->fd));
    HOLDS(!coro_loop_remove_reader(self->loop, self->fd));
    if (self->add_again)
        EQ(coro_loop_add_reader(self->loop, self->fd, drains, self), 0);
}

ASYNC(has_a_reader, VARS(int ends[2]; drain state; int ready, error;))
{
    ASYNC_BEGIN;
    two_ends(self->ends);
    self->state.loop = coro_loop_current();
    self->state.fd = self->ends[0];
    self->state.left = 4;
    EQ(coro_loop_add_reader(self->state.loop, self->ends[0], nothing, NULL), 0);
    EQ(coro_loop_add_reader(self->state.loop, self->ends[0], drains, &self->state), 0);
    AWAIT_CATCH(self->error, self->ready, coro_wait_fd(self->ends[0], CORO_READABLE));
    EQ(self->error, CORO_EBUSY);
    AWAIT(turns_over(1));
    EQ(self->state.calls, 0);
    for (int i = 0; i < 3; i++)
        put(self->ends[1]);
    AWAIT(turns_over(3));
    EQ(self->state.calls, 3); /* one edge, three bytes: as long as there is one */
    put(self->ends[1]);
    AWAIT(turns_over(1));
    EQ(self->state.calls, 4);
    put(self->ends[1]);
    AWAIT(turns_over(1));
    EQ(self->state.calls, 4); /* it has removed itself */
    EQ(added, removed);
    self->state.left = 1;
    self->state.add_again = true;
    put(self->ends[1]);
    EQ(coro_loop_add_reader(self->state.loop, self->ends[0], drains, &self->state), 0);
    EQ(self->state.calls, 4); /* never at once */
    AWAIT(turns_over(2));
    EQ(self->state.calls, 6); /* removed and added again inside of each call, of two bytes */
  ASYNC_FINALLY:
    (void)coro_loop_remove_reader(self->state.loop, self->ends[0]);
    close_ends(self->ends);
    ASYNC_END;
}

Test(readers, a_reader_is_called_as_long_as_there_is_something_to_read)
{
    count_watches();
    EQ(RUN_NET(has_a_reader()), 0);
}

static void writes_until_full(void *context)
{
    drain *self = context;
    self->calls++;
    fill(self->fd);
}

ASYNC(has_a_writer, VARS(int ends[2]; drain state; coro_task *reader;))
{
    ASYNC_BEGIN;
    two_ends(self->ends);
    self->state.loop = coro_loop_current();
    self->state.fd = self->ends[0];
    EQ(coro_loop_add_writer(self->state.loop, self->ends[0], writes_until_full, &self->state), 0);
    self->reader = coro_create_task(waits(self->ends[0], CORO_READABLE)); /* beside it */
    AWAIT(turns_over(3));
    EQ(self->state.calls, 1);
    empty(self->ends[1]);
    AWAIT(turns_over(3));
    EQ(self->state.calls, 2);
    put(self->ends[1]);
    AWAIT(coro_task_join(self->reader));
    SAID("1 ");
    HOLDS(coro_loop_remove_writer(self->state.loop, self->ends[0]));
    HOLDS(!coro_loop_remove_writer(self->state.loop, self->ends[0]));
    HOLDS(!coro_loop_remove_reader(self->state.loop, self->ends[0]));
  ASYNC_FINALLY:
    coro_task_release(self->reader);
    close_ends(self->ends);
    ASYNC_END;
}

Test(readers, a_writer_is_called_when_there_is_room_and_a_reader_may_be_beside_it)
{
    EQ(RUN_NET(has_a_writer()), 0);
}

static int left_ends[2];

ASYNC(leaves_a_reader)
{
    ASYNC_BEGIN;
    two_ends(left_ends);
    EQ(coro_loop_add_reader(coro_loop_current(), left_ends[0], nothing, NULL), 0);
    EQ(coro_loop_add_writer(coro_loop_current(), left_ends[0], nothing, NULL), 0);
    AWAIT(turns_over(1));
    ASYNC_END;
}

Test(readers, a_loop_that_closes_lets_go_of_descriptors_and_does_not_close_them)
{
    coro_loop_options options = {.allocator = {fixture_resize, NULL}};
    EQ(coro_run_with(leaves_a_reader(), &options), 0);
    EQ(memory.blocks, 0);
    EQ(fcntl(left_ends[0], F_GETFD), FD_CLOEXEC);
    close_ends(left_ends);
}

ASYNC(loses_its_reader, VARS(int ends[2]; drain state;))
{
    ASYNC_BEGIN;
    two_ends(self->ends);
    self->state.loop = coro_loop_current();
    self->state.fd = self->ends[0];
    self->state.left = 9;
    EQ(coro_loop_add_reader(self->state.loop, self->ends[0], drains, &self->state), 0);
    AWAIT(turns_over(1));
    put(self->ends[1]);
    poll_errors[0] = ENOMEM; /* asked at the edge: nobody hears of it but by silence */
    AWAIT(turns_over(2));
    EQ(self->state.calls, 0);
    HOLDS(!coro_loop_remove_reader(self->state.loop, self->ends[0]));
    poll_errors[0] = ENOMEM;
    EQ(coro_loop_add_reader(self->state.loop, self->ends[0], drains, &self->state), CORO_ENOMEM);
  ASYNC_FINALLY:
    close_ends(self->ends);
    ASYNC_END;
}

Test(readers, a_reader_that_the_system_cannot_serve_is_removed)
{
    fail_polls();
    EQ(RUN_NET(loses_its_reader()), 0);
}
