/* SPDX-License-Identifier: MIT */
/*
 * criterion.h - as much of Criterion as the kernel's tests use, where there are no processes.
 *
 *     Test(queue, name) { … }  ──►  a record in the section `suite_tests`; run.c goes through them
 *
 * test_*.c is compiled unchanged: with this folder in front of the compiler's path.
 */
#ifndef SUITE_CRITERION_H
#define SUITE_CRITERION_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>

struct suite_test {
    const char *suite, *name;
    void (*run)(void);
    int signal; /* SIGABRT: it is to trap */
};

#define Test(noun, sentence, ...)                                                                  \
    static void noun##_##sentence(void);                                                           \
    __attribute__((section("suite_tests"), used)) static const struct suite_test                   \
        noun##_##sentence##_test = {#noun, #sentence, .run = noun##_##sentence, __VA_ARGS__};      \
    static void noun##_##sentence(void)

#define TestSuite(noun, ...) struct suite_test /* a time limit: scripts/targets.py has one */

/* eq(long, a, b) is a condition by another name, so that nobody's `eq` is in the way. */
#define cr_assert(condition, ...)                                                                  \
    suite_check(suite_##condition, __FILE__, __LINE__, #condition, " " __VA_ARGS__)
#define cr_expect cr_assert
#define suite_eq(type, a, b) suite_equal_##type((a), (b))
#define suite_ne(type, a, b) !suite_equal_##type((a), (b))

/* False: says so, and leaves the test. */
void suite_check(bool holds, const char *file, int line, const char *condition,
                 const char *format, ...) __attribute__((format(printf, 5, 6)));

bool suite_equal_long(long a, long b); /* and remembers them, for suite_check to show */
bool suite_equal_str(const char *a, const char *b);
#define suite_equal_int(a, b) suite_equal_long((a), (b))
#define suite_equal_sz(a, b) suite_equal_long((long)(a), (long)(b))

#endif
