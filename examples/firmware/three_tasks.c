/* SPDX-License-Identifier: MIT */
/*
 * three_tasks.c - a whole firmware: a lamp blinks, a button stops and starts it, the serial
 * line echoes. The same file runs on every board of this folder, and on a host in virtual time.
 */
#include "board.h"

#include <coro/task.h>

static bool blinking = true;

ASYNC(blink)
{
    ASYNC_BEGIN;
    for (;;) {
        AWAIT(coro_sleep(CORO_MS(500)));
        if (blinking)
            board_lamp_toggle();
    }
    ASYNC_END;
}

/* Looks every 20 ms: a contact bounces for less, so two looks never see one bounce. */
ASYNC(button, VARS(bool down;))
{
    ASYNC_BEGIN;
    for (;;) {
        AWAIT(coro_sleep(CORO_MS(20)));
        if (board_button_is_down() == self->down)
            continue;
        self->down = !self->down;
        if (self->down)
            blinking = !blinking;
    }
    ASYNC_END;
}

ASYNC(echo)
{
    ASYNC_BEGIN;
    for (;;) {
        AWAIT(coro_ring_wait(&board_received));
        for (int byte; (byte = coro_ring_get_nowait(&board_received)) >= 0;)
            board_put((uint8_t)byte);
    }
    ASYNC_END;
}

static coro_loop loop;
static struct {
    coro_task task;
    struct blink frame;
} blinker;
static struct {
    coro_task task;
    struct button frame;
} debouncer;
static struct {
    coro_task task;
    struct echo frame;
} echoer;

int main(void)
{
    (void)coro_loop_init(&loop, board_loop_options());
    (void)coro_task_start_at(&loop, &blinker.task, blink_at(&blinker.frame));
    (void)coro_task_start_at(&loop, &debouncer.task, button_at(&debouncer.frame));
    (void)coro_task_start_at(&loop, &echoer.task, echo_at(&echoer.frame));
    board_init(&loop);
    while (board_is_on())
        (void)coro_loop_run_once(&loop, true);
#if CORO_HOSTED
    coro_loop_close(&loop);
#endif
    return 0;
}
