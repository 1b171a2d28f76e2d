/* SPDX-License-Identifier: MIT */
/* What can go wrong beneath the epoll backend, one fault a test. */
#define _GNU_SOURCE
#include "poll_fixture.h"

SUITE(faults_poll);

/* --- descriptors that come and go --------------------------------------------------------- */

static watch first, second, fresh;
static int spare;

/* Who is told first closes the other one, and its number becomes another file's. */
static void close_other(coro_fd *fd, unsigned directions)
{
    watch *other = fd == &first.fd ? &second : &first;
    int number = other->fd.fd;
    watch_ready(fd, directions);
    coro_fd_close(&other->fd);
    EQ(dup3(spare, number, O_CLOEXEC), number);
    EQ(watch_open(&fresh, number), 0);
    EQ(coro_fd_want(&fresh.fd, CORO_FD_READ), 0);
    first.fd.ready = second.fd.ready = watch_ready;
}

ASYNC(f037, VARS(int a[2], b[2], c[2];))
{
    ASYNC_BEGIN;
    make_pair(self->a);
    make_pair(self->b);
    make_pair(self->c);
    spare = self->c[0];
    EQ(watch_open(&first, self->a[0]), 0);
    EQ(watch_open(&second, self->b[0]), 0);
    first.fd.ready = second.fd.ready = close_other;
    EQ(coro_fd_want(&first.fd, CORO_FD_READ), 0);
    EQ(coro_fd_want(&second.fd, CORO_FD_READ), 0);
    EQ(write(self->a[1], "x", 1), 1);
    EQ(write(self->b[1], "x", 1), 1);
    calls.events = 0;
    AWAIT(coro_sleep(CORO_MS(2)));
    EQ(calls.events, 2); /* both were in the batch */
    EQ(first.told + second.told, 1);
    EQ(fresh.told, 0);
    EQ(write(self->c[1], "x", 1), 1);
    AWAIT(coro_flag_wait(&fresh.flag));
    coro_fd_close(&first.fd);
    coro_fd_close(&second.fd);
    coro_fd_close(&fresh.fd);
    close(self->a[1]);
    close(self->b[1]);
    close(self->c[0]);
    close(self->c[1]);
    ASYNC_END;
}

Test(faults_poll, f037_closed_and_number_reused_inside_one_batch)
{
    watch_calls();
    EQ(RUN(f037()), 0);
}

ASYNC(f038, VARS(int fds[2]; int copy; watch in; unsigned events;))
{
    ASYNC_BEGIN;
    make_pair(self->fds);
    self->copy = dup(self->fds[0]); /* as a child would have it */
    EQ(watch_open(&self->in, self->fds[0]), 0);
    EQ(coro_fd_want(&self->in.fd, CORO_FD_READ), 0);
    AWAIT(coro_yield());
    coro_fd_close(&self->in.fd);
    self->events = calls.events;
    EQ(write(self->fds[1], "x", 1), 1);
    AWAIT(coro_sleep(CORO_MS(2)));
    EQ(calls.events, self->events); /* not even one that is dropped */
    close(self->copy);
    close(self->fds[1]);
    ASYNC_END;
}

Test(faults_poll, f038_a_copy_in_a_child_makes_no_ghost_events)
{
    watch_calls();
    EQ(RUN(f038()), 0);
}

ASYNC(f039, ARGS(const char *, path), VARS(watch in; int i, error;))
{
    ASYNC_BEGIN;
    EQ(watch_open(&self->in, open(self->path, O_RDONLY | O_CLOEXEC)), 0);
    for (self->i = 0; self->i < 3; self->i++) {
        AWAIT(until_ready(&self->in, CORO_FD_READ));
        coro_fd_drained(&self->in.fd, CORO_FD_READ);
        HOLDS(coro_fd_may_try(&self->in.fd, CORO_FD_READ));
    }
    EQ(calls.ctl, 1); /* asked once */
    EQ(coro_fd_want(&self->in.fd, CORO_FD_READ), 0);
    EQ(coro_fd_want(&self->in.fd, CORO_FD_WRITE), 0);
    coro_fd_close(&self->in.fd); /* while it is queued */
    AWAIT(coro_sleep(CORO_MS(1)));
    EQ(self->in.told, 3);
    ASYNC_END;
}

Test(faults_poll, f039_a_regular_file_is_always_ready)
{
    watch_calls();
    EQ(RUN(f039("/proc/self/exe")), 0);
}

Test(faults_poll, f039_a_directory_is_always_ready)
{
    watch_calls();
    EQ(RUN(f039("/")), 0);
}

ASYNC(f041, ARGS(int, error), VARS(int fds[2]; watch in; int got;))
{
    ASYNC_BEGIN;
    make_pair(self->fds);
    EQ(watch_open(&self->in, self->fds[0]), 0);
    faults.ctl = (fault){0, 1, self->error};
    AWAIT_CATCH(self->got, until_ready(&self->in, CORO_FD_READ));
    EQ(self->got, -self->error);
    EQ(coro_loop_current()->sources, 0);
    EQ(write(self->fds[1], "x", 1), 1);
    AWAIT(until_ready(&self->in, CORO_FD_READ)); /* the next one has better luck */
    coro_fd_close(&self->in.fd);
    close(self->fds[1]);
    ASYNC_END;
}

Test(faults_poll, f041_a_refused_registration_fails_that_operation_only)
{
    static const int errors[] = {ENOSPC, ENOMEM, EBADF};
    watch_calls();
    for (unsigned i = 0; i < 3; i++)
        EQ(RUN(f041(errors[i])), 0);
}

ASYNC(f042, VARS(int fds[2], other[2]; watch in, next; int number;))
{
    ASYNC_BEGIN;
    make_pair(self->fds);
    make_pair(self->other);
    self->number = self->fds[0];
    EQ(watch_open(&self->in, self->number), 0);
    EQ(coro_fd_want(&self->in.fd, CORO_FD_READ), 0);
    AWAIT(coro_yield());
    EQ(close(self->number), 0); /* behind our back */
    EQ(dup3(self->other[0], self->number, O_CLOEXEC), self->number);
    EQ(watch_open(&self->next, self->number), 0);
    AWAIT(coro_flag_wait(&self->in.flag)); /* the old one is told */
    EQ(self->in.fd.fd, -1);
    EQ(coro_fd_want(&self->in.fd, CORO_FD_READ), CORO_EBADF);
    coro_fd_close(&self->in.fd);
    HOLDS(is_open(self->number)); /* it is not the old one's to close */
    EQ(write(self->other[1], "x", 1), 1);
    AWAIT(until_ready(&self->next, CORO_FD_READ)); /* the new one lives */
    coro_fd_close(&self->next.fd);
    close(self->fds[1]);
    close(self->other[0]);
    close(self->other[1]);
    ASYNC_END;
}

Test(faults_poll, f042_a_descriptor_closed_behind_our_back)
{
    EQ(RUN(f042()), 0);
}

/* The same number with the same registration still alive, through a copy. */
ASYNC(f042_copy, VARS(int fds[2]; int copy; watch in, next;))
{
    ASYNC_BEGIN;
    make_pair(self->fds);
    EQ(watch_open(&self->in, self->fds[0]), 0);
    EQ(coro_fd_want(&self->in.fd, CORO_FD_READ), 0);
    self->copy = dup(self->fds[0]);
    EQ(close(self->fds[0]), 0);
    EQ(dup3(self->copy, self->fds[0], O_CLOEXEC), self->fds[0]);
    EQ(watch_open(&self->next, self->fds[0]), 0);
    EQ(write(self->fds[1], "x", 1), 1);
    AWAIT(until_ready(&self->next, CORO_FD_READ)); /* EEXIST inside */
    EQ(self->in.fd.fd, -1);
    coro_fd_close(&self->next.fd);
    close(self->copy);
    close(self->fds[1]);
    ASYNC_END;
}

Test(faults_poll, f042_the_same_file_under_the_same_number_again)
{
    EQ(RUN(f042_copy()), 0);
}

/* --- waiting ------------------------------------------------------------------------------ */

ASYNC(sleeps, VARS(int i; coro_time begin;))
{
    ASYNC_BEGIN;
    for (self->i = 0; self->i < 20; self->i++) {
        self->begin = coro_loop_time(coro_loop_current());
        AWAIT(coro_sleep(CORO_US(1500)));
        HOLDS(coro_loop_time(coro_loop_current()) - self->begin >= CORO_US(1500));
    }
    ASYNC_END;
}

Test(faults_poll, an_interrupted_wait_goes_on)
{
    watch_calls();
    faults.wait_ns = (fault){1, 5, EINTR};
    faults.wait = (fault){1, 5, EINTR};
    EQ(RUN(sleeps()), 0);
    EQ(faults.wait_ns.times, 0);
}

Test(faults_poll, without_epoll_pwait2_a_timerfd_serves)
{
    watch_calls();
    faults.wait_ns = (fault){0, 1000, ENOSYS};
    EQ(RUN(sleeps()), 0);
    EQ(faults.wait_ns.times, 999); /* asked once */
    EQ(calls.settime, 20);
}

Test(faults_poll, what_a_sandbox_forbids_is_not_asked_again)
{
    watch_calls();
    faults.wait_ns = (fault){0, 1000, EPERM};
    EQ(RUN(sleeps()), 0);
    EQ(faults.wait_ns.times, 999);
}

Test(faults_poll, without_any_of_them_milliseconds_serve)
{
    watch_calls();
    faults.wait_ns = (fault){0, 1000, ENOSYS};
    faults.timerfd = (fault){0, 1000, EMFILE};
    EQ(RUN(sleeps()), 0);
    EQ(faults.timerfd.times, 999);
    EQ(calls.settime, 0);
}

Test(faults_poll, a_timerfd_that_cannot_be_set_is_given_up)
{
    watch_calls();
    faults.wait_ns = (fault){0, 1000, ENOSYS};
    faults.settime = (fault){3, 1000, EINVAL};
    EQ(RUN(sleeps()), 0);
    EQ(calls.settime, 4);
}

Test(faults_poll, a_loop_that_cannot_wait_any_more_says_so, .signal = SIGABRT)
{
    watch_calls();
    faults.wait_ns = faults.wait = (fault){0, 1000, EBADF};
    RUN(sleeps());
}

/* --- too few of everything ---------------------------------------------------------------- */

Test(faults_poll, no_descriptor_for_a_loop_is_an_error_and_leaves_nothing)
{
    static const int errors[] = {EMFILE, ENFILE, ENOMEM};
    watch_calls();
    for (unsigned i = 0; i < 3; i++) {
        faults.create = (fault){0, 1, errors[i]};
        EQ(RUN(sleeps()), -errors[i]);
    }
}

ASYNC(open_remote, VARS(coro_remote *remote;))
{
    ASYNC_BEGIN;
    self->remote = coro_remote_open(coro_loop_current());
    EQ((long)(intptr_t)self->remote, 0);
    EQ(coro_loop_current()->sources, 0);
    self->remote = coro_remote_open(coro_loop_current()); /* there is one again */
    HOLDS(self->remote != NULL);
    coro_remote_release(self->remote);
    ASYNC_END;
}

Test(faults_poll, no_descriptor_for_a_remote_is_an_error_and_leaves_nothing)
{
    watch_calls();
    faults.eventfd = (fault){0, 1, EMFILE};
    EQ(RUN(open_remote()), 0);
    faults.ctl = (fault){0, 1, ENOSPC};
    EQ(RUN(open_remote()), 0);
}

ASYNC(use_descriptor, VARS(int fds[2]; watch in; int error;))
{
    ASYNC_BEGIN;
    make_pair(self->fds);
    EQ(write(self->fds[1], "x", 1), 1);
    self->error = watch_open(&self->in, self->fds[0]);
    if (self->error != 0) {
        EQ(self->in.fd.fd, -1);
        close(self->fds[0]); /* it was not taken */
        ASYNC_THROW(self->error);
    }
    AWAIT(until_ready(&self->in, CORO_FD_READ));
  ASYNC_FINALLY:
    coro_fd_close(&self->in.fd);
    close(self->fds[1]);
    ASYNC_END;
}

Test(faults_poll, each_allocation_may_fail)
{
    unsigned before = open_descriptors(), failures = 0;
    for (size_t n = 1;; n++) {
        coro_test_allocator memory = {.fail_at = n};
        coro_loop_options options = {.backend = &coro_epoll_backend,
                                     .allocator = coro_test_allocator_of(&memory)};
        int error = coro_run_with(use_descriptor(), &options);
        EQ(memory.live, 0);
        EQ(open_descriptors(), before);
        if (memory.failed == 0) {
            EQ(error, 0);
            break;
        }
        EQ(error, CORO_ENOMEM);
        failures++;
    }
    HOLDS(failures >= 3);
}
