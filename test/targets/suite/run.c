/* SPDX-License-Identifier: MIT */
/*
 * run.c - the tests of one test_*.c on a board, one after the other.
 *
 * On a host each test is a process of its own. Here each begins with memory as it was after the
 * reset: .data is copied back, .bss is zeroed, with it the heap. What runs them is in .noinit.
 * Real interrupts tick meanwhile; the clock of the tests is the fixture's.
 *
 *     test_queue.c:40: eq(long, …): 3, 4          each failure, as it comes
 *     31 tests, 1 failed                          status: failures, at most 90
 */
#include "board.h"

#include <criterion/criterion.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern char data_begin[], data_end[], bss_begin[], bss_end[];
extern const struct suite_test __start_suite_tests[], __stop_suite_tests[];

#define NOINIT __attribute__((section(".noinit"))) static
enum { PASSED, TRAPPED, FAILED };

NOINIT char data[16384];
NOINIT void *way_out[5];
NOINIT const struct suite_test *test;
NOINIT unsigned count, failed;
NOINIT int volatile outcome;

/* --- the board ---------------------------------------------------------------------------- */

void bench_lamp_toggled(void)
{
}

bool bench_button_is_down(void)
{
    return false;
}

void bench_put(uint8_t byte)
{
    (void)byte;
}

void bench_tick_from_isr(void)
{
}

int printf(const char *format, ...)
{
    char text[512];
    va_list arguments;
    int length;
    va_start(arguments, format);
    length = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    for (const char *byte = text; *byte != '\0'; byte++)
        board_put((uint8_t)*byte);
    return length;
}

/* --- how a test ends ---------------------------------------------------------------------- */

static CORO_NORETURN void leave(int how)
{
    outcome = how;
    __builtin_longjmp(way_out, 1);
}

static struct {
    bool are_texts;
    long a, b;
    const char *text_a, *text_b;
} compared;

bool suite_equal_long(long a, long b)
{
    compared.are_texts = false;
    compared.a = a, compared.b = b;
    return a == b;
}

bool suite_equal_str(const char *a, const char *b)
{
    compared.are_texts = true;
    compared.text_a = a, compared.text_b = b;
    return strcmp(a, b) == 0;
}

void suite_check(bool holds, const char *file, int line, const char *condition,
                 const char *format, ...)
{
    char text[256];
    va_list arguments;
    if (holds)
        return;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    printf("%s:%d: %s/%s: %s: ", file, line, test->suite, test->name, condition);
    if (compared.are_texts)
        printf("\"%s\", \"%s\"%s\n", compared.text_a, compared.text_b, text);
    else
        printf("%ld, %ld%s\n", compared.a, compared.b, text);
    leave(FAILED);
}

void coro_trap(const char *file, int line, const char *what)
{
    if (test->signal != SIGABRT)
        printf("%s:%d: %s/%s traps: %s\n", file, line, test->suite, test->name, what);
    leave(TRAPPED);
}

void abort(void)
{
    coro_trap("", 0, "abort()");
}

/* --- one after the other ------------------------------------------------------------------ */

static void run_test(void)
{
    memcpy(data_begin, data, (size_t)(data_end - data_begin));
    memset(bss_begin, 0, (size_t)(bss_end - bss_begin));
    board_init(NULL); /* which had its memory taken, too */
    outcome = PASSED;
    if (__builtin_setjmp(way_out) == 0)
        test->run();
    count++;
    if (outcome == (test->signal == SIGABRT ? TRAPPED : PASSED))
        return;
    if (outcome == PASSED)
        printf("%s/%s was to trap, and did not\n", test->suite, test->name);
    failed++;
}

int main(void)
{
    if ((size_t)(data_end - data_begin) > sizeof data)
        board_exit(91);
    memcpy(data, data_begin, (size_t)(data_end - data_begin));
    count = failed = 0;
    for (test = __start_suite_tests; test < __stop_suite_tests; test++)
        run_test();
    printf("%u tests, %u failed\n", count, failed);
    board_exit(failed < 90 ? (int)failed : 90);
}
