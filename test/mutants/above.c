/* SPDX-License-Identifier: MIT */
/*
 * above.c - what the kernel expects of the floors above it, where there are none.
 */
#include "kernel/kernel.h"

#include <stdlib.h>

const coro_backend *(*coro_backend_default_)(void);

void coro_wrong_thread_(const coro_loop *loop)
{
    (void)loop;
    abort();
}

void coro_heap_warm_(void *block, size_t size)
{
    (void)block, (void)size;
}
