/* SPDX-License-Identifier: MIT */
/*
 * libc.c - as much of a C library as the kernel's tests need on a board.
 *
 * malloc: blocks of powers of two, a free list for each, cut from `heap` one behind the other. All
 * that it knows is in .bss, so that a test begins with an empty heap: run.c.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- string.h ----------------------------------------------------------------------------- */

/* Compiled so that no loop here becomes a call of the function that it is in. */
#define PLAIN __attribute__((optimize("no-tree-loop-distribute-patterns")))

PLAIN void *memcpy(void *restrict to, const void *restrict from, size_t size)
{
    char *at = to;
    for (const char *byte = from; size > 0; size--)
        *at++ = *byte++;
    return to;
}

PLAIN void *memmove(void *to, const void *from, size_t size)
{
    char *at = to;
    const char *byte = from;
    if (at <= byte)
        return memcpy(to, from, size);
    while (size-- > 0)
        at[size] = byte[size];
    return to;
}

PLAIN void *memset(void *to, int byte, size_t size)
{
    for (char *at = to; size > 0; size--)
        *at++ = (char)byte;
    return to;
}

int memcmp(const void *a, const void *b, size_t size)
{
    const unsigned char *x = a, *y = b;
    for (; size > 0; size--, x++, y++)
        if (*x != *y)
            return *x - *y;
    return 0;
}

void *memchr(const void *in, int byte, size_t size)
{
    for (const unsigned char *at = in; size > 0; size--, at++)
        if (*at == (unsigned char)byte)
            return (void *)(uintptr_t)at;
    return NULL;
}

PLAIN size_t strlen(const char *text)
{
    size_t length = 0;
    while (text[length] != '\0')
        length++;
    return length;
}

int strncmp(const char *a, const char *b, size_t size)
{
    for (; size > 0; size--, a++, b++)
        if (*a != *b || *a == '\0')
            return (unsigned char)*a - (unsigned char)*b;
    return 0;
}

int strcmp(const char *a, const char *b)
{
    return strncmp(a, b, SIZE_MAX);
}

char *strchr(const char *in, int byte)
{
    return memchr(in, byte, strlen(in) + 1);
}

char *strrchr(const char *in, int byte)
{
    for (size_t i = strlen(in) + 1; i-- > 0;)
        if (in[i] == (char)byte)
            return (char *)(uintptr_t)(in + i);
    return NULL;
}

char *strstr(const char *in, const char *text)
{
    size_t length = strlen(text);
    for (;; in++) {
        if (strncmp(in, text, length) == 0)
            return (char *)(uintptr_t)in;
        if (*in == '\0')
            return NULL;
    }
}

/* --- stdlib.h ----------------------------------------------------------------------------- */

#define HEAP_SIZE (SUITE_HEAP_KIB * 1024ul)
#define HEAD sizeof(union head)

union head {
    size_t order; /* of a block in use: it is 1 << order large, this included */
    union head *next;
    max_align_t align;
};

static _Alignas(max_align_t) __attribute__((section(".noinit"))) char heap[HEAP_SIZE];
static size_t heap_used;
static union head *free_blocks[32];

void *malloc(size_t size)
{
    size_t order = 4;
    union head *block;
    if (size >= HEAP_SIZE)
        return NULL;
    while (((size_t)1 << order) < size + HEAD)
        order++;
    block = free_blocks[order];
    if (block != NULL) {
        free_blocks[order] = block->next;
    } else {
        if (((size_t)1 << order) > HEAP_SIZE - heap_used)
            return NULL;
        block = (union head *)(void *)(heap + heap_used);
        heap_used += (size_t)1 << order;
    }
    block->order = order;
    return block + 1;
}

void free(void *memory)
{
    union head *block = (union head *)memory - 1;
    size_t order;
    if (memory == NULL)
        return;
    order = block->order;
    block->next = free_blocks[order];
    free_blocks[order] = block;
}

void *calloc(size_t count, size_t size)
{
    void *block = malloc(count * size);
    return block != NULL ? memset(block, 0, count * size) : NULL;
}

void *realloc(void *old, size_t size)
{
    void *block;
    size_t room;
    if (old == NULL)
        return malloc(size);
    room = ((size_t)1 << ((union head *)old - 1)->order) - HEAD;
    if (size <= room)
        return old;
    block = malloc(size);
    if (block != NULL) {
        memcpy(block, old, room);
        free(old);
    }
    return block;
}

/* --- stdio.h ------------------------------------------------------------------------------ */

struct out {
    char *to;
    size_t size, length;
};

static void put(struct out *out, char byte)
{
    if (out->length + 1 < out->size)
        out->to[out->length] = byte;
    out->length++;
}

/* With so many characters at least, on the left or the right of what is missing. */
static void put_text(struct out *out, const char *text, size_t length, int width, char fill)
{
    for (int missing = width - (int)length; missing > 0; missing--)
        put(out, fill);
    for (size_t i = 0; i < length; i++)
        put(out, text[i]);
    for (int missing = -width - (int)length; missing > 0; missing--)
        put(out, ' ');
}

static void put_number(struct out *out, uint64_t value, bool negative, unsigned base, int width,
                       char fill)
{
    char digits[24];
    size_t first = sizeof digits;
    do
        digits[--first] = "0123456789abcdef"[value % base];
    while ((value /= base) != 0);
    if (negative)
        digits[--first] = '-';
    put_text(out, digits + first, sizeof digits - first, width, fill);
}

static void put_real(struct out *out, double value, int digits)
{
    uint64_t scale = 1, scaled;
    for (int i = 0; i < digits; i++)
        scale *= 10;
    scaled = (uint64_t)((value < 0 ? -value : value) * (double)scale + 0.5);
    put_number(out, scaled / scale, value < 0, 10, 0, ' ');
    if (digits == 0)
        return;
    put(out, '.');
    put_number(out, scaled % scale, false, 10, digits, '0');
}

/* A number behind the format's `%`, or the next argument in the place of `*`. */
static int number_of(const char **format, va_list *arguments)
{
    int number = 0;
    if (**format == '*') {
        (*format)++;
        return va_arg(*arguments, int);
    }
    for (; **format >= '0' && **format <= '9'; (*format)++)
        number = number * 10 + **format - '0';
    return number;
}

/* How many bytes wide is the argument: h, l, ll, z, t or nothing. */
static size_t size_of_argument(const char **format)
{
    size_t size = sizeof(int);
    for (;; (*format)++) {
        if (**format == 'l')
            size = size == sizeof(long) && (*format)[-1] == 'l' ? sizeof(long long) : sizeof(long);
        else if (**format == 'z' || **format == 't')
            size = sizeof(size_t);
        else if (**format != 'h')
            return size;
    }
}

/* One conversion; *format is behind its `%`, then behind all of it. */
static void convert(struct out *out, const char **format, va_list *arguments)
{
    bool left = **format == '-';
    char fill = **format == '0' ? '0' : ' ';
    int width, precision = -1;
    size_t size;
    uint64_t value;
    *format += left || fill == '0';
    width = number_of(format, arguments);
    if (**format == '.') {
        (*format)++;
        precision = number_of(format, arguments);
    }
    width = left ? -width : width;
    size = size_of_argument(format);
    switch (*(*format)++) {
    case 'c': {
        char byte = (char)va_arg(*arguments, int);
        put_text(out, &byte, 1, width, ' ');
        return;
    }
    case 's': {
        const char *text = va_arg(*arguments, const char *);
        size_t length = 0;
        while ((precision < 0 || length < (size_t)precision) && text[length] != '\0')
            length++;
        put_text(out, text, length, width, ' ');
        return;
    }
    case 'd':
        value = size == sizeof(int64_t) ? va_arg(*arguments, uint64_t)
                                        : (uint64_t)(int64_t)va_arg(*arguments, int32_t);
        put_number(out, (int64_t)value < 0 ? 0 - value : value, (int64_t)value < 0, 10, width,
                   fill);
        return;
    case 'p':
    case 'x':
    case 'u':
        value = size == sizeof(int64_t) ? va_arg(*arguments, uint64_t)
                                        : va_arg(*arguments, uint32_t);
        put_number(out, value, false, (*format)[-1] == 'u' ? 10 : 16, width, fill);
        return;
    case 'f':
        put_real(out, va_arg(*arguments, double), precision < 0 ? 6 : precision);
        return;
    default:
        put(out, '%');
        put(out, (*format)[-1]);
    }
}

int vsnprintf(char *to, size_t size, const char *format, va_list given)
{
    struct out out = {to, size, 0};
    va_list arguments;
    va_copy(arguments, given);
    while (*format != '\0')
        if (*format == '%' && format[1] != '%')
            format++, convert(&out, &format, &arguments);
        else
            put(&out, *format), format += *format == '%' ? 2 : 1;
    va_end(arguments);
    if (size > 0)
        to[out.length < size ? out.length : size - 1] = '\0';
    return (int)out.length;
}

int snprintf(char *to, size_t size, const char *format, ...)
{
    va_list arguments;
    int length;
    va_start(arguments, format);
    length = vsnprintf(to, size, format, arguments);
    va_end(arguments);
    return length;
}
