/* SPDX-License-Identifier: MIT */
/* stdlib.h - what the tests use of it: libc.c. The heap is empty again before each test. */
#ifndef SUITE_STDLIB_H
#define SUITE_STDLIB_H

#include <stddef.h>

void *malloc(size_t size);
void *calloc(size_t count, size_t size);
void *realloc(void *block, size_t size);
void free(void *block);
void abort(void) __attribute__((noreturn));

/* No environment: seeds and backends are those that a test has by itself. */
#define getenv(name) ((const char *)NULL)
#define strtoul(text, end, base) 0ul

#endif
