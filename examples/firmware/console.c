/* SPDX-License-Identifier: MIT */
/*
 * console.c - a firmware that listens: commands over the serial line, a lamp, a button.
 *
 *     interrupt ──ring──► reader ──queue──► executor ──period, flag──► blinker ──► lamp
 *                           └ echo, backspace                            ▲
 *     button, debounced ─────────────────────────────────────────────────┘
 *
 * `led on`, `led off`, `led blink MS`, `stat`, `help`. A line that stays unfinished for
 * five seconds is dropped. The same file runs on every board of this folder, and on a host in
 * virtual time; it needs timeouts: full.h.
 */
#include "board.h"

#include <coro/queue.h>
#include <coro/scope.h>
#include <coro/task.h>

#define LINE 20

typedef struct command_line {
    char text[LINE];
} command_line;

/* --- the lamp ----------------------------------------------------------------------------- */

static bool lamp_is_on;
static coro_duration period = CORO_FOREVER; /* of its blinking */
static coro_flag changed = CORO_FLAG_INIT;

static void lamp_set(bool on)
{
    if (lamp_is_on == on)
        return;
    lamp_is_on = on;
    board_lamp_toggle();
}

static void blink_every(coro_duration fresh)
{
    period = fresh;
    coro_flag_set(&changed);
}

ASYNC(blinker, VARS(coro_scope limit;))
{
    ASYNC_BEGIN;
    for (;;) {
        CORO_MOVE_ON_AFTER(self->limit, period) {
            AWAIT(coro_flag_wait(&changed));
        }
        if (coro_timeout_expired(&self->limit))
            lamp_set(!lamp_is_on);
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
        if (self->down) {
            blink_every(CORO_FOREVER);
            lamp_set(!lamp_is_on);
        }
    }
    ASYNC_END;
}

/* --- commands ----------------------------------------------------------------------------- */

static command_line waiting[2];
static coro_queue lines = CORO_QUEUE_INIT(waiting);
static unsigned lines_run;

static void say(const char *text)
{
    while (*text != '\0')
        board_put((uint8_t)*text++);
}

/* Without a division, which a small processor does not have. */
static void say_number(unsigned number)
{
    static const unsigned short powers[] = {10000, 1000, 100, 10, 1};
    bool begun = false;
    for (unsigned i = 0; i < sizeof powers / sizeof powers[0]; i++) {
        uint8_t digit = '0';
        for (; number >= powers[i]; number -= powers[i])
            digit++;
        begun = begun || digit != '0' || powers[i] == 1;
        if (begun)
            board_put(digit);
    }
}

/* What follows the word in `text`, or NULL. */
static const char *after(const char *text, const char *word)
{
    while (*word != '\0')
        if (*text++ != *word++)
            return NULL;
    return text;
}

/* 1 to 9999; 0: it is no such number. */
static unsigned number_of(const char *text)
{
    unsigned number = 0;
    for (; *text >= '0' && *text <= '9' && number < 1000; text++)
        number = number * 10 + (unsigned)(*text - '0');
    return *text == '\0' ? number : 0;
}

static bool led(const char *how)
{
    const char *rest;
    unsigned ms = 0;
    if ((rest = after(how, "blink ")) != NULL && (ms = number_of(rest)) > 0) {
        blink_every((coro_duration)CORO_MS(ms));
        return true;
    }
    bool on = (rest = after(how, "on")) != NULL;
    if (!on)
        rest = after(how, "off");
    if (rest == NULL || *rest != '\0')
        return false;
    blink_every(CORO_FOREVER);
    lamp_set(on);
    return true;
}

static void run(const char *text)
{
    const char *rest;
    lines_run++;
    if ((rest = after(text, "led ")) != NULL && led(rest)) {
        say("ok");
    } else if ((rest = after(text, "stat")) != NULL && *rest == '\0') {
        say(lamp_is_on ? "lamp on, lines " : "lamp off, lines ");
        say_number(lines_run);
        say(", bytes lost ");
        say_number(board_received.lost);
    } else if ((rest = after(text, "help")) != NULL && *rest == '\0') {
        say("led on|off|blink MS, stat, help");
    } else {
        say("? try help");
    }
    say("\r\n> ");
}

ASYNC(executor, VARS(command_line line;))
{
    ASYNC_BEGIN;
    say("> ");
    for (;;) {
        AWAIT(coro_queue_get(&lines, &self->line));
        run(self->line.text);
    }
    ASYNC_END;
}

/* --- lines -------------------------------------------------------------------------------- */

/* One byte of a line; true: the line has ended. */
static bool edit(command_line *line, uint8_t *length, int byte)
{
    if (byte == '\r' || byte == '\n') {
        line->text[*length] = '\0';
        say("\r\n");
        return true;
    }
    if (byte == '\b' || byte == 0x7f) {
        if (*length > 0) {
            --*length;
            say("\b \b");
        }
    } else if (byte >= ' ' && *length < LINE - 1) {
        line->text[(*length)++] = (char)byte;
        board_put((uint8_t)byte);
    }
    return false;
}

ASYNC(reader, VARS(coro_scope limit; command_line line; uint8_t length; int byte;))
{
    ASYNC_BEGIN;
    for (;;) {
        CORO_MOVE_ON_AFTER(self->limit, self->length > 0 ? CORO_SECONDS(5) : CORO_FOREVER) {
            AWAIT(coro_ring_wait(&board_received));
        }
        if (coro_timeout_expired(&self->limit)) {
            self->length = 0;
            say(" (too slow)\r\n> ");
        }
        while ((self->byte = coro_ring_get_nowait(&board_received)) >= 0) {
            if (!edit(&self->line, &self->length, self->byte))
                continue;
            if (self->length > 0)
                AWAIT(coro_queue_put(&lines, &self->line));
            else
                say("> ");
            self->length = 0;
        }
    }
    ASYNC_END;
}

/* --- all of it ---------------------------------------------------------------------------- */

static coro_loop loop;
static coro_task tasks[4];
static struct blinker blinker_frame;
static struct button button_frame;
static struct executor executor_frame;
static struct reader reader_frame;

int main(void)
{
    (void)coro_loop_init(&loop, board_loop_options());
    (void)coro_task_start_at(&loop, &tasks[0], blinker_at(&blinker_frame));
    (void)coro_task_start_at(&loop, &tasks[1], button_at(&button_frame));
    (void)coro_task_start_at(&loop, &tasks[2], executor_at(&executor_frame));
    (void)coro_task_start_at(&loop, &tasks[3], reader_at(&reader_frame));
    board_init(&loop);
    while (board_is_on())
        (void)coro_loop_run_once(&loop, true);
#if CORO_HOSTED
    coro_loop_close(&loop);
#endif
    return 0;
}
