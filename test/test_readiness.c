/* SPDX-License-Identifier: MIT */
/*
 * test_readiness.c: tasks that wait for descriptors which somebody else reads and writes.
 */
#define _GNU_SOURCE
#include "readiness_fixture.h"

SUITE(readiness);

ASYNC(finds_ready, VARS(int ends[2];))
{
    ASYNC_BEGIN;
    two_ends(self->ends);
    AWAIT(waits(self->ends[0], CORO_WRITABLE));
    AWAIT(waits(self->ends[0], CORO_READABLE | CORO_WRITABLE));
    put(self->ends[1]);
    AWAIT(waits(self->ends[0], CORO_READABLE));
    AWAIT(waits(self->ends[0], CORO_READABLE | CORO_WRITABLE));
    take(self->ends[0]);
    close(self->ends[1]);
    self->ends[1] = -1;
    AWAIT(waits(self->ends[0], CORO_READABLE)); /* the end, too */
    SAID("2 2 1 3 1 ");
    EQ(added, 0);
  ASYNC_FINALLY:
    close_ends(self->ends);
    ASYNC_END;
}

Test(readiness, what_is_ready_is_not_waited_for)
{
    count_watches();
    EQ(RUN_NET(finds_ready()), 0);
}

ASYNC(is_woken, VARS(int ends[2]; coro_task *task;))
{
    ASYNC_BEGIN;
    two_ends(self->ends);
    self->task = coro_create_task(waits(self->ends[0], CORO_READABLE));
    AWAIT(turns_over(2));
    SAID("");
    put(self->ends[1]);
    AWAIT(coro_task_join(self->task));
    SAID("1 ");
    EQ(added - removed, 0); /* the descriptor is its owner's alone again */
    EQ(added, 1);
  ASYNC_FINALLY:
    coro_task_release(self->task);
    close_ends(self->ends);
    ASYNC_END;
}

Test(readiness, who_waits_is_woken_and_leaves_nothing_behind)
{
    count_watches();
    EQ(RUN_NET(is_woken()), 0);
}

ASYNC(is_cancelled, VARS(int ends[2]; coro_task *task; int error;))
{
    ASYNC_BEGIN;
    two_ends(self->ends);
    self->task = coro_create_task(waits(self->ends[0], CORO_READABLE));
    AWAIT(turns_over(1));
    coro_task_cancel(self->task);
    EQ(removed, 1); /* in the cancel itself */
    AWAIT(coro_task_join(self->task));
    coro_task_release(self->task);
    self->task = coro_create_task(waits(self->ends[0], CORO_READABLE));
    AWAIT(turns_over(1));
    put(self->ends[1]);
    AWAIT(coro_task_join(self->task));
    SAID("CORO_ECANCELED 1 ");
    EQ(removed, 2);
  ASYNC_FINALLY:
    coro_task_release(self->task);
    close_ends(self->ends);
    ASYNC_END;
}

Test(readiness, c133_a_cancelled_wait_takes_its_watcher_with_it_and_not_the_next_ones)
{
    count_watches();
    EQ(RUN_NET(is_cancelled()), 0);
}

/* Somebody else has read what woke us: nobody is told. */
ASYNC(is_robbed, VARS(int ends[2]; coro_task *task;))
{
    ASYNC_BEGIN;
    two_ends(self->ends);
    self->task = coro_create_task(waits(self->ends[0], CORO_READABLE));
    AWAIT(turns_over(1));
    put(self->ends[1]);
    take(self->ends[0]);
    AWAIT(turns_over(2));
    SAID("");
    put(self->ends[1]);
    AWAIT(coro_task_join(self->task));
    SAID("1 ");
  ASYNC_FINALLY:
    coro_task_release(self->task);
    close_ends(self->ends);
    ASYNC_END;
}

Test(readiness, an_edge_whose_reason_is_gone_wakes_nobody)
{
    EQ(RUN_NET(is_robbed()), 0);
}

ASYNC(shares, VARS(int ends[2]; coro_task *reader, *writer;))
{
    ASYNC_BEGIN;
    two_ends(self->ends);
    fill(self->ends[0]);
    self->reader = coro_create_task(waits(self->ends[0], CORO_READABLE));
    self->writer = coro_create_task(waits(self->ends[0], CORO_WRITABLE));
    AWAIT(turns_over(1));
    AWAIT(waits(self->ends[0], CORO_READABLE));
    AWAIT(waits(self->ends[0], CORO_WRITABLE));
    AWAIT(waits(self->ends[0], CORO_WRITABLE | CORO_READABLE));
    empty(self->ends[1]);
    AWAIT(coro_task_join(self->writer));
    put(self->ends[1]);
    AWAIT(coro_task_join(self->reader));
    SAID("CORO_EBUSY CORO_EBUSY CORO_EBUSY 2 1 ");
    coro_task_release(self->reader);
    take(self->ends[0]);
    fill(self->ends[0]);
    self->reader = coro_create_task(waits(self->ends[0], CORO_WRITABLE | CORO_READABLE));
    AWAIT(turns_over(1));
    empty(self->ends[1]); /* one task, either direction */
    AWAIT(coro_task_join(self->reader));
    SAID("CORO_EBUSY CORO_EBUSY CORO_EBUSY 2 1 2 ");
  ASYNC_FINALLY:
    coro_task_release(self->reader);
    coro_task_release(self->writer);
    close_ends(self->ends);
    ASYNC_END;
}

Test(readiness, each_direction_has_one_waiter)
{
    EQ(RUN_NET(shares()), 0);
}

ASYNC(misuses, VARS(int ends[2]; coro_stream *stream; int ready, error;))
{
    ASYNC_BEGIN;
    two_ends(self->ends);
    EQ(coro_stream_from_fd(&self->stream, self->ends[0]), 0);
    AWAIT_CATCH(self->error, self->ready, coro_wait_fd(self->ends[0], CORO_READABLE));
    EQ(self->error, CORO_EBUSY);
    EQ(coro_loop_add_reader(coro_loop_current(), self->ends[0], free, NULL),
       CORO_EBUSY);
    AWAIT_CATCH(self->error, self->ready, coro_wait_fd(self->ends[1], 0));
    EQ(self->error, CORO_EINVAL);
    AWAIT_CATCH(self->error, self->ready, coro_wait_fd(self->ends[1], 4));
    EQ(self->error, CORO_EINVAL);
    AWAIT_CATCH(self->error, self->ready, coro_wait_fd(-1, CORO_READABLE));
    EQ(self->error, CORO_EBADF);
    AWAIT_CATCH(self->error, self->ready, coro_wait_fd(1023, CORO_READABLE));
    EQ(self->error, CORO_EBADF);
    EQ(coro_loop_add_reader(coro_loop_current(), -1, free, NULL), CORO_EBADF);
    EQ(coro_loop_add_writer(coro_loop_current(), 1023, free, NULL), CORO_EBADF);
    exhaust_memory();
    AWAIT_CATCH(self->error, self->ready, coro_wait_fd(self->ends[1], CORO_READABLE));
    EQ(self->error, CORO_ENOMEM);
    EQ(coro_loop_add_reader(coro_loop_current(), self->ends[1], free, NULL),
       CORO_ENOMEM);
    memory.fail_from = 0;
    coro_notify_closing(self->ends[0]); /* a stream's: nothing happens */
    coro_notify_closing(self->ends[1]);
  ASYNC_FINALLY:
    coro_stream_abort(&self->stream);
    close(self->ends[1]);
    ASYNC_END;
}

Test(readiness, what_cannot_be_waited_for_is_an_error)
{
    coro_loop_options options = {.allocator = {fixture_resize, NULL}};
    EQ(coro_run_with(misuses(), &options), 0);
    EQ(memory.blocks, 0);
}

ASYNC(has_no_descriptors, VARS(int ready, error;))
{
    ASYNC_BEGIN;
    AWAIT_CATCH(self->error, self->ready, coro_wait_fd(0, CORO_READABLE));
    EQ(self->error, CORO_ENOSYS);
    EQ(coro_loop_add_reader(coro_loop_current(), 0, free, NULL), CORO_ENOSYS);
    EQ(coro_loop_add_writer(coro_loop_current(), 0, free, NULL), CORO_ENOSYS);
    HOLDS(!coro_loop_remove_reader(coro_loop_current(), 0));
    ASYNC_END;
}

Test(readiness, a_simulation_waits_for_no_descriptors)
{
    coro_loop_options options = {.backend = coro_backend_named("sim")};
    EQ(coro_run_with(has_no_descriptors(), &options), 0);
}

ASYNC(reads_files, VARS(int file, directory;))
{
    ASYNC_BEGIN;
    self->file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    self->directory = open("/", O_RDONLY | O_CLOEXEC | O_DIRECTORY);
    AWAIT(waits(self->file, CORO_READABLE | CORO_WRITABLE));
    AWAIT(waits(self->directory, CORO_READABLE));
    SAID("3 1 ");
    close(self->file);
    close(self->directory);
    ASYNC_END;
}

Test(readiness, f039_files_and_directories_are_ready_at_once)
{
    EQ(RUN_NET(reads_files()), 0);
}

/* --- when the system fails ---------------------------------------------------------------- */

static int refuse; /* the next epoll_ctl that adds or changes fails with this errno */

static int refusing_epoll_ctl(int epoll, int op, int fd, struct epoll_event *event)
{
    if (op == EPOLL_CTL_DEL || refuse == 0)
        return real.epoll_ctl(epoll, op, fd, event);
    errno = refuse;
    refuse = 0;
    return -1;
}

ASYNC(is_refused, VARS(int ends[2]; int ready, error;))
{
    static const int errors[] = {ENOSPC, ENOMEM};
    ASYNC_BEGIN;
    two_ends(self->ends);
    fill(self->ends[0]);
    for (self->error = 0; self->ready < 2; self->ready++) {
        refuse = errors[self->ready];
        EQ(coro_loop_add_reader(coro_loop_current(), self->ends[0], free, NULL),
           -errors[self->ready]);
    }
    refuse = ENOSPC;
    AWAIT_CATCH(self->error, self->ready, coro_wait_fd(self->ends[0], CORO_WRITABLE));
    EQ(self->error, -ENOSPC);
    refuse = ENOSPC;
    AWAIT_CATCH(self->error, self->ready,
                coro_wait_fd(self->ends[0], CORO_WRITABLE | CORO_READABLE));
    EQ(self->error, -ENOSPC);
    AWAIT_CATCH(self->error, self->ready,
                coro_wait_for(coro_wait_fd(self->ends[0], CORO_WRITABLE), CORO_MS(5)));
    EQ(self->error, CORO_ETIMEDOUT);
  ASYNC_FINALLY:
    close_ends(self->ends);
    ASYNC_END;
}

Test(readiness, f041_a_watch_that_the_system_refuses_fails_one_wait)
{
    real = coro_sys;
    coro_sys.epoll_ctl = refusing_epoll_ctl;
    EQ(RUN_NET(is_refused()), 0);
}

ASYNC(cannot_ask, VARS(int ends[2]; coro_task *task; int ready, error;))
{
    ASYNC_BEGIN;
    two_ends(self->ends);
    put(self->ends[1]);
    poll_errors[0] = poll_errors[1] = EINTR;
    AWAIT(waits(self->ends[0], CORO_READABLE));
    poll_errors[0] = ENOMEM;
    AWAIT(waits(self->ends[0], CORO_READABLE));
    take(self->ends[0]);
    self->task = coro_create_task(waits(self->ends[0], CORO_READABLE));
    AWAIT(turns_over(1));
    put(self->ends[1]);
    poll_errors[0] = ENOMEM;
    AWAIT(coro_task_join(self->task));
    SAID("1 CORO_ENOMEM CORO_ENOMEM ");
    AWAIT(waits(self->ends[0], CORO_READABLE));
  ASYNC_FINALLY:
    coro_task_release(self->task);
    close_ends(self->ends);
    ASYNC_END;
}

Test(readiness, a_poll_that_fails_is_the_waits_error_and_an_interrupted_one_is_called_again)
{
    fail_polls();
    EQ(RUN_NET(cannot_ask()), 0);
}

ASYNC(is_closed_behind, VARS(int ends[2], other[2]; coro_task *task; coro_stream *stream;))
{
    ASYNC_BEGIN;
    two_ends(self->ends);
    self->task = coro_create_task(waits(self->ends[0], CORO_READABLE));
    AWAIT(turns_over(1));
    close(self->ends[0]);
    two_ends(self->other); /* the number is taken again */
    EQ(self->other[0], self->ends[0]);
    EQ(coro_stream_from_fd(&self->stream, self->other[0]), 0);
    AWAIT(coro_task_join(self->task));
    SAID("CORO_EBADF ");
    AWAIT(coro_stream_write(self->stream, "y", 1));
    AWAIT(turns_over(1));
    take(self->other[1]);
  ASYNC_FINALLY:
    coro_task_release(self->task);
    coro_stream_abort(&self->stream);
    close(self->other[1]);
    close(self->ends[1]);
    ASYNC_END;
}

Test(readiness, f042_a_descriptor_that_was_closed_behind_our_back_is_an_error)
{
    EQ(RUN_NET(is_closed_behind()), 0);
}

ASYNC(is_told, VARS(int ends[2]; coro_task *task; int error;))
{
    ASYNC_BEGIN;
    two_ends(self->ends);
    self->task = coro_create_task(coro_wait_fd(self->ends[0], CORO_READABLE));
    EQ(coro_loop_add_writer(coro_loop_current(), self->ends[0], nothing, NULL), 0);
    AWAIT(turns_over(1));
    coro_notify_closing(self->ends[0]);
    AWAIT_CATCH(self->error, coro_task_join(self->task));
    EQ(self->error, CORO_ECLOSED);
    HOLDS(!coro_loop_remove_writer(coro_loop_current(), self->ends[0]));
  ASYNC_FINALLY:
    coro_task_release(self->task);
    close_ends(self->ends);
    ASYNC_END;
}

Test(readiness, who_says_that_it_closes_ends_all_waits)
{
    EQ(RUN_NET(is_told()), 0);
}
