/* SPDX-License-Identifier: MIT */
/*
 * host.c - a board that is made up, on a host, in virtual time: the firmware of examples/firmware
 * runs on it unchanged, and on its test bench (bench.c, console_bench.c), whose interrupt is a
 * callback every millisecond. What comes over the line: -DHOST_LINE='"hello"'.
 */
#include "board.h"

#include "poll/poll.h"

#include <coro/callback.h>

#include <stdio.h>
#include <stdlib.h>

static uint8_t bytes[16];
coro_ring board_received = CORO_RING_INIT(bytes);

static coro_loop *board_loop;
static coro_handle tick_comes, byte_comes;

const coro_loop_options *board_loop_options(void)
{
    static const coro_loop_options options = {.backend = &coro_sim_backend};
    return &options;
}

static void receive(void *context)
{
    static const char line[] = HOST_LINE;
    static size_t sent;
    (void)context;
    if (line[sent] == '\0')
        return;
    coro_ring_put_from_isr(&board_received, (uint8_t)line[sent++]);
    if (coro_loop_call_later(board_loop, &byte_comes, CORO_MS(100), receive, NULL) != 0)
        board_exit(2);
}

static void tick(void *context)
{
    (void)context;
    bench_tick_from_isr();
    if (coro_loop_call_later(board_loop, &tick_comes, CORO_MS(1), tick, NULL) != 0)
        board_exit(2);
}

void board_init(coro_loop *loop)
{
    board_loop = loop;
    tick(NULL);
    receive(NULL);
}

bool board_is_on(void)
{
    return true;
}

void board_lamp_toggle(void)
{
    bench_lamp_toggled();
}

bool board_button_is_down(void)
{
    return bench_button_is_down();
}

void board_put(uint8_t byte)
{
    bench_put(byte);
    putchar(byte);
}

void board_exit(int status)
{
    exit(status);
}
