/* SPDX-License-Identifier: MIT */
/* signal.c: functions that the loop calls when a signal has come, and one that stops it. */
#define _POSIX_C_SOURCE 200809L /* kill */
#include <coro/coro.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

static const char *name_of(int signo)
{
    return signo == SIGHUP ? "SIGHUP" : signo == SIGUSR1 ? "SIGUSR1" : "SIGINT";
}

/* In the loop, between two tasks: it may do anything. */
static void note(int signo, void *context)
{
    (void)context;
    printf("signal_handler(%s)\n", name_of(signo));
}

static void note_and_stop(int signo, void *context)
{
    note(signo, NULL);
    coro_loop_stop(context);
}

ASYNC(send_signals, VARS(int i;))
{
    static const int signals[] = {SIGHUP, SIGHUP, SIGUSR1, SIGINT};
    ASYNC_BEGIN;
    printf("starting send_signals for this process\n");
    for (; self->i < 4; self->i++) {
        printf("sending %s\n", name_of(signals[self->i]));
        kill(getpid(), signals[self->i]);
        printf("yielding control\n");
        AWAIT(coro_sleep(CORO_MS(10)));
    }
    ASYNC_END;
}

int main(void)
{
    coro_loop loop;
    coro_signals reload, interrupt;
    if (coro_loop_init(&loop, NULL) != 0)
        return 1;
    if (coro_signals_call(&loop, &reload, CORO_SIGNAL(SIGHUP) | CORO_SIGNAL(SIGUSR1), note,
                          NULL) != 0 ||
        coro_signals_call(&loop, &interrupt, CORO_SIGNAL(SIGINT), note_and_stop, &loop) != 0)
        return 1;
    coro_task_release(coro_loop_create_task(&loop, send_signals()));
    printf("running the loop until SIGINT\n");
    (void)coro_loop_run_forever(&loop);
    coro_signals_close(&interrupt);
    coro_signals_close(&reload);
    coro_loop_close(&loop);
    printf("closed\n");
    return 0;
}
