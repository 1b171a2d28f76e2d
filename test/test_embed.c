/* SPDX-License-Identifier: MIT */
/*
 * test_embed.c: a loop inside of another one, which here is poll(2): it is woken by timers, by
 * descriptors and by other threads, and costs nothing while there is nothing to do.
 */
#define _GNU_SOURCE
#include "poll_fixture.h"

#include <coro/callback.h>
#include <coro/loop.h>
#include <coro/net.h>

#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

SUITE(embed);

static coro_loop loop;

static void open_loop(void)
{
    coro_loop_options options = {.backend = &coro_epoll_backend};
    EQ(coro_loop_init(&loop, &options), 0);
}

static void close_loop(void)
{
    coro_loop_close(&loop);
    EQ(loop.pool.live, 0);
}

static int rounds; /* of the foreign loop */

/* Wait as a foreign loop would: for the descriptor, until the time. */
static void wait_outside(void)
{
    coro_time when = coro_loop_prepare(&loop), now = coro_loop_time(&loop);
    struct pollfd descriptor = {coro_loop_descriptor(&loop), POLLIN, 0};
    int ms = when <= now ? 0 : (int)((when - now + CORO_MS(1) - 1) / CORO_MS(1));
    HOLDS(descriptor.fd >= 0);
    HOLDS(poll(&descriptor, 1, when == CORO_FOREVER ? -1 : ms) >= 0);
    rounds++;
}

static void run_inside(const coro_task *task)
{
    while (!coro_task_done(task)) {
        wait_outside();
        coro_loop_run_once(&loop, false);
    }
}

ASYNC(naps, VARS(int i;))
{
    ASYNC_BEGIN;
    for (self->i = 0; self->i < 5; self->i++)
        AWAIT(coro_sleep(CORO_MS(10)));
    ASYNC_END;
}

Test(embed, timers_wake_the_foreign_loop_and_nothing_else_does)
{
    coro_task *task;
    coro_time began;
    open_loop();
    began = coro_loop_time(&loop);
    task = coro_loop_create_task(&loop, naps());
    run_inside(task);
    HOLDS(coro_loop_time(&loop) - began >= CORO_MS(50));
    HOLDS(rounds <= 12);
    coro_task_release(task);
    close_loop();
}

ASYNC(reads_a_byte, ARGS(int, fd), VARS(char byte; size_t n; coro_socket *sock;))
{
    ASYNC_BEGIN;
    EQ(coro_socket_from_fd(&self->sock, self->fd), 0);
    AWAIT(self->n, coro_sock_recv(self->sock, &self->byte, 1));
    EQ(self->n, 1);
    EQ(self->byte, 'x');
  ASYNC_FINALLY:
    coro_socket_close(&self->sock);
    ASYNC_END;
}

Test(embed, a_descriptor_wakes_the_foreign_loop)
{
    int ends[2];
    coro_task *task;
    EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
    open_loop();
    task = coro_loop_create_task(&loop, reads_a_byte(ends[0]));
    coro_loop_run_once(&loop, false);
    HOLDS(!coro_task_done(task));
    EQ(write(ends[1], "x", 1), 1);
    run_inside(task);
    coro_task_release(task);
    close_loop();
    close(ends[1]);
}

static coro_remote *remote;
static coro_remote_flag flag;

static void *sets_the_flag(void *unused)
{
    struct timespec pause = {0, 30000000}; /* the foreign loop waits by then */
    nanosleep(&pause, NULL);
    EQ(coro_remote_flag_set(remote, &flag), 0);
    coro_remote_release(remote);
    return unused;
}

ASYNC(waits_for_the_flag)
{
    ASYNC_BEGIN;
    AWAIT(coro_remote_flag_wait(&flag));
    ASYNC_END;
}

Test(embed, a_post_from_another_thread_wakes_the_foreign_loop)
{
    pthread_t thread;
    coro_task *task;
    open_loop();
    remote = coro_remote_open(&loop);
    HOLDS(remote != NULL);
    coro_remote_flag_init(&flag);
    task = coro_loop_create_task(&loop, waits_for_the_flag());
    EQ(pthread_create(&thread, NULL, sets_the_flag, NULL), 0);
    run_inside(task);
    EQ(pthread_join(thread, NULL), 0);
    HOLDS(rounds <= 4);
    coro_task_release(task);
    close_loop();
}

Test(embed, what_is_ready_is_due_now)
{
    coro_task *task;
    open_loop();
    EQ(coro_loop_prepare(&loop), CORO_FOREVER);
    task = coro_loop_create_task(&loop, naps());
    HOLDS(coro_loop_prepare(&loop) <= coro_loop_time(&loop));
    run_inside(task);
    coro_task_release(task);
    close_loop();
}

static int ready;

static void counts_ready(coro_fd *fd, unsigned directions)
{
    (void)fd;
    EQ(directions, CORO_FD_READ);
    ready++;
}

Test(embed, more_events_than_a_turn_delivers_are_due_now)
{
    int ends[10][2];
    coro_fd on[10];
    unsigned left = 10;
    open_loop();
    for (int i = 0; i < 10; i++) {
        EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends[i]), 0);
        EQ(coro_fd_open(&loop, &on[i], ends[i][0], counts_ready), 0);
        EQ(coro_fd_want(&on[i], CORO_FD_READ), 0);
        EQ(write(ends[i][1], "x", 1), 1);
    }
    wait_outside();
    for (; left > 0; left -= (unsigned)ready) {
        ready = 0;
        HOLDS(coro_loop_prepare(&loop) <= coro_loop_time(&loop) || left == 10);
        coro_loop_run_once(&loop, false);
        HOLDS(ready > 0);
    }
    EQ(coro_loop_prepare(&loop), CORO_FOREVER);
    for (int i = 0; i < 10; i++) {
        coro_fd_close(&on[i]);
        close(ends[i][1]);
    }
    close_loop();
}

/* --- a stop and a descriptor in one turn ------------------------------------------------------ */

static int reads;

ASYNC(counts_reads, ARGS(int, fd), VARS(char byte; size_t n; coro_socket *sock;))
{
    ASYNC_BEGIN;
    EQ(coro_socket_from_fd(&self->sock, self->fd), 0);
    for (;;) {
        AWAIT(self->n, coro_sock_recv(self->sock, &self->byte, 1));
        if (self->n == 0)
            break;
        reads++;
    }
  ASYNC_FINALLY:
    coro_socket_close(&self->sock);
    ASYNC_END;
}

static int other_end;

static void writes_and_stops(void *context)
{
    (void)context;
    EQ(write(other_end, "x", 1), 1);
    coro_loop_stop(&loop);
}

Test(embed, c004_an_event_that_comes_in_the_stopping_turn_is_handled_once_in_the_next_run)
{
    int ends[2];
    coro_handle handle = CORO_HANDLE_INIT;
    coro_task *task;
    EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
    other_end = ends[1];
    open_loop();
    task = coro_loop_create_task(&loop, counts_reads(ends[0]));
    coro_loop_run_once(&loop, false);
    coro_loop_call_soon(&loop, &handle, writes_and_stops, NULL);
    EQ(coro_loop_run_forever(&loop), 0);
    EQ(reads, 0); /* the stopping turn saw it, and its task runs in the next one */
    for (int run = 0; run < 3; run++) {
        coro_loop_stop(&loop);
        EQ(coro_loop_run_forever(&loop), 0);
        EQ(reads, 1);
    }
    close(ends[1]);
    EQ(coro_loop_run_task(&loop, task), 0);
    EQ(reads, 1);
    coro_task_release(task);
    close_loop();
}
