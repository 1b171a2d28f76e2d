/* SPDX-License-Identifier: MIT */
/*
 * console_bench.c - the test bench around a board that runs console.c: an interrupt of it types,
 * a byte every 4 ms, and what the firmware says must be this conversation, byte for byte.
 *
 * `~` is a second in which nobody types; `!` presses the button, which bounces. Status 0: all was
 * as it should be; 101: something else was said; 102: the lamp.
 */
#include "board.h"

#ifdef __AVR__
#define FLASH __flash /* memory is short */
#else
#define FLASH
#endif

static const FLASH char typed[] = "help\r"
                                  "led on\r"
                                  "stax\bt\r"
                                  "led blink 100\r~"
                                  "led off\r"
                                  "\r"
                                  "led o~~~~~~"
                                  "led up\r"
                                  "led blink 0\r"
                                  "a line that is much longer than there is room\r"
                                  "!stat\r";
static const FLASH char expected[] = "> help\r\nled on|off|blink MS, stat, help\r\n"
                                     "> led on\r\nok\r\n"
                                     "> stax\b \bt\r\nlamp on, lines 3, bytes lost 0\r\n"
                                     "> led blink 100\r\nok\r\n"
                                     "> led off\r\nok\r\n"
                                     "> \r\n"
                                     "> led o (too slow)\r\n"
                                     "> led up\r\n? try help\r\n"
                                     "> led blink 0\r\n? try help\r\n"
                                     "> a line that is much\r\n? try help\r\n"
                                     "> stat\r\nlamp on, lines 9, bytes lost 0\r\n"
                                     "> ";

static uint16_t said, position, silence = 100, pressed;
static uint8_t toggles;
static bool wrong;

void bench_lamp_toggled(void)
{
    toggles++;
}

bool bench_button_is_down(void)
{
    return pressed > 0 && (pressed < 90 || pressed % 4 < 2);
}

void bench_put(uint8_t byte)
{
    if (said == sizeof expected - 1 || (uint8_t)expected[said] != byte)
        wrong = true;
    else
        said++;
}

void bench_tick_from_isr(void)
{
    char next = typed[position];
    if (pressed > 0)
        pressed--;
    if (silence-- > 1)
        return;
    silence = 4;
    position++;
    switch (next) {
    case '~':
        silence = 1000;
        break;
    case '!':
        pressed = 100;
        silence = 200;
        break;
    case '\r':
        silence = 40; /* what is said takes its time, too */
        (void)coro_ring_put_from_isr(&board_received, '\r');
        break;
    case '\0':
        if (toggles < 1 + 9 + 1 || toggles > 1 + 11 + 1 + 1) /* on, a second of blinking, press */
            board_exit(102);
        board_exit(wrong || said != sizeof expected - 1 ? 101 : 0);
    default:
        (void)coro_ring_put_from_isr(&board_received, (uint8_t)next);
    }
}
