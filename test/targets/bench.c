/* SPDX-License-Identifier: MIT */
/*
 * bench.c - the test bench around a board that runs three_tasks.c: it presses a bouncing
 * button, watches the lamp and the serial line, and says whether all was as it should be.
 *
 *     ms     0   500  1000   1100      1500  2000   2100        2500  2900
 *     lamp       1     2    press: off              press: on    3    look: 3
 *
 * Then it waits for the bytes that come over the real line, "hello". Status 0: all is well.
 */
#include "board.h"

static volatile unsigned ms;
static volatile uint8_t toggles, toggles_seen, wrong;
static volatile uint8_t sent;

void bench_lamp_toggled(void)
{
    toggles++;
}

/* Down for 100 ms, and bouncing in the first 10. */
bool bench_button_is_down(void)
{
    unsigned phase = ms % 1000;
    if (ms < 1100 || ms > 2200 || phase < 100 || phase >= 200)
        return false;
    return phase >= 110 || phase % 4 < 2;
}

void bench_put(uint8_t byte)
{
    static const char expected[] = "hello";
    if (sent >= 5 || byte != (uint8_t)expected[sent])
        wrong = 1;
    sent++;
}

void bench_tick_from_isr(void)
{
    static uint8_t wait;
    ms++;
    if (ms == 2900)
        toggles_seen = toggles;
    if (ms < 2900 || sent < 5)
        return;
    if (wait < 20) { /* what the line has not sent yet, goes */
        wait++;
        return;
    }
    if (toggles_seen != 3)
        board_exit(100 + toggles_seen);
    board_exit(wrong);
}
