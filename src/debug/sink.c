/* SPDX-License-Identifier: MIT */
/*
 * sink.c - text to a descriptor, a FILE or a buffer, by way of one small block.
 */
#define _POSIX_C_SOURCE 200809L

#include "sink.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static void start(coro_sink *sink)
{
    sink->fd = -1;
    sink->file = NULL;
    sink->buffer = NULL;
    sink->size = sink->total = 0;
    sink->used = 0;
}

void coro_sink_to_fd(coro_sink *sink, int fd)
{
    start(sink);
    sink->fd = fd;
}

void coro_sink_to_file(coro_sink *sink, FILE *file)
{
    start(sink);
    sink->file = file;
}

void coro_sink_to_buffer(coro_sink *sink, char *buffer, size_t size)
{
    start(sink);
    sink->buffer = buffer;
    sink->size = size;
    if (size > 0)
        buffer[0] = '\0';
}

static void write_fd(int fd, const char *bytes, size_t count)
{
    int saved = errno; /* a signal handler's caller wants it back */
    while (count > 0) {
        ssize_t done = write(fd, bytes, count);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            break; /* nobody reads, or would block: nothing sensible is left to do */
        bytes += done;
        count -= (size_t)done;
    }
    errno = saved;
}

static void write_buffer(coro_sink *sink, const char *bytes, size_t count)
{
    size_t room = sink->size > sink->total ? sink->size - sink->total - 1 : 0;
    if (count > room)
        count = room;
    if (count == 0)
        return;
    memcpy(sink->buffer + sink->total, bytes, count);
    sink->buffer[sink->total + count] = '\0';
}

static void flush(coro_sink *sink)
{
    if (sink->fd >= 0)
        write_fd(sink->fd, sink->block, sink->used);
    else if (sink->file != NULL)
        fwrite(sink->block, 1, sink->used, sink->file);
    else
        write_buffer(sink, sink->block, sink->used);
    sink->total += sink->used;
    sink->used = 0;
}

static void put(coro_sink *sink, char letter)
{
    if (sink->used == sizeof sink->block)
        flush(sink);
    sink->block[sink->used++] = letter;
}

void coro_sink_text(coro_sink *sink, const char *text)
{
    if (text == NULL)
        text = "?";
    while (*text != '\0')
        put(sink, *text++);
}

void coro_sink_number(coro_sink *sink, uint64_t number)
{
    char digits[24];
    unsigned count = 0;
    do {
        digits[count++] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    while (count > 0)
        put(sink, digits[--count]);
}

void coro_sink_pointer(coro_sink *sink, const void *pointer)
{
    uintptr_t bits = (uintptr_t)pointer;
    int shift = (int)sizeof bits * 8 - 4;
    coro_sink_text(sink, "0x");
    while (shift > 0 && bits >> shift == 0)
        shift -= 4;
    for (; shift >= 0; shift -= 4)
        put(sink, "0123456789abcdef"[bits >> shift & 15]);
}

void coro_sink_seconds(coro_sink *sink, coro_duration duration)
{
    uint64_t ms = duration > 0 ? (uint64_t)duration / (uint64_t)CORO_MS(1) : 0;
    coro_sink_number(sink, ms / 1000);
    put(sink, '.');
    put(sink, (char)('0' + ms / 100 % 10));
    put(sink, (char)('0' + ms / 10 % 10));
    put(sink, (char)('0' + ms % 10));
    coro_sink_text(sink, " s");
}

void coro_sink_indent(coro_sink *sink, unsigned columns)
{
    while (columns-- > 0)
        put(sink, ' ');
}

size_t coro_sink_end(coro_sink *sink)
{
    flush(sink);
    return sink->total;
}
