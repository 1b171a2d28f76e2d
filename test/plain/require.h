/* SPDX-License-Identifier: MIT */
/*
 * require.h - what the plain programs have in place of a framework: a check that ends the program
 * and says where, and a short real sleep for those with threads.
 */
#ifndef CORO_TEST_PLAIN_REQUIRE_H
#define CORO_TEST_PLAIN_REQUIRE_H

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define REQUIRE(condition)                                                                         \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);                        \
            exit(1);                                                                               \
        }                                                                                          \
    } while (0)

static inline void pause_ms(long ms)
{
    struct timespec pause = {ms / 1000, ms % 1000 * 1000000};
    nanosleep(&pause, NULL);
}

#endif
