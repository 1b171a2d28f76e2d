/* SPDX-License-Identifier: MIT */
/*
 * file.h - a call about a file on its way to a thread, as the files that make them see it.
 */
#ifndef CORO_OS_FILE_H
#define CORO_OS_FILE_H

#include "kernel/kernel.h"
#include "poll/sys.h"

#include <coro/file.h>

/* The arguments that a call has, and its result. */
typedef struct coro_file_work {
    int (*run)(struct coro_file_work *self); /* in a thread: 0 or CORO_E… */
    const char *path, *other;
    void *buffer; /* or data, which are only read */
    size_t size;
    int64_t offset; /* -1: the file's position */
    int fd, flags;
    unsigned mode;
    size_t count; /* result: bytes */
    void *made;   /* result: a block of the heap */
} coro_file_work;

/* Run it; the result is nothing, or self->made, which is freed when nobody takes it. */
coro_void *coro_file_do(const coro_file_work *self);
coro_pointer *coro_file_make(const coro_file_work *self);

/* In a thread: all of it, from its position on. */
int coro_file_write_all(coro_file_work *self);

#endif
