/* SPDX-License-Identifier: MIT */
/*
 * host.c - a board that is made up, on a host, in virtual time: three_tasks.c runs on it
 * unchanged. The scene is that of bench.c; status 0: all was as it should be.
 */
#include "board.h"

#include "poll/poll.h"

#include <coro/callback.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint8_t bytes[16];
coro_ring board_received = CORO_RING_INIT(bytes);

static coro_loop *board_loop;
static coro_handle byte_comes, end_comes;
static char said[16];
static size_t said_length;
static unsigned toggles, sent;
static bool is_over;

const coro_loop_options *board_loop_options(void)
{
    static const coro_loop_options options = {.backend = &coro_sim_backend};
    return &options;
}

static long now_ms(void)
{
    return (long)(coro_loop_time(board_loop) / CORO_MS(1));
}

static void receive(void *context)
{
    static const char input[] = "hello";
    (void)context;
    coro_ring_put_from_isr(&board_received, (uint8_t)input[sent++]);
    if (sent < 5)
        (void)coro_loop_call_later(board_loop, &byte_comes, CORO_MS(100), receive, NULL);
}

static void end(void *context)
{
    (void)context;
    is_over = true;
}

void board_init(coro_loop *loop)
{
    board_loop = loop;
    if (coro_loop_call_later(loop, &byte_comes, CORO_MS(50), receive, NULL) != 0 ||
        coro_loop_call_later(loop, &end_comes, CORO_MS(2900), end, NULL) != 0)
        exit(2);
}

bool board_is_on(void)
{
    if (is_over && (toggles != 3 || strcmp(said, "hello") != 0)) {
        fprintf(stderr, "%u toggles, 3 wanted; said \"%s\"\n", toggles, said);
        exit(1);
    }
    return !is_over;
}

void board_lamp_toggle(void)
{
    toggles++;
}

bool board_button_is_down(void)
{
    long ms = now_ms(), phase = ms % 1000;
    if (ms < 1100 || ms > 2200 || phase < 100 || phase >= 200)
        return false;
    return phase >= 110 || phase % 4 < 2;
}

void board_put(uint8_t byte)
{
    said[said_length++] = (char)byte;
}
