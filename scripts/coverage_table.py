# SPDX-License-Identifier: MIT
"""coverage_table: what scripts/coverage.py does not ask for, and why."""

# (who, error): a comment names the error, and that is no promise of this function's.
NO_PROMISE = {
    ("coro_broadcast_missed", "CORO_ELAGGED"): "speaks of the receive's error",
    ("coro_channel_receive_nowait", "CORO_EFULL"): "the send's, which shares the comment",
    ("coro_channel_send_nowait", "CORO_EEMPTY"): "the receive's, which shares the comment",
    ("coro_context_leave", "CORO_EBUSY"): "the enter's, which shares the comment",
    ("coro_error_name", "CORO_ETIMEDOUT"): "an example of what it is given",
    ("coro_loop_call_at", "CORO_EINVAL"): "coro_loop_call_later's: a point in time is always one",
    ("coro_notify_closing", "CORO_ECLOSED"): "told to who waits in coro_wait_fd",
    ("coro_signals_close", "CORO_ECLOSED"): "told to who waits in coro_signals_next",
    ("coro_task_done", "CORO_EPENDING"): "coro_task_error's, which shares the comment",
}

# A function, or `path: [condition] line`: no test can bring it about.
NOT_COUNTED = {
    "src/kernel/staggered.c: if (self->paused == CORO_ECANCELED && !self->state.decided) "
    "ASYNC_THROW(CORO_ECANCELED);":
        "the wait for the arms has failed with it before; this is in case all of them have ended",
    "src/kernel/timer_heap.c: if (capacity >= UINT32_MAX || allocator->resize == NULL) "
    "return CORO_ENOMEM;":
        "hosts have an allocator always, and no room for 2^32 timers",
    "src/poll/try.h: if (!coro_fd_may_try(fd, CORO_FD_WRITE)) return CORO_EAGAIN;":
        "a stream waits for room, and does not try, while its descriptor is known to be full",
    "src/poll/epoll.c: if (record->fd < 0) return CORO_EBADF;": "fd.c has said so before",
    "src/thread/future.c: if (pthread_condattr_init(&attributes) != 0) return CORO_ENOMEM;":
        "glibc's needs no memory",
    "src/thread/future.c: if (error != 0) return CORO_ENOMEM;": "nor do its conditions",
}
