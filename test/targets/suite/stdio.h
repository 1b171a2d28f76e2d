/* SPDX-License-Identifier: MIT */
/* stdio.h - text into memory, and onto the serial line: libc.c. */
#ifndef SUITE_STDIO_H
#define SUITE_STDIO_H

#include <stdarg.h>
#include <stddef.h>

/* %c %s %d %u %x %p %f with h, l, ll, z, t; flags 0 and -, width, precision. */
int vsnprintf(char *to, size_t size, const char *format, va_list arguments)
    __attribute__((format(printf, 3, 0)));
int snprintf(char *to, size_t size, const char *format, ...) __attribute__((format(printf, 3, 4)));
int printf(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
