/* SPDX-License-Identifier: MIT */
/* The epoll backend: descriptors and clock. Its faults: test_faults_poll.c. */
#define _GNU_SOURCE
#include "poll_fixture.h"

SUITE(poll);

/* --- readiness ---------------------------------------------------------------------------- */

ASYNC(write_later, ARGS(int, fd, const char *, text))
{
    ASYNC_BEGIN;
    AWAIT(coro_sleep(CORO_MS(2)));
    EQ(write(self->fd, self->text, strlen(self->text)), strlen(self->text));
    ASYNC_END;
}

ASYNC(read_when_it_comes, VARS(int fds[2]; watch in; coro_task *writer; long n; char text[8];))
{
    ASYNC_BEGIN;
    make_pair(self->fds);
    EQ(watch_open(&self->in, self->fds[0]), 0);
    self->writer = coro_create_task(write_later(self->fds[1], "hello"));
    AWAIT(self->n, read_some(&self->in, self->text, sizeof self->text));
    EQ(self->n, 5);
    EQ(memcmp(self->text, "hello", 5), 0);
    EQ(self->in.told, 1);
    EQ(self->in.directions, CORO_FD_READ);
    coro_task_release(self->writer);
    coro_fd_close(&self->in.fd);
    close(self->fds[1]);
    ASYNC_END;
}

Test(poll, a_reader_waits_until_something_comes)
{
    EQ(RUN(read_when_it_comes()), 0);
}

ASYNC(echo, ARGS(watch *, on, int, rounds), VARS(long n; char text[64];))
{
    ASYNC_BEGIN;
    while (self->rounds-- > 0) {
        AWAIT(self->n, read_some(self->on, self->text, sizeof self->text));
        EQ(write(self->on->fd.fd, self->text, (size_t)self->n), self->n);
    }
    ASYNC_END;
}

ASYNC(ping_pong, VARS(int fds[2]; watch a, b;))
{
    ASYNC_BEGIN;
    make_pair(self->fds);
    EQ(watch_open(&self->a, self->fds[0]), 0);
    EQ(watch_open(&self->b, self->fds[1]), 0);
    EQ(write(self->fds[0], "x", 1), 1);
    AWAIT(coro_gather(coro_only(echo(&self->b, 100)), coro_only(echo(&self->a, 100))));
    EQ(calls.ctl, 2);
    EQ(self->a.told + self->b.told, 200 - 2); /* the first messages were there at once */
    coro_fd_close(&self->a.fd);
    coro_fd_close(&self->b.fd);
    ASYNC_END;
}

Test(poll, waiting_again_costs_no_system_call)
{
    watch_calls();
    EQ(RUN(ping_pong()), 0);
}

ASYNC(write_when_there_is_room, VARS(int fds[2]; watch out; char block[4096]; long filled; long n;))
{
    ASYNC_BEGIN;
    make_pair(self->fds);
    EQ(watch_open(&self->out, self->fds[0]), 0);
    memset(self->block, 'x', sizeof self->block);
    while ((self->n = write(self->fds[0], self->block, sizeof self->block)) > 0)
        self->filled += self->n;
    EQ(errno, EAGAIN);
    coro_fd_drained(&self->out.fd, CORO_FD_WRITE);
    HOLDS(!coro_fd_may_try(&self->out.fd, CORO_FD_WRITE));
    EQ(coro_fd_want(&self->out.fd, CORO_FD_WRITE), 0);
    AWAIT(coro_sleep(CORO_MS(2)));
    EQ(self->out.told, 0);
    while ((self->n = read(self->fds[1], self->block, sizeof self->block)) > 0)
        self->filled -= self->n;
    AWAIT(coro_flag_wait(&self->out.flag));
    EQ(self->filled, 0);
    EQ(self->out.directions, CORO_FD_WRITE);
    HOLDS(coro_fd_may_try(&self->out.fd, CORO_FD_WRITE));
    coro_fd_close(&self->out.fd);
    close(self->fds[1]);
    ASYNC_END;
}

Test(poll, a_writer_waits_until_there_is_room)
{
    EQ(RUN(write_when_there_is_room()), 0);
}

ASYNC(read_then_write, VARS(int fds[2]; watch on; long n; char text[8];))
{
    ASYNC_BEGIN;
    make_pair(self->fds);
    EQ(watch_open(&self->on, self->fds[0]), 0);
    EQ(coro_fd_want(&self->on.fd, CORO_FD_READ), 0);
    AWAIT(coro_yield());
    EQ(calls.ctl, 1);
    EQ(self->on.told, 0);
    EQ(coro_fd_want(&self->on.fd, CORO_FD_WRITE), 0); /* registers again, and there is room */
    EQ(calls.ctl, 2);
    AWAIT(coro_flag_wait(&self->on.flag));
    EQ(self->on.directions, CORO_FD_WRITE);
    EQ(write(self->fds[1], "x", 1), 1);
    AWAIT(coro_flag_wait(&self->on.flag));
    EQ(self->on.directions, CORO_FD_READ | CORO_FD_WRITE);
    EQ(calls.ctl, 2);
    coro_fd_close(&self->on.fd);
    close(self->fds[1]);
    ASYNC_END;
}

Test(poll, both_directions_are_registered_once_each)
{
    watch_calls();
    EQ(RUN(read_then_write()), 0);
}

/* --- the end of data ---------------------------------------------------------------------- */

ASYNC(f012, VARS(int fds[2]; watch in; long n; char text[8];))
{
    ASYNC_BEGIN;
    make_pair(self->fds);
    EQ(watch_open(&self->in, self->fds[0]), 0);
    EQ(coro_fd_want(&self->in.fd, CORO_FD_READ), 0);
    EQ(write(self->fds[1], "abc", 3), 3);
    EQ(close(self->fds[1]), 0);
    AWAIT(coro_flag_wait(&self->in.flag));
    EQ(self->in.told, 1);
    AWAIT(self->n, read_some(&self->in, self->text, sizeof self->text));
    EQ(self->n, 3);
    AWAIT(self->n, read_some(&self->in, self->text, sizeof self->text));
    EQ(self->n, 0); /* without another edge, which never comes */
    AWAIT(self->n, read_some(&self->in, self->text, sizeof self->text));
    EQ(self->n, 0);
    EQ(self->in.told, 1);
    coro_fd_close(&self->in.fd);
    ASYNC_END;
}

Test(poll, f012_data_and_fin_in_one_edge)
{
    EQ(RUN(f012()), 0);
}

ASYNC(f013, VARS(int fds[2]; watch in; long n; char text[3];))
{
    ASYNC_BEGIN;
    make_pair(self->fds);
    EQ(watch_open(&self->in, self->fds[0]), 0);
    EQ(coro_fd_want(&self->in.fd, CORO_FD_READ), 0);
    EQ(write(self->fds[1], "abc", 3), 3);
    EQ(close(self->fds[1]), 0);
    AWAIT(coro_flag_wait(&self->in.flag));
    AWAIT(self->n, read_some(&self->in, self->text, sizeof self->text));
    EQ(self->n, 3);
    AWAIT(self->n, read_some(&self->in, self->text, sizeof self->text));
    EQ(self->n, 0);
    coro_fd_close(&self->in.fd);
    ASYNC_END;
}

Test(poll, f013_data_and_fin_with_the_buffer_exactly_filled)
{
    EQ(RUN(f013()), 0);
}

/* An owner that asks although the end is known is called back once, then believed. */
ASYNC(ask_at_the_end, VARS(int fds[2]; watch in; int error;))
{
    ASYNC_BEGIN;
    make_pair(self->fds);
    EQ(watch_open(&self->in, self->fds[0]), 0);
    EQ(coro_fd_want(&self->in.fd, CORO_FD_READ), 0);
    EQ(shutdown(self->fds[1], SHUT_WR), 0);
    AWAIT(coro_flag_wait(&self->in.flag));
    AWAIT(until_ready(&self->in, CORO_FD_READ));
    EQ(self->in.told, 2);
    AWAIT_CATCH(self->error, coro_wait_for(until_ready(&self->in, CORO_FD_READ), CORO_MS(5)));
    EQ(self->error, CORO_ETIMEDOUT);
    EQ(self->in.told, 2);
    coro_fd_close(&self->in.fd);
    close(self->fds[1]);
    ASYNC_END;
}

Test(poll, asking_at_the_end_of_data_neither_hangs_nor_spins)
{
    EQ(RUN(ask_at_the_end()), 0);
}

/* --- giving up ---------------------------------------------------------------------------- */

ASYNC(wait_for_ever, VARS(int fds[2]; watch in; int error;))
{
    ASYNC_BEGIN;
    make_pair(self->fds);
    EQ(watch_open(&self->in, self->fds[0]), 0);
    AWAIT_CATCH(self->error, coro_wait_for(until_ready(&self->in, CORO_FD_READ), CORO_MS(1)));
    EQ(self->error, CORO_ETIMEDOUT);
    EQ(coro_loop_current()->sources, 0);
    EQ(write(self->fds[1], "x", 1), 1);
    AWAIT(coro_sleep(CORO_MS(1)));
    EQ(self->in.told, 0);
    HOLDS(coro_fd_may_try(&self->in.fd, CORO_FD_READ)); /* noted all the same */
    coro_fd_close(&self->in.fd);
    coro_fd_close(&self->in.fd); /* closed: nothing */
    EQ(coro_fd_want(&self->in.fd, CORO_FD_READ), CORO_EBADF);
    close(self->fds[1]);
    AWAIT(coro_flag_wait(&self->in.flag)); /* nobody will */
    ASYNC_END;
}

static void no_report(void *context, const coro_report *report)
{
    (void)context, (void)report;
}

Test(poll, who_does_not_wait_is_not_told_and_does_not_hide_a_deadlock)
{
    coro_loop_options options = {.backend = &coro_epoll_backend, .report = no_report};
    EQ(coro_run_with(wait_for_ever(), &options), CORO_EDEADLK);
}

ASYNC(leave_open, ARGS(watch *, on), VARS(int fds[2];))
{
    ASYNC_BEGIN;
    make_pair(self->fds);
    EQ(watch_open(self->on, self->fds[0]), 0);
    close(self->fds[1]);
    ASYNC_END;
}

Test(poll, a_loop_closes_the_descriptors_that_are_left_in_it)
{
    static watch left;
    EQ(RUN(leave_open(&left)), 0); /* counts descriptors */
    EQ(left.fd.fd, -1);
    coro_fd_close(&left.fd);
}

ASYNC(hand_over, VARS(int fds[2]; watch in; int fd;))
{
    ASYNC_BEGIN;
    make_pair(self->fds);
    EQ(watch_open(&self->in, self->fds[0]), 0);
    EQ(coro_fd_want(&self->in.fd, CORO_FD_READ), 0);
    self->fd = coro_fd_detach(&self->in.fd);
    EQ(self->fd, self->fds[0]);
    EQ(coro_fd_detach(&self->in.fd), -1);
    HOLDS(is_open(self->fd));
    EQ(write(self->fds[1], "x", 1), 1);
    AWAIT(coro_sleep(CORO_MS(1)));
    EQ(self->in.told, 0);
    EQ(watch_open(&self->in, self->fd), 0); /* and back */
    AWAIT(until_ready(&self->in, CORO_FD_READ));
    coro_fd_close(&self->in.fd);
    close(self->fds[1]);
    ASYNC_END;
}

Test(poll, a_descriptor_can_be_taken_back_alive)
{
    EQ(RUN(hand_over()), 0);
}

ASYNC(high_numbers, VARS(int fds[2]; watch in; int high;))
{
    ASYNC_BEGIN;
    make_pair(self->fds);
    self->high = fcntl(self->fds[0], F_DUPFD_CLOEXEC, 1000);
    HOLDS(self->high >= 1000);
    EQ(watch_open(&self->in, self->high), 0);
    EQ(write(self->fds[1], "x", 1), 1);
    AWAIT(until_ready(&self->in, CORO_FD_READ));
    coro_fd_close(&self->in.fd);
    close(self->fds[0]);
    close(self->fds[1]);
    ASYNC_END;
}

Test(poll, high_descriptor_numbers_find_room)
{
    EQ(RUN(high_numbers()), 0);
}

ASYNC(open_badly, VARS(watch in; int error;))
{
    ASYNC_BEGIN;
    self->error = watch_open(&self->in, -1);
    coro_fd_close(&self->in.fd);
    ASYNC_THROW(self->error);
    ASYNC_END;
}

Test(poll, a_negative_descriptor_is_refused)
{
    EQ(RUN(open_badly()), CORO_EBADF);
}

ASYNC(open_anything, VARS(watch in; int error;))
{
    ASYNC_BEGIN;
    self->error = watch_open(&self->in, 0);
    coro_fd_close(&self->in.fd);
    HOLDS(is_open(0)); /* not taken */
    ASYNC_THROW(self->error);
    ASYNC_END;
}

Test(poll, the_virtual_clock_knows_no_descriptors)
{
    EQ(coro_test_run(open_anything()), CORO_ENOSYS);
}

/* --- time --------------------------------------------------------------------------------- */

ASYNC(short_sleeps, ARGS(int, count), VARS(int i; coro_time begin; coro_duration slept, delay;))
{
    ASYNC_BEGIN;
    for (self->i = 0; self->i < self->count; self->i++) {
        self->delay = CORO_US(100) + self->i * 7919;
        self->begin = coro_loop_time(coro_loop_current());
        AWAIT(coro_sleep(self->delay));
        self->slept = coro_loop_time(coro_loop_current()) - self->begin;
        HOLDS(self->slept >= self->delay);
    }
    ASYNC_END;
}

Test(poll, a_sleep_is_never_early)
{
    EQ(RUN(short_sleeps(100)), 0);
}

ASYNC(sleep_and_flag, ARGS(coro_duration, delay, coro_flag *, flag))
{
    ASYNC_BEGIN;
    AWAIT(coro_sleep(self->delay));
    coro_flag_set(self->flag);
    ASYNC_END;
}

/* The clock is asked every 64th turn, so a busy loop does not starve the timers. */
ASYNC(busy, VARS(coro_flag flag; coro_task *sleeper; unsigned turns;))
{
    ASYNC_BEGIN;
    self->sleeper = coro_create_task(sleep_and_flag(CORO_MS(20), &self->flag));
    while (!self->flag.set) {
        self->turns++;
        AWAIT(coro_yield());
    }
    HOLDS(self->turns > 64);
    HOLDS(calls.wait < self->turns / 16);
    coro_task_release(self->sleeper);
    ASYNC_END;
}

Test(poll, a_busy_loop_looks_outside_now_and_then)
{
    watch_calls();
    EQ(RUN(busy()), 0);
}

ASYNC(busy_beside_a_descriptor, VARS(int fds[2]; watch in; unsigned before; int i;))
{
    ASYNC_BEGIN;
    AWAIT(coro_yield()); /* from here on somebody is always ready */
    self->before = calls.wait;
    for (self->i = 0; self->i < 640; self->i++)
        AWAIT(coro_yield());
    EQ(calls.wait, self->before); /* there is nothing that the system could tell */
    make_pair(self->fds);
    EQ(watch_open(&self->in, self->fds[0]), 0);
    for (self->i = 0; self->i < 640; self->i++)
        AWAIT(coro_yield());
    EQ(calls.wait - self->before, 10);
    EQ(coro_fd_want(&self->in.fd, CORO_FD_READ), 0);
    EQ(write(self->fds[1], "x", 1), 1);
    for (self->i = 0; self->in.told == 0; self->i++)
        AWAIT(coro_yield());
    HOLDS(self->i <= 64);
    coro_fd_close(&self->in.fd);
    self->before = calls.wait;
    for (self->i = 0; self->i < 640; self->i++)
        AWAIT(coro_yield());
    EQ(calls.wait, self->before);
    close(self->fds[1]);
    ASYNC_END;
}

Test(poll, a_busy_loop_asks_the_system_only_while_it_has_a_descriptor)
{
    watch_calls();
    EQ(RUN(busy_beside_a_descriptor()), 0);
}

Test(poll, the_timer_slack_of_the_thread_is_put_back)
{
    int before = prctl(PR_GET_TIMERSLACK, 0, 0, 0, 0);
    coro_loop_options options = {.backend = &coro_epoll_backend};
    coro_loop loop;
    EQ(coro_loop_init(&loop, &options), 0);
    EQ(prctl(PR_GET_TIMERSLACK, 0, 0, 0, 0), 1);
    coro_loop_close(&loop);
    EQ(prctl(PR_GET_TIMERSLACK, 0, 0, 0, 0), before);
}
